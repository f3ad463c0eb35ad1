"""Eq. 5 and Eq. 6 by hand."""

import pytest
import torch

from tslib.heatmaps import disc
from tslib.losses import all_background, hinge, squared


def test_squared_by_hand():
    """Two frames, one map of two cells: errors 1, 2 and 3, halved and by frame."""
    target = torch.zeros(2, 1, 1, 2)
    stage = torch.tensor([[[[1.0, 0]]], [[[2.0, -3.0]]]])
    assert squared([stage], target) == (1 + 4 + 9) / (2 * 2)
    assert squared([stage, target, stage], target) == 7  # stages add up
    assert squared([target], target) == 0


def test_squared_pulls_as_much_as_it_is_off():
    stage, target = torch.tensor([[[[0.25, 1.0]]]], requires_grad=True), torch.ones(1, 1, 1, 2)
    squared([stage], target).backward()
    assert stage.grad.tolist() == [[[[-0.75, 0]]]]


def test_hinge_by_hand():
    """Right by 1 or more costs nothing, 0 costs 1, wrong by 0.5 costs 1.5."""
    target = torch.tensor([[[[1.0, -1, 1, -1, 1, -1]]]])
    score = torch.tensor([[[[1.0, -1, 2, 0, -0.5, 0.5]]]])
    assert hinge(score, target) == 0 + 0 + 0 + 1 + 1.5 + 1.5
    assert hinge(score, target, weight=10) == 1 + 15 + 1.5
    two = torch.cat([score, target])
    assert hinge(two, torch.cat([target, target])) == 2  # a mean over frames


def test_hinge_is_0_at_the_target_and_1_a_cell_at_0():
    target = disc(torch.rand(2, 3, 2) * 12, (12, 12))
    assert hinge(target, target) == 0
    assert hinge(torch.zeros_like(target), target) == 3 * 12 * 12


@pytest.mark.parametrize("weight", [1.0, 20.0])
def test_the_plateau_of_finding_nothing(weight):
    cells = torch.tensor([[[5.0, 5], [2, 7], [float("nan")] * 2], [[8, 8], [3, 3], [6, 2]]])
    target = disc(cells, (12, 12))
    nothing = torch.full_like(target, -1)
    assert (
        all_background(target, weight) == hinge(nothing, target, weight) == 2 * weight * 5 * 13 / 2
    )
