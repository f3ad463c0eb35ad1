"""The two stages of Paper A, and the rows of its Table 1 that they make."""

import copy
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from .. import losses
from ..heatmaps import disc, gaussian, with_background
from ..message_passing import MessagePassing, PoseGraph
from ..networks import ConvolutionalPoseMachine, ThinSlicingNetwork
from ..skeletons import SKELETONS
from ..slices import Estimated, Slices
from .loop import fit

SPANS = {"S-infer": 0, "ST-infer": 1, "ST-infer(2)": 2}


def targets(batch, plan, grid):
    """The ConvNet's targets (B, T, K + 1, h, w) of Eq. 5."""
    return with_background(gaussian(batch["cells"], (grid, grid), sigma=plan.sigma))


def first_stage(model, batch, plan):
    """Eq. 5 at every stage of the ConvNet, for single frames."""
    _, stages = model(batch["images"])
    target = targets(batch, plan, stages[-1].shape[-1]).flatten(0, 1)
    return losses.squared([s.flatten(0, 1).float() for s in stages], target), {}


def second_stage(model, batch, plan):
    """Eq. 6 on the scores of the slice, and Eq. 5 on the ConvNet's maps, weighted by plan.deep."""
    scores, stages = model(batch["images"], batch["flows"] or None)
    grid = scores.shape[-1]
    target = disc(batch["cells"], (grid, grid), radius=plan.radius).flatten(0, 1)
    hinge = losses.hinge(model.calibrated(scores).flatten(0, 1), target, plan.positive)
    loss = hinge
    if plan.deep:
        maps = targets(batch, plan, grid).flatten(0, 1)
        loss = hinge + plan.deep * losses.squared([s.flatten(0, 1).float() for s in stages], maps)
    plateau = torch.as_tensor(losses.all_background(target, plan.positive), device=hinge.device)
    return loss, {"hinge": hinge.detach(), "all background": plateau}


def flow_for(config, exact=None):
    """What Slices take as flow: `exact(clip)` of rendered clips, else an estimate by the config's method."""
    if config.flow == "none":
        return None
    return exact if config.flow == "exact" else lambda clip: Estimated(clip, config.flow)


def convnet(config, seed):
    """A ConvNet before training. Its weights follow from the seed."""
    torch.manual_seed(seed)
    return ConvolutionalPoseMachine(len(SKELETONS[config.skeleton].joints), config.architecture)


def pretrain(config, clips, folder, seed=0, **options):
    """Stage 1: a ThinSlicingNetwork without inference, trained on single frames. options: of `fit`."""
    slices = Slices(clips, config.view, frames=1)
    model = ThinSlicingNetwork(convnet(config, seed))
    objective = partial(first_stage, plan=config.pretrain)
    return fit(model, slices, objective, config.pretrain, folder, seed=seed, **options)


def with_inference(config, model, clips, span):
    """A copy of a pretrained model with messages behind it; springs start as the config says."""
    skeleton = SKELETONS[config.skeleton]
    graph = PoseGraph.of(skeleton, config.joint.frames, span=span)
    layer = MessagePassing(graph, config.inference.iterations, config.inference.normalization)
    if config.inference.start == "data":
        layer.start(*offsets(config, clips))
    return ThinSlicingNetwork(copy.deepcopy(model.convnet), layer)


def offsets(config, clips, most=4000):
    """Joints on the cells (n, K, 2) and which are visible, of frames as training shows them."""
    view = config.view
    slices = Slices(clips, view, frames=1)
    rng = np.random.default_rng(0)
    found = []
    keys = [(n, t, 0) for n, clip in enumerate(slices.clips) for t in range(len(clip))]
    for i in rng.permutation(len(keys))[:most]:
        found.append(slices.labels(keys[i]))
    joints, visible = (np.concatenate(a) for a in zip(*found, strict=True))
    return joints, visible


def joint(config, model, clips, folder, flow=None, seed=0, frozen=False, name="ST-infer", **options):
    """Stage 2: the model with messages behind it, trained on slices. options: of `fit`.

    name : "S-infer", "ST-infer" or "ST-infer(2)"; frozen : only springs and calibration are trained
    """
    span = SPANS[name]
    model = with_inference(config, model, clips, span)
    model.convnet.requires_grad_(not frozen)
    plan = replace(config.joint, deep=0.0) if frozen else config.joint
    slices = Slices(clips, config.view, plan.frames, flow if span else None, max(span, 1))
    return fit(model, slices, partial(second_stage, plan=plan), plan, folder, seed=seed, name=name, **options)


def longer(config, model, clips, folder, seed=0, **options):
    """The control for stage 2: the ConvNet alone, on as many frames, by Eq. 5."""
    plan = replace(config.joint, deep=0.0, batch=config.joint.batch * config.joint.frames, frames=1)
    slices = Slices(clips, config.view, frames=1)
    model = ThinSlicingNetwork(copy.deepcopy(model.convnet))
    return fit(
        model, slices, partial(first_stage, plan=plan), plan, folder, seed=seed, name="longer", **options
    )
