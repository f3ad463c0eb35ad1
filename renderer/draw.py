"""Figures as shaded, clothed limbs, painted from far to near. Left and right are alike.

Every limb is a few rounded, tapered polygons ("pieces"), each in several tones from its shadow to
its lit side. One list of polygons for all moments of a clip is made with array arithmetic; only the
filling is a loop.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .body import AT, HAND, HEAD

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
    props : list of props.Prop with points (N, m, 2) px
    prop_depth : list of (N,) heights
    """

    points: np.ndarray
    depth: np.ndarray
    scale: np.ndarray
    props: tuple = ()
    prop_depth: tuple = ()


@dataclass(frozen=True)
class Look:
    """Clothes and colours (RGB) of one person; sleeve, leg and sock are shares of a limb that they
    cover.
    """

    skin: tuple
    hair: tuple
    shirt: tuple
    trousers: tuple
    shoe: tuple
    sock: tuple
    badge: tuple
    sleeve: float
    leg: float
    long_hair: bool
    girth: float
    light: tuple  # (x, y) in the picture: where it comes from

    @classmethod
    def any(cls, rng, girth=1.0):
        """Somebody's clothes, from a numpy Generator."""
        pick = lambda colors: tuple(  # noqa: E731
            np.clip(
                np.array(colors[rng.integers(len(colors))]) + rng.normal(0, 8, 3), 8, 247
            ).tolist()
        )
        skin, shirt = pick(SKIN), pick(CLOTH)
        sleeve = float(rng.choice([0.12, 0.55, 0.62, 1.0], p=[0.2, 0.35, 0.2, 0.25]))
        leg = float(rng.choice([0.35, 0.6, 1.7], p=[0.2, 0.3, 0.5]))
        bare = rng.random() < 0.06  # no shirt at all
        trousers = shirt if rng.random() < 0.12 else pick(CLOTH)
        badge = skin if bare else shirt if rng.random() < 0.35 else pick(CLOTH)
        angle = rng.uniform(-1.2, 1.2)
        return cls(
            skin,
            pick(HAIR),
            skin if bare else shirt,
            trousers,
            pick(CLOTH),
            pick(CLOTH[:4]),
            badge,
            0.0 if bare else sleeve,
            leg,
            bool(rng.random() < 0.3),
            girth,
            (float(np.sin(angle)), float(-np.cos(angle))),
        )


def tones_of(px):
    """(radius, offset to the light, brightness) of each tone for a person of so many px."""
    if px < 130:
        return ((1.0, 0.0, 0.76), (0.66, 0.24, 1.05))
    return ((1.0, 0.0, 0.70), (0.87, 0.08, 0.83), (0.68, 0.18, 0.97), (0.42, 0.30, 1.08))


class Painting:
    """All polygons of a figure at its N moments, ready to be filled.

    figure : Figure; look : Look
    """

    def __init__(self, figure, look):
        self.figure, self.look = figure, look
        # Everything is drawn from these: per piece (segment, polygons (N, P, 2), color, hull?), in
        # order.
        self._pieces = {n: [] for n in range(1, FIRST_PROP + len(figure.props))}
        size = float(np.nanmedian(figure.scale))
        self._tones = tones_of(size)
        self._fine = size > 130
        with np.errstate(invalid="ignore"):
            self._dress()
            for n, prop in enumerate(figure.props):
                self._add_prop(FIRST_PROP + n, prop)
        depth = np.full((len(figure.points), len(self._pieces) + 1), np.inf)
        for name, (a, b) in ENDS.items():
            middle = (figure.depth[:, AT[a]] + figure.depth[:, AT[b]]) / 2
            depth[:, SEGMENT[name]] = middle - NEARER.get(
                name.removeprefix("left_").removeprefix("right_"), 0
            )
        for n, far in enumerate(figure.prop_depth):
            depth[:, FIRST_PROP + n] = far
        self._order = np.argsort(-depth[:, 1:], axis=1, kind="stable") + 1
        behind = depth - depth[:, SEGMENT["chest"], None]
        behind[:, FIRST_PROP:] = 0
        self._shade = 1 - np.clip(
            np.nan_to_num(1.5 * behind), -0.06, 0.28
        )  # the far side lies in shadow

    def draw(self, picture, moment, shade_of=None):
        """Fill in a uint8 (H, W, 3) picture what is seen at a moment (its number)."""
        fill, AA = cv2.fillConvexPoly, cv2.LINE_AA
        shade = self._shade[moment if shade_of is None else shade_of]
        order = self._order[moment if shade_of is None else shade_of]
        for segment in order.tolist():
            light = float(shade[segment])
            for polygons, color, valid, thick in self._pieces[segment]:
                if valid is not None and not valid[moment]:
                    continue
                r, g, b = color
                color = r * light, g * light, b * light
                if thick:
                    cv2.polylines(picture, [polygons[moment]], False, color, thick, AA, SHIFT)
                else:
                    fill(picture, polygons[moment], color, AA, SHIFT)

    def label(self, labels, moment):
        """Fill in a uint8 (H, W) picture the number of the segment or prop that each pixel shows."""
        tones = len(self._tones)
        for segment in self._order[moment].tolist():
            for n, (polygons, _, valid, thick) in enumerate(self._pieces[segment]):
                if valid is not None and not valid[moment]:
                    continue
                if thick:
                    cv2.polylines(
                        labels, [polygons[moment]], False, segment, thick, cv2.LINE_8, SHIFT
                    )
                elif (
                    n % tones == 0 or segment == SEGMENT["head"]
                ):  # the darkest tone is the whole piece
                    cv2.fillConvexPoly(labels, polygons[moment], segment, cv2.LINE_8, SHIFT)

    def _dress(self):
        look, side_of = self.look, ("left", "right")
        P, scale = self.figure.points, self.figure.scale
        at = lambda name: (P[:, AT[name]], scale[:, AT[name]])  # noqa: E731
        girth = look.girth
        shorts = look.leg < 1
        # pelvis and chest: the hull of a few balls
        low, waist = 0.061 * girth, 0.066 * girth
        self._hull(
            "pelvis", [("left_hip", low), ("right_hip", low), ("waist", 0.9 * waist)], look.trousers
        )
        self._hull(
            "chest",
            [
                ("left_shoulder", 0.036),
                ("right_shoulder", 0.036),
                ("chest", 0.078 * girth),
                ("waist", waist),
                ("neck", 0.03),
            ],
            look.shirt,
        )
        badge = P[:, [AT[f"badge_{n}"] for n in range(4)]]
        front = self.figure.depth[:, AT["chest"]] - self.figure.depth[
            :, AT["badge_0"] : AT["badge_3"] + 1
        ].mean(1)
        self._polygon("chest", badge, look.badge, front > 0.02)
        # head: neck, hair all round, a face on the side that looks at the camera
        self._limb(
            "head", at("neck"), at("head"), -0.1, 0.6, 0.030 * girth, 0.027, _mix(look.skin, 0.86)
        )
        head, s = at("head")
        crown, _ = at("crown")
        face = P[:, AT["face"]]
        facing = (self.figure.depth[:, AT["head"]] - self.figure.depth[:, AT["face"]]) / HEAD
        up = (crown - head) * 0.75
        back = head - 0.30 * (face - head)
        if look.long_hair:
            self._limb("head", (back, s), at("neck"), 0.0, 0.7, 0.056, 0.036, look.hair)
        self._limb(
            "head", (head + up, s), (head - 1.2 * up, s), 0, 1, 0.92 * HEAD, 0.044, look.skin
        )
        low = 0.5 - 0.9 * np.clip(-facing[:, None], 0, 1)  # from behind hair reaches to the neck
        self._limb(
            "head", (back + 0.9 * up, s), (back + low * up, s), 0, 1, 0.058, 0.058, look.hair
        )
        shift = 0.42 * (face - head) - 0.18 * up * (1 - abs(facing[:, None]))
        wide = (0.036 + 0.016 * facing).clip(0.02, None)
        self._limb(
            "head",
            (head + shift + 0.15 * up, s),
            (head + shift - 1.3 * up, s),
            0,
            1,
            wide,
            0.82 * wide,
            look.skin,
            facing > -0.45,
        )
        if self._fine:
            for side in side_of:
                eye, s = at(f"{side}_eye")
                seen = (
                    self.figure.depth[:, AT["head"]] - self.figure.depth[:, AT[f"{side}_eye"]]
                    > 0.018
                )
                self._polygon("head", _circle(eye, 0.0065 * s), _mix(look.skin, 0.25), seen)
            mouth = head + 0.8 * (face - head) - 0.95 * up
            self._polygon(
                "head", _circle(mouth, 0.012 * s, 0.4), _mix(look.skin, 0.6), facing > 0.25
            )
        for side in side_of:
            arm = at(f"{side}_shoulder"), at(f"{side}_elbow")
            fore = at(f"{side}_elbow"), at(f"{side}_wrist")
            hand = at(f"{side}_wrist"), at(f"{side}_hand")
            if look.sleeve < 1:
                self._limb(f"{side}_upper_arm", *arm, 0, 1, 0.031 * girth, 0.024 * girth, look.skin)
                self._limb(f"{side}_forearm", *fore, 0, 1, 0.024 * girth, 0.0155, look.skin)
                if look.sleeve:
                    self._limb(
                        f"{side}_upper_arm",
                        *arm,
                        -0.03,
                        look.sleeve,
                        0.038 * girth,
                        0.034 * girth,
                        look.shirt,
                    )
            else:
                self._limb(
                    f"{side}_upper_arm", *arm, 0, 1, 0.036 * girth, 0.028 * girth, look.shirt
                )
                self._limb(f"{side}_forearm", *fore, 0, 0.97, 0.028 * girth, 0.020, look.shirt)
            self._limb(f"{side}_forearm", *hand, 0.1, 0.75, 0.0165, 0.020, look.skin)
            thigh = at(f"{side}_hip"), at(f"{side}_knee")
            shin = at(f"{side}_knee"), at(f"{side}_ankle")
            foot = at(f"{side}_ankle"), at(f"{side}_toe")
            if shorts:
                self._limb(f"{side}_thigh", *thigh, 0, 1, 0.050 * girth, 0.033 * girth, look.skin)
                self._limb(
                    f"{side}_thigh",
                    *thigh,
                    0,
                    look.leg,
                    0.060 * girth,
                    0.052 * girth,
                    look.trousers,
                )
                self._limb(f"{side}_shin", *shin, 0, 1, 0.034 * girth, 0.019, look.skin)
                self._limb(
                    f"{side}_shin", *shin, 0.2, 0.45, 0.035 * girth, 0.028 * girth, look.skin
                )
                self._limb(f"{side}_shin", *shin, 0.72, 1, 0.023, 0.022, look.sock)
            else:
                self._limb(
                    f"{side}_thigh", *thigh, 0, 1, 0.058 * girth, 0.041 * girth, look.trousers
                )
                self._limb(f"{side}_shin", *shin, 0, 0.96, 0.041 * girth, 0.029, look.trousers)
            self._limb(f"{side}_foot", *foot, 0.0, 0.85, 0.025, 0.018, look.shoe)

    def _limb(self, segment, start, end, t0, t1, r0, r1, color, when=None):
        """A tapered piece from share t0 to share t1 of the way between two (points (N, 2), scale
        (N,)).
        """
        (a, sa), (b, sb) = start, end
        a, b = a + t0 * (b - a), a + t1 * (b - a)
        self._tapered(SEGMENT[segment], a, b, r0 * sa, r1 * sb, color, when)

    def _tapered(self, segment, a, b, ra, rb, color, when=None):
        ra, rb = np.maximum(ra, 0.55), np.maximum(rb, 0.55)
        valid = np.isfinite(a).all(1) & np.isfinite(b).all(1)
        if when is not None:
            valid &= when
        way = b - a
        angle = np.arctan2(way[:, 1], way[:, 0])
        along = np.stack([np.cos(angle), np.sin(angle)], -1)
        light = np.array(self.look.light)
        for size, offset, tone in self._tones:
            arc = np.linspace(np.pi / 2, 3 * np.pi / 2, ROUND)
            ends = []
            for point, radius, turn in ((a, ra, 0.0), (b, rb, np.pi)):
                direction = angle[:, None] + arc + turn
                # Narrower but as long: else every joint would show a dark seam.
                point = point + (1 - size) * radius[:, None] * along * (1 if turn else -1)
                corner = (
                    np.stack([np.cos(direction), np.sin(direction)], -1)
                    * (size * radius)[:, None, None]
                )
                ends.append((point + offset * radius[:, None] * light)[:, None] + corner)
            self._keep(segment, np.concatenate(ends, 1), _mix(color, tone), valid)

    def _hull(self, segment, balls, color):
        light = np.array(self.look.light)
        for size, offset, tone in self._tones:
            corners = []
            for name, radius in balls:
                point, scale = self.figure.points[:, AT[name]], self.figure.scale[:, AT[name]]
                corners.append(
                    _circle(
                        point + (offset * radius * scale)[:, None] * light,
                        size * radius * scale,
                        1,
                        10,
                    )
                )
            corners = np.concatenate(corners, 1)
            valid = np.isfinite(corners).all((1, 2))
            fixed = _fixed(corners)
            hulls = [
                cv2.convexHull(moment) if ok else None
                for moment, ok in zip(fixed, valid, strict=True)
            ]
            self._pieces[SEGMENT[segment]].append(
                (hulls, _mix(color, tone), None if valid.all() else valid, 0)
            )

    def _polygon(self, segment, points, color, when):
        valid = np.isfinite(points).all((1, 2)) & when
        self._keep(SEGMENT[segment], points, color, valid)
        for _ in self._tones[1:]:  # flat, but as many entries as every other piece
            self._keep(SEGMENT[segment], points, color, np.zeros(len(points), bool))

    def _add_prop(self, label, prop):
        points, scale = prop.points, np.nanmedian(self.figure.scale, axis=1)
        valid = np.isfinite(points).all((1, 2))
        if prop.filled:
            self._keep(label, points, prop.color, valid)
            for _ in self._tones[1:]:
                inner = points.mean(1, keepdims=True) * 0.28 + points * 0.72
                self._keep(label, inner, _mix(prop.color, 1.25), valid)
        elif points.shape[1] == 2:
            radius = prop.radius * scale
            self._tapered(label, points[:, 0], points[:, 1], radius, radius, prop.color, valid)
        else:
            thick = max(1, round(2 * prop.radius * float(np.median(scale))))
            self._pieces[label].append(
                (_fixed(points), prop.color, None if valid.all() else valid, thick)
            )

    def _keep(self, segment, points, color, valid):
        self._pieces[segment].append((_fixed(points), color, None if valid.all() else valid, 0))


def _fixed(points):
    """Points in px as the whole numbers of 1/16 px that OpenCV takes."""
    with np.errstate(invalid="ignore"):  # NaN becomes a number that is not used
        return np.ascontiguousarray(
            np.clip(np.rint(points * (1 << SHIFT)), -(1 << 18), 1 << 18), np.int32
        )


def _circle(center, radius, flat=1.0, count=12):
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    ring = np.stack([np.cos(angle), flat * np.sin(angle)], -1)
    return center[:, None] + ring * np.asarray(radius)[:, None, None]


def _mix(color, tone):
    """A color brightened by a factor: towards white above 1."""
    color = np.asarray(color, float)
    return tuple(
        (color * tone if tone <= 1 else color + (255 - color) * (tone - 1) * 1.2 + 4).tolist()
    )


__all__ = [
    "ENDS",
    "FIRST_OCCLUDER",
    "FIRST_PROP",
    "HAND",
    "SEGMENT",
    "SEGMENTS",
    "Figure",
    "Look",
    "Painting",
]
