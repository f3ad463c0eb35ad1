"""From a file of joints to one of corrected joints."""

import numpy as np

from ..errors import InputError
from . import joints_csv as tracks


def correct_file(joints, corrector, output):
    """Correct the joints in a CSV file, see tslib.video.joints_csv, and write them to another.

    The output has the frames and the scores of the input. A joint that is unknown in some frames is
    given its corrected position there, and keeps its low score; one that is never seen stays
    unknown. Frames that the file leaves out count as time that passes; where it leaves out as many
    as a window holds, what comes after is a track of its own.

    Raises InputError.
    """
    read = tracks.read(joints, corrector.skeleton.joints)
    poses = np.empty_like(read.poses)
    for part in pieces(read.frames, corrector.length):
        numbers = read.frames[part] - read.frames[part.start]
        track = np.full((numbers[-1] + 1, *read.poses.shape[1:]), np.nan)
        track[numbers] = read.poses[part]
        poses[part] = corrector.correct(track)[numbers]
    tracks.write(tracks.Tracks(read.frames, poses, read.score, read.joints), output)


def pieces(frames, length):
    """Slices of ascending frame numbers (T,) between which `length` frames or more are left out."""
    cuts = (np.flatnonzero(np.diff(frames) > length) + 1).tolist()
    return [slice(a, b) for a, b in zip([0, *cuts], [*cuts, len(frames)], strict=True)]


def check_joints(corrector, model, joints, of):
    """InputError where a model corrects other joints than those of `of`."""
    if set(corrector.skeleton.joints) != set(joints):
        raise InputError(
            f"{model} corrects {', '.join(corrector.skeleton.joints)}, but {of} has {', '.join(joints)}; "
            "name a model for these joints."
        )
