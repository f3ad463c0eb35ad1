"""Springs between the joints of one body: their statistics, their file, their size on a heat-map.

Lengths are in units of the body, the larger side of the box around its joints, so that one file
fits every person and crop (Paper A, Sec. 3.3: the quadratic deformation d, here as rest offset and
stiffness).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..errors import InputError
from ..files import read_toml, write_whole
from ..skeletons import Skeleton
from .detector import SEEN
from .joints_csv import numbers, read_rows

STRENGTH = 0.1  # beside maps in [0, 1]; stronger springs hurt
FEWEST = 10  # poses behind a limb's statistics
SOFTEST, STIFFEST, LONGEST = 1e-6, 1e6, 2.0  # beyond them a file is wrong; 2 bodies of rest offset


@dataclass(frozen=True)
class Spring:
    """A spring between two joints.

    joints : (a, b), names or numbers
    rest : (x, y), where b is relaxed as seen from a, in body sizes
    stiffness : (x, y), positive, score per body size squared
    """

    joints: tuple
    rest: tuple[float, float]
    stiffness: tuple[float, float]


def fit(poses, skeleton, visible=None, arms=False):
    """Springs of a skeleton's limbs from poses: mean offset, and stiffness = 0.1 / (2 variance).

    poses : (N, K, 2) px or any unit, x first, in the skeleton's order; NaN where unknown
    visible : (N, K) bool, optional
    arms : bool; False leaves out limbs with an elbow or a wrist, for an arm's rest offset says
        "hangs down", which is wrong for raised ones

    Limbs between the two sides of the body are left out: seen from both sides their mean offset is
    zero, and such a spring pulls the sides together. So are limbs seen in fewer than 10 poses.
    Returns a list of Spring by names. Raises InputError where no limb remains.
    """
    poses = np.array(poses, np.float64)
    if poses.ndim != 3 or poses.shape[1:] != (len(skeleton.joints), 2):
        raise ValueError(
            f"poses must have shape (N, {len(skeleton.joints)}, 2), but have {poses.shape}."
        )
    if visible is not None:
        poses[~np.asarray(visible, bool)] = np.nan
    poses = poses[np.isfinite(poses).all(-1).sum(1) >= 2]
    body = (np.nanmax(poses, 1) - np.nanmin(poses, 1)).max(-1) if len(poses) else np.empty(0)
    poses, body = poses[body > 0], body[body > 0]
    springs = []
    for a, b in skeleton.edges:
        names = skeleton.joints[a], skeleton.joints[b]
        offset = (poses[:, b] - poses[:, a]) / body[:, None]
        offset = offset[np.isfinite(offset).all(-1)]
        an_arm = any(name.endswith(("elbow", "wrist")) for name in names)
        if (a, b) in skeleton.mirror_pairs or (an_arm and not arms) or len(offset) < FEWEST:
            continue
        variance = np.maximum(
            offset.var(0), 1e-4
        )  # a hundredth of the body: no statistics are surer
        stiffness = STRENGTH / (2 * variance)
        springs.append(Spring(names, tuple(offset.mean(0).tolist()), tuple(stiffness.tolist())))
    if not springs:
        raise InputError(
            f"no limb of {skeleton.name} is seen in {FEWEST} poses or more; give more joints."
        )
    return springs


def in_cells(springs, crop):
    """The messages that springs by joint numbers send on a crop's heat-map, one each way.

    Returns sender (2S,) and receiver (2S,) int64 joint numbers, stiffness (2S, 2) per cell squared
    and rest (2S, 2) cells, sender - receiver, as distance_transform takes them; all torch tensors.
    """
    a, b = torch.tensor([s.joints for s in springs]).T
    rest = torch.tensor([s.rest for s in springs]) * (crop.body / crop.cell)
    stiffness = torch.tensor([s.stiffness for s in springs]) * (crop.cell / crop.body) ** 2
    return torch.cat([a, b]), torch.cat([b, a]), stiffness.repeat(2, 1), torch.cat([-rest, rest])


def numbered(springs, skeleton):
    """The same springs with a skeleton's joint numbers for names; InputError for a joint it lacks."""
    for spring in springs:
        for name in spring.joints:
            if name not in skeleton.joints:
                raise InputError(
                    f"a spring holds {name!r}, which is none of the detector's joints."
                )
    return [
        Spring(tuple(map(skeleton.joints.index, s.joints)), s.rest, s.stiffness) for s in springs
    ]


def save(springs, path):
    """Write springs by names to a TOML file, which is replaced in one step; InputError where it
    cannot be.
    """
    path = Path(path)
    if path.is_dir() or not path.parent.is_dir():
        wrong = f"{path} is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise InputError(f"{wrong}; name a file in a folder that exists.")
    lines = [
        "# Springs between joints; rest (b seen from a) and stiffness in units of the body, x first."
    ]
    for s in springs:
        lines += ["", "[[spring]]", f"joints = {json.dumps(s.joints)}"]
        for key, (x, y) in (("rest", s.rest), ("stiffness", s.stiffness)):
            lines.append(f"{key} = [{x:.6g}, {y:.6g}]")
    write_whole(path, ("\n".join(lines) + "\n").encode())


def load(path):
    """Springs by names from a TOML file; InputError says what is wrong with it."""
    content = read_toml(
        path, f"there is no springs file {path}; `python -m tslib springs` makes one."
    )
    entries = content.get("spring")
    if set(content) != {"spring"} or not isinstance(entries, list) or not entries:
        raise InputError(f"{path} must hold [[spring]] tables and nothing else.")
    springs = []
    for n, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or set(entry) != {"joints", "rest", "stiffness"}:
            raise InputError(
                f"spring {n} in {path} must have joints, rest and stiffness, and nothing else."
            )
        joints, rest, stiffness = entry["joints"], entry["rest"], entry["stiffness"]
        if not (
            isinstance(joints, list)
            and len(joints) == 2
            and all(isinstance(j, str) for j in joints)
        ):
            raise InputError(
                f"joints of spring {n} in {path} must be two names, but they are {joints!r}."
            )
        if joints[0] == joints[1]:
            raise InputError(f"spring {n} in {path} joins {joints[0]!r} to itself.")
        if not (_pair(rest, -LONGEST, LONGEST) and _pair(stiffness, SOFTEST, STIFFEST)):
            raise InputError(
                f"rest and stiffness of spring {n} in {path} must be [x, y], rest within {LONGEST:g} bodies "
                f"and stiffness from {SOFTEST:g} to {STIFFEST:g}."
            )
        springs.append(Spring(tuple(joints), tuple(map(float, rest)), tuple(map(float, stiffness))))
    return springs


def _pair(value, low, high):
    """Whether a TOML value is a list of two numbers from low to high."""
    numbers = (
        isinstance(value, list) and len(value) == 2 and all(type(v) in (int, float) for v in value)
    )
    return numbers and all(low <= v <= high for v in value)


def read_joints(path, skeleton: Skeleton):
    """Poses (N, K, 2) px from a CSV file as predict writes it, in the skeleton's order; NaN where
    not seen.

    Columns frame, joint, x, y, score. Other joints are ignored. Raises InputError.
    """
    poses = {}
    for line, row in read_rows(path):
        pose = poses.setdefault(row["frame"], np.full((len(skeleton.joints), 2), np.nan))
        if row["joint"] not in skeleton.joints or not row["x"] or not row["y"]:
            continue
        x, y, score = numbers(row, line, path)
        if score >= SEEN:
            pose[skeleton.joints.index(row["joint"])] = x, y
    return np.array(list(poses.values()))
