"""From a file of joints to one of corrected joints."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..correction.corrector import WINDOW_BATCH, Corrector
from ..correction.windows import filled, starts
from ..errors import InputError
from ..files import replacing
from .joints_csv import JointsTable, Tracks, write_header, write_rows


def correct_file(joints: Path | str, corrector: Corrector, output: Path | str) -> None:
    """Correct the joints in a CSV file, see tslib.video.joints_csv, and write them to another.

    The output has the frames and the scores of the input. A joint that is unknown in some frames is
    given its corrected position there, and keeps its low score; one that is never seen stays
    unknown. Frames that the file leaves out count as time that passes. Where it leaves out as many
    as a window holds, what comes after is a track of its own. Raises InputError.
    """
    with (
        replacing(output) as whole,
        JointsTable(joints, corrector.skeleton.joints) as table,
        open(whole, "w", encoding="utf-8", newline="") as file,
    ):
        write_header(file)
        for part in pieces(table.frames, corrector.length):
            for poses, read in _corrected(table, corrector, table.frames[part]):
                for frame, pose, score in zip(read.frames, poses, read.score, strict=True):
                    write_rows(file, frame, table.joints, (pose, score))


def _corrected(
    table: JointsTable, corrector: Corrector, frames: np.ndarray
) -> Iterator[tuple[np.ndarray, Tracks]]:
    """Yield poses, corrected as one track, and what was read of their frames, a part at a time.

    A part ends where the next batch of windows begins, so nothing differs from all at once.
    """
    origin, T, length = frames[0].item(), int(frames[-1] - frames[0]) + 1, corrector.length
    firsts = starts(T, length, corrector.stride)
    total, count = np.zeros((0, len(table.joints), 2)), np.zeros((0, 1, 1))
    for n in range(0, len(firsts), WINDOW_BATCH):
        windows = firsts[n : n + WINDOW_BATCH].tolist()
        begin, end = windows[0], min(windows[-1] + length, T)
        following = [*firsts[n + WINDOW_BATCH :][:1].tolist(), T][0]
        # Where the gaps at both ends lead to, as well.
        ends = origin, origin + T - 1
        read = table.tracks(origin + begin, origin + end - 1, within=ends)
        numbers = np.union1d(read.frames, origin + np.arange(begin, end))
        track = np.full((len(numbers), *total.shape[1:]), np.nan)
        track[np.isin(numbers, read.frames)] = read.poses
        here = (numbers >= origin + begin) & (numbers < origin + end)
        track = filled(track, numbers)[here]
        total, count = (
            np.concatenate([a, np.zeros((end - begin - len(a), *a.shape[1:]))])
            for a in (total, count)
        )
        for first, change in zip(windows, corrector.changes(track), strict=True):
            total[first - begin :][:length] += change[: T - first]
            count[first - begin :][:length] += 1
        done = following - begin
        part = table.tracks(origin + begin, origin + following - 1)
        poses = track[:done] + total[:done] / count[:done]
        yield poses[part.frames - origin - begin], part
        total, count = total[done:], count[done:]


def pieces(frames: np.ndarray, length: int) -> list[slice]:
    """Slices of ascending frame numbers (T,) between which `length` frames or more are left out."""
    cuts = (np.flatnonzero(np.diff(frames) > length) + 1).tolist()
    return [slice(a, b) for a, b in zip([0, *cuts], [*cuts, len(frames)], strict=True)]


def check_joints(corrector: Corrector, model: Path | str, joints: Sequence[str]) -> None:
    """InputError where the corrector in a file, model, is for other joints than the detector's."""
    if set(corrector.skeleton.joints) != set(joints):
        raise InputError(
            f"{model} corrects {', '.join(corrector.skeleton.joints)}, but the detector has "
            f"{', '.join(joints)}; name a model for these joints."
        )
