"""Which way a body and its upper arms and thighs point in a picture, and offsets turned with them.

A forearm bends at its elbow: where the wrist is depends on where the upper arm points. The offset
of a forearm or a shin is therefore seen from its upper arm or thigh, and that of everything else
from the body, whose direction is that from the middle of the shoulders to the middle of the hips.
"""

import numpy as np

from tslib.message_passing import PoseGraph
from tslib.skeletons import Skeleton

_SIDES = ("left", "right")
# Of each lower limb the joint at whose other end the upper one begins.
_ABOVE = {("elbow", "wrist"): "shoulder", ("knee", "ankle"): "hip"}


def graph_of(skeleton: Skeleton) -> PoseGraph:
    """Limbs and left-right pairs of one picture."""
    return PoseGraph.of(skeleton, 1, span=0)


def directions(joints: np.ndarray, graph: PoseGraph) -> np.ndarray:
    """The angle that each edge of a body with hips is seen from: joints (..., K, 2) -> radians
    (..., E), NaN where a joint that says so is unknown.
    """
    names = list(graph.joints)
    shoulders, hips = ([names.index(f"{s}_{n}") for s in _SIDES] for n in ("shoulder", "hip"))
    body = joints[..., hips, :].mean(-2) - joints[..., shoulders, :].mean(-2)
    found = []
    for first, second in graph.edges:
        bend, end = names[first].split("_"), names[second].split("_")
        above = _ABOVE.get((bend[-1], end[-1]))
        if above:
            start = names.index(f"{bend[0]}_{above}")
            way = joints[..., first, :] - joints[..., start, :]
        else:
            way = body
        found.append(np.arctan2(way[..., 1], way[..., 0]))
    return np.stack(found, -1)


def turn(offsets: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Offsets (..., 2), turned by angles (...), radians, from x to y."""
    c, s, (x, y) = np.cos(angles), np.sin(angles), np.moveaxis(offsets, -1, 0)
    return np.stack([c * x - s * y, s * x + c * y], -1)
