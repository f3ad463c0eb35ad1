"""JHMDB and sub-JHMDB: layout, quirks, splits, and the one whole real clip."""

from functools import partial

import cv2
import numpy as np
import pytest
import trees
from scipy.io import loadmat

from experiments.real.dense_motion import from_world
from tslib.datasets import jhmdb
from tslib.errors import InputError

NAME = "brush_hair/It's_(1)!_@+_a"
REAL = "catch/Goal_Keeping_Tips_catch_f_cm_np1_fr_med_2"
one = partial(trees.one, jhmdb)


def test_loads_its_own_layout(tmp_path):
    """Clip names hold almost anything, action names hold _."""
    trees.write_jhmdb(tmp_path)
    trees.write_split(tmp_path, ["other.avi 1", "It's_(1)!_@+_a.avi 2 ", ""])
    (clip,) = jhmdb.load(tmp_path)
    assert clip.name == NAME and clip.action == "brush_hair" and clip.split == "test"
    assert clip.size == (320, 240) and len(clip) == 4 and clip.visible.all()
    np.testing.assert_allclose(clip.joints.transpose(2, 1, 0), trees.jhmdb_joints() - 1)
    assert [int(f.mean()) for f in clip.frames] == [0, 20, 40, 60]
    assert not one(tmp_path)[1]


def test_every_clip_is_found_by_action_and_name(tmp_path):
    for name in ("wave/b", "brush_hair/c", "wave/a"):
        trees.write_jhmdb(tmp_path, *name.split("/"))
    assert [found.name for found in jhmdb.walk(tmp_path)] == ["brush_hair/c", "wave/a", "wave/b"]


def test_the_box_is_that_of_the_mask(tmp_path):
    clip, _ = one(trees.write_jhmdb(tmp_path))
    low, high = clip.joints.min(1), clip.joints.max(1)
    # See trees.jhmdb_masks.
    np.testing.assert_allclose(clip.box, np.concatenate([low - 3, high - low + 6], 1))


def test_without_a_mask_there_is_no_box(tmp_path):
    clip, notes = one(trees.write_jhmdb(tmp_path, mask=False))
    assert np.isnan(clip.box).all() and notes == ["no puppet mask, so no box"]


def test_frames_without_a_mask_have_no_box(tmp_path):
    trees.write_jhmdb(tmp_path)
    masks = trees.jhmdb_masks()[..., :3]
    masks[..., 1] = 0
    file = tmp_path / "puppet_mask" / NAME / "puppet_mask.mat"
    trees.savemat(file, {"part_mask": masks})
    clip, notes = one(tmp_path)
    assert np.isnan(clip.box[:, 0]).tolist() == [False, True, False, True]
    assert notes == [
        "3 puppet masks for 4 frames",
        "2 of 4 frames have an empty mask or none, so no box",
    ]
    trees.savemat(file, {"part_mask": masks[:100]})
    with pytest.raises(
        InputError, match="part_mask in .* is 320x100 pixels, but the frames are 320x240"
    ):
        list(jhmdb.load(trees.write_split(tmp_path, ["It's_(1)!_@+_a.avi 1"])))


def test_a_clip_of_one_frame_is_read(tmp_path):
    """MATLAB drops a last axis of length 1."""
    trees.write_jhmdb(tmp_path, T=1, pos_img=trees.jhmdb_joints(1)[..., 0])
    trees.savemat(
        tmp_path / "puppet_mask" / NAME / "puppet_mask.mat",
        {"part_mask": trees.jhmdb_masks(1)[..., 0]},
    )
    clip, notes = one(tmp_path)
    assert len(clip) == 1 and np.isfinite(clip.box).all() and not notes


def test_labels_without_frames_and_frames_without_labels_are_noted(tmp_path):
    trees.write_jhmdb(tmp_path / "a", frames=False)
    assert one(tmp_path / "a")[0].frames is None
    trees.write_jhmdb(tmp_path / "b")
    folder = tmp_path / "b" / "Rename_Images" / NAME
    (folder / "00001.png").rename(folder / "00007.png")
    clip, notes = one(tmp_path / "b")
    assert clip.frames.missing == [0] and len(notes) == 2
    with pytest.raises(InputError, match="there is no frame .*00001.png"):
        clip.frames[0]


def test_a_joint_without_position_is_hidden(tmp_path):
    joints = trees.jhmdb_joints()
    joints[0, 3, 2] = np.nan
    clip, notes = one(trees.write_jhmdb(tmp_path, pos_img=joints))
    assert np.argwhere(~clip.visible).tolist() == [[2, 3]] and notes == [
        "1 joints have no position"
    ]


def test_splits_say_who_is_tested(tmp_path):
    for split, kinds in ((1, "12"), (2, "21"), (3, "11")):
        trees.write_split(tmp_path, [f"a.avi {kinds[0]}", f"b.avi {kinds[1]}"], split=split)
    trees.write_split(tmp_path, ["a.avi 2"], split=2, sub=True)
    assert jhmdb.read_split(tmp_path, 1) == {"brush_hair/a": "train", "brush_hair/b": "test"}
    assert jhmdb.read_split(tmp_path, 2) == {"brush_hair/a": "test", "brush_hair/b": "train"}
    assert jhmdb.read_split(tmp_path, 2, sub=True) == {"brush_hair/a": "test"}
    with pytest.raises(
        InputError, match="holds no sub_splits/ACTION_test_split_1.txt; unpack sub_splits.zip"
    ):
        jhmdb.read_split(tmp_path, 1, sub=True)
    with pytest.raises(InputError, match="no 4"):
        jhmdb.read_split(tmp_path, 4)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("a.avi 3", "line 2 of .* must be CLIP.avi and 1 or 2"),
        ("a.avi", "line 2 of"),
        ("../../etc/a.avi 1", "no plain file name"),
        ("..\\a.avi 1", "no plain file name"),
        ("...avi 2", "no plain file name"),
        (".avi 2", "no plain file name"),
    ],
)
def test_a_damaged_split_is_named(tmp_path, line, word):
    trees.write_split(tmp_path, ["b.avi 1", line])
    with pytest.raises(InputError, match=word):
        jhmdb.read_split(tmp_path, 1)


def test_a_folder_without_labels_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no splits/ACTION_test_split1.txt"):
        jhmdb.load(tmp_path)
    trees.write_split(tmp_path, ["a.avi 1"])
    with pytest.raises(InputError, match="holds joints of no clip"):
        jhmdb.load(tmp_path)


def test_world_coordinates_are_those_computed_by_hand():
    """The middle of the person's picture, and one unit times the scale to the right and down."""
    points = from_world(np.array([[[0.0, 0.0]], [[0.1, -0.2]]]), np.array([[1.0], [2.0]]))
    np.testing.assert_allclose(points, [[[159, 119]], [[159 + 48, 119 - 96]]])


def test_the_real_splits_have_their_published_sizes(real_data):
    for split, sizes in ((1, (660, 268)), (2, (658, 270)), (3, (663, 265))):
        kinds = list(jhmdb.read_split(real_data / "jhmdb", split).values())
        assert (kinds.count("train"), kinds.count("test")) == sizes
    names = "".join(jhmdb.read_split(real_data / "jhmdb", 1))
    assert all(c in names for c in "()!@+") and "brush_hair/" in names


def test_frames_joints_and_masks_of_the_real_clip_fit(real_data):
    """Frames, joints and the box of the mask belong together."""
    clip, notes = one(real_data / "jhmdb")
    assert clip.name == REAL and len(clip) == 40 and clip.size == (320, 240) and not notes
    masks = loadmat(real_data / "jhmdb" / "puppet_mask" / REAL / "puppet_mask.mat")["part_mask"]
    for t, joints in enumerate(clip.joints):
        x, y = np.round(joints).astype(int).T
        assert masks[y, x, t].all()  # every joint lies on the mask
        left, top, w, h = clip.box[t].astype(int)
        assert masks[top : top + h + 1, left : left + w + 1, t].sum() == masks[..., t].sum()
        assert clip.frames[t].shape == (240, 320, 3)
        assert ((joints >= [left, top]) & (joints <= [left + w, top + h])).all()
    assert 100 < clip.size_of_person.min() and clip.size_of_person.max() < 160
    shirt = clip.frames[20][clip.joints[20, 1].astype(int)[1], clip.joints[20, 1].astype(int)[0]]
    grass = clip.frames[20][230, 20].astype(int)
    # Black, and green as red-green-blue has it.
    assert shirt.max() < 90 and grass[1] > grass[2] + 20


def test_real_world_coordinates_are_the_joints(real_data):
    mat = loadmat(real_data / "jhmdb" / "joint_positions" / REAL / "joint_positions.mat")
    world = from_world(mat["pos_world"].transpose(2, 1, 0), mat["scale"].T)
    np.testing.assert_allclose(world, one(real_data / "jhmdb")[0].joints, atol=1e-4)


def test_the_real_avi_claims_more_frames_than_it_holds(real_data):
    """Why it is not read: its header says 48, it holds the 40 that have labels, compressed."""
    clip, _ = one(real_data / "jhmdb")
    video = cv2.VideoCapture(str(real_data / "jhmdb" / "videos" / f"{REAL.split('/')[1]}.avi"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 48
    for frame in clip.frames:
        assert np.abs(video.read()[1][..., ::-1].astype(int) - frame).mean() < 5
    assert not video.read()[0]
