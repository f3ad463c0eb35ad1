"""Ways of training Paper A's layer jointly, held against messages over time that nobody trained.

    python -m experiments paper_a recipes --data data/large --output runs-body

On the network that sees the whole person (see body.py, whose runs are taken up), joint training
gains nothing over untrained messages over two frames. Each recipe here changes what may be to
blame: the target (a smaller disc of Eq. 6, or Eq. 5's Gaussian by squared error), the number of
steps, the rate, and whether joints are connected in space as well, by springs that start soft. The
controls are the ConvNet of equal compute, and untrained messages behind it. What is computed stands
in experiments/results/recipes.json at once and is not computed again.
"""

import argparse
import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from tslib.message_passing import MessagePassing
from tslib.networks import ThinSlicingNetwork
from tslib.skeletons import SKELETONS
from tslib.slices import Slices
from tslib.training import stages
from tslib.training.config import JointPlan
from tslib.training.loop import Trainer

from ..comparison import Compared
from ..growing import GrowingResult
from ..records import RESULTS
from .body import THRESHOLDS, TWO, Body, compared, grow, prepared
from .strict import SMALLEST, WEIGHT, towards_gaussian

UNTRAINED = "baseline; time over two frames"
LONG = 4  # times as many steps
FAIR = {1: "longer; time over two frames", LONG: f"longer x {LONG}; time over two frames"}


@dataclass(frozen=True)
class Recipe:
    """A way of joint training.

    squared : Eq. 5 on the belief, not Eq. 6
    radius : of the disc of Eq. 6, cells; None: as data/training/body.toml has it
    steps, rate : times those of that file
    space : stiffness that springs in space start from; 0: there are none, as in `body.TWO`
    """

    squared: bool = False
    radius: float | None = None
    steps: int = 1
    rate: float = 1.0
    space: float = 0.0

    def plan(self, plan: JointPlan) -> JointPlan:
        """The plan of the joint stage, changed."""
        plan = replace(plan, steps=plan.steps * self.steps, rate=plan.rate * self.rate)
        return plan if self.radius is None else replace(plan, radius=self.radius)


RECIPES = {
    "time, disc of 0.75": Recipe(radius=SMALLEST),
    "time, squared error": Recipe(squared=True),
    "both, disc of 0.75": Recipe(radius=SMALLEST, space=0.001),
    "both, squared error": Recipe(squared=True, space=0.001),
    "time, squared error, a fifth of the rate": Recipe(squared=True, rate=0.2),
    f"time, squared error, {LONG} x steps": Recipe(squared=True, steps=LONG),
    f"time, squared error, {LONG} x steps, slower": Recipe(squared=True, steps=LONG, rate=0.4),
}


class Recipes(Body):
    """The rows of one seed. See `Body`."""

    def model(self, row: str) -> ThinSlicingNetwork:
        """A trained model: one of `Body`, of RECIPES, or the ConvNet that trained LONG times as
        long.
        """
        clips, place = self.data.train, self.folder / row
        if row == f"longer x {LONG}":
            plan = Recipe(steps=LONG).plan(self.config.joint)
            config, base = replace(self.config, joint=plan), super().model("baseline")
            return stages.longer(config, base, clips, place, seed=self.seed)
        if row not in RECIPES:
            return super().model(row)
        recipe = RECIPES[row]
        plan = recipe.plan(self.config.joint)
        slices = Slices(clips, self.config.view, plan.frames, self.data.flow, TWO.span)
        model = replace(TWO, space=recipe.space > 0).behind(
            super().model("baseline"), self.config, self.data
        )
        if recipe.space:
            assert model.inference is not None
            soften(model.inference, recipe.space)
        aim = towards_gaussian if recipe.squared else stages.second_stage
        return Trainer(model, slices, aim, plan, place, seed=self.seed, name=row).fit()


@torch.no_grad()
def soften(layer: MessagePassing, stiffness: float) -> None:
    """Give every spring within a frame this stiffness."""
    within = layer.graph.spring[layer.graph.offset == 0]
    layer.log_stiffness[torch.from_numpy(within)] = math.log(stiffness)


def rows() -> dict[str, str]:
    """Every row, and the row of equal compute that it has to beat besides the untrained one."""
    found = {"baseline": "", UNTRAINED: "", FAIR[1]: UNTRAINED, FAIR[LONG]: UNTRAINED}
    return found | {name: FAIR[recipe.steps] for name, recipe in RECIPES.items()}


def run(options: argparse.Namespace) -> str:
    """Every row that experiments/results/recipes.json lacks. options : as of options.body"""
    config, data, about = prepared(options)
    about |= {
        "plan": asdict(config.joint),
        "weight of the belief's squared error": WEIGHT,
        "recipes": {name: asdict(recipe) for name, recipe in RECIPES.items()},
    }
    result = GrowingResult(RESULTS / "recipes.json", about)
    seeds: dict[int, Body] = {
        s: Recipes(config, data, options.output / f"seed{s}", s) for s in options.seeds
    }

    def beside_untrained(
        results: dict[str, dict[int, np.ndarray]], row: str, other: str
    ) -> dict[str, Any]:
        untrained = {s: seeds[s].tallies(UNTRAINED) for s in results[row]}
        found = compared(results, row, other)
        c = Compared(results | {UNTRAINED: untrained}, SKELETONS[config.skeleton])
        if row != UNTRAINED:
            found[f"minus {UNTRAINED}"] = [c.difference(row, UNTRAINED, a) for a in THRESHOLDS]
        return found

    grow(result, seeds, rows(), beside_untrained)
    return f"{result.path} holds all rows of seeds {options.seeds}."
