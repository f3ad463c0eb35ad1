"""Frames in and out: a video file or a folder of images to read, a .webm for a browser to write."""

import math
import os
import re
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import cv2

from ..errors import InputError
from ..files import is_utf8
from ..images import IMAGES, decoded

FASTEST = 240  # frames per second; where a file says more, or less than 1, it does not know


class Frames:
    """Frames of a video, read one at a time however often it is iterated: uint8 (H, W, 3), RGB.

    Attributes: ``path``; ``fps``, frames per second, None where unknown; ``size``, (W, H) px;
    ``count``, the number of frames as far as it is known, else None (some containers only estimate
    it). Iterating raises InputError at an image that cannot be read and at a frame of another size;
    a video ends where it cannot be decoded any further, so compare with ``count``.
    """

    def __init__(self, path, read, fps, count):
        self.path, self.fps, self.count, self._read = path, fps, count, read
        with closing(read()) as frames:  # left to the collector, it could swallow a Ctrl-C
            first = next(frames, None)
        if first is None:
            raise InputError(f"{path} holds no frame; give a video or a folder of images.")
        self.size = first.shape[1], first.shape[0]

    def __iter__(self):
        for n, frame in enumerate(self._read()):
            size = frame.shape[1], frame.shape[0]
            if size != self.size:
                raise InputError(
                    f"frame {n} of {self.path} is {size[0]}x{size[1]} pixels, but the first one is "
                    f"{self.size[0]}x{self.size[1]}; give frames of one size."
                )
            yield frame


def open_frames(path):
    """Open a video that OpenCV reads, or a folder of images taken in natural order (2 before 10):
    Frames.

    Raises InputError where there is nothing, nothing readable, or no frame.
    """
    path = Path(path)
    if path.is_dir():
        files = [
            f for f in path.iterdir() if f.suffix.lower() in IMAGES and not f.name.startswith(".")
        ]
        files.sort(
            key=lambda f: [
                int(s) if n % 2 else s for n, s in enumerate(re.split(r"([0-9]+)", f.name))
            ]
        )
        return Frames(path, lambda: (_read_image(f) for f in files), None, len(files))
    if not path.exists():
        raise InputError(f"there is no video {path}.")
    if not path.is_file():  # a pipe can be read once only, and is read twice
        raise InputError(f"{path} is neither a file nor a folder; save the video to a file first.")
    capture = cv2.VideoCapture(_plain(path))
    if not capture.isOpened():
        raise InputError(f"{path} cannot be read as a video; OpenCV knows no such format.")
    fps, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    capture.release()
    return Frames(
        path,
        lambda: _read_video(path),
        fps if 1 <= fps <= FASTEST else None,
        int(count) if math.isfinite(count) and count > 0 else None,
    )


def _read_image(file):
    frame = decoded(file, cv2.IMREAD_COLOR)  # turned as its header says, unlike a frame with labels
    if frame is None:
        raise InputError(
            f"{file} cannot be read as an image; replace it or take it out of the folder."
        )
    return frame


def _plain(path):
    """The path as OpenCV takes it; InputError for a name that it cannot take."""
    if not is_utf8(path):
        raise InputError(f"{str(path)!r} is no name in UTF-8; rename it.")
    return str(path)


def _read_video(path):
    capture = cv2.VideoCapture(str(path))
    try:
        while True:
            more, frame = capture.read()
            if not more:
                return
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    finally:
        capture.release()


class VideoWriter:
    """Writes a .webm (VP8, which every browser plays) frame by frame; a context manager.

    path : name ending in .webm
    fps : frames per second
    size : (W, H) px

    Raises InputError for a name that is not UTF-8; OSError where OpenCV cannot write, and at the
    end where the file does not hold every frame.
    """

    def __init__(self, path, fps, size):
        self._path, self._size, self._count = path, size, 0
        with _quiet():
            self._writer = cv2.VideoWriter(_plain(path), cv2.VideoWriter_fourcc(*"VP80"), fps, size)
        if not self._writer.isOpened():  # OpenCV itself would drop every frame without a word
            raise OSError(
                f"{path} cannot be written: a read-only folder, or an OpenCV without VP8."
            )

    def write(self, frame):
        """Append one frame, uint8 (H, W, 3) RGB of the announced size."""
        if (frame.shape[1], frame.shape[0]) != self._size:  # dropped without a word as well
            raise ValueError(
                f"frames must have size {self._size}, but one has shape {frame.shape}."
            )
        self._writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        self._count += 1

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        self._writer.release()
        if (
            error is None and sum(1 for _ in _read_video(self._path)) != self._count
        ):  # no word on a full disk
            raise OSError(
                f"{Path(self._path).name} could not be written to its end; is the disk full?"
            )


@contextmanager
def _quiet():
    """Drop what C code prints to stderr: OpenCV complains of a missing tag for every .webm, to no
    effect.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
