"""What messages do to a real detector's joints on a real clip.

    python -m experiments real clip

Needs TSLIB_DATA, see data/README.md. Everything is held against the clip's true joints, of which
neither the detector nor the crops know anything; the table is stored in
experiments/results/real_clip_messages.json, which the book shows.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from tslib.crop import Crop
from tslib.flow import Flow
from tslib.message_passing.layer import STIFFNESS
from tslib.metrics import pck
from tslib.skeletons import SKELETONS, Skeleton, mapping
from tslib.video.detector import HeatmapDetector
from tslib.video.frames import open_frames
from tslib.video.inference import infer, link, reach_at
from tslib.video.predict import joints_of
from tslib.video.springs import Spring, fit_springs, numbered
from tslib.video.tracking import Observation, observe

from .. import records
from ..measures import jitter

VIDEO = "Goal_Keeping_Tips"
CLIP = VIDEO + "_catch_f_cm_np1_fr_med_2"
FPS = 30  # of the avi beside the frames
REACH = reach_at(FPS)
PARTS = "shoulder", "elbow", "wrist", "hip", "knee", "ankle"
LIMB_JOINTS = [f"{side}_{part}" for part in PARTS for side in ("left", "right")]
CONFIG = records.ROOT / "data" / "detectors" / "simplepose.toml"


def truth_of(folder: Path) -> np.ndarray:
    """True joints of the clip (40, 15, 2), 0-based px."""
    file = folder / "jhmdb" / "joint_positions" / "catch" / CLIP / "joint_positions.mat"
    return loadmat(file)["pos_img"].transpose(2, 1, 0) - 1


def springs_of(folder: Path, skeleton: Skeleton, arms: bool = False) -> list[Spring]:
    """Springs, by joint numbers, from every 4th frame of all named clips but this video's."""
    data = np.load(folder / "jhmdb" / "joint_positions_world.npz")
    ours = np.char.find(data["name"], VIDEO) >= 0
    assert ours.any()
    others = data["confident"] & ~ours
    world = data["pos_world"][others][:, ::4].reshape(-1, 15, 2)
    into, out = mapping(skeleton, SKELETONS["jhmdb15"])
    poses = np.full((len(world), len(skeleton.joints), 2), np.nan)
    poses[:, into] = world[:, out]
    return numbered(fit_springs(poses, skeleton, arms=arms), skeleton)


def still(observations: Iterable[Observation]) -> list[Observation]:
    """The same crops and heat-maps, as if nothing had moved."""
    none = Flow(np.zeros((1, 1, 2), np.float32), (1.0, 1.0))
    return [replace(o, to_next=none, to_previous=none) for o in observations]


def pairs_of(observations: Sequence[Observation]) -> list[tuple[Crop, np.ndarray]]:
    """The crop and the maps of each; somebody must be seen in all."""
    found = [(o.crop, o.maps) for o in observations if o.crop is not None and o.maps is not None]
    assert len(found) == len(observations)
    return found


def tracks(pairs: Iterable[tuple[Crop, np.ndarray]]) -> np.ndarray:
    """Joints (T, K, 2) px of (crop, maps) pairs."""
    return np.stack([joints_of(maps, crop)[0] for crop, maps in pairs])


def passed(
    observations: Iterable[Observation], springs: Sequence[Spring] = (), reach: int = REACH
) -> np.ndarray:
    """Joints (T, K, 2) px after the messages, with the defaults of `predict`.

    reach : frames over which messages go; 0 leaves those of the springs alone
    """
    beliefs = infer(link(observations, reach), reach, springs)
    return tracks((n.seen.crop, b.numpy()) for n, b in beliefs if n.seen.crop and b is not None)


def observed(folder: Path) -> tuple[Skeleton, list[Observation]]:
    """The detector's skeleton and what it observes in the clip; sees no truth."""
    detector = HeatmapDetector(folder / "detector" / "simplepose.onnx", CONFIG)
    frames = open_frames(folder / "jhmdb" / "Rename_Images" / "catch" / CLIP)
    return detector.skeleton, list(observe(frames, detector))


def numbers_of(joints: np.ndarray, skeleton: Skeleton, truth: np.ndarray) -> list[float]:
    """[PCK@0.2, @0.1, @0.05 in %, jitter in px] of joints (T, K, 2) px over the 12 limb joints."""
    # The longer side of the box around all 15 true joints.
    size = np.ptp(truth, axis=1).max(-1)
    both = skeleton, SKELETONS["jhmdb15"]
    ours, theirs = ([s.joints.index(j) for j in LIMB_JOINTS] for s in both)
    pair = joints[:, ours], truth[:, theirs]
    rates = [pck(*pair, size, alpha).mean() for alpha in (0.2, 0.1, 0.05)]
    return [float(100 * rate) for rate in rates] + [jitter(joints[:, ours])]


def run(options: argparse.Namespace) -> None:
    """No options."""
    folder = records.folder()
    skeleton, seen = observed(folder)
    trunk, limbs = (springs_of(folder, skeleton, arms) for arms in (False, True))
    body = np.median([crop.body / crop.cell for crop, _ in pairs_of(seen)])  # in cells
    even = [replace(s, stiffness=(STIFFNESS * body**2,) * 2) for s in limbs]
    rows = {
        "detector alone": tracks(pairs_of(seen)),
        "springs alone": passed(seen, trunk, reach=0),
        "springs alone, arms too": passed(seen, limbs, reach=0),
        "springs alone, all 0.01": passed(seen, even, reach=0),
        "temporal": passed(seen),
        "temporal, zero flow": passed(still(seen)),
        "temporal + springs": passed(seen, trunk),
        "temporal + springs, arms too": passed(seen, limbs),
        "temporal + springs, all 0.01": passed(seen, even),
    }
    truth = truth_of(folder)
    table = {}
    for name, joints in rows.items():
        table[name] = numbers = [round(n, 1) for n in numbers_of(joints, skeleton, truth)]
        print(f"{name:28}", *(f"{n:6.1f}" for n in numbers))
    columns = ["PCK@0.2", "PCK@0.1", "PCK@0.05", "jitter, px"]
    content = {"clip": CLIP, "frames": len(truth), "columns": columns, "rows": table}
    records.store("real_clip_messages", content)
