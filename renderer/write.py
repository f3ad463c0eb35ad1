"""Rendered clips on disk, in Penn Action's own layout: one loader serves both.

    frames/0001/000001.jpg   the pictures
    labels/0001.mat          x, y (T, 13) from 1; visibility; bbox (x1, y1, x2, y2); train 1 or -1;
                             action; pose; dimensions (H, W, T); nframes
    flow/0001.npz            exact flow, see tslib.part_flow.read_flow
    render.json              with what settings

As in the real files the first joint of a pair is the person's own right one (see tslib.skeletons).
Unlike them, a joint that is hidden has its true place, and places are fractions of a pixel; pose is
"" where tracks drive the figure. The label file is written last: a clip that has one is complete.
Where a file was lost or cut off since, the clip is rendered again. Two runs may fill one folder: a
file appears whole, and the same from both.
"""

import argparse
import hashlib
import io
import json
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.io import savemat
from tqdm import tqdm

from tslib.clip import Clip
from tslib.datasets import LOADERS
from tslib.datasets.matlab import number, read_mat
from tslib.errors import InputError
from tslib.files import unfinished, write_whole
from tslib.images import size_of
from tslib.part_flow import read_flow

from . import motion as tracks
from .clip import Rendered, Settings, render_clip
from .faults import CAMERAS
from .flow import packed

# The least and the most of what can be asked for; names have four digits.
LIMITS = {"clips": (1, 9999), "seed": (0, np.inf), "frames": (2, 10_000), "workers": (1, np.inf)}
CORNER = 0.75  # where the real labels put a joint that was never placed, counted from 1
SMALLEST, LARGEST = 32, 2048  # px


@dataclass(frozen=True)
class Target:
    """Where clips of a seed go. private : a folder in `out` for what is not finished"""

    out: Path
    private: Path
    seed: int
    settings: Settings


def render(
    out: Path | str,
    clips: int,
    seed: int = 0,
    size: tuple[int, int] = (96, 96),
    frames: int = 20,
    workers: int = 1,
    motion: str = "",
    camera: str = "usual",
) -> int:
    """Write clips 1 to `clips` to a folder; those that are there already, and whole, stay.

    out : made if it does not exist
    size : (W, H) px
    motion : "" for the fifteen activities, or "penn_action:ROOT", "jhmdb:ROOT"; to go on, ROOT may
        have moved but must hold the same tracks
    camera : "usual" or "poor", see faults.CAMERAS

    Returns the number of clips that were rendered now.

    Raises InputError for arguments that cannot be, a folder of other settings, a full disk,
    unusable tracks.
    """
    out = Path(out)
    asked = {"clips": clips, "seed": seed, "frames": frames, "workers": workers}
    for name, (least, most) in LIMITS.items():
        if asked[name] < least:
            raise InputError(f"{name} is {asked[name]}, but must be {least} or more.")
        if asked[name] > most:
            raise InputError(f"{name} is {asked[name]}, but must be {most} or less.")
    if not all(SMALLEST <= n <= LARGEST for n in size):
        raise InputError(
            f"the size {size[0]}x{size[1]} px must lie between {SMALLEST} and {LARGEST} px "
            "each way."
        )
    if camera not in CAMERAS:
        raise InputError(f"there is no camera {camera!r}; choose one of {', '.join(CAMERAS)}.")
    settings = Settings((size[0], size[1]), frames, motion, camera)
    _loaded.clear()  # the tracks may have changed since
    # An unusable motion, or too small a disk, is found before anything is written: a folder that
    # was claimed for nothing would refuse the next command.
    content = _content(motion)
    wanted = [n for n in range(1, clips + 1) if not _complete(out, f"{n:04d}", settings)]
    _check_space(out, len(wanted), settings)
    _claim(out, seed, settings, content)
    bar = tqdm(total=clips, initial=clips - len(wanted), unit="clip", disable=None)
    with bar, unfinished(out / "frames") as private:
        target = Target(out, private, seed, settings)
        if workers == 1 or len(wanted) < 2:
            for n in wanted:
                write_clip(target, n)
                bar.update()
        else:
            _share(target, wanted, min(workers, len(wanted)), bar)
    return len(wanted)


def _share(target: Target, wanted: Sequence[int], workers: int, bar: tqdm) -> None:
    """Write clips in several processes; InputError where one of them is killed."""
    # Spawned, because a forked process would share the state of OpenCV's threads.
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _quiet)
    try:
        with _held_back():
            clips = [pool.submit(write_clip, target, n) for n in wanted]
        for done in as_completed(clips):
            done.result()
            bar.update()
    except BaseException as error:
        # The clips that they are at would only delay the end, and are never seen half.
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        if isinstance(error, BrokenProcessPool):
            raise InputError(
                "a process was killed, probably for memory; the same command goes on with fewer "
                "--workers."
            ) from error
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _held_back() -> Iterator[None]:
    """Ctrl-C comes after the block, and never to the processes that are started in it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield  # Windows
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_loaded: dict[str, list[Clip]] = {}


def sources_of(motion: str) -> Sequence[Clip]:
    """The clips of a data set that can drive the figures; () for none."""
    if not motion:
        return ()
    if motion not in _loaded:
        name, _, root = motion.partition(":")
        if name not in LOADERS or not root:
            raise InputError(f"motion {motion!r} cannot be; give penn_action:ROOT or jhmdb:ROOT.")
        _loaded[motion] = [clip for clip in LOADERS[name].load(root) if tracks.usable(clip)]
        if not _loaded[motion]:
            raise InputError(
                f"{root} holds no clip with three frames in which eight joints are visible."
            )
    return _loaded[motion]


def _content(motion: str) -> str:
    """What is noted of a motion: the data set, and a hash of all its tracks; "" for none."""
    content = hashlib.sha256()
    for clip in sources_of(motion):
        content.update(repr((clip.action, clip.split, clip.joints.shape)).encode())
        content.update(clip.joints.tobytes() + clip.visible.tobytes())
    return f"{motion.partition(':')[0]}, tracks {content.hexdigest()[:16]}" if motion else ""


def _claim(out: Path, seed: int, settings: Settings, motion: str) -> None:
    """Make the folder and note its settings; InputError where it was made otherwise."""
    now = json.dumps({"seed": seed, **asdict(replace(settings, motion=motion))})
    note = out / "render.json"
    if not out.exists() or (out.is_dir() and all(p.name.startswith(".") for p in out.iterdir())):
        out.mkdir(parents=True, exist_ok=True)
        write_whole(note, now.encode())
    # Looked for last, because another run may have noted it just now.
    if not note.is_file():
        raise InputError(f"{out} exists and was not made by this command; give another folder.")
    try:
        then = note.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{note} is damaged; give another folder.") from None
    if then != now:
        raise InputError(
            f"{out} was rendered with other settings, {then} and not {now}; "
            "give those to continue it, or another folder."
        )
    for name in ("frames", "labels", "flow"):
        (out / name).mkdir(exist_ok=True)


def _complete(out: Path, name: str, settings: Settings) -> bool:
    """Whether the files of a clip are there and whole; of its frames the sizes are read."""
    label = out / "labels" / f"{name}.mat"
    try:
        T = int(number(read_mat(label, ["nframes"])["nframes"], f"nframes in {label}"))
        sizes = {size_of(out / "frames" / name / f"{t:06d}.jpg") for t in range(1, T + 1)}
        return sizes == {settings.size} and len(read_flow(out, name)) == T
    except (InputError, OSError):
        return False


def _check_space(out: Path, clips: int, settings: Settings) -> None:
    W, H = settings.size
    need = clips * (settings.frames * W * H * 0.75 + 40_000 + 2_000 * settings.frames)
    place = Path(os.path.realpath(out))
    free = shutil.disk_usage(next(p for p in (place, *place.parents) if p.is_dir())).free
    if need > free:
        raise InputError(
            f"{clips} clips need about {need / 1e6:,.1f} MB, but the disk of {out} has "
            f"{free / 1e6:,.1f} MB free; render fewer, shorter or smaller ones."
        )


def _quiet() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops them, on Windows, too
    cv2.setNumThreads(1)
    # One that is killed does not, and they would wait for its next clip for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # this process is a child
    parent.join()
    os._exit(1)


def write_clip(target: Target, number: int) -> None:
    """Render one clip and move its files into place, the label last."""
    out, private, settings = target.out, target.private, target.settings
    clip = render_clip(target.seed, number, settings, sources_of(settings.motion))
    assert clip.flow is not None  # it was not declined
    name = f"{number:04d}"
    part = private / name
    part.mkdir()
    for t, frame in enumerate(clip.frames, 1):
        bgr, how = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, clip.quality]
        done, jpeg = cv2.imencode(".jpg", bgr, how)
        if not done:
            raise OSError(f"frame {t} of clip {name} cannot be written as JPEG.")
        (part / f"{t:06d}.jpg").write_bytes(jpeg.tobytes())
    flow = private / f"{name}.npz"
    flow.write_bytes(packed(clip.flow))
    label = private / f"{name}.mat"
    label.write_bytes(_matlab(labels_of(clip)))
    (out / "frames" / name).mkdir(exist_ok=True)
    for frame in sorted(part.iterdir()):
        os.replace(frame, out / "frames" / name / frame.name)
    part.rmdir()
    os.replace(flow, out / "flow" / flow.name)
    os.replace(label, out / "labels" / label.name)


def _matlab(variables: dict[str, Any]) -> bytes:
    """The bytes of a .mat file; its header says who wrote it, and not when."""
    stream = io.BytesIO()
    savemat(stream, variables, oned_as="row")
    return b"MATLAB 5.0 MAT-file, by tslib render".ljust(116) + stream.getvalue()[116:]


def labels_of(clip: Rendered) -> dict[str, Any]:
    """The variables of a label file."""
    T, H, W = clip.frames.shape[:3]
    place = np.where(np.isfinite(clip.joints), clip.joints + 1, CORNER)
    return {
        "x": place[..., 0],
        "y": place[..., 1],
        "visibility": clip.visible.astype(np.uint8),
        "bbox": clip.box + 1.0,
        "train": 1 if clip.split == "train" else -1,
        "action": clip.action,
        "pose": clip.pose,
        "dimensions": np.array([[H, W, T]], np.uint16),
        "nframes": T,
    }


def command(options: argparse.Namespace) -> str:
    """`render` with the options of the command line."""
    made = render(
        options.output,
        options.clips,
        seed=options.seed,
        size=options.size,
        frames=options.frames,
        workers=options.workers,
        motion=options.motion,
        camera=options.camera,
    )
    return f"rendered {made} clips; {options.output} holds {options.clips} or more"
