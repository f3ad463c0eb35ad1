"""The camera: perspective on a tripod; then pan, shake, zoom and roll, an affine map of the
picture.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Perspective:
    """A camera at rest that looks at a point above the ground.

    yaw : radians by which the person is turned to the own left
    distance : heights; elevation: radians above the horizon; target: its height
    focal : px; center: (x, y) px of the target in the picture
    """

    yaw: float
    distance: float
    elevation: float
    target: tuple
    focal: float = 1.0
    center: tuple = (0.0, 0.0)

    def project(self, points):
        """Points (..., 3) in heights to (..., 2) px, depth (...,) in heights, and px for a height
        (...,).
        """
        x, y, z = np.moveaxis(np.asarray(points, float) - self.target, -1, 0)
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        x, z = x * c + z * s, z * c - x * s
        c, s = np.cos(self.elevation), np.sin(self.elevation)
        y, z = y * c - z * s, z * c + y * s
        depth = np.maximum(self.distance - z, 0.15)
        scale = self.focal / depth
        return np.stack([self.center[0] + scale * x, self.center[1] - scale * y], -1), depth, scale

    @property
    def horizon(self):
        """y px of the horizon."""
        return self.center[1] - self.focal * np.tan(self.elevation)


def path_of(rng, kind, times, size, cell):
    """How the camera moves the picture: affine maps (N, 2, 3), px to px.

    kind : "tripod" (still but for a breath), "hand" (0.2 to 0.8 cells a frame) or "fast" (1.8 to
    3.2 cells)
    times : (N,) in frames; size: (W, H) px; cell: px
    """
    W, H = size
    move = np.zeros((len(times), 2))
    if kind != "tripod":
        speed = cell * (rng.uniform(1.8, 3.2) if kind == "fast" else rng.uniform(0.2, 0.8))
        reach = min(W, H) * (0.17 if kind == "fast" else 0.06)
        # A swing of amplitude A and period P has mean speed 4 A / P; two of them never repeat.
        main = rng.uniform(0.75, 1.0) * reach
        way = rng.choice([-1.0, 1.0]) * np.array([1.0, rng.uniform(-0.35, 0.35)])
        period = max(4 * main / speed, 5.0)
        move += main * _swing(times, period, rng)[:, None] * way
        shake = min(0.3 * speed, 0.35 * reach)
        for axis in (0, 1):
            move[:, axis] += shake * _swing(times, rng.uniform(3.5, 6.0), rng)
    zoom = 1 + (
        rng.uniform(0, 0.06) * _swing(times, rng.uniform(20, 60), rng) if kind != "tripod" else 0
    )
    roll = rng.normal(0, 0.025) + (
        rng.uniform(0, 0.03) * _swing(times, rng.uniform(8, 40), rng) if kind == "fast" else 0
    )
    zoom, roll = zoom + 0 * times, roll + 0 * times
    a, b = zoom * np.cos(roll), zoom * np.sin(roll)
    cx, cy = (W - 1) / 2, (H - 1) / 2
    return np.stack(
        [
            np.stack([a, -b, cx - a * cx + b * cy + move[:, 0]], -1),
            np.stack([b, a, cy - b * cx - a * cy + move[:, 1]], -1),
        ],
        1,
    )


def _swing(times, period, rng):
    return np.sin(2 * np.pi * (np.asarray(times) / period + rng.random()))


def transform(affine, points):
    """Points (N, ..., 2) moved by affine maps (N, 2, 3)."""
    extra = (1,) * (np.ndim(points) - 2)
    a = affine.reshape(len(affine), *extra, 2, 3)
    return np.einsum("...ij,...j->...i", a[..., :2], points) + a[..., 2]
