"""How good joints are: PCK against the truth, jitter without it.

Everything is counted first and divided last. A *tally* holds, for each joint, how often it was hit
and how often it was counted: int64 (..., 2, K). Tallies of clips add up, and rates, the three
means, curves, tables and intervals over clips are all made from them.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .skeletons import Skeleton

MEANS = ("micro", "joint-macro", "group-macro")
# Of the limit: more than float32 rounds off a coordinate 50 times as large; 0.0002 px of 20.
BORDER = 1e-5


def tally(
    prediction: ArrayLike,
    truth: ArrayLike,
    size: ArrayLike,
    alpha: ArrayLike = 0.2,
    visible: ArrayLike | None = None,
    strict: bool = False,
) -> np.ndarray:
    """How often each joint is hit, and how often it counts; arguments and errors as in `pck`.

    Returns int64 (2, K): hits and counted; (A, 2, K) where alpha holds A numbers.
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
        raise ValueError(
            f"size must be one number or one for each of the {T} frames, but has {size.shape}."
        )
    counted = np.isfinite(truth).all(-1)
    if visible is not None:
        if np.shape(visible) != (T, K):
            raise ValueError(f"visible must have shape {(T, K)}, but has {np.shape(visible)}.")
        counted &= np.asarray(visible, bool)
    size = np.broadcast_to(size, T)
    if not (np.isfinite(size) & (size > 0))[counted.any(1)].all():
        raise ValueError(
            "size must be positive and finite in every frame where a joint is counted."
        )
    alpha = np.asarray(alpha, np.float64)
    if alpha.ndim > 1 or not (np.isfinite(alpha) & (alpha >= 0)).all():
        raise ValueError(
            f"alpha must be a number or a list of numbers from 0 up, but it is {alpha}."
        )
    distance = np.linalg.norm(prediction - truth, axis=-1)
    border = 1 - BORDER if strict else 1 + BORDER
    closer = np.less if strict else np.less_equal
    result = np.empty((alpha.size, 2, K), np.int64)
    for row, a in zip(result, alpha.ravel(), strict=True):
        hit = closer(distance, border * a * size[:, None])  # NaN compares as a miss
        row[0], row[1] = (hit & counted).sum(0), counted.sum(0)
    return result.reshape(*alpha.shape, 2, K)


def pck(
    prediction: ArrayLike,
    truth: ArrayLike,
    size: ArrayLike,
    alpha: ArrayLike = 0.2,
    visible: ArrayLike | None = None,
    strict: bool = False,
) -> np.ndarray:
    """Percentage of correct keypoints, joint by joint, as a rate (Paper A, Sec. 5.3).

    A joint is correct where ``|prediction - truth| <= alpha * size``, the limit included. A
    distance that differs from its limit by a hundred-thousandth or less lies on it: 0.29 * 100 < 29
    in binary, and coordinates in float32 are rounded.

    Parameters
    ----------
    prediction, truth : array_like (T, K, 2)
        Pixels, x first, both from the same origin. A NaN prediction is a miss; a NaN truth is not
        counted.
    size : float or array_like (T,)
        Pixels. Paper A takes max(height, width) of the person's true box in that frame; the length
        of the torso would make it tPCK; with 1, alpha is a limit in pixels (Paper B's 20).
    alpha : float or array_like (A,)
        Tolerance as a fraction of size; Paper A prints 0.2 and 0.1. Several give a curve.
    visible : array_like (T, K) bool, optional
        Joints to count; all by default. Of a `tslib.clip.Clip`, ``clip.counted``: where a box is
        unknown, visible joints have no size to be measured by.
    strict : bool
        Leave the limit itself out, all that lies on it: ``<`` for ``<=``.

    Returns
    -------
    float64 (K,), or (A, K), in [0, 1]; NaN for a joint that is counted in no frame.

    Raises
    ------
    ValueError
        Shapes that do not match; a size that is not positive and finite in a frame that counts; an
        alpha below 0.
    """
    return rates(tally(prediction, truth, size, alpha, visible, strict))


def rates(tally: ArrayLike) -> np.ndarray:
    """Hits per counted joint: (..., 2, K) -> float64 (..., K); NaN where nothing is counted."""
    return _ratio(*np.moveaxis(np.asarray(tally), -2, 0))


def group_rates(rates: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Rates of the report groups, Head ... Ankl: (..., K) -> (..., G), in the order of
    skeleton.groups.

    A group's rate is the mean of its joints' rates, as others compute it too: left and right weigh
    the same, however often each is seen. A joint without a rate is left out. ValueError for rates
    of another skeleton.
    """
    K = len(skeleton.joints)
    if np.shape(rates)[-1] != K:
        raise ValueError(
            f"{skeleton.name} has {K} joints, but there are rates of {np.shape(rates)[-1]}."
        )
    return np.stack([known_mean(rates[..., joints]) for joints in skeleton.groups.values()], -1)


def means(tally: ArrayLike, skeleton: Skeleton) -> dict[str, np.ndarray]:
    """The three averages that publications all call "Mean", by name: {name: float64 (...)}, for
    (..., 2, K).

    micro : hits of all joints / counted joints; what is seen often weighs more
    joint-macro : mean of the joints' rates, those outside every report group (neck, belly) too
    group-macro : mean of the report groups' rates; the one head weighs as much as two wrists

    What is counted nowhere is left out of the macro means.
    """
    by_joint = rates(tally)
    micro = _ratio(*np.moveaxis(np.asarray(tally).sum(-1), -1, 0))
    by_group = group_rates(by_joint, skeleton)
    return dict(zip(MEANS, (micro, known_mean(by_joint), known_mean(by_group)), strict=True))


def _ratio(hits, counted):
    return np.where(counted > 0, hits / np.maximum(counted, 1), np.nan)


def known_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is not NaN; NaN, and no warning, where that is nothing."""
    known = np.isfinite(values)
    return _ratio(np.where(known, values, 0).sum(-1), known.sum(-1))


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


def table(rows: Mapping[str, ArrayLike], skeleton: Skeleton) -> pd.DataFrame:
    """A table as the papers print theirs: a pandas frame of per cent with one decimal.

    rows : {name: tally (2, K)}; a list of tallies, one for each split, has its rates and means
        averaged, as the papers do for JHMDB; what a split counts nowhere is averaged over the other
        splits

    Columns: Head Shou Elbo Wris Hip Knee Ankl, as far as the skeleton has them, and the three means
    by name. ``print(frame.to_string())`` shows all of them, however narrow the screen.
    """
    splits = {name: tally if isinstance(tally, list) else [tally] for name, tally in rows.items()}
    lines = [
        known_mean(np.stack([_line(one, skeleton) for one in tallies], -1))
        for tallies in splits.values()
    ]
    return pd.DataFrame(lines, list(rows), [*heads(skeleton), *MEANS]).round(1)


def curve(tally: np.ndarray, thresholds: ArrayLike, skeleton: Skeleton) -> pd.DataFrame:
    """Accuracy against the threshold (Paper A, Fig. 3; Paper B, Fig. 4): a pandas frame of per
    cent.

    tally : (A, 2, K), from ``tally(..., alpha=thresholds)``
    thresholds : (A,), the frame's index
    Columns as in `table`; not rounded.
    """
    lines = [_line(one, skeleton) for one in tally]
    return pd.DataFrame(
        lines, pd.Index(np.asarray(thresholds), name="threshold"), [*heads(skeleton), *MEANS]
    )


def _line(tally, skeleton):
    groups = group_rates(rates(tally), skeleton)
    return 100 * np.array([*groups, *means(tally, skeleton).values()])


def heads(skeleton: Skeleton) -> list[str]:
    """What stands over the report groups' columns, as in Paper A's tables: "Head", "Shou", ..."""
    return [group[:4].capitalize() for group in skeleton.groups]


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
