"""Where to look for a person in a frame, and when."""

from collections.abc import Iterator

import numpy as np

from ..flow import Flow

LOST = 15  # frames in a row without the person until it is searched again
SEARCH = 8  # while nobody is in sight, search every so many frames


def windows_over(
    W: int, H: int, grid: tuple[int, int]
) -> Iterator[tuple[float, float, float, float]]:
    """Yield windows (x, y, w, h) px all over a frame of W x H px, in the proportions of the grid.

    The largest is a third larger than the frame, for a person who fills it, the smallest a third of
    that; of each size one begins in the middle of the one before.
    """
    largest = 4 / 3 * min(W / grid[0], H / grid[1])
    for scale in (1.0, 0.7, 0.5, 0.35):
        w, h = (n * largest * scale for n in grid)
        for y in _starts(H, h):
            for x in _starts(W, w):
                yield x, y, w, h


def _starts(length: int, side: float) -> list[float]:
    """Where windows of a side begin that cover a length, or the one in its middle."""
    number = max(1, round(2 * (length - side) / side) + 1)
    return np.linspace(0, length - side, number).tolist() if number > 1 else [(length - side) / 2]


def camera_motion(flow: Flow, frame: np.ndarray) -> np.ndarray:
    """Median (dx, dy) px of a whole frame's flow."""
    return flow.median_in((0, 0, *frame.shape[1::-1]))
