"""From a file of joints to one of corrected joints."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..correction import Corrector
from ..errors import InputError
from .joints_csv import Tracks, read_tracks, write_tracks


def correct_file(joints: Path | str, corrector: Corrector, output: Path | str) -> None:
    """Correct the joints in a CSV file, see tslib.video.joints_csv, and write them to another.

    The output has the frames and the scores of the input. A joint that is unknown in some frames is
    given its corrected position there, and keeps its low score; one that is never seen stays
    unknown. Frames that the file leaves out count as time that passes. Where it leaves out as many
    as a window holds, what comes after is a track of its own. Raises InputError.
    """
    read = read_tracks(joints, corrector.skeleton.joints)
    poses = np.empty_like(read.poses)
    for part in pieces(read.frames, corrector.length):
        numbers = read.frames[part] - read.frames[part.start]
        track = np.full((numbers[-1] + 1, *read.poses.shape[1:]), np.nan)
        track[numbers] = read.poses[part]
        poses[part] = corrector.correct(track)[numbers]
    write_tracks(Tracks(read.frames, poses, read.score, read.joints), output)


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
