"""The transform in NumPy, by the envelope of parabolas, linear in the number of cells.

Felzenszwalb & Huttenlocher, "Distance Transforms of Sampled Functions" (2012), turned upside down
because Paper A maximises. Chapter 01 builds every function of this file; the names are the same.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .arguments import check_values, leading_shape


def crossing(score: Sequence[float], v: int, q: int, stiffness: float) -> float:
    """Where the parabola of cell q rises above that of an earlier cell v: left of it v is higher.

    Needs finite scores and stiffness > 0.
    """
    return (v + q) / 2 + (score[v] - score[q]) / (2 * stiffness * (q - v))


def envelope(score: Sequence[float], stiffness: float) -> tuple[list[int], list[float]]:
    """Cells whose parabola is somewhere the highest, and the place where each one begins to be.

    Masked cells, -inf, send nothing. Both lists increase, and the first start is -inf.
    """
    cells, starts = [], []  # type: list[int], list[float]
    for q in range(len(score)):
        if score[q] == -np.inf:
            continue
        start = -np.inf
        while cells:
            start = crossing(score, cells[-1], q, stiffness)
            if start > starts[-1]:
                break
            cells.pop()  # hidden below its neighbours
            starts.pop()
            start = -np.inf
        cells.append(q)
        starts.append(start)
    return cells, starts


def distance_transform_1d(
    score: np.ndarray, stiffness: float, rest: float
) -> tuple[np.ndarray, np.ndarray]:
    """One row: message[p] = max_q score[q] - stiffness (q - p - rest)^2, and the q that wins.

    score (n,) float64 -> message (n,) float64 and source (n,) int64, the lowest q on ties; a row
    of -inf gives -inf from cell 0.
    """
    cells, starts = envelope(score.tolist(), stiffness)
    source = np.zeros(len(score), np.int64)
    k = 0
    for p in range(len(score)):
        while k + 1 < len(cells) and p + rest > starts[k + 1]:
            k += 1
        source[p] = cells[k] if cells else 0
    message = score[source] - stiffness * (source - np.arange(len(score)) - rest) ** 2
    return message, source


def distance_transform_2d(
    score: np.ndarray, stiffness: Sequence[float], rest: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """One map: all rows, then all columns of the result, then the two arg-maxes composed.

    score (H, W) float64, springs (2,), x first -> message and source (H, W).
    """
    H, W = score.shape
    (a_x, a_y), (mu_x, mu_y) = stiffness, rest
    across, column = np.empty((H, W)), np.empty((H, W), np.int64)
    message, row = np.empty((H, W)), np.empty((H, W), np.int64)
    for y in range(H):
        across[y], column[y] = distance_transform_1d(score[y], a_x, mu_x)
    for x in range(W):
        message[:, x], row[:, x] = distance_transform_1d(across[:, x], a_y, mu_y)
    return message, row * W + column[row, np.arange(W)]


def distance_transform_numpy(
    score: ArrayLike, stiffness: ArrayLike, rest: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Generalized distance transform of score maps (Paper A, Eq. 4): the reference.

        message[p] = max_q  score[q] - stiffness_x (q_x - p_x - rest_x)^2
                                     - stiffness_y (q_y - p_y - rest_y)^2

    where q is the sender's cell and p the receiver's.

    score : (..., H, W), of the sender's cells; -inf marks a cell that may not be chosen
    stiffness : (..., 2), positive, x first, in score per cell squared
    rest : (..., 2), offset sender - receiver at which the spring is relaxed, x first, in cells; any
        real number. The leading axes of all three broadcast.

    Returns message float64 (..., H, W) and source int64 (..., H, W): the best q of every p, as the
    flat index y * W + x, the lowest one on ties. Raises ValueError for stiffness that is not
    positive, NaN or +inf scores, springs that are not finite, and shapes that do not broadcast.
    """
    score, stiffness, rest = (np.asarray(a, np.float64) for a in (score, stiffness, rest))
    lead = leading_shape(score.shape, stiffness.shape, rest.shape)
    check_values(score, stiffness, rest)
    H, W = score.shape[-2:]
    score = np.broadcast_to(score, (*lead, H, W))
    stiffness, rest = np.broadcast_to(stiffness, (*lead, 2)), np.broadcast_to(rest, (*lead, 2))
    message, source = np.empty((*lead, H, W)), np.empty((*lead, H, W), np.int64)
    for i in np.ndindex(lead):
        spring = stiffness[i].tolist(), rest[i].tolist()
        message[i], source[i] = distance_transform_2d(score[i], *spring)
    return message, source
