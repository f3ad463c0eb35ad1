"""Clips of a folder as several experiments take them."""

from dataclasses import replace
from pathlib import Path

from tslib.clip import Clip
from tslib.datasets import jhmdb
from tslib.errors import InputError
from tslib.skeletons import Skeleton, mapping
from tslib.training.data import loader_of


def with_skeleton(clip: Clip, skeleton: Skeleton) -> Clip:
    """The clip with the joints of another skeleton; InputError where it lacks one of them."""
    joints, _ = mapping(clip.skeleton, skeleton)
    if len(joints) < len(skeleton.joints):
        missing = ", ".join(sorted({*skeleton.joints} - {*clip.skeleton.joints}))
        raise InputError(
            f"clip {clip.name!r} has joints of {clip.skeleton.name}, which lacks {missing}."
        )
    return replace(
        clip, joints=clip.joints[:, joints], visible=clip.visible[:, joints], skeleton=skeleton
    )


def is_jhmdb(root: Path | str) -> bool:
    """Whether a folder's clips are read as those of JHMDB."""
    return loader_of(root) is jhmdb
