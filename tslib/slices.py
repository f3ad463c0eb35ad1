"""Slices of clips as the networks take them: frames cut out alike, joints and flow on the cells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch.utils.data import Dataset, default_collate

from .augment import PERSON, Affine, known_boxes, window_around
from .clip import Clip
from .errors import InputError
from .flow import flow_between
from .heatmaps import to_pixels

GREY = 128  # beyond a frame's border, as Convolutional Pose Machines have it
Key = tuple[int, int, int]  # number of the clip, first frame, seed
# Gives what has at(t, points (H, W, 2) px, forward) -> px there, such as PartFlow and Estimated.
FlowOf = Callable[[Clip], Any]


@dataclass(frozen=True)
class View:
    """How slices are cut out and changed.

    size : px, the side of the square input; stride : input px to a cell
    angle : degrees, turned by up to that much, both ways
    scale : (least, most), relative to a person who takes 0.7 of the input; halving is as likely as
        doubling
    shift : shares of the input, off the middle by up to that much
    flip : whether every second slice is mirrored; shuffle : whether colour channels change places
    gain : each colour channel becomes brighter or darker by up to that share
    whole : share of the slices that show the `whole_frame`, at the same scale, not the person
    """

    size: int = 368
    stride: int = 8
    angle: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    shift: float = 0.0
    flip: bool = False
    shuffle: bool = False
    gain: float = 0.0
    whole: float = 0.0

    def still(self) -> "View":
        """The same without any change: for validation and test."""
        return View(self.size, self.stride)

    @property
    def cells(self) -> int:
        """Cells of a heat-map's side."""
        return -(-self.size // self.stride)

    def draw(self, rng: np.random.Generator, boxes: np.ndarray) -> Affine:
        """A map from frames to the input, drawn anew (Paper A, Sec. 5.2, which prints no law)."""
        angle = rng.uniform(-self.angle, self.angle)
        scale = 2 ** rng.uniform(*np.log2(self.scale))
        shift = rng.uniform(-self.shift, self.shift, 2)
        flip = bool(self.flip and rng.integers(2))
        return window_around(boxes, (self.size, self.size), angle, scale, shift, flip)


def whole_frame(size: tuple[int, int] | None) -> np.ndarray:
    """The box (x, y, w, h) px, float64, with which a still View just holds a frame of (W, H) px."""
    assert size is not None, "clips with frames say how large they are"
    whole = np.asarray(size, np.float64)
    return np.concatenate([(whole - 1 - PERSON * whole) / 2, PERSON * whole])


class Estimated:
    """Flow between a clip's frames by a method of `flow.flow_between`, computed when asked for."""

    def __init__(self, clip: Clip, method: str) -> None:
        assert clip.frames is not None, "flow is estimated from frames"
        frames = clip.frames
        self.between = lru_cache(maxsize=16)(
            lambda t, other: flow_between(frames[t], frames[other], method)
        )

    def at(self, t: int, points: np.ndarray, forward: bool = True) -> np.ndarray:
        """Flow px at points (H, W, 2) px of frame t, to the next frame or the previous one."""
        return self.between(t, t + (1 if forward else -1)).at(points)


@dataclass(eq=False)
class Slices(Dataset):
    """Slices of T frames of clips, as tensors.

    clips : with frames; those of fewer than T frames, or without any box, have no slices
    frames : T
    flow : None, or what gives a clip's flow, asked for each slice
    span : flow is given to frames up to so many away, 0 to 2

    The same key gives the same item, a dict: images float32 (T, 3, size, size) from 0 to 1; cells
    float32 (T, K, 2), NaN where unknown; flows {offset: float32 (T, h, w, 2)} as MessagePassing
    takes them, {} without flow; matrix float64 (2, 3), from the frames' pixels to the input's.

    Attribute ``starts``, int64 (N,): how many slices each clip has. InputError where a clip has no
    frames, or no clip has a slice.
    """

    clips: Sequence[Clip]
    view: View
    frames: int = 5
    flow: FlowOf | None = None
    span: int = 1

    def __post_init__(self) -> None:
        self.cells = Affine.onto_cells(self.view.stride)
        for clip in self.clips:
            if clip.frames is None:
                raise InputError(
                    f"clip {clip.name!r} has no frames, only labels; the networks need pictures."
                )
        slices = [max(0, len(c) - self.frames + 1) * known_boxes(c.box).any() for c in self.clips]
        self.starts = np.array(slices, np.int64)
        if not self.starts.any():
            what = f"{self.frames} frames and a box around the person"
            raise InputError(f"none of {len(self.clips)} clips has {what}; give others.")

    def all(self) -> list[Key]:
        """Keys that cover every frame of the clips that have slices, one after the other."""
        keys = []
        for n, count in enumerate(self.starts.tolist()):
            keys += [(n, t, 0) for t in sorted({*range(0, count, self.frames), count - 1}) if count]
        return keys

    def labels(self, key: Key) -> tuple[np.ndarray, np.ndarray]:
        """Joints on the cells, float64 (T, K, 2), and visible (T, K); no frame is read."""
        clip, part, affine, _ = self._cut(key)
        joints = (self.cells @ affine).joints(clip.joints[part], clip.skeleton)
        return joints, affine.visible(clip.visible[part], clip.skeleton)

    def batch(self, keys: Sequence[Key], device: torch.device | str = "cpu") -> dict[str, Any]:
        """The items of some keys, stacked, on a device."""
        return on_device(default_collate([self[key] for key in keys]), device)

    def __getitem__(self, key: Key) -> dict[str, Any]:
        clip, part, affine, rng = self._cut(key)
        side, onto = (self.view.size, self.view.size), self.cells @ affine
        assert clip.frames is not None, "clips without frames are refused"
        pictures = np.stack([affine.frame(f, side, GREY) for f in clip.frames[part]])
        if self.view.shuffle:
            pictures = pictures[..., rng.permutation(3)]
        images = torch.from_numpy(pictures).movedim(-1, 1).float() / 255
        if self.view.gain:
            gain = rng.uniform(1 - self.view.gain, 1 + self.view.gain, (3, 1, 1))
            images = (images * torch.from_numpy(gain).float()).clamp(max=1)
        joints = onto.joints(clip.joints[part], clip.skeleton)
        return {
            "images": images,
            "cells": torch.from_numpy(joints).float(),
            "flows": self._flows(clip, part.start, onto),
            "matrix": torch.from_numpy(affine.matrix),
        }

    def _cut(self, key: Key) -> tuple[Clip, slice, Affine, np.random.Generator]:
        """Clip, frames, map and generator of an item."""
        n, first, _ = key
        clip, part = self.clips[n], slice(first, first + self.frames)
        rng, boxes = np.random.default_rng(key), clip.box[part]
        if self.view.whole and rng.random() < self.view.whole:
            boxes = whole_frame(clip.size)
        elif not known_boxes(boxes).any():
            boxes = clip.box
        return clip, part, self.view.draw(rng, boxes), rng

    def _flows(self, clip: Clip, first: int, onto: Affine) -> dict[int, torch.Tensor]:
        """Flow on the cells, to every frame of the slice up to `span` away.

        Its vectors turn with the cut-out. What leads out of the slice is 0.
        """
        flows: dict[int, torch.Tensor] = {}
        if self.flow is None or not self.span:
            return flows
        T, side = self.frames, self.view.cells
        along = np.arange(side, dtype=float)
        grid = np.stack(np.meshgrid(along, along), -1)
        start, flow = onto.inverse().points(grid), self.flow(clip)
        for offset in (o for d in range(1, self.span + 1) for o in (d, -d)):
            vectors = np.zeros((T, side, side, 2), np.float32)
            for t in range(max(0, -offset), T - max(0, offset)):
                points = start
                for step in range(0, offset, 1 if offset > 0 else -1):
                    points = points + flow.at(first + t + step, points, offset > 0)
                vectors[t] = onto.vectors(points - start)
            flows[offset] = torch.from_numpy(vectors)
        return flows


def on_device(batch: Any, device: torch.device | str) -> Any:
    """A tensor, or dicts of tensors, on a device."""
    if isinstance(batch, dict):
        return {name: on_device(value, device) for name, value in batch.items()}
    return batch.to(device, non_blocking=True)


def to_frames(cells: ArrayLike, matrix: np.ndarray, stride: int) -> np.ndarray:
    """Joints on the cells (T, K, 2) as float64 pixels of the clip's frames, by a slice's matrix."""
    pixels = to_pixels(np.asarray(cells, np.float64), stride)
    return Affine(np.asarray(matrix)).inverse().points(pixels)
