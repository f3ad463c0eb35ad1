"""The training loop: one for both stages of Paper A, on one device or many.

All that a step does follows from the weights, the optimizer and the step's number. So a run that
goes on from its last checkpoint ends with the very weights of one that was never stopped, bit for
bit on a CPU.
"""

import hashlib
import math
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader
from tqdm import tqdm

from .. import checkpoint
from ..errors import InputError, NotFinite
from ..files import write_whole
from ..networks import ThinSlicingNetwork
from ..slices import Key, Slices, on_device
from .config import JointPlan, Plan
from .processes import is_lost, rank_and_world

CHECKPOINT = "checkpoint.safetensors"
_WARM = 0.3  # of all steps, in which a cosine schedule rises

Batch = dict[str, Any]  # items of Slices, stacked
Loss = tuple[torch.Tensor, dict[str, torch.Tensor]]  # a scalar, and numbers for the log
Objective = Callable[[ThinSlicingNetwork, Batch, Any], Loss]  # the last is the Plan
Rows = list[dict[str, float]]  # of the log, one a step


@dataclass
class Keys:
    """For each step from `first` on, the keys of its slices; of those every `world`-th, from rank.

    Every slice is as likely as any other, and no seed comes twice.
    """

    slices: Slices
    plan: Plan
    seed: int
    first: int = 0
    rank: int = 0
    world: int = 1

    def __len__(self) -> int:
        return self.plan.steps - self.first

    def __iter__(self) -> Iterator[list[Key]]:
        starts, batch = self.slices.starts, self.plan.batch
        ends = starts.cumsum()
        for step in range(self.first, self.plan.steps):
            picks = np.random.default_rng([self.seed, step]).integers(ends[-1], size=batch)
            clips = np.searchsorted(ends, picks, side="right")
            firsts = picks - (ends - starts)[clips]
            seeds = step * batch + np.arange(batch) + self.seed * 2**40
            keys = list(zip(clips.tolist(), firsts.tolist(), seeds.tolist(), strict=True))
            yield keys[self.rank :: self.world]


def rate_at(step: int, plan: Plan) -> float:
    """What the learning rates are multiplied with."""
    if plan.schedule == "step":
        return 3.0 ** -(step // plan.drop_every) if plan.drop_every else 1.0
    warm = max(1, round(_WARM * plan.steps))
    if step < warm:
        return 0.5 * (1 - math.cos(math.pi * (step + 1) / (warm + 1)))
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, plan.steps - warm)))


def grouped_optimizer(model: ThinSlicingNetwork, plan: Plan) -> torch.optim.Optimizer:
    """The plan's optimizer, with a group of parameters for each learning rate that is not 0."""
    weights = [p for p in model.convnet.parameters() if p.requires_grad]
    rates = [(weights, plan.rate)]
    if model.inference is not None and isinstance(plan, JointPlan):
        rates += [
            ([model.inference.rest], plan.rest_rate),
            ([model.inference.log_stiffness], plan.stiffness_rate),
            ([model.gain, model.offset], plan.calibration_rate),
        ]
    groups: list[dict[str, Any]] = [{"params": p, "lr": r, "base": r} for p, r in rates if p and r]
    if not groups:
        raise InputError("all learning rates of what can be trained are 0; give one.")
    if plan.optimizer == "adam":
        return torch.optim.Adam(groups)
    for group in groups:
        group["weight_decay"] = 5e-4 if group["params"] is weights else 0.0
    return torch.optim.SGD(groups, momentum=0.9)


def set_dropout(model: nn.Module, share: float | None) -> None:
    """Set the share of every Dropout layer; None leaves them."""
    for module in model.modules():
        if share is not None and isinstance(module, nn.Dropout):
            module.p = share


@dataclass(eq=False)
class Trainer:
    """A training run, which goes on where an earlier one with the same settings was stopped.

    model : a ConvNet in it that asks for no gradient runs as in a test
    objective : what is minimised, a function of model, batch and plan
    folder : gets checkpoint.safetensors, replaced `every` so many steps, and log.csv
    workers : processes that prepare slices; name : of what is trained, for messages
    board : function (folder, model, rows of the log), called before each checkpoint, see board.py

    With torch.distributed initialised, each process takes its share of every batch.
    """

    model: ThinSlicingNetwork
    slices: Slices
    objective: Objective
    plan: Plan
    folder: Path
    _: KW_ONLY
    seed: int = 0
    device: torch.device | str = "cpu"
    workers: int = 0
    every: int = 200
    name: str = "train"
    board: Callable[[Path, ThinSlicingNetwork, Rows], None] | None = None
    step: int = field(default=0, init=False)
    saved: int = field(default=0, init=False)
    rows: Rows = field(default_factory=list, init=False)

    def fit(self) -> ThinSlicingNetwork:
        """Train the model in place; returns it, ready for tests.

        InputError says what ended the run, such as no finite loss; the last checkpoint stays.
        """
        self._prepare()
        if self.path.exists():
            self._resume()
        if self.saved < self.plan.steps:
            with self._in_a_sentence(), closing(self._batches()) as batches:
                for step, batch in enumerate(batches, self.saved):
                    self.step = step
                    if step % self.every == 0 and step > self.saved:
                        self._save(batch)
                    self._take_step(batch)
                self.step = self.plan.steps
                self._save(batch)
        return self.model.eval()

    def _prepare(self) -> None:
        """Put the model onto the device, and make the optimizer and the folder."""
        self.rank, self.world = rank_and_world()
        if self.plan.batch % self.world:
            raise InputError(
                f"a batch of {self.plan.batch} cannot be shared by {self.world} processes; "
                "change one."
            )
        self.place: torch.device = torch.device(self.device)
        self.path: Path = self.folder / CHECKPOINT
        self.model.to(self.place)
        # Channels last is a quarter faster, on CPUs too. Batches are of one size, so cuDNN may
        # measure first and then choose.
        self.model.convnet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack it
        torch.backends.cudnn.benchmark = True
        set_dropout(self.model, self.plan.dropout)
        self.optimizer = grouped_optimizer(self.model, self.plan)
        names = "\n".join(clip.name for clip in self.slices.clips)
        self.settings = {
            "name": self.name,
            "seed": self.seed,
            "plan": repr(self.plan),
            "view": repr(self.slices.view),
            "clips": hashlib.sha256(names.encode()).hexdigest()[:16],
        }
        self.folder.mkdir(parents=True, exist_ok=True)

    def _resume(self) -> None:
        """Go on from the checkpoint, which must be of this very run."""
        kinds = {"settings": dict, "step": int, "log": [dict]}
        notes = checkpoint.load(self.path, self.model, self.optimizer, **kinds)
        other = [k for k, v in self.settings.items() if notes["settings"].get(k) != v]
        if other:
            raise InputError(
                f"{self.path} is of a run with other {' and '.join(other)}; remove it, "
                "or name another."
            )
        self.saved, self.rows = notes["step"], notes["log"]
        if self.rank == 0 and self.rows:
            write_csv(self.folder / "log.csv", self.rows)

    def _batches(self) -> Generator[Batch, None, None]:
        """The batches of all steps that are left, while a bar shows how far they are."""
        self.whole = _Objective(self.model, self.objective, self.plan)
        self.trained: nn.Module = self.whole
        if self.world > 1:
            gpus = [self.place.index] if self.place.type == "cuda" else None
            self.trained = DistributedDataParallel(self.whole, device_ids=gpus)
        self.model.train()
        if not any(p.requires_grad for p in self.model.convnet.parameters()):
            self.model.convnet.eval()
        for module in self.model.modules():
            if isinstance(module, nn.BatchNorm2d) and not self.plan.batch_statistics:
                module.eval()
        keys = Keys(self.slices, self.plan, self.seed, self.saved, self.rank, self.world)
        loader = DataLoader(
            self.slices,
            batch_sampler=keys,
            num_workers=self.workers,
            worker_init_fn=_be_quiet,
            pin_memory=self.place.type == "cuda",
        )
        # None: the bar is shown in a terminal only.
        hidden = None if self.rank == 0 else True
        with tqdm(total=self.plan.steps, initial=self.saved, desc=self.name, disable=hidden) as bar:
            for batch in loader:
                yield batch
                bar.update()
                bar.set_postfix(loss=f"{self.rows[-1]['loss']:.4g}")

    def _take_step(self, batch: Batch) -> None:
        """One step of the optimizer, and its row in the log."""
        seeds = np.random.SeedSequence([self.seed, self.step, self.rank])
        torch.manual_seed(int(seeds.generate_state(1, np.uint64)[0] >> 1))  # of dropout
        factor = rate_at(self.step, self.plan)
        for group in self.optimizer.param_groups:
            group["lr"] = group["base"] * factor
        self.model.zero_grad(set_to_none=True)
        loss, numbers = self._loss(self.trained, batch)
        loss.backward()
        if self.plan.clip:
            trained = [p for group in self.optimizer.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(trained, self.plan.clip)
        self.optimizer.step()
        self.rows.append({"step": self.step, "rate": factor, **numbers})

    def _loss(
        self, trained: Callable[[Batch], Loss], batch: Batch
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """Loss of this process, and numbers over all of them; NotFinite where there is none."""
        enabled = self.place.type == "cuda" or self.plan.bfloat16
        with torch.autocast(self.place.type, torch.bfloat16, enabled=enabled):
            loss, found = trained(on_device(batch, self.place))
        found = {"loss": loss.detach(), **found}
        values = torch.stack([value.float() for value in found.values()])
        if self.world > 1:
            distributed.all_reduce(values)
            values /= self.world
        # Six digits are what the log holds, so that a run that goes on has the same rows.
        numbers = {k: float(f"{v:.6g}") for k, v in zip(found, values.tolist(), strict=True)}
        if not math.isfinite(numbers["loss"]):
            raise NotFinite(f"the loss is {numbers['loss']}")
        return loss, numbers

    @torch.no_grad()
    def _save(self, batch: Batch) -> None:
        """Log, pictures and checkpoint, in this order: a checkpoint is never ahead of them."""
        # Nobody could go on from a checkpoint that has diverged, so a forward pass asks whether the
        # new weights' loss is finite. What it changes, means of batch normalisation, is put back.
        before = [buffer.clone() for buffer in self.model.buffers()]
        self._loss(self.whole, batch)
        for buffer, value in zip(self.model.buffers(), before, strict=True):
            buffer.copy_(value)
        if self.rank == 0:
            write_csv(self.folder / "log.csv", self.rows)
            if self.board:
                training = [module for module in self.model.modules() if module.training]
                self.board(self.folder, self.model.eval(), self.rows)
                for module in training:
                    module.training = True
            notes = {"step": self.step, "settings": self.settings, "log": self.rows}
            checkpoint.save(self.path, self.model, self.optimizer, **notes)
        self.saved = self.step

    @contextmanager
    def _in_a_sentence(self) -> Iterator[None]:
        """What ends a run, as an InputError of one sentence that says what is left."""
        try:
            yield
        except NotFinite:
            raise InputError(
                f"{self.name} diverged, with no finite loss at step {self.step}; "
                f"lower the learning rates ({self._left})."
            ) from None
        except InputError as error:
            # A process that prepares slices sends its whole traceback.
            said = str(error).strip().splitlines()[-1]
            raise InputError(said.rpartition("InputError: ")[-1]) from None
        except (RuntimeError, ConnectionError, EOFError) as error:
            again = f"({self._left}); run the command again to go on"
            # Killed while it hands over a batch, it breaks the connection before torch sees it end.
            broken = isinstance(error, ConnectionError | EOFError)
            if broken or "DataLoader worker" in str(error):
                what = "a process that prepares slices has ended, perhaps for want of memory"
                raise InputError(f"{what} {again}, with fewer workers.") from None
            if not is_lost(error):
                raise
            at = f"at step {self.step} of {self.name}, process {self.rank} of {self.world}"
            raise InputError(f"{at} has lost another one {again}.") from None

    @property
    def _left(self) -> str:
        return f"{self.path} holds step {self.saved}" if self.saved else "no checkpoint was written"


class _Objective(nn.Module):
    """Model and loss as one module, which is what DistributedDataParallel wraps."""

    def __init__(self, model: ThinSlicingNetwork, objective: Objective, plan: Plan) -> None:
        super().__init__()
        self.model, self.objective, self.plan = model, objective, plan

    def forward(self, batch: Batch) -> Loss:
        return self.objective(self.model, batch, self.plan)


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of numbers, which have the same names, with six digits."""
    frame = pd.DataFrame(rows)
    write_whole(path, frame.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode())


def _be_quiet(worker: int) -> None:
    """Ctrl-C is for the process that trains, which ends this one; and one thread each is enough."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    cv2.setNumThreads(0)
