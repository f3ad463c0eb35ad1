"""Image files: which names they have, what is in them, and whether they are whole.

Whether a file is whole is told from its bytes, at least ten times as fast as opening it. A JPEG has
no checksum, so it is walked from its header over all segments to the end marker: one that is cut
off, or whose end is zeros, has none. Of a PNG the checksum of each chunk is right. Other kinds are
opened. Formats: ITU-T T.81, annex B; W3C, Portable Network Graphics, sec. 5.
"""

import re
import zlib
from pathlib import Path

import cv2
import numpy as np

from .errors import InputError
from .files import ordinary

IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".avif"}
IMAGES |= {".jpe", ".jp2", ".dib", ".pbm", ".pgm", ".ppm", ".pnm", ".ras", ".sr"}
# Images that OpenCV does not read, or only as films.
UNREAD = {".heic", ".heif", ".jxl", ".gif", ".svg", ".psd", ".dng", ".cr2", ".cr3", ".nef", ".arw"}
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_END, _SCAN = b"\xff\xd9", 0xDA
# The markers of headers that hold the size.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
# Within pixels 0xff is followed by 0 or a restart.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def read_image(file: Path | str) -> np.ndarray:
    """An image file as uint8 (H, W, 3) RGB; InputError where it is missing or unreadable."""
    ordinary(file, f"there is no frame {file}.")
    # Labels count stored pixels, so a rotation in the file's header is ignored.
    image = decoded(file, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise InputError(f"{file} cannot be read as an image; replace it.")
    return image


def decoded(file: Path | str, flags: int, page: int = 0) -> np.ndarray | None:
    """An image as uint8 (H, W, 3) RGB, read with flags of cv2.imread; None if unreadable."""
    try:
        # Not cv2.imread, because a name that is not UTF-8 brings it down with the whole process.
        if page:
            image = next(iter(cv2.imreadmulti(str(file), page, 1, flags=flags)[1]), None)
        else:
            data = np.fromfile(file, np.uint8)
            image = cv2.imdecode(data, flags) if data.size else None
    except (OSError, cv2.error):
        # cv2.error: a damaged header that claims a billion pixels.
        return None
    return None if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def size_of(file: Path) -> tuple[int, int]:
    """(W, H) px of an image file that is whole; InputError where it is not, or is missing."""
    ordinary(file, f"there is no frame {file}.")
    try:
        data = file.read_bytes()
        if data.startswith(_JPEG):
            return _jpeg(data)
        if data.startswith(_PNG):
            return _png(data)
    except (OSError, ValueError, IndexError):
        raise InputError(f"{file} is cut off or damaged; replace it.") from None
    image = read_image(file)
    return image.shape[1], image.shape[0]


def _jpeg(data: bytes) -> tuple[int, int]:
    at, size = 2, None
    while data[at : at + 2] != _END:
        if data[at] != 0xFF:
            raise ValueError("no marker")
        marker = data[at + 1]
        # A marker may begin with several.
        if marker == 0xFF:
            at += 1
            continue
        if marker in _FRAMES:
            size = _number(data, at + 7, 2), _number(data, at + 5, 2)
        at += 2 + _number(data, at + 2, 2)
        if marker == _SCAN:
            found = _MARKER.search(data, at)
            at = found.start() if found else len(data)
    if not size:
        raise ValueError("no size")
    return size


def _png(data: bytes) -> tuple[int, int]:
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        kind, after = data[at + 4 : at + 8], at + 8 + _number(data, at, 4)
        if zlib.crc32(data[at + 4 : after]) != _number(data, after, 4):
            raise ValueError("a wrong checksum")
        at = after + 4
    return _number(data, 16, 4), _number(data, 20, 4)


def _number(data: bytes, at: int, length: int) -> int:
    if at + length > len(data):
        raise ValueError("cut off")
    return int.from_bytes(data[at : at + length])
