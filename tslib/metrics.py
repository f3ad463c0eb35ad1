"""How good joints are: PCK against the truth, jitter without it."""

import numpy as np


def pck(prediction, truth, size, alpha=0.2, visible=None):
    """Percentage of correct keypoints, joint by joint, as a rate (Paper A, Sec. 5.3).

    A joint is correct where ``|prediction - truth| <= alpha * size``, the limit included.

    Parameters
    ----------
    prediction, truth : array_like (T, K, 2)
        Pixels, x first, both from the same origin. A NaN prediction is a miss; a NaN truth is not counted.
    size : float or array_like (T,)
        Pixels. Paper A takes max(height, width) of the person's true box in that frame.
    alpha : float
        Tolerance as a fraction of size; Paper A prints 0.2 and 0.1.
    visible : array_like (T, K) bool, optional
        Joints to count; all by default.

    Returns
    -------
    float64 (K,) in [0, 1]; NaN for a joint that is counted in no frame.

    Raises
    ------
    ValueError
        Shapes that do not match; a size that is not positive and finite in a frame that counts.
    """
    prediction, truth = np.asarray(prediction, np.float64), np.asarray(truth, np.float64)
    if truth.ndim != 3 or truth.shape[-1] != 2 or prediction.shape != truth.shape:
        raise ValueError(
            f"prediction and truth must both have shape (T, K, 2), but they have "
            f"{prediction.shape} and {truth.shape}."
        )
    T, K = truth.shape[:2]
    size = np.asarray(size, np.float64)
    if size.shape not in ((), (T,)):
        raise ValueError(f"size must be one number or one for each of the {T} frames, but has {size.shape}.")
    counted = np.isfinite(truth).all(-1)
    if visible is not None:
        if np.shape(visible) != (T, K):
            raise ValueError(f"visible must have shape {(T, K)}, but has {np.shape(visible)}.")
        counted &= np.asarray(visible, bool)
    limit = np.broadcast_to(alpha * size, T)
    if not (np.isfinite(limit) & (limit > 0))[counted.any(1)].all():
        raise ValueError("size and alpha must be positive and finite wherever a joint is counted.")
    correct = np.linalg.norm(prediction - truth, axis=-1) <= limit[:, None]  # NaN compares as a miss
    hits, count = (correct & counted).sum(0), counted.sum(0)
    return np.where(count > 0, hits / np.maximum(count, 1), np.nan)


def jitter(joints):
    """How much tracks shake: the mean length of their second difference, in px; 0 for uniform motion.

    joints: (T, K, 2) px. Triples of frames with a NaN are left out; NaN where none remains.
    """
    joints = np.asarray(joints, np.float64)
    if joints.ndim != 3 or joints.shape[-1] != 2:
        raise ValueError(f"joints must have shape (T, K, 2), but they have {joints.shape}.")
    shake = np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1)
    shake = shake[np.isfinite(shake)]
    return float(shake.mean()) if shake.size else float("nan")
