"""Why messages between joints, trained jointly, lose at strict thresholds: three suspects.

    python -m experiments paper_a strict --data data/large --output runs-body

On the network that sees the whole person (see body.py, whose runs are taken up), S-infer loses most
at 0.05 of the person's size, where Paper A gains. Each suspect has rows of its own:

    decoding    joints are read as the paper reads them, by the arg-max alone, not by our quarter
                of a cell; a belief is flatter, so its neighbours may mislead
    pull        the trained springs are made weaker or stiffer at test time, all alike
    target      the joint stage is trained again, towards a smaller or a larger disc of Eq. 6, which
                rewards nothing within its rim, or towards Eq. 5's Gaussian by squared error

A disc of 0.75 cells holds one to four cells. What is computed stands in
experiments/results/strict.json at once and is not computed again.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tslib.clip import Clip
from tslib.networks import ThinSlicingNetwork
from tslib.slices import Slices
from tslib.training import stages
from tslib.training.config import JointPlan
from tslib.training.evaluate import Poses, predict_clips
from tslib.training.loop import Trainer

from ..growing import GrowingResult
from ..records import RESULTS
from .body import CONVNET, Body, compared, grow, prepared

JOINT, ARG_MAX = "S-infer", "arg-max alone"
PULLS = {f"springs x {factor:g}": factor for factor in (0.1, 0.3, 3.0)}
WEAKEST = next(iter(PULLS))
SMALLEST = 0.75
DISCS = {f"{JOINT}, disc of {radius:g}": radius for radius in (SMALLEST, 3.0)}
SQUARED = f"{JOINT}, squared error"
WEIGHT = 40.0  # of the belief's squared error, as of the ConvNet's own


def towards_gaussian(
    model: ThinSlicingNetwork, batch: dict[str, Any], plan: JointPlan
) -> tuple[Tensor, dict[str, Tensor]]:
    """In the place of Eq. 6: the squared error of the belief, and Eq. 5 on the ConvNet's maps."""
    scores, found = model(batch["images"], batch["flows"] or None)
    # Calibrated scores are those of targets from -1 to 1.
    error = stages.eq5([(model.calibrated(scores) + 1) / 2], batch, plan)
    loss = WEIGHT * error + plan.deep * stages.eq5(found, batch, plan)
    return loss, {"belief": error.detach()}


class Strict(Body):
    """The rows of one seed. See `Body`."""

    def model(self, row: str) -> ThinSlicingNetwork:
        """A trained model: one of `Body`, or one with another target."""
        config, clips, place = self.config, self.data.train, self.folder / row
        if row in DISCS:
            plan = replace(config.joint, radius=DISCS[row])
            base, other = super().model("baseline"), replace(config, joint=plan)
            return stages.joint(
                other, base, clips, place, self.data.flow, name=JOINT, seed=self.seed
            )
        if row == SQUARED:
            model = stages.with_inference(config, super().model("baseline"), clips, 0)
            slices = Slices(clips, config.view, config.joint.frames, self.data.flow, 0)
            return Trainer(
                model, slices, towards_gaussian, config.joint, place, seed=self.seed, name=row
            ).fit()
        return super().model(row)

    def _poses(self, row: str, clips: Sequence[Clip]) -> Poses:
        base, _, rest = row.partition("; ")
        if rest not in (ARG_MAX, *PULLS):
            return super()._poses(row, clips)
        model = self.model(base)
        if rest in PULLS:
            assert model.inference is not None
            with torch.no_grad():
                model.inference.log_stiffness.add_(float(np.log(PULLS[rest])))
        frames = self.config.joint.frames
        return predict_clips(
            model, clips, self.config.view, frames, batch=4, refine=rest != ARG_MAX
        )


def rows() -> dict[str, str]:
    """Every row, and the row that it is compared with besides the baseline."""
    found = {"baseline": "", f"baseline; {ARG_MAX}": "", JOINT: ""}
    found[f"{JOINT}; {ARG_MAX}"] = f"baseline; {ARG_MAX}"
    found |= {f"{JOINT}; {pull}": JOINT for pull in PULLS}
    found |= dict.fromkeys((*DISCS, SQUARED), JOINT)
    # How much of what is lost lies in the ConvNet, and how much in the springs.
    for row in (JOINT, f"{JOINT}, disc of {SMALLEST:g}", SQUARED):
        found[f"{row}; {CONVNET}"] = found[f"{row}; {WEAKEST}"] = JOINT
    return found


def run(options: argparse.Namespace) -> str:
    """Every row that experiments/results/strict.json lacks. options : as of options.body"""
    config, data, about = prepared(options)
    about |= {
        "plan": asdict(config.joint),
        "weight of the belief's squared error": WEIGHT,
    }
    result = GrowingResult(RESULTS / "strict.json", about)
    seeds: dict[int, Body] = {
        s: Strict(config, data, options.output / f"seed{s}", s) for s in options.seeds
    }
    grow(result, seeds, rows(), compared)
    return f"{result.path} holds all rows of seeds {options.seeds}."
