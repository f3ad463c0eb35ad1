"""What only the tables and curves of this book need beside `tslib.metrics`: intervals over clips,
accuracy against the threshold, and how much tracks shake.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from tslib.metrics import MEANS, heads, per_cent
from tslib.skeletons import Skeleton


def bootstrap(
    statistic: Callable[[np.ndarray], np.ndarray],
    tallies: ArrayLike,
    baseline: ArrayLike | None = None,
    level: float = 0.95,
    samples: int = 2000,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """How sure a number is: its percentile interval when clips are drawn anew, with replacement.

    Clips and not frames, for the frames of one clip are hardly any new evidence.

    Parameters
    ----------
    statistic : function of tallies (..., 2, K)
        Such as ``rates``, or ``lambda tallies: means(tallies, skeleton)["micro"]``.
    tallies : int (N, 2, K), one for each clip
    baseline : int (N, 2, K), optional
        Another method on the same clips. The interval is then that of statistic(tallies) -
        statistic(baseline), every draw taking the same clips of both (paired).
    level : float, the share of draws inside the interval
    samples, seed : the number of draws, and the seed of their generator

    Returns
    -------
    (low, high), each shaped as the statistic of one tally; NaN where a draw holds nothing to count.

    Raises
    ------
    ValueError
        No clip; shapes that do not match; a baseline that counts other joints.
    """
    tallies = np.asarray(tallies)
    if tallies.ndim != 3 or tallies.shape[1] != 2 or not len(tallies):
        raise ValueError(f"tallies must have shape (N, 2, K), but they have {tallies.shape}.")
    other = None if baseline is None else np.asarray(baseline)
    if other is not None and not np.array_equal(tallies[:, 1], other[:, 1]):
        raise ValueError(
            "a paired comparison needs both methods on the same clips and the same counted joints."
        )
    N = len(tallies)
    # How often each clip is drawn.
    draws = np.random.default_rng(seed).multinomial(N, np.full(N, 1 / N), samples)
    values = statistic(np.tensordot(draws, tallies, 1))
    if other is not None:
        values = values - statistic(np.tensordot(draws, other, 1))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def curve(tally: np.ndarray, thresholds: ArrayLike, skeleton: Skeleton) -> pd.DataFrame:
    """Accuracy against the threshold (Paper A, Fig. 3; Paper B, Fig. 4): a pandas frame of per
    cent.

    tally : (A, 2, K), from ``tally(..., alpha=thresholds)``
    thresholds : (A,), the frame's index
    Columns as in `table`; not rounded.
    """
    lines = [per_cent(one, skeleton) for one in tally]
    return pd.DataFrame(
        lines, pd.Index(np.asarray(thresholds), name="threshold"), [*heads(skeleton), *MEANS]
    )


def jitter(joints: ArrayLike) -> float:
    """How much tracks shake: the mean length of their second difference, in px; 0 for uniform
    motion.

    joints: (T, K, 2) px. Triples of frames with a NaN are left out; NaN where none remains.
    """
    joints = np.asarray(joints, np.float64)
    if joints.ndim != 3 or joints.shape[-1] != 2:
        raise ValueError(f"joints must have shape (T, K, 2), but they have {joints.shape}.")
    shake = np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1)
    shake = shake[np.isfinite(shake)]
    return float(shake.mean()) if shake.size else float("nan")
