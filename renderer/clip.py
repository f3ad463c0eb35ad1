"""One clip, a pure function of seed, number and settings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from tslib.clip import Clip
from tslib.part_flow import PartFlow
from tslib.skeletons import SKELETONS, mapping

from . import motion as tracks
from .body import ACTIVITIES, AT, BODY, DRAWN, JOINTS, POINTS, Activity, Body, motion
from .camera import PATHS, Perspective, path_of, transform
from .draw import FIRST_OCCLUDER, SEGMENT, Figure, Look, Painting
from .faults import Faults
from .flow import controls_of, flow_of
from .occluders import cover, occluders_of
from .props import Prop, props_of, shadow_of
from .scene import Shadows, place_of

CELL = 24  # the picture's height in heat-map cells, for the speed of the camera: 4 px of 96
TEST = 5  # every fifth clip is a test clip
MANY = 8  # joints that are seen of a person who is worth filming
LYING = 0.33  # clips of an activity on the ground, to one of another
LEFT_HANDED, ACCOMPANIED = 0.15, 0.12  # shares of clips
STANDERS = "squat", "tennis_forehand", "bowl", "jumping_jacks", "golf_swing"  # what others do

# The parts that meet at a joint: seen there, the joint is visible.
_MEET = {
    "head": "head",
    "shoulder": "chest {}_upper_arm",
    "elbow": "{0}_upper_arm {0}_forearm",
    "wrist": "{}_forearm",
    "hip": "pelvis {}_thigh",
    "knee": "{0}_thigh {0}_shin",
    "ankle": "{0}_shin {0}_foot",
}
MEET = [
    [SEGMENT[part] for part in _MEET[name.split("_")[-1]].format(name.split("_")[0]).split()]
    for name in JOINTS
]
_MEETS = np.zeros((len(JOINTS), 256), bool)  # the same by joint and number of a part
for _joint, _numbers in enumerate(MEET):
    _MEETS[_joint, _numbers] = True
FILE_ORDER, _ = mapping(BODY, SKELETONS["penn13"])  # of the figure's joints in a label file
_SIDES = {"left": "right", "right": "left"}
_MIRRORED = [AT["_".join(_SIDES.get(word, word) for word in name.split("_"))] for name in POINTS]


@dataclass(frozen=True)
class Settings:
    """What the clips of a folder have in common.

    size : (W, H) px; frames : T; motion : "" for the fifteen activities, or "penn_action:ROOT",
        "jhmdb:ROOT"
    camera : "usual" or "poor", see faults.CAMERAS
    """

    size: tuple[int, int] = (96, 96)
    frames: int = 20
    motion: str = ""
    camera: str = "usual"


@dataclass(frozen=True)
class Rendered:
    """A clip as rendered.

    frames : uint8 (T, H, W, 3) RGB
    joints : (T, 13, 2) px, 0-based, in the order of penn13's file columns; NaN for a joint that the
        tracks never show
    visible : bool (T, 13)
    box : (T, 4), x1, y1, x2, y2 px
    flow : exact, if it was asked for
    pose : viewpoint; "" where tracks drive the figure
    quality : of JPEG
    fault : (T,) str, what the camera did to a frame, see faults.Faults.kind
    """

    frames: np.ndarray
    joints: np.ndarray
    visible: np.ndarray
    box: np.ndarray
    flow: PartFlow | None
    action: str
    pose: str
    split: str
    quality: int
    fault: np.ndarray

    def as_clip(self, name: str) -> Clip:
        """The same under a name, as the loader of data sets would give it."""
        box = np.concatenate([self.box[:, :2], self.box[:, 2:] - self.box[:, :2]], 1)
        return Clip(
            name,
            self.joints.astype(np.float32),
            self.visible,
            box.astype(np.float32),
            SKELETONS["penn13"],
            list(self.frames),
            self.action,
            self.split,
            self.frames.shape[2:0:-1],
        )


def split_of(number: int) -> str:
    """ "train" or "test" of the clip of a number: every fifth one is a test clip."""
    return "test" if number % TEST == 0 else "train"


def render_clip(
    seed: int, number: int, settings: Settings, sources: Sequence[Clip] = (), flow: bool = True
) -> Rendered:
    """The clip of a number from 1.

    seed : from 0; sources : clips whose joints drive the figure, for settings.motion
    flow : False leaves Rendered.flow None
    Every number has its own stream of random numbers, so clips do not depend on each other.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    kind = str(rng.choice(list(PATHS), p=[path.share for path in PATHS.values()]))
    shutter = float(rng.uniform(0.3, 0.9)) if rng.random() < 0.62 else 0.0
    samples = 1
    if shutter:  # odd, so that the middle one is the frame's own time
        samples = 2 * round((3 if kind == "fast" else 2) * (1 + settings.size[1] / 368) / 1.26) + 1
        samples = max(5, samples)
    T, split = settings.frames, split_of(number)
    if sources:
        source = sources[int(rng.integers(len(sources)))]
        T = min(T, len(source.joints))
    offsets = shutter * ((np.arange(samples) + 0.5) / samples - 0.5)
    times = (np.arange(T)[:, None] + offsets).ravel()
    if sources:
        scene = _from_tracks(rng, source, times, settings, kind, split)
    else:
        scene = _from_activity(rng, times, settings, kind, split)
    return _film(rng, scene, settings, times, samples, flow)


@dataclass(frozen=True)
class _Scene:
    """What is filmed: a figure before the camera moves, the camera, what stands around, and names.

    affine : (N, 2, 3); shadow : (N, 2, 2) px; hidden : (N, 13), in body.JOINTS' order
    """

    figure: Figure
    camera: Perspective
    affine: np.ndarray
    shadow: np.ndarray
    girth: float
    action: str
    split: str
    pose: str = ""
    still: Sequence[Prop] = ()
    bystanders: Sequence[Figure] = ()
    hidden: np.ndarray | None = None


def _from_activity(
    rng: np.random.Generator, times: np.ndarray, settings: Settings, kind: str, split: str
) -> _Scene:
    names = sorted(ACTIVITIES)
    weight = np.array([LYING if ACTIVITIES[name].lying else 1.0 for name in names])
    action = str(rng.choice(names, p=weight / weight.sum()))
    activity = ACTIVITIES[action]
    body = Body.any(rng)
    step = rng.uniform(1 / 22, 1 / 9) * rng.lognormal(0, 0.15)  # s of the action in one frame
    length = step * (times[-1] + 1)
    if activity.cycle:
        start = rng.uniform(0, activity.cycle)
    else:
        span = activity.keys[-1][0]
        start = rng.uniform(-0.15 * span, max(span - length, 0.05 * span))
    seconds = start + step * times
    points = motion(activity, body, seconds, rng)
    props = props_of(activity, points, seconds, rng)
    if rng.random() < LEFT_HANDED:
        points = points[:, _MIRRORED] * [-1, 1, 1]
        props = [replace(p, points=p.points * [-1, 1, 1]) for p in props]
    camera, yaw = _aimed(rng, activity, points, settings.size)
    affine = path_of(rng, kind, times, settings.size, settings.size[1] / CELL)
    flat, depth, scale = camera.project(points)
    seen = [(prop, *camera.project(prop.points)[:2]) for prop in props]
    placed = [(replace(prop, points=place), far) for prop, place, far in seen]
    moving = [(prop, far.mean(1) + prop.behind) for prop, far in placed if not prop.still]
    # The world without the person's turn.
    facing = replace(camera, yaw=0.0, target=(0.0, camera.target[1], 0.0))
    return _Scene(
        figure=Figure(flat, depth, scale, *(tuple(part) for part in zip(*moving, strict=True))),
        camera=facing,
        affine=affine,
        still=[prop for prop, _ in placed if prop.still],
        bystanders=_bystanders(rng, facing) if rng.random() < ACCOMPANIED else [],
        shadow=camera.project(shadow_of(points))[0],
        girth=body.girth,
        action=action,
        pose=_pose_of(yaw),
        split=split,
    )


def _aimed(
    rng: np.random.Generator, activity: Activity, points: np.ndarray, size: tuple[int, int]
) -> tuple[Perspective, float]:
    """A camera that has the whole action in its picture, and by how much the person is turned."""
    W, H = size
    view = rng.choice(["front", "side", "back"], p=activity.views)
    yaw = float(np.clip(rng.normal(0, 26), -55, 55))
    if view == "side":
        yaw = float(rng.choice([-1, 1]) * np.clip(rng.normal(78, 14), 50, 105))
    elif view == "back":
        yaw += 180
    distance, elevation = float(rng.uniform(2.4, 6.0)), np.radians(rng.uniform(-3, 17))
    target = tuple(points.reshape(-1, 3).mean(0))
    camera = Perspective(np.radians(yaw), distance, elevation, target)
    flat, _, _ = camera.project(points)
    low, high = flat.min(1), flat.max(1)
    wide, tall = np.median(high - low, axis=0)
    share = float(np.clip(activity.framing * rng.lognormal(0, 0.09), 0.45, 1.3))
    focal = share * min(H / tall, (W if wide > tall else 1.15 * W) / wide)
    # The middle between that of the whole clip's box and that of the boxes.
    box = np.array([low.min(0) + high.max(0), low.mean(0) + high.mean(0)]).mean(0) / 2
    center = np.array([(W - 1) / 2, (H - 1) / 2]) + rng.normal(0, 0.03, 2) * min(W, H) - focal * box
    if share > 0.95:  # only the upper part of the body is in the picture
        center[1] = 0.1 * H - focal * np.median(low[:, 1])
    return replace(camera, focal=float(focal), center=tuple(center.tolist())), yaw


def _pose_of(yaw: float) -> str:
    """The label of a viewpoint. yaw : degrees by which the person is turned to the own left"""
    turn = (yaw + 180) % 360 - 180
    if abs(turn) < 45:
        return "front"
    if abs(turn) > 135:
        return "back"
    return "right" if turn > 0 else "left"


def _bystanders(rng: np.random.Generator, camera: Perspective) -> list[Figure]:
    """One or two others who stand farther away, at rest, each with one moment."""
    found = []
    for _ in range(int(rng.integers(1, 3))):
        activity = ACTIVITIES[str(rng.choice(STANDERS))]
        points = motion(activity, Body.any(rng), [rng.uniform(0, 0.4)], rng)
        yaw, place = rng.uniform(0, 2 * np.pi), [rng.uniform(-1.6, 1.6), 0, rng.uniform(-6, -0.8)]
        c, s = np.cos(yaw), np.sin(yaw)
        x, y, z = np.moveaxis(points, -1, 0)
        turned = np.stack([x * c + z * s, y, z * c - x * s], -1) + place
        found.append((place[2], Figure(*camera.project(turned))))
    return [figure for _, figure in sorted(found, key=lambda pair: pair[0])]


def _from_tracks(
    rng: np.random.Generator,
    source: Clip,
    times: np.ndarray,
    settings: Settings,
    kind: str,
    split: str,
) -> _Scene:
    W, H = settings.size
    joints, visible = tracks.joints_of(source)
    T = int(round(times.max())) + 1
    start = int(rng.integers(0, len(joints) - T + 1))
    # A window with somebody in it, if the first choice has nobody.
    many = visible.sum(1) >= MANY
    if not many[start : start + T].any():
        start = int(np.clip(np.argmax(many) - T // 2, 0, len(joints) - T))
    joints, visible = joints[start : start + T], visible[start : start + T]
    joints = tracks.known(joints, visible)
    low, high = np.nanmin(joints, axis=1), np.nanmax(joints, axis=1)
    wide, tall = np.maximum(np.nanmedian(high - low, axis=0), 1)
    share = float(np.clip(0.66 * rng.lognormal(0, 0.12), 0.45, 0.9))
    scale = share * min(H / max(tall, 0.3 * wide), W / wide)
    box = (np.nanmin(low, axis=0) + np.nanmax(high, axis=0)) / 2
    joints = (joints - box) * scale + [(W - 1) / 2, (H - 1) / 2]
    height = tracks.height_of(joints)
    # between the frames
    at = np.clip(times, 0, T - 1)
    before = np.minimum(at.astype(int), T - 2)
    u = (at - before)[:, None, None]
    moments = joints[before] * (1 - u) + joints[before + 1] * u
    hidden = ~visible[np.minimum(np.round(at).astype(int), T - 1)]
    figure = tracks.figure_of(moments, hidden, height)
    feet = figure.points[:, [AT["left_ankle"], AT["right_ankle"]]]
    ground = float(np.nanmax(feet[..., 1])) if np.isfinite(feet).any() else 0.9 * H
    center = W / 2, ground - 0.5 * height
    camera = Perspective(0.0, 4.0, np.radians(8), (0.0, 0.5, 0.0), 4.0 * height, center)
    affine = path_of(rng, "hand" if kind == "hand" else "tripod", times, settings.size, H / CELL)
    shadow = np.nan_to_num(feet, nan=-1e4)
    shadow[..., 1] = ground
    return _Scene(
        figure=figure,
        camera=camera,
        affine=affine,
        shadow=shadow,
        girth=float(rng.uniform(0.9, 1.2)),
        action=source.action,
        split=source.split or split,
        hidden=hidden,
    )


def _film(
    rng: np.random.Generator,
    scene: _Scene,
    settings: Settings,
    times: np.ndarray,
    samples: int,
    with_flow: bool,
) -> Rendered:
    """Film a scene: a frame is the mean of so many samples, of which the middle one labels it."""
    W, H = settings.size
    middle = np.arange(samples // 2, len(times), samples)
    T = len(middle)
    corners = np.broadcast_to(np.array([[0, 0], [W, 0], [0, H], [W, H]], float), (len(times), 4, 2))
    margin = int(np.abs(transform(_inverse(scene.affine), corners) - corners).max()) + 4
    place = place_of(rng, settings.size, margin, scene.camera, scene.still, scene.bystanders)
    figure = _moved(scene.figure, scene.affine)
    painting = Painting(figure, Look.any(rng, scene.girth))
    joints = figure.points[:, : len(JOINTS)]
    most = 3 if scene.hidden is None else 1
    occluders = occluders_of(rng, joints, times, settings.size, scene.affine, most)
    if scene.hidden is not None:
        # What the tracks call hidden and the figure itself does not hide, something else has to.
        bare = np.zeros((T, H, W), np.uint8)
        for t in range(T):
            painting.label(bare[t], middle[t])
        shown = scene.hidden[middle] & _visible(joints[middle], bare)
        shown, radius = np.repeat(shown, samples, axis=0), 0.055 * np.nanmedian(figure.scale)
        for k in np.flatnonzero(shown.any(0)):
            occluders.append(cover(rng, joints[:, k], shown[:, k], float(radius)))
    faults = Faults.any(rng, T, settings.size, settings.camera)
    quality = int(rng.integers(70, 96))

    shadow = transform(scene.affine, scene.shadow)
    broad = 0.12 * float(np.nanmedian(figure.scale))
    shadows = Shadows(shadow, (broad, 0.28 * broad), settings.size)
    grounds = _inverse(scene.affine)
    grounds[:, :, 2] += margin
    at_rest = np.ptp(scene.affine, axis=0).max() < 1e-9
    frames, parts = np.empty((T, H, W, 3), np.uint8), np.zeros((T, H, W), np.uint8)
    total = np.empty((H, W, 3), np.float32)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    ground = cv2.warpAffine(place, grounds[0], (W, H), flags=how)
    for t in range(T):
        total[:] = 0
        for moment in range(t * samples, (t + 1) * samples):
            if at_rest:
                picture = ground.copy()
            else:
                picture = cv2.warpAffine(place, grounds[moment], (W, H), flags=how)
            shadows.darken(picture, moment)
            painting.draw(picture, moment, middle[t])
            for occluder in occluders:
                occluder.draw(picture, moment)
            if samples > 1:
                cv2.accumulate(picture, total)
        if samples > 1:
            picture = cv2.convertScaleAbs(total, alpha=1 / samples)
        frames[t] = faults.apply(picture, t)
        painting.label(parts[t], middle[t])
        for n, occluder in enumerate(occluders):
            occluder.label(parts[t], middle[t], FIRST_OCCLUDER + n)

    seen, flow = joints[middle], None
    if with_flow:
        crossing = [o.middle[middle] for o in occluders]
        flow = flow_of(parts, controls_of(figure, middle), scene.affine[middle], crossing)
    visible = _visible(seen, parts)
    if scene.hidden is not None:
        visible &= ~scene.hidden[middle]
    return Rendered(
        frames=frames,
        joints=np.round(seen[:, FILE_ORDER], 3),
        visible=visible[:, FILE_ORDER],
        box=_box(figure, middle, settings.size),
        flow=flow,
        action=scene.action,
        pose=scene.pose,
        split=scene.split,
        quality=quality,
        fault=faults.kind,
    )


def _moved(figure: Figure, affine: np.ndarray) -> Figure:
    """A figure as the moving camera (N, 2, 3) sees it."""
    zoom = np.sqrt(np.abs(np.linalg.det(affine[:, :, :2])))
    return replace(
        figure,
        points=transform(affine, figure.points),
        scale=figure.scale * zoom[:, None],
        props=tuple(replace(p, points=transform(affine, p.points)) for p in figure.props),
    )


def _inverse(affine: np.ndarray) -> np.ndarray:
    """Affine maps (N, 2, 3) turned round."""
    linear = np.linalg.inv(affine[:, :, :2])
    return np.concatenate([linear, -linear @ affine[:, :, 2:]], -1)


def _visible(joints: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Joints (T, 13, 2) in the picture whose pixel shows a part that meets there: bool (T, 13)."""
    T, H, W = parts.shape
    place = np.floor(np.nan_to_num(joints, nan=-1e3) + 0.5).astype(int)
    inside = ((place >= 0) & (place < [W, H])).all(-1)
    x, y = np.clip(place, 0, [W - 1, H - 1]).transpose(2, 0, 1)
    shown = parts[np.arange(T)[:, None], y, x]
    return inside & _MEETS[np.arange(len(JOINTS)), shown]


def _box(figure: Figure, moments: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Boxes (T, 4) x1, y1, x2, y2 px around what is in the picture of the person."""
    points = figure.points[moments][:, :DRAWN]
    reach = 0.035 * figure.scale[moments][:, :DRAWN, None]
    low, high = np.nanmin(points - reach, axis=1), np.nanmax(points + reach, axis=1)
    edge = np.array(size) - 0.5
    return np.round(np.concatenate([np.clip(low, -0.5, edge), np.clip(high, -0.5, edge)], -1), 2)
