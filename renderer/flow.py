"""How every part of a rendered picture moves: what exact optical flow is made of.

See tslib.part_flow for what a file holds. Thin ropes and rings of racquets bend, and are right on
average, and so is a limb that points straight at the camera, whose ends coincide. A shadow on the
ground counts as ground.
"""

import io
import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from tslib.part_flow import PARTS, PartFlow

from .body import AT
from .draw import ENDS, FIRST_OCCLUDER, FIRST_PROP, SEGMENT, Figure


def controls_of(figure: Figure, moments: np.ndarray) -> dict[int, np.ndarray]:
    """The points that carry each part of a figure: {part: (T, m, 2) px} at some moments (T,).

    Besides its ends a limb has both its edges: they turn and grow with it.
    """
    points, scale = figure.points[moments], figure.scale[moments]
    found = {
        SEGMENT[part]: points[:, [AT[name] for name in names]] for part, names in TRUNK.items()
    }
    for part, ends in LIMB_ENDS.items():
        a, b = (points[:, AT[name]] for name in ends)
        way = b - a
        length = np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-6)
        side = np.stack([-way[:, 1], way[:, 0]], -1) / length * 0.03 * scale[:, AT[ends[0]], None]
        edges = (a + b) / 2 + side, (a + b) / 2 - side
        found[SEGMENT[part]] = np.stack([a, b, a, b, *edges], 1)
    for n, prop in enumerate(figure.props):
        found[FIRST_PROP + n] = prop.points[moments]
    return found


# A limb moves as its joints do: up to the wrist and the head, where it is drawn up to the hand and
# the crown.
LIMB_ENDS = {
    part: tuple(end.replace("hand", "wrist").replace("crown", "head") for end in ends)
    for part, ends in ENDS.items()
    if part not in ("pelvis", "chest")
}
TRUNK = {
    "pelvis": ("left_hip", "right_hip", "waist"),
    "chest": ("left_shoulder", "right_shoulder", "waist"),
}


def flow_of(
    parts: np.ndarray,
    controls: Mapping[int, np.ndarray],
    affine: np.ndarray,
    occluders: Sequence[np.ndarray],
) -> PartFlow:
    """The PartFlow of a clip.

    parts : uint8 (T, H, W); controls : {part: (T, m, 2) px}; affine : (T, 2, 3), the camera;
    occluders : list of (T, 2) px, their middles
    """
    T = len(parts)
    maps = np.zeros((2, T, PARTS, 2, 3))
    maps[..., 0, 0] = maps[..., 1, 1] = 1
    full = np.concatenate([affine, np.broadcast_to([[[0, 0, 1.0]]], (T, 1, 3))], 1)
    first, last = slice(0, T - 1), slice(1, T)
    for direction, (here, there) in enumerate(((first, last), (last, first))):
        camera = full[there] @ np.linalg.inv(full[here])
        maps[direction, here, :] = camera[:, None, :2]
        for m in {points.shape[1] for points in controls.values()}:  # many parts at once
            parts_of_m = [part for part, points in controls.items() if points.shape[1] == m]
            source, target = (
                np.concatenate([controls[part][those] for part in parts_of_m])
                for those in (here, there)
            )
            fitted = _fit(source, target).reshape(len(parts_of_m), -1, 2, 3)
            maps[direction, here, parts_of_m] = fitted
        for n, middle in enumerate(occluders):
            maps[direction, here, FIRST_OCCLUDER + n, :, :2] = np.eye(2)
            maps[direction, here, FIRST_OCCLUDER + n, :, 2] = middle[there] - middle[here]
    return PartFlow(parts, *np.round(maps, 5).astype(np.float32))


def _fit(source: np.ndarray, target: np.ndarray, stiffness: float = 0.02) -> np.ndarray:
    """Affine maps (N, 2, 3) that carry points (N, m, 2) to others: exact for three of them."""
    a, b = source.mean(1, keepdims=True), target.mean(1, keepdims=True)
    p, q = source - a, target - b
    # Least squares for the linear part, with a little ridge towards the identity that settles what
    # the points leave open.
    moment = np.einsum("tmi,tmj->tij", p, p) + stiffness * np.eye(2)
    cross = np.einsum("tmi,tmj->tij", q, p) + stiffness * np.eye(2)
    linear = np.nan_to_num(cross @ np.linalg.inv(moment), nan=0.0)
    shift = b[:, 0] - np.einsum("tij,tj->ti", linear, a[:, 0])
    return np.nan_to_num(np.concatenate([linear, shift[..., None]], -1))


def packed(flow: PartFlow) -> bytes:
    """A PartFlow as the bytes of a compressed .npz file, for `tslib.part_flow.read_flow`."""
    stream = io.BytesIO()
    # The fastest level is enough for areas of one number. An image format would limit their size.
    parts = np.frombuffer(zlib.compress(flow.parts.tobytes(), 1), np.uint8)
    shape, to_next, to_previous = np.array(flow.parts.shape), flow.to_next, flow.to_previous
    np.savez(stream, parts=parts, shape=shape, to_next=to_next, to_previous=to_previous)
    return stream.getvalue()
