"""The networks: sizes that are published, what a cell sees, and where gradients go."""

import pytest
import torch
from torch import nn

from tslib.message_passing import MessagePassing, PoseGraph
from tslib.networks import SMALL, Architecture, ConvolutionalPoseMachine, ThinSlicingNetwork
from tslib.skeletons import SKELETONS

PENN = SKELETONS["penn13"]
# The original's kernels with few channels: what a cell sees does not depend on these.
NARROW = Architecture(
    trunk=((9, 2), (9, 2), (9, 2)),
    head=((5, 2), (9, 2), (1, 2)),
    features=2,
    later=((11, 2), (11, 2), (11, 2), (1, 2)),
)


def weights(joints, stages):
    with torch.device("meta"):
        net = ConvolutionalPoseMachine(joints, Architecture(stages))
    return sum(p.numel() for p in net.parameters())


def test_the_published_numbers_of_weights():
    assert weights(14, 3) == 16_731_021
    assert weights(13, 3) == 16_699_274
    assert weights(14, 6) == pytest.approx(31.2e6, rel=1e-3)
    assert weights(14, 1) == pytest.approx(4.4e6, rel=0.01)


def test_every_stage_gives_46_cells_for_368_px():
    stages = ConvolutionalPoseMachine(13, NARROW)(torch.zeros(2, 3, 368, 368))
    assert [tuple(s.shape) for s in stages] == [(2, 14, 46, 46)] * 3


@pytest.mark.parametrize(
    ("side", "cells"), [(8, 1), (9, 2), (95, 12), (96, 12), (97, 13), (100, 13), (362, 46)]
)
def test_sides_are_rounded_up(side, cells):
    net = ConvolutionalPoseMachine(1, NARROW)
    assert [s.shape[-1] for s in net(torch.zeros(1, 3, 16, side))] == [cells] * 3
    assert [s.shape[-2] for s in net(torch.zeros(1, 3, side, 16))] == [cells] * 3


def test_the_last_column_of_an_odd_side_is_seen():
    """97 px: the last one must reach some cell."""
    net = ConvolutionalPoseMachine(
        1, Architecture(stages=1, trunk=((1, 2),) * 3, head=((1, 2), (1, 2)))
    )
    net = positive(net.eval())
    plain = torch.full((1, 3, 97, 97), 0.6)
    bright = plain.clone()
    bright[..., 96, 96] = 5
    assert [12, 12] in (net(bright)[0] != net(plain)[0])[0, 0].nonzero().tolist()


def positive(net):
    """All weights so that nothing is lost in a ReLU or outweighed in a sum."""
    for p in net.parameters():
        nn.init.constant_(p, 0.1 if p.dim() > 1 else 0.0)
    return net


def test_a_cell_of_the_first_stage_sees_167_px_around_8g_plus_7():
    net = positive(ConvolutionalPoseMachine(1, NARROW).eval().double())
    gx, gy = 12, 11
    plain = torch.full((1, 3, 192, 192), 0.6, dtype=torch.float64)

    def sees(x, y):
        changed = plain.clone()
        changed[..., y, x] = 10
        with torch.inference_mode():
            return bool((net(changed)[0] != base)[0, 0, gy, gx])

    with torch.inference_mode():
        base = net(plain)[0]
    x, y = 8 * gx + 7, 8 * gy + 7
    assert [sees(x + d, y) for d in (-84, -83, 83, 84)] == [False, True, True, False]
    assert [sees(x, y + d) for d in (-84, -83, 83, 84)] == [False, True, True, False]


def test_the_map_of_the_centre_peaks_at_the_person():
    net = ConvolutionalPoseMachine(13, NARROW)
    images = torch.zeros(2, 3, 368, 368)
    where = net._center_map(images, None)
    assert where.shape == (2, 1, 46, 46) and 0.9 < float(where.max()) <= 1
    cells = torch.arange(46.0)
    for axis in (2, 3):
        share = where[0, 0].sum(axis - 2) / where[0, 0].sum()
        assert float((share * cells).sum()) == pytest.approx(
            22.5, abs=0.07
        )  # a window of 9 px for 8
    aside = net._center_map(images, torch.tensor([[100.0, 260.0], [260.0, 100.0]]))
    assert [(m[0] == m.max()).nonzero()[0].tolist() for m in aside] == [[32, 12], [12, 32]]


def test_the_centre_reaches_later_stages_only():
    net = positive(ConvolutionalPoseMachine(13, NARROW).eval().double())
    images = torch.rand(1, 3, 96, 96, dtype=torch.float64) + 0.5
    middle, aside = net(images), net(images, torch.tensor([[10.0, 10.0]]))
    assert torch.equal(middle[0], aside[0])
    assert not torch.equal(middle[1], aside[1]) and not torch.equal(middle[2], aside[2])
    assert torch.equal(net(images, torch.tensor([[47.5, 47.5]]))[2], middle[2])


def test_later_stages_share_a_trunk_that_is_not_the_first_one():
    net = positive(ConvolutionalPoseMachine(13, NARROW))
    stages = net(torch.rand(1, 3, 96, 96) + 0.5)
    (one,) = torch.autograd.grad(stages[0].sum(), net.later_trunk[0].weight, allow_unused=True)
    assert one is None
    for stage in stages[1:]:
        (one,) = torch.autograd.grad(stage.sum(), net.later_trunk[0].weight, retain_graph=True)
        assert one.abs().sum() > 0


def test_dropout_follows_the_last_two_convolutions_of_the_head():
    net = ConvolutionalPoseMachine(14, Architecture(head=((5, 32), (9, 512), (1, 512))))
    kinds = [type(m).__name__ for m in net.head]
    assert kinds == ["Conv2d", "ReLU", "Conv2d", "ReLU", "Dropout", "Conv2d", "ReLU", "Dropout"]
    drops = [name for name, m in net.named_modules() if isinstance(m, nn.Dropout)]
    assert drops == ["head.4", "head.7"] and net.head[4].p == 0.5


def test_a_cell_of_the_small_network_sees_less_than_a_person():
    """96 px in, 24 x 24 cells, and a cell sees less than a person, who takes 0.7 of the input."""
    net = ConvolutionalPoseMachine(13, SMALL)
    (maps,) = net(torch.zeros(1, 3, 96, 96))
    assert maps.shape == (1, 14, 24, 24) and SMALL.stride == 4
    image = torch.rand(1, 3, 96, 96, requires_grad=True)
    net.eval()(image)[0][0, :, 12, 12].sum().backward()
    seen = image.grad.abs().sum((0, 1)).nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).max() < 0.7 * 96


def test_without_inference_the_last_stage_is_the_score():
    net = ThinSlicingNetwork(ConvolutionalPoseMachine(13, NARROW).eval())
    images = torch.rand(2, 3, 3, 48, 48)
    scores, stages = net(images)
    assert scores.shape == (2, 3, 13, 6, 6) and [s.shape for s in stages] == [(2, 3, 14, 6, 6)] * 3
    assert torch.equal(scores, stages[-1][:, :, :-1])
    alone = net.convnet(images[1, 2][None])[-1][0, :-1]
    torch.testing.assert_close(scores[1, 2], alone)
    assert not hasattr(net, "gain")


@pytest.fixture
def thin():
    torch.manual_seed(0)
    layer = MessagePassing(PoseGraph.of(PENN, frames=3), normalization="degree")
    return ThinSlicingNetwork(ConvolutionalPoseMachine(13, NARROW).eval(), layer)


def test_with_inference_the_scores_are_what_the_messages_make_of_it(thin):
    images = torch.rand(2, 3, 3, 48, 48)
    flows = {o: torch.randn(2, 3, 6, 6, 2) for o in (-1, 1)}
    scores, stages = thin(images, flows)
    assert torch.equal(scores, thin.inference(stages[-1][:, :, :-1], flows))
    assert not torch.allclose(scores, thin(images)[0])
    assert torch.equal(thin.calibrated(scores), 2 * scores - 1)


def test_gradient_reaches_the_pictures_of_a_neighbour_frame(thin):
    for net, expected in ((thin, True), (ThinSlicingNetwork(thin.convnet), False)):
        images = torch.rand(1, 3, 3, 48, 48, requires_grad=True)
        scores, _ = net(images)
        scores[:, 1].sum().backward()
        for t in (0, 2):
            assert bool(images.grad[:, t].abs().sum() > 0) == expected
        assert images.grad[:, 1].abs().sum() > 0


def test_a_frozen_convnet_gets_no_gradient(thin):
    thin.convnet.requires_grad_(False)
    nn.init.constant_(thin.inference.rest, 1.3)
    scores, _ = thin(torch.rand(1, 3, 3, 48, 48))
    thin.calibrated(scores).square().sum().backward()
    assert all(p.grad is None for p in thin.convnet.parameters())
    for p in (thin.inference.rest, thin.inference.log_stiffness, thin.gain, thin.offset):
        assert p.grad.abs().sum() > 0
