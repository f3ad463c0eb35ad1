"""The camera: perspective on a tripod, then pan, shake, zoom and roll as an affine map."""

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
    target: tuple[float, float, float]
    focal: float = 1.0
    center: tuple[float, float] = (0.0, 0.0)

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where points (..., 3) in heights are seen.

        Returns (..., 2) px, depth (...,) in heights, and how many px a height is there (...,).
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
    def horizon(self) -> float:
        """y px of the horizon."""
        return self.center[1] - self.focal * np.tan(self.elevation)


@dataclass(frozen=True)
class Path:
    """How a camera moves.

    share : of clips; speed : (least, most) cells a frame; reach : of the picture's shorter side
    roll : most radians by which it sways
    """

    share: float
    speed: tuple[float, float] = (0.0, 0.0)
    reach: float = 0.0
    roll: float = 0.0


PATHS = {
    "tripod": Path(0.27),
    "hand": Path(0.33, (0.2, 0.8), 0.06),
    "fast": Path(0.40, (1.8, 3.2), 0.17, 0.03),
}


def path_of(
    rng: np.random.Generator, kind: str, times: np.ndarray, size: tuple[int, int], cell: float
) -> np.ndarray:
    """How the camera moves the picture: affine maps (N, 2, 3), px to px.

    kind : of PATHS; times : (N,) in frames; size : (W, H) px; cell : px
    """
    (W, H), path = size, PATHS[kind]
    move, zoom, sway = np.zeros((len(times), 2)), 0 * times, 0 * times
    if path.reach:
        speed, reach = cell * rng.uniform(*path.speed), min(W, H) * path.reach
        # A swing of amplitude A and period P has mean speed 4 A / P; two of them never repeat.
        main = rng.uniform(0.75, 1.0) * reach
        way = rng.choice([-1.0, 1.0]) * np.array([1.0, rng.uniform(-0.35, 0.35)])
        period = max(4 * main / speed, 5.0)
        move += main * _swing(times, period, rng)[:, None] * way
        shake = min(0.3 * speed, 0.35 * reach)
        for axis in (0, 1):
            move[:, axis] += shake * _swing(times, rng.uniform(3.5, 6.0), rng)
        zoom = rng.uniform(0, 0.06) * _swing(times, rng.uniform(20, 60), rng)
    roll = rng.normal(0, 0.025)
    if path.roll:
        sway = rng.uniform(0, path.roll) * _swing(times, rng.uniform(8, 40), rng)
    a, b = (1 + zoom) * np.cos(roll + sway), (1 + zoom) * np.sin(roll + sway)
    cx, cy = (W - 1) / 2, (H - 1) / 2
    across = np.stack([a, -b, cx - a * cx + b * cy + move[:, 0]], -1)
    down = np.stack([b, a, cy - b * cx - a * cy + move[:, 1]], -1)
    return np.stack([across, down], 1)


def _swing(times: np.ndarray, period: float, rng: np.random.Generator) -> np.ndarray:
    return np.sin(2 * np.pi * (times / period + rng.random()))


def transform(affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (N, ..., 2) moved by affine maps (N, 2, 3)."""
    extra = (1,) * (np.ndim(points) - 2)
    a = affine.reshape(len(affine), *extra, 2, 3)
    return np.einsum("...ij,...j->...i", a[..., :2], points) + a[..., 2]
