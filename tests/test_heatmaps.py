"""Targets by hand, the one grid, and joints that survive being drawn and read."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tslib.crop import Crop
from tslib.heatmaps import decode, disc, gaussian, labelled, to_cells, to_pixels, with_background

GRID = 46, 46


def one(x, y):
    return torch.tensor([[float(x), float(y)]])


@given(st.floats(-1e4, 1e4), st.sampled_from([1, 2, 4, 8, 16]))
def test_pixels_to_cells_and_back_are_the_same_pixels(pixel, stride):
    assert to_pixels(to_cells(pixel, stride), stride) == pytest.approx(pixel, abs=1e-6)


def test_cells_are_those_of_a_crop():
    """A crop that is the whole input of 368 px: cell g lies at 8 g + 3.5."""
    crop = Crop((183.5, 183.5), 8.0, GRID, 1)
    np.testing.assert_allclose(to_pixels(crop.cells()), crop.to_image(crop.cells()))
    assert to_pixels(0) == 3.5 and to_pixels(45) == 363.5 and to_cells(3.5) == 0
    assert to_pixels(torch.tensor([1.0, 2.0]), 4).tolist() == [5.5, 9.5]


def test_a_gaussian_has_the_heights_computed_by_hand():
    (maps,) = gaussian(one(10, 20), GRID)
    assert maps.shape == (46, 46) and maps[20, 10] == maps.max() == 1
    assert maps[20, 11].item() == pytest.approx(
        np.exp(-(8**2) / (2 * 7**2))
    )  # 8 px at a sigma of 7 px
    assert maps[22, 10].item() == pytest.approx(0.07, abs=0.005)
    assert maps[20, 12] == maps[22, 10] and maps[22, 12] == 0  # 0.005 is none
    assert (maps > 0).sum() == 21 and maps[maps > 0].min() >= 0.01


def test_gaussian_is_that_of_input_pixels_between_cells():
    joint = torch.tensor([[101.3, 200.8]])  # px of the input
    (maps,) = gaussian(to_cells(joint), GRID)
    y, x = torch.meshgrid(*[to_pixels(torch.arange(46.0))] * 2, indexing="ij")
    expected = torch.exp(-((x - 101.3) ** 2 + (y - 200.8) ** 2) / (2 * 7**2))
    torch.testing.assert_close(maps, torch.where(expected >= 0.01, expected, 0.0))


def test_background_is_one_minus_the_highest():
    maps = with_background(gaussian(torch.tensor([[10.0, 20], [11, 20], [40, 5]]), GRID))
    assert maps.shape == (4, 46, 46)
    assert maps[3, 20, 10] == maps[3, 20, 11] == maps[3, 5, 40] == 0 and maps[3, 40, 40] == 1
    torch.testing.assert_close(
        maps[3, 20, 12], 1 - maps[1, 20, 12]
    )  # the nearer joint, not the sum


def test_eq_5_by_hand():
    """Paper A's first loss: the squared difference, summed over cells and joints."""
    target = torch.zeros(1, 3, 3)
    target[0, 1, 1] = 1
    belief = torch.full((1, 3, 3), 0.5)
    assert ((belief - target) ** 2).sum() == 9 * 0.25
    near = gaussian(one(1, 1), (3, 3), sigma=0.1)  # so narrow that only the joint's cell remains
    torch.testing.assert_close(near, target)


@pytest.mark.parametrize(("radius", "cells"), [(1, 5), (2, 13), (3, 29)])
def test_disc_holds_its_rim(radius, cells):
    (maps,) = disc(one(10, 20), GRID, radius=radius)
    assert set(maps.unique().tolist()) == {-1, 1} and (maps == 1).sum() == cells
    assert maps[20, 10 + radius] == 1 and maps[20, 11 + radius] == -1


def test_eq_6_by_hand():
    """The hinge on the default disc: 0 at the targets, 1 a cell at zero, 2 a cell of the disc at
    -1.
    """

    def hinge(belief, target):
        return (1 - belief * target).clamp(min=0).sum()

    target = disc(one(10, 20), GRID)
    assert hinge(target, target) == 0
    assert hinge(torch.zeros_like(target), target) == 46 * 46
    assert hinge(-torch.ones_like(target), target) == 2 * 13


@pytest.mark.parametrize("draw", [gaussian, disc])
def test_a_joint_without_a_place_draws_nothing(draw):
    nothing = 0 if draw is gaussian else -1
    cells = torch.tensor([[10.0, 20], [np.nan, 3], [-0.6, 3], [3, 45.5], [-0.5, 45.4], [5, 5]])
    visible = torch.tensor([True, True, True, True, True, False])
    assert labelled(cells, GRID, visible).tolist() == [True, False, False, False, True, False]
    maps = draw(cells, GRID, visible)
    assert maps.isfinite().all()
    assert (maps.amax((1, 2)) > nothing).tolist() == [True, False, False, False, True, False]
    assert (maps.amin((1, 2)) == nothing).all()
    assert (draw(cells, GRID)[5].max() > nothing).item()


@pytest.mark.parametrize("draw", [gaussian, disc])
def test_targets_keep_batches_types_and_devices(draw, device):
    cells = torch.rand(2, 5, 13, 2, dtype=torch.float64, device=device) * 20
    maps = draw(cells, (24, 32))
    assert (
        maps.shape == (2, 5, 13, 32, 24)
        and maps.dtype == torch.float64
        and maps.device == cells.device
    )
    torch.testing.assert_close(maps[1, 3, 7], draw(cells[1, 3, 7:8], (24, 32))[0])
    assert draw(cells.float(), (24, 32)).dtype == torch.float32


def test_decode_shifts_a_quarter_towards_the_higher_neighbour():
    maps = np.zeros((4, 5, 6))
    maps[0, 2, 3], maps[0, 2, 4], maps[0, 1, 3] = 1.0, 0.5, 0.2
    maps[1, 0, 0] = maps[1, 0, 1] = 0.7  # a tie, at the border
    maps[2] -= 1
    cells, peaks = decode(maps)
    np.testing.assert_array_equal(cells, [(3.25, 1.75), (0, 0), (0, 0), (0, 0)])
    np.testing.assert_array_equal(peaks, [1, 0.7, -1, 0])
    np.testing.assert_array_equal(decode(maps, refine=False)[0], [(3, 2), (0, 0), (0, 0), (0, 0)])


def test_decode_of_a_batch_is_decode_of_each():
    maps = np.random.default_rng(0).random((2, 3, 4, 9, 7))
    cells, peaks = decode(torch.from_numpy(maps))
    assert cells.shape == (2, 3, 4, 2) and peaks.shape == (2, 3, 4)
    for at in np.ndindex(2, 3):
        np.testing.assert_array_equal(cells[at], decode(maps[at])[0])
    np.testing.assert_array_equal(peaks, maps.max((-1, -2)))


@given(st.floats(1, 366), st.floats(1, 366))
def test_drawn_and_read_a_joint_is_near_its_place(x, y):
    """Image to cells to maps to cells to image: half a cell (4 px) at most, and a quarter with the
    shift.
    """
    joint = torch.tensor([[x, y]], dtype=torch.float64)
    maps = gaussian(to_cells(joint), GRID)
    rough, fine = (
        np.abs(to_pixels(decode(maps, refine)[0]) - joint.numpy()) for refine in (False, True)
    )
    assert rough.max() <= 4 + 1e-9
    inside = (joint.numpy() > 7.5) & (
        joint.numpy() < 359.5
    )  # nothing is shifted in the cells at the border
    assert (fine[inside] <= 2 + 1e-9).all()


def test_the_shift_halves_the_error():
    joints = torch.rand(500, 2, generator=torch.Generator().manual_seed(0)) * 300 + 30
    maps = gaussian(to_cells(joints), GRID)
    rough, fine = (
        np.abs(to_pixels(decode(maps, r)[0]) - joints.numpy()).mean() for r in (False, True)
    )
    assert rough == pytest.approx(2, abs=0.15) and fine == pytest.approx(
        1, abs=0.1
    )  # px, of 8 to a cell


def test_another_grid_is_off_by_half_a_cell():
    """Reading cells as 8 g, or as the 8 g + 7 of a receptive field's middle, moves every joint by
    3.5 px.
    """
    joints = torch.tensor([[8 * g + 3.5, 8 * g + 3.5] for g in range(5, 40)])
    cells = decode(gaussian(to_cells(joints), GRID))[0]
    np.testing.assert_allclose(to_pixels(cells), joints)
    assert ((8 * cells - joints.numpy()) == -3.5).all() and (
        (8 * cells + 7 - joints.numpy()) == 3.5
    ).all()
