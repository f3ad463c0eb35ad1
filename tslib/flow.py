"""Dense optical flow between neighbouring frames, and where it carries a cell of a heat-map."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import cv2
import numpy as np

from .errors import InputError
from .heatmaps import STRIDE, to_pixels

METHODS = ("dis", "farneback", "none")
# Wider frames are shrunk: messages need no more than the motion of camera and body. A side shorter
# than the least is stretched, because the search fails there.
_WIDEST, _LEAST = 640, 32  # px
# The window is wider than a limb: narrower ones find less of plain cloth and of a fast camera.
_FARNEBACK = dict(
    pyr_scale=0.5, levels=5, winsize=21, iterations=3, poly_n=7, poly_sigma=1.5, flags=0
)


@dataclass(frozen=True, eq=False)
class Flow:
    """Motion from one frame to another.

    vectors : float32 (h, w, 2), in px of the frame; ``vectors[..., 0]`` is dx
    scale : (sx, sy), entries of vectors to a px of the frame, 1 where both are equally large
    """

    vectors: np.ndarray
    scale: tuple[float, float]

    def at(self, points: np.ndarray) -> np.ndarray:
        """Bilinear samples at points (H, W, 2) px, float32 (H, W, 2); outside, the border."""
        place = ((points + 0.5) * self.scale - 0.5).astype(np.float32)
        how = dict(interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return cv2.remap(self.vectors, place, None, **how)  # type: ignore  # stubs forbid None

    def on_cells(self, stride: int = STRIDE) -> np.ndarray:
        """The flow of a heat-map's cells, float32 (h, w, 2) cells, sampled at their middles.

        A flow that is resized to the size of a heat-map has to shrink in length as well (Paper A,
        Sec. 5.2). The frame is the network's input; px to the right and below that make no whole
        cell are left out.
        """
        sides = np.round(np.divide(self.vectors.shape[1::-1], self.scale)).astype(int) // stride
        cells = np.stack(np.meshgrid(*(np.arange(n) for n in sides)), -1)
        return self.at(to_pixels(cells, stride)) / np.float32(stride)

    @cached_property
    def camera(self) -> np.ndarray:
        """Median (dx, dy) in px of the whole frame, of one entry in 16: the camera's motion."""
        return np.median(self.vectors[::4, ::4], axis=(0, 1))

    def median_in(self, box: Iterable[float]) -> np.ndarray:
        """Median (dx, dy) in px inside a box (x, y, w, h) px: the motion of what fills it."""
        x, y, w, h = box
        rows, columns = self.vectors.shape[:2]
        left, right = np.clip(np.multiply((x, x + w), self.scale[0]), 0, columns - 1).astype(int)
        top, bottom = np.clip(np.multiply((y, y + h), self.scale[1]), 0, rows - 1).astype(int)
        return np.median(self.vectors[top : bottom + 1, left : right + 1], axis=(0, 1))


def flow_between(frame_a: np.ndarray, frame_b: np.ndarray, method: str = "dis") -> Flow:
    """Optical flow from frame a to frame b: what is at p in a is at p + flow(p) in b.

    frames: uint8 (H, W, 3) RGB of one size. method: "dis" (dense inverse search) or "farneback"
    (polynomial expansion), on grey, 640 px wide at most, or "none" (no motion). Else InputError.
    """
    return next(_flows(frame_a, frame_b, method))


def flows_between(frame_a: np.ndarray, frame_b: np.ndarray, method: str) -> tuple[Flow, Flow]:
    """The flow from frame a to frame b, and the one back; see `flow_between`."""
    return next(flows := _flows(frame_a, frame_b, method)), next(flows)


def _flows(frame_a: np.ndarray, frame_b: np.ndarray, method: str) -> Iterator[Flow]:
    H, W = frame_a.shape[:2]
    if method == "none":
        return (yield from 2 * [Flow(np.zeros((1, 1, 2), np.float32), (1 / W, 1 / H))])
    if method not in METHODS:
        raise InputError(f"there is no flow method {method!r}; give one of {', '.join(METHODS)}.")
    small = [max(_LEAST, round(n * min(1.0, _WIDEST / W))) for n in (W, H)]
    scale = small[0] / W, small[1] / H
    a, b = (
        cv2.cvtColor(cv2.resize(f, small, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        for f in (frame_a, frame_b)
    )
    search: Any = partial(cv2.calcOpticalFlowFarneback, **_FARNEBACK)
    if method == "dis":
        search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc
    for first, second in ((a, b), (b, a)):
        yield Flow(search(first, second, None) / np.array(scale, np.float32), scale)
