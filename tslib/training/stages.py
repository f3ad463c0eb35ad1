"""The two stages of Paper A, and the rows of its Table 1 that they make."""

from dataclasses import replace
from functools import partial

import numpy as np
import torch

from .. import losses
from ..heatmaps import disc, gaussian, with_background
from ..message_passing import MessagePassing, PoseGraph
from ..networks import ThinSlicingNetwork, convnet
from ..skeletons import SKELETONS
from ..slices import Slices
from .loop import fit
from .rows import FROZEN, SPANS


def row(name, config, model, clips, folder, flow=None, **options):
    """The model of a row of rows.ROWS, made from the pretrained one. options: of `fit`, and seed."""
    if name == "baseline":
        return model
    if name == "longer":
        return longer(config, model, clips, folder, **options)
    frozen = name.endswith(FROZEN)
    name = name.removesuffix(FROZEN)
    return joint(config, model, clips, folder, flow, frozen=frozen, name=name, **options)


def first_loss(stages, batch, plan):
    """Eq. 5 on the ConvNet's stages (B, T, K + 1, h, w), or (B, T, K, h, w) of one without
    background.
    """
    maps, grid = stages[-1].shape[2], stages[-1].shape[-1]
    target = gaussian(batch["cells"], (grid, grid), sigma=plan.sigma)
    if maps > target.shape[2]:
        target = with_background(target)
    return losses.squared([s.flatten(0, 1).float() for s in stages], target.flatten(0, 1))


def first_stage(model, batch, plan):
    """Eq. 5 at every stage of the ConvNet, for single frames."""
    _, stages = model(batch["images"])
    return first_loss(stages, batch, plan), {}


def second_stage(model, batch, plan):
    """Eq. 6 on the scores of the slice, and Eq. 5 on the ConvNet's maps, weighted by plan.deep."""
    scores, stages = model(batch["images"], batch["flows"] or None)
    grid = scores.shape[-1]
    target = disc(batch["cells"], (grid, grid), radius=plan.radius).flatten(0, 1)
    hinge = losses.hinge(model.calibrated(scores).flatten(0, 1), target, plan.positive)
    loss = hinge
    if plan.deep:
        loss = hinge + plan.deep * first_loss(stages, batch, plan)
    plateau = torch.as_tensor(losses.all_background(target, plan.positive), device=hinge.device)
    return loss, {"hinge": hinge.detach(), "all background": plateau}


def network(config, span=None, seed=0):
    """A ThinSlicingNetwork before training, its weights following from the seed.

    span : frames over which messages go, 0 to 2; None: no inference, the paper's baseline
    """
    torch.manual_seed(seed)
    skeleton = SKELETONS[config.skeleton]
    alone = convnet(len(skeleton.joints), config.architecture)
    if span is None:
        return ThinSlicingNetwork(alone)
    graph = PoseGraph.of(skeleton, config.joint.frames, span=span)
    layer = MessagePassing(graph, config.inference.iterations, config.inference.normalization)
    return ThinSlicingNetwork(alone, layer)


def pretrain(config, clips, folder, seed=0, **options):
    """Stage 1: a ThinSlicingNetwork without inference, trained on single frames. options: of `fit`."""
    slices = Slices(clips, config.view, frames=1)
    objective = partial(first_stage, plan=config.pretrain)
    return fit(
        network(config, seed=seed),
        slices,
        objective,
        config.pretrain,
        folder,
        seed=seed,
        name="pretrain",
        **options,
    )


def with_inference(config, model, clips, span):
    """A copy of a pretrained model with messages behind it; springs start as the config says."""
    new = network(config, span)
    new.convnet.load_state_dict(model.convnet.state_dict())
    if config.inference.start == "data":
        new.inference.start(*offsets(config, clips))
    return new


def offsets(config, clips, most=4000):
    """Joints on the cells (n, K, 2) and which are visible, of frames as training shows them."""
    slices = Slices(clips, config.view, frames=1)
    keys = slices.all()
    chosen = np.random.default_rng(0).permutation(len(keys))[:most]
    return tuple(map(np.concatenate, zip(*(slices.labels(keys[i]) for i in chosen), strict=True)))


def joint(
    config, model, clips, folder, flow=None, seed=0, frozen=False, name="ST-infer", **options
):
    """Stage 2: the model with messages behind it, trained on slices. options: of `fit`.

    name : "S-infer", "ST-infer" or "ST-infer(2)"; frozen : only springs and calibration are trained
    """
    span = SPANS[name]
    model = with_inference(config, model, clips, span)
    plan = config.joint
    if frozen:
        model.convnet.requires_grad_(False)
        plan, name = replace(plan, deep=0.0), name + FROZEN
    slices = Slices(clips, config.view, plan.frames, flow if span else None, max(span, 1))
    return fit(
        model,
        slices,
        partial(second_stage, plan=plan),
        plan,
        folder,
        seed=seed,
        name=name,
        **options,
    )


def longer(config, model, clips, folder, seed=0, **options):
    """The control for stage 2: the ConvNet alone, on as many frames, by Eq. 5."""
    plan = replace(config.joint, deep=0.0, batch=config.joint.batch * config.joint.frames, frames=1)
    new = network(config)
    new.convnet.load_state_dict(model.convnet.state_dict())
    return fit(
        new,
        Slices(clips, config.view, frames=1),
        partial(first_stage, plan=plan),
        plan,
        folder,
        seed=seed,
        name="longer",
        **options,
    )
