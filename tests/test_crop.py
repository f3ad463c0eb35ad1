"""The map between cells and pixels, and the image that is cut with it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tslib.crop import Crop

number = st.floats(-500, 500)
length = st.floats(1, 900)


@given(st.tuples(number, number, length, length), st.tuples(number, number), st.floats(-4, 4))
def test_to_image_inverts_to_cells(box, point, angle):
    crop = replace(Crop.around(box, (48, 64)), angle=angle)
    there_and_back = crop.to_image(crop.to_cells(point))
    assert np.abs(there_and_back - point).max() < 0.01


@given(st.tuples(number, number, length, length))
def test_holds_the_box_with_its_margin(box):
    x, y, w, h = box
    crop = Crop.around(box, (48, 64), margin=1.5)
    left, top = crop.to_image((-0.5, -0.5))  # the corner of the first cell
    right, bottom = crop.to_image((47.5, 63.5))
    np.testing.assert_allclose(
        [(left + right) / 2, (top + bottom) / 2], [x + w / 2, y + h / 2], atol=1e-6
    )
    assert (right - left) / w >= 1.5 - 1e-6 and (bottom - top) / h >= 1.5 - 1e-6
    assert min((right - left) / w, (bottom - top) / h) == pytest.approx(1.5)
    assert (right - left) / (bottom - top) == pytest.approx(48 / 64)
    assert crop.body == max(w, h)


def test_cells_lie_where_the_definition_says():
    crop = Crop((9.5, 19.5), 4.0, (5, 10), 1)  # covers pixels 0 to 19 and 0 to 39
    np.testing.assert_allclose(crop.to_image([(0, 0), (4, 9)]), [(1.5, 1.5), (17.5, 37.5)])
    assert crop.cells().shape == (10, 5, 2)
    np.testing.assert_allclose(crop.cells()[3, 1], (1, 3))


def test_cut_of_whole_pixels_is_a_copy():
    frame = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    crop = Crop((29.5, 19.5), 4.0, (5, 10), 1)
    np.testing.assert_array_equal(crop.cut(frame, (20, 40)), frame[:, 20:40])


def test_a_turned_window_points_up_where_its_angle_says():
    """Turned clockwise by a quarter, up in the window is to the right in the image."""
    crop = Crop((100, 50), 2.0, (5, 5), 1, np.pi / 2)
    np.testing.assert_allclose(crop.to_image((2, 2)), (100, 50))
    np.testing.assert_allclose(crop.to_image((2, 0)), (104, 50))
    np.testing.assert_allclose(crop.moved(3, 4).to_image((2, 0)), (107, 54))
    corners = [(105, 45), (105, 55), (95, 55), (95, 45)]
    np.testing.assert_allclose(crop.corners(), corners)


@pytest.mark.parametrize("angle", [0, 0.5, -2])
@pytest.mark.parametrize("cell", [1.3, 4.0, 9.0])
def test_a_dot_lands_where_the_map_says(cell, angle):
    frame = np.zeros((400, 400, 3), np.uint8)
    cv2.circle(frame, (203, 188), 8, (255, 255, 255), -1)
    crop = Crop((200.3, 189.8), cell, (24, 32), 1, angle)
    image = crop.cut(frame, (96, 128))[..., 0].astype(float)
    y, x = (np.average(i, weights=image) for i in np.indices(image.shape))
    expected = (crop.to_cells((203, 188)) + 0.5) * 4 - 0.5  # four pixels of the input to a cell
    np.testing.assert_allclose([x, y], expected, atol=0.05)


def test_shrinking_does_not_alias():
    stripes = np.zeros((640, 480, 3), np.uint8)
    stripes[:, ::2] = 255
    image = Crop.around((0, 0, 479, 639), (12, 16), margin=1).cut(stripes, (48, 64))
    assert np.abs(image[4:-4, 4:-4].astype(float) - 127.5).max() < 20


def test_outside_the_frame_is_black():
    frame = np.full((40, 40, 3), 200, np.uint8)
    image = Crop.around((-20, 0, 40, 40), (10, 10), margin=1).cut(frame, (40, 40))
    assert image[:, :19].max() == 0 and image[2:-2, 22:].min() == 200


def test_overlap_is_the_share_of_what_both_windows_cover():
    a = Crop((50, 50), 1, (20, 40), 40)
    assert a.overlap(a) == pytest.approx(1) and a.overlap(a.moved(21, 0)) == 0
    assert a.overlap(a.moved(10, 0)) == pytest.approx(1 / 3)
    across = replace(a, angle=np.pi / 2)
    assert a.overlap(across) == pytest.approx(400 / 1200)
