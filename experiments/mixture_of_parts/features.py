"""Histograms of oriented gradients (HOG) on a grid of cells, and windows of them.

Dalal & Triggs (2005) in the 31 channels of Felzenszwalb et al. (2010, Sec. 6): 18 signed
orientations, 9 unsigned ones, and how much gradient there is beside each corner of the cell.
"""

import cv2
import numpy as np
import torch

SIGNED = 18
CHANNELS = SIGNED + SIGNED // 2 + 4
# Of a normalised histogram, so that one strong edge does not hide the others.
LARGEST = 0.2
TEXTURE = SIGNED**-0.5
# In the norm, of pixels in 0...255: nothing but an even surface is without a direction.
FAINT = 1e-4


def hog(image: np.ndarray, cell: int) -> np.ndarray:
    """HOG of a picture uint8 (h, w, 3), its sides multiples of cell px: float32 (31, h / cell, w /
    cell).
    """
    bins, strength = _gradients(image)
    histogram = _histograms(bins, strength, cell)
    unsigned = histogram[: SIGNED // 2] + histogram[SIGNED // 2 :]
    energy = np.pad((unsigned**2).sum(0), 1, "edge")
    block = energy[1:, 1:] + energy[1:, :-1] + energy[:-1, 1:] + energy[:-1, :-1]
    scale = 1 / np.sqrt(block + FAINT)
    corners = [scale[:-1, :-1], scale[:-1, 1:], scale[1:, :-1], scale[1:, 1:]]
    signed = [np.minimum(histogram * s, LARGEST) for s in corners]
    both = [np.minimum(unsigned * s, LARGEST) for s in corners]
    texture = np.stack([TEXTURE * s.sum(0) for s in signed])
    return np.concatenate([sum(signed) / 2, sum(both) / 2, texture])


def _gradients(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orientation 0...17, clockwise from the right, and strength of each pixel, of its strongest
    colour.
    """
    picture = image.astype(np.float32)
    step = np.array([[-1, 0, 1]], np.float32)
    dx = cv2.filter2D(picture, -1, step, borderType=cv2.BORDER_REPLICATE)
    dy = cv2.filter2D(picture, -1, step.T, borderType=cv2.BORDER_REPLICATE)
    strongest = (dx * dx + dy * dy).argmax(-1)[..., None]
    dx, dy = (np.take_along_axis(d, strongest, -1)[..., 0] for d in (dx, dy))
    turn = np.arctan2(dy, dx) / (2 * np.pi)
    return np.rint(turn * SIGNED).astype(np.int64) % SIGNED, np.hypot(dx, dy)


def _histograms(bins: np.ndarray, strength: np.ndarray, cell: int) -> np.ndarray:
    """Every pixel votes for the four cells around it, by nearness: float32 (18, h / cell, w /
    cell).
    """
    H, W = (n // cell for n in bins.shape)
    (top, low), (left, right) = (_neighbours(n, cell) for n in bins.shape)
    # A rim of cells beyond the picture takes part, and is left out below.
    counts = np.zeros(SIGNED * (H + 2) * (W + 2))
    for dy, share_y in enumerate((1 - low, low)):
        for dx, share_x in enumerate((1 - right, right)):
            place = (bins * (H + 2) + top[:, None] + dy) * (W + 2) + left + dx
            votes = strength * (share_y[:, None] * share_x)
            counts += np.bincount(place.ravel(), votes.ravel(), len(counts))
    return counts.reshape(SIGNED, H + 2, W + 2)[:, 1:-1, 1:-1].astype(np.float32)


def _neighbours(n: int, cell: int) -> tuple[np.ndarray, np.ndarray]:
    """Of n pixels in a line: the cell before each (counted with the rim), and its share of the one
    behind.
    """
    place = (np.arange(n) + 0.5) / cell + 0.5
    before = np.floor(place).astype(np.int64)
    return before, place - before


def windows(
    features: torch.Tensor, frame: torch.Tensor, y: torch.Tensor, x: torch.Tensor, size: int
) -> torch.Tensor:
    """Windows of HOG maps (N, C, H, W) around cells: (..., C, size, size); zeros beyond the border.

    frame, y, x : int64 tensors (...); size : odd
    """
    around = torch.arange(size) - size // 2
    H, W = features.shape[-2:]
    rows, columns = y[..., None, None] + around[:, None], x[..., None, None] + around
    inside = (rows >= 0) & (rows < H) & (columns >= 0) & (columns < W)
    part = features[frame[..., None, None], :, rows.clamp(0, H - 1), columns.clamp(0, W - 1)]
    return (part * inside[..., None]).movedim(-1, -3)
