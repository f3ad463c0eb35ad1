"""What messages do to real detectors' joints on a real clip.

    python -m experiments real clip

Needs TSLIB_DATA, see data/README.md. Everything is held against the clip's true joints, of which
neither the detectors nor the crops know anything; the table is stored in
experiments/results/real_clip_messages.json, which the book shows.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.ndimage import median_filter

from tslib.crop import Crop
from tslib.flow import Flow
from tslib.message_passing.layer import STIFFNESS
from tslib.metrics import pck, rates, tally
from tslib.skeletons import SKELETONS, Skeleton, mapping
from tslib.video import blazepose
from tslib.video.detector import HeatmapDetector
from tslib.video.frames import open_frames
from tslib.video.inference import infer, link, reach_at
from tslib.video.predict import joints_of
from tslib.video.springs import Spring, fit_springs, numbered
from tslib.video.tracking import Observation, observe

from .. import records
from ..measures import bootstrap, jitter

VIDEO = "Goal_Keeping_Tips"
CLIP = VIDEO + "_catch_f_cm_np1_fr_med_2"
FPS = 30  # of the avi beside the frames
REACH = reach_at(FPS)
PARTS = "shoulder", "elbow", "wrist", "hip", "knee", "ankle"
LIMB_JOINTS = [f"{side}_{part}" for part in PARTS for side in ("left", "right")]
CONFIG = records.ROOT / "data" / "detectors" / "simplepose.toml"
ALPHAS = 0.2, 0.1, 0.05
FILTERS = 5, 9, 11  # frames of a median filter, the usual remedy for jitter
BLOCK = 8  # frames in a row are hardly any new evidence, so intervals are over blocks


def truth_of(folder: Path) -> np.ndarray:
    """True joints of the clip (40, 15, 2), 0-based px."""
    file = folder / "jhmdb" / "joint_positions" / "catch" / CLIP / "joint_positions.mat"
    return loadmat(file)["pos_img"].transpose(2, 1, 0) - 1


def mask_sizes(folder: Path) -> np.ndarray:
    """max(height, width) of the box around the person's mask (40,) px: the second unit of PCK."""
    mask = loadmat(folder / "jhmdb" / "puppet_mask" / "catch" / CLIP / "puppet_mask.mat")
    covered = mask["part_mask"].transpose(2, 0, 1) > 0
    return np.array([max(np.ptp(places) + 1 for places in np.nonzero(m)) for m in covered])


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


def observed(folder: Path, default: bool = False) -> tuple[Skeleton, list[Observation]]:
    """A detector's skeleton and what it observes in the clip; sees no truth.

    default : the detector is the one that `predict` takes by itself, and not SimplePose
    """
    model, config = folder / "detector" / "simplepose.onnx", CONFIG
    if default:
        model, config = blazepose.default_detector(), blazepose.CONFIG
    detector = HeatmapDetector(model, config)
    frames = open_frames(folder / "jhmdb" / "Rename_Images" / "catch" / CLIP)
    return detector.skeleton, list(observe(frames, detector))


def default_rows(observations: Sequence[Observation]) -> dict[str, np.ndarray]:
    """{row: joints (T, K, 2) px} of the default detector: alone, filtered, after messages."""
    alone = tracks(pairs_of(observations))
    filtered = {
        f"median of {n} frames": median_filter(alone, (n, 1, 1), mode="nearest") for n in FILTERS
    }
    still_rows = {"messages, zero flow": passed(still(observations))}
    return {"detector alone": alone} | filtered | still_rows | {"messages": passed(observations)}


def limbs_of(
    joints: np.ndarray, skeleton: Skeleton, truth: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The 12 limb joints of both, (T, 12, 2) px."""
    ours, theirs = (
        [s.joints.index(j) for j in LIMB_JOINTS] for s in (skeleton, SKELETONS["jhmdb15"])
    )
    return joints[:, ours], truth[:, theirs]


def numbers_of(
    joints: np.ndarray, skeleton: Skeleton, truth: np.ndarray, size: np.ndarray | None = None
) -> list[float]:
    """[PCK@0.2, @0.1, @0.05 in %, jitter in px] of joints (T, K, 2) px over the 12 limb joints.

    size : (T,) px; max(height, width) of the box around all 15 true joints where None
    """
    size = np.ptp(truth, axis=1).max(-1) if size is None else size
    ours, theirs = limbs_of(joints, skeleton, truth)
    rates = [pck(ours, theirs, size, alpha).mean() for alpha in ALPHAS]
    return [float(100 * rate) for rate in rates] + [jitter(ours)]


def gain(
    joints: np.ndarray, other: np.ndarray, skeleton: Skeleton, truth: np.ndarray
) -> list[list[float]]:
    """For each threshold (points, low, high): how far joints are above others, over blocks."""
    size = np.ptp(truth, axis=1).max(-1)
    found: list[list[float]] = []
    for alpha in ALPHAS:
        tallies = []
        for track in (joints, other):
            ours, theirs = limbs_of(track, skeleton, truth)
            blocks = [slice(t, t + BLOCK) for t in range(0, len(truth), BLOCK)]
            tallies.append(np.stack([tally(ours[b], theirs[b], size[b], alpha) for b in blocks]))
        points = np.subtract(*(rates(t.sum(0)).mean() for t in tallies))
        low, high = bootstrap(lambda t: rates(t).mean(-1), tallies[0], tallies[1])
        found.append([round(100 * float(v), 1) for v in (points, low, high)])
    return found


def default_table(folder: Path) -> dict[str, Any]:
    """What experiments/results/real_clip_messages.json holds of the default detector."""
    skeleton, seen = observed(folder, default=True)
    rows, truth = default_rows(seen), truth_of(folder)
    table = {}
    for unit, size in (("box of joints", None), ("box of mask", mask_sizes(folder))):
        found = {name: numbers_of(j, skeleton, truth, size) for name, j in rows.items()}
        table[unit] = {name: [round(n, 1) for n in numbers] for name, numbers in found.items()}
    gains = {name: gain(rows["messages"], j, skeleton, truth) for name, j in rows.items()}
    del gains["messages"]
    return {"rows": table, "messages above, 95 % over blocks": gains}


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
    default = default_table(folder)
    for unit, part in default["rows"].items():
        print(f"\ndefault detector, {unit}")
        for name, numbers in part.items():
            print(f"{name:28}", *(f"{n:6.1f}" for n in numbers))
    for name, gains in default["messages above, 95 % over blocks"].items():
        print(f"messages - {name:22}", *("{:+.1f} [{:.1f}, {:.1f}]".format(*g) for g in gains))
    columns = ["PCK@0.2", "PCK@0.1", "PCK@0.05", "jitter, px"]
    content = {"clip": CLIP, "frames": len(truth), "columns": columns, "rows": table}
    content["default detector"] = default
    records.store("real_clip_messages", content)
