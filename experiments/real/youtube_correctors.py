"""Why no corrector helps on YouTube Pose: python experiments/real/youtube_correctors.py --estimates
ESTIMATES.npz

Needs TSLIB_DATA, see data/README.md, and estimates as `python -m tslib estimate
data/training/youtube.toml` writes them. Correctors learn on three quarters of the videos, for more
and more steps; how much do they change the accuracy on those videos, and on the others? And a
control that would show the opposite if the method, and not the data, were to blame: the same with
errors that can be corrected, put onto the true joints: the head is marked elsewhere on the body,
and single joints are off. Stored in experiments/results/youtube_correctors.json. --quick: a few
steps, nothing is stored.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from experiments import records as real
from experiments.comparison import Compared, at_pixels
from experiments.paper_b.runs import INPUT, LENGTH, MEAN, NETWORKS, PLAN, STRIDE, UNIT
from experiments.paper_b.tables import change
from experiments.poses import read_estimates
from tslib.correction import Corrector
from tslib.correction.controls import Offset
from tslib.skeletons import SKELETONS
from tslib.training.data import clips_in
from tslib.training.evaluate import tallies_in_pixels

UPPER = SKELETONS["youtube7"]
STEPS, FOLDS, PIXELS, MAIN = (30, 100, 300, 1000), 4, np.arange(51), 20
TRIED = ("MLP, frame by frame", "bi-LSTM", "attention", "attention, residual")
OFFSET = "constant offset"


def correctable(clip, rng):
    """True joints, the head a third of its way down to the shoulders, and one joint in ten off."""
    joints, at = clip.joints.astype(np.float64), UPPER.joints.index
    left, right = (joints[:, at(f"{side}_shoulder")] for side in ("left", "right"))
    width = np.median(np.linalg.norm(left - right, axis=-1))
    head = at("head")
    joints[:, head] += ((left + right) / 2 - joints[:, head]) / 3
    joints += rng.normal(0, 0.04 * width, joints.shape)
    off = rng.random(joints.shape[:2]) < 0.1
    return joints + off[..., None] * rng.normal(0, 0.5 * width, joints.shape)


def changes(pairs, estimates):
    """The change within MAIN px against the estimates as they are: see tables.change.

    pairs : list of (clip, corrected track); a video that several folds have seen is there several
        times, and is one video all the same
    """
    counted = {INPUT: {}, "now": {}}
    for clip, pose in pairs:
        for name, track in ((INPUT, estimates[clip.name]), ("now", pose)):
            (tally,) = tallies_in_pixels([track], [clip], PIXELS)
            counted[name][clip.name] = counted[name].get(clip.name, 0) + tally
    results = {name: {0: np.stack(list(tallies.values()))} for name, tallies in counted.items()}
    return change(Compared(results, UPPER, MEAN, at_pixels), "now", INPUT, MAIN)


def measure(clips, estimates, steps):
    """{method: {steps: {"seen": change, "held out": change}}}, videos of all folds together."""
    found = {}
    for count in steps:
        for name in (*TRIED, *[OFFSET] * (count == steps[0])):
            corrected = {"seen": [], "held out": []}
            for fold in range(FOLDS):
                learn = [clip for n, clip in enumerate(clips) if n % FOLDS != fold]
                other = [clip for n, clip in enumerate(clips) if n % FOLDS == fold]
                tracks = [estimates[clip.name] for clip in learn]
                truths = [np.where(clip.visible[..., None], clip.joints, np.nan) for clip in learn]
                torch.manual_seed(fold)
                if name == OFFSET:
                    method = Offset(UPPER, UNIT).fit(tracks, truths)
                else:
                    network, plan = NETWORKS[name](7, LENGTH), replace(PLAN, steps=count)
                    method = Corrector(network, UPPER, plan, fold, LENGTH, STRIDE, UNIT).fit(
                        tracks, truths
                    )
                for where, those in (("seen", learn), ("held out", other)):
                    corrected[where] += [
                        (clip, method.correct(estimates[clip.name])) for clip in those
                    ]
            row = {where: changes(pairs, estimates) for where, pairs in corrected.items()}
            found.setdefault(name, {})[count] = row
            print(
                name,
                count,
                {where: f"{c['points']:+.1f} ± {c['error']:.1f}" for where, c in row.items()},
            )
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--estimates", required=True, type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    learn, _ = clips_in(real.folder() / "youtube_pose")
    rng = np.random.default_rng(0)
    steps = (2, 4) if options.quick else STEPS
    found = {"videos": len(learn), "folds": FOLDS}
    for name, estimates in (
        ("estimates", read_estimates(options.estimates, learn)),
        ("correctable errors", {clip.name: correctable(clip, rng) for clip in learn}),
    ):
        print(name)
        found[name] = measure(learn, estimates, steps)
    if not options.quick:
        real.store("youtube_correctors", found)


if __name__ == "__main__":
    main()
