"""The place behind the figure: a room or the open, and things that look like limbs and are none.

Lengths are in hundredths of the picture's height, here called px.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from .camera import Perspective
from .draw import CLOTH, SHIFT, SKIN, Color, Figure, Look, Painting, fixed, mixed
from .props import Prop

Range = tuple[float, float]


@dataclass(frozen=True)
class Odds:
    """How often things stand around: chances, counts (least, one more than most), shares of kinds.

    fence, house, court : behind grass, and lines on it
    panels : doors, posters, mirrors, windows of a room; framed and shelved of these
    skirting, racks, planks : lines and machines along the wall, and lines of the floor
    litter : things on the ground
    clutter : things that look like limbs, by kind: sticks lie on the ground, branches grow from it
    """

    outdoors: float = 0.5
    fence: float = 0.5
    house: float = 0.35
    court: float = 0.5
    panels: tuple[int, int] = (2, 7)
    framed: float = 0.6
    shelved: float = 0.3
    skirting: float = 0.7
    racks: tuple[int, int] = (0, 5)
    planks: float = 0.6
    litter: tuple[int, int] = (0, 5)
    clutter: tuple[int, int] = (1, 6)
    kinds: Mapping[str, float] = field(
        default_factory=lambda: {"spectator": 0.25, "poster": 0.2, "branch": 0.3, "stick": 0.25}
    )


ODDS = Odds()
GROUNDS = (
    (72, 118, 48),
    (96, 130, 60),
    (150, 110, 70),
    (60, 96, 130),
    (130, 128, 120),
    (110, 60, 50),
)
FLOORS = (150, 108, 66), (118, 84, 56), (70, 72, 76), (44, 46, 52), (96, 100, 116), (160, 156, 146)


def place_of(
    rng: np.random.Generator,
    size: tuple[int, int],
    margin: int,
    camera: Perspective,
    still: Sequence[Prop] = (),
    bystanders: Sequence[Figure] = (),
) -> np.ndarray:
    """A background, larger than the picture by a margin on every side: uint8 (H + 2m, W + 2m, 3)
    RGB.

    camera : says where the horizon is and how far away the wall stands
    still : with points (1, m, 2) px, what stands there
    bystanders : of one moment, far ones first
    """
    W, H = size[0] + 2 * margin, size[1] + 2 * margin
    horizon = camera.horizon + margin
    wall = float(camera.project(np.array([0.0, 0.0, -rng.uniform(0.8, 5.0)]))[0][1]) + margin
    floor = int(np.clip(max(wall, horizon + 1), 0.1 * H, H))
    outdoors = rng.random() < ODDS.outdoors
    clouds = _cloud(rng, (W, H), (3, 8)) * rng.uniform(10, 45) + rng.uniform(95, 215)
    canvas = (clouds + rng.normal(0, 1, 3) * (8, 5, 8)).clip(5, 250).astype(np.uint8)
    place = _Place(rng, canvas, floor, horizon)
    if outdoors:
        place.trees()
        place.grass()
    else:
        place.room()
        place.boards()
    place.clutter()
    for prop in still:
        points = fixed(prop.points[0] + margin)
        if prop.filled:
            cv2.fillConvexPoly(canvas, points, prop.color, cv2.LINE_AA, SHIFT)
        else:
            thick = max(1, round(2 * prop.radius * camera.focal / camera.distance))
            cv2.polylines(canvas, [points], False, prop.color, thick, cv2.LINE_AA, SHIFT)
    for figure in bystanders:
        Painting(figure, Look.any(rng)).draw(canvas, 0)
    texture = _cloud(rng, (W, H), (H // 6, H // 2)) * rng.uniform(6, 26)
    canvas = (canvas.astype(np.int16) + texture.astype(np.int16)).clip(0, 255).astype(np.uint8)
    # The person stands out: what lies behind is paler, and out of focus.
    pale = cv2.addWeighted(canvas, rng.uniform(0.55, 0.95), canvas, 0, rng.uniform(5, 45))
    soft = rng.uniform(0.1, 1.2) * place.px
    return cv2.GaussianBlur(pale, (0, 0), soft) if soft > 0.3 else pale


def any_color(
    rng: np.random.Generator, low: float = 30, high: float = 215, spread: float = 18
) -> list[float]:
    """A grey between low and high with a tint: RGB."""
    return np.clip(rng.uniform(low, high) + rng.normal(0, spread, 3), 5, 250).tolist()


def _cloud(rng: np.random.Generator, size: tuple[int, int], cells: Sequence[int]) -> np.ndarray:
    """Smooth noise (H, W, 1) in about [-1, 1], a sum of one layer for each number of cells."""
    total: np.ndarray | float = 0.0
    for n, count in enumerate(cells):
        grid = rng.random((max(2, count), max(2, count * size[0] // size[1])), np.float32) * 2 - 1
        total = total + cv2.resize(grid, size, interpolation=cv2.INTER_LINEAR) / (n + 1)
    return np.asarray(total)[..., None]


def _whole(point: Sequence[float]) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _line(canvas, start, end, color, thick, kind=cv2.LINE_AA):
    cv2.line(canvas, _whole(start), _whole(end), color, max(1, round(thick)), kind)


def _block(canvas, start, end, color, thick=None):
    """A rectangle between two corners: filled, or with thick its frame."""
    thick = -1 if thick is None else max(1, round(thick))
    cv2.rectangle(canvas, _whole(start), _whole(end), color, thick)


class _Place:
    """What the background is painted with, from the wall to the things in front of it.

    canvas : uint8 (H, W, 3), painted in place; floor : y of the foot of the wall; horizon : y
    """

    def __init__(self, rng, canvas, floor, horizon):
        self.rng, self.canvas, self.floor, self.horizon = rng, canvas, floor, horizon
        self.H, self.W = canvas.shape[:2]
        self.px = self.H / 100

    def uniform(self, low, high):
        """A length between two in px."""
        return self.rng.uniform(low, high) * self.px

    def count(self, least_and_beyond):
        return range(int(self.rng.integers(*least_and_beyond)))

    def trees(self):
        rng, W, floor = self.rng, self.W, self.floor
        bright = rng.uniform(150, 245)
        sky = np.array([bright - rng.uniform(8, 60), bright - rng.uniform(4, 22), bright])
        down = np.linspace(1, 0.85, floor)[:, None, None]
        self.canvas[:floor] = np.clip(down * sky, 0, 255)
        green = np.array([rng.uniform(40, 95), rng.uniform(70, 120), rng.uniform(30, 65)])
        high = self.uniform(10, 60)
        edge = cv2.resize(rng.random((1, 9), np.float32), (W, 1), interpolation=cv2.INTER_CUBIC)[0]
        fine = rng.random((1, max(12, int(W / self.px / 3))), np.float32)
        edge = edge + 0.4 * cv2.resize(fine, (W, 1))[0]
        top = np.clip(floor - high * (0.35 + 0.65 * edge), 0, None)
        leaves = _cloud(rng, (W, floor), (6, 18, 40))
        rows = np.arange(floor)[:, None]
        tone = 0.72 + 0.25 * leaves + 0.25 * ((floor - rows) / high)[..., None].clip(0, 1)
        wood = np.clip(green * tone, 0, 255)
        mask = rows + 2.5 * self.px * leaves[..., 0] > top
        self.canvas[:floor][mask] = wood[mask]
        if rng.random() < ODDS.fence:
            self._fence()
        if rng.random() < ODDS.house:
            self._house()

    def _fence(self):
        color, y = any_color(self.rng, 90, 230, 8), self.floor - self.uniform(12, 40)
        thick = self.uniform(0.5, 1.4)
        _line(self.canvas, (0, y), (self.W, y), color, thick)
        posts = np.arange(self.rng.uniform(0, 20), self.W / self.px, self.rng.uniform(12, 45))
        for x in posts * self.px:
            _line(self.canvas, (x, y), (x, self.floor), color, thick)

    def _house(self):
        x, wide = self.rng.uniform(0, self.W), self.uniform(25, 60)
        top = self.floor - self.uniform(25, 70)
        color = any_color(self.rng, 100, 220, 15)
        _block(self.canvas, (x, top), (x + wide, self.floor), color)
        for n in range(3):
            a = x + wide * (0.12 + 0.3 * n)
            low, high = (a, top + 0.2 * wide), (a + 0.16 * wide, top + 0.45 * wide)
            _block(self.canvas, low, high, mixed(color, 0.45))

    def grass(self):
        rng, floor = self.rng, self.floor
        self._ground(GROUNDS, (0.7, 1.25), (0.9, 1.08), 12, (4, 18, 60))
        if floor < self.H and rng.random() < ODDS.court:
            self._rays((235, 235, 230), int(rng.integers(1, 4)), 0.9 * self.px)
            y = floor + int(rng.uniform(0.05, 0.9) * (self.H - floor))
            end = self.W, y + int(rng.normal(0, 4))
            _line(self.canvas, (0, y), end, (230, 230, 225), 0.7 * self.px)

    def boards(self):
        rng = self.rng
        color = self._ground(FLOORS, (0.75, 1.2), (0.85, 1.05), 8, (3, 9))
        if self.floor < self.H and rng.random() < ODDS.planks:
            lines = np.clip(color * 0.8, 0, 255).tolist()
            self._rays(lines, int(rng.integers(6, 20)), 1)

    def _ground(
        self, colors: Sequence[Color], light: Range, down: Range, spots: float, cells: Sequence[int]
    ) -> np.ndarray:
        """Paint what lies below the wall, brighter to the front, with spots; returns its colour."""
        deep = self.H - self.floor
        if not deep:
            return np.zeros(3)
        color = np.array(colors[int(self.rng.integers(len(colors)))]) * self.rng.uniform(*light)
        tones = np.linspace(*down, deep)[:, None, None] * color
        cloud = _cloud(self.rng, (self.W, deep), cells)
        self.canvas[self.floor :] = np.clip(tones + spots * cloud, 0, 255)
        return color

    def _rays(self, color, count, thick):
        """Lines on the ground that run to the horizon; only their part below the wall is drawn."""
        ground, deep = self.canvas[self.floor :], self.H - self.floor
        vanish = self.W * self.rng.uniform(0.2, 0.8), self.horizon - self.floor
        ends = np.linspace(-1.0, 2.0, count + 2)[1:-1] * self.W + self.rng.uniform(-20, 20)
        for x in ends:
            _line(ground, vanish, (x, deep), color, thick)

    def room(self):
        rng, canvas, floor, px = self.rng, self.canvas, self.floor, self.px
        for _ in self.count(ODDS.panels):
            x, wide = rng.uniform(-0.1, 1) * self.W, self.uniform(6, 40)
            low = floor if rng.random() < 0.5 else floor - self.uniform(10, 60)
            high = low - self.uniform(12, 80)
            color = any_color(rng, 30, 245, 16)
            _block(canvas, (x, high), (x + wide, low), color)
            if rng.random() < ODDS.framed:
                _block(canvas, (x, high), (x + wide, low), mixed(color, 0.55), 0.8 * px)
            if rng.random() < ODDS.shelved:
                for y in np.linspace(high, low, int(rng.integers(3, 8)))[1:-1]:
                    tone, hard = mixed(color, 0.6), cv2.LINE_8
                    _line(canvas, (x, y), (x + wide, y), tone, 0.7 * px, hard)
        if rng.random() < ODDS.skirting:
            color = any_color(rng, 20, 230, 8)
            thick = self.uniform(1, 3)
            _line(canvas, (0, floor), (self.W, floor), color, thick, cv2.LINE_8)
        for _ in self.count(ODDS.racks):
            x, high = rng.uniform(0, self.W), self.uniform(20, 85)
            color, thick = any_color(rng, 15, 200, 20), self.uniform(0.8, 2.6)
            low, reach = floor + self.uniform(0, 6), self.uniform(-25, 25)
            _line(canvas, (x, low), (x, low - high), color, thick)
            end = x + reach, low - high * rng.uniform(0.6, 1)
            _line(canvas, (x, low - high), end, color, thick)

    def clutter(self):
        """What looks like limbs and is none: spectators, pictures of people, branches, sticks."""
        rng, canvas, floor = self.rng, self.canvas, self.floor
        for _ in self.count(ODDS.litter):
            x, y, size = rng.uniform(0, self.W), rng.uniform(floor, self.H + 1), self.uniform(3, 9)
            color = any_color(rng, 20, 230, 25)
            if rng.random() < 0.5:
                cv2.circle(canvas, _whole((x, y)), int(size / 2), color, -1, cv2.LINE_AA)
            else:
                _block(canvas, (x, y - size), (x + size * rng.uniform(0.6, 2), y), color)
        for _ in self.count(ODDS.clutter):
            kind = rng.choice(list(ODDS.kinds), p=list(ODDS.kinds.values()))
            x = rng.uniform(0, self.W)
            if kind == "spectator":
                foot = floor + rng.uniform(0, 0.35) * max(self.H - floor, 4)
                _spectator(rng, canvas, (x, foot), self.uniform(14, 32))
            elif kind == "poster":
                self._poster(x)
            else:
                self._false_limb(x, kind == "branch")

    def _poster(self, x):
        rng, low = self.rng, self.floor - self.uniform(0, 35)
        wide, high = self.uniform(14, 34), self.uniform(18, 36)
        _block(self.canvas, (x, low - high), (x + wide, low), any_color(rng, 60, 240, 15))
        (left, top), (right, bottom) = _whole((x, low - high)), _whole((x + wide, low))
        part = self.canvas[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
        if part.size:
            place = part.shape[1] * rng.uniform(0.3, 0.7), part.shape[0] * rng.uniform(0.9, 1.5)
            _spectator(rng, part, place, part.shape[0] * rng.uniform(0.8, 1.5))

    def _false_limb(self, x, grows):
        """A branch, a hose or a strap that grows from the ground; or a stick or towel on it."""
        rng = self.rng
        colors = SKIN if rng.random() < 0.6 else CLOTH
        color = np.array(colors[rng.integers(len(colors))]) * rng.uniform(0.7, 1.0)
        length, thick = self.uniform(8, 18), self.uniform(1.8, 4.5)
        if grows:
            a = np.array([x, self.floor + self.uniform(0, 4)])
            angle, bend = -np.pi / 2 + rng.normal(0, 0.3), rng.uniform(-1.2, 1.2)
        else:
            a = np.array([x, rng.uniform(self.floor, self.H + 1)])
            angle, bend = rng.normal(0, 0.25), rng.uniform(-0.7, 0.7)
        b = a + length * np.array([np.cos(angle), np.sin(angle)])
        way = np.array([np.cos(angle + bend), np.sin(angle + bend)])
        _stick(
            self.canvas, np.stack([a, b, b + length * rng.uniform(0.7, 1.1) * way]), color, thick
        )


def _stick(canvas, points, color, thick):
    """A bent stick in two tones, like a limb."""
    line, soft = fixed(points), cv2.LINE_AA
    dark, wide, narrow = mixed(color, 0.74), max(1, round(thick)), max(1, round(0.55 * thick))
    cv2.polylines(canvas, [line], False, dark, wide, soft, SHIFT)
    lit = [line - round(2 * thick)]
    cv2.polylines(canvas, lit, False, mixed(color, 1.0), narrow, soft, SHIFT)


def _spectator(rng, canvas, foot, height):
    """A simple person who stands at foot (x, y) px: two legs, a body, two arms, a head."""

    def at(x, y):
        return np.array(foot, float) + height * np.array([x, -y])

    def ball(y, radius, color):
        center = tuple(np.round(at(0, y)).astype(int).tolist())
        cv2.circle(canvas, center, max(1, round(radius * height)), color, -1, cv2.LINE_AA)

    skin = np.array(SKIN[rng.integers(len(SKIN))]) * rng.uniform(0.8, 1)
    shirt, trousers = (
        np.array(CLOTH[n]) * rng.uniform(0.7, 1) for n in rng.integers(len(CLOTH), size=2)
    )
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
        color = skin if rng.random() < 0.6 else shirt
        _stick(canvas, np.stack([at(side * 0.11, 0.80), elbow, hand]), color, 0.05 * height)
    ball(0.93, 0.065, mixed(skin, 0.8))
    if rng.random() < 0.7:
        ball(0.955, 0.055, (40, 30, 26))


class Shadows:
    """Soft ellipses that darken the ground at N moments.

    centers : (N, n, 2) px, x and y; wide : (rx, ry) px; size : (W, H) of the pictures
    """

    def __init__(
        self,
        centers: np.ndarray,
        wide: tuple[float, float],
        size: tuple[int, int],
        strength: float = 0.45,
    ) -> None:
        radius, self.strength = np.maximum(1.0, wide), strength
        low, high = centers.min(1) - radius, centers.max(1) + radius + 2
        edges = np.maximum(0, low), np.minimum(size, high)
        self.boxes = np.concatenate(edges, 1).astype(int).tolist()  # x0, y0, x1, y1
        x, y = (np.arange(n, dtype=np.float32) for n in size)
        self.across = (((x - centers[..., :1]) / radius[0]) ** 2).repeat(3, -1)  # R, G, B
        self.down = ((y - centers[..., 1:]) / radius[1]) ** 2

    def darken(self, picture: np.ndarray, moment: int) -> None:
        """Darken a uint8 picture (H, W, 3) in place as at a moment (its number)."""
        x0, y0, x1, y1 = self.boxes[moment]
        if x1 <= x0 or y1 <= y0:
            return
        across = self.across[moment, :, None, 3 * x0 : 3 * x1]
        down = self.down[moment, :, y0:y1, None]
        light = np.float32(1)
        for one in 1 - self.strength * np.maximum(0, 1 - (across + down)):
            light = (light * one).astype(np.float32)
        part = picture.reshape(len(picture), -1)[y0:y1, 3 * x0 : 3 * x1]
        part[:] = part * light
