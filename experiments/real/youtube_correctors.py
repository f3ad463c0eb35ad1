"""Why no corrector helps on YouTube Pose.

    python -m experiments real youtube_correctors --estimates ESTIMATES.npz [--quick]

Needs TSLIB_DATA, see data/README.md, and estimates as `python -m experiments estimate
data/training/youtube.toml` writes them. Correctors learn on three quarters of the videos, for more
and more steps; how much do they change the accuracy on those videos, and on the others? And a
control that would show the opposite if the method, and not the data, were to blame: the same with
errors that can be corrected, put onto the true joints: the head is marked elsewhere on the body,
and single joints are off. Stored in experiments/results/youtube_correctors.json. --quick: a few
steps, nothing is stored.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from tslib.clip import Clip
from tslib.correction import Corrector
from tslib.skeletons import SKELETONS

from .. import records
from ..clips import clips_in
from ..comparison import Compared, at_pixels, tallies_in_pixels
from ..paper_b.controls import Offset
from ..paper_b.runs import INPUT, LENGTH, MEAN, NETWORKS, PLAN, STRIDE, UNIT
from ..paper_b.tables import change
from ..poses import read_estimates

UPPER = SKELETONS["youtube7"]
STEPS, FOLDS, PIXELS, MAIN = (30, 100, 300, 1000), 4, np.arange(51), 20
TRIED = ("MLP, frame by frame", "bi-LSTM", "attention", "attention, residual")
OFFSET = "constant offset"


def correctable(clip: Clip, rng: np.random.Generator) -> np.ndarray:
    """True joints, the head a third of its way down to the shoulders, and one joint in ten off."""
    joints, at = clip.joints.astype(np.float64), UPPER.joints.index
    left, right = (joints[:, at(f"{side}_shoulder")] for side in ("left", "right"))
    width = np.median(np.linalg.norm(left - right, axis=-1))
    head = at("head")
    joints[:, head] += ((left + right) / 2 - joints[:, head]) / 3
    joints += rng.normal(0, 0.04 * width, joints.shape)
    off = rng.random(joints.shape[:2]) < 0.1
    return joints + off[..., None] * rng.normal(0, 0.5 * width, joints.shape)


def changes(
    pairs: Iterable[tuple[Clip, np.ndarray]], estimates: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """The change within MAIN px against the estimates as they are: see tables.change.

    pairs : of a clip and its corrected track; a video that several folds have seen is there several
        times, and is one video all the same
    """
    counted: dict[str, dict[str, Any]] = {INPUT: {}, "now": {}}
    for clip, pose in pairs:
        for name, track in ((INPUT, estimates[clip.name]), ("now", pose)):
            (tally,) = tallies_in_pixels([track], [clip], PIXELS)
            counted[name][clip.name] = counted[name].get(clip.name, 0) + tally
    results = {name: {0: np.stack(list(tallies.values()))} for name, tallies in counted.items()}
    return change(Compared(results, UPPER, MEAN, at_pixels), "now", INPUT, MAIN)


def measure(
    clips: Sequence[Clip], estimates: Mapping[str, np.ndarray], steps: Sequence[int]
) -> dict[str, dict[int, dict]]:
    """{method: {steps: {"seen": change, "held out": change}}}, videos of all folds together."""
    found: dict[str, dict[int, dict]] = {}
    for count in steps:
        for name in (*TRIED, *[OFFSET] * (count == steps[0])):
            corrected: dict[str, list] = {"seen": [], "held out": []}
            for fold in range(FOLDS):
                learn = [clip for n, clip in enumerate(clips) if n % FOLDS != fold]
                other = [clip for n, clip in enumerate(clips) if n % FOLDS == fold]
                tracks = [estimates[clip.name] for clip in learn]
                truths = [np.where(clip.visible[..., None], clip.joints, np.nan) for clip in learn]
                torch.manual_seed(fold)
                method: Any = Offset(UPPER, UNIT)
                if name != OFFSET:
                    network, plan = NETWORKS[name](7, LENGTH), replace(PLAN, steps=count)
                    method = Corrector(network, UPPER, plan, fold, LENGTH, STRIDE, UNIT)
                method.fit(tracks, truths)
                for where, those in (("seen", learn), ("held out", other)):
                    poses = (method.correct(estimates[clip.name]) for clip in those)
                    corrected[where] += zip(those, poses, strict=True)
            row = {where: changes(pairs, estimates) for where, pairs in corrected.items()}
            found.setdefault(name, {})[count] = row
            said = {w: f"{c['points']:+.1f} ± {c['error']:.1f}" for w, c in row.items()}
            print(name, count, said)
    return found


def run(options: argparse.Namespace) -> None:
    """options : estimates, a file; quick"""
    torch.set_num_threads(1)
    learn, _ = clips_in(records.folder() / "youtube_pose")
    rng = np.random.default_rng(0)
    steps = (2, 4) if options.quick else STEPS
    found: dict[str, Any] = {"videos": len(learn), "folds": FOLDS}
    for name, estimates in (
        ("estimates", read_estimates(options.estimates, learn)),
        ("correctable errors", {clip.name: correctable(clip, rng) for clip in learn}),
    ):
        print(name)
        found[name] = measure(learn, estimates, steps)
    if not options.quick:
        records.store("youtube_correctors", found)
