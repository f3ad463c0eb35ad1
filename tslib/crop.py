"""The part of a frame that a detector looks at, and the map between its cells and the image."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import ArrayLike

MARGIN = 1.5  # tighter crops lose raised hands for good, looser ones lose resolution
# Samples to a px of the cut-out, each way; more would take gigabytes for an absurd box.
_FINEST = 16


@dataclass(frozen=True)
class Crop:
    """A window of the frame, laid over by a heat-map.

    center : (x, y) px, the middle of the window
    cell : float, px that one cell covers, the same in x and in y
    grid : (W, H), cells of the heat-map
    body : float, px, larger side of the person's box (the unit of spatial springs)

    Coordinates are those of a cell's or pixel's middle: the heat-map's left border lies at -0.5.
    """

    center: tuple[float, float]
    cell: float
    grid: tuple[int, int]
    body: float

    @classmethod
    def around(cls, box: Iterable[float], grid: tuple[int, int], margin: float = MARGIN) -> Self:
        """The least window of the grid's proportions around margin times a box (x, y, w, h) px."""
        x, y, w, h = (float(v) for v in box)
        cell = max(w / grid[0], h / grid[1]) * margin
        return cls((x + w / 2, y + h / 2), cell, grid, max(w, h))

    def to_image(self, cells: ArrayLike) -> np.ndarray:
        """Heat-map cells (..., 2) to image pixels (..., 2), x first."""
        return (np.asarray(cells) + 0.5 - np.divide(self.grid, 2)) * self.cell + self.center

    def to_cells(self, points: ArrayLike) -> np.ndarray:
        """Image pixels (..., 2) to heat-map cells (..., 2), x first; inverse of to_image."""
        return (np.asarray(points) - self.center) / self.cell - 0.5 + np.divide(self.grid, 2)

    def cells(self) -> np.ndarray:
        """Coordinates of every cell: float64 (H, W, 2), x first."""
        return np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in self.grid)), -1)

    def cut(self, frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """The window of a frame as uint8 (h, w, 3) of size (w, h) px; black beyond the frame."""
        pixel = self.cell * self.grid[0] / size[0]  # px of the frame to one of the cut-out
        # Where the frame shrinks, each of its pixels is sampled and averaged, so nothing aliases.
        fine = min(max(1, round(pixel)), _FINEST)
        step = pixel / fine
        samples = size[0] * fine, size[1] * fine
        left, top = np.array(self.center) - step * (np.array(samples) - 1) / 2
        place = np.array([[step, 0, left], [0, step, top]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        window = cv2.warpAffine(frame, place, samples, flags=flags)
        return window if fine == 1 else cv2.resize(window, size, interpolation=cv2.INTER_AREA)
