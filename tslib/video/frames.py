"""Frames in and out: a video file or a folder of images to read, a .webm for a browser to write."""

import math
import os
import re
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from ..errors import InputError
from ..files import is_utf8
from ..images import IMAGES, decoded

# Frames per second; where a file says more, or less than 1, it does not know.
_FASTEST = 240
_Reading = Generator[np.ndarray, None, None]


class Frames:
    """Frames of a video, read one at a time however often it is iterated: uint8 (H, W, 3), RGB.

    Attributes: ``path``; ``fps``, frames per second, None where unknown; ``size``, (W, H) px;
    ``count``, the number of frames as far as it is known, else None (some containers only estimate
    it). Iterating raises InputError at an image that cannot be read and at a frame of another size;
    a video ends where it cannot be decoded any further, so compare with ``count``.
    """

    def __init__(
        self, path: Path, read: Callable[[], _Reading], fps: float | None, count: int | None
    ) -> None:
        self.path, self.fps, self.count, self._read = path, fps, count, read
        # A generator that is left to the collector could swallow a Ctrl-C.
        with closing(read()) as frames:
            first = next(frames, None)
        if first is None:
            raise InputError(f"{path} holds no frame; give a video or a folder of images.")
        self.size = first.shape[1], first.shape[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        W, H = self.size
        for n, frame in enumerate(self._read()):
            h, w = frame.shape[:2]
            if (w, h) != self.size:
                raise InputError(
                    f"frame {n} of {self.path} is {w}x{h} pixels, but the first one is {W}x{H}; "
                    "give frames of one size."
                )
            yield frame


def open_frames(path: Path | str) -> Frames:
    """Open a video that OpenCV reads, or a folder of images in natural order (2 before 10).

    Raises InputError where there is nothing, nothing readable, or no frame.
    """
    path = Path(path)
    if path.is_dir():
        shown = (f for f in path.iterdir() if not f.name.startswith("."))
        files = sorted((f for f in shown if f.suffix.lower() in IMAGES), key=_natural)
        return Frames(path, lambda: (_read_image(f) for f in files), None, len(files))
    if not path.exists():
        raise InputError(f"there is no video {path}.")
    # A pipe can be read once only, and a video is read twice.
    if not path.is_file():
        raise InputError(f"{path} is neither a file nor a folder; save the video to a file first.")
    capture = cv2.VideoCapture(_plain(path))
    if not capture.isOpened():
        raise InputError(f"{path} cannot be read as a video; OpenCV knows no such format.")
    fps, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    capture.release()
    known = int(count) if math.isfinite(count) and count > 0 else None
    return Frames(path, lambda: _read_video(path), fps if 1 <= fps <= _FASTEST else None, known)


def _natural(file: Path) -> list[str | int]:
    """What sorts names by the numbers in them: every second part is one."""
    parts = re.split(r"([0-9]+)", file.name)
    return [int(part) if n % 2 else part for n, part in enumerate(parts)]


def _read_image(file: Path) -> np.ndarray:
    # Turned as the file's header says, unlike a frame with labels.
    frame = decoded(file, cv2.IMREAD_COLOR)
    if frame is None:
        how = "replace it or take it out of the folder"
        raise InputError(f"{file} cannot be read as an image; {how}.")
    return frame


def _plain(path: Path | str) -> str:
    """The path as OpenCV takes it; InputError for a name that it cannot take."""
    if not is_utf8(path):
        raise InputError(f"{str(path)!r} is no name in UTF-8; rename it.")
    return str(path)


def _read_video(path: Path | str) -> _Reading:
    capture = cv2.VideoCapture(str(path))
    try:
        while (read := capture.read())[0]:
            yield cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB)
    finally:
        capture.release()


class VideoWriter:
    """Writes a .webm (VP8, which every browser plays) frame by frame; a context manager.

    path : name ending in .webm; fps : frames per second; size : (W, H) px

    Raises InputError for a name that is not UTF-8; OSError where OpenCV cannot write, and at the
    end where the file does not hold every frame.
    """

    def __init__(self, path: Path | str, fps: float, size: tuple[int, int]) -> None:
        self._path, self._size, self._count = path, size, 0
        with _quiet():
            self._writer = cv2.VideoWriter(_plain(path), cv2.VideoWriter.fourcc(*"VP80"), fps, size)
        # OpenCV itself drops every frame without a word, and so it does with one of another size,
        # and on a full disk.
        if not self._writer.isOpened():
            why = "a read-only folder, or an OpenCV without VP8"
            raise OSError(f"{path} cannot be written: {why}.")

    def write(self, frame: np.ndarray) -> None:
        """Append one frame, uint8 (H, W, 3) RGB of the announced size."""
        if (frame.shape[1], frame.shape[0]) != self._size:
            raise ValueError(f"frames must have size {self._size}, but one has {frame.shape}.")
        self._writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        self._count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._writer.release()
        if error is None and sum(1 for _ in _read_video(self._path)) != self._count:
            name = Path(self._path).name
            raise OSError(f"{name} could not be written to its end; is the disk full?")


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop what C code prints to stderr: OpenCV complains of a missing tag for every .webm."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
