"""Slices of clips as the networks take them: frames cut out alike, their joints and flow on the
cells.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch.utils.data import Dataset

from .augment import PERSON, Affine, known, window
from .errors import InputError
from .flow import flow_between
from .heatmaps import to_pixels

GREY = 128  # beyond a frame's border, as Convolutional Pose Machines have it


@dataclass(frozen=True)
class View:
    """How slices are cut out and changed.

    size : px, the side of the square input
    stride : input px to a cell
    angle : degrees, turned by up to that much, both ways
    scale : (least, most), relative to a person who takes 0.7 of the input; halving as likely as
    doubling
    shift : shares of the input, off the middle by up to that much
    flip : bool, whether every second slice is mirrored
    shuffle : bool, whether the colour channels change places
    gain : each colour channel becomes brighter or darker by up to that share
    whole : share of the slices that show the whole frame, not the person; `whole_frame` at the same
    scale
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

    def still(self):
        """The same without any change: for validation and test."""
        return View(self.size, self.stride)

    @property
    def cells(self):
        """Cells of a heat-map's side."""
        return -(-self.size // self.stride)

    def draw(self, rng, boxes):
        """An Affine from frames to the input, drawn anew."""
        low, high = np.log2(self.scale)
        return window(
            boxes,
            (self.size, self.size),
            rng.uniform(-self.angle, self.angle),
            2 ** rng.uniform(low, high),
            rng.uniform(-self.shift, self.shift, 2),
            bool(self.flip and rng.integers(2)),
        )


def whole_frame(size):
    """The box (x, y, w, h) px with which a still View just holds a whole frame of (W, H) px:
    float64 (4,).
    """
    size = np.asarray(size, np.float64)
    return np.concatenate([(size - 1 - PERSON * size) / 2, PERSON * size])


class Estimated:
    """Flow between a clip's frames by a method of `flow.flow_between`, computed when asked for."""

    def __init__(self, clip, method):
        self.between = lru_cache(maxsize=16)(
            lambda t, other: flow_between(clip.frames[t], clip.frames[other], method)
        )

    def at(self, t, points, forward=True):
        """Flow px at points (H, W, 2) px of frame t, to the next frame or the previous one."""
        return self.between(t, t + (1 if forward else -1)).at(points)


class Slices(Dataset):
    """Slices of T frames of clips, as tensors.

    clips : list of Clip with frames; those with fewer than T frames, or without any box, have no
    slices
    view : View
    frames : int, T
    flow : None, or a function that maps a Clip to an object with at(t, points, forward) px, such as
        render.PartFlow and Estimated; called for each slice
    span : flow is given to frames up to so many away, 1 or 2

    An item is asked for by (number of the clip, first frame, seed); the same three give the same
    item. It is a dict: images float32 (T, 3, size, size) from 0 to 1; cells float32 (T, K, 2), NaN
    where unknown; flows {offset: float32 (T, h, w, 2)} as MessagePassing takes them, {} without
    flow; matrix float64 (2, 3), from the frames' pixels to the input's.

    Attributes
    ----------
    starts : int64 (N,), how many slices each clip has

    InputError where a clip has no frames, or no clip has a slice.
    """

    def __init__(self, clips, view, frames=5, flow=None, span=1):
        for clip in clips:
            if clip.frames is None:
                raise InputError(
                    f"clip {clip.name!r} has no frames, only labels; the networks need pictures."
                )
        self.clips, self.view, self.frames, self.flow, self.span = clips, view, frames, flow, span
        self.starts = np.array(
            [max(0, len(c) - frames + 1) * known(c.box).any() for c in clips], np.int64
        )
        if not self.starts.any():
            raise InputError(
                f"none of {len(clips)} clips has {frames} frames and a box around the person; give others."
            )

    def all(self):
        """Keys that cover every frame of the clips that have slices, one after the other."""
        keys = []
        for n, count in enumerate(self.starts.tolist()):
            keys += [(n, t, 0) for t in sorted({*range(0, count, self.frames), count - 1}) if count]
        return keys

    def labels(self, key):
        """Joints on the cells, float64 (T, K, 2), and visible (T, K), of an item; no frame is read."""
        clip, part, affine, _ = self._cut(key)
        joints = self._onto(affine).joints(clip.joints[part], clip.skeleton)
        return joints, affine.visible(clip.visible[part], clip.skeleton)

    def __getitem__(self, key):
        clip, part, affine, rng = self._cut(key)
        side, onto = (self.view.size, self.view.size), self._onto(affine)
        images = np.stack([affine.frame(f, side, GREY) for f in clip.frames[part]])
        if self.view.shuffle:
            images = images[..., rng.permutation(3)]
        images = torch.from_numpy(images).movedim(-1, 1).float() / 255
        if self.view.gain:
            gain = rng.uniform(1 - self.view.gain, 1 + self.view.gain, (3, 1, 1))
            images = (images * torch.from_numpy(gain).float()).clamp(max=1)
        joints = onto.joints(clip.joints[part], clip.skeleton)
        return {
            "images": images,
            "cells": torch.from_numpy(joints).float(),
            "flows": self._flows(clip, part.start, onto) if self.flow else {},
            "matrix": torch.from_numpy(affine.matrix),
        }

    def _cut(self, key):
        """Clip, frames, map and generator of an item."""
        n, first, seed = key
        clip, part, rng = (
            self.clips[n],
            slice(first, first + self.frames),
            np.random.default_rng(key),
        )
        boxes = clip.box[part]
        if self.view.whole and rng.random() < self.view.whole:
            boxes = whole_frame(clip.size)
        elif not known(boxes).any():
            boxes = clip.box
        return clip, part, self.view.draw(rng, boxes), rng

    def _onto(self, affine):
        return Affine.onto_cells(self.view.stride) @ affine

    def _flows(self, clip, first, onto):
        """Flow on the cells, to every frame of the slice up to `span` away: vectors turn with the
        cut-out.
        """
        T, side = self.frames, self.view.cells
        grid = np.stack(np.meshgrid(np.arange(side, dtype=float), np.arange(side, dtype=float)), -1)
        start, flow = onto.inverse().points(grid), self.flow(clip)
        flows = {}
        for sign in (1, -1):
            for distance in range(1, self.span + 1):
                vectors = np.zeros((T, side, side, 2), np.float32)
                for t in range(T):
                    if 0 <= t + sign * distance < T:
                        points = start
                        for step in range(distance):
                            points = points + flow.at(first + t + sign * step, points, sign == 1)
                        vectors[t] = onto.vectors(points - start)
                flows[sign * distance] = torch.from_numpy(vectors)
        return flows


def to_frames(cells, matrix, stride):
    """Joints on the cells (T, K, 2) as pixels of the clip's frames: float64, by a slice's matrix."""
    return (
        Affine(np.asarray(matrix))
        .inverse()
        .points(to_pixels(np.asarray(cells, np.float64), stride))
    )
