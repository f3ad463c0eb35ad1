"""Leeds Sports Pose, extended: 10,000 pictures of one athlete each, with 14 joints.

Layout: ``joints.mat`` with ``joints`` (14, 3, N), and ``images/im00001.jpg`` ... S. Johnson, M.
Everingham, Learning Effective Human Pose Estimation from Inaccurate Annotation, CVPR 2011.

What is done about its quirks:

- its rows are x, y and a flag. A flag of 0 (one joint in eight) means that nobody has annotated the
  joint, and its place is then a filler outside the picture: NaN here, and not visible
- positions count from 1 (MATLAB). A few annotated joints lie beyond the picture's border, and they
  stay there
- the order is that of cvit14, from the right ankle to the head, and sides are the person's own. The
  labels are those of paid strangers: they err by some pixels, and some have the sides exchanged
- there may be labels for more pictures than are there: only pictures that are there become clips
- there is no box. A person's box is that of the annotated joints, and so PCK's unit is its larger
  side; NaN where fewer than two joints are annotated, or all lie on one line
- there is no split. Pictures whose number 6 divides are to test; of the others, those with a
  remainder of 3 are to choose by, see `leeds`
"""

from pathlib import Path

import numpy as np

from tslib.clip import Clip, ImageFiles
from tslib.datasets.matlab import floats, from_zero, read_mat
from tslib.errors import InputError
from tslib.skeletons import SKELETONS
from tslib.training.data import Data

from ..clips import box_of_joints

SKELETON = SKELETONS["cvit14"]
# Of the pictures' numbers, by their remainder.
DIVISOR, TEST, VALIDATION = 6, 0, 3


def load(folder: Path) -> Data:
    """The pictures of a folder that are there, each as a clip of one frame, to learn from, to
    choose by and to test.

    InputError where the labels are missing or damaged, or a part of the three has no picture.
    """
    file = folder / "joints.mat"
    labels = floats(read_mat(file, ["joints"])["joints"], (14, 3, None), f"joints in {file}")
    parts: dict[int, list[Clip]] = {r: [] for r in range(DIVISOR)}
    for n, (x, y, flag) in enumerate(labels.transpose(2, 1, 0), 1):
        picture = folder / "images" / f"im{n:05d}.jpg"
        if picture.is_file():
            joints = from_zero(np.stack([x, y], -1))
            joints[flag == 0] = np.nan
            parts[n % DIVISOR].append(_clip(picture, joints))
    test, validation = parts.pop(TEST), parts.pop(VALIDATION)
    learn = sorted((clip for part in parts.values() for clip in part), key=lambda clip: clip.name)
    if not (learn and validation and test):
        raise InputError(
            f"{folder / 'images'} needs pictures im00001.jpg, ... to learn from, to choose by and "
            f"to test, but has {len(learn)}, {len(validation)} and {len(test)}; copy more there."
        )
    return Data(learn, validation, test, None)


def _clip(picture: Path, joints: np.ndarray) -> Clip:
    """A clip of one frame from joints (14, 2) px, NaN where unknown."""
    test = int(picture.stem.removeprefix("im")) % DIVISOR == TEST
    return Clip(
        picture.stem,
        joints[None],
        np.isfinite(joints[None]).all(-1),
        box_of_joints(joints[None]),
        SKELETON,
        ImageFiles([picture]),
        split="test" if test else "train",
    )
