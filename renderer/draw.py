"""Figures as shaded, clothed limbs, painted from far to near. Left and right are alike.

Every limb is a few rounded, tapered polygons ("pieces"), each in several tones from its shadow to
its lit side. One list of polygons for all moments of a clip is made with array arithmetic; only the
filling is a loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import cv2
import numpy as np

from .body import AT, HEAD

if TYPE_CHECKING:
    from .props import Prop

Color = tuple[float, ...]  # RGB
SHIFT = 4  # polygons have 1/16 px
ROUND = 6  # corners of the round end of a limb

# What a pixel can show. Props and occluders follow, see FIRST_PROP and FIRST_OCCLUDER.
SEGMENTS = (
    "background pelvis chest head left_upper_arm right_upper_arm left_forearm right_forearm "
    "left_thigh right_thigh left_shin right_shin left_foot right_foot"
).split()
SEGMENT = {name: n for n, name in enumerate(SEGMENTS)}
FIRST_PROP, FIRST_OCCLUDER = 14, 20
ENDS = {  # the two points that carry a segment; more of them in flow.py
    "pelvis": ("left_hip", "right_hip"),
    "chest": ("neck", "waist"),
    "head": ("neck", "crown"),
} | {
    f"{side}_{part}": (f"{side}_{a}", f"{side}_{b}")
    for side in ("left", "right")
    for part, a, b in (
        ("upper_arm", "shoulder", "elbow"),
        ("forearm", "elbow", "hand"),
        ("thigh", "hip", "knee"),
        ("shin", "knee", "ankle"),
        ("foot", "ankle", "toe"),
    )
}
# Nearer by this many heights than it is: a shirt hangs over trousers, trousers over thighs.
NEARER = {
    "chest": 0.012,
    "head": 0.01,
    "forearm": 0.012,
    "upper_arm": 0.01,
    "thigh": -0.02,
    "foot": 0.004,
}

SKIN = (
    (241, 205, 178),
    (228, 184, 148),
    (214, 160, 120),
    (176, 122, 84),
    (128, 84, 58),
    (92, 60, 44),
)
HAIR = (
    (28, 22, 18),
    (60, 40, 26),
    (104, 72, 40),
    (178, 140, 84),
    (120, 118, 116),
    (40, 40, 70),
    (150, 30, 30),
)
CLOTH = (
    (236, 236, 232),
    (26, 26, 30),
    (40, 44, 52),
    (120, 122, 126),
    (24, 36, 84),
    (40, 84, 160),
    (120, 160, 210),
    (160, 24, 30),
    (206, 60, 48),
    (230, 150, 40),
    (222, 200, 60),
    (40, 100, 56),
    (110, 150, 70),
    (150, 60, 120),
    (226, 140, 170),
    (90, 60, 40),
    (190, 170, 140),
    (70, 110, 120),
)


@dataclass(frozen=True)
class Figure:
    """A person at N moments, as a camera sees it.

    points : (N, 28, 2) px, in the order of body.POINTS; NaN for what is not to be drawn
    depth : (N, 28) heights from the camera, or from anywhere
    scale : (N, 28) px for a height at that point
    props : with points (N, m, 2) px
    prop_depth : (N,) heights of each
    """

    points: np.ndarray
    depth: np.ndarray
    scale: np.ndarray
    props: "tuple[Prop, ...]" = ()
    prop_depth: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class Look:
    """Clothes and colours of one person; sleeve and leg are the shares of a limb that they cover.

    light : (x, y) in the picture, where it comes from
    """

    skin: Color
    hair: Color
    shirt: Color
    trousers: Color
    shoe: Color
    sock: Color
    badge: Color
    sleeve: float
    leg: float
    long_hair: bool
    girth: float
    light: tuple[float, float]

    @classmethod
    def any(cls, rng: np.random.Generator, girth: float = 1.0) -> Self:
        """Somebody's clothes."""

        def pick(colors: Sequence[Color]) -> Color:
            color = np.array(colors[int(rng.integers(len(colors)))]) + rng.normal(0, 8, 3)
            return tuple(np.clip(color, 8, 247).tolist())

        skin, shirt = pick(SKIN), pick(CLOTH)
        sleeve = float(rng.choice([0.12, 0.55, 0.62, 1.0], p=[0.2, 0.35, 0.2, 0.25]))
        leg = float(rng.choice([0.35, 0.6, 1.7], p=[0.2, 0.3, 0.5]))
        bare = rng.random() < 0.06  # no shirt at all
        trousers = shirt if rng.random() < 0.12 else pick(CLOTH)
        badge = skin if bare else shirt if rng.random() < 0.35 else pick(CLOTH)
        angle = rng.uniform(-1.2, 1.2)
        return cls(
            skin=skin,
            hair=pick(HAIR),
            shirt=skin if bare else shirt,
            trousers=trousers,
            shoe=pick(CLOTH),
            sock=pick(CLOTH[:4]),
            badge=badge,
            sleeve=0.0 if bare else sleeve,
            leg=leg,
            long_hair=bool(rng.random() < 0.3),
            girth=girth,
            light=(float(np.sin(angle)), float(-np.cos(angle))),
        )


FINE = 130  # px of a person from which on limbs have four tones and faces have eyes


class Tone(NamedTuple):
    """One layer of a piece: its radius, how far it is moved to the light, and its brightness."""

    radius: float
    offset: float
    brightness: float


COARSE_TONES = Tone(1.0, 0.0, 0.76), Tone(0.66, 0.24, 1.05)
FINE_TONES = (
    Tone(1.0, 0.0, 0.70),
    Tone(0.87, 0.08, 0.83),
    Tone(0.68, 0.18, 0.97),
    Tone(0.42, 0.30, 1.08),
)


class Piece(NamedTuple):
    """One tone of a part: what is filled at each moment, or None, or a line where thick is not 0.

    valid : N bools, when it is there at all; None for always
    """

    polygons: Sequence[Any] | np.ndarray
    color: Color
    valid: Sequence[bool] | None
    thick: int


class Painting:
    """All polygons of a figure at its N moments, ready to be filled."""

    def __init__(self, figure: Figure, look: Look) -> None:
        self.figure, self.look = figure, look
        # Everything is drawn from these, in order: all tones of a piece, then the next piece.
        self._pieces: dict[int, list[Piece]] = {
            n: [] for n in range(1, FIRST_PROP + len(figure.props))
        }
        self._fine = float(np.nanmedian(figure.scale)) >= FINE
        self._tones = FINE_TONES if self._fine else COARSE_TONES
        self._limb_rows: list[tuple] = []
        with np.errstate(invalid="ignore"):
            self._dress()
            self._size = np.nanmedian(figure.scale, axis=1) if figure.props else None
            for n, prop in enumerate(figure.props):
                self._add_prop(FIRST_PROP + n, prop)
            self._add_limbs()
        depth = np.full((len(figure.points), len(self._pieces) + 1), np.inf)
        for name, (a, b) in ENDS.items():
            middle = (figure.depth[:, AT[a]] + figure.depth[:, AT[b]]) / 2
            part = name.removeprefix("left_").removeprefix("right_")
            depth[:, SEGMENT[name]] = middle - NEARER.get(part, 0)
        for n, far in enumerate(figure.prop_depth):
            depth[:, FIRST_PROP + n] = far
        self._order = np.argsort(-depth[:, 1:], axis=1, kind="stable") + 1
        behind = depth - depth[:, SEGMENT["chest"], None]
        behind[:, FIRST_PROP:] = 0
        # The far side lies in shadow.
        self._shade = 1 - np.clip(np.nan_to_num(1.5 * behind), -0.06, 0.28)
        self._ready: tuple[int, list[tuple]] = -1, []

    def draw(self, picture: np.ndarray, moment: int, shade_of: int | None = None) -> None:
        """Fill in a uint8 (H, W, 3) picture what is seen at a moment (its number).

        shade_of : the moment whose order and shadows are used, if not the same
        """
        fill, soft = cv2.fillConvexPoly, cv2.LINE_AA
        for polygons, color, valid, thick in self._shaded(moment if shade_of is None else shade_of):
            if valid is not None and not valid[moment]:
                continue
            if thick:
                cv2.polylines(picture, [polygons[moment]], False, color, thick, soft, SHIFT)
            else:
                fill(picture, polygons[moment], color, soft, SHIFT)

    def _shaded(self, moment: int) -> list[tuple]:
        """The fields of all pieces from far to near in the light of a moment. The last are kept,
        because all samples of a frame share them."""
        if self._ready[0] != moment:
            pieces = []
            for segment in self._order[moment].tolist():
                light = float(self._shade[moment, segment])
                for polygons, (r, g, b), valid, thick in self._pieces[segment]:
                    color = r * light, g * light, b * light
                    pieces.append((polygons, color, valid, thick))
            self._ready = moment, pieces
        return self._ready[1]

    def label(self, labels: np.ndarray, moment: int) -> None:
        """Fill in a uint8 (H, W) picture the number of what each pixel shows."""
        fill, hard, tones = cv2.fillConvexPoly, cv2.LINE_8, len(self._tones)
        for segment in self._order[moment].tolist():
            for n, (polygons, _, valid, thick) in enumerate(self._pieces[segment]):
                if valid is not None and not valid[moment]:
                    continue
                if thick:
                    cv2.polylines(labels, [polygons[moment]], False, segment, thick, hard, SHIFT)
                # The darkest tone is the whole piece.
                elif n % tones == 0 or segment == SEGMENT["head"]:
                    fill(labels, polygons[moment], segment, hard, SHIFT)

    def _at(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """A point of the figure: (N, 2) px, and its scale (N,)."""
        return self.figure.points[:, AT[name]], self.figure.scale[:, AT[name]]

    def _dress(self) -> None:
        """Add all pieces of the body. Radii are in heights."""
        look, girth = self.look, self.look.girth
        hips, waist = 0.061 * girth, 0.066 * girth
        balls = [("left_hip", hips), ("right_hip", hips), ("waist", 0.9 * waist)]
        self._hull("pelvis", balls, look.trousers)
        balls = [("left_shoulder", 0.036), ("right_shoulder", 0.036)]
        balls += [("chest", 0.078 * girth), ("waist", waist), ("neck", 0.03)]
        self._hull("chest", balls, look.shirt)
        depth, corners = self.figure.depth, slice(AT["badge_0"], AT["badge_3"] + 1)
        front = depth[:, AT["chest"]] - depth[:, corners].mean(1)
        self._polygon("chest", self.figure.points[:, corners], look.badge, front > 0.02)
        self._dress_head()
        for side in ("left", "right"):
            self._limbs(side, self._arm() + self._leg())

    def _dress_head(self) -> None:
        """A neck, hair all round, and a face on the side that looks at the camera."""
        look, depth, (head, s) = self.look, self.figure.depth, self._at("head")
        neck = 0.030 * look.girth, 0.027
        self._limb("head", self._at("neck"), (head, s), (-0.1, 0.6), neck, mixed(look.skin, 0.86))
        face = self._at("face")[0]
        facing = (depth[:, AT["head"]] - depth[:, AT["face"]]) / HEAD
        up = (self._at("crown")[0] - head) * 0.75
        back = head - 0.30 * (face - head)
        if look.long_hair:
            tail = (back, s), self._at("neck")
            self._limb("head", *tail, (0.0, 0.7), (0.056, 0.036), look.hair)
        skull = (head + up, s), (head - 1.2 * up, s)
        self._limb("head", *skull, (0, 1), (0.92 * HEAD, 0.044), look.skin)
        low = 0.5 - 0.9 * np.clip(-facing[:, None], 0, 1)  # from behind hair reaches to the neck
        hair = (back + 0.9 * up, s), (back + low * up, s)
        self._limb("head", *hair, (0, 1), (0.058, 0.058), look.hair)
        shift = 0.42 * (face - head) - 0.18 * up * (1 - abs(facing[:, None]))
        wide = (0.036 + 0.016 * facing).clip(0.02, None)
        front = (head + shift + 0.15 * up, s), (head + shift - 1.3 * up, s)
        self._limb("head", *front, (0, 1), (wide, 0.82 * wide), look.skin, facing > -0.45)
        if self._fine:
            for name in ("left_eye", "right_eye"):
                eye, s = self._at(name)
                seen = depth[:, AT["head"]] - depth[:, AT[name]] > 0.018
                self._polygon("head", circle(eye, 0.0065 * s), mixed(look.skin, 0.25), seen)
            mouth = circle(head + 0.8 * (face - head) - 0.95 * up, 0.012 * s, 0.4)
            self._polygon("head", mouth, mixed(look.skin, 0.6), facing > 0.25)

    def _arm(self) -> list[tuple]:
        """Rows of `_limbs` of an arm, bare or in a sleeve."""
        look, girth = self.look, self.look.girth
        upper, fore = ("upper_arm", "shoulder", "elbow"), ("forearm", "elbow", "wrist")
        if look.sleeve < 1:
            rows: list[tuple] = [
                (*upper, (0, 1), (0.031 * girth, 0.024 * girth), look.skin),
                (*fore, (0, 1), (0.024 * girth, 0.0155), look.skin),
            ]
            if look.sleeve:
                sleeve = 0.038 * girth, 0.034 * girth
                rows += [(*upper, (-0.03, look.sleeve), sleeve, look.shirt)]
        else:
            rows = [
                (*upper, (0, 1), (0.036 * girth, 0.028 * girth), look.shirt),
                (*fore, (0, 0.97), (0.028 * girth, 0.020), look.shirt),
            ]
        return [*rows, ("forearm", "wrist", "hand", (0.1, 0.75), (0.0165, 0.020), look.skin)]

    def _leg(self) -> list[tuple]:
        """Rows of `_limbs` of a leg, in shorts or in trousers."""
        look, girth = self.look, self.look.girth
        thigh, shin = ("thigh", "hip", "knee"), ("shin", "knee", "ankle")
        if look.leg < 1:
            rows: list[tuple] = [
                (*thigh, (0, 1), (0.050 * girth, 0.033 * girth), look.skin),
                (*thigh, (0, look.leg), (0.060 * girth, 0.052 * girth), look.trousers),
                (*shin, (0, 1), (0.034 * girth, 0.019), look.skin),
                (*shin, (0.2, 0.45), (0.035 * girth, 0.028 * girth), look.skin),
                (*shin, (0.72, 1), (0.023, 0.022), look.sock),
            ]
        else:
            rows = [
                (*thigh, (0, 1), (0.058 * girth, 0.041 * girth), look.trousers),
                (*shin, (0, 0.96), (0.041 * girth, 0.029), look.trousers),
            ]
        return [*rows, ("foot", "ankle", "toe", (0.0, 0.85), (0.025, 0.018), look.shoe)]

    def _limbs(self, side: str, rows: list[tuple]) -> None:
        """Pieces of a side. rows : (part, start, end, along, radii, color), see `_limb`"""
        for part, start, end, *how in rows:
            ends = (self._at(f"{side}_{name}") for name in (start, end))
            self._limb(f"{side}_{part}", *ends, *how)

    def _limb(self, segment, start, end, along, radii, color, when=None):
        """A tapered piece between two points, (N, 2) px and scale (N,) each.

        along : from and to which share of the way it goes; radii : heights there
        """
        (a, sa), (b, sb) = start, end
        a, b = a + along[0] * (b - a), a + along[1] * (b - a)
        self._tapered(SEGMENT[segment], a, b, radii[0] * sa, radii[1] * sb, color, when)

    def _tapered(self, segment, a, b, ra, rb, color, when=None):
        """A limb, whose pieces follow in `_add_limbs`, but keep their place among the others."""
        valid = np.isfinite(a).all(1) & np.isfinite(b).all(1)
        if when is not None:
            valid &= when
        pieces = self._pieces[segment]
        self._limb_rows.append((a, b, ra, rb, pieces, len(pieces), color, valid))
        for _ in self._tones:
            self._keep(segment, (), color, valid)

    def _add_limbs(self):
        """The polygons of all limbs at once, since array arithmetic has a price for each call."""
        *ends, pieces, places, colors, valids = zip(*self._limb_rows, strict=True)
        a, b, ra, rb = (np.stack(end) for end in ends)  # (L, N, 2) and (L, N)
        ra, rb = np.maximum(ra, 0.55), np.maximum(rb, 0.55)
        angle = np.arctan2(b[..., 1] - a[..., 1], b[..., 0] - a[..., 0])
        along = np.stack([np.cos(angle), np.sin(angle)], -1)
        arc, light = np.linspace(np.pi / 2, 3 * np.pi / 2, ROUND), np.array(self.look.light)
        directions = [angle[..., None] + arc + turn for turn in (0.0, np.pi)]
        corners = [np.stack([np.cos(d), np.sin(d)], -1) for d in directions]
        for n, (size, offset, tone) in enumerate(self._tones):
            ends = []
            for point, radius, corner, way in (a, ra, corners[0], -1), (b, rb, corners[1], 1):
                # Narrower but as long: else every joint would show a dark seam.
                point = point + (1 - size) * radius[..., None] * along * way
                middle = (point + offset * radius[..., None] * light)[..., None, :]
                ends.append(middle + corner * (size * radius)[..., None, None])
            polygons = fixed(np.concatenate(ends, -2))
            rows = zip(polygons, pieces, places, colors, valids, strict=True)
            for limb, those, place, color, valid in rows:
                those[place + n] = _piece(limb, mixed(color, tone), valid)

    def _hull(self, segment, balls, color):
        """The hull of a few balls, (point, radius) each."""
        light = np.array(self.look.light)
        names, radii = zip(*balls, strict=True)
        places, radius = [AT[name] for name in names], np.array(radii)
        points, scale = self.figure.points[:, places], self.figure.scale[:, places]
        for size, offset, tone in self._tones:
            middle = points + (offset * radius * scale)[..., None] * light
            rings = circle(middle, size * radius * scale, 1, 10)
            corners = rings.reshape(len(points), -1, 2)
            valid = np.isfinite(corners).all((1, 2))
            moments = zip(fixed(corners), valid, strict=True)
            hulls = [cv2.convexHull(moment) if ok else None for moment, ok in moments]
            self._keep(SEGMENT[segment], hulls, mixed(color, tone), valid)

    def _polygon(self, segment, points, color, when):
        valid = np.isfinite(points).all((1, 2)) & when
        self._keep(SEGMENT[segment], fixed(points), color, valid)
        for _ in self._tones[1:]:  # flat, but as many entries as every other piece
            self._keep(SEGMENT[segment], fixed(points), color, np.zeros(len(points), bool))

    def _add_prop(self, label, prop):
        points, scale = prop.points, self._size
        valid = np.isfinite(points).all((1, 2))
        if prop.filled:
            self._keep(label, fixed(points), prop.color, valid)
            for _ in self._tones[1:]:
                inner = points.mean(1, keepdims=True) * 0.28 + points * 0.72
                self._keep(label, fixed(inner), mixed(prop.color, 1.25), valid)
        elif points.shape[1] == 2:
            radius = prop.radius * scale
            self._tapered(label, points[:, 0], points[:, 1], radius, radius, prop.color, valid)
        else:
            thick = max(1, round(2 * prop.radius * float(np.median(scale))))
            self._keep(label, fixed(points), prop.color, valid, thick)

    def _keep(self, segment, polygons, color, valid, thick=0):
        self._pieces[segment].append(_piece(polygons, color, valid, thick))


def _piece(polygons, color, valid, thick=0):
    """A Piece from valid (N,) as an array."""
    return Piece(polygons, color, None if valid.all() else valid.tolist(), thick)


def fixed(points: np.ndarray) -> np.ndarray:
    """Points in px as the whole numbers of 1/16 px that OpenCV takes, int32."""
    with np.errstate(invalid="ignore"):  # NaN becomes a number that is not used
        whole = np.clip(np.rint(points * (1 << SHIFT)), -(1 << 18), 1 << 18)
        return np.ascontiguousarray(whole, np.int32)


def circle(
    center: np.ndarray, radius: np.ndarray, flat: float = 1.0, count: int = 12
) -> np.ndarray:
    """Points (..., count, 2) around centers (..., 2) at radii (...,); flat : height over width."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    ring = np.stack([np.cos(angle), flat * np.sin(angle)], -1)
    return center[..., None, :] + ring * np.asarray(radius)[..., None, None]


def mixed(color: Sequence[float] | np.ndarray, tone: float) -> Color:
    """A color brightened by a factor: towards white above 1."""
    color = np.asarray(color, float)
    if tone <= 1:
        return tuple((color * tone).tolist())
    return tuple((color + (255 - color) * (tone - 1) * 1.2 + 4).tolist())
