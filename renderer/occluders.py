"""What crosses in front of the figure: posts, balls, people who pass, arms."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from .draw import SHIFT, SKIN, Color, circle, fixed, mixed
from .scene import any_color

COUNTS = (0.28, 0.42, 0.2, 0.1)  # chances of none, one, two and three in a clip
KINDS = {"post": 0.36, "ball": 0.2, "passer": 0.16, "arm": 0.28}
STANDS = 0.15  # chance that a post stands in the world, so that the camera moves it
COVERED = 100  # of 255: from there on an occluder's soft edge hides what is behind
Parts = list[tuple[np.ndarray, Sequence[float]]]


@dataclass(frozen=True)
class Occluder:
    """Something in front of the person: convex polygons that move together.

    polygons : list of ((P, 2) px around its middle, RGB)
    middle : (N, 2) px
    shown : (N,) bool, when it is there at all; None for always
    """

    polygons: Parts
    middle: np.ndarray
    shown: np.ndarray | None = None

    @cached_property
    def _placed(self):
        return [(fixed(points + self.middle[:, None]), color) for points, color in self.polygons]

    def draw(self, picture: np.ndarray, moment: int) -> None:
        """Fill in its polygons at a moment."""
        if self.shown is not None and not self.shown[moment]:
            return
        for points, color in self._placed:
            cv2.fillConvexPoly(picture, points[moment], color, cv2.LINE_AA, SHIFT)

    def label(self, labels: np.ndarray, moment: int, number: int) -> None:
        """Fill in its number where it is seen, its soft edge included."""
        if self.shown is not None and not self.shown[moment]:
            return
        mask = np.zeros_like(labels)
        for points, _ in self._placed:
            cv2.fillConvexPoly(mask, points[moment], 255, cv2.LINE_AA, SHIFT)
        labels[mask > COVERED] = number


def occluders_of(
    rng: np.random.Generator,
    joints: np.ndarray,
    times: np.ndarray,
    size: tuple[int, int],
    affine: np.ndarray,
    most: int = 3,
) -> list[Occluder]:
    """Up to `most` Occluders that meet the person somewhere.

    joints : (N, K, 2) px in the picture; times : (N,) frames; size : (W, H) px
    affine : (N, 2, 3) camera, for those that stand still in the world
    """
    px = size[1] / 100
    body = float(np.median(np.nanmax(joints, axis=1) - np.nanmin(joints, axis=1), axis=0).max())
    found = []
    for _ in range(min(int(rng.choice(len(COUNTS), p=COUNTS)), most)):
        meet = int(rng.integers(len(times)))
        point = joints[meet, rng.integers(joints.shape[1])]
        if not np.isfinite(point).all():
            continue
        color = any_color(rng, 20, 220, 22)
        kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
        if kind == "post":
            parts = _post(color, rng.uniform(0.04, 0.11) * body, 3 * size[1])
        elif kind == "ball":
            parts = _ball(color, rng.uniform(0.05, 0.11) * body)
        elif kind == "passer":
            tall = rng.uniform(0.2, 0.32) * body
            parts = _passer(color, mixed(SKIN[int(rng.integers(len(SKIN)))], 0.7), tall)
            point = point + [0, rng.uniform(-0.3, 1.0) * tall]
        else:
            skin = SKIN[int(rng.integers(len(SKIN)))]
            far, wide = rng.uniform(0.3, 0.6) * body, rng.uniform(0.05, 0.10) * body
            parts = _arm(skin, far, wide, rng.uniform(0, 2 * np.pi))
        if kind == "post" and rng.random() < STANDS:
            base = np.linalg.solve(affine[meet, :, :2], point - affine[meet, :, 2])
            middle = np.einsum("nij,j->ni", affine[:, :, :2], base) + affine[:, :, 2]
        else:
            speed = rng.uniform(4, 20) * px * rng.choice([-1, 1])
            tilt = rng.uniform(-0.3, 0.3) if kind in ("post", "passer") else rng.uniform(-1.0, 1.0)
            way = np.array([np.cos(tilt), np.sin(tilt)])
            middle = point + (times - times[meet])[:, None] * speed * way
        found.append(Occluder(parts, middle))
    return found


def cover(
    rng: np.random.Generator, positions: np.ndarray, hidden: np.ndarray, radius: float
) -> Occluder:
    """An Occluder that hides a point in just the moments in which it is hidden.

    positions : (N, 2) px; hidden : (N,) bool; radius : px, more or less
    """
    color = any_color(rng, 20, 200, 10)
    radius *= rng.uniform(0.9, 1.8)
    # Off the point, or its middle would mark the hidden joint; but over the point's own pixel.
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0, max(0, min(0.6 * radius, radius - 1.5)))
    positions = positions + far * np.array([np.cos(angle), np.sin(angle)])
    # It moves with the point even while it is not shown, because its flow leads into the moments
    # around as well.
    return Occluder(_ball(color, radius), positions, hidden)


def _post(color: Sequence[float], wide: float, high: float) -> Parts:
    lit = 0.2 * wide
    return [
        (_bar((0, -high), (0, high), wide), mixed(color, 0.75)),
        (_bar((-lit, -high), (-lit, high), 0.55 * wide), color),
    ]


def _ball(color: Sequence[float], radius: float) -> Parts:
    lit = _disc(-0.2 * radius, -0.3 * radius, 0.6 * radius)
    return [(_disc(0, 0, radius), mixed(color, 0.75)), (lit, color)]


def _passer(color: Sequence[float], skin: Color, s: float) -> Parts:
    """Somebody near the camera, from the head to the knees; s : the length of the trunk, about."""
    return [
        (_disc(0, 0.25 * s, 0.45 * s), mixed(color, 0.7)),
        (_bar((0, 0.3 * s), (0, 6 * s), 0.9 * s), mixed(color, 0.7)),
        (_bar((-0.1 * s, 0.4 * s), (-0.1 * s, 6 * s), 0.5 * s), mixed(color, 0.9)),
        (_bar((-0.35 * s, 0.35 * s), (-0.5 * s, 1.5 * s), 0.24 * s), color),
        (_bar((0.35 * s, 0.35 * s), (0.5 * s, 1.5 * s), 0.24 * s), mixed(color, 0.8)),
        (_disc(0, -0.5 * s, 0.27 * s), skin),
        (_disc(0, -0.58 * s, 0.25 * s), (38, 30, 26)),
    ]


def _arm(skin: Color, far: float, wide: float, angle: float) -> Parts:
    way = np.array([np.cos(angle), np.sin(angle)]) * far
    return [(_bar(-way, way, wide), mixed(skin, 0.74)), (_bar(-way, way, 0.55 * wide), skin)]


def _bar(
    a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray, wide: float
) -> np.ndarray:
    """A hexagon (6, 2): a bar from a to b whose ends are a little pointed."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    way = (b - a) / np.linalg.norm(b - a)
    side = np.array([-way[1], way[0]]) * wide / 2
    tip = 0.35 * wide * way
    return np.stack([a - side, a - tip, a + side, b + side, b + tip, b - side])


def _disc(x: float, y: float, radius: float) -> np.ndarray:
    return circle(np.array([[x, y]]), np.array([radius]), 1, 16)[0]
