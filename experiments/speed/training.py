"""What share of a training step is arithmetic, and how long the loop waits for its data.

    python -m experiments speed training [--quick] [--write]

Each row is a stage of a training file of the book, on clips that are rendered first. *Arithmetic*
is forward, backward and the optimizer's step on a batch that is there, *step* what the loop takes
for it, and both take turns. *Data* is what a batch costs to prepare. These are milliseconds of
processor time with one thread, the medians of some steps. *Waited* is the share of a run's wall
time in which the loop had no batch, with --workers 0 and with --workers 1, whose process takes a
second core; a busy machine makes it longer. --write stores the numbers in
experiments/results/training.json, which docs/speed.md shows.
"""

import argparse
import tempfile
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from renderer.write import render
from tslib.slices import Slices
from tslib.training import stages
from tslib.training.config import Config, Plan, read_config
from tslib.training.data import Data, load_data
from tslib.training.loop import Batch, Keys, Objective, Trainer

from .. import records
from . import messages

FILES = "laptop", "body"
CLIPS, STEPS, WARM = 30, 12, 3  # a run has WARM steps first, which compile and start processes
Row = dict[str, float]


class Timed(Trainer):
    """A Trainer that notes what its steps take, in seconds, and keeps no checkpoint.

    waited, taken : wall time for each batch, and for its step; steps : of this thread
    arithmetic : of this thread, for the same on the same batch; only where `paired`
    """

    paired = True

    def _batches(self) -> Generator[Batch, None, None]:
        self.waited: list[float] = []
        self.taken: list[float] = []
        self.steps: list[float] = []
        self.arithmetic: list[float] = []
        began = time.perf_counter()
        for batch in super()._batches():
            ready = time.perf_counter()
            self.waited.append(ready - began)
            yield batch
            began = time.perf_counter()
            self.taken.append(began - ready)

    def _take_step(self, batch: Batch) -> None:
        began = time.thread_time()
        super()._take_step(batch)
        self.steps.append(time.thread_time() - began)
        if self.paired:
            began = time.thread_time()
            self._alone(batch)
            self.arithmetic.append(time.thread_time() - began)

    def _alone(self, batch: Batch) -> None:
        """A step as one would write it for this batch alone."""
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.plan.bfloat16):
            loss, _ = self.objective(self.model, batch, self.plan)
        loss.backward()
        if self.plan.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.plan.clip)
        self.optimizer.step()

    def _save(self, batch: Batch) -> None:
        pass


def measured(config: Config, data: Data, stage: int, folder: Path, steps: int) -> Row:
    """The row of a stage of a training file, 1 or 2, after so many steps."""
    model, slices = stages.network(config), Slices(data.train, config.view, frames=1)
    objective: Objective = stages.first_stage
    plan: Plan = config.pretrain
    if stage == 2:
        model = stages.with_inference(config, model, data.train, span=1)
        objective, plan = stages.second_stage, config.joint
        slices = Slices(data.train, config.view, plan.frames, data.flow)
    plan = replace(plan, steps=WARM + steps)
    trainer = Timed(model, slices, objective, plan, folder)
    trainer.fit()
    loop, arithmetic = trainer.steps[WARM:], trainer.arithmetic[WARM:]
    prepared = []
    for keys in Keys(slices, plan, seed=0):
        began = time.thread_time()
        slices.batch(keys)
        prepared.append(time.thread_time() - began)
    times = {"arithmetic, ms": arithmetic, "step, ms": loop, "data, ms": prepared[WARM:]}
    row = {name: 1e3 * float(np.median(spent)) for name, spent in times.items()}
    shares = np.divide(arithmetic, loop)  # of neighbours, which meet the same load
    row["arithmetic / step, %"] = 100 * float(np.median(shares))
    trainer.paired = False
    for workers in (0, 1):
        trainer.workers = workers
        trainer.fit()
        waited, taken = (float(np.sum(spent[WARM:])) for spent in (trainer.waited, trainer.taken))
        row[f"waited with {workers} workers, %"] = 100 * waited / (waited + taken)
    return row


def page(rows: dict[str, Row]) -> str:
    """The table, as docs/speed.md has it, in Markdown."""
    return messages.table(rows, "training")


def run(options: argparse.Namespace) -> None:
    """options : quick, write"""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    table: dict[str, Row] = {}
    clips, steps = (6, 1) if options.quick else (CLIPS, STEPS)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "clips")
        render(root, clips)
        for name in FILES[-1:] if options.quick else FILES:
            config = read_config(records.ROOT / "data" / "training" / f"{name}.toml")
            data = load_data(root, config)
            for stage in (1, 2):
                made = measured(config, data, stage, Path(folder, f"{name}{stage}"), steps)
                table[f"{name}.toml, stage {stage}"] = made
    print(page(table))
    if options.write and not options.quick:
        records.store(
            "training", {"steps": steps, "machine": records.machine("cpu"), "rows": table}
        )
