"""CVIT-Sports in the two layouts that are stated, and a sentence for any other."""

import numpy as np
import pytest
import trees

from tslib.datasets import cvit_sports
from tslib.errors import InputError


@pytest.mark.parametrize("layout", ["labels", "joints"])
def test_both_layouts_are_read(tmp_path, layout):
    (clip,) = cvit_sports.load(trees.write_cvit(tmp_path, layout=layout))
    assert clip.name == "bowling" and clip.size == trees.SIZE and clip.skeleton.joints[-1] == "head"
    np.testing.assert_array_equal(clip.joints, trees.pose(3, 14) - 1)
    assert clip.visible.all() and np.isnan(clip.box).all()
    for t, frame in enumerate(clip.frames):  # im9, im10, im11
        assert np.abs(frame.astype(int) - trees.frame(t)).mean() < 6


def test_a_third_row_is_visibility_and_frames_may_be_missing(tmp_path):
    rows = np.concatenate([trees.pose(3, 14).transpose(2, 1, 0), np.ones((1, 14, 3))])
    rows[2, 5, 1], rows[0, 6, 2] = 0, np.nan
    (clip,) = cvit_sports.load(
        trees.write_cvit(
            tmp_path / "cvit_sports_videos", layout="joints", joints=rows, frames=False
        ).parent
    )
    assert np.argwhere(~clip.visible).tolist() == [[1, 5], [2, 6]] and clip.frames is None


def test_any_other_layout_is_refused_with_what_is_expected(tmp_path):
    with pytest.raises(
        InputError, match=r"holds no CVIT-Sports; expected is a folder for each sequence"
    ):
        cvit_sports.load(tmp_path)
    trees.write_cvit(tmp_path)
    (tmp_path / "bowling" / "im9.jpg").unlink()
    with pytest.raises(InputError, match="has 2 images for 3 labels; expected is"):
        cvit_sports.load(tmp_path)
    trees.write_frame(tmp_path / "bowling" / "im9.jpg", 0)
    (tmp_path / "batting").mkdir()
    with pytest.raises(InputError, match="batting holds no labels; expected is"):
        cvit_sports.load(tmp_path)


@pytest.mark.parametrize(
    ("layout", "changes", "word"),
    [
        ("labels", {"ptsAll": np.zeros((13, 2, 3))}, r"ptsAll in .* shape \(14, 2, any\)"),
        ("joints", {"joints": np.zeros((4, 14, 3))}, "must have 2 or 3 rows, but has 4"),
        ("joints", {"joints": "x"}, "joints in .* must be numbers"),
    ],
)
def test_damaged_labels_are_named(tmp_path, layout, changes, word):
    with pytest.raises(InputError, match=word):
        cvit_sports.load(trees.write_cvit(tmp_path, layout=layout, **changes))
