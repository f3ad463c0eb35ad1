"""Poses of a window without place and size: what the networks of this package see.

Both are read off the *input*, the estimates, so that no true pose decides what a network is given;
and they move, turn, grow and flip with the person, so that it is one whether a pose is changed
before or after.
"""

import numpy as np

UNITS = ("shoulders", "body")
QUARTER = 0.25  # of the body: the shoulders' width, where they are not seen
NARROWEST = 0.125  # of the body: narrower shoulders are seen from the side, or are wrong
SMALLEST = 1.0  # px
ROUNDS = 20  # of the median's iteration; more move it by less than the joints shake


def place(poses, skeleton, unit="shoulders"):
    """Where the person of a window is, and how large.

    Parameters
    ----------
    poses : float64 (..., T, K, 2) px, estimates; NaN where unknown
    skeleton : Skeleton
    unit : "shoulders", the median distance of the two, or "body", of the two joints that lie
        farthest apart in a frame; both over all frames. Shoulders narrower than an eighth of the
        body, or wider than it, count as that much; unseen ones as a quarter of it.

    Returns
    -------
    center : (..., 2) px, the spatial median of all joints of all frames: the point with the
        smallest sum of distances, which, unlike a median of x and one of y, turns with the joints.
        0 where no joint is known.
    size : (...) px, 1 or more
    """
    check_unit(unit)
    size = body(poses)
    if unit == "shoulders":
        width = _median(_shoulders(poses, skeleton))
        size = np.where(np.isnan(width), QUARTER * size, np.clip(width, NARROWEST * size, size))
    return _spatial_median(poses.reshape(*poses.shape[:-3], -1, 2)), np.maximum(size, SMALLEST)


def body(poses):
    """The size of the body (...) px, 1 or more, in poses (..., T, K, 2) px: see `place`."""
    return np.fmax(_median(_farthest(poses)), SMALLEST)  # fmax: also where nothing is known


def check_unit(unit):
    """ValueError for a unit that there is not."""
    if unit not in UNITS:
        raise ValueError(f"there is no unit {unit!r}; choose one of {', '.join(UNITS)}.")


def normalized(poses, center, size):
    """Poses (..., T, K, 2) px as a network takes them: about `center` (..., 2), in units of `size`
    (...).
    """
    return (poses - center[..., None, None, :]) / size[..., None, None, None]


def _farthest(poses):
    """The largest distance between two joints of each frame, (..., T); NaN where fewer than two are
    known.
    """
    farthest = np.zeros(poses.shape[:-2])
    for k in range(poses.shape[-2]):
        gaps = np.linalg.norm(poses - poses[..., k : k + 1, :], axis=-1)
        farthest = np.fmax(farthest, np.where(np.isfinite(gaps), gaps, 0).max(-1))
    return np.where(np.isfinite(poses).all(-1).sum(-1) >= 2, farthest, np.nan)


def _shoulders(poses, skeleton):
    """The distance of the shoulders in each frame, (..., T); NaN where the skeleton has none."""
    if not {"left_shoulder", "right_shoulder"} <= set(skeleton.joints):
        return np.full(poses.shape[:-2], np.nan)
    left, right = (skeleton.joints.index(f"{side}_shoulder") for side in ("left", "right"))
    return np.linalg.norm(poses[..., left, :] - poses[..., right, :], axis=-1)


def _median(values):
    """The median over the last axis of what is not NaN; NaN, and no warning, where that is nothing."""
    nothing = np.isnan(values).all(-1)
    return np.where(nothing, np.nan, np.nanmedian(np.where(nothing[..., None], 0, values), -1))


def _spatial_median(points):
    """Weiszfeld's iteration from the mean, over (..., N, 2); 0 where no point is known."""
    known = np.isfinite(points).all(-1, keepdims=True)
    points = np.where(known, points, 0)
    weight, center = known.astype(float), np.zeros_like(points[..., :1, :])
    for _ in range(1 + ROUNDS):
        center = (weight * points).sum(-2, keepdims=True) / np.maximum(
            weight.sum(-2, keepdims=True), 1e-12
        )
        distance = np.linalg.norm(points - center, axis=-1, keepdims=True)
        typical = (known * distance).sum(-2, keepdims=True) / np.maximum(
            known.sum(-2, keepdims=True), 1
        )
        weight = known / np.maximum(distance, np.maximum(1e-3 * typical, 1e-9))
    return center[..., 0, :]
