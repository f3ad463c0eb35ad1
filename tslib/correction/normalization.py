"""Poses of a window without place and size: what the networks of this package see.

Both are read off the *input*, the estimates, so that no true pose decides what a network is given.
They move, turn, grow and flip with the person.
"""

import numpy as np

from ..skeletons import Skeleton

UNITS = ("shoulders", "body")
# Shoulders that are not seen are taken for a quarter of the body wide. Those narrower than an
# eighth are seen from the side, or are wrong.
_USUAL, _NARROWEST = 0.25, 0.125
_SMALLEST = 1.0  # px
_ROUNDS = 20  # of the spatial median; more move it by less than the joints shake


def place(
    poses: np.ndarray, skeleton: Skeleton, unit: str = "shoulders"
) -> tuple[np.ndarray, np.ndarray]:
    """Center (..., 2) px and size (...) px, 1 or more, of the person in each window.

    The center is the spatial median of all joints of all frames, the point with the smallest sum of
    distances, which turns with the joints as no median of x and of y does; 0 where none is known.

    poses : float64 (..., T, K, 2) px, estimates; NaN where unknown
    unit : of the size: "shoulders", the median distance of the two, or "body", of the two joints
        that lie farthest apart in a frame; both over all frames. Shoulders narrower than an eighth
        of the body, or wider than it, count as that much; unseen ones as a quarter of it.
    """
    check_unit(unit)
    size = body_sizes(poses)
    if unit == "shoulders":
        width = _median(_shoulders(poses, skeleton))
        within = np.clip(width, _NARROWEST * size, size)
        size = np.where(np.isnan(width), _USUAL * size, within)
    return _spatial_median(poses.reshape(*poses.shape[:-3], -1, 2)), np.maximum(size, _SMALLEST)


def body_sizes(poses: np.ndarray) -> np.ndarray:
    """The size of the body (...) px, 1 or more, in poses (..., T, K, 2) px: see `place`."""
    # fmax takes the bound where nothing is known, and the size is NaN.
    return np.fmax(_median(_farthest(poses)), _SMALLEST)


def check_unit(unit: str) -> None:
    """ValueError for a unit that there is not."""
    if unit not in UNITS:
        raise ValueError(f"there is no unit {unit!r}; choose one of {', '.join(UNITS)}.")


def normalized(poses: np.ndarray, center: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Poses (..., T, K, 2) px as a network sees them: about the center, in units of the size."""
    return (poses - center[..., None, None, :]) / size[..., None, None, None]


def _farthest(poses: np.ndarray) -> np.ndarray:
    """The largest distance of two joints in each frame (..., T); NaN where under two are known."""
    joints = np.moveaxis(poses, (-2, -1), (0, 1)).copy()  # (K, 2, ..., T): long rows are fast
    squares = (((joints - joint) ** 2).sum(1) for joint in joints)
    farthest = np.max([np.where(np.isfinite(s), s, 0).max(0) for s in squares], 0)
    return np.where(np.isfinite(poses).all(-1).sum(-1) >= 2, np.sqrt(farthest), np.nan)


def _shoulders(poses: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """The distance of the shoulders in each frame (..., T); NaN where the skeleton has none."""
    if not {"left_shoulder", "right_shoulder"} <= set(skeleton.joints):
        return np.full(poses.shape[:-2], np.nan)
    left, right = (skeleton.joints.index(f"{side}_shoulder") for side in ("left", "right"))
    return np.linalg.norm(poses[..., left, :] - poses[..., right, :], axis=-1)


def _median(values: np.ndarray) -> np.ndarray:
    """The median over the last axis of what is not NaN; where that is nothing, NaN, unwarned."""
    nothing = np.isnan(values).all(-1)
    return np.where(nothing, np.nan, np.nanmedian(np.where(nothing[..., None], 0, values), -1))


def _spatial_median(points: np.ndarray) -> np.ndarray:
    """Weiszfeld's iteration from the mean, over (..., N, 2); 0 where no point is known."""
    known = np.isfinite(points).all(-1)
    points = np.where(known, np.moveaxis(points, -1, 0).copy(), 0)  # (2, ..., N)
    count = np.maximum(known.sum(-1, keepdims=True), 1)
    weight = known.astype(float)
    for _ in range(1 + _ROUNDS):
        total = np.maximum(weight.sum(-1, keepdims=True), 1e-12)
        center = (weight * points).sum(-1, keepdims=True) / total
        distance = np.sqrt(((points - center) ** 2).sum(0))
        typical = (known * distance).sum(-1, keepdims=True) / count
        weight = known / np.maximum(distance, np.maximum(1e-3 * typical, 1e-9))
    return np.moveaxis(center[..., 0], 0, -1)
