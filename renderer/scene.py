"""Around the figure: the place, things that look like limbs, what crosses in front, a bad camera."""

from dataclasses import dataclass

import cv2
import numpy as np

from .draw import CLOTH, FIRST_OCCLUDER, SKIN, Look, Painting, circle, fixed, mixed


def place_of(rng, size, margin, camera, still=(), bystanders=()):
    """A background, larger than the picture by a margin on every side: uint8 (H + 2m, W + 2m, 3)
    RGB.

    camera : camera.Perspective, which says where the horizon is and how far away the wall stands
    still : list of props.Prop with points (1, m, 2) px that stand there
    bystanders : list of Figure with one moment, far ones first
    """
    W, H = size[0] + 2 * margin, size[1] + 2 * margin
    px = H / 100
    horizon = camera.horizon + margin
    wall = float(camera.project(np.array([0.0, 0.0, -rng.uniform(0.8, 5.0)]))[0][1]) + margin
    floor = int(np.clip(max(wall, horizon + 1), 0.1 * H, H))
    outdoors = rng.random() < 0.5
    top, ground = (_trees, _grass) if outdoors else (_room, _floor)
    canvas = np.empty((H, W, 3), np.uint8)
    canvas[:] = (
        _cloud(rng, (W, H), (3, 8)) * rng.uniform(10, 45)
        + rng.uniform(95, 215)
        + rng.normal(0, 1, 3) * (8, 5, 8)
    ).clip(5, 250)
    top(rng, canvas, floor, px)
    if floor < H:
        ground(rng, canvas, floor, horizon, px)
    _clutter(rng, canvas, floor, px)
    for prop in still:
        points = prop.points[0] + margin
        if prop.filled:
            cv2.fillConvexPoly(canvas, fixed(points), prop.color, cv2.LINE_AA, 4)
        else:
            thick = max(1, round(2 * prop.radius * camera.focal / camera.distance))
            cv2.polylines(canvas, [fixed(points)], False, prop.color, thick, cv2.LINE_AA, 4)
    for figure in bystanders:
        Painting(figure, Look.any(rng)).draw(canvas, 0)
    texture = _cloud(rng, (W, H), (H // 6, H // 2)) * rng.uniform(6, 26)
    canvas = cv2.add(
        canvas.astype(np.int16), texture.astype(np.int16)[..., None].repeat(3, 2)
    ).clip(0, 255)
    canvas = canvas.astype(np.uint8)
    # The person stands out: what lies behind is paler, and out of focus.
    canvas = cv2.addWeighted(canvas, rng.uniform(0.55, 0.95), canvas, 0, rng.uniform(5, 45))
    soft = rng.uniform(0.1, 1.2) * px  # the focus is on the person
    return cv2.GaussianBlur(canvas, (0, 0), soft) if soft > 0.3 else canvas


def _cloud(rng, size, cells):
    """Smooth noise (H, W) or so in about [-1, 1], a sum of one layer for each number of cells."""
    total = 0
    for n, count in enumerate(cells):
        grid = rng.random((max(2, count), max(2, count * size[0] // size[1])), np.float32) * 2 - 1
        total = total + cv2.resize(grid, size, interpolation=cv2.INTER_LINEAR) / (n + 1)
    return total[..., None] if cells[0] < 5 else total


def _color(rng, low=30, high=215, spread=18):
    return np.clip(rng.uniform(low, high) + rng.normal(0, spread, 3), 5, 250).tolist()


def _trees(rng, canvas, floor, px):
    H, W = canvas.shape[:2]
    bright = rng.uniform(150, 245)
    sky = np.array([bright - rng.uniform(8, 60), bright - rng.uniform(4, 22), bright])
    down = np.linspace(1, 0.85, max(floor, 1))[:, None, None]
    canvas[:floor] = np.clip(down * sky, 0, 255)
    green = np.array([rng.uniform(40, 95), rng.uniform(70, 120), rng.uniform(30, 65)])
    high = rng.uniform(10, 60) * px
    edge = cv2.resize(rng.random((1, 9), np.float32), (W, 1), interpolation=cv2.INTER_CUBIC)[0]
    edge = edge + 0.4 * cv2.resize(rng.random((1, max(12, int(W / px / 3))), np.float32), (W, 1))[0]
    top = np.clip(floor - high * (0.35 + 0.65 * edge), 0, None)
    if floor > 0:
        leaves = _cloud(rng, (W, floor), (6, 18, 40)).reshape(floor, W, 1)
        rows = np.arange(floor)[:, None]
        tone = 0.72 + 0.25 * leaves + 0.25 * ((floor - rows) / high)[..., None].clip(0, 1)
        wood = np.clip(green * tone, 0, 255)
        mask = rows + 2.5 * px * leaves[..., 0] > top
        canvas[:floor][mask] = wood[mask]
    if rng.random() < 0.5:  # a fence or a goal
        color, y = _color(rng, 90, 230, 8), floor - rng.uniform(12, 40) * px
        thick = max(1, round(rng.uniform(0.5, 1.4) * px))
        cv2.line(canvas, (0, int(y)), (W, int(y)), color, thick, cv2.LINE_AA)
        for x in np.arange(rng.uniform(0, 20), W / px, rng.uniform(12, 45)) * px:
            cv2.line(canvas, (int(x), int(y)), (int(x), int(floor)), color, thick, cv2.LINE_AA)
    if rng.random() < 0.35:  # a house
        x, wide = rng.uniform(0, W), rng.uniform(25, 60) * px
        top = floor - rng.uniform(25, 70) * px
        color = _color(rng, 100, 220, 15)
        cv2.rectangle(canvas, (int(x), int(top)), (int(x + wide), floor), color, -1)
        for n in range(3):
            a = x + wide * (0.12 + 0.3 * n)
            cv2.rectangle(
                canvas,
                (int(a), int(top + 0.2 * wide)),
                (int(a + 0.16 * wide), int(top + 0.45 * wide)),
                mixed(color, 0.45),
                -1,
            )


def _grass(rng, canvas, floor, horizon, px):
    H, W = canvas.shape[:2]
    kinds = (
        (72, 118, 48),
        (96, 130, 60),
        (150, 110, 70),
        (60, 96, 130),
        (130, 128, 120),
        (110, 60, 50),
    )
    color = np.array(kinds[rng.integers(len(kinds))]) * rng.uniform(0.7, 1.25)
    down = np.linspace(0.9, 1.08, H - floor)[:, None, None]
    spots = _cloud(rng, (W, H - floor), (4, 18, 60))
    canvas[floor:] = np.clip(down * color + 12 * spots.reshape(H - floor, W, 1), 0, 255)
    if rng.random() < 0.5:  # lines of a court
        _rays(
            rng,
            canvas,
            floor,
            horizon,
            (235, 235, 230),
            int(rng.integers(1, 4)),
            max(1, round(0.9 * px)),
        )
        y = floor + int(rng.uniform(0.05, 0.9) * (H - floor))
        cv2.line(
            canvas,
            (0, y),
            (W, y + int(rng.normal(0, 4))),
            (230, 230, 225),
            max(1, round(0.7 * px)),
            cv2.LINE_AA,
        )


def _rays(rng, canvas, floor, horizon, color, count, thick):
    """Lines on the ground that run to the horizon; only their part below the wall is drawn."""
    H, W = canvas.shape[:2]
    ground = canvas[floor:]
    vanish = W * rng.uniform(0.2, 0.8), horizon - floor
    for x in np.linspace(-1.0, 2.0, count + 2)[1:-1] * W + rng.uniform(-20, 20):
        cv2.line(
            ground, (int(vanish[0]), int(vanish[1])), (int(x), H - floor), color, thick, cv2.LINE_AA
        )


def _room(rng, canvas, floor, px):
    H, W = canvas.shape[:2]
    for _ in range(int(rng.integers(2, 7))):  # doors, posters, mirrors, windows, panels
        x, wide = rng.uniform(-0.1, 1) * W, rng.uniform(6, 40) * px
        low = floor if rng.random() < 0.5 else floor - rng.uniform(10, 60) * px
        high = low - rng.uniform(12, 80) * px
        color = _color(rng, 30, 245, 16)
        cv2.rectangle(canvas, (int(x), int(high)), (int(x + wide), int(low)), color, -1)
        if rng.random() < 0.6:
            cv2.rectangle(
                canvas,
                (int(x), int(high)),
                (int(x + wide), int(low)),
                mixed(color, 0.55),
                max(1, round(0.8 * px)),
            )
        if rng.random() < 0.3:  # shelves, bars, panes
            for y in np.linspace(high, low, int(rng.integers(3, 8)))[1:-1]:
                cv2.line(
                    canvas,
                    (int(x), int(y)),
                    (int(x + wide), int(y)),
                    mixed(color, 0.6),
                    max(1, round(0.7 * px)),
                )
    if rng.random() < 0.7:
        cv2.line(
            canvas,
            (0, floor),
            (W, floor),
            _color(rng, 20, 230, 8),
            max(1, round(rng.uniform(1, 3) * px)),
        )
    for _ in range(int(rng.integers(0, 5))):  # racks and machines
        x, high = rng.uniform(0, W), rng.uniform(20, 85) * px
        color = _color(rng, 15, 200, 20)
        thick = max(1, round(rng.uniform(0.8, 2.6) * px))
        low = floor + rng.uniform(0, 6) * px
        reach = rng.uniform(-25, 25) * px
        cv2.line(canvas, (int(x), int(low)), (int(x), int(low - high)), color, thick, cv2.LINE_AA)
        cv2.line(
            canvas,
            (int(x), int(low - high)),
            (int(x + reach), int(low - high * rng.uniform(0.6, 1))),
            color,
            thick,
            cv2.LINE_AA,
        )


def _floor(rng, canvas, floor, horizon, px):
    H, W = canvas.shape[:2]
    kinds = (
        (150, 108, 66),
        (118, 84, 56),
        (70, 72, 76),
        (44, 46, 52),
        (96, 100, 116),
        (160, 156, 146),
    )
    color = np.array(kinds[rng.integers(len(kinds))]) * rng.uniform(0.75, 1.2)
    down = np.linspace(0.85, 1.05, H - floor)[:, None, None]
    spots = _cloud(rng, (W, H - floor), (3, 9))
    canvas[floor:] = np.clip(down * color + 8 * spots.reshape(H - floor, W, 1), 0, 255)
    if rng.random() < 0.6:
        _rays(
            rng,
            canvas,
            floor,
            horizon,
            np.clip(color * 0.8, 0, 255).tolist(),
            int(rng.integers(6, 20)),
            1,
        )


def _clutter(rng, canvas, floor, px):
    """What looks like limbs and is none: spectators, pictures of people, branches, sticks."""
    H, W = canvas.shape[:2]
    for _ in range(int(rng.integers(0, 5))):  # things on the ground
        x, y, size = rng.uniform(0, W), rng.uniform(floor, H + 1), rng.uniform(3, 9) * px
        color = _color(rng, 20, 230, 25)
        if rng.random() < 0.5:
            cv2.circle(canvas, (int(x), int(y)), int(size / 2), color, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(
                canvas,
                (int(x), int(y - size)),
                (int(x + size * rng.uniform(0.6, 2)), int(y)),
                color,
                -1,
            )
    for _ in range(int(rng.integers(1, 6))):
        kind = rng.choice(4, p=[0.25, 0.2, 0.3, 0.25])
        x = rng.uniform(0, W)
        if kind == 0:  # a spectator behind
            foot = floor + rng.uniform(0, 0.35) * max(H - floor, 4)
            _spectator(rng, canvas, (x, foot), rng.uniform(14, 32) * px)
        elif kind == 1:  # a poster or a banner
            low, wide, high = (
                floor - rng.uniform(0, 35) * px,
                rng.uniform(14, 34) * px,
                rng.uniform(18, 36) * px,
            )
            cv2.rectangle(
                canvas,
                (int(x), int(low - high)),
                (int(x + wide), int(low)),
                _color(rng, 60, 240, 15),
                -1,
            )
            part = canvas[
                max(0, int(low - high)) : max(0, int(low)), max(0, int(x)) : max(0, int(x + wide))
            ]
            if part.size:
                place = part.shape[1] * rng.uniform(0.3, 0.7), part.shape[0] * rng.uniform(0.9, 1.5)
                _spectator(rng, part, place, part.shape[0] * rng.uniform(0.8, 1.5))
        else:
            colors = SKIN if rng.random() < 0.6 else CLOTH
            color = np.array(colors[rng.integers(len(colors))]) * rng.uniform(0.7, 1.0)
            length, thick = rng.uniform(8, 18) * px, rng.uniform(1.8, 4.5) * px
            if kind == 2:  # a branch, a hose, a strap: it grows from the wall or the ground
                a, angle = (
                    np.array([x, floor + rng.uniform(0, 4) * px]),
                    -np.pi / 2 + rng.normal(0, 0.3),
                )
                bend = rng.uniform(-1.2, 1.2)
            else:  # a stick or a towel on the ground
                a, angle = np.array([x, rng.uniform(floor, H + 1)]), rng.normal(0, 0.25)
                bend = rng.uniform(-0.7, 0.7)
            b = a + length * np.array([np.cos(angle), np.sin(angle)])
            c = b + length * rng.uniform(0.7, 1.1) * np.array(
                [np.cos(angle + bend), np.sin(angle + bend)]
            )
            _stick(canvas, np.stack([a, b, c]), color, thick)


def _stick(canvas, points, color, thick):
    """A bent stick in two tones, like a limb."""
    line = fixed(points)
    cv2.polylines(canvas, [line], False, mixed(color, 0.74), max(1, round(thick)), cv2.LINE_AA, 4)
    cv2.polylines(
        canvas,
        [line - round(2 * thick)],
        False,
        mixed(color, 1.0),
        max(1, round(0.55 * thick)),
        cv2.LINE_AA,
        4,
    )


def _spectator(rng, canvas, foot, height):
    """A simple person who stands at foot (x, y) px: two legs, a body, two arms, a head."""
    skin = np.array(SKIN[rng.integers(len(SKIN))]) * rng.uniform(0.8, 1)
    shirt, trousers = (
        np.array(CLOTH[n]) * rng.uniform(0.7, 1) for n in rng.integers(len(CLOTH), size=2)
    )
    at = lambda x, y: np.array(foot, float) + height * np.array([x, -y])  # noqa: E731
    for side in (-1, 1):
        step = rng.uniform(0.02, 0.10)
        knee, hip = at(side * (step + rng.uniform(0, 0.03)), 0.27), at(side * 0.045, 0.52)
        _stick(canvas, np.stack([at(side * step, 0), knee, hip]), trousers, 0.08 * height)
    _stick(canvas, np.stack([at(0, 0.52), at(0, 0.66), at(0, 0.77)]), shirt, 0.19 * height)
    for side in (-1, 1):
        way = rng.uniform(-0.2, 1.2) if rng.random() < 0.7 else rng.uniform(1.2, 2.8)
        elbow = at(side * (0.11 + 0.16 * np.sin(way)), 0.80 - 0.16 * np.cos(way))
        way += rng.uniform(-0.2, 1.8)
        hand = elbow + height * 0.16 * np.array([side * np.sin(way), np.cos(way)])
        bare = rng.random() < 0.6
        _stick(
            canvas,
            np.stack([at(side * 0.11, 0.80), elbow, hand]),
            skin if bare else shirt,
            0.05 * height,
        )
    center = tuple(np.round(at(0, 0.93)).astype(int).tolist())
    cv2.circle(canvas, center, max(1, round(0.065 * height)), mixed(skin, 0.8), -1, cv2.LINE_AA)
    if rng.random() < 0.7:
        hair = tuple(np.round(at(0, 0.955)).astype(int).tolist())
        cv2.circle(canvas, hair, max(1, round(0.055 * height)), (40, 30, 26), -1, cv2.LINE_AA)


@dataclass(frozen=True)
class Occluder:
    """Something in front of the person: convex polygons that move together.

    polygons : list of ((P, 2) px around its middle, RGB)
    middle : (N, 2) px
    shown : (N,) bool, when it is there at all; None for always
    """

    polygons: list
    middle: np.ndarray
    shown: np.ndarray | None = None

    def __post_init__(self):
        placed = [(fixed(points + self.middle[:, None]), color) for points, color in self.polygons]
        object.__setattr__(self, "_placed", placed)

    def draw(self, picture, moment):
        """Fill in its polygons at a moment."""
        if self.shown is not None and not self.shown[moment]:
            return
        for points, color in self._placed:
            cv2.fillConvexPoly(picture, points[moment], color, cv2.LINE_AA, 4)

    def label(self, labels, moment, number):
        """Fill in its number where it is seen, its soft edge included."""
        if self.shown is not None and not self.shown[moment]:
            return
        mask = np.zeros_like(labels)
        for points, _ in self._placed:
            cv2.fillConvexPoly(mask, points[moment], 255, cv2.LINE_AA, 4)
        labels[mask > 100] = number


def occluders_of(rng, joints, times, size, affine, most=3):
    """Up to `most` Occluders that meet the person somewhere.

    joints : (N, K, 2) px in the picture; times : (N,) frames; size : (W, H) px
    affine : (N, 2, 3) camera, for those that stand still in the world
    """
    px = size[1] / 100
    body = float(np.median(np.nanmax(joints, axis=1) - np.nanmin(joints, axis=1), axis=0).max())
    found = []
    count = int(rng.choice(4, p=[0.28, 0.42, 0.2, 0.1]))
    for _ in range(min(count, most)):
        meet = int(rng.integers(len(times)))
        point = joints[meet, rng.integers(joints.shape[1])]
        if not np.isfinite(point).all():
            continue
        color = _color(rng, 20, 220, 22)
        kind = str(rng.choice(["post", "ball", "passer", "arm"], p=[0.36, 0.2, 0.16, 0.28]))
        if kind == "post":
            wide, high = rng.uniform(0.04, 0.11) * body, 3 * size[1]
            parts = [
                (_bar((0, -high), (0, high), wide), mixed(color, 0.75)),
                (_bar((-0.2 * wide, -high), (-0.2 * wide, high), 0.55 * wide), color),
            ]
        elif kind == "ball":
            radius = rng.uniform(0.05, 0.11) * body
            parts = [
                (_disc(0, 0, radius), mixed(color, 0.75)),
                (_disc(-0.2 * radius, -0.3 * radius, 0.6 * radius), color),
            ]
        elif kind == "passer":  # somebody walks through the picture, near the camera
            s = rng.uniform(0.2, 0.32) * body
            skin = mixed(SKIN[rng.integers(len(SKIN))], 0.7)
            parts = [
                (_disc(0, 0.25 * s, 0.45 * s), mixed(color, 0.7)),
                (_bar((0, 0.3 * s), (0, 6 * s), 0.9 * s), mixed(color, 0.7)),
                (_bar((-0.1 * s, 0.4 * s), (-0.1 * s, 6 * s), 0.5 * s), mixed(color, 0.9)),
                (_bar((-0.35 * s, 0.35 * s), (-0.5 * s, 1.5 * s), 0.24 * s), color),
                (_bar((0.35 * s, 0.35 * s), (0.5 * s, 1.5 * s), 0.24 * s), mixed(color, 0.8)),
                (_disc(0, -0.5 * s, 0.27 * s), skin),
                (_disc(0, -0.58 * s, 0.25 * s), (38, 30, 26)),
            ]
            point = point + [0, rng.uniform(-0.3, 1.0) * s]
        else:
            skin = SKIN[rng.integers(len(SKIN))]
            far, wide = rng.uniform(0.3, 0.6) * body, rng.uniform(0.05, 0.10) * body
            angle = rng.uniform(0, 2 * np.pi)
            way = np.array([np.cos(angle), np.sin(angle)]) * far
            parts = [
                (_bar(-way, way, wide), mixed(skin, 0.74)),
                (_bar(-way, way, 0.55 * wide), skin),
            ]
        if kind == "post" and rng.random() < 0.15:  # it stands in the world: the camera moves it
            base = np.linalg.solve(affine[meet, :, :2], point - affine[meet, :, 2])
            middle = np.einsum("nij,j->ni", affine[:, :, :2], base) + affine[:, :, 2]
        else:
            speed = rng.uniform(4, 20) * px * rng.choice([-1, 1])
            tilt = rng.uniform(-0.3, 0.3) if kind in ("post", "passer") else rng.uniform(-1.0, 1.0)
            middle = point + (times - times[meet])[:, None] * speed * np.array(
                [np.cos(tilt), np.sin(tilt)]
            )
        found.append(Occluder(parts, middle))
    return found


def cover(rng, positions, hidden, radius):
    """An Occluder that hides a point in just the moments in which it is hidden.

    positions : (N, 2) px; hidden : (N,) bool; radius : px, more or less
    """
    color = _color(rng, 20, 200, 10)
    radius *= rng.uniform(0.9, 1.8)
    # Off the point, or its middle would mark the hidden joint; but over the point's own pixel.
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0, max(0, min(0.6 * radius, radius - 1.5)))
    positions = positions + far * np.array([np.cos(angle), np.sin(angle)])
    parts = [
        (_disc(0, 0, radius), mixed(color, 0.75)),
        (_disc(-0.2 * radius, -0.3 * radius, 0.6 * radius), color),
    ]
    # It moves with the point even while it is not shown, as its flow leads into the moments around
    # too.
    return Occluder(parts, positions, hidden)


def _bar(a, b, wide):
    a, b = np.asarray(a, float), np.asarray(b, float)
    way = (b - a) / np.linalg.norm(b - a)
    side = np.array([-way[1], way[0]]) * wide / 2
    return np.stack(
        [a - side, a - 0.35 * wide * way, a + side, b + side, b + 0.35 * wide * way, b - side]
    )


def _disc(x, y, radius):
    return circle(np.array([[x, y]]), np.array([radius]), 1, 16)[0]


@dataclass(frozen=True)
class Bursts:
    """How a camera fails for a moment.

    least, often : frames from one burst to the next, and the chance of each further one that it
    comes now
    lengths : chances that it lasts 1, 2, 3 frames; blur : px of a picture 100 px high; contrast :
    factor
    noise : factor; light : grey levels; each (least, most)
    """

    least: int = 3
    often: float = 0.22
    lengths: tuple = (0.5, 0.35, 0.15)
    blur: tuple = (1.2, 2.8)
    contrast: tuple = (0.15, 0.45)
    noise: tuple = (2.5, 5.0)
    light: tuple = (50.0, 90.0)


# A poor camera fails nearly twice as often, and worse, but not for long: neighbour frames know
# better.
CAMERAS = {
    "usual": Bursts(),
    "poor": Bursts(1, 0.5, (0.75, 0.2, 0.05), (2.2, 5.0), (0.05, 0.22), (8.0, 16.0), (85.0, 140.0)),
}


@dataclass(frozen=True)
class Faults:
    """What the camera does to the pictures of a clip.

    blur : (T,) px, standard deviation; contrast : (T,) factor; light : (T,) added grey; noise :
    (T,) factor
    grain : uint8-sized noise, int16 (h, w, 3), of which every frame takes another part
    offset : (T, 2) where; tint : (3,) factors
    kind : (T,) str, the burst that a frame lies in, "focus", "contrast", "noise" or "flash", the
        latest of several; "" for none
    """

    blur: np.ndarray
    contrast: np.ndarray
    light: np.ndarray
    noise: np.ndarray
    grain: np.ndarray
    offset: np.ndarray
    tint: np.ndarray
    kind: np.ndarray

    @classmethod
    def any(cls, rng, T, size, camera="usual"):
        """Lasting faults of the whole clip, and bursts of one to three frames that are much worse.

        camera : of CAMERAS, how often and how bad the bursts are
        """
        bursts = CAMERAS[camera]
        px = size[1] / 100
        blur = np.full(T, rng.uniform(0, 0.3) * px)
        contrast = np.full(T, np.clip(rng.normal(1.02, 0.11), 0.65, 1.25))
        light, noise = np.full(T, rng.normal(4, 12)), np.ones(T)
        kind = np.full(T, "", "<U8")
        t = int(rng.geometric(0.15)) - 1
        while t < T:
            burst = slice(t, t + int(rng.choice([1, 2, 3], p=bursts.lengths)))
            fault = rng.choice(["focus", "contrast", "noise", "flash"], p=[0.42, 0.28, 0.2, 0.1])
            if fault == "focus":
                blur[burst] = rng.uniform(*bursts.blur) * px
            elif fault == "contrast":
                contrast[burst] *= rng.uniform(*bursts.contrast)
            elif fault == "noise":
                noise[burst] = rng.uniform(*bursts.noise)
            else:
                light[burst] += rng.choice([-1, 1]) * rng.uniform(*bursts.light)
            kind[burst] = fault
            t += bursts.least + int(rng.geometric(bursts.often))
        sigma = rng.uniform(1.0, 5.0)
        grain = rng.standard_normal((size[1] + 32, size[0] + 32), np.float32)
        if px > 2:  # as a video codec leaves it: no finer than the picture
            grain = cv2.GaussianBlur(grain, (0, 0), 0.7) * 1.7
        grain = np.stack([grain, np.roll(grain, 11, 0), np.roll(grain, 17, 1)], -1) * sigma
        grain = 0.6 * grain + 0.6 * grain[..., :1]
        return cls(
            blur,
            contrast,
            light,
            noise,
            np.round(grain).astype(np.int16),
            rng.integers(0, 32, (T, 2)),
            np.clip(rng.normal(1, 0.035, 3), 0.9, 1.1),
            kind,
        )

    def apply(self, picture, t):
        """A frame as this camera records it: uint8 (H, W, 3)."""
        H, W = picture.shape[:2]
        if self.blur[t] > 0.3:
            picture = cv2.GaussianBlur(picture, (0, 0), float(self.blur[t]))
        # One table for each channel: contrast around middle grey, brightness, tint.
        table = (np.arange(256) - 118) * self.contrast[t] + 118 + self.light[t]
        table = np.clip(table[:, None] * self.tint, 0, 255).astype(np.uint8)
        picture = cv2.LUT(picture, table[None])
        y, x = self.offset[t]
        grain = self.grain[y : y + H, x : x + W]
        if self.noise[t] != 1:
            grain = (grain * self.noise[t]).astype(np.int16)
        return cv2.add(picture, grain, dtype=cv2.CV_8U)


def shade_ground(picture, centers, wide, strength=0.45):
    """Darken soft ellipses (x, y) px on a uint8 picture in place; wide: (rx, ry) px."""
    H, W = picture.shape[:2]
    rx, ry = max(1.0, wide[0]), max(1.0, wide[1])
    x0, x1 = int(max(0, centers[:, 0].min() - rx)), int(min(W, centers[:, 0].max() + rx + 2))
    y0, y1 = int(max(0, centers[:, 1].min() - ry)), int(min(H, centers[:, 1].max() + ry + 2))
    if x1 <= x0 or y1 <= y0:
        return
    x, y = np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32)[:, None]
    light = np.ones((y1 - y0, x1 - x0), np.float32)
    for cx, cy in centers:
        far = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2
        light *= 1 - strength * np.maximum(0, 1 - far)
    part = picture[y0:y1, x0:x1]
    part[:] = part * light[..., None]


__all__ = [
    "CAMERAS",
    "FIRST_OCCLUDER",
    "Faults",
    "Occluder",
    "cover",
    "occluders_of",
    "place_of",
    "shade_ground",
]
