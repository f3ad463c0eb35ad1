"""What is held in the hands or stands around: bars, bats, a racquet, a ball, a guitar, a bench."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .body import AT, Activity, unit

STEEL, WOOD, DARK = (150, 152, 158), (150, 104, 62), (38, 38, 42)
RELEASED = 1.55  # s, when the bowler lets the ball go


@dataclass(frozen=True)
class Prop:
    """A thing as drawn: a thick line through its points, or with ``filled`` the polygon of them.

    points : (N, m, 3) in heights, or after projection (N, m, 2) px
    radius : heights; half the thickness of the line
    color : RGB
    still : it stands on the ground and belongs to the background
    behind : heights by which it is painted farther away than it is: hands lie over what they hold
    """

    points: np.ndarray
    radius: float
    color: tuple[float, ...]
    filled: bool = False
    still: bool = False
    behind: float = 0.04


def _any(rng: np.random.Generator, colors: Sequence[tuple[int, int, int]]) -> tuple[float, ...]:
    return tuple(rng.choice(colors).tolist())


def _wrists(points):
    return points[:, AT["left_wrist"]], points[:, AT["right_wrist"]]


def _ring(center, a, b, radius, count=14):
    """Points (N, count, 3) of a circle around center (N, 3) in the plane of unit vectors a and b
    (N, 3).
    """
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return center[:, None] + radius * (
        np.cos(angle)[:, None] * a[:, None] + np.sin(angle)[:, None] * b[:, None]
    )


def _box(low, high):
    """The faces of a box that can be seen from above, (1, 4, 3) each."""
    (x, y, z), (X, Y, Z) = low, high
    faces = (
        ((x, y, z), (x, Y, z), (x, Y, Z), (x, y, Z)),
        ((X, y, z), (X, Y, z), (X, Y, Z), (X, y, Z)),
        ((x, y, Z), (X, y, Z), (X, Y, Z), (x, Y, Z)),
        ((x, Y, z), (X, Y, z), (X, Y, Z), (x, Y, Z)),
    )
    return [np.array(face, float)[None] for face in faces]


def _barbell(points, times, rng):
    left, right = _wrists(points)
    axis, middle = unit(left - right), (left + right) / 2 + [0, 0.02, 0]
    up = unit(np.array([0.0, 1, 0]) - axis * axis[:, 1:2])
    side = np.cross(axis, up)
    length, size = rng.uniform(0.45, 0.58), rng.uniform(0.07, 0.13)
    color = _any(rng, [(30, 30, 34), (150, 30, 30), (30, 50, 120), (70, 70, 70)])
    bar = Prop(np.stack([middle - length * axis, middle + length * axis], 1), 0.009, STEEL)
    centers = (middle + sign * (length - 0.07) * axis for sign in (-1, 1))
    plates = (_ring(center, up, side, size) for center in centers)
    return [bar, *(Prop(plate, 0.014, color, filled=True) for plate in plates)]


def _bench(points, times, rng):
    color = _any(rng, [(60, 20, 20), (25, 25, 28), (40, 50, 90)])
    faces = _box((-0.085, 0.15, -0.42), (0.085, 0.195, 0.12))
    top = [Prop(face, 0, color, filled=True, still=True) for face in faces]
    legs = [
        Prop(np.array([[[x, 0, z], [x, 0.15, z]]]), 0.012, DARK, still=True)
        for x in (-0.07, 0.07)
        for z in (-0.36, 0.06)
    ]
    return legs + top


def _highbar(points, times, rng):
    left, right = _wrists(points)
    height, z = float(left[:, 1].mean()) + 0.03, float(left[:, 2].mean())
    half = rng.uniform(0.4, 0.8)
    ends = np.array([[-half, height, z], [half, height, z]])
    posts = [np.array([[end * [1, 0, 1], end]]) for end in ends] if rng.random() < 0.6 else []
    bar = Prop(ends[None], 0.012, STEEL, still=True)
    return [*(Prop(post, 0.018, DARK, still=True) for post in posts), bar]


def _grip(points):
    return (points[:, AT["left_hand"]] + points[:, AT["right_hand"]]) / 2


def _bat(points, times, rng):
    hands = _grip(points)
    way = unit(unit(hands - points[:, AT["chest"]]) * [1.0, 0.4, 1.0] + [0, 0.45, 0])
    grip = np.stack([hands - 0.04 * way, hands + 0.2 * way], 1)
    barrel = np.stack([hands + 0.2 * way, hands + 0.46 * way], 1)
    return [Prop(grip, 0.010, WOOD), Prop(barrel, 0.019, WOOD)]


def _club(points, times, rng):
    hands = _grip(points)
    way = unit(hands - points[:, AT["chest"]] + [0, -0.03, 0])
    # The head of the club stays above the ground.
    above = (hands[:, 1] - 0.015) / np.maximum(-way[:, 1], 0.1)
    reach = np.where(way[:, 1] < -0.1, np.minimum(0.58, above), 0.58)
    head = hands + reach[:, None] * way
    across = unit(np.cross(way, [0.0, 1, 0]) + [1e-6, 0, 0])
    return [
        Prop(np.stack([hands - 0.05 * way, head], 1), 0.006, STEEL),
        Prop(np.stack([head, head + 0.045 * across], 1), 0.016, DARK),
    ]


def _racquet(points, times, rng):
    wrist, elbow = points[:, AT["right_wrist"]], points[:, AT["right_elbow"]]
    hand, arm = points[:, AT["right_hand"]], unit(wrist - elbow)
    way = unit(arm + 0.25 * unit(wrist - points[:, AT["chest"]]) + [0, 0.25, 0])
    across = unit(np.cross(way, elbow - points[:, AT["right_shoulder"]]) + [1e-6, 0, 0])
    ring = _ring(hand + 0.25 * way, way * 1.25, across, 0.075)
    color = _any(rng, [(200, 30, 30), (30, 30, 30), (30, 60, 160), (220, 200, 40)])
    return [
        Prop(np.stack([hand - 0.03 * way, hand + 0.16 * way], 1), 0.010, DARK),
        Prop(np.concatenate([ring, ring[:, :1]], 1), 0.007, color),
    ]


def _ball(points, times, rng):
    hand = points[:, AT["right_hand"]]
    center = hand + 0.035 * unit(hand - points[:, AT["right_elbow"]])
    gone = np.clip(times - RELEASED, 0, None)[:, None]  # from there on it rolls
    last = np.array([-0.08, 0.1, 1.3])
    if times[0] <= RELEASED:
        last = center[np.argmin(np.abs(times - RELEASED))]
    rolling = np.concatenate([last[0] + 0 * gone, 0.06 + 0 * gone, last[2] + 3.0 * gone], 1)
    center = np.where(gone > 0, rolling, center)
    color = _any(rng, [(30, 30, 90), (110, 20, 30), (20, 20, 24), (30, 90, 60)])
    return [Prop(np.stack([center, center + [0, 0.001, 0]], 1), 0.058, color)]


def _rope(points, times, rng):
    left, right = points[:, AT["left_hand"]], points[:, AT["right_hand"]]
    angle = 2 * np.pi * times / 0.4 - 1.2  # below the feet while they are in the air
    s = np.linspace(0, 1, 9)[:, None]
    around = np.stack([0 * angle, np.cos(angle), np.sin(angle)], -1)[:, None]
    swing = around * np.sqrt(np.sin(np.pi * s))
    size = np.where(np.cos(angle) < 0, left[:, 1] - 0.02, 0.62)[:, None, None]
    wide = (s - 0.5) * np.sin(np.pi * s) * 0.35
    line = left[:, None] * (1 - s) + right[:, None] * s + size * swing - wide * [1, 0, 0]
    return [Prop(line, 0.005, _any(rng, [(230, 230, 230), (40, 40, 40), (200, 60, 40)]))]


def _guitar(points, times, rng):
    left, hip = points[:, AT["left_wrist"]], points[:, AT["waist"]]
    ahead = (points[:, AT["face"]] - points[:, AT["head"]]) * [0, 0, 1.4]
    body = hip + ahead + [-0.03, 0.035, 0.06]
    way = unit(left - body)
    up = unit(np.array([0.0, 1, 0]) - way * way[:, 1:2])
    color = _any(rng, [(170, 110, 50), (120, 30, 20), (30, 30, 34), (200, 160, 90)])
    return [
        Prop(np.stack([body + 0.1 * way, left + 0.1 * way], 1), 0.014, (70, 45, 30), behind=0.1),
        Prop(_ring(body - 0.06 * way, way, up, 0.115), 0, color, filled=True, behind=0.14),
        Prop(_ring(body + 0.08 * way, way, up, 0.085), 0, color, filled=True, behind=0.14),
        Prop(_ring(body + 0.04 * way, way, up, 0.036), 0, (25, 18, 14), filled=True, behind=0.139),
    ]


PROPS = {
    "barbell": _barbell,
    "bench": _bench,
    "highbar": _highbar,
    "bat": _bat,
    "club": _club,
    "racquet": _racquet,
    "ball": _ball,
    "rope": _rope,
    "guitar": _guitar,
}


def props_of(
    activity: Activity, points: np.ndarray, times: np.ndarray, rng: np.random.Generator
) -> list[Prop]:
    """The props of an activity for its points (N, 28, 3) at times (N,) s."""
    names = activity.prop.split()
    return [prop for name in names for prop in PROPS[name](points, times, rng)]


def shadow_of(points: np.ndarray) -> np.ndarray:
    """Centers (N, 2, 3) in heights of what a figure darkens: under both feet, or hands and feet."""
    low = points[:, [AT["left_ankle"], AT["right_ankle"]]].copy()
    if float(points[:, AT["waist"], 1].mean()) < 0.4:  # lying: one end at the shoulders
        low[:, 1] = points[:, AT["neck"]]
    low[..., 1] = 0
    return low
