"""Names and limbs of the skeletons: one table. Between skeletons joints are matched by name.

Left and right are the person's own sides everywhere. What is known of each data set:

jhmdb15, youtube7, coco17 : their authors state it, and their frames show it.
penn13 : the first of each pair is said to be the left one, but it lies where the person's right is,
    and is called so here. Take the frames of 474 label files that show both shoulders and both
    hips: the first ones lie left of the second ones in the picture in 98 % where the clip's `pose`
    is "front", in 12 % where it is "back".
cvit14 : CVIT-Sports states 14 key points and no order. Assumed is that of the PARSE and Leeds sets,
    which its authors' code (after Yang and Ramanan) uses: from the right ankle to the head.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .errors import InputError

# The columns of Paper A's tables.
GROUPS = "head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"
_HEAD = {"head", "face", "nose", "left_eye", "right_eye", "left_ear", "right_ear"}


@dataclass(frozen=True)
class Skeleton:
    """Joints in the order in which arrays hold them, and the limbs that connect them.

    joints : K names; sides are the person's own, spelled ``left_`` and ``right_``
    limbs : pairs of names
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[str, str], ...]

    @property
    def edges(self) -> list[tuple[int, int]]:
        """The limbs as pairs of joint numbers."""
        return [(self.joints.index(a), self.joints.index(b)) for a, b in self.limbs]

    @property
    def mirror_pairs(self) -> list[tuple[int, int]]:
        """(left, right) joint numbers of every joint that has two sides."""
        return [
            (k, self.joints.index(name.replace("left_", "right_")))
            for k, name in enumerate(self.joints)
            if name.startswith("left_") and name.replace("left_", "right_") in self.joints
        ]

    @property
    def mirrored(self) -> np.ndarray:
        """Which joint each one is in a mirror, where left is right: int64 (K,)."""
        order = np.arange(len(self.joints))
        for left, right in self.mirror_pairs:
            order[[left, right]] = right, left
        return order

    @property
    def groups(self) -> dict[str, list[int]]:
        """Joint numbers of each of Paper A's columns, {"head": [0], "shoulder": [1, 2], ...}.

        Neck and belly belong to none of them; a group without joints is left out.
        """
        groups: dict[str, list[int]] = {g: [] for g in GROUPS}
        for k, name in enumerate(self.joints):
            part = "head" if name in _HEAD else name.removeprefix("left_").removeprefix("right_")
            if part in groups:
                groups[part].append(k)
        return {g: ks for g, ks in groups.items() if ks}

    def with_joints(self, joints: Iterable[str]) -> "Skeleton":
        """The same skeleton with some joints, in this order, and the limbs that keep both ends.

        ValueError where one is unknown or named twice.
        """
        joints = tuple(joints)
        if len(joints) != len({*joints} & {*self.joints}):
            raise ValueError(f"{self.name} has other joints")
        return Skeleton(self.name, joints, tuple(l for l in self.limbs if {*l} <= {*joints}))


def _skeleton(name: str, joints: str, chains: str) -> Skeleton:
    """A Skeleton of chains such as "neck-*shoulder": * is the left side, then the right one."""
    limbs: list[tuple[str, str]] = []
    for chain in chains.split():
        for side in ("left_", "right_") if "*" in chain else ("",):
            limbs += pairwise(chain.replace("*", side).split("-"))
    return Skeleton(name, tuple(joints.split()), tuple(limbs))


_ARMS, _LEGS = "*shoulder-*elbow-*wrist", "*hip-*knee-*ankle"
_TABLE = [
    _skeleton(
        "coco17",
        "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder "
        "left_elbow right_elbow left_wrist right_wrist left_hip right_hip "
        "left_knee right_knee left_ankle right_ankle",
        "nose-*eye *eye-*ear left_shoulder-right_shoulder *shoulder-*hip left_hip-right_hip "
        f"{_ARMS} {_LEGS}",
    ),
    _skeleton(
        "cvit14",
        "right_ankle right_knee right_hip left_hip left_knee left_ankle right_wrist right_elbow "
        "right_shoulder left_shoulder left_elbow left_wrist neck head",
        f"neck-head neck-*shoulder *shoulder-*hip {_ARMS} {_LEGS}",
    ),
    _skeleton(
        "jhmdb15",
        "neck belly face right_shoulder left_shoulder right_hip left_hip right_elbow left_elbow "
        "right_knee left_knee right_wrist left_wrist right_ankle left_ankle",
        f"neck-face neck-belly neck-*shoulder belly-*hip {_ARMS} {_LEGS}",
    ),
    _skeleton(
        "penn13",
        "head right_shoulder left_shoulder right_elbow left_elbow right_wrist left_wrist "
        "right_hip left_hip right_knee left_knee right_ankle left_ankle",
        f"head-*shoulder *shoulder-*hip {_ARMS} {_LEGS}",
    ),
    _skeleton(
        "youtube7",
        "head right_wrist left_wrist right_elbow left_elbow right_shoulder left_shoulder",
        f"head-*shoulder {_ARMS}",
    ),
]
SKELETONS = {skeleton.name: skeleton for skeleton in _TABLE}


def skeleton_named(name: str) -> Skeleton:
    """The table's entry of that name; InputError lists the names where there is none."""
    if name not in SKELETONS:
        raise InputError(f"there is no skeleton {name!r}; the table has {', '.join(SKELETONS)}.")
    return SKELETONS[name]


def mapping(a: Skeleton, b: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """Numbers, in b's order, with which ``poses_a[:, in_a]`` and ``poses_b[:, in_b]`` hold the
    joints that both have: (in_a, in_b), int64."""
    shared = [name for name in b.joints if name in a.joints]
    in_a, in_b = (np.array([s.joints.index(name) for name in shared], np.int64) for s in (a, b))
    return in_a, in_b
