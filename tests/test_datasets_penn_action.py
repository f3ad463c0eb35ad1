"""Penn Action: its layout, its quirks, and the real labels."""

import shutil
from functools import partial

import numpy as np
import pytest
import trees
from scipy.io import loadmat

from tslib.datasets import penn_action
from tslib.errors import InputError

one = partial(trees.one, penn_action)


def test_loads_its_own_layout(tmp_path):
    trees.write_penn(tmp_path)
    trees.write_penn(tmp_path, "0002", train=np.array([[-1]], np.int32))
    (tmp_path / "labels" / "._0001.mat").write_bytes(b"what macOS leaves behind")
    first, second = penn_action.load(tmp_path)
    assert (first.name, second.name) == ("0001", "0002") and (first.split, second.split) == (
        "train",
        "test",
    )
    assert (
        first.action == "bowl" and first.size == trees.SIZE and len(first) == len(first.frames) == 5
    )
    np.testing.assert_array_equal(first.joints, trees.pose(5, 13) - 1)  # from 0
    assert first.visible.all() and first.skeleton.name == "penn13"
    assert np.abs(first.frames[3].astype(int) - trees.frame(3)).mean() < 6  # RGB, but for the JPEG
    assert [c.name for c in penn_action.load(tmp_path, "test")] == ["0002"]
    assert all(not f.notes for f in penn_action.walk(tmp_path))


def test_an_archive_unpacked_with_its_folder_is_found(tmp_path):
    trees.write_penn(tmp_path / "Penn_Action")
    assert len(penn_action.load(tmp_path)) == 1


def test_small_integers_do_not_wrap_around(tmp_path):
    """uint8: 3 - 1 is 2, but 10 - 12 is 254, and 0 - 1 is 255."""
    trees.write_penn(
        tmp_path, x=np.zeros((5, 13), np.uint8), bbox=np.tile(np.uint8([200, 5, 10, 9]), (5, 1))
    )
    clip, notes = one(tmp_path)
    assert (clip.joints[..., 0] == -1).all() and np.isnan(clip.box).all()
    assert "5 of 5 boxes have no area; they count as unknown" in notes


def test_a_box_without_area_is_unknown(tmp_path):
    corners = np.array(
        [[3, 4, 23, 44], [1, 1, 1, 1], [5, 5, 4, 9], [5, np.nan, 7, 9], [-4, -2, 6, 8]], float
    )
    trees.write_penn(tmp_path, bbox=corners)
    clip, notes = one(tmp_path)
    nothing = [np.nan] * 4
    np.testing.assert_array_equal(
        clip.box, [[2, 3, 20, 40], nothing, nothing, nothing, [-5, -3, 10, 10]]
    )
    assert notes == [
        "3 of 5 boxes have no area; they count as unknown",
        "39 visible joints have no box around them",
    ]
    np.testing.assert_array_equal(clip.size_of_person, [40, np.nan, np.nan, np.nan, 10])


def test_one_box_too_few_repeats_the_last(tmp_path):
    trees.write_penn(tmp_path, bbox=trees.penn()["bbox"][:4])
    clip, notes = one(tmp_path)
    np.testing.assert_array_equal(clip.box[4], clip.box[3])
    assert notes == ["bbox has one row fewer than there are frames; its last box is repeated"]


def test_invisible_joints_keep_their_position_but_in_the_corner(tmp_path):
    """A frozen position stays; in the corner, where joints wait that were never placed, there is
    none.
    """
    x, y = np.full((5, 13), 20.0), np.full((5, 13), 30.0)
    x[:, 1] = y[:, 1] = 0.75
    x[:, 2] = y[:, 2] = 1.0  # a visible joint in the corner is one
    x[:, 3], y[:, 3] = -30, 1.5  # hidden, and truly outside a rendered picture
    x[:, 4], y[:, 4] = 1.5, -7
    visibility = np.ones((5, 13), np.uint8)
    visibility[:, [0, 1, 3, 4]] = 0
    trees.write_penn(tmp_path, x=x, y=y, visibility=visibility)
    clip, notes = one(tmp_path)
    assert (clip.joints[:, 0] == [19, 29]).all() and np.isnan(clip.joints[:, 1]).all()
    assert (clip.joints[:, 2] == 0).all() and not notes
    assert (clip.joints[:, 3] == [-31, 0.5]).all() and (clip.joints[:, 4] == [0.5, -8]).all()
    np.testing.assert_array_equal(clip.visible, visibility > 0)


def test_visible_joints_outside_or_without_position_are_noted(tmp_path):
    x, visibility = trees.penn()["x"].astype(float), trees.penn()["visibility"]
    x[0, 3], x[1, 4], x[2, 5], visibility[4] = 64 + 50, np.nan, 1e300, 0
    trees.write_penn(tmp_path, x=x, visibility=visibility)
    clip, notes = one(tmp_path)
    assert clip.visible[0, 3] and clip.joints[0, 3, 0] == 113
    assert (
        not clip.visible[1, 4]
        and not clip.visible[2, 5]
        and np.isnan(clip.joints[[1, 2], [4, 5]]).all()
    )
    assert notes == [
        "2 joints are called visible but have no position; they count as hidden",
        "1 of 5 frames have no visible joint",
        "1 visible joints lie outside the image, by up to 50 px",
    ]


def test_labels_without_frames_are_read(tmp_path):
    clip, notes = one(trees.write_penn(tmp_path, frames=False))
    assert clip.frames is None and clip.size == trees.SIZE and not notes
    trees.write_penn(tmp_path, frames=False, dimensions=np.zeros((1, 0)))
    assert one(tmp_path)[0].size is None


def test_frames_missing_too_many_or_of_another_size_are_noted(tmp_path):
    trees.write_penn(tmp_path, dimensions=np.array([[480, 640, 5]], np.uint16), nframes=np.uint8(7))
    folder = tmp_path / "frames" / "0001"
    (folder / "000002.jpg").unlink()
    shutil.copy(folder / "000001.jpg", folder / "000009.jpg")
    clip, notes = one(tmp_path)
    assert clip.size == trees.SIZE and len(clip.frames) == 5 and clip.frames.missing == [1]
    with pytest.raises(InputError, match="there is no frame .*000002.jpg"):
        clip.frames[1]
    assert notes == [
        "1 of 5 labelled frames have no image",
        "1 images have no label and are left out",
        "dimensions says 640x480 px, but the frames have 64x48",
        "nframes is not the 5 frames that have labels",
    ]
    (folder / "000001.jpg").write_bytes(b"")
    clip, notes = one(tmp_path)
    assert (
        clip.size == (640, 480) and "000001.jpg cannot be read as an image; replace it" in notes[2]
    )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"train": np.array([[0]])}, "train .* must be 1 or -1"),
        ({"train": "yes"}, "train"),
        (
            {"x": np.zeros((5, 12))},
            r"x in .* must be numbers of shape \(any, 13\), but is float64 \(5, 12\)",
        ),
        ({"x": np.zeros((0, 13))}, "x in .* must be numbers"),
        ({"y": np.zeros((4, 13))}, "y in"),
        ({"y": np.zeros((5, 13), complex)}, "y in .* but is something else"),
        ({"visibility": "no"}, "visibility"),
        ({"bbox": np.zeros((3, 4))}, "bbox in .* has 3 rows for 5 frames"),
        ({"action": 7.0}, "action in .* must be a text"),
    ],
)
def test_a_damaged_label_file_is_named(tmp_path, changes, word):
    trees.write_penn(tmp_path, frames=False, **changes)
    with pytest.raises(InputError, match=word) as error:
        penn_action.load(tmp_path)
    assert "0001.mat" in str(error.value) and str(error.value).endswith(".")


def test_a_folder_without_labels_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds no Penn Action; expected are labels/\*.mat"):
        penn_action.load(tmp_path)


def test_the_real_labels_have_their_known_numbers(real_data):
    clips = penn_action.load(real_data / "penn_action")
    assert len(clips) == 474 and sum(map(len, clips)) == 32_876
    assert sum(c.visible.sum() for c in clips) == 337_071
    assert sum(c.split == "train" for c in clips) == 255 and len({c.action for c in clips}) == 15
    seen = np.concatenate([c.joints[c.visible] for c in clips])
    assert -130 < seen.min() and seen.max() < 640 + 130  # nothing has wrapped around
    boxes = np.concatenate([c.box for c in clips])
    assert np.nanmin(boxes) >= -1 and np.nanmax(boxes) < 641 and np.isnan(boxes[:, 0]).sum() == 12
    assert all(c.size[0] <= 640 and c.size[1] <= 480 and c.frames is None for c in clips)


def test_the_odd_ones_of_the_real_labels_are_noted(real_data):
    notes = {f.name: f.notes for f in penn_action.walk(real_data / "penn_action") if f.notes}
    assert sorted(notes) == ["0374", "0525", "0541", "0600", "0700", "0979", "1024", "1516", "1865"]
    assert notes["1516"] == ["68 of 68 frames have no visible joint"]
    assert notes["1865"] == [
        "bbox has one row fewer than there are frames; its last box is repeated"
    ]
    assert notes["1024"] == ["295 visible joints lie outside the image, by up to 119 px"]


def test_the_real_labels_mean_the_persons_own_left(real_data):
    """The figures in tslib.skeletons: who faces us has the left side on the picture's right."""
    found = {"front": [], "back": [], "left": [], "right": []}
    for clip in penn_action.load(real_data / "penn_action"):
        # Shoulders and hips.
        pairs = clip.skeleton.mirror_pairs[:1] + clip.skeleton.mirror_pairs[3:4]
        assert {clip.skeleton.joints[k].split("_")[1] for k in np.ravel(pairs)} == {
            "shoulder",
            "hip",
        }
        left, right = (clip.joints[:, [p[s] for p in pairs], 0].mean(1) for s in (0, 1))
        pose = loadmat(real_data / "penn_action" / "labels" / f"{clip.name}.mat")["pose"][0]
        found[pose].append((left > right)[clip.visible[:, np.ravel(pairs)].all(1)])
    found = {pose: np.concatenate(frames) for pose, frames in found.items()}
    assert min(map(len, found.values())) > 2000
    assert found["front"].mean() > 0.95 and found["back"].mean() < 0.2


def test_two_images_of_one_number_are_named(tmp_path):
    trees.write_penn(tmp_path)
    for n in range(1, 6):
        trees.write_frame(tmp_path / "frames" / "0001" / f"flow_x_{n:05d}.jpg", n)
    (found,) = penn_action.walk(tmp_path)
    assert found.clip is None
    assert "000001.jpg and flow_x_00001.jpg in " in found.notes[0]
    with pytest.raises(InputError, match="have one number; leave the frame there.$"):
        penn_action.load(tmp_path)


@pytest.mark.parametrize(("shift", "says"), [(-1, "0, but the labels from 1"), (1, "2, but")])
def test_images_that_are_numbered_beside_their_labels_are_said(tmp_path, shift, says):
    folder = trees.write_penn(tmp_path) / "frames" / "0001"
    for file in sorted(folder.iterdir(), reverse=shift > 0):
        file.rename(folder / f"{int(file.stem) + shift:06d}.jpg")
    with pytest.raises(InputError, match=f"count from {says}"):
        penn_action.load(tmp_path)


def test_an_image_before_the_first_label_is_said(tmp_path):
    trees.write_penn(tmp_path)
    trees.write_frame(tmp_path / "frames" / "0001" / "000000.jpg", 0)
    assert one(tmp_path)[1] == [
        "1 images have no label and are left out",
        "000000.jpg counts from 0, but the labels from 1",
    ]


@pytest.mark.parametrize("name", ["0001 (1)", "0001(2)", "0001 - Copy", "0001 copy 2"])
def test_a_copy_of_a_label_file_is_no_clip(tmp_path, name):
    trees.write_penn(tmp_path)
    trees.write_penn(tmp_path, name, frames=False)
    whole, copy = sorted(penn_action.walk(tmp_path), key=lambda found: found.clip is None)
    assert whole.clip.name == "0001" and copy.clip is None
    assert "seems to be a copy of 0001.mat; take one" in copy.notes[0]


def test_a_name_like_that_of_a_copy_is_a_clip_where_it_stands_alone(tmp_path):
    trees.write_penn(tmp_path, "serve (1)")
    assert one(tmp_path)[0].name == "serve (1)"
