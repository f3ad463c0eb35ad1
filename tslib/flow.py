"""Dense optical flow between neighbouring frames, and where it carries a cell several frames away."""

from dataclasses import dataclass

import cv2
import numpy as np

from .errors import InputError
from .heatmaps import STRIDE, to_pixels

METHODS = ("dis", "farneback", "none")
WIDTH = 640  # larger frames are shrunk: camera and body motion is all that messages need
# The window is wider than a limb: narrower ones find less of plain cloth and of a fast camera.
FARNEBACK = dict(
    pyr_scale=0.5, levels=5, winsize=21, iterations=3, poly_n=7, poly_sigma=1.5, flags=0
)
SMALLEST = 32  # px each way; the search fails on fewer, so such a side is stretched


@dataclass(frozen=True, eq=False)
class Flow:
    """Motion from one frame to another.

    vectors : float32 (h, w, 2), in px of the frame; ``vectors[..., 0]`` is dx
    scale : (sx, sy), entries of vectors per px of the frame (1 where the flow is as large as the
    frame)
    """

    vectors: np.ndarray
    scale: tuple[float, float]

    def at(self, points):
        """Bilinear samples at image points (H, W, 2) px: float32 (H, W, 2); the border value
        outside.
        """
        place = ((points + 0.5) * self.scale - 0.5).astype(np.float32)
        return cv2.remap(
            self.vectors, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )

    def on_cells(self, stride=STRIDE):
        """The flow of a heat-map's cells: sampled at their middles, its values in cells, float32
        (h, w, 2).

        A flow that is resized to the size of a heat-map has to shrink in length as well (Paper A,
        Sec. 5.2). The frame is the network's input; px to the right and below that make no whole
        cell are left out.
        """
        sides = np.round(np.divide(self.vectors.shape[1::-1], self.scale)).astype(int) // stride
        cells = np.stack(np.meshgrid(*(np.arange(n) for n in sides)), -1)
        return self.at(to_pixels(cells, stride)) / np.float32(stride)

    def median_in(self, box):
        """Median (dx, dy) in px inside a box (x, y, w, h) px: the motion of what fills it."""
        x, y, w, h = box
        rows, columns = self.vectors.shape[:2]
        left, right = np.clip(np.multiply((x, x + w), self.scale[0]), 0, columns - 1).astype(int)
        top, bottom = np.clip(np.multiply((y, y + h), self.scale[1]), 0, rows - 1).astype(int)
        inside = self.vectors[top : bottom + 1, left : right + 1]
        return np.median(inside.reshape(-1, 2), axis=0)


def flow_between(frame_a, frame_b, method="dis"):
    """Optical flow from frame a to frame b: what is at p in a is at p + flow(p) in b.

    frames: uint8 (H, W, 3) RGB of one size. method: "dis" (dense inverse search) or "farneback"
    (polynomial expansion), on grey at no more than 640 px width, or "none" (no motion anywhere).
    Returns Flow. Raises InputError for another method.
    """
    if method == "none":
        return Flow(np.zeros((1, 1, 2), np.float32), (1 / frame_a.shape[1], 1 / frame_a.shape[0]))
    if method not in METHODS:
        raise InputError(f"there is no flow method {method!r}; give one of {', '.join(METHODS)}.")
    H, W = frame_a.shape[:2]
    shrink = min(1.0, WIDTH / W)
    small = max(SMALLEST, round(W * shrink)), max(SMALLEST, round(H * shrink))
    a, b = (
        cv2.cvtColor(cv2.resize(f, small, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        for f in (frame_a, frame_b)
    )
    if method == "dis":
        vectors = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(a, b, None)
    else:
        vectors = cv2.calcOpticalFlowFarneback(a, b, None, **FARNEBACK)
    scale = small[0] / W, small[1] / H
    return Flow(vectors / np.float32(scale), scale)
