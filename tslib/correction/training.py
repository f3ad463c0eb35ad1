"""Training a network that corrects poses: windows of estimates, windows of truth, and one loop."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .. import checkpoint
from ..augment import paper_b
from ..errors import InputError
from ..skeletons import Skeleton
from .normalization import normalized, place
from .windows import as_track, cut, filled

OPTIMIZERS = ("adam", "rmsprop")
LOSSES = ("smooth-l1", "squared")


@dataclass(frozen=True)
class CorrectorPlan:
    """One run. The default is what works; `PAPER` is what Paper B prints (Sec. IV).

    steps, batch : batches, and windows in each
    epochs : passes over all windows; where it is not 0, steps do not count
    optimizer : "adam", whose rate falls to nothing along a cosine, or "rmsprop", whose rate stays
    loss : "smooth-l1", in which an error beyond beta (normalised) counts by its size, or "squared"
    augment : whether windows are turned and flipped, see augment.paper_b
    teacher : whether the decoder is fed with true poses, see PoseCorrector
    clip : largest norm of the gradient of all weights together

    ValueError for values that mean nothing.
    """

    steps: int = 1500
    batch: int = 64
    epochs: int = 0
    optimizer: str = "adam"
    rate: float = 5e-3
    loss: str = "smooth-l1"
    beta: float = 0.1
    augment: bool = True
    teacher: bool = False
    clip: float = 1.0

    def __post_init__(self) -> None:
        for name, choices in (("optimizer", OPTIMIZERS), ("loss", LOSSES)):
            if (value := getattr(self, name)) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}, but is {value!r}.")
        positive = min(self.batch, self.rate, self.beta, self.clip) > 0
        if not positive or min(self.steps, self.epochs) < 0:
            raise ValueError(
                "batch, rate, beta and clip must be positive, and steps and epochs 0 or more."
            )


# Its batches of 64 are the default. The loss is our reading, because the paper does not print it.
PAPER = CorrectorPlan(epochs=100, optimizer="rmsprop", rate=0.01, loss="squared")


@dataclass(frozen=True, eq=False)
class Windows:
    """What a network sees of tracks: N windows of T frames, normalised by the estimates alone.

    poses : float64 (N, T, K, 2), estimates without gaps; 0 for a joint that its track never shows
    mask : bool (N, T), False for what fills up a track shorter than T
    center, size : (N, 2) and (N,) px, see normalization.py
    truth : as poses, by the same center and size, or None; NaN where nothing can be learnt: no
        label, no frame, or a joint that is never seen
    """

    poses: np.ndarray
    mask: np.ndarray
    center: np.ndarray
    size: np.ndarray
    truth: np.ndarray | None = None

    @staticmethod
    def of(
        poses: np.ndarray,
        skeleton: Skeleton,
        length: int,
        stride: int,
        unit: str,
        truth: np.ndarray | None = None,
    ) -> "Windows":
        """The windows of a track (T, K, 2) px, and of its truth alike, NaN where unlabelled."""
        poses = filled(poses)
        K, joints = poses.shape[1], len(skeleton.joints)
        if K != joints:
            raise ValueError(f"{skeleton.name} has {joints} joints, but a track has {K}.")
        windows, mask = cut(poses, length, stride)
        center, size = place(np.where(mask[..., None, None], windows, np.nan), skeleton, unit)
        windows = normalized(windows, center, size)
        if truth is not None:
            truth = as_track(truth)
            if (shape := truth.shape) != poses.shape:
                raise ValueError(f"a track has shape {poses.shape}, but its truth has {shape}.")
            truth = normalized(cut(truth, length, stride)[0], center, size)
            known = np.isfinite(truth + windows).all(-1) & mask[..., None]
            truth = np.where(known[..., None], truth, np.nan)
        return Windows(np.nan_to_num(windows), mask, center, size, truth)

    @staticmethod
    def joined(parts: Sequence["Windows"]) -> "Windows":
        """The windows of several tracks with truth, without those that hold no label."""
        columns = zip(*(vars(part).values() for part in parts), strict=True)
        whole = [np.concatenate(column) for column in columns]
        kept = np.isfinite(whole[-1]).any((1, 2, 3))
        if not kept.any():
            raise ValueError("no frame of the training tracks has a label.")
        return Windows(*(array[kept] for array in whole))

    def pair(self, rows: np.ndarray) -> list[np.ndarray]:
        """Estimates and truth of some windows, by their numbers."""
        assert self.truth is not None, "windows without truth teach nothing"
        return [self.poses[rows], self.truth[rows]]

    def __len__(self) -> int:
        return len(self.poses)


def drawn(
    windows: Windows, rows: np.ndarray, skeleton: Skeleton, rng: np.random.Generator
) -> list[np.ndarray]:
    """Estimates and truth of some windows, each pair turned and flipped alike about its middle."""
    # Affine.joints takes one window at a time, which is far slower.
    maps = [paper_b(rng, (0, 0)) for _ in rows]
    linear = np.stack([one.matrix[:, :2] for one in maps])[:, None]
    joints = np.arange(len(skeleton.joints))
    order = np.stack([one.visible(joints, skeleton) for one in maps])[:, None, :, None]
    return [np.take_along_axis(poses, order, 2) @ linear.mT for poses in windows.pair(rows)]


def loss_of(output: torch.Tensor, truth: torch.Tensor, plan: CorrectorPlan) -> torch.Tensor:
    """How far outputs are off, over the labelled coordinates: a scalar."""
    known = truth.isfinite()
    if plan.loss == "squared":
        return F.mse_loss(output[known], truth[known])
    return F.smooth_l1_loss(output[known], truth[known], beta=plan.beta)


def train_corrector(
    network: nn.Module,
    windows: Windows,
    skeleton: Skeleton,
    plan: CorrectorPlan,
    seed: int = 0,
    folder: Path | str | None = None,
    every: int = 200,
) -> list[float]:
    """Train a network in place, from the weights that it has; returns the loss of each step.

    windows : with truth; skeleton : whose sides a flip exchanges
    seed : of the order of windows and their changes
    folder : checkpoint.safetensors there is replaced each `every` steps, and the same call goes on
        from it and ends with the very weights of one that was never stopped

    InputError where the loss is no longer a number, or a checkpoint is of another run.
    """
    device = next(network.parameters()).device
    rounds = math.ceil(len(windows) / plan.batch)
    steps = plan.epochs * rounds or plan.steps
    optimizer = _optimizer_of(network, plan)
    run = {"plan": repr(plan), "seed": seed, "windows": len(windows)}
    file = None if folder is None else Path(folder) / "checkpoint.safetensors"
    losses: list[float] = []
    if file and file.exists():
        notes = checkpoint.load(file, network, optimizer, losses=[float])
        if any(notes.get(key) != value for key, value in run.items()):
            other = f"{file} is of a run with other settings"
            raise InputError(f"{other}; give another folder, or remove it.")
        losses = notes["losses"]
    network.train()
    for step in range(len(losses), steps):
        epoch, number = divmod(step, rounds)
        order = np.random.default_rng([seed, epoch]).permutation(len(windows))
        rows = order[number * plan.batch :][: plan.batch]
        pair = windows.pair(rows)
        if plan.augment:
            pair = drawn(windows, rows, skeleton, np.random.default_rng([seed, epoch, step]))
        poses, truth = (torch.tensor(p, device=device).float().flatten(2) for p in pair)
        mask = torch.tensor(windows.mask[rows], device=device)
        if plan.optimizer == "adam":
            falling = 0.5 * (1 + math.cos(math.pi * step / steps))
            optimizer.param_groups[0]["lr"] = plan.rate * falling
        optimizer.zero_grad()
        output = network(poses, mask, teacher=truth) if plan.teacher else network(poses, mask)
        loss = loss_of(output, truth, plan)
        loss.backward()
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise InputError(f"the loss is {losses[-1]} at step {step}; lower the learning rate.")
        nn.utils.clip_grad_norm_(network.parameters(), plan.clip)
        optimizer.step()
        if file and ((step + 1) % every == 0 or step + 1 == steps):
            file.parent.mkdir(parents=True, exist_ok=True)
            checkpoint.save(file, network, optimizer, losses=losses, **run)
    network.eval()
    return losses


def _optimizer_of(network: nn.Module, plan: CorrectorPlan) -> torch.optim.Optimizer:
    """Keras' RMSProp of the paper's time (decay 0.9, eps 1e-7), or Adam."""
    if plan.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), plan.rate, alpha=0.9, eps=1e-7)
    return torch.optim.Adam(network.parameters(), plan.rate)
