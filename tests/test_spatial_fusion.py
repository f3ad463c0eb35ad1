"""The Spatial Fusion Network: its published sizes, what a cell sees, and how it fits others'
training.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from experiments.spatial_fusion import (
    SMALL_FUSION,
    FusionArchitecture,
    FusionConfig,
    SpatialFusionNetwork,
    read_fusion_config,
)
from tslib.errors import InputError
from tslib.message_passing import MessagePassing, PoseGraph
from tslib.networks import SMALL, Architecture, ConvolutionalPoseMachine, ThinSlicingNetwork
from tslib.skeletons import SKELETONS
from tslib.training import stages
from tslib.training.config import Network, Plan, as_tables, from_tables
from tslib.training.models import load_model, save_model

YOUTUBE = SKELETONS["youtube7"]
# The original's kernels with few channels: what a cell sees does not depend on these.
NARROW = FusionArchitecture(
    near=((5, 2), (5, 2), (5, 2)),
    far=((9, 2), (9, 2), (1, 2), (1, 2)),
    fusion=((7, 2), (13, 2), (13, 2), (1, 2)),
)


def original():
    with torch.device("meta"):
        return SpatialFusionNetwork(7)


def test_the_published_layers_and_numbers_of_weights():
    net, sizes = original(), []
    for part in (net.near, net.far, nn.Sequential(net.first), net.fusion, nn.Sequential(net.last)):
        sizes.append(
            [
                (m.kernel_size[0], m.in_channels, m.out_channels)
                for m in part
                if hasattr(m, "kernel_size") and not isinstance(m, nn.MaxPool2d)
            ]
        )
    near, far, first, fusion, last = sizes
    assert near == [(5, 3, 128), (5, 128, 128), (5, 128, 128)]
    assert far == [(9, 128, 256), (9, 256, 512), (1, 512, 256), (1, 256, 256)]
    assert first == [(1, 256, 7)] and last == [(1, 256, 7)]
    assert fusion == [(7, 384, 64), (13, 64, 64), (13, 64, 128), (1, 128, 256)]
    count = {name: p.numel() for name, p in net.named_parameters()}
    fused = sum(n for name, n in count.items() if name.startswith(("fusion", "last")))
    assert (sum(count.values()) - fused, fused) == (14_299_911, 3_315_975)
    assert not list(net.buffers())  # nothing is normalised


def test_both_answers_have_64_cells_for_256_px():
    assert [tuple(s.shape) for s in original()(torch.zeros(2, 3, 256, 256, device="meta"))] == [
        (2, 7, 64, 64)
    ] * 2


@pytest.mark.parametrize("architecture", [NARROW, SMALL_FUSION, replace(NARROW, pooled=False)])
@pytest.mark.parametrize(
    ("side", "cells"), [(4, 1), (5, 2), (95, 24), (96, 24), (97, 25), (112, 28)]
)
def test_sides_are_rounded_up(architecture, side, cells):
    net = SpatialFusionNetwork(2, architecture).eval()
    assert [tuple(s.shape[2:]) for s in net(torch.zeros(1, 3, 16, side))] == [(4, cells)] * 2
    assert [tuple(s.shape[2:]) for s in net(torch.zeros(1, 3, side, 16))] == [(cells, 4)] * 2


def test_a_cell_sees_96_px_and_then_216_px():
    """96 px the first answer, 216 px the second: its large kernels see most of a picture of 256."""
    net = SpatialFusionNetwork(1, NARROW).eval().double()
    for p in net.parameters():
        nn.init.constant_(p, 0.1 if p.dim() > 1 else 0.0)
    plain, g = torch.full((1, 3, 256, 256), 0.6, dtype=torch.float64), 32

    def sees(x, y):
        changed = plain.clone()
        changed[..., y, x] = 100
        with torch.inference_mode():
            return [
                bool((new != old)[0, 0, g, g]) for new, old in zip(net(changed), base, strict=True)
            ]

    with torch.inference_mode():
        base = net(plain)
    for answer, reach in ((0, 96), (1, 216)):
        low, high = 4 * g + 2 - reach // 2, 4 * g + 1 + reach // 2
        for at in (lambda v: (v, 4 * g + 1), lambda v: (4 * g + 1, v)):
            seen = [sees(*at(v))[answer] for v in (low - 1, low, high, high + 1)]
            assert seen == [False, True, True, False]


def test_fusion_sees_fine_features_and_the_layer_before_the_first_answer():
    torch.manual_seed(0)
    net = SpatialFusionNetwork(3, NARROW).double()
    images = torch.rand(1, 3, 32, 32, dtype=torch.float64)
    first, last = net(images)
    with torch.no_grad():
        net.first.weight.fill_(7.0)
    assert not torch.equal(net(images)[0], first) and torch.equal(net(images)[1], last)
    seen = []
    net.fusion.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    net(images)
    near = net.near(images - 0.5)
    torch.testing.assert_close(seen[0], torch.cat([near, net.far(near)], 1))


def test_the_first_answer_of_the_original_is_never_negative():
    images = torch.rand(4, 3, 32, 32)
    for rectified in (True, False):
        torch.manual_seed(0)
        net = SpatialFusionNetwork(7, replace(NARROW, rectified=rectified))
        first, last = net(images)
        assert (first >= 0).all() == rectified and (last < 0).any()


def test_the_small_network_has_28_cells_and_sees_it_all():
    """112 px in, 28 x 28 cells; nearly as much of the picture is seen as by the original; a
    picture's answer does not depend on those beside it."""
    torch.manual_seed(0)
    net = SpatialFusionNetwork(7, SMALL_FUSION)
    assert SMALL_FUSION.stride == 4 and sum(p.numel() for p in net.parameters()) < 2e6
    images = torch.rand(3, 3, 112, 112)
    net(images)
    net.eval()
    for alone, among in zip(net(images[:1]), net(images), strict=True):
        assert alone.shape == (1, 7, 28, 28)
        torch.testing.assert_close(alone, among[:1], rtol=1e-4, atol=1e-5)
    image = images[:1].clone().requires_grad_(True)
    net(image)[1][0, :, 14, 14].sum().backward()
    seen = image.grad.abs().sum((0, 1)).nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).min() > 0.7 * 112


def test_the_architecture_chooses_the_convnet():
    for name, architecture, kind in (
        ("small", SMALL, ConvolutionalPoseMachine),
        ("small spatial fusion", SMALL_FUSION, SpatialFusionNetwork),
    ):
        net = FusionConfig(network=Network(name)).convnet(7)
        assert type(net) is kind and net.joints == 7 and net.architecture == architecture


def test_messages_take_its_second_answer():
    """All its maps are joints; messages between them go as usual."""
    torch.manual_seed(0)
    convnet = SpatialFusionNetwork(7, NARROW).eval()
    nn.init.normal_(convnet.last.weight)
    net, images = ThinSlicingNetwork(convnet), torch.rand(2, 3, 3, 32, 32)
    scores, answers = net(images)
    assert scores.shape == (2, 3, 7, 8, 8) and [a.shape for a in answers] == [(2, 3, 7, 8, 8)] * 2
    assert torch.equal(scores, answers[1])
    thin = ThinSlicingNetwork(convnet, MessagePassing(PoseGraph.of(YOUTUBE, frames=3)))
    assert thin(images)[0].shape == scores.shape and not torch.allclose(thin(images)[0], scores)


def test_eq_5_needs_no_background():
    """Both answers count half their squared error; a network with a background has that map as
    well.
    """
    torch.manual_seed(0)
    batch = {"cells": torch.rand(2, 1, 7, 2) * 7, "images": torch.rand(2, 1, 3, 32, 32)}
    batch["cells"][0, 0, 3] = torch.nan
    plan = Plan(sigma=1.2)
    model = ThinSlicingNetwork(SpatialFusionNetwork(7, NARROW))
    y, x = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    off = torch.stack([x, y], -1) - batch["cells"][:, 0, :, None, None]
    target = torch.exp(-off.square().sum(-1) / (2 * 1.2**2)).nan_to_num(0)
    target = torch.where(target < 0.01, 0, target)
    by_hand = sum(((a[:, 0] - target) ** 2).sum() / 4 for a in model(batch["images"])[1])
    torch.testing.assert_close(stages.first_stage(model, batch, plan)[0], by_hand)
    machine = ThinSlicingNetwork(ConvolutionalPoseMachine(7, replace(SMALL, dropout=0.0)))
    target = torch.cat([target, 1 - target.amax(1, keepdim=True)], 1)
    (answer,) = machine(batch["images"])[1]
    by_hand = ((answer[:, 0] - target) ** 2).sum() / 4
    torch.testing.assert_close(stages.first_stage(machine, batch, plan)[0], by_hand)


# Files


def config_of(tmp_path, content):
    path = tmp_path / "run.toml"
    path.write_text(content, encoding="utf-8")
    return read_fusion_config(path)


def test_a_configuration_file_chooses_it(tmp_path):
    for name, architecture in (
        ("spatial fusion", FusionArchitecture()),
        ("small spatial fusion", SMALL_FUSION),
        ("original", Architecture(1)),
        ("small", SMALL),
    ):
        config = config_of(tmp_path, f'[network]\narchitecture = "{name}"')
        assert config.architecture == architecture
        assert config.view.stride == architecture.stride
        assert from_tables(as_tables(config), "a model", FusionConfig) == config
    with pytest.raises(
        InputError, match=r"^network.stages in .*toml means nothing for a spatial fusion"
    ):
        config_of(tmp_path, '[network]\narchitecture = "spatial fusion"\nstages = 3')
    with pytest.raises(InputError, match="must be 1 or less"):
        config_of(tmp_path, "[view]\nwhole = 1.5")
    with pytest.raises(InputError, match="row in .* is 'X', but must be one of baseline, "):
        config_of(tmp_path, 'row = "X"')


def test_a_model_file_restores_it(tmp_path):
    """The means of the normalisation are in it as well."""
    tables = {
        "skeleton": "youtube7",
        "flow": "none",
        "network": {"architecture": "small spatial fusion"},
    }
    config = from_tables(tables, "a file", FusionConfig)
    model = stages.network(config)
    model(torch.rand(4, 1, 3, 48, 48))
    save_model(tmp_path / "model.safetensors", model.eval(), config, "baseline", 3)
    again, read, notes = load_model(tmp_path / "model.safetensors", FusionConfig)
    assert read == config and notes["row"] == "baseline"
    images = torch.rand(1, 1, 3, 48, 48)
    with torch.inference_mode():
        np.testing.assert_array_equal(again(images)[0], model(images)[0])
