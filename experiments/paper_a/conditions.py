"""The network that sees the body under other conditions: camera, hidden joints, training clips.

    python -m renderer data/usual --clips 500 --size 96
    python -m renderer data/large1 --clips 2500 --size 96 --camera poor --seed 1
    python -m renderer data/large2 --clips 2500 --size 96 --camera poor --seed 2
    python -m experiments paper_a conditions --data data/large --output runs-body \\
        --usual data/usual --sets data/large1 data/large2

body.py chose a camera that fails often, because time has much to repair there, counts the joints
that can be seen, and has one set of clips to learn from. This takes up its trained networks and
asks what is left of time and space where the same scenes are filmed by the usual camera, and for
the joints of the poor camera's clips that something hides: a renderer knows where they are. Then it
trains the same networks on other clips, each set with a seed of its own, for the same test. What is
computed stands in experiments/results/conditions.json at once and is not computed again.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from tslib.clip import Clip
from tslib.metrics import tally
from tslib.training.config import Config
from tslib.training.data import Data, load_data
from tslib.training.evaluate import tallies

from ..comparison import SHARES
from ..growing import GrowingResult
from ..records import RESULTS
from .body import JOINT, Body, compared, grow, prepared

USUAL, HIDDEN, SETS = "usual camera", "hidden joints", "other clips to learn from"
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


def of_set(data: Data, root: Path, config: Config) -> Data:
    """The same test clips, and the clips of another folder to learn from."""
    other, tests = load_data(root, config), {*data.test}
    ours, theirs = data.flow, other.flow
    assert ours is not None and theirs is not None  # as rendered clips have
    # Clips of two folders have the same names.
    return replace(
        other, test=data.test, flow=lambda clip: ours(clip) if clip in tests else theirs(clip)
    )


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
    sets = {
        n: Body(config, of_set(data, root, config), options.output / f"set{n}", n)
        for n, root in enumerate(options.sets, 1)
    }
    grow(result, sets, rows(), compared, f"{SETS}, ")
    return f"{result.path} holds all rows of seeds {options.seeds}."
