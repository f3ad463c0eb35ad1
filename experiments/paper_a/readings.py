"""Which reading of Paper A's Eq. 6 trains: summed or averaged, calibrated or not, three
normalisations.

    python -m renderer data/rendered --clips 500 --size 96 --camera poor
    python -m experiments paper_a readings --data data/rendered --output runs-readings

The joint stage of the small network (data/training/laptop.toml) begins anew for every reading with
the committed weights of stage 1, for as many steps as the recipe has. It runs by two recipes:

    printed  SGD at the paper's rates, springs from rest offset 0, cells of one weight, no Eq. 5
    ours     the laptop's: Adam, rest offsets from data, cells in circles 20 times as heavy, Eq. 5

A reading says over what Eq. 6 is divided ("summed": frames; "averaged": frames, joints and cells),
how messages are normalised, and how scores meet the targets 1 and -1 ("raw": as they are;
"matched": by a gain and an offset for each joint, with which untrained scores are 1 at the joints
and -1 elsewhere, on the mean). What is computed stands in experiments/results/readings.json at once
and is not computed again. Another seed changes the order of slices and the dropout, not the weights
to begin with.
"""

import argparse
import math
from dataclasses import asdict, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from tslib.errors import InputError
from tslib.heatmaps import disc
from tslib.networks import ThinSlicingNetwork
from tslib.slices import Slices
from tslib.training import stages
from tslib.training.config import Config, JointPlan, read_config
from tslib.training.data import Data, load_data
from tslib.training.evaluate import predict_clips, tallies
from tslib.training.loop import Batch, Keys, Loss, Trainer
from tslib.training.models import load_model

from ..comparison import SHARES, Compared
from ..growing import GrowingResult
from ..records import RESULTS, ROOT

AT = (0.2, 0.1, 0.05)
START = ROOT / "data" / "models" / "seed0" / "pretrain.safetensors"
LAPTOP, PRINTED = (ROOT / "data" / "training" / f"{name}.toml" for name in ("laptop", "paper"))
RECIPES = ("printed", "ours")
# Adam takes steps of one length whatever its loss is divided by, so ours has one sum.
WAYS = (("printed", "summed"), ("ours", "summed"), ("printed", "averaged"))
CALIBRATIONS, NORMALIZATIONS = ("raw", "matched"), ("degree", "mean", "none")
BATCHES = 8  # of training slices, from which a matched calibration is computed
AFTER = 20  # last steps, whose mean loss is reported


def recipe_of(name: str, normalization: str, steps: int | None) -> Config:
    """The laptop's Config with the joint stage of a recipe; discs have the laptop's size."""
    config = read_config(LAPTOP)
    plan, start = config.joint, config.inference.start
    if name == "printed":
        paper = read_config(PRINTED)
        start = paper.inference.start
        plan = replace(paper.joint, dropout=None, sigma=plan.sigma, radius=plan.radius)
        plan = replace(plan, steps=config.joint.steps)
    plan = replace(plan, steps=steps or plan.steps)
    inference = replace(config.inference, normalization=normalization, start=start)
    return replace(config, joint=plan, inference=inference)


def eq6(model: ThinSlicingNetwork, batch: Batch, plan: JointPlan, averaged: bool) -> Loss:
    """Loss of a batch, as of stages.second_stage; averaged over joints and cells too, or not."""
    loss, numbers = stages.second_stage(model, batch, plan)
    if not averaged:
        return loss, numbers
    parts = len(model.gain) * math.prod(batch_cells(batch))
    return loss / parts, {name: value / parts for name, value in numbers.items()}


def batch_cells(batch: Batch) -> tuple[int, int]:
    """Cells of the heat-maps' sides: those of the flow."""
    h, w = next(iter(batch["flows"].values())).shape[2:4]
    return h, w


@torch.no_grad()
def match(model: ThinSlicingNetwork, slices: Slices, plan: JointPlan) -> None:
    """Set gain and offset so that mean scores of each joint are 1 in the circles and -1 outside."""
    keys = Keys(slices, replace(plan, steps=BATCHES), seed=0)
    sums = torch.zeros(4, len(model.gain), dtype=torch.float64)
    for batch in DataLoader(slices, batch_sampler=keys):
        scores, _ = model.eval()(batch["images"], batch["flows"])
        scores, grid = scores.flatten(0, 1).double(), scores.shape[-1]
        inside = disc(batch["cells"].flatten(0, 1), (grid, grid), radius=plan.radius) > 0
        for n, part in enumerate((inside, ~inside)):
            sums[2 * n] += (scores * part).sum((0, 2, 3))
            sums[2 * n + 1] += part.sum((0, 2, 3))
    at, elsewhere = sums[0] / sums[1], sums[2] / sums[3]
    model.gain[:, 0, 0] = 2 / (at - elsewhere)
    model.offset[:, 0, 0] = 1 - 2 * at / (at - elsewhere)


def scored(
    model: ThinSlicingNetwork, data: Data, config: Config, alone: bool = False
) -> np.ndarray:
    """Tallies of the test clips: int64 (N, A, 2, K). alone : of the ConvNet, without messages"""
    net = ThinSlicingNetwork(model.convnet) if alone else model
    flow = None if alone else data.flow
    poses = predict_clips(net, data.test, config.view, config.joint.frames, flow)
    return tallies(poses, data.test, SHARES)


def read(
    data: Data, folder: Path, seed: int, steps: int | None, reading: tuple[str, ...]
) -> dict[str, Any]:
    """One reading: what its loss does, and PCK before and after, with the difference's interval."""
    recipe, how, calibration, normalization = reading
    config = recipe_of(recipe, normalization, steps)
    plan = config.joint
    start, _, _ = load_model(START)
    model = stages.with_inference(config, start, data.train, 1)
    slices = Slices(data.train, config.view, plan.frames, data.flow)
    if calibration == "matched":
        match(model, slices, plan)
    else:
        with torch.no_grad():
            model.gain.fill_(1), model.offset.fill_(0)
    before = scored(model, data, config)
    found: dict[str, Any] = {"gain": model.gain.mean().item(), "offset": model.offset.mean().item()}
    history: list[tuple[float, float]] = []

    def objective(model: ThinSlicingNetwork, batch: Batch, plan: Any) -> Loss:
        loss, numbers = eq6(model, batch, plan, how == "averaged")
        history.append((loss.item(), numbers["all background"].item()))
        return loss, numbers

    named = ", ".join(reading)
    try:
        place = folder / named
        Trainer(model, slices, objective, plan, place, every=10**6, seed=seed, name=named).fit()
        found["finite"] = True
    except InputError as error:
        found |= {"finite": False, "why": str(error)}
    losses_, plateau = np.array(history).T
    ends = losses_[:AFTER].mean(), losses_[-AFTER:].mean()
    found |= {
        "steps": min(len(history), plan.steps),
        "loss": [*map(float, ends)],
        "falls": bool(ends[1] < ends[0]),
    }
    found["all background"] = float(plateau.mean())
    results = {"before": {seed: before}}
    if found["finite"]:
        results |= {
            "after": {seed: scored(model, data, config)},
            "its ConvNet": {seed: scored(model, data, config, alone=True)},
        }
    compared = Compared(results, data.test[0].skeleton)
    found["PCK"] = {row: [compared.rate(row, a) for a in AT] for row in results}
    if found["finite"]:
        found["after - before"] = [compared.difference("after", "before", a) for a in AT]
    return found


def run(options: argparse.Namespace) -> str:
    """Every reading that experiments/results/readings.json lacks. options : of that command"""
    data = load_data(options.data, read_config(LAPTOP))
    about = {
        "network": "small, data/models/seed0/pretrain.safetensors, 96 px, 24 x 24 cells",
        "camera": options.camera,
        "clips": {"train": len(data.train), "test": len(data.test)},
        "seeds": "of the joint stage; stage 1 is of seed 0",
        "thresholds": AT,
        "plans": {name: asdict(recipe_of(name, "degree", options.steps).joint) for name in RECIPES},
    }
    result = GrowingResult(RESULTS / "readings.json", about)
    readings = [(*way, *rest) for way, *rest in product(WAYS, CALIBRATIONS, NORMALIZATIONS)]
    for seed, reading in product(options.seeds, readings):
        folder = options.output / f"seed{seed}"
        compute = partial(read, data, folder, seed, options.steps, reading)
        result.once(", ".join((*reading, f"seed {seed}")), compute)
    return f"{result.path} holds all readings of seeds {options.seeds}."
