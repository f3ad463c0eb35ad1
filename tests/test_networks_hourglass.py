"""The hourglass: what comes out, how large it is, what a cell sees, and where gradients go."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from renderer import render
from tslib.networks import BODY, HourglassArchitecture, StackedHourglass
from tslib.training import stages
from tslib.training.config import read_config
from tslib.training.data import load_data

RECIPE = Path(__file__).parents[1] / "data" / "training" / "body.toml"
WEIGHTS = 1_185_806
TINY = HourglassArchitecture(stages=2, stem=4, widths=(6, 8, 10), head=6)


def weights(network):
    return sum(p.numel() for p in network.parameters())


def test_a_laptop_s_network_has_fewer_than_5_mb_of_weights_and_24_cells():
    network = StackedHourglass(13, BODY).eval()
    assert weights(network) == WEIGHTS
    assert sum(v.numel() * v.element_size() for v in network.state_dict().values()) < 5e6
    with torch.no_grad():
        (maps,) = network(torch.rand(2, 3, 96, 96))
    assert maps.shape == (2, 14, 24, 24)


def test_every_stage_answers():
    stages = StackedHourglass(5, TINY).eval()(torch.rand(1, 3, 64, 64))
    assert [s.shape for s in stages] == [(1, 6, 16, 16)] * 2


@pytest.mark.parametrize(("H", "W"), [(90, 67), (33, 41), (65, 32), (4, 5)])
def test_odd_sides_are_rounded_up(H, W):
    stages = StackedHourglass(5, TINY).eval()(torch.rand(1, 3, H, W))
    assert all(s.shape[-2:] == (-(-H // 4), -(-W // 4)) for s in stages)


@pytest.mark.parametrize("cell", [(0, 0), (12, 12), (23, 23), (0, 23)])
def test_every_cell_sees_all_of_the_picture(cell):
    torch.manual_seed(0)
    images = torch.rand(1, 3, 96, 96, dtype=torch.float64, requires_grad=True)
    network = StackedHourglass(13, BODY).double().eval()
    network(images)[-1][(0, slice(None), *cell)].sum().backward()
    corners = images.grad[0].abs().sum(0)[::95, ::95]
    assert (corners > 0).all()


def test_gradients_reach_every_weight():
    torch.manual_seed(0)
    network = StackedHourglass(5, TINY)
    stages = network(torch.rand(4, 3, 48, 48))
    sum(s.square().sum() for s in stages).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_a_later_stage_hears_the_one_before():
    network = StackedHourglass(5, TINY).eval()
    images = torch.rand(1, 3, 48, 48)
    with torch.no_grad():
        before = network(images)
        network.answers[0].weight.add_(0.1)
        after = network(images)
    assert not torch.equal(before[1], after[1])


def test_the_background_starts_at_one():
    network = StackedHourglass(5, TINY)
    assert [a.bias[-1].item() for a in network.answers] == [1, 1]


def test_the_joint_stage_keeps_the_statistics_of_stage_1(tmp_path):
    config = read_config(RECIPE)
    assert config.pretrain.batch_statistics and not config.joint.batch_statistics
    render(tmp_path / "clips", 10, 0, (48, 48), 5)
    view, joint = replace(config.view, size=48), replace(config.joint, steps=2, batch=2)
    config = replace(config, view=view, joint=joint)
    data, start = load_data(tmp_path / "clips", config), stages.network(config)
    model = stages.joint(config, start, data.train, tmp_path / "runs", data.flow)
    before, after = start.convnet.state_dict(), model.convnet.state_dict()
    for name, value in before.items():
        assert torch.equal(value, after[name]) == ("running" in name or "num_batches" in name)


def test_the_recipe_s_network_is_the_laptop_s():
    config = read_config(RECIPE)
    assert config.architecture == BODY and config.view.stride == 4
    assert isinstance(config.convnet(13), StackedHourglass)
