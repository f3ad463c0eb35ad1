"""The training loop: one for both stages of Paper A, on one device or many.

Everything that a step does follows from the weights, the optimizer and the step's number: which slices it
takes, how they are changed, and what dropout leaves out. So a run that was killed and goes on from its last
checkpoint ends with the very weights of one that was not.
"""

import logging
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader
from tqdm import tqdm

from ..errors import InputError
from ..files import write_whole
from . import checkpoint

log = logging.getLogger(__name__)
WARM = 0.3  # of all steps, in which a cosine schedule rises


class Keys:
    """For each step from `first` on, the keys of its slices; of those, every `world`-th from `rank`."""

    def __init__(self, slices, plan, seed, first=0, rank=0, world=1):
        self.lengths = np.array([len(clip) - slices.frames + 1 for clip in slices.clips])
        self.plan, self.seed, self.first, self.rank, self.world = plan, seed, first, rank, world

    def __len__(self):
        return self.plan.steps - self.first

    def __iter__(self):
        ends = self.lengths.cumsum()
        for step in range(self.first, self.plan.steps):
            picks = np.random.default_rng([self.seed, step]).integers(ends[-1], size=self.plan.batch)
            clips = np.searchsorted(ends, picks, side="right")
            starts = picks - (ends - self.lengths)[clips]
            numbers = step * self.plan.batch + np.arange(self.plan.batch) + self.seed * 2**40
            keys = list(zip(clips.tolist(), starts.tolist(), numbers.tolist(), strict=True))
            yield keys[self.rank :: self.world]


def rate_at(step, plan):
    """What the learning rates are multiplied with."""
    if plan.schedule == "step":
        return 3.0 ** -(step // plan.drop_every) if plan.drop_every else 1.0
    warm = max(1, round(WARM * plan.steps))
    if step < warm:
        return 0.5 * (1 - math.cos(math.pi * (step + 1) / (warm + 1)))
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, plan.steps - warm)))


def optimizer_of(model, plan):
    """The plan's optimizer, with a group of parameters for each of its learning rates."""
    inference = model.inference
    springs = [] if inference is None else [inference.rest, inference.log_stiffness]
    calibration = [] if inference is None else [model.gain, model.offset]
    weights = [p for p in model.convnet.parameters() if p.requires_grad]
    groups = [
        (weights, plan.rate), (springs[:1], plan.rest_rate), (springs[1:], plan.stiffness_rate),
        (calibration, plan.calibration_rate),
    ]  # fmt: skip
    groups = [{"params": p, "lr": r, "base": r} for p, r in groups if p and r]
    if plan.optimizer == "sgd":
        decay = 5e-4
        for group in groups:
            group["weight_decay"] = decay if group["params"] is weights else 0.0
        return torch.optim.SGD(groups, momentum=0.9)
    return torch.optim.Adam(groups)


def collate(items):
    """Slices as a batch."""
    return torch.utils.data.default_collate([{k: v for k, v in i.items() if k != "matrix"} for i in items])


def fit(model, slices, objective, plan, folder, *, seed=0, device="cpu", workers=0, every=200, name="train"):
    """Train a model, and go on where an earlier call with the same arguments was stopped.

    Parameters
    ----------
    model : ThinSlicingNetwork, changed in place
    slices : Slices
    objective : function (model, batch) -> scalar loss and a dict of numbers for the log
    plan : Plan
    folder : Path; gets checkpoint.safetensors, replaced `every` so many steps, and log.csv
    seed : int
    device : of this process; workers : processes that prepare slices

    With torch.distributed initialised, each process takes its share of every batch.

    Raises
    ------
    InputError
        The loss is no longer a number, or a file cannot be written or read; the last checkpoint stays.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "checkpoint.safetensors"
    rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    if plan.batch % world:
        raise InputError(
            f"a batch of {plan.batch} cannot be shared by {world} processes; change one of them."
        )
    device = torch.device(device)
    model.to(device)
    model.convnet.to(memory_format=torch.channels_last)
    set_dropout(model, plan.dropout)
    optimizer = optimizer_of(model, plan)
    first, rows = 0, []
    if path.exists():
        notes = checkpoint.load(path, model, optimizer)
        if notes["plan"] != repr(plan) or notes["seed"] != seed:
            raise InputError(f"{path} is of a run with other settings; give another folder, or remove it.")
        first, rows = notes["step"], notes["log"]
    if first >= plan.steps:
        return model.eval()
    trained = _Objective(model, objective)
    if world > 1:
        trained = DistributedDataParallel(
            trained, device_ids=[device.index] if device.type == "cuda" else None
        )
    loader = DataLoader(
        slices, batch_sampler=Keys(slices, plan, seed, first, rank, world), num_workers=workers,
        collate_fn=collate, pin_memory=device.type == "cuda",
    )  # fmt: skip
    model.train()
    waited, began, ready = 0.0, time.perf_counter(), time.perf_counter()
    bar = tqdm(total=plan.steps, initial=first, desc=name, disable=None if rank == 0 else True)
    for step, batch in enumerate(loader, first):
        waited += time.perf_counter() - ready
        batch = _to(batch, device)
        torch.manual_seed(hash((seed, step, rank)) % 2**63)  # dropout
        factor = rate_at(step, plan)
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * factor
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            loss, numbers = trained(batch)
        loss.backward()
        numbers = {"loss": loss.detach(), **numbers}
        if world > 1:
            for value in numbers.values():
                dist.all_reduce(value)
                value /= world
        numbers = {k: float(v) for k, v in numbers.items()}
        if not math.isfinite(numbers["loss"]):
            left = f"{path} holds the last good state" if path.exists() else "nothing was written"
            raise InputError(
                f"the loss of {name} is {numbers['loss']} at step {step}; {left}. Lower the learning rates."
            )
        if plan.clip:
            nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
        optimizer.step()
        rows.append({"step": step, **{k: float(f"{v:.6g}") for k, v in numbers.items()}})
        bar.update()
        bar.set_postfix(loss=f"{numbers['loss']:.4g}")
        done = step + 1
        if rank == 0 and (done % every == 0 or done == plan.steps):
            notes = {"step": done, "plan": repr(plan), "seed": seed, "log": rows}
            checkpoint.save(path, model, optimizer, **notes)
            _write_log(folder / "log.csv", rows)
        ready = time.perf_counter()
    bar.close()
    if rank == 0:
        share = waited / (time.perf_counter() - began)
        log.info("%s: loss %.4g; %.0f %% of the time waiting for data", name, rows[-1]["loss"], 100 * share)
    return model.eval()


class _Objective(nn.Module):
    """Model and loss as one module, which is what DistributedDataParallel wraps."""

    def __init__(self, model, objective):
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch):
        return self.objective(self.model, batch)


def set_dropout(model, share):
    """Set the share of every Dropout layer; None leaves them."""
    for module in model.modules():
        if share is not None and isinstance(module, nn.Dropout):
            module.p = share


def _to(value, device):
    if isinstance(value, dict):
        return {k: _to(v, device) for k, v in value.items()}
    return value.to(device, non_blocking=True)


def _write_log(path, rows):
    lines = [",".join(rows[0])] + [",".join(f"{v:.6g}" for v in row.values()) for row in rows]
    write_whole(path, ("\n".join(lines) + "\n").encode())
