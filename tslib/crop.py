"""The part of a frame that a detector looks at, and the map between its cells and the image."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
    angle : float, radians that the window is turned by, clockwise as one sees it

    Coordinates are those of a cell's or pixel's middle: the heat-map's left border lies at -0.5.
    """

    center: tuple[float, float]
    cell: float
    grid: tuple[int, int]
    body: float
    angle: float = 0.0

    @classmethod
    def around(cls, box: Iterable[float], grid: tuple[int, int], margin: float = MARGIN) -> Self:
        """The least window of the grid's proportions around margin times a box (x, y, w, h) px."""
        x, y, w, h = (float(v) for v in box)
        cell = max(w / grid[0], h / grid[1]) * margin
        return cls((x + w / 2, y + h / 2), cell, grid, max(w, h))

    def to_image(self, cells: ArrayLike) -> np.ndarray:
        """Heat-map cells (..., 2) to image pixels (..., 2), x first."""
        offset = (np.asarray(cells) + 0.5 - np.divide(self.grid, 2)) * self.cell
        return offset @ self.axes() + self.center

    def to_cells(self, points: ArrayLike) -> np.ndarray:
        """Image pixels (..., 2) to heat-map cells (..., 2), x first; inverse of to_image."""
        offset = (np.asarray(points) - self.center) @ self.axes().T
        return offset / self.cell - 0.5 + np.divide(self.grid, 2)

    def axes(self) -> np.ndarray:
        """Where the window's x and y point in the image: float64 (2, 2), one a row."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        return np.array([[c, s], [-s, c]])

    def moved(self, x: float, y: float) -> Self:
        """The same window with its centre (x, y) px further."""
        return replace(self, center=(float(self.center[0] + x), float(self.center[1] + y)))

    def corners(self) -> np.ndarray:
        """The window's corners in the image, one after the other: float64 (4, 2) px."""
        W, H = self.grid
        return self.to_image(np.array([(0, 0), (W, 0), (W, H), (0, H)]) - 0.5)

    def overlap(self, other: Self) -> float:
        """The area that two windows share, relative to the area that they cover: from 0 to 1."""
        a, b = (window.corners().astype(np.float32) for window in (self, other))
        shared = cv2.intersectConvexConvex(a, b)[0]
        return shared / (cv2.contourArea(a) + cv2.contourArea(b) - shared)

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
        axes = step * self.axes()
        first = self.center - (np.array(samples) - 1) / 2 @ axes
        place = np.column_stack([axes.T, first])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        window = cv2.warpAffine(frame, place, samples, flags=flags)
        return window if fine == 1 else cv2.resize(window, size, interpolation=cv2.INTER_AREA)
