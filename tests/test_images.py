"""Whether an image file is whole, told from its bytes."""

import cv2
import numpy as np
import pytest
import trees

from tslib.errors import InputError
from tslib.images import size_of

JPEGS = {
    "plain": [],
    "progressive": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
    "restarts": [cv2.IMWRITE_JPEG_RST_INTERVAL, 1],
    "fine": [cv2.IMWRITE_JPEG_QUALITY, 100],
}


def picture(kind, options=()):
    """The bytes of an image of 64 x 48 px that is full of noise."""
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    return cv2.imencode(f".{kind}", noise, list(options))[1].tobytes()


@pytest.mark.parametrize("options", JPEGS.values(), ids=JPEGS)
def test_a_jpeg_that_ends_anywhere_else_is_damaged(tmp_path, options):
    file, whole = tmp_path / "a", picture("jpg", options)
    for more in (b"", b"\0\0", picture("jpg")):  # some cameras write a second picture
        file.write_bytes(whole + more)
        assert size_of(file) == trees.SIZE
    file.write_bytes(whole[:-2] + b"\xff" + whole[-2:])
    assert size_of(file) == trees.SIZE
    for length in {*range(0, len(whole), 29), *range(700), *range(len(whole) - 60, len(whole))}:
        for rest in (b"", bytes(len(whole) - length)):
            file.write_bytes(whole[:length] + rest)
            with pytest.raises(InputError, match="cut off or damaged|cannot be read as an image"):
                size_of(file)


def test_a_picture_within_the_header_does_not_end_a_jpeg(tmp_path):
    whole, small = picture("jpg"), picture("jpg", [cv2.IMWRITE_JPEG_QUALITY, 5])
    extra = b"\xff\xe1" + (len(small) + 2).to_bytes(2) + small
    (tmp_path / "a").write_bytes(whole[:2] + extra + whole[2:])
    assert size_of(tmp_path / "a") == trees.SIZE
    (tmp_path / "a").write_bytes(whole[:2] + extra + whole[2:-2])
    with pytest.raises(InputError, match="cut off or damaged"):
        size_of(tmp_path / "a")


def test_the_size_of_a_jpeg_is_in_the_headers_of_frames_alone(tmp_path):
    """ITU-T T.81, table B.1: 0xc4, 0xc8 and 0xcc lie among them and are tables."""
    frames = {*b"\xc0\xc1\xc2\xc3\xc5\xc6\xc7\xc9\xca\xcb\xcd\xce\xcf"}
    whole = picture("jpg")
    at = whole.index(b"\xff\xc0") + 1
    for marker in range(0xB0, 0xE0):
        (tmp_path / "a").write_bytes(whole[:at] + bytes([marker]) + whole[at + 1 :])
        if marker in frames:
            assert size_of(tmp_path / "a") == trees.SIZE
        else:
            with pytest.raises(InputError, match="cut off or damaged"):
                size_of(tmp_path / "a")


def test_a_png_in_which_any_byte_is_wrong_is_damaged(tmp_path):
    file, whole = tmp_path / "a", picture("png")
    file.write_bytes(whole + b"more")
    assert size_of(file) == trees.SIZE
    for at in range(0, len(whole), 7):
        for wrong in (whole[:at], whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]):
            file.write_bytes(wrong)
            with pytest.raises(InputError, match="cut off or damaged|cannot be read as an image"):
                size_of(file)


def test_other_kinds_are_opened(tmp_path):
    for kind in ("bmp", "tiff", "webp"):
        (tmp_path / "a").write_bytes(picture(kind))
        assert size_of(tmp_path / "a") == trees.SIZE
        (tmp_path / "a").write_bytes(picture(kind)[:40])
        with pytest.raises(InputError, match="cannot be read as an image"):
            size_of(tmp_path / "a")
    with pytest.raises(InputError, match="no ordinary file"):
        size_of(tmp_path)


def test_every_real_frame_is_whole_and_of_the_size_that_it_opens_to(real_data):
    files = [*sorted(real_data.glob("youtube_pose/GT_frames/*/*.jpg"))[::45]]
    files += real_data.glob("jhmdb/Rename_Images/*/*/*.png")
    for file in files:
        assert size_of(file) == cv2.imread(str(file)).shape[1::-1]
    assert len(files) == 140
