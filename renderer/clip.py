"""One clip, a pure function of seed, number and settings."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from tslib.part_flow import PartFlow
from tslib.skeletons import SKELETONS, mapping

from . import motion as tracks
from .body import ACTIVITIES, AT, BODY, JOINTS, Body, motion
from .camera import Perspective, path_of, transform
from .draw import FIRST_OCCLUDER, SEGMENT, Figure, Look, Painting
from .flow import controls_of, flow_of
from .props import props_of, shadow_of
from .faults import Faults
from .occluders import cover, occluders_of
from .scene import place_of, shade_ground

CELL = 24  # the picture's height in heat-map cells, for the speed of the camera: 4 px of 96
TEST = 5  # every fifth clip is a test clip

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
FILE_ORDER, _ = mapping(BODY, SKELETONS["penn13"])  # of the figure's joints in a label file


@dataclass(frozen=True)
class Settings:
    """What the clips of a folder have in common.

    size : (W, H) px; frames : T; motion : "" for the fifteen activities, or "penn_action:ROOT",
    "jhmdb:ROOT"
    camera : "usual" or "poor", see faults.CAMERAS
    """

    size: tuple = (96, 96)
    frames: int = 20
    motion: str = ""
    camera: str = "usual"


@dataclass(frozen=True)
class Rendered:
    """A clip as rendered: frames uint8 (T, H, W, 3) RGB; joints (T, 13, 2) px, 0-based, in the
    order of penn13's file columns; visible (T, 13); box (T, 4), x1, y1, x2, y2 px; flow, a
    PartFlow; action, pose (viewpoint; "" where tracks drive the figure), split; quality, of JPEG;
    fault (T,), what the camera did to a frame, see faults.Faults.kind. A joint that the tracks never
    show is NaN.
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


def split_of(number):
    """ "train" or "test" of the clip of a number: every fifth one is a test clip."""
    return "test" if number % TEST == 0 else "train"


def render_clip(seed, number, settings, sources=(), flow=True):
    """The clip of a number from 1: Rendered.

    seed : int from 0; settings : Settings; sources : clips whose joints drive the figure, for
    settings.motion
    flow : False leaves Rendered.flow None
    Every number has its own stream of random numbers, so clips do not depend on each other.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    kind = str(rng.choice(["tripod", "hand", "fast"], p=[0.27, 0.33, 0.40]))
    shutter = float(rng.uniform(0.3, 0.9)) if rng.random() < 0.62 else 0.0
    samples = 1
    if shutter:  # odd, so that the middle one is the frame's own time
        samples = 2 * round((3 if kind == "fast" else 2) * (1 + settings.size[1] / 368) / 1.26) + 1
        samples = max(5, samples)
    T = settings.frames
    if sources:
        source = sources[int(rng.integers(len(sources)))]
        T = min(T, len(source.joints))
    offsets = shutter * ((np.arange(samples) + 0.5) / samples - 0.5)
    times = (np.arange(T)[:, None] + offsets).ravel()
    middle = np.arange(T) * samples + samples // 2
    if sources:
        scene = _from_tracks(rng, source, times, settings, kind, number)
    else:
        scene = _from_activity(rng, times, settings, kind, number)
    return _film(rng, scene, settings, times, middle, samples, flow)


@dataclass(frozen=True)
class _Scene:
    """What is filmed: a figure before the camera moves, the camera, what stands around, and names."""

    figure: Figure
    camera: Perspective
    affine: np.ndarray
    shadow: np.ndarray  # (N, 2, 2) px
    still: list
    bystanders: list
    girth: float
    action: str
    pose: str
    split: str
    hidden: np.ndarray | None = None  # (N, 13), in body.JOINTS' order


def _from_activity(rng, times, settings, kind, number):
    W, H = settings.size
    names = sorted(ACTIVITIES)
    weight = np.array([0.33 if ACTIVITIES[name].lying else 1.0 for name in names])
    action = str(rng.choice(names, p=weight / weight.sum()))
    activity = ACTIVITIES[action]
    body = Body.any(rng)
    step = rng.uniform(1 / 22, 1 / 9) * rng.lognormal(0, 0.15)  # s of the action in one frame
    length = step * (times[-1] + 1)
    span = activity.cycle or activity.keys[-1][0]
    start = (
        rng.uniform(0, span)
        if activity.cycle
        else rng.uniform(-0.15 * span, max(span - length, 0.05 * span))
    )
    seconds = start + step * times
    points = motion(activity, body, seconds, rng)
    props = props_of(activity, points, seconds, rng)
    if rng.random() < 0.15:  # left-handed
        points = _mirrored(points)
        props = [replace(p, points=p.points * [-1, 1, 1]) for p in props]
    # where the camera stands
    view = rng.choice(3, p=activity.views)
    yaw = float(np.clip(rng.normal(0, 26), -55, 55))
    if view == 1:
        yaw = float(rng.choice([-1, 1]) * np.clip(rng.normal(78, 14), 50, 105))
    elif view == 2:
        yaw += 180
    middle = points.reshape(-1, 3).mean(0)
    camera = Perspective(
        np.radians(yaw),
        float(rng.uniform(2.4, 6.0)),
        np.radians(rng.uniform(-3, 17)),
        tuple(middle),
    )
    flat, _, _ = camera.project(points)
    low, high = flat.min(1), flat.max(1)
    wide, tall = np.median(high - low, axis=0)
    share = float(np.clip(activity.framing * rng.lognormal(0, 0.09), 0.45, 1.3))
    focal = share * min(H / tall, (W if wide > tall else 1.15 * W) / wide)
    box = (
        np.array([low.min(0) + high.max(0), low.mean(0) + high.mean(0)]).mean(0) / 2
    )  # of the whole clip
    center = np.array([(W - 1) / 2, (H - 1) / 2]) + rng.normal(0, 0.03, 2) * min(W, H) - focal * box
    if share > 0.95:  # only the upper part of the body is in the picture
        center[1] = 0.1 * H - focal * np.median(low[:, 1])
    camera = replace(camera, focal=float(focal), center=tuple(center.tolist()))

    affine = path_of(rng, kind, times, settings.size, H / CELL)
    flat, depth, scale = camera.project(points)
    still, moving, far = [], [], []
    for prop in props:
        flat_prop, prop_depth, _ = camera.project(prop.points)
        placed = replace(prop, points=flat_prop)
        if prop.still:
            still.append(placed)
        else:
            moving.append(placed)
            far.append(prop_depth.mean(1) + prop.behind)
    facing = replace(
        camera, yaw=0.0, target=(0.0, camera.target[1], 0.0)
    )  # the world without the person's turn
    bystanders = _bystanders(rng, facing) if rng.random() < 0.12 else []
    shadow, _, _ = camera.project(shadow_of(points))
    turn = (yaw + 180) % 360 - 180
    pose = (
        "front"
        if abs(turn) < 45
        else "back"
        if abs(turn) > 135
        else "right"
        if turn > 0
        else "left"
    )
    return _Scene(
        Figure(flat, depth, scale, tuple(moving), tuple(far)),
        facing,
        affine,
        shadow,
        still,
        bystanders,
        body.girth,
        action,
        pose,
        split_of(number),
    )


def _mirrored(points):
    order = [AT[_other(name)] for name in AT]
    return points[:, order] * [-1, 1, 1]


def _other(name):
    if name.startswith("left_"):
        return name.replace("left_", "right_")
    return name.replace("right_", "left_")


def _bystanders(rng, camera):
    """One or two others who stand farther away, at rest: a list of Figure with one moment."""
    found = []
    for _ in range(int(rng.integers(1, 3))):
        activity = ACTIVITIES[
            str(rng.choice(["squat", "tennis_forehand", "bowl", "jumping_jacks", "golf_swing"]))
        ]
        points = motion(activity, Body.any(rng), [rng.uniform(0, 0.4)], rng)
        yaw, place = rng.uniform(0, 2 * np.pi), [rng.uniform(-1.6, 1.6), 0, rng.uniform(-6, -0.8)]
        c, s = np.cos(yaw), np.sin(yaw)
        x, y, z = np.moveaxis(points, -1, 0)
        turned = np.stack([x * c + z * s, y, z * c - x * s], -1) + place
        found.append((place[2], Figure(*camera.project(turned))))
    return [figure for _, figure in sorted(found, key=lambda pair: pair[0])]


def _from_tracks(rng, source, times, settings, kind, number):
    W, H = settings.size
    joints, visible = tracks.joints_of(source)
    T = int(round(times.max())) + 1
    start = int(rng.integers(0, len(joints) - T + 1))
    # A window with somebody in it, if the first choice has nobody.
    if not (visible[start : start + T].sum(1) >= 8).any():
        start = int(np.clip(np.argmax(visible.sum(1) >= 8) - T // 2, 0, len(joints) - T))
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
    camera = Perspective(
        0.0, 4.0, np.radians(8), (0.0, 0.5, 0.0), 4.0 * height, (W / 2, ground - 0.5 * height)
    )
    affine = path_of(rng, "hand" if kind == "hand" else "tripod", times, settings.size, H / CELL)
    shadow = np.nan_to_num(feet, nan=-1e4)
    shadow[..., 1] = ground
    return _Scene(
        figure,
        camera,
        affine,
        shadow,
        [],
        [],
        float(rng.uniform(0.9, 1.2)),
        source.action,
        "",
        source.split or split_of(number),
        hidden,
    )


def _film(rng, scene, settings, times, middle, samples, with_flow):
    W, H = settings.size
    T = len(middle)
    corners = np.broadcast_to(np.array([[0, 0], [W, 0], [0, H], [W, H]], float), (len(times), 4, 2))
    margin = int(np.abs(transform(_inverse(scene.affine), corners) - corners).max()) + 4
    place = place_of(rng, settings.size, margin, scene.camera, scene.still, scene.bystanders)
    zoom = np.sqrt(np.abs(np.linalg.det(scene.affine[:, :, :2])))
    moved = transform(scene.affine, scene.figure.points)
    figure = replace(
        scene.figure,
        points=moved,
        scale=scene.figure.scale * zoom[:, None],
        props=tuple(
            replace(p, points=transform(scene.affine, p.points)) for p in scene.figure.props
        ),
    )
    look = Look.any(rng, scene.girth)
    painting = Painting(figure, look)
    joints = moved[:, : len(JOINTS)]
    occluders = occluders_of(
        rng, joints, times, settings.size, scene.affine, 3 if scene.hidden is None else 1
    )
    if scene.hidden is not None:
        # What the tracks call hidden and the figure itself does not hide, something else has to.
        bare = np.zeros((T, H, W), np.uint8)
        for t in range(T):
            painting.label(bare[t], middle[t])
        uncovered = np.repeat(
            scene.hidden[middle] & _visible(joints[middle], bare), samples, axis=0
        )
        radius = 0.055 * float(np.nanmedian(figure.scale))
        for k in range(len(JOINTS)):
            if uncovered[:, k].any():
                occluders.append(cover(rng, joints[:, k], uncovered[:, k], radius))
    faults = Faults.any(rng, T, settings.size, settings.camera)
    quality = int(rng.integers(70, 96))

    shadow = transform(scene.affine, scene.shadow)
    broad = 0.12 * float(np.nanmedian(figure.scale))
    grounds = _inverse(scene.affine)
    grounds[:, :, 2] += margin
    at_rest = np.ptp(scene.affine, axis=0).max() < 1e-9
    frames, parts = np.empty((T, H, W, 3), np.uint8), np.zeros((T, H, W), np.uint8)
    total = np.empty((H, W, 3), np.float32)
    ground = cv2.warpAffine(
        place, grounds[0], (W, H), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    for t in range(T):
        total[:] = 0
        for moment in range(t * samples, (t + 1) * samples):
            if at_rest:
                picture = ground.copy()
            else:
                picture = cv2.warpAffine(
                    place, grounds[moment], (W, H), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
                )
            shade_ground(picture, shadow[moment], (broad, 0.28 * broad))
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

    seen = joints[middle]
    flow = None
    if with_flow:
        crossing = [o.middle[middle] for o in occluders]
        flow = flow_of(parts, controls_of(figure, middle), scene.affine[middle], crossing)
    visible = _visible(seen, parts)
    if scene.hidden is not None:
        visible &= ~scene.hidden[middle]
    box = _box(figure, middle, settings.size)
    return Rendered(
        frames,
        np.round(seen[:, FILE_ORDER], 3),
        visible[:, FILE_ORDER],
        box,
        flow,
        scene.action,
        scene.pose,
        scene.split,
        quality,
        faults.kind,
    )


def _inverse(affine):
    """Affine maps (N, 2, 3) turned round."""
    linear = np.linalg.inv(affine[:, :, :2])
    return np.concatenate([linear, -linear @ affine[:, :, 2:]], -1)


def _visible(joints, parts):
    """Joints (T, 13, 2) in the picture whose pixel shows a part that meets there: bool (T, 13)."""
    T, H, W = parts.shape
    place = np.floor(np.nan_to_num(joints, nan=-1e3) + 0.5).astype(int)
    inside = ((place >= 0) & (place < [W, H])).all(-1)
    x, y = np.clip(place, 0, [W - 1, H - 1]).transpose(2, 0, 1)
    shown = parts[np.arange(T)[:, None], y, x]
    meets = np.stack([np.isin(shown[:, k], MEET[k]) for k in range(len(JOINTS))], 1)
    return inside & meets


def _box(figure, moments, size):
    """Boxes (T, 4) x1, y1, x2, y2 px around what is drawn of the person, as far as it is in the
    picture.
    """
    points, reach = figure.points[moments][:, :21], 0.035 * figure.scale[moments][:, :21, None]
    low, high = np.nanmin(points - reach, axis=1), np.nanmax(points + reach, axis=1)
    edge = np.array(size) - 0.5
    return np.round(np.concatenate([np.clip(low, -0.5, edge), np.clip(high, -0.5, edge)], -1), 2)
