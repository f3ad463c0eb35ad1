"""CVIT-Sports: 11 sequences of cricket with 1457 frames and 14 joints.

D. Singh, V. Balasubramanian, C. V. Jawahar, Fine-Tuning Human Pose Estimations in Videos, WACV
2016. Its layout is published nowhere, and no copy was at hand: read are the two layouts in which
the code that its authors built on, and the Leeds set with the same 14 joints, keep their labels. A
folder for each sequence, with its images in the order of the numbers at the end of their names, and
one of

``labels.mat`` : ``ptsAll`` (14, 2, T) ``joints.mat`` : ``joints`` (2, 14, T), or (3, 14, T) whose
third row is 1 for a visible joint and 0 for
    another

Positions count from 1. The order of the joints is assumed, see tslib.skeletons. There are as many
images as labels, or none. Nothing says boxes or splits: NaN and "". With another layout, rewrite
the labels as one of these.
"""

from pathlib import Path

import numpy as np

from ..clip import Clip
from ..errors import InputError
from ..skeletons import SKELETONS
from . import attempt, clips_of, frames_of, images_in
from .matlab import known, numbers, read_mat

CVIT = SKELETONS["cvit14"]
BESIDE = {}  # walk names every folder
EXPECTED = (
    "expected is a folder for each sequence with images and labels.mat (ptsAll, 14 x 2 x T) "
    "or joints.mat (joints, 2 x 14 x T)."
)


def find(root):
    """The folder with the sequences: root, or ``cvit_sports_videos`` in it; None where there is
    none.
    """
    for folder in (Path(root), Path(root) / "cvit_sports_videos"):
        if any(folder.glob("[!.]*/labels.mat")) or any(folder.glob("[!.]*/joints.mat")):
            return folder
    return None


def walk(root):
    """Yield Found for each sequence, by name."""
    folder = find(root)
    if folder:
        for sequence in sorted(folder.glob("[!.]*/")):
            yield attempt(sequence.name, _read, sequence)


def load(root):
    """The sequences, by name: a list of Clip. Raises InputError where there is none, or one is
    damaged.
    """
    return clips_of(walk(root), f"{root} holds no CVIT-Sports; {EXPECTED}")


def _read(sequence):
    """Clip and notes of one sequence."""
    if (file := sequence / "labels.mat").is_file():
        points = numbers(read_mat(file, ["ptsAll"])["ptsAll"], (14, 2, None), f"ptsAll in {file}")
        points, visible = points.transpose(2, 0, 1), True
    elif (file := sequence / "joints.mat").is_file():
        points = numbers(
            read_mat(file, ["joints"])["joints"], (None, 14, None), f"joints in {file}"
        )
        if len(points) not in (2, 3):
            raise InputError(f"joints in {file} must have 2 or 3 rows, but has {len(points)}.")
        points, visible = (
            points[:2].transpose(2, 1, 0),
            points[2].T > 0 if len(points) == 3 else True,
        )
    else:
        raise InputError(f"{sequence} holds no labels; {EXPECTED}")
    joints = known(points - 1)
    T = len(joints)
    ends = sorted(images_in(sequence))
    if ends and len(ends) != T:
        raise InputError(f"{sequence} has {len(ends)} images for {T} labels; {EXPECTED}")
    frames, size, notes = frames_of(sequence, ends or range(1, T + 1), "{:06d}.jpg")
    visible = visible & ~np.isnan(joints[..., 0])
    box = np.full((T, 4), np.nan, np.float32)
    return Clip(sequence.name, joints, visible, box, CVIT, frames, "", "", size), notes
