"""Which way a body and its upper arms and thighs point in a picture, and offsets turned with them.

A forearm bends at its elbow: where the wrist is depends on where the upper arm points. The offset
of a forearm or a shin is therefore seen from its upper arm or thigh, and that of everything else
from the body, whose direction is that from the middle of the shoulders to the middle of the hips.
"""

import numpy as np

from tslib.message_passing import PoseGraph

from .leeds_pictures import SKELETON

GRAPH = PoseGraph.of(SKELETON, 1, span=0)
_BONES = [(a, b) for a, b in SKELETON.limbs if a.endswith(("shoulder", "hip"))]
# Of each lower limb's first joint the bone that ends there.
_ABOVE = {b: (a, b) for a, b in _BONES if b.endswith(("elbow", "knee"))}


def _numbers(*names: str) -> list[int]:
    return [SKELETON.joints.index(name) for name in names]


def directions(joints: np.ndarray) -> np.ndarray:
    """The angle that each edge of the graph is seen from: joints (..., K, 2) -> radians (..., E),
    NaN where a joint that says so is unknown.
    """
    shoulders, hips = (_numbers(f"left_{n}", f"right_{n}") for n in ("shoulder", "hip"))
    body = joints[..., hips, :].mean(-2) - joints[..., shoulders, :].mean(-2)
    found = []
    for first, second in GRAPH.edges:
        above = _ABOVE.get(SKELETON.joints[first])
        if above and (SKELETON.joints[first], SKELETON.joints[second]) in SKELETON.limbs:
            start, end = _numbers(*above)
            way = joints[..., end, :] - joints[..., start, :]
        else:
            way = body
        found.append(np.arctan2(way[..., 1], way[..., 0]))
    return np.stack(found, -1)


def turn(offsets: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Offsets (..., 2), turned by angles (...), radians, from x to y."""
    c, s, (x, y) = np.cos(angles), np.sin(angles), np.moveaxis(offsets, -1, 0)
    return np.stack([c * x - s * y, s * x + c * y], -1)
