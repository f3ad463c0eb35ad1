"""Frames in and out: a video file or a folder of images to read, a .webm for a browser to write."""

import logging
import os
import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from ..errors import InputError
from ..files import is_utf8, ordinary
from ..images import IMAGES, UNREAD, decoded

_LIST = re.compile(rb"\s*(#EXTM3U|ffconcat|v=0|\[Reference\]|<)")  # playlists of any kind
# Frames per second; a file that says more, or less than 1, does not know: recorders write 1,000.
_FASTEST = 999
_PIXELS = 1 << 26  # of a frame, as of a picture
# Failed reads in a row after which a video has ended. A damaged frame is one, and so are 4,096
# packets of sound while the camera pauses.
_FAILURES = 1000
_REORDERED = 3  # frames at most that come after one that is shown later
_LARGEST = 1 << 28  # bytes of an MP4's header
_PAUSE = 10_000  # ms without a frame that are such a pause, and no frames that a file has lost
_COMPLETE = 0.9  # of the announced frames; containers often only estimate their number
_PAGES, _MOVING = {".tif", ".tiff"}, {".png", ".webp", ".avif"}
# What says the size in a frame that needs no other: JPEG, VP8, VP9; H.264 and H.265.
_SIZE = re.compile(
    rb"^\xff\xd8.*?\xff[\xc0-\xc2]...(.{4})|^...\x9d\x01\x2a(.{4})|^.\x49\x83\x42(.{4})"
    rb"|\0\0\x01(?:[\x27\x47\x67]|\x42\x01)(.+?)\0\0\x01",
    re.DOTALL,
)
# Numbers and frames; last, perhaps, how many there are, and None.
_Reading = Generator[tuple[int, np.ndarray | None], None, None]
_log = logging.getLogger(__name__)


class Frames:
    """Frames of a video, read one at a time however often it is iterated: uint8 (H, W, 3), RGB.

    A frame that cannot be decoded is replaced by the one before it, the first by a black one, so
    that all others keep their numbers. A warning says what is lost, once. Pixels are square: what
    is stored narrower than it is to be shown is widened.

    Attributes: ``path``; ``fps``, frames per second, None where unknown; ``size``, (W, H) px;
    ``count``, the number of frames as far as it is known, else None; ``lost``, the numbers of those
    that could not be decoded up to now; ``promised``, once a film was read that breaks off, how
    many it should have had, else 0. Iterating raises InputError at an odd or unreadable image.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[], _Reading],
        fps: float | None,
        count: int | None,
        announced: int = 0,
    ) -> None:
        self.path, self.fps, self.count, self.lost = path, fps, count, set[int]()
        self._read, self._announced, self._said, self.promised = read, announced, False, 0
        # A generator that is left to the collector could swallow a Ctrl-C.
        with closing(read()) as frames:
            _, first = next(frames, (0, None))
        if first is None:
            raise InputError(f"{path} holds no frame; give a video or a folder of images.")
        self.size = first.shape[1], first.shape[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        (W, H), n = self.size, 0
        shown = np.zeros((H, W, 3), np.uint8)
        for number, frame in self._read():
            for lost in range(n, number):
                self.lost.add(lost)
                yield shown
            n = number
            if frame is None:
                break
            h, w = frame.shape[:2]
            if (w, h) != self.size:
                raise InputError(
                    f"frame {n} of {self.path} is {w}x{h} pixels, but the first one is {W}x{H}; "
                    "give frames of one size."
                )
            yield frame
            n, shown = n + 1, frame
        self.count = n
        if not self._said:
            self._said = True
            self._say_losses(n)

    def _say_losses(self, count: int) -> None:
        missing = self._announced - count
        if missing > (0 if self.lost else (1 - _COMPLETE) * self._announced):
            self.promised = self._announced
            ended = f"{self.path} ended after {count} of about {self._announced} frames"
            _log.warning(f"{ended}; the rest cannot be read.")
        if self.lost:
            names = ", ".join(map(str, sorted(self.lost)[:10])) + ", ..." * (len(self.lost) > 10)
            lost = f"{len(self.lost)} of {count} frames of {self.path} are missing or damaged"
            _log.warning(f"{lost}: {names}; the frame before stands for each, without joints.")


def open_frames(path: Path | str) -> Frames:
    """Open a video that OpenCV reads, a folder of images in natural order (2 before 10), or a TIFF.

    Raises InputError where there is nothing, nothing readable, no frame, or a folder with images
    of two kinds.
    """
    path = Path(path)
    if path.is_dir() or path.suffix.lower() in _PAGES and path.is_file():
        files = _images_in(path) if path.is_dir() else [path]
        pages = [(file, n) for file in files for n in range(_pages_of(file))]
        return Frames(
            path,
            lambda: ((n, _read_image(*page)) for n, page in enumerate(pages)),
            None,
            len(pages),
        )
    if not path.exists():
        raise InputError(f"there is no video {path}.")
    # A pipe can be read once only, and a video is read twice.
    if not path.is_file():
        raise InputError(f"{path} is neither a file nor a folder; save the video to a file first.")
    with suppress(OSError), open(path, "rb") as file:
        if _LIST.match(file.read(64)):  # FFmpeg would open, and wait for, what stands in it
            raise InputError(f"{path} is a list of films; name one of those that it lists.")
    with _opened(path) as capture:
        if not capture.isOpened():
            why = "it is none, or damaged, or of a format that OpenCV does not know"
            raise InputError(f"{path} cannot be read as a video: {why}; convert or copy it anew.")
        fps, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    times, announced = _times(path, int(count) if 0 < count < path.stat().st_size else 0)
    known = len(times) or announced or None
    rate = fps if 1 <= fps <= _FASTEST else None
    return Frames(path, lambda: _read_video(path, times), rate, known, announced)


def _images_in(folder: Path) -> list[Path]:
    """The images of a folder; InputError where they can hardly be one film."""
    shown = [f for f in folder.iterdir() if not f.name.startswith(".")]
    for file in sorted(shown):
        if file.suffix.lower() in UNREAD:
            raise InputError(f"{file} is of a kind that is not read here; convert it to .png.")
    numbers: dict[tuple[int, ...], Path] = {}
    files = sorted((f for f in shown if f.suffix.lower() in IMAGES), key=_natural)
    for file in files:
        number = tuple(map(int, re.findall("[0-9]+", file.stem)))
        if number and numbers.setdefault(number, file) != file:
            raise InputError(
                f"{numbers[number].name} and {file.name} of {folder} have one number; "
                "leave one kind of images in the folder."
            )
    return files


def _natural(file: Path) -> list[str | int]:
    """What sorts names by the numbers in them: every second part is one."""
    parts = re.split(r"([0-9]+)", file.name)
    return [int(part) if n % 2 else part for n, part in enumerate(parts)]


def _pages_of(file: Path) -> int:
    ordinary(file, f"there is no frame {file}.")
    # OpenCV looks into the file, unless its name is one that it cannot take.
    looks = file.suffix.lower() in _PAGES | _MOVING and is_utf8(file)
    count = 1
    with suppress(cv2.error):  # which reading it says
        count = cv2.imcount(str(file)) if looks else 1
    if count > 1 and file.suffix.lower() in _MOVING:
        raise InputError(f"{file} is a film of {count} pictures; save it as a video.")
    return max(count, 1)


def _read_image(file: Path, page: int) -> np.ndarray:
    # Turned as the file's header says, unlike a frame with labels.
    frame = decoded(file, cv2.IMREAD_COLOR, page)
    if frame is None:
        raise InputError(f"{file} cannot be read as an image; replace it or take it away.")
    return frame


def _plain(path: Path | str) -> str:
    """The path as OpenCV takes it; InputError for a name that it cannot take."""
    if not is_utf8(path):
        raise InputError(f"{str(path)!r} is no name in UTF-8; rename it.")
    # FFmpeg takes a name such as 2024-05-01T10:15 for an address, unless it begins with a slash.
    return os.path.abspath(path)


@contextmanager
def _opened(path: Path | str, *options: int) -> Iterator[cv2.VideoCapture]:
    capture = cv2.VideoCapture(_plain(path), cv2.CAP_FFMPEG, options)
    try:
        yield capture
    finally:
        capture.release()


def _tries(get: Callable[[], bool]) -> Iterator[bool]:
    """Yield what each try gives, until there is no more to get."""
    failures = 0
    while failures < _FAILURES:
        yield (got := get())
        failures = 0 if got else failures + 1


def _times(path: Path, announced: int) -> tuple[list[float], int]:
    """When the frames of a video are shown, ms, as its container says; nothing is decoded here.

    Returns them in order, with those that the container has lost; and how many frames there should
    be, 0 where that says nothing. A warning says where the size changes.
    """
    times, size, turned, waiting, failed = [], None, None, False, False
    with _opened(path, cv2.CAP_PROP_FORMAT, -1) as packets:
        for got in _tries(packets.grab):
            if not got:
                waiting = True
                continue
            failed = failed or waiting
            times.append(packets.get(cv2.CAP_PROP_POS_MSEC))
            if turned is None and packets.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME):
                there, packet = packets.retrieve()
                found = _SIZE.search(packet.tobytes()[:4096]) if there else None
                size, before = found[found.lastindex or 0] if found else size, size
                turned = len(times) - 1 if before not in (None, size) else None
    if turned is not None:
        _log.warning(
            f"Frame {turned} of {path} is of another size or encoding; it and the next are "
            "squeezed to the first one's size, so cut the video there."
        )
    # A picture may come in two fields, and what is only built on has the time of another.
    times = sorted(times)[:: 2 if 0 < 1.5 * announced < len(times) else 1]
    avi = path.suffix.lower() == ".avi"
    if (
        avi
        and len(times) < announced <= 10 * len(times)
        and len(kept := _kept_of_avi(path)) == len(times) > 0
    ):
        # No time says there that a picture is lost, so it is given that of the next one.
        times = [[*times, times[-1] + 1][n] for n in np.searchsorted(kept, range(announced))]
    unheard, end = announced - len(times), _end_of_mp4(path)
    if end is not None:
        # It announces all that was ever recorded, also what a cut without loss has hidden.
        times, announced = [t for t in times if t < end - 1], 0
    # A lost frame is known by its time, and by that the film announces so many.
    steps = np.diff(times if end is None else [*times, end])
    usual = np.median(steps) if len(steps) else 0
    if usual <= 0:
        return times, announced
    lost = np.maximum(np.round(steps / usual).astype(int) - 1, 0)
    # An .avi says by an empty frame that the one before it is shown for longer.
    wanted = steps >= (0 if avi else _PAUSE)
    if end is None:
        announced, unheard = (n - int(lost[wanted].sum()) for n in (announced, unheard))
    lost[wanted] = 0
    if lost.sum() <= min(unheard, 9 * len(times)) and (end is None or failed or lost[-1] > 0):
        gaps = zip(times, lost, strict=False)
        times += [t + usual * n for t, count in gaps for n in range(1, count + 1)]
    return sorted(times), max(announced, 0)


def _kept_of_avi(path: Path) -> list[int]:
    """Which pictures of an AVI are where the index at its end says; none where it has no index."""
    with open(path, "rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        start, at = data.find(b"movi"), data.rfind(b"idx1")
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little") if at > 0 else 0
        rows = re.findall(rb"(..)(..)....(....)....", data[at + 8 : end], re.DOTALL)
        wanted = [(a + b, int.from_bytes(n, "little")) for a, b, n in rows if b in (b"dc", b"db")]
        return [k for k, (name, n) in enumerate(wanted) if data[start + n : start + n + 4] == name]


def _end_of_mp4(path: Path) -> float | None:
    """When the pictures of an MP4, a MOV or the like end, ms; None where it is cut off, or none."""
    with open(path, "rb") as file:
        at, end, header = 0, file.seek(0, os.SEEK_END), b""
        while at + 8 <= end:
            file.seek(at)
            head = file.read(16)
            if not at and head[4:8] != b"ftyp":
                return None
            size = int.from_bytes(head[8:16] if head[:4] == b"\0\0\0\1" else head[:4])
            if head[4:8] == b"moov" and size < _LARGEST:
                file.seek(at)
                header = file.read(size)
            # 0: to the end of the file.
            at = at + size if size >= 8 else end
    # Units a second; then, of the track that has a width, its duration; both in two versions.
    found = re.search(rb"mvhd(?:\0.{11}|\x01.{19})(.{4})", header, re.DOTALL)
    tracks = rb"tkhd(?:\0.{19}(.{4}).{52}|\x01.{27}(.{8}).{52})(?!\0{4})"
    track = re.search(tracks, header, re.DOTALL)
    if at > end or not found or not track or not int.from_bytes(found[1]):
        return None
    return 1000 * int.from_bytes(track[1] or track[2]) / int.from_bytes(found[1]) or None


def _decoded(path: Path | str) -> Iterator[tuple[float, np.ndarray | None]]:
    """Yield the time in ms and the frame, uint8 (H, W, 3) RGB, or None for a failed read."""
    with _opened(path) as capture:
        wide, high = (capture.get(p) for p in (cv2.CAP_PROP_SAR_NUM, cv2.CAP_PROP_SAR_DEN))
        if capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180:
            wide, high = high, wide
        size = [int(capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)]
        if size[0] * size[1] > _PIXELS:
            raise InputError(f"{path} has frames of {size[0]}x{size[1]} px; make them smaller.")
        for got in _tries(capture.grab):
            frame = capture.retrieve()[1] if got else None
            if frame is None:
                yield 0, None
                continue
            frame = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            fits = frame.size * wide <= 3 * high * _PIXELS
            if wide != high and wide <= 10 * high and high <= 10 * wide and fits:
                shown = max(round(frame.shape[1] * wide / high), 1), frame.shape[0]
                frame = cv2.resize(frame, shown, interpolation=cv2.INTER_AREA)
            yield capture.get(cv2.CAP_PROP_POS_MSEC), frame


def _read_video(path: Path, times: list[float]) -> _Reading:
    """Yield frames and their numbers, which jump where a frame of these times is lost."""
    n, whole = 0, True
    for time, frame in _decoded(path):
        if frame is not None:
            number = max(n, bisect_right(times, time + 0.5) - 1)
            whole = whole and number == n
            yield number, frame
            n = number + 1
    # A cut without loss may leave times of frames that others needed, but that are gone.
    if len(times) > n + (_REORDERED if whole else 0):
        yield len(times), None


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
        # OpenCV itself drops frames without a word, as those of another size or on a full disk.
        if not self._writer.isOpened():
            why = f"a read-only folder, {fps:g} frames a second, or an OpenCV without VP8"
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
        if error is None and sum(f is not None for _, f in _decoded(self._path)) != self._count:
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
