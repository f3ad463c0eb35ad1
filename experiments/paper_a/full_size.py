"""Paper A's network at its own size: what a step of the printed recipe costs, and what its rows
reach.

    python -m tslib render data/large --clips 500 --size 368 --camera poor python -m
    experiments.paper_a.full_size --data data/large --output runs-large --workers 14 [--write]

The printed recipe (data/training/paper.toml) runs for --steps steps of each stage, with 3 stages of
the ConvNet and with 6. data/training/full.toml, a shorter recipe, trains rows of Table 1 from
nothing, one seed. --only does one of both. Needs a GPU, or days. --write stores
experiments/results/full_size.json.
"""

import argparse
import datetime
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from experiments import report
from experiments.comparison import Compared
from experiments.paper_a.runs import Runs
from experiments.paper_a.tables import differences
from tslib.skeletons import SKELETONS
from tslib.slices import Slices
from tslib.training import stages
from tslib.training.config import read_config
from tslib.training.data import load_data
from tslib.training.loop import Trainer
from tslib.training.processes import device_of

from ..records import RESULTS, ROOT
from ..speed.messages import machine, rounded, table

PRINTED, SHORTER = (ROOT / "data" / "training" / name for name in ("paper.toml", "full.toml"))
ROWS = ("baseline", "longer", "longer, ST untrained", "S-infer", "ST-infer")
PAIRS = (("S-infer", "baseline"), ("ST-infer", "S-infer"), ("ST-infer", "longer, ST untrained"))
WARM = 4  # steps that are not counted: kernels are chosen and memory is fetched


def cost(config, data, folder, steps, **options):
    """Of both stages of a recipe: {stage: {"s a step", "GPU, GB"}}, the median of the steps after
    WARM.
    """
    # Eq. 6 as printed drives an untrained network to infinity within steps (section 5.7), at the
    # same price.
    plans = {
        name: replace(getattr(config, name), steps=steps, rate=1e-9)
        for name in ("pretrain", "joint")
    }
    config = replace(config, **plans)
    alone = stages.network(config)
    both = stages.with_inference(config, alone, data.train, 1)
    runs = {
        "pretrain": (
            alone,
            config.pretrain,
            stages.first_stage,
            Slices(data.train, config.view, 1),
        ),
        "joint": (
            both,
            config.joint,
            stages.second_stage,
            Slices(data.train, config.view, config.joint.frames, data.flow),
        ),
    }
    found = {}
    for name, (model, plan, objective, slices) in runs.items():
        began = []

        def timed(model, batch, plan, objective=objective, began=began):
            if batch["images"].is_cuda:
                torch.cuda.synchronize()
            began.append(time.perf_counter())
            return objective(model, batch, plan)

        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        # In a fresh folder, so that nothing is resumed.
        Trainer(model, slices, timed, plan, folder / name, name=name, **options).fit()
        found[name] = {"s a step": float(np.median(np.diff(began)[WARM:]))}
        if torch.cuda.is_available():
            found[name]["GPU, GB"] = torch.cuda.max_memory_allocated() / 1e9
    return found


def costs(options, how):
    """The printed recipe with 3 stages and with 6: {"3 stages, pretrain": see `cost`, ...}."""
    printed, found = read_config(PRINTED), {}
    for count in (3, 6):
        config = replace(printed, network=replace(printed.network, stages=count))
        with TemporaryDirectory() as folder:
            spent = cost(
                config, load_data(options.data, config), Path(folder), options.steps, **how
            )
        found |= {f"{count} stages, {stage}": row for stage, row in spent.items()}
    return found


def rows_of(runs):
    """Rows of Table 1 by one seed: {"clips", "rows": as report.row_of, "differences", "minutes"}."""
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--only", choices=["steps", "rows"])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    how = {"device": device_of(options.device), "workers": options.workers}
    about = {"date": datetime.date.today().isoformat(), "machine": machine(how["device"].type)}
    about["workers"], found = options.workers, {}
    if options.only != "steps":
        config = read_config(SHORTER)
        if (options.output / "seed0").exists():
            sys.exit(
                f"{options.output} holds rows already; name another folder, so that all are timed."
            )
        found["table"] = made = rows_of(
            Runs(config, load_data(options.data, config), options.output, **how)
        )
        made |= about
        lines = {
            row: {
                "@0.2": r["mean"],
                **{k: r[k] for k in ("@0.1", "@0.05")},
                "minutes": made["minutes"][row],
            }
            for row, r in made["rows"].items()
        }
        print(table(lines, "row, PCK"), *made["differences"], sep="\n")
    if options.only != "rows":
        found["recipe"] = about | {"steps": options.steps, "cost": costs(options, how)}
        print(table(found["recipe"]["cost"], "printed recipe"))
    if options.write:
        file = RESULTS / "full_size.json"
        before = (
            json.loads(file.read_text(encoding="utf-8")) if options.only and file.exists() else {}
        )
        file.write_text(json.dumps(before | rounded(found), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
