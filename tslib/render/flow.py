"""Exact optical flow: which part every pixel shows, and how every part moves.

A file holds, for each of T frames, the part that each pixel shows (segments of the body, props, occluders,
and the background) and for each part the affine map that carries its points to the next and to the previous
frame. So flow is known at every pixel and between pixels, to the part's own edge, and takes little room.
Where a part is covered in the other frame, its flow says where it is all the same. Thin ropes and rings of
racquets bend, and are right on average; so is a limb that points straight at the camera, whose ends
coincide. A shadow on the ground counts as ground.
"""

import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from .body import AT
from .draw import ENDS, FIRST_OCCLUDER, FIRST_PROP, SEGMENTS

PARTS = 36


@dataclass(frozen=True)
class PartFlow:
    """Flow of one clip.

    parts : uint8 (T, H, W), 0 for the background; see draw.SEGMENTS, FIRST_PROP, FIRST_OCCLUDER
    to_next, to_previous : float32 (T, 36, 2, 3), affine maps for (x, y, 1) px of each part to px there;
        the last frame's to_next and the first one's to_previous are the identity
    """

    parts: np.ndarray
    to_next: np.ndarray
    to_previous: np.ndarray

    def __len__(self):
        return len(self.parts)

    def dense(self, t, forward=True, stride=1):
        """Flow float32 (H / stride, W / stride, 2) px of frame t to its next or previous frame.

        With a stride, at the middles of cells of so many px: (cell + 0.5) * stride - 0.5.
        """
        H, W = self.parts.shape[1:]
        x, y = (((np.arange(n // stride) + 0.5) * stride - 0.5).astype(np.float32) for n in (W, H))
        return self.at(t, np.stack(np.meshgrid(x, y), -1), forward)

    def at(self, t, points, forward=True):
        """Flow float32 (..., 2) px at points (..., 2) px of frame t; the nearest pixel names the part."""
        points = np.asarray(points, np.float32)
        H, W = self.parts.shape[1:]
        column, row = np.clip(np.floor(points + 0.5), 0, [W - 1, H - 1]).astype(int).reshape(-1, 2).T
        part = self.parts[t, row, column]
        flat = points.reshape(-1, 2)
        map_ = (self.to_next if forward else self.to_previous)[t][part]
        moved = map_[:, :, 0] * flat[:, :1] + map_[:, :, 1] * flat[:, 1:] + map_[:, :, 2] - flat
        return moved.reshape(points.shape)


def controls_of(figure, moments):
    """The points that carry each part of a figure: {part: (T, m, 2) px} at some moments.

    Besides its ends a limb has both its edges: they turn and grow with it.
    """
    points, scale = figure.points[moments], figure.scale[moments]
    at = lambda name: points[:, AT[name]]  # noqa: E731
    found = {}
    for part, ends in LIMB_ENDS.items():
        a, b = at(ends[0]), at(ends[1])
        way = b - a
        length = np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-6)
        side = np.stack([-way[:, 1], way[:, 0]], -1) / length * 0.03 * scale[:, AT[ends[0]], None]
        found[SEGMENTS.index(part)] = np.stack([a, b, a, b, (a + b) / 2 + side, (a + b) / 2 - side], 1)
    found[1] = np.stack([at("left_hip"), at("right_hip"), at("waist")], 1)
    found[2] = np.stack([at("left_shoulder"), at("right_shoulder"), at("waist")], 1)
    for n, prop in enumerate(figure.props):
        found[FIRST_PROP + n] = prop.points[moments]
    return found


# A limb moves as its joints do: up to the wrist and the head, where it is drawn up to the hand and the crown.
LIMB_ENDS = {
    part: tuple(end.replace("hand", "wrist").replace("crown", "head") for end in ends)
    for part, ends in ENDS.items()
    if part not in ("pelvis", "chest")
}


def flow_of(parts, controls, affine, occluders):
    """The PartFlow of a clip.

    parts : uint8 (T, H, W); controls : {part: (T, m, 2) px}; affine : (T, 2, 3), the camera; occluders :
    list of (T, 2) px, their middles
    """
    T = len(parts)
    maps = np.zeros((2, T, PARTS, 2, 3))
    maps[..., 0, 0] = maps[..., 1, 1] = 1
    full = np.concatenate([affine, np.broadcast_to([[[0, 0, 1.0]]], (T, 1, 3))], 1)
    for direction, (here, there) in enumerate(
        ((slice(0, T - 1), slice(1, T)), (slice(1, T), slice(0, T - 1)))
    ):
        camera = full[there] @ np.linalg.inv(full[here])
        maps[direction, here, :] = camera[:, None, :2]
        for part, points in controls.items():
            maps[direction, here, part] = _fit(points[here], points[there])
        for n, middle in enumerate(occluders):
            maps[direction, here, FIRST_OCCLUDER + n, :, :2] = np.eye(2)
            maps[direction, here, FIRST_OCCLUDER + n, :, 2] = middle[there] - middle[here]
    return PartFlow(parts, *np.round(maps, 5).astype(np.float32))


def _fit(source, target, stiffness=0.02):
    """Affine maps (T, 2, 3) that carry points (T, m, 2) to others: exact for three of them."""
    a, b = source.mean(1, keepdims=True), target.mean(1, keepdims=True)
    p, q = source - a, target - b
    # Least squares for the linear part; a little ridge towards the identity settles what the points leave
    # open.
    moment = np.einsum("tmi,tmj->tij", p, p) + stiffness * np.eye(2)
    cross = np.einsum("tmi,tmj->tij", q, p) + stiffness * np.eye(2)
    linear = cross @ np.linalg.inv(moment)
    linear = np.nan_to_num(linear, nan=0.0)
    shift = b[:, 0] - np.einsum("tij,tj->ti", linear, a[:, 0])
    return np.nan_to_num(np.concatenate([linear, shift[..., None]], -1))


def packed(flow):
    """A PartFlow as the bytes of a compressed .npz file."""
    stream = io.BytesIO()
    # The fastest level is enough for areas of one number; an image format would limit how much fits.
    parts = np.frombuffer(zlib.compress(np.ascontiguousarray(flow.parts), 1), np.uint8)
    np.savez(
        stream, parts=parts, shape=np.array(flow.parts.shape), to_next=flow.to_next,
        to_previous=flow.to_previous,
    )  # fmt: skip
    return stream.getvalue()


def read_flow(root, name):
    """The PartFlow that `render` wrote beside a clip: root/flow/name.npz.

    Raises InputError where there is none, or it cannot be read.
    """
    path = Path(root) / "flow" / f"{name}.npz"
    if not path.is_file():
        raise InputError(f"there is no flow {path}; only rendered clips have it.")
    try:
        with np.load(path) as file:
            shape = tuple(file["shape"].tolist())
            # a bytearray, so that the array can be written to like any other
            parts = np.frombuffer(bytearray(zlib.decompress(file["parts"])), np.uint8)
            return PartFlow(parts.reshape(shape), file["to_next"], file["to_previous"])
    except Exception as error:
        raise InputError(f"{path} is damaged ({type(error).__name__}); render the clip again.") from error
