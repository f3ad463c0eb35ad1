"""CVIT-Sports: 11 sequences of cricket with 1457 frames and 14 joints.

D. Singh, V. Balasubramanian, C. V. Jawahar, Fine-Tuning Human Pose Estimations in Videos, WACV
2016. Its layout is published nowhere, and no copy was at hand: read are the two layouts in which
the code that its authors built on, and the Leeds set with the same 14 joints, keep their labels. A
folder for each sequence, with its images in the order of the numbers at the end of their names, and
one of

- ``labels.mat``: ``ptsAll`` (14, 2, T)
- ``joints.mat``: ``joints`` (2, 14, T), or (3, 14, T) whose third row is 1 for a visible joint and
  0 for another

Positions count from 1. The order of the joints is assumed, see tslib.skeletons. There are as many
images as labels, or none. Nothing says boxes or splits: NaN and "". With another layout, rewrite
the labels as one of these.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from ...clip import Clip
from ...errors import InputError
from ...skeletons import SKELETONS
from ..matlab import floats, from_zero, read_mat
from . import Loader, ReadClip, frames_of, images_in

_EXPECTED = (
    "expected is a folder for each sequence with images and labels.mat (ptsAll, 14 x 2 x T) "
    "or joints.mat (joints, 2 x 14 x T)."
)


class CvitSports(Loader):
    """The loader of CVIT-Sports; a clip for each sequence."""

    name, archive = "cvit_sports", "cvit_sports_videos"
    signs = "[!.]*/labels.mat", "[!.]*/joints.mat"
    expected = f"CVIT-Sports; {_EXPECTED}"

    def _entries(self, folder: Path) -> Iterator[tuple[str, ReadClip]]:
        for sequence in sorted(folder.glob("[!.]*/")):
            yield sequence.name, partial(_read, sequence)


def _read(sequence: Path) -> tuple[Clip, list[str]]:
    if (file := sequence / "labels.mat").is_file():
        points = floats(read_mat(file, ["ptsAll"])["ptsAll"], (14, 2, None), f"ptsAll in {file}")
        points = points.transpose(1, 0, 2)
    elif (file := sequence / "joints.mat").is_file():
        points = floats(read_mat(file, ["joints"])["joints"], (None, 14, None), f"joints in {file}")
        if len(points) not in (2, 3):
            raise InputError(f"joints in {file} must have 2 or 3 rows, but has {len(points)}.")
    else:
        raise InputError(f"{sequence} holds no labels; {_EXPECTED}")
    joints = from_zero(points[:2].transpose(2, 1, 0))
    visible = ~np.isnan(joints[..., 0])
    if len(points) == 3:
        visible &= points[2].T > 0
    T = len(joints)
    ends = sorted(images_in(sequence))
    if ends and len(ends) != T:
        raise InputError(f"{sequence} has {len(ends)} images for {T} labels; {_EXPECTED}")
    frames, size, notes = frames_of(sequence, ends or range(1, T + 1), "{:06d}.jpg")
    box = np.full((T, 4), np.nan, np.float32)
    skeleton = SKELETONS["cvit14"]
    return Clip(sequence.name, joints, visible, box, skeleton, frames, size=size), notes


cvit_sports = CvitSports()
