"""Figures driven by the joint tracks of a data set: real motion, flat limbs of plausible width."""

import numpy as np

from tslib.clip import Clip
from tslib.skeletons import mapping

from .body import AT, BODY, FOOT, HAND, HEAD, LENGTHS, POINTS, unit
from .draw import Figure

NEAR = 0.1  # heights between limbs, so that they are painted in a sensible order


def joints_of(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """Joints (T, 13, 2) px, NaN where unknown, and visibility (T, 13), in body.JOINTS' order."""
    into, out = mapping(BODY, clip.skeleton)
    joints = np.full((len(clip.joints), 13, 2), np.nan)
    visible = np.zeros(joints.shape[:2], bool)
    joints[:, into], visible[:, into] = clip.joints[:, out], clip.visible[:, out]
    if "face" in clip.skeleton.joints:  # JHMDB's head
        k = clip.skeleton.joints.index("face")
        joints[:, 0], visible[:, 0] = clip.joints[:, k], clip.visible[:, k]
    return joints, visible


def usable(clip: Clip) -> bool:
    """Whether a figure can be driven: three frames and more in which most joints are visible."""
    return int((joints_of(clip)[1].sum(1) >= 8).sum()) >= 3


def known(joints: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Joints (T, K, 2), hidden ones filled in from the frames around; NaN if never visible."""
    filled = np.full(joints.shape, np.nan)
    frames = np.arange(len(joints))
    for k in range(joints.shape[1]):
        seen = visible[:, k] & np.isfinite(joints[:, k]).all(-1)
        if seen.any():
            for axis in (0, 1):
                filled[:, k, axis] = np.interp(frames, frames[seen], joints[seen, k, axis])
    return filled


def height_of(joints: np.ndarray) -> float:
    """Height of a person in px by the joints (T, 13, 2), from the longest views of the limbs."""
    at = {name: joints[:, k] for k, name in enumerate(BODY.joints)}
    limbs = {
        ("shoulder", "elbow"): LENGTHS["upper"],
        ("elbow", "wrist"): LENGTHS["fore"],
        ("hip", "knee"): LENGTHS["thigh"],
        ("knee", "ankle"): LENGTHS["shin"],
        ("shoulder", "hip"): LENGTHS["back"] + LENGTHS["belly"],
    }
    heights = []
    for (a, b), share in limbs.items():
        for side in ("left", "right"):
            length = np.linalg.norm(at[f"{side}_{a}"] - at[f"{side}_{b}"], axis=-1)
            if np.isfinite(length).any():
                heights.append(np.nanpercentile(length, 90) / share)
    return float(np.median(heights)) if heights else float(np.nanmax(np.ptp(joints, axis=1)))


def figure_of(joints: np.ndarray, hidden: np.ndarray, height: float) -> Figure:
    """A figure from joints (N, 13, 2) px of a person `height` px tall.

    hidden : bool (N, 13), what lies behind
    """
    N = len(joints)
    points, depth = np.full((N, len(POINTS), 2), np.nan), np.zeros((N, len(POINTS)))
    points[:, :13] = joints

    def at(name: str) -> np.ndarray:
        return points[:, AT[name]]

    shoulders, hips = [at("left_shoulder"), at("right_shoulder")], [at("left_hip"), at("right_hip")]
    for pair in (shoulders, hips):  # one unknown side lies on the other
        for a, b in (pair, pair[::-1]):
            missing = ~np.isfinite(a).all(-1)
            a[missing] = b[missing]
    neck, pelvis = sum(shoulders) / 2, sum(hips) / 2
    spine = neck - pelvis
    head = at("head")
    up = unit(np.where(np.isfinite(head), head - neck, spine))
    points[:, AT["waist"]], points[:, AT["chest"]] = pelvis + 0.32 * spine, pelvis + 0.72 * spine
    points[:, AT["neck"]], points[:, AT["crown"]] = (p + 0.03 * height * up for p in (neck, head))
    # Who looks at us has the left shoulder on the right of the picture, as far as they lie apart.
    facing = np.clip((shoulders[0] - shoulders[1])[:, 0] / (0.19 * height), -1, 1)
    facing = np.convolve(np.pad(np.nan_to_num(facing), 4, "edge"), np.ones(9) / 9, "valid")
    way = np.sign(np.nan_to_num(head - neck)[:, :1].mean() or 1)
    aside = np.sqrt(np.maximum(1 - facing**2, 0))[:, None] * way * [1.0, 0.0]
    points[:, AT["face"]] = head + HEAD * height * aside
    depth[:, AT["face"]] = -HEAD * facing
    for n, side in enumerate(("left", "right")):
        hand = unit(at(f"{side}_wrist") - at(f"{side}_elbow"))
        points[:, AT[f"{side}_hand"]] = at(f"{side}_wrist") + HAND * height * hand
        toe = unit(at(f"{side}_ankle") - at(f"{side}_knee")) * 0.4 + aside * 0.8 + [0, 0.35]
        points[:, AT[f"{side}_toe"]] = at(f"{side}_ankle") + FOOT * 0.7 * height * unit(toe)
        # Seen from the side, one arm and one leg are far; seen from the front both arms are near.
        sign = (1 if n else -1) * (1 - np.abs(facing)) * np.sign(aside[:, 0] + 1e-9)
        for part in ("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "toe"):
            bias = -0.4 * NEAR if part in ("elbow", "wrist", "hand") else 0
            depth[:, AT[f"{side}_{part}"]] = NEAR * sign + bias
        points[:, AT[f"{side}_eye"]] = head + 0.35 * HEAD * height * aside
        depth[:, AT[f"{side}_eye"]] = -0.03 * facing
    depth[:, 3:13] += 2 * NEAR * hidden[:, 3:13]
    return Figure(points, depth, np.full(depth.shape, float(height)))
