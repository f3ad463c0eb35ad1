"""How good joints are: PCK against the truth.

Everything is counted first and divided last. A *tally* holds, for each joint, how often it was hit
and how often it was counted: int64 (..., 2, K). Tallies of clips add up, and rates, the three
means and tables are all made from them.
"""

from collections.abc import Mapping

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
        raise ValueError("size must be positive and finite in all frames where a joint is counted.")
    alpha = np.asarray(alpha, np.float64)
    if alpha.ndim > 1 or not (np.isfinite(alpha) & (alpha >= 0)).all():
        raise ValueError(f"alpha must be a number or a list of numbers from 0 up, but is {alpha}.")
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
    distance that differs from its limit by a hundred-thousandth or less lies on it, because
    0.29 * 100 < 29 in binary, and because coordinates in float32 are rounded.

    prediction, truth : (T, K, 2) px, x first, both from the same origin. A NaN prediction is a
        miss; a NaN truth is not counted.
    size : one number or (T,), in px. Paper A takes max(height, width) of the person's true box in
        that frame; the length of the torso would make it tPCK; with 1, alpha is a limit in pixels
        (Paper B's 20).
    alpha : one tolerance, or (A,), as a fraction of size; Paper A prints 0.2 and 0.1
    visible : (T, K) bool, joints to count; all by default. Of a `tslib.clip.Clip`,
        ``clip.counted``: where a box is unknown, visible joints have no size to be measured by.
    strict : leave the limit itself out, all that lies on it: ``<`` for ``<=``

    Returns float64 (K,), or (A, K), in [0, 1]; NaN for a joint that is counted in no frame. Raises
    ValueError for shapes that do not match, a size that is not positive and finite in a frame that
    counts, and an alpha below 0.
    """
    return rates(tally(prediction, truth, size, alpha, visible, strict))


def rates(tally: ArrayLike) -> np.ndarray:
    """Hits per counted joint: (..., 2, K) -> float64 (..., K); NaN where nothing is counted."""
    return _ratio(*np.moveaxis(np.asarray(tally), -2, 0))


def group_rates(rates: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Rates (..., K) -> rates of the report groups (..., G), in the order of skeleton.groups.

    A group's rate is the mean of its joints' rates, as others compute it too: left and right weigh
    the same, however often each is seen. A joint without a rate is left out. Raises ValueError for
    rates of another skeleton.
    """
    K = len(skeleton.joints)
    if np.shape(rates)[-1] != K:
        raise ValueError(
            f"{skeleton.name} has {K} joints, but there are rates of {np.shape(rates)[-1]}."
        )
    return np.stack([known_mean(rates[..., joints]) for joints in skeleton.groups.values()], -1)


def means(tally: ArrayLike, skeleton: Skeleton) -> dict[str, np.ndarray]:
    """The three averages that publications all call "Mean": (..., 2, K) -> {name: float64 (...)}.

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


def table(rows: Mapping[str, ArrayLike], skeleton: Skeleton) -> pd.DataFrame:
    """A table as the papers print theirs: per cent with one decimal, Head ... Ankl and MEANS.

    rows : {name: tally (2, K)}; of a list of tallies, one for each split, rates and means are
        averaged, as the papers do for JHMDB, over the splits that count something
    """
    splits = {name: tally if isinstance(tally, list) else [tally] for name, tally in rows.items()}
    lines = [
        known_mean(np.stack([per_cent(one, skeleton) for one in tallies], -1))
        for tallies in splits.values()
    ]
    return pd.DataFrame(lines, list(rows), [*heads(skeleton), *MEANS]).round(1)


def per_cent(tally: ArrayLike, skeleton: Skeleton) -> np.ndarray:
    """What a line of `table` says of one tally (2, K), not rounded: float64 (G + 3,)."""
    groups = group_rates(rates(tally), skeleton)
    return 100 * np.array([*groups, *means(tally, skeleton).values()])


def heads(skeleton: Skeleton) -> list[str]:
    """What stands over the report groups' columns, as in Paper A's tables: "Head", "Shou"."""
    return [group[:4].capitalize() for group in skeleton.groups]
