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

from dataclasses import dataclass

import numpy as np

from .errors import InputError

_ARMS = """
    left_shoulder-left_elbow left_elbow-left_wrist right_shoulder-right_elbow right_elbow-right_wrist"""
_LEGS = """
    left_hip-left_knee left_knee-left_ankle right_hip-right_knee right_knee-right_ankle"""

GROUPS = (
    "head",
    "shoulder",
    "elbow",
    "wrist",
    "hip",
    "knee",
    "ankle",
)  # the columns of Paper A's tables
_HEAD = {"head", "face", "nose", "left_eye", "right_eye", "left_ear", "right_ear"}


@dataclass(frozen=True)
class Skeleton:
    """Joints in the order in which arrays hold them, and the limbs that connect them.

    name : str
    joints : tuple of K names; sides are the person's own, spelled ``left_`` and ``right_``
    limbs : tuple of (name, name)
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[str, str], ...]

    @property
    def edges(self):
        """The limbs as pairs of joint numbers: a list of (int, int)."""
        return [(self.joints.index(a), self.joints.index(b)) for a, b in self.limbs]

    @property
    def mirror_pairs(self):
        """(left, right) joint numbers of every joint that has two sides: a list of (int, int)."""
        return [
            (k, self.joints.index(name.replace("left_", "right_")))
            for k, name in enumerate(self.joints)
            if name.startswith("left_") and name.replace("left_", "right_") in self.joints
        ]

    @property
    def mirrored(self):
        """Which joint each one is in a mirror, where left is right: int64 (K,)."""
        order = np.arange(len(self.joints))
        for left, right in self.mirror_pairs:
            order[[left, right]] = right, left
        return order

    @property
    def groups(self):
        """Joint numbers of each of Paper A's columns, {"head": [0], "shoulder": [1, 2], ...}.

        Neck and belly belong to none of them; a group without joints is left out.
        """
        groups = {g: [] for g in GROUPS}
        for k, name in enumerate(self.joints):
            part = "head" if name in _HEAD else name.removeprefix("left_").removeprefix("right_")
            if part in groups:
                groups[part].append(k)
        return {g: ks for g, ks in groups.items() if ks}

    def with_joints(self, joints):
        """The same skeleton with some of its joints, in another order; limbs keep both ends or go."""
        return Skeleton(
            self.name, tuple(joints), tuple(l for l in self.limbs if set(l) <= set(joints))
        )


def _skeleton(name, joints, limbs):
    return Skeleton(name, tuple(joints.split()), tuple(tuple(l.split("-")) for l in limbs.split()))


SKELETONS = {
    s.name: s
    for s in (
        _skeleton(
            "coco17",
            "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow "
            "left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle",
            "nose-left_eye nose-right_eye left_eye-left_ear right_eye-right_ear left_shoulder-right_shoulder "
            "left_shoulder-left_hip right_shoulder-right_hip left_hip-right_hip" + _ARMS + _LEGS,
        ),
        _skeleton(
            "cvit14",
            "right_ankle right_knee right_hip left_hip left_knee left_ankle right_wrist right_elbow "
            "right_shoulder left_shoulder left_elbow left_wrist neck head",
            "neck-head neck-left_shoulder neck-right_shoulder left_shoulder-left_hip right_shoulder-right_hip"
            + _ARMS
            + _LEGS,
        ),
        _skeleton(
            "jhmdb15",
            "neck belly face right_shoulder left_shoulder right_hip left_hip right_elbow left_elbow "
            "right_knee left_knee right_wrist left_wrist right_ankle left_ankle",
            "neck-face neck-belly neck-left_shoulder neck-right_shoulder belly-left_hip belly-right_hip"
            + _ARMS
            + _LEGS,
        ),
        _skeleton(
            "penn13",
            "head right_shoulder left_shoulder right_elbow left_elbow right_wrist left_wrist "
            "right_hip left_hip right_knee left_knee right_ankle left_ankle",
            "head-left_shoulder head-right_shoulder left_shoulder-left_hip right_shoulder-right_hip"
            + _ARMS
            + _LEGS,
        ),
        _skeleton(
            "youtube7",
            "head right_wrist left_wrist right_elbow left_elbow right_shoulder left_shoulder",
            "head-left_shoulder head-right_shoulder" + _ARMS,
        ),
    )
}


def skeleton_named(name):
    """The table's entry of that name; InputError lists the names where there is none."""
    if name not in SKELETONS:
        raise InputError(f"there is no skeleton {name!r}; the table has {', '.join(SKELETONS)}.")
    return SKELETONS[name]


def mapping(a, b):
    """Numbers of the joints that two skeletons share: (in_a, in_b), two int64 arrays in b's order.

    ``poses_a[:, in_a]`` and ``poses_b[:, in_b]`` then hold the same joints.
    """
    shared = [name for name in b.joints if name in a.joints]
    return tuple(np.array([s.joints.index(name) for name in shared], np.int64) for s in (a, b))
