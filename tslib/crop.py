"""The part of a frame that a detector looks at, and the affine map between its cells and the image."""

from dataclasses import dataclass

import cv2
import numpy as np

MARGIN = 1.5  # tighter crops lose raised hands for good, looser ones lose resolution
FINEST = 16  # samples to a px of the cut-out, each way; more would take gigabytes for an absurd box


@dataclass(frozen=True)
class Crop:
    """A window of the frame, laid over by a heat-map.

    center : (x, y) px, the middle of the window
    cell : float, px that one cell covers, the same in x and in y
    grid : (W, H), cells of the heat-map
    body : float, px, larger side of the person's box (the unit of spatial springs)

    A cell's or pixel's coordinates are those of its middle, so the heat-map's left border lies at
    -0.5.
    """

    center: tuple[float, float]
    cell: float
    grid: tuple[int, int]
    body: float

    @staticmethod
    def around(box, grid, margin=MARGIN):
        """The smallest window of the grid's proportions around a box (x, y, w, h) px grown by
        margin.
        """
        x, y, w, h = (float(v) for v in box)
        cell = max(w / grid[0], h / grid[1]) * margin
        return Crop((x + w / 2, y + h / 2), cell, tuple(grid), max(w, h))

    def to_image(self, cells):
        """Heat-map cells (..., 2) to image pixels (..., 2), x first."""
        return (np.asarray(cells) + 0.5 - np.divide(self.grid, 2)) * self.cell + self.center

    def to_cells(self, points):
        """Image pixels (..., 2) to heat-map cells (..., 2), x first; inverse of to_image."""
        return (np.asarray(points) - self.center) / self.cell - 0.5 + np.divide(self.grid, 2)

    def cells(self):
        """Coordinates of every cell: float64 (H, W, 2), x first."""
        W, H = self.grid
        return np.stack(np.meshgrid(np.arange(W, dtype=float), np.arange(H, dtype=float)), -1)

    def cut(self, frame, size):
        """The window as an image: uint8 (h, w, 3) for size (w, h) px; black where it leaves the
        frame.
        """
        w, h = size
        pixel = self.cell * self.grid[0] / w  # px of the frame that one px of the cut-out covers
        fine = min(
            max(1, round(pixel)), FINEST
        )  # shrinking: sample every pixel and average: no aliasing
        step = pixel / fine
        corner = np.array(self.center) - step * (np.array([w, h]) * fine - 1) / 2
        window = cv2.warpAffine(
            frame,
            np.array([[step, 0, corner[0]], [0, step, corner[1]]]),
            (w * fine, h * fine),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        return window if fine == 1 else cv2.resize(window, (w, h), interpolation=cv2.INTER_AREA)
