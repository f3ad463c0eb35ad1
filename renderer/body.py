"""A person in three dimensions who does the fifteen exercises of Penn Action.

Lengths are in heights of the person, angles in degrees. World: x to the left of a person who faces
the camera, y up from the ground, z towards the camera. A pose is given by what a coach would say:
where the pelvis is and how it leans, where the hands and the feet are. Elbows and knees follow from
the lengths of the limbs, so a planted foot stays planted and two hands stay on one bar whatever the
body. The exercises themselves are key poses in activities.toml.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from tslib.skeletons import SKELETONS

# Points of a figure. The first thirteen are the joints; sides are the person's own.
POINTS = (
    "head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist "
    "left_hip right_hip left_knee right_knee left_ankle right_ankle "
    "neck chest waist left_hand right_hand left_toe right_toe crown face "
    "left_eye right_eye badge_0 badge_1 badge_2 badge_3"
).split()
JOINTS = POINTS[:13]
DRAWN = POINTS.index("face")  # points before this one bound what is drawn of a person
BODY = SKELETONS["penn13"].with_joints(JOINTS)
AT = {name: n for n, name in enumerate(POINTS)}

HEAD = 0.062  # radius
HAND, FOOT = 0.05, 0.10  # from wrist to knuckles, from ankle to toe
SOLE = 0.04  # height of the ankle above the ground
LENGTHS = {
    "upper": 0.172,
    "fore": 0.150,
    "thigh": 0.245,
    "shin": 0.245,
    "back": 0.205,
    "belly": 0.095,
}
WIDTHS = {"shoulder": 0.108, "hip": 0.058}  # from the middle to the joint

# Where the numbers of a key pose lie in its row of 24.
CHANNELS = {
    "pelvis": slice(0, 3),
    "turn": slice(3, 6),
    "spine": slice(6, 9),
    "head": slice(9, 11),
    "L": slice(11, 14),
    "R": slice(14, 17),
    "l": slice(17, 20),
    "r": slice(20, 23),
    "toes": slice(23, 24),
}
# What a key pose says, and what it says where activities.toml is silent.
USUAL = {
    "pelvis": (0, 0.525, 0),
    "turn": (0, 0, 0),
    "spine": (0, 0, 0),
    "head": (0, 0),
    "L": (0.15, -0.31, 0.03),
    "R": None,
    "l": (0.07, SOLE, 0.0),
    "r": None,
    "toes": (0,),
}


def _channels(pose: dict[str, Any]) -> np.ndarray:
    """A key pose of activities.toml as numbers (24,), see CHANNELS."""
    values = USUAL | pose
    for side, other in (("R", "L"), ("r", "l")):
        values[side] = values[side] or (-values[other][0], *values[other][1:])
    return np.concatenate([np.atleast_1d(np.asarray(values[name], float)) for name in CHANNELS])


@dataclass(frozen=True)
class Activity:
    """Key poses and what goes with them.

    keys : list of (time, channels (24,)); the last one of a cycle is followed by the first
    views : shares of (front, side, back)
    cycle : s from the first key to its return; 0 for what is done once
    hands, feet : "world" where the keys give them there; else they follow "chest" and "pelvis"
    elbows : where elbows point to in the frame of the chest: (outward, up, forward)
    prop : what is held or used, see renderer.props
    framing : height of the picture that the person takes, about
    toes : True where only the toes touch the ground
    lying : True for those on the ground, of which there are fewer clips: seen from the side, far
        limbs lie behind near ones in every frame
    """

    keys: list[tuple[float, np.ndarray]]
    views: tuple[float, ...]
    cycle: float = 0.0
    hands: str = "chest"
    feet: str = "world"
    elbows: tuple[float, ...] = (0.6, -1.0, -0.5)
    prop: str = ""
    framing: float = 0.70
    toes: bool = False
    lying: bool = False


def _read(path: Path) -> dict[str, Activity]:
    """Activities by name from a file like activities.toml, which explains itself."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Activity([(pose.pop("time"), _channels(pose)) for pose in table.pop("keys")], **table)
        for name, table in tables.items()
    }


ACTIVITIES = _read(Path(__file__).with_name("activities.toml"))


@dataclass(frozen=True)
class Body:
    """One person: lengths of LENGTHS and WIDTHS together, and girth, a factor on every radius."""

    lengths: dict[str, float]
    girth: float

    @classmethod
    def any(cls, rng: np.random.Generator) -> Self:
        """Somebody, from a numpy Generator."""
        spread = {name: value * rng.normal(1, 0.035) for name, value in (LENGTHS | WIDTHS).items()}
        return cls(spread, float(np.clip(rng.normal(1.05, 0.13), 0.8, 1.4)))


def motion(
    activity: Activity, body: Body, times: ArrayLike, rng: np.random.Generator
) -> np.ndarray:
    """What a body does.

    times : (N,) s, increasing; any origin for a cycle, from 0 for what is done once
    rng : for habits, because everybody does it a little differently

    Returns points float64 (N, 28, 3) in heights, in the order of POINTS.
    """
    channels = _interpolate(activity, np.asarray(times, float), rng)
    parts = {name: channels[:, part] for name, part in CHANNELS.items()}
    size = body.lengths
    pelvis = parts["pelvis"]
    hips = _rotation(*parts["turn"].T)
    trunk = hips @ _rotation(parts["spine"][:, 2], parts["spine"][:, 0], parts["spine"][:, 1])
    skull = trunk @ _rotation(
        parts["head"][:, 1] * 0.6, parts["head"][:, 0], 0 * parts["head"][:, 0]
    )

    out = {"waist": pelvis + _apply(hips, (0, size["belly"], 0))}
    top = out["waist"] + _apply(trunk, (0, size["back"], 0))
    out["chest"] = out["waist"] + _apply(trunk, (0, 0.6 * size["back"], 0.012))
    out["neck"] = top + _apply(trunk, (0, 0.015, 0))
    out["head"] = top + _apply(skull, (0, 0.120, 0.018))
    out["crown"] = out["head"] + _apply(skull, (0, 0.03, 0))
    out["face"] = out["head"] + _apply(skull, (0, 0, HEAD))
    for n, (across, up) in enumerate(((-1, 1), (1, 1), (1, -1), (-1, -1))):
        out[f"badge_{n}"] = out["chest"] + _apply(trunk, (0.05 * across, 0.02 + 0.022 * up, 0.075))
    for side, sign, hand, foot in (("left", 1, "L", "l"), ("right", -1, "R", "r")):
        out[f"{side}_eye"] = out["head"] + _apply(skull, (0.025 * sign, 0.008, 0.056))
        # wrist
        if activity.hands == "world":
            wrist = parts[hand]
        else:
            wrist = top + np.einsum("nij,nj->ni", trunk, parts[hand])
        # A raised arm lifts its shoulder.
        rise = np.einsum("nij,ni->nj", trunk, wrist - top)[:, 1] / 0.32
        lift = np.stack([0 * rise, 0.035 * rise.clip(0, 1) - 0.012, 0 * rise], -1)
        shoulder = top + np.einsum("nij,nj->ni", trunk, lift + [sign * size["shoulder"], 0, 0])
        pole = _apply(trunk, (sign * activity.elbows[0], *activity.elbows[1:]))
        elbow, wrist = _two_bones(shoulder, wrist, size["upper"], size["fore"], pole)
        out[f"{side}_shoulder"], out[f"{side}_elbow"], out[f"{side}_wrist"] = shoulder, elbow, wrist
        out[f"{side}_hand"] = wrist + HAND * unit(wrist - elbow)
        # leg
        hip = pelvis + _apply(hips, (sign * size["hip"], -0.01, 0))
        if activity.feet == "world":
            ankle = parts[foot].copy()
            ankle[:, 1] = np.maximum(ankle[:, 1], SOLE)
        else:
            ankle = pelvis + parts[foot]
        knee, ankle = _two_bones(
            hip, ankle, size["thigh"], size["shin"], _apply(hips, (0.22 * sign, 0, 1))
        )
        out[f"{side}_hip"], out[f"{side}_knee"], out[f"{side}_ankle"] = hip, knee, ankle
        yaw = np.radians(parts["toes"][:, 0] + 12 * sign)
        # A lifted foot points down.
        heel = np.clip((ankle[:, 1] - SOLE) / 0.08, 0, 1) * 0.75
        if activity.toes:
            heel = np.full(len(yaw), 1.25)
        forward = np.stack(
            [np.sin(yaw) * np.cos(heel), -np.sin(heel) - 0.28, np.cos(yaw) * np.cos(heel)], -1
        )
        out[f"{side}_toe"] = ankle + FOOT * unit(forward)
        out[f"{side}_toe"][:, 1] = np.maximum(out[f"{side}_toe"][:, 1], 0.012)
    return np.stack([out[name] for name in POINTS], 1)


def _interpolate(activity: Activity, times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Channels (N, 24) at times: smooth, and at rest wherever two key poses agree."""
    at = np.array([time for time, _ in activity.keys])
    keys = np.stack([values for _, values in activity.keys])
    # Habits: an offset for the whole clip and a little for each key. What stands on the ground, or
    # holds a bar, is left where it is in all keys alike.
    each, whole = np.zeros(keys.shape[1]), np.zeros(keys.shape[1])
    for name, part in CHANNELS.items():
        if name in ("turn", "spine", "head"):
            each[part], whole[part] = 3.0, 3.5
        elif name in ("L", "R") and activity.hands == "chest":
            each[part], whole[part] = 0.012, 0.012
    keys = keys + rng.normal(0, 1, keys.shape[1]) * whole + rng.normal(0, 1, keys.shape) * each
    if activity.cycle:
        at = np.concatenate([at - activity.cycle, at, at + activity.cycle])
        keys = np.concatenate([keys] * 3)
        times = np.mod(times, activity.cycle)
    slope = np.diff(keys, axis=0) / np.diff(at)[:, None]
    before, after = slope[:-1], slope[1:]
    tangent = np.zeros_like(keys)
    same = before * after > 0
    tangent[1:-1][same] = 2 * before[same] * after[same] / (before[same] + after[same])
    n = np.clip(np.searchsorted(at, times, "right") - 1, 0, len(at) - 2)
    step = (at[n + 1] - at[n])[:, None]
    u = np.clip((times - at[n])[:, None] / step, 0, 1)
    return (
        keys[n] * (1 + 2 * u) * (1 - u) ** 2
        + keys[n + 1] * u**2 * (3 - 2 * u)
        + step * u * (1 - u) * (tangent[n] * (1 - u) - tangent[n + 1] * u)
    )


def _rotation(yaw, pitch, roll):
    """Rotations (N, 3, 3): roll first, then pitch (up to forward), then yaw (forward to left)."""
    (cy, sy), (cp, sp), (cr, sr) = (
        (np.cos(angle), np.sin(angle)) for angle in np.radians((yaw, pitch, roll))
    )
    rows = (
        (cy * cr + sy * sp * sr, -cy * sr + sy * sp * cr, sy * cp),
        (cp * sr, cp * cr, -sp),
        (-sy * cr + cy * sp * sr, sy * sr + cy * sp * cr, cy * cp),
    )
    return np.stack([np.stack(row, -1) for row in rows], -2)


def _apply(rotation, vector):
    return rotation @ np.asarray(vector, float)


def unit(vector: np.ndarray) -> np.ndarray:
    """Vectors (..., n) of length 1; zero stays zero."""
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-9)


def _two_bones(start, end, first, second, pole):
    """Elbows (N, 3) between start and end that lie towards pole, and ends (N, 3) within reach."""
    way = end - start
    far = np.linalg.norm(way, axis=-1, keepdims=True)
    along = way / np.maximum(far, 1e-9)
    far = np.clip(far, abs(first - second) + 0.02, 0.9995 * (first + second))
    across = unit(pole - (pole * along).sum(-1, keepdims=True) * along)
    cosine = (first**2 + far**2 - second**2) / (2 * first * far)
    middle = start + first * (cosine * along + np.sqrt(np.maximum(1 - cosine**2, 0)) * across)
    return middle, start + far * along
