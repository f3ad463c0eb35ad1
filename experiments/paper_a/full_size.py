"""Paper A's network at its own size: what a step costs, and what its rows reach.

    python -m renderer data/large --clips 500 --size 368 --camera poor
    python -m experiments paper_a full_size --data data/large --output runs-large \\
        --workers 14 [--steps 20] [--only steps|rows] [--write]

The printed recipe (data/training/paper.toml) runs for --steps steps of each stage, with 3 stages of
the ConvNet and with 6. data/training/full.toml, a shorter recipe, trains rows of Table 1 from
nothing, one seed. --only does one of both. Needs a GPU, or days. --write stores
experiments/results/full_size.json.
"""

import argparse
import datetime
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from tslib.errors import InputError
from tslib.skeletons import SKELETONS
from tslib.slices import Slices
from tslib.training import stages
from tslib.training.config import Config, read_config
from tslib.training.data import Data, load_data
from tslib.training.loop import Trainer
from tslib.training.processes import device_of

from .. import records, report
from ..comparison import Compared
from ..records import machine
from ..speed.messages import rounded, table
from .runs import Runs
from .tables import differences

RECIPES = records.ROOT / "data" / "training"
PRINTED, SHORTER = RECIPES / "paper.toml", RECIPES / "full.toml"
ROWS = ("baseline", "longer", "longer, ST untrained", "S-infer", "ST-infer")
PAIRS = (("S-infer", "baseline"), ("ST-infer", "S-infer"), ("ST-infer", "longer, ST untrained"))
WARM = 4  # steps that are not counted: kernels are chosen and memory is fetched


def cost(
    config: Config, data: Data, folder: Path, steps: int, **how: Any
) -> dict[str, dict[str, float]]:
    """Of both stages of a recipe: {stage: {"s a step", "GPU, GB"}}, medians of steps after WARM.

    how : device and workers, see loop.fit
    """
    # Eq. 6 as printed drives an untrained network to infinity within steps (section 6.7). At this
    # rate it stays where it is, and a step costs the same.
    short = replace(config.pretrain, steps=steps, rate=1e-9)
    config = replace(config, pretrain=short, joint=replace(config.joint, steps=steps, rate=1e-9))
    alone = stages.network(config)
    both = stages.with_inference(config, alone, data.train, 1)
    frames = Slices(data.train, config.view, 1)
    slices = Slices(data.train, config.view, config.joint.frames, data.flow)
    runs = {
        "pretrain": (alone, config.pretrain, stages.first_stage, frames),
        "joint": (both, config.joint, stages.second_stage, slices),
    }
    found = {}
    for name, (model, plan, objective, clips) in runs.items():
        began: list[float] = []

        def timed(model, batch, plan, objective=objective, began=began):
            if batch["images"].is_cuda:
                torch.cuda.synchronize()
            began.append(time.perf_counter())
            return objective(model, batch, plan)

        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        # A fresh folder, so that no earlier run is continued.
        Trainer(model, clips, timed, plan, folder / name, name=name, **how).fit()
        found[name] = {"s a step": float(np.median(np.diff(began)[WARM:]))}
        if torch.cuda.is_available():
            found[name]["GPU, GB"] = torch.cuda.max_memory_allocated() / 1e9
    return found


def costs(root: Path | str, steps: int, how: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The printed recipe with 3 stages and with 6: {"3 stages, pretrain": see `cost`, ...}."""
    printed = read_config(PRINTED)
    found: dict[str, dict[str, float]] = {}
    for count in (3, 6):
        config = replace(printed, network=replace(printed.network, stages=count))
        with TemporaryDirectory() as folder:
            spent = cost(config, load_data(root, config), Path(folder), steps, **how)
        found |= {f"{count} stages, {stage}": row for stage, row in spent.items()}
    return found


def rows_of(runs: Runs) -> dict[str, Any]:
    """Rows of Table 1 by one seed, "rows" as report.row_of, with "clips" and "minutes"."""
    results, minutes = {}, {}
    for row in ROWS:
        began = time.perf_counter()
        results[row] = {0: runs.tallies(row, 0)}
        minutes[row] = (time.perf_counter() - began) / 60
        print(f"{row}: {minutes[row]:.1f} minutes", flush=True)
    compared = Compared(results, SKELETONS[runs.config.skeleton])
    rows = {
        row: report.row_of(compared, row) | {f"@{a:g}": compared.rate(row, a) for a in (0.1, 0.05)}
        for row in ROWS
    }
    return {
        "clips": {"train": len(runs.data.train), "test": len(runs.data.test)},
        "rows": rows,
        "differences": differences(compared, PAIRS),
        "minutes": minutes,
    }


def run(options: argparse.Namespace) -> None:
    """options : data and output, folders; device; workers; steps; only, "steps" or "rows"; write"""
    how = {"device": device_of(options.device), "workers": options.workers}
    about = {"date": datetime.date.today().isoformat(), "machine": machine(how["device"].type)}
    about["workers"] = options.workers
    found: dict[str, Any] = {}
    if options.only != "steps":
        config = read_config(SHORTER)
        if (Path(options.output) / "seed0").exists():
            raise InputError(
                f"{options.output} holds rows already; name another folder, so that all are timed."
            )
        runs = Runs(config, load_data(options.data, config), Path(options.output), **how)
        found["table"] = made = rows_of(runs) | about
        lines = {
            row: {"@0.2": r["mean"], "@0.1": r["@0.1"], "@0.05": r["@0.05"]}
            | {"minutes": made["minutes"][row]}
            for row, r in made["rows"].items()
        }
        print(table(lines, "row, PCK"), *made["differences"], sep="\n")
    if options.only != "rows":
        spent = costs(options.data, options.steps, how)
        found["recipe"] = about | {"steps": options.steps, "cost": spent}
        print(table(spent, "printed recipe"))
    if options.write:
        kept = (records.RESULTS / "full_size.json").exists()
        before = records.stored("full_size") if options.only and kept else {}
        before.pop("date", None)
        records.store("full_size", before | rounded(found))
