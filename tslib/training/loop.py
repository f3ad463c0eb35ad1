"""The training loop: one for both stages of Paper A, on one device or many.

Everything that a step does follows from the weights, the optimizer and the step's number: which
slices it takes, how they are changed, and what dropout leaves out. So a run that was killed and
goes on from its last checkpoint ends with the very weights of one that was not: bit for bit on a
CPU, where sums have one order.
"""

import hashlib
import logging
import math
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader
from tqdm import tqdm

from .. import checkpoint
from ..errors import InputError
from ..files import write_whole
from ..slices import Slices
from .config import Plan

log = logging.getLogger(__name__)
WARM = 0.3  # of all steps, in which a cosine schedule rises
CHECKPOINT = "checkpoint.safetensors"


class Keys:
    """For each step from `first` on, the keys of its slices; of those, every `world`-th from
    `rank`.
    """

    def __init__(self, slices, plan, seed, first=0, rank=0, world=1):
        self.ends, self.starts = slices.starts.cumsum(), slices.starts
        self.plan, self.seed, self.first, self.rank, self.world = plan, seed, first, rank, world

    def __len__(self):
        return self.plan.steps - self.first

    def __iter__(self):
        for step in range(self.first, self.plan.steps):
            rng = np.random.default_rng([self.seed, step])
            picks = rng.integers(self.ends[-1], size=self.plan.batch)
            clips = np.searchsorted(self.ends, picks, side="right")
            firsts = picks - (self.ends - self.starts)[clips]
            numbers = step * self.plan.batch + np.arange(self.plan.batch) + self.seed * 2**40
            keys = list(zip(clips.tolist(), firsts.tolist(), numbers.tolist(), strict=True))
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
    """The plan's optimizer, with a group of parameters for each of its learning rates that is not
    0.
    """
    weights = [p for p in model.convnet.parameters() if p.requires_grad]
    groups = [(weights, plan.rate)]
    if model.inference is not None:
        groups += [
            ([model.inference.rest], plan.rest_rate),
            ([model.inference.log_stiffness], plan.stiffness_rate),
            ([model.gain, model.offset], plan.calibration_rate),
        ]
    groups = [{"params": p, "lr": r, "base": r} for p, r in groups if p and r]
    if not groups:
        raise InputError("all learning rates of what can be trained are 0; give one.")
    if plan.optimizer == "adam":
        return torch.optim.Adam(groups)
    for group in groups:
        group["weight_decay"] = 5e-4 if group["params"] is weights else 0.0
    return torch.optim.SGD(groups, momentum=0.9)


def fit(
    model,
    slices,
    objective,
    plan,
    folder,
    *,
    seed=0,
    device="cpu",
    workers=0,
    every=200,
    name="train",
    board=None,
):
    """Train a model, and go on where an earlier call with the same arguments was stopped.

    Parameters
    ----------
    model : ThinSlicingNetwork, changed in place; a ConvNet that asks for no gradient runs as in a
    test
    slices : Slices
    objective : function (model, batch) -> scalar loss and a dict of numbers for the log
    plan : Plan
    folder : Path; gets checkpoint.safetensors, replaced `every` so many steps, and log.csv
    seed : int from 0
    device : of this process; workers : processes that prepare slices
    name : of what is trained, for messages
    board : function (folder, model, rows of the log), called before each checkpoint is written, see
    board.py

    With torch.distributed initialised, each process takes its share of every batch. A checkpoint is
    written once its weights have given a finite loss.

    Returns the model, ready for tests.

    Raises
    ------
    InputError
        The loss is no longer a number, a file cannot be written or read, or another process of the
        job has ended; the last checkpoint stays.
    """
    folder, device = Path(folder), torch.device(device)
    return _Run(model, slices, objective, plan, folder, seed, device, workers, every, name, board)()


@dataclass
class _Run:
    """One call of `fit`; see there."""

    model: nn.Module
    slices: Slices
    objective: Callable
    plan: Plan
    folder: Path
    seed: int
    device: torch.device
    workers: int
    every: int
    name: str
    board: Callable | None

    def __post_init__(self):
        self.path, self.saved, self.rows = self.folder / CHECKPOINT, 0, []
        self.rank, self.world = (
            (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        )
        if self.plan.batch % self.world:
            raise InputError(
                f"a batch of {self.plan.batch} cannot be shared by {self.world} processes; change one."
            )
        self.model.to(self.device)
        self.model.convnet.to(memory_format=torch.channels_last)  # a quarter faster, on CPUs too
        torch.backends.cudnn.benchmark = True  # batches are of one size: it measures, then chooses
        set_dropout(self.model, self.plan.dropout)
        self.optimizer = optimizer_of(self.model, self.plan)
        names = "\n".join(clip.name for clip in self.slices.clips)
        self.settings = {
            "name": self.name,
            "seed": self.seed,
            "plan": repr(self.plan),
            "view": repr(self.slices.view),
            "clips": hashlib.sha256(names.encode()).hexdigest()[:16],
        }

    def __call__(self):
        self._prepare_folder()
        if self.path.exists():
            self._resume()
        if self.saved < self.plan.steps:
            self._train()
        return self.model.eval()

    def _prepare_folder(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.folder} cannot be made: {error.strerror}.") from None
        if self.rank == 0:
            for left in self.folder.glob(
                f".{CHECKPOINT}.*"
            ):  # by a process that was killed while writing
                shutil.rmtree(left, ignore_errors=True)

    def _resume(self):
        notes = checkpoint.load(self.path, self.model, self.optimizer)
        other = [k for k, v in self.settings.items() if notes.get("settings", {}).get(k) != v]
        if other:
            raise InputError(
                f"{self.path} is of a run with other {' and '.join(other)}; remove it, or name another."
            )
        self.saved, self.rows = notes["step"], notes["log"]
        if self.rank == 0 and self.rows:
            _write_log(self.folder / "log.csv", self.rows)

    def _train(self):
        trained = _Objective(self.model, self.objective)
        if self.world > 1:
            trained = DistributedDataParallel(
                trained, device_ids=[self.device.index] if self.device.type == "cuda" else None
            )
        self.model.train()
        if not any(p.requires_grad for p in self.model.convnet.parameters()):
            self.model.convnet.eval()
        for module in self.model.modules():
            if isinstance(module, nn.BatchNorm2d) and not self.plan.batch_statistics:
                module.eval()
        first, began, waited = self.saved, time.perf_counter(), 0.0
        loader = DataLoader(
            self.slices,
            batch_sampler=Keys(self.slices, self.plan, self.seed, first, self.rank, self.world),
            num_workers=self.workers,
            worker_init_fn=_be_quiet,
            pin_memory=self.device.type == "cuda",
        )
        hidden = None if self.rank == 0 else True  # None: only in a terminal
        with tqdm(total=self.plan.steps, initial=first, desc=self.name, disable=hidden) as bar:
            ready = time.perf_counter()
            for step, batch in enumerate(_batches(loader, self), first):
                waited += time.perf_counter() - ready
                loss = self._step(trained, step, batch)
                bar.update()
                bar.set_postfix(loss=f"{loss:.4g}")
                ready = time.perf_counter()
        with self._explained(self.plan.steps), torch.no_grad():
            before = self._buffers()
            self._loss(trained.module if self.world > 1 else trained, self.plan.steps, batch)
            self._save(self.plan.steps, before)
        if self.rank == 0:
            share = 100 * waited / (time.perf_counter() - began)
            log.info("%s: loss %.4g; %.0f %% of the time waiting for data", self.name, loss, share)

    def _step(self, trained, step, batch):
        """One step of the optimizer; returns the loss over all processes."""
        seeds = np.random.SeedSequence([self.seed, step, self.rank])
        torch.manual_seed(int(seeds.generate_state(1, np.uint64)[0] >> 1))  # dropout
        factor = rate_at(step, self.plan)
        for group in self.optimizer.param_groups:
            group["lr"] = group["base"] * factor
        self.model.zero_grad(set_to_none=True)
        with self._explained(step):
            saves = step % self.every == 0 and step > self.saved
            before = self._buffers() if saves else None
            loss, numbers = self._loss(trained, step, batch)
            if saves:
                after = self._buffers()
                self._save(step, before)
                self._put(after)
            loss.backward()
        if self.plan.clip:
            trained_ones = [p for group in self.optimizer.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(trained_ones, self.plan.clip)
        self.optimizer.step()
        self.rows.append({"step": step, "rate": factor, **numbers})
        return numbers["loss"]

    def _loss(self, trained, step, batch):
        """Loss of this process, and numbers over all of them."""
        enabled = self.device.type == "cuda" or self.plan.bfloat16
        with torch.autocast(self.device.type, torch.bfloat16, enabled=enabled):
            loss, numbers = trained(_to(batch, self.device))
        numbers = self._mean({"loss": loss.detach(), **numbers})
        if not math.isfinite(numbers["loss"]):
            raise self._diverged(step, "loss")
        return loss, numbers

    @contextmanager
    def _explained(self, step):
        """What goes wrong in a step, in one sentence."""
        try:
            yield
        except InputError:
            raise
        except ValueError as error:  # the inference layer takes finite scores only
            if "finite" not in str(error):
                raise
            raise self._diverged(step, "scores") from None
        except RuntimeError as error:
            if self.world == 1 or not _is_lost(error):
                raise
            raise InputError(
                f"at step {step} of {self.name}, process {self.rank} of {self.world} has lost another one "
                f"({self.left}); run the command again to go on."
            ) from None

    def _mean(self, numbers):
        """Numbers (0-d tensors) as floats of six digits, averaged over the processes."""
        values = torch.stack([v.float() for v in numbers.values()])
        if self.world > 1:
            dist.all_reduce(values)
            values /= self.world
        return {k: float(f"{v:.6g}") for k, v in zip(numbers, values.tolist(), strict=True)}

    def _buffers(self):
        """Copies of what a forward pass changes, the means that a batch normalisation keeps."""
        return [buffer.clone() for buffer in self.model.buffers()]

    def _put(self, buffers):
        for buffer, value in zip(self.model.buffers(), buffers, strict=True):
            buffer.data.copy_(value)  # data: a backward pass may still follow

    def _save(self, done, buffers):
        """Log, pictures and checkpoint after so many steps, in this order: a checkpoint is never
        ahead.

        buffers : of `_buffers`, before the pass that has shown that the loss is finite
        """
        self._put(buffers)
        if self.rank == 0:
            _write_log(self.folder / "log.csv", self.rows)
            if self.board:
                training = [m for m in self.model.modules() if m.training]
                self.board(self.folder, self.model.eval(), self.rows)
                for module in training:
                    module.training = True
            checkpoint.save(
                self.path,
                self.model,
                self.optimizer,
                step=done,
                settings=self.settings,
                log=self.rows,
            )
        self.saved = done

    def _diverged(self, step, what):
        return InputError(
            f"{self.name} diverged, with no finite {what} at step {step}; lower the learning rates "
            f"({self.left})."
        )

    @property
    def left(self):
        """What is there after a failure."""
        return f"{self.path} holds step {self.saved}" if self.saved else "no checkpoint was written"


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


def _batches(loader, run):
    """The loader's batches; what went wrong in one of its processes, in one sentence."""
    try:
        yield from loader
    except InputError as error:  # of another process: its whole traceback
        raise InputError(
            str(error).strip().splitlines()[-1].rpartition("InputError: ")[-1]
        ) from None
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise InputError(
            f"a process that prepares slices has ended, perhaps for want of memory ({run.left}); "
            "run the command again to go on, with fewer workers."
        ) from None


def _be_quiet(worker):
    """Ctrl-C is for the process that trains, which ends this one; and one thread each is enough."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    cv2.setNumThreads(0)


def _is_lost(error):
    """Whether an error of torch says that another process of the job is gone."""
    return isinstance(error, dist.DistError) or "gloo" in str(error) or "Connection" in str(error)


def _to(value, device):
    if isinstance(value, dict):
        return {k: _to(v, device) for k, v in value.items()}
    return value.to(device, non_blocking=True)


def _write_log(path, rows):
    lines = [",".join(rows[0])] + [",".join(f"{v:.6g}" for v in row.values()) for row in rows]
    write_whole(path, ("\n".join(lines) + "\n").encode())
