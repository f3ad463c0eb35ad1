"""Heat-maps: their cells in the image, what they should look like, and the joints read off them.

A network that shrinks its input by a stride s gives cell g the coordinate s * g + (s - 1) / 2 of
the input, the middle of the s pixels that the cell covers: 8 * g + 3.5 for Paper A's network, as
the labels of its base, Convolutional Pose Machines, have it. It is the map of `crop.Crop` for a
window that is the whole input.
"""

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

STRIDE = 8  # input px to a cell; 368 px give 46 cells
# Cells. Convolutional Pose Machines have 7 px of the input, and Paper A prints none.
SIGMA = 7 / STRIDE
# Cells. Paper A prints none; this far away a Gaussian of that sigma has fallen to 0.07.
RADIUS = 2.0
FAINT = 0.01  # a Gaussian's values below are no part of it, so that the background is 0

_Place = TypeVar("_Place", float, np.ndarray, Tensor)


def to_pixels(cells: _Place, stride: int = STRIDE) -> _Place:
    """Cells to pixels of the input; any number, array or tensor."""
    return stride * cells + (stride - 1) / 2


def to_cells(pixels: _Place, stride: int = STRIDE) -> _Place:
    """Pixels of the input to cells; inverse of to_pixels."""
    return (pixels - (stride - 1) / 2) / stride


def labelled(cells: Tensor, grid: tuple[int, int], visible: Tensor | None = None) -> Tensor:
    """Which joints have a place on the map: bool (..., K).

    cells : (..., K, 2), x first; NaN where unknown
    grid : (W, H); a joint may lie half a cell beyond the middle of the border cells
    visible : bool (..., K); other joints have none
    """
    edge = cells.new_tensor(grid) - 0.5
    inside = ((cells >= -0.5) & (cells < edge)).all(-1)  # NaN is nowhere
    return inside if visible is None else inside & visible


def gaussian(
    cells: Tensor, grid: tuple[int, int], visible: Tensor | None = None, sigma: float = SIGMA
) -> Tensor:
    """Targets (..., K, H, W) of Paper A's Eq. 5: a Gaussian around each joint, 1 at the joint
    itself, also between the cells, and 0 in the background and for a joint that is not `labelled`.

    Arguments as in `labelled`; sigma in cells.
    """
    x, y = _squared_distances(cells, grid)
    maps = torch.exp(-y / (2 * sigma**2))[..., None] * torch.exp(-x / (2 * sigma**2))[..., None, :]
    shown = labelled(cells, grid, visible)[..., None, None] & (maps >= FAINT)
    return torch.where(shown, maps, torch.zeros_like(maps))


def with_background(maps: Tensor) -> Tensor:
    """One more map: (..., K, H, W) -> (..., K + 1, H, W). It is 1 - the highest of the K, as
    Convolutional Pose Machines are trained; inference takes the first K.
    """
    return torch.cat([maps, 1 - maps.amax(-3, keepdim=True)], -3)


def disc(
    cells: Tensor, grid: tuple[int, int], visible: Tensor | None = None, radius: float = RADIUS
) -> Tensor:
    """Targets (..., K, H, W) of Paper A's Eq. 6, the hinge: 1 within a circle around each joint,
    its rim included, else -1, and all -1 for a joint that is not `labelled`.

    Arguments as in `labelled`; radius in cells.
    """
    x, y = _squared_distances(cells, grid)
    within = y[..., None] + x[..., None, :] <= radius**2
    within &= labelled(cells, grid, visible)[..., None, None]
    return 2 * within.to(cells.dtype) - 1


def _squared_distances(cells, grid):
    """Of every column and of every row from each joint: (..., K, W) and (..., K, H)."""
    axes = (torch.arange(n, dtype=cells.dtype, device=cells.device) for n in grid)
    return [(axis - cells[..., i, None]) ** 2 for i, axis in enumerate(axes)]


def decode(maps: ArrayLike, refine: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Joints of heat-maps (..., H, W), which lie on the CPU: cells (..., 2), x first, and peak
    heights (...,), float64. The first of equal peaks counts.

    refine: shift the arg-max by a quarter cell towards the higher neighbour in x and in y; False
    for the arg-max alone, as Paper A has it.
    """
    maps = np.asarray(maps, np.float64)
    *lead, H, W = maps.shape
    maps = maps.reshape(-1, H, W)
    joint, best = np.arange(len(maps)), maps.reshape(len(maps), -1).argmax(1)
    y, x = best // W, best % W
    cells = np.stack([x, y], -1).astype(np.float64)
    if refine:
        padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)), mode="edge")
        right, left = padded[joint, y + 1, x + 2], padded[joint, y + 1, x]
        below, above = padded[joint, y + 2, x + 1], padded[joint, y, x + 1]
        cells[:, 0] += 0.25 * np.sign(right - left) * ((x > 0) & (x < W - 1))
        cells[:, 1] += 0.25 * np.sign(below - above) * ((y > 0) & (y < H - 1))
    return cells.reshape(*lead, 2), maps[joint, y, x].reshape(lead)
