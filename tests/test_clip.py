"""Clips, and frames that are read when they are asked for."""

import os

import cv2
import numpy as np
import pytest
import trees

from tslib.clip import Clip, ImageFiles
from tslib.errors import InputError
from tslib.images import read_image
from tslib.skeletons import SKELETONS

PENN = SKELETONS["penn13"]


def parts(T=3, **changes):
    """Arguments of a valid Clip."""
    return {
        "name": "a",
        "joints": np.zeros((T, 13, 2), np.float32),
        "visible": np.ones((T, 13), bool),
        "box": np.tile(np.float32([1, 2, 30, 40]), (T, 1)),
        "skeleton": PENN,
    } | changes


def test_knows_its_length_and_the_size_of_the_person():
    box = np.float32([[1, 2, 30, 40], [1, 2, 50, 40], [np.nan] * 4])
    clip = Clip(**parts(box=box))
    assert len(clip) == 3
    np.testing.assert_array_equal(clip.size_of_person, [40, 50, np.nan])


def test_pck_counts_visible_joints_of_a_known_size():
    box = np.float32([[1, 2, 30, 40], [1, 2, 0, 0], [np.nan] * 4, [1, 2, np.inf, 4]])
    visible = np.ones((4, 13), bool)
    visible[0, 3] = False
    counted = Clip(**parts(T=4, box=box, visible=visible)).counted
    assert counted.dtype == bool and (counted[0] == visible[0]).all() and not counted[1:].any()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"joints": np.zeros((3, 12, 2), np.float32)}, "joints of clip 'a' must be float32"),
        ({"joints": np.zeros((3, 13, 2))}, "but is float64"),
        ({"visible": np.ones((3, 13), np.uint8)}, "visible"),
        ({"box": np.zeros((2, 4), np.float32)}, "box"),
        ({"frames": [1, 2]}, "labels for 3 frames, but 2 frames"),
        ({"number": np.arange(3.0)}, "number"),
        ({"split": "val"}, "'val'"),
        ({"joints": np.full((3, 13, 2), np.nan, np.float32)}, "visible that has no position"),
        (parts(T=0), "has no frame"),
    ],
)
def test_what_does_not_fit_is_refused(changes, word):
    with pytest.raises(InputError, match=word) as error:
        Clip(**parts(**changes))
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def test_a_hidden_joint_may_be_unknown():
    joints, visible = np.zeros((3, 13, 2), np.float32), np.ones((3, 13), bool)
    joints[1, 2], visible[1, 2] = np.nan, False
    assert np.isnan(Clip(**parts(joints=joints, visible=visible)).joints[1, 2]).all()


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{t}.png" for t in range(4)]
    for t, path in enumerate(paths):
        trees.write_frame(path, t)
    return paths


def test_frames_are_rgb_and_read_when_asked_for(files):
    frames = ImageFiles(files, trees.SIZE)
    files[1].unlink()  # after opening
    assert len(frames) == 4 and frames.missing == [1]
    for t in (0, 2, 3):
        np.testing.assert_array_equal(frames[t], trees.frame(t))
    np.testing.assert_array_equal(frames[-1], trees.frame(3))
    np.testing.assert_array_equal(frames[2:][1], trees.frame(3))
    with pytest.raises(InputError, match="there is no frame .*1.png"):
        frames[1]
    with pytest.raises(IndexError):
        frames[4]


def test_an_odd_frame_is_named(files):
    files[0].write_bytes(b"no image")
    cv2.imwrite(str(files[1]), np.zeros((10, 20, 3), np.uint8))
    frames = ImageFiles(files, trees.SIZE)
    with pytest.raises(InputError, match="0.png cannot be read as an image"):
        frames[0]
    with pytest.raises(InputError, match="1.png is 20x10 pixels, but its clip is 64x48"):
        frames[1]


def test_names_need_not_be_utf_8(tmp_path):
    file = tmp_path / os.fsdecode(b"\xff.png")
    try:
        (tmp_path / "a.png").touch()
        (tmp_path / "a.png").rename(file)
    except OSError:
        pytest.skip("this system has no such names")
    with pytest.raises(InputError, match="cannot be read as an image"):  # empty
        read_image(file)
    trees.write_frame(tmp_path / "a.png", 2)
    (tmp_path / "a.png").rename(file)
    np.testing.assert_array_equal(read_image(file), trees.frame(2))


def test_a_grey_image_has_three_channels(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((4, 5), 7, np.uint8))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.full((4, 5, 3), 7))


def test_a_rotation_in_the_header_is_ignored(tmp_path):
    """Labels count stored pixels."""
    path = tmp_path / "a.jpg"
    trees.write_frame(path, 0)
    data = path.read_bytes()
    # Orientation 6, a quarter turn.
    tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    exif = b"Exif\0\0" + tiff
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:])
    assert cv2.imread(str(path)).shape == (64, 48, 3)
    assert read_image(path).shape == (48, 64, 3)
