"""YouTube Pose: labels in time order, frames where they are, and the real data."""

import numpy as np
import pytest
import trees

from tslib.clip import ImageFiles
from tslib.datasets import youtube_pose
from tslib.errors import InputError


@pytest.mark.parametrize("flag", ["isYouTubePoseSubset", "isYouTubeSubset"])
def test_loads_in_time_order(tmp_path, flag):
    first, second = youtube_pose.load(trees.write_youtube(tmp_path, flag=flag))
    assert (first.name, second.name) == ("-ab", "cd&") and (first.split, second.split) == (
        "train",
        "test",
    )
    assert first.number.tolist() == [40, 80, 120, 160, 200, 240] and second.number[0] == 41
    # The labels came along, from 0.
    np.testing.assert_allclose(first.joints[:, 2, 0], first.number / 10 - 1)
    np.testing.assert_allclose(first.joints[0, :, 1], np.arange(7) + 4)
    assert (
        first.skeleton.joints[1] == "right_wrist"
        and first.visible.all()
        and np.isnan(first.box).all()
    )
    assert first.size == trees.SIZE  # of the image, not of crop and scale
    for t, frame in enumerate(first.frames):
        assert np.abs(frame.astype(int) - trees.frame(t + 1)).mean() < 6
    assert second.frames is None and second.size is None
    assert [c.name for c in youtube_pose.load(tmp_path, "test")] == ["cd&"]


def test_an_archive_unpacked_with_its_folder_is_found(tmp_path):
    trees.write_youtube(tmp_path / "YouTube_Pose_dataset_1.0")
    assert len(youtube_pose.load(tmp_path)) == 2


def test_missing_frames_and_joints_are_noted(tmp_path):
    locs = np.ones((2, 7, 6))
    locs[1, 2, 3] = np.nan
    trees.write_youtube(tmp_path, videos=["a"], locs=locs, frameids=np.array([[9, 3, 5, 7, 3, 1]]))
    (tmp_path / "GT_frames" / "a" / "frame_000005.jpg").unlink()
    (found,) = youtube_pose.walk(tmp_path)
    assert found.clip.number.tolist() == [1, 3, 3, 5, 7, 9] and found.clip.frames.missing == [3]
    assert np.argwhere(~found.clip.visible).tolist() == [[4, 2]]
    assert found.notes == [
        "1 of 6 labelled frames have no image",
        "a frame has labels twice",
        "1 joints have no position",
    ]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"videoname": "../x"}, "video 1 of .* holds the name '../x', which is no plain file name"),
        ({"videoname": "a/b"}, "no plain file name"),
        ({"videoname": 3.0}, "videoname of video 1"),
        ({"locs": np.zeros((2, 6, 6))}, r"locs of video 1 of .* shape \(2, 7, any\)"),
        ({"frameids": np.arange(5)}, "frameids"),
        ({"frameids": np.arange(6) + 0.5}, "whole numbers"),
        ({"frameids": np.full((1, 6), np.nan)}, "whole numbers"),
    ],
)
def test_damaged_labels_are_named(tmp_path, changes, word):
    trees.write_youtube(tmp_path, frames=False, **changes)
    with pytest.raises(InputError, match=word) as error:
        youtube_pose.load(tmp_path)
    assert youtube_pose.LABELS in str(error.value)


def test_other_variables_are_refused(tmp_path):
    trees.savemat(tmp_path / youtube_pose.LABELS, {"data": np.zeros((2, 2))})
    with pytest.raises(
        InputError, match="must be a struct with frameids, locs, videoname and isYouTube"
    ):
        youtube_pose.load(tmp_path)
    trees.savemat(tmp_path / youtube_pose.LABELS, {"date": 1})
    with pytest.raises(InputError, match="lacks 'data'"):
        youtube_pose.load(tmp_path)
    with pytest.raises(InputError, match="none cannot be read as a folder"):
        youtube_pose.load(tmp_path / "none")


def test_the_real_videos_fit_their_labels(real_data):
    clips = youtube_pose.load(real_data / "youtube_pose")
    assert len(clips) == 50 and sum(c.split == "test" for c in clips) == 5
    assert {c.name for c in clips} >= {"-osma2n86oA", "nF2n5_aa1Gc&"}
    assert all(len(c) == 100 and (np.diff(c.number) > 0).all() and c.visible.all() for c in clips)
    gaps = [np.median(np.diff(c.number)) for c in clips]
    assert min(gaps) == 20 and max(gaps) == 216
    pictured = [c for c in clips if c.frames is not None]
    assert {c.name for c in clips} - {c.name for c in pictured} == {
        c.name for c in clips if c.split == "test"
    }
    for clip in pictured:
        assert isinstance(clip.frames, ImageFiles) and not clip.frames.missing
        assert clip.frames[50].shape == (clip.size[1], clip.size[0], 3)
        assert (clip.joints > -1).all() and (clip.joints < clip.size).all()
    # shoulders are about 100 px apart on average, as the data set's own scaling wants it
    width = [np.linalg.norm(np.diff(c.joints[:, 5:], axis=1), axis=-1).mean() for c in clips]
    assert 60 < np.mean(width) < 120
