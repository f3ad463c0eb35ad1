"""The two stages of Paper A (Sec. 4), and the rows of its Table 1 that they make.

Stage 1 trains the ConvNet on single frames by Eq. 5. Stage 2 puts the messages behind it and trains
both on slices by Eq. 6. Everywhere `options` are those of `Trainer`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import losses
from ..clip import Clip
from ..heatmaps import disc, gaussian, with_background
from ..message_passing import MessagePassing, PoseGraph
from ..networks import ThinSlicingNetwork
from ..skeletons import SKELETONS
from ..slices import FlowOf, Slices
from .config import Config, JointPlan, Plan
from .loop import Batch, Loss, Trainer
from .rows import FROZEN, SPANS

_Clips = Sequence[Clip]
_Model = ThinSlicingNetwork


def eq5(stages: list[torch.Tensor], batch: Batch, plan: Plan) -> torch.Tensor:
    """Eq. 5: squared distance of the ConvNet's maps, at each of its stages, from Gaussians.

    stages : (B, T, K + 1, h, w), or (B, T, K, h, w) of a ConvNet without a map of the background
    """
    maps, grid = stages[-1].shape[2], stages[-1].shape[-1]
    target = gaussian(batch["cells"], (grid, grid), sigma=plan.sigma)
    if maps > target.shape[2]:
        target = with_background(target)
    return losses.squared([s.flatten(0, 1).float() for s in stages], target.flatten(0, 1))


def first_stage(model: _Model, batch: Batch, plan: Plan) -> Loss:
    """What stage 1 minimises: Eq. 5, for single frames."""
    _, stages = model(batch["images"])
    return eq5(stages, batch, plan), {}


def second_stage(model: _Model, batch: Batch, plan: JointPlan) -> Loss:
    """What stage 2 minimises: Eq. 6 on the scores of a slice, and plan.deep times Eq. 5."""
    scores, stages = model(batch["images"], batch["flows"] or None)
    grid = scores.shape[-1]
    target = disc(batch["cells"], (grid, grid), radius=plan.radius).flatten(0, 1)
    hinge = losses.hinge(model.calibrated(scores).flatten(0, 1), target, plan.positive)
    loss = hinge + plan.deep * eq5(stages, batch, plan) if plan.deep else hinge
    plateau = torch.as_tensor(losses.all_background(target, plan.positive), device=hinge.device)
    return loss, {"hinge": hinge.detach(), "all background": plateau}


def network(config: Config, span: int | None = None, seed: int = 0) -> _Model:
    """A ThinSlicingNetwork before training, its weights following from the seed.

    span : frames over which messages go, 0 to 2; None: no inference, the paper's baseline
    """
    torch.manual_seed(seed)
    skeleton = SKELETONS[config.skeleton]
    alone = config.convnet(len(skeleton.joints))
    if span is None:
        return ThinSlicingNetwork(alone)
    graph = PoseGraph.of(skeleton, config.joint.frames, span=span)
    layer = MessagePassing(graph, config.inference.iterations, config.inference.normalization)
    return ThinSlicingNetwork(alone, layer)


def pretrain(config: Config, clips: _Clips, folder: Path, seed: int = 0, **options: Any) -> _Model:
    """Stage 1: the ConvNet alone, from nothing."""
    model, slices = network(config, seed=seed), Slices(clips, config.view, frames=1)
    options |= {"seed": seed, "name": "pretrain"}
    return Trainer(model, slices, first_stage, config.pretrain, folder, **options).fit()


def with_inference(config: Config, model: _Model, clips: _Clips, span: int | None) -> _Model:
    """A copy of a pretrained model with messages behind it; springs start as the config says."""
    new = network(config, span)
    new.convnet.load_state_dict(model.convnet.state_dict())
    if new.inference is not None and config.inference.start == "data":
        new.inference.start(*offsets(config, clips))
    return new


def offsets(config: Config, clips: _Clips, most: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Joints on the cells (n, K, 2) and which are visible, of frames as training shows them."""
    slices = Slices(clips, config.view, frames=1)
    keys = slices.all()
    chosen = np.random.default_rng(0).permutation(len(keys))[:most]
    joints, visible = zip(*(slices.labels(keys[i]) for i in chosen), strict=True)
    return np.concatenate(joints), np.concatenate(visible)


def joint(
    config: Config,
    model: _Model,
    clips: _Clips,
    folder: Path,
    flow: FlowOf | None = None,
    frozen: bool = False,
    name: str = "ST-infer",
    **options: Any,
) -> _Model:
    """Stage 2: a copy of the model with messages behind it, on slices.

    name : "S-infer", "ST-infer" or "ST-infer(2)"; frozen : only springs and calibration are trained
    """
    span, plan = SPANS[name], config.joint
    model = with_inference(config, model, clips, span)
    if frozen:
        model.convnet.requires_grad_(False)
        plan, name = replace(plan, deep=0.0), name + FROZEN
    slices = Slices(clips, config.view, plan.frames, flow, span)
    return Trainer(model, slices, second_stage, plan, folder, name=name, **options).fit()


def longer(config: Config, model: _Model, clips: _Clips, folder: Path, **options: Any) -> _Model:
    """The control for stage 2: the ConvNet alone, on as many frames, by Eq. 5."""
    plan = replace(config.joint, deep=0.0, batch=config.joint.batch * config.joint.frames, frames=1)
    new, slices = with_inference(config, model, clips, None), Slices(clips, config.view, frames=1)
    return Trainer(new, slices, first_stage, plan, folder, name="longer", **options).fit()


def row(
    name: str,
    config: Config,
    model: _Model,
    clips: _Clips,
    folder: Path,
    flow: FlowOf | None = None,
    **options: Any,
) -> _Model:
    """The model of a row of rows.ROWS, made from the pretrained one."""
    if name == "baseline":
        return model
    if name == "longer":
        return longer(config, model, clips, folder, **options)
    frozen, name = name.endswith(FROZEN), name.removesuffix(FROZEN)
    return joint(config, model, clips, folder, flow, frozen, name, **options)
