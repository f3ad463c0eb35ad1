"""The network that sees the body under other conditions: a better camera, and hidden joints.

    python -m renderer data/usual --clips 500 --size 96
    python -m experiments paper_a conditions --data data/large --output runs-body --usual data/usual

body.py chose a camera that fails often, because time has much to repair there, and counts the
joints that can be seen. This takes up its trained networks, trains nothing, and asks what is left
of time and space where the same scenes are filmed by the usual camera, and for the joints of the
poor camera's clips that something hides: a renderer knows where they are. What is computed stands
in experiments/results/conditions.json at once and is not computed again.
"""

import argparse
from dataclasses import replace

import numpy as np

from tslib.clip import Clip
from tslib.metrics import tally
from tslib.training.data import load_data
from tslib.training.evaluate import tallies

from ..comparison import SHARES
from ..growing import GrowingResult
from ..records import RESULTS
from .body import JOINT, Body, compared, grow, prepared

USUAL, HIDDEN = "usual camera", "hidden joints"
TWO = "time over two frames"
UNTRAINED = ("time", TWO, "space, stiffness 0.01", "both, stiffness 0.01", f"{TWO} and DIS flow")


def hidden(clip: Clip) -> np.ndarray:
    """Joints that are in the picture and cannot be seen, bool (T, K)."""
    assert clip.size is not None  # as every rendered clip has
    with np.errstate(invalid="ignore"):
        inside = ((clip.joints >= 0) & (clip.joints <= np.subtract(clip.size, 1))).all(-1)
    return inside & ~clip.visible


class Usual(Body):
    """The rows of one seed on clips of another camera, which lie beside those of the first."""

    def tallies(self, row: str) -> np.ndarray:
        """What PCK counts in the test clips: int64 (N, A, 2, K)."""
        poses = self.poses(row, self.data.test, self.folder / USUAL)
        return tallies(poses, self.data.test, SHARES)


class Hidden(Body):
    """The rows of one seed for joints whose place is known, and which something hides."""

    def tallies(self, row: str) -> np.ndarray:
        """What PCK counts in the test clips: int64 (N, A, 2, K)."""
        poses = self.poses(row, self.data.test, self.folder)
        pairs = zip(poses, self.data.test, strict=True)
        return np.stack([tally(p, c.joints, c.size_of_person, SHARES, hidden(c)) for p, c in pairs])


def rows() -> dict[str, str]:
    """Every row, and the row that it is compared with besides the baseline."""
    found = {"baseline": ""} | {f"baseline; {name}": "" for name in UNTRAINED}
    found |= {"longer": "", f"longer; {TWO}": "longer"}
    return found | JOINT


def run(options: argparse.Namespace) -> str:
    """Every row that conditions.json lacks. options : as of options.conditions"""
    config, data, about = prepared(options)
    usual = load_data(options.usual, config)
    better = replace(data, test=usual.test[: options.tests], flow=usual.flow)
    about |= {
        "joints": {
            USUAL: int(sum(clip.counted.sum() for clip in better.test)),
            HIDDEN: int(sum(hidden(clip).sum() for clip in data.test)),
        }
    }
    result = GrowingResult(RESULTS / "conditions.json", about)
    for label, kind, those in ((USUAL, Usual, better), (HIDDEN, Hidden, data)):
        seeds = {s: kind(config, those, options.output / f"seed{s}", s) for s in options.seeds}
        grow(result, seeds, rows(), compared, f"{label}, ")
    return f"{result.path} holds all rows of seeds {options.seeds}."
