"""Springs between the joints of one body: their statistics, their file, their size on a heat-map.

Lengths are in units of the body, the larger side of the box around its joints, so that one file
fits every person and crop (Paper A, Sec. 3.3: the quadratic deformation d, here as rest offset and
stiffness).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike

from ..crop import Crop
from ..errors import InputError
from ..files import read_toml, write_whole
from ..skeletons import Skeleton
from .detector import SEEN
from .joints_csv import read_rows, values_of
from .toml_tables import Rule, are_numbers, check_table

_STRENGTH = 0.1  # beside maps in [0, 1]; stronger springs hurt
_FEWEST = 10  # poses behind a limb's statistics
_SURENESS = 1e-4  # least variance: no statistics are surer than a hundredth of the body
# Beyond these a file is wrong.
_SOFTEST, _STIFFEST, _LONGEST = 1e-6, 1e6, 2.0
_RULES: dict[str, Rule] = {
    "joints": (lambda v: isinstance(v, list) and [type(n) for n in v] == [str, str], "two names"),
    "rest": (
        lambda v: are_numbers(v, 2, -_LONGEST, _LONGEST),
        f"[x, y] within {_LONGEST:g} bodies",
    ),
    "stiffness": (
        lambda v: are_numbers(v, 2, _SOFTEST, _STIFFEST),
        f"[x, y] from {_SOFTEST:g} to {_STIFFEST:g}",
    ),
}


@dataclass(frozen=True)
class Spring:
    """A spring between two joints.

    joints : (a, b), names, or numbers once they are `numbered`
    rest : (x, y), where b is relaxed as seen from a, in body sizes
    stiffness : (x, y), positive, score per body size squared
    """

    joints: tuple[str | int, ...]
    rest: tuple[float, ...]
    stiffness: tuple[float, ...]


def fit_springs(
    poses: ArrayLike, skeleton: Skeleton, visible: ArrayLike | None = None, arms: bool = False
) -> list[Spring]:
    """Springs of a skeleton's limbs from poses: mean offset, and stiffness = 0.1 / (2 variance).

    poses : (N, K, 2) px or any unit, x first, in the skeleton's order; NaN where unknown
    visible : (N, K) bool, optional
    arms : False leaves out limbs with an elbow or a wrist, because an arm's rest offset says
        "hangs down", which is wrong for raised ones

    Limbs between the two sides of the body are left out: seen from both sides their mean offset is
    zero, and such a spring pulls the sides together. So are limbs seen in fewer than 10 poses.
    The springs are by names. Raises InputError where no limb remains.
    """
    points, K = np.array(poses, np.float64), len(skeleton.joints)
    if points.ndim != 3 or points.shape[1:] != (K, 2):
        raise ValueError(f"poses must have shape (N, {K}, 2), but have {points.shape}.")
    if visible is not None:
        points[~np.asarray(visible, bool)] = np.nan
    points = points[np.isfinite(points).all(-1).sum(1) >= 2]
    body = (np.nanmax(points, 1) - np.nanmin(points, 1)).max(-1) if len(points) else np.empty(0)
    points, body = points[body > 0], body[body > 0]
    springs = []
    for a, b in skeleton.edges:
        names = skeleton.joints[a], skeleton.joints[b]
        an_arm = any(name.endswith(("elbow", "wrist")) for name in names)
        offset = (points[:, b] - points[:, a]) / body[:, None]
        offset = offset[np.isfinite(offset).all(-1)]
        if (a, b) in skeleton.mirror_pairs or (an_arm and not arms) or len(offset) < _FEWEST:
            continue
        stiffness = _STRENGTH / (2 * np.maximum(offset.var(0), _SURENESS))
        springs.append(Spring(names, tuple(offset.mean(0).tolist()), tuple(stiffness.tolist())))
    if not springs:
        raise InputError(
            f"no limb of {skeleton.name} is seen in {_FEWEST} poses or more; give more joints."
        )
    return springs


def in_cells(springs: Sequence[Spring], crop: Crop) -> tuple[torch.Tensor, ...]:
    """The messages that springs by joint numbers send on a crop's heat-map, one each way.

    Returns sender (2S,) and receiver (2S,) int64 joint numbers, stiffness (2S, 2) per cell squared
    and rest (2S, 2) cells, sender - receiver, as distance_transform takes them.
    """
    a, b = torch.tensor([s.joints for s in springs]).T
    # In a turned crop the stiffnesses in x and y mix; what pulls across the two is left out.
    axes, unit = torch.from_numpy(crop.axes()).float().T, crop.body / crop.cell
    rest = torch.tensor([s.rest for s in springs]).float() @ axes * unit
    stiffness = torch.tensor([s.stiffness for s in springs]).float() @ axes**2 / unit**2
    return torch.cat([a, b]), torch.cat([b, a]), stiffness.repeat(2, 1), torch.cat([-rest, rest])


def numbered(springs: Sequence[Spring], skeleton: Skeleton) -> list[Spring]:
    """The same springs by joint numbers; InputError for a joint that the skeleton lacks."""
    for name in (name for spring in springs for name in spring.joints):
        if name not in skeleton.joints:
            raise InputError(f"a spring holds {name!r}, which is none of the detector's joints.")
    return [replace(s, joints=tuple(map(skeleton.joints.index, s.joints))) for s in springs]


def save_springs(springs: Sequence[Spring], path: Path | str) -> None:
    """Write springs by names to a TOML file, replaced in one step. Raises InputError."""
    text = "# Springs between joints; rest (b seen from a) and stiffness "
    text += "in units of the body, x first."
    for s in springs:
        text += f"\n\n[[spring]]\njoints = {json.dumps(s.joints)}"
        for key, (x, y) in (("rest", s.rest), ("stiffness", s.stiffness)):
            text += f"\n{key} = [{x:.6g}, {y:.6g}]"
    write_whole(path, f"{text}\n".encode())


def load_springs(path: Path | str) -> list[Spring]:
    """Springs by names from a TOML file; InputError says what is wrong with it."""
    missing = f"there is no springs file {path}; `python -m tslib springs` makes one."
    content = read_toml(path, missing)
    entries = content.get("spring")
    if set(content) != {"spring"} or not isinstance(entries, list) or not entries:
        raise InputError(f"{path} must hold [[spring]] tables and nothing else.")
    springs = []
    for n, entry in enumerate(entries, 1):
        check_table(entry, f"spring {n} in {path}", _RULES)
        joints, rest, stiffness = (tuple(entry[key]) for key in _RULES)
        if joints[0] == joints[1]:
            raise InputError(f"spring {n} in {path} joins {joints[0]!r} to itself.")
        springs.append(Spring(joints, tuple(map(float, rest)), tuple(map(float, stiffness))))
    return springs


def read_joints(path: Path | str, skeleton: Skeleton) -> np.ndarray:
    """Poses (N, K, 2) px from a CSV file of joints, in the skeleton's order; NaN where not seen.

    Other joints are ignored. Raises InputError.
    """
    poses: dict[str, np.ndarray] = {}
    for place, row in read_rows(path):
        pose = poses.setdefault(row["frame"], np.full((len(skeleton.joints), 2), np.nan))
        if row["joint"] in skeleton.joints and row["x"] and row["y"]:
            x, y, score = values_of(row, place)
            if score >= SEEN:
                pose[skeleton.joints.index(row["joint"])] = x, y
    return np.array(list(poses.values()))
