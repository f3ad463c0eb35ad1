"""The thin line on a real clip with a real detector, against the clip's true joints.

`pytest -s tests/test_real_clip.py` prints the table of the README.
"""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat
from scipy.ndimage import median_filter

from tslib.detector import HeatmapDetector
from tslib.flow import Flow
from tslib.messages import infer, link, reach_of
from tslib.metrics import jitter, pck
from tslib.predict import joints_of, predict
from tslib.skeletons import SKELETONS, mapping
from tslib.springs import fit, numbered
from tslib.tracking import observe
from tslib.video import open_frames

VIDEO = "Goal_Keeping_Tips"
CLIP = VIDEO + "_catch_f_cm_np1_fr_med_2"
FPS = 30  # of the avi beside the frames
REACH = reach_of(FPS)
PARTS = "shoulder", "elbow", "wrist", "hip", "knee", "ankle"
LIMB_JOINTS = [f"{side}_{part}" for part in PARTS for side in ("left", "right")]
ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "data" / "detectors" / "simplepose.toml"

pytestmark = pytest.mark.real


def truth_of(folder):
    """True joints of the clip (40, 15, 2), 0-based px."""
    file = folder / "jhmdb" / "joint_positions" / "catch" / CLIP / "joint_positions.mat"
    return loadmat(file)["pos_img"].transpose(2, 1, 0) - 1


def springs_of(folder, skeleton, arms=False):
    """Springs from every clip of known name but those of this video, every 4th frame, by joint numbers."""
    data = np.load(folder / "jhmdb" / "joint_positions_world.npz")
    ours = np.char.find(data["name"], VIDEO) >= 0
    assert ours.any()
    others = data["confident"] & ~ours
    world = data["pos_world"][others][:, ::4].reshape(-1, 15, 2)
    into, out = mapping(skeleton, SKELETONS["jhmdb15"])
    poses = np.full((len(world), len(skeleton.joints), 2), np.nan)
    poses[:, into] = world[:, out]
    return numbered(fit(poses, skeleton, arms=arms), skeleton)


def still(observations):
    """The same crops and heat-maps, as if nothing had moved."""
    none = Flow(np.zeros((1, 1, 2), np.float32), (1.0, 1.0))
    return [replace(o, to_next=none, to_previous=none) for o in observations]


def tracks(pairs):
    """Joints (T, K, 2) px of (crop, maps) pairs."""
    return np.stack([joints_of(maps, crop)[0] for crop, maps in pairs])


def passed(observations, springs=(), reach=REACH):
    """Joints (T, K, 2) px after the messages, with the defaults of `predict`; reach 0: from springs alone."""
    return tracks((n.seen.crop, b) for n, b in infer(link(observations, reach), reach, springs))


def observed(folder):
    """The detector's skeleton and what it observes in the clip; sees no truth."""
    detector = HeatmapDetector(folder / "detector" / "simplepose.onnx", CONFIG)
    frames = open_frames(folder / "jhmdb" / "Rename_Images" / "catch" / CLIP)
    return detector.skeleton, list(observe(frames, detector))


def numbers_of(joints, skeleton, truth):
    """[PCK@0.2, @0.1, @0.05 in %, jitter in px] of joints (T, K, 2) px over the 12 limb joints."""
    size = np.ptp(truth, axis=1).max(-1)  # max(height, width) of the box around all 15 true joints
    ours, theirs = ([s.joints.index(j) for j in LIMB_JOINTS] for s in (skeleton, SKELETONS["jhmdb15"]))
    rates = [pck(joints[:, ours], truth[:, theirs], size, alpha).mean() for alpha in (0.2, 0.1, 0.05)]
    return [float(100 * rate) for rate in rates] + [jitter(joints[:, ours])]


@pytest.fixture(scope="module")
def table(real_data):
    """{row: numbers_of}, all with the same crops."""
    skeleton, observations = observed(real_data)
    alone = tracks((o.crop, o.maps) for o in observations)
    rows = {
        "detector alone": alone,
        "median of 5 frames": median_filter(alone, (5, 1, 1), mode="nearest"),
        "messages, zero flow": passed(still(observations)),
        "messages": passed(observations),
        "messages and springs": passed(observations, springs_of(real_data, skeleton)),
    }
    truth = truth_of(real_data)
    table = {name: numbers_of(joints, skeleton, truth) for name, joints in rows.items()}
    print("\n\n| joints | PCK@0.2 | @0.1 | @0.05 | jitter, px |\n|---|---|---|---|---|")
    for name, numbers in table.items():
        print(f"| {name} | " + " | ".join(f"{n:.1f}" for n in numbers) + " |")
    return table


def test_messages_help(table):
    alone, together = table["detector alone"], table["messages"]
    assert together[0] >= 92 and together[0] - alone[0] >= 3
    assert together[1] - alone[1] >= 2
    assert together[2] - alone[2] >= -2
    assert together[3] <= 0.65 * alone[3]


def test_messages_do_more_than_smoothing(table):
    assert table["messages"][0] >= table["median of 5 frames"][0] - 1
    assert table["messages"][0] > table["messages, zero flow"][0]


def test_untrained_springs_do_little_harm(table):
    assert table["messages and springs"][0] >= table["messages"][0] - 1.5


def test_the_readme_says_so(table):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, numbers in table.items():
        stated = re.search(rf"^\| {name} \| (.*) \|$", readme, re.MULTILINE)[1].split(" | ")
        assert [float(n) for n in stated] == pytest.approx(numbers, abs=0.5)  # processors round differently


def test_the_stored_table_says_so(table):
    file = ROOT / "benchmarks" / "results" / "real_clip_messages.json"
    stored = json.loads(file.read_text(encoding="utf-8"))["rows"]
    for theirs, ours in {
        "detector alone": "detector alone",
        "temporal": "messages",
        "temporal, zero flow": "messages, zero flow",
        "temporal + springs": "messages and springs",
    }.items():
        assert stored[theirs] == pytest.approx(table[ours], abs=0.5)


def test_the_command_gives_the_same_joints(table, real_data, tmp_path):
    """`python -m tslib predict` on the clip: no truth, one command, the table's fourth row."""
    video = real_data / "jhmdb" / "Rename_Images" / "catch" / CLIP
    out = predict(video, real_data / "detector" / "simplepose.onnx", tmp_path / "out", CONFIG, fps=FPS)
    with open(out / "joints.csv", newline="") as file:
        joints = {(int(r["frame"]), r["joint"]): (float(r["x"]), float(r["y"])) for r in csv.DictReader(file)}
    truth, theirs = truth_of(real_data), SKELETONS["jhmdb15"].joints
    ours = np.array([[joints[t, j] for j in LIMB_JOINTS] for t in range(len(truth))])
    size = np.ptp(truth, axis=1).max(-1)
    rate = 100 * pck(ours, truth[:, [theirs.index(j) for j in LIMB_JOINTS]], size).mean()
    assert rate == pytest.approx(table["messages"][0], abs=0.3)  # two decimals in the file
