"""Rendered clips on disk, in Penn Action's own layout: one loader serves both.

    frames/0001/000001.jpg   the pictures
    labels/0001.mat          x, y (T, 13) from 1; visibility; bbox (x1, y1, x2, y2); train 1 or -1; action;
                             pose; dimensions (H, W, T); nframes
    flow/0001.npz            exact flow, see renderer.flow.read_flow
    render.json              with what settings

As in the real files the first joint of a pair is the person's own right one (see tslib.skeletons).
Unlike them, a joint that is hidden has its true place, and places are fractions of a pixel; pose is
"" where tracks drive the figure. The label file is written last: a clip that has one is complete.
Where a file was lost or cut off since, the clip is rendered again. Two runs may fill one folder: a
file appears whole, and the same from both.
"""

import hashlib
import io
import json
import multiprocessing
import os
import platform
import shutil
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat
from tqdm import tqdm

from tslib.datasets.matlab import number, read_mat
from tslib.errors import InputError
from tslib.images import size_of
from tslib.part_flow import packed, read_flow

from . import motion as tracks
from .clip import Settings, render_clip
from .faults import CAMERAS

UNFINISHED = ".unfinished"
MOST = {"clips": 9999, "frames": 10_000}  # names have four digits
CORNER = 0.75  # where the real labels put a joint that was never placed, counted from 1
SMALLEST, LARGEST = 32, 2048  # px


def render(out, clips, seed=0, size=(96, 96), frames=20, workers=1, motion="", camera="usual"):
    """Write clips 1 to `clips` to a folder; those that are there already, and whole, stay.

    out : path; made if it does not exist
    clips, seed, frames, workers : int; size : (W, H) px
    motion : "" for the fifteen activities, or "penn_action:ROOT", "jhmdb:ROOT"; to go on, ROOT may
        have moved but must hold the same tracks
    camera : "usual" or "poor", see faults.CAMERAS

    Returns the number of clips that were rendered now.

    Raises InputError for arguments that cannot be, a folder of other settings, a full disk,
    unusable tracks.
    """
    out = Path(out)
    for name, value, least in (
        ("clips", clips, 1),
        ("seed", seed, 0),
        ("frames", frames, 2),
        ("workers", workers, 1),
    ):
        if value < least:
            raise InputError(f"{name} is {value}, but must be {least} or more.")
        if value > MOST.get(name, value):
            raise InputError(f"{name} is {value}, but must be {MOST[name]} or less.")
    if not all(SMALLEST <= n <= LARGEST for n in size):
        raise InputError(
            f"the size {size[0]}x{size[1]} px must lie between {SMALLEST} and {LARGEST} px each way."
        )
    if camera not in CAMERAS:
        raise InputError(f"there is no camera {camera!r}; choose one of {', '.join(CAMERAS)}.")
    settings = Settings(tuple(size), frames, motion, camera)
    _loaded.clear()  # the tracks may have changed since
    _claim(
        out, seed, settings, _content(motion)
    )  # an unusable motion is found before anything is written
    wanted = [n for n in range(1, clips + 1) if not _complete(out, f"{n:04d}", settings.size)]
    _check_space(out, len(wanted), settings)
    private = _private(out)
    jobs = [(out, private, seed, n, settings) for n in wanted]
    bar = tqdm(total=clips, initial=clips - len(wanted), unit="clip", disable=None)
    try:
        with bar:
            if workers == 1 or len(wanted) < 2:
                for job in jobs:
                    _write(job)
                    bar.update()
            else:
                _share(jobs, min(workers, len(wanted)), bar)
    finally:
        shutil.rmtree(private, ignore_errors=True)
    return len(wanted)


def _share(jobs, workers, bar):
    """Write clips in several processes; InputError where one of them is killed."""
    # spawned, as a forked process would share the state of OpenCV's threads
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _quiet)
    try:
        for done in as_completed([pool.submit(_write, job) for job in jobs]):
            done.result()
            bar.update()
    except BaseException as error:
        # The clips that they are at would only delay the end, and are never seen half.
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        if isinstance(error, BrokenProcessPool):
            raise InputError(
                "a process was killed, probably for memory; the same command goes on with fewer --workers."
            ) from error
        raise
    finally:
        pool.shutdown(cancel_futures=True)


_loaded = {}


def sources_of(motion):
    """The clips whose joints drive the figures: of a data set, where somebody is seen; () for none."""
    if not motion:
        return ()
    if motion not in _loaded:
        name, _, root = motion.partition(":")
        if name not in ("penn_action", "jhmdb") or not root:
            raise InputError(f"motion {motion!r} cannot be; give penn_action:ROOT or jhmdb:ROOT.")
        from importlib import import_module

        clips = import_module(f"tslib.datasets.{name}").load(root)
        _loaded[motion] = [clip for clip in clips if tracks.usable(clip)]
        if not _loaded[motion]:
            raise InputError(
                f"{root} holds no clip with three frames in which eight joints are visible."
            )
    return _loaded[motion]


def _content(motion):
    """What is noted of a motion: the data set, and a hash of all its tracks; "" for none."""
    content = hashlib.sha256()
    for clip in sources_of(motion):
        content.update(repr((clip.action, clip.split, clip.joints.shape)).encode())
        content.update(clip.joints.tobytes() + clip.visible.tobytes())
    return f"{motion.partition(':')[0]}, tracks {content.hexdigest()[:16]}" if motion else ""


def _claim(out, seed, settings, motion):
    """Make the folder and note its settings; InputError where it was made otherwise."""
    private = _private(out)
    now = json.dumps({"seed": seed, **asdict(replace(settings, motion=motion))})
    note = out / "render.json"
    free = not out.exists() or (
        out.is_dir() and all(p.name.startswith(UNFINISHED) for p in out.iterdir())
    )
    if free:
        private.mkdir(parents=True, exist_ok=True)
        part = private / note.name
        part.write_text(now, encoding="utf-8")
        os.replace(part, note)
    if not note.is_file():  # looked for last: another run may have noted it just now
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
    for folder in out.glob(private.name.rpartition("-")[0] + "-*"):
        if _gone(folder.name.rpartition("-")[2]):
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(private, ignore_errors=True)  # of an earlier process with our number
    for folder in (out / "frames", out / "labels", out / "flow", private):
        folder.mkdir(exist_ok=True)


def _private(out):
    """The folder for what this process has not finished: others may render into `out` at the same
    time.
    """
    return out / f"{UNFINISHED}-{platform.node()}-{os.getpid()}"


def _gone(process):
    """Whether no process of this computer has that number, as far as that can be told."""
    if os.name != "posix" or not process.isdecimal():  # elsewhere os.kill ends a process
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    return False


def _complete(out, name, size):
    """Whether the files of a clip are there and whole; its frames, of size (W, H) px, are not
    opened.
    """
    label = out / "labels" / f"{name}.mat"
    try:
        T = int(number(read_mat(label, ["nframes"])["nframes"], f"nframes in {label}"))
        sizes = {size_of(out / "frames" / name / f"{t:06d}.jpg") for t in range(1, T + 1)}
        return sizes == {size} and len(read_flow(out, name)) == T
    except (InputError, OSError):
        return False


def _check_space(out, clips, settings):
    W, H = settings.size
    need = clips * (settings.frames * W * H * 0.75 + 40_000 + 2_000 * settings.frames)
    free = shutil.disk_usage(out).free
    if need > free:
        raise InputError(
            f"{clips} clips need about {need / 1e9:.1f} GB, but the disk of {out} has {free / 1e9:.1f} GB "
            "free; render fewer, shorter or smaller ones."
        )


def _quiet():
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops them
    cv2.setNumThreads(1)


def _write(job):
    """Render one clip and move its files into place, the label last."""
    out, private, seed, number, settings = job
    clip = render_clip(seed, number, settings, sources_of(settings.motion))
    name = f"{number:04d}"
    part = private / name
    part.mkdir()
    for t, frame in enumerate(clip.frames, 1):
        done, jpeg = cv2.imencode(
            ".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, clip.quality]
        )
        if not done:
            raise OSError(f"frame {t} of clip {name} cannot be written as JPEG.")
        (part / f"{t:06d}.jpg").write_bytes(jpeg)
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


def _matlab(variables):
    """The bytes of a .mat file; its header says who wrote it, and not when."""
    stream = io.BytesIO()
    savemat(stream, variables, oned_as="row")
    return b"MATLAB 5.0 MAT-file, by tslib render".ljust(116) + stream.getvalue()[116:]


def labels_of(clip):
    """The variables of a label file for a clip.Rendered."""
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


def command(options) -> str:
    """`render` with the options of the command line."""
    made = render(
        options.output,
        options.clips,
        options.seed,
        options.size,
        options.frames,
        options.workers,
        options.motion,
        options.camera,
    )
    return f"rendered {made} clips; {options.output} holds {options.clips} or more"
