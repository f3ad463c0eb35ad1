"""Clips of a folder as several experiments take them, and where a person is in them."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from tslib.clip import Clip
from tslib.datasets import cvit_sports, jhmdb, youtube_pose
from tslib.errors import InputError
from tslib.skeletons import Skeleton, mapping
from tslib.training.data import by_split, divided, loader_of, read_clips

# Quantiles; from 0.1 to 0.9, raised hands of validation videos were cut off.
_SPREAD = 0.05, 0.95


def clips_in(root: Path | str, skeleton: str | None = None) -> tuple[list[Clip], list[Clip]]:
    """The clips of a folder, to learn from and to test.

    Of YouTube Pose, videos with frames alone: those of its Subset are to test. Where these have
    none, every ninth of the others is, by name. Of CVIT-Sports, which says no split, every second
    sequence, by name.

    InputError where there is none, or its joints are not those of the skeleton, if one is named.
    """
    clips, module = read_clips(root, skeleton), loader_of(root)
    if module is cvit_sports:
        return divided(clips, 2)
    if module is youtube_pose:
        clips = [clip for clip in clips if clip.frames is not None]
        if not clips:
            raise InputError(f"{root} has no video with frames.")
    learn, test = by_split(clips)
    return divided(learn, 9) if module is youtube_pose and not test else (learn, test)


def box_of_joints(joints: np.ndarray) -> np.ndarray:
    """The box (T, 4) px, left, top, width, height, of the known joints (T, K, 2) px of each frame.

    NaN where fewer than two joints are known, or all lie on one upright or level line.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a frame without a joint
        low, high = np.nanmin(joints, 1), np.nanmax(joints, 1)
    box = np.concatenate([low, high - low], -1)
    box[~(high > low).all(-1)] = np.nan
    return box


def still_box(joints: ArrayLike) -> np.ndarray:
    """The box (x, y, w, h) px, float64, of somebody who stays in place, from joints (T, K, 2) px.

    It reaches from the 5th to the 95th percentile of all of them, true or estimated. Joints beyond
    are in the margin of `augment.window_around`.
    """
    points = np.reshape(joints, (-1, 2)).astype(np.float64)
    low, high = np.nanquantile(points, _SPREAD, axis=0)
    return np.concatenate([low, np.maximum(high - low, 1)])


def with_box(clip: Clip, box: ArrayLike) -> Clip:
    """The clip with one box (x, y, w, h) px in all frames."""
    return replace(clip, box=np.tile(np.asarray(box, np.float32), (len(clip), 1)))


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
