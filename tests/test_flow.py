"""Optical flow between two frames."""

import cv2
import numpy as np
import pytest

from tslib.errors import InputError
from tslib.flow import Flow, flow_between


def texture(W, H, shift):
    """Two frames of one texture, the second one shifted by (dx, dy) px."""
    noise = np.random.default_rng(1).random((H // 8, W // 8)).astype(np.float32)
    a = (255 * cv2.resize(noise, (W, H), interpolation=cv2.INTER_CUBIC).clip(0, 1)).astype(np.uint8)
    b = cv2.warpAffine(
        a, np.float64([[1, 0, shift[0]], [0, 1, shift[1]]]), (W, H), borderMode=cv2.BORDER_REPLICATE
    )
    return (np.repeat(f[..., None], 3, -1) for f in (a, b))


@pytest.mark.parametrize("method", ["dis", "farneback"])
@pytest.mark.parametrize(("W", "H"), [(160, 120), (1280, 720)])
def test_a_shift_is_found_in_px_of_the_frame(W, H, method):
    """Direction and unit: what is at p in a lies at p + flow(p) in b, on shrunk frames as well."""
    a, b = texture(W, H, (6, -3))
    flow = flow_between(a, b, method)
    assert flow.vectors.shape[1] <= 640
    points = np.stack(np.meshgrid(np.linspace(40, W - 40, 9), np.linspace(40, H - 40, 7)), -1)
    np.testing.assert_allclose(flow.at(points), np.broadcast_to((6, -3), points.shape), atol=0.7)
    np.testing.assert_allclose(flow.median_in((40, 40, W - 80, H - 80)), (6, -3), atol=0.3)
    back = flow_between(b, a, method)
    np.testing.assert_allclose(back.median_in((40, 40, W - 80, H - 80)), (-6, 3), atol=0.3)


def test_method_none_moves_nothing():
    a, b = texture(160, 120, (6, -3))
    flow = flow_between(a, b, "none")
    assert not flow.at(np.array([[[3.0, 4], [-50, 999]]])).any()
    assert not flow.median_in((10, 10, 20, 20)).any()


def test_flow_is_sampled_between_and_beyond_entries():
    # 2 x 2 entries over 4 x 4 px
    flow = Flow(np.float32([[[0, 0], [4, 8]], [[0, 0], [4, 8]]]), (0.5, 0.5))
    points = np.array([[[0.5, 0.5], [1.5, 1.0], [2.5, 2.5], [99, 0], [-99, 0]]])
    np.testing.assert_allclose(
        flow.at(points)[0], [(0, 0), (2, 4), (4, 8), (4, 8), (0, 0)], atol=0.2
    )
    np.testing.assert_allclose(flow.median_in((2, 0, 2, 2)), (4, 8))
    # A box that has left the frame.
    np.testing.assert_allclose(flow.median_in((-90, -90, 5, 5)), (0, 0))


def test_an_unknown_method_is_refused():
    a, b = texture(160, 120, (0, 0))
    with pytest.raises(InputError, match="no flow method 'tv'; give one of dis, farneback, none"):
        flow_between(a, b, "tv")


@pytest.mark.parametrize("method", ["dis", "farneback"])
@pytest.mark.parametrize(("W", "H"), [(7040, 100), (3200, 16), (50, 3000), (16, 16), (1, 1)])
def test_frames_of_any_shape_have_a_flow(W, H, method):
    """A thin side is not shrunk away: a person walking along a very wide frame is followed."""
    picture = np.zeros((H, W, 3), np.uint8)
    flow = flow_between(picture, picture, method)
    assert flow.scale == (flow.vectors.shape[1] / W, flow.vectors.shape[0] / H)
    assert min(flow.vectors.shape[:2]) >= 32 and np.isfinite(flow.vectors).all()


def test_a_shift_is_found_in_a_very_wide_frame():
    a, b = texture(3200, 96, (20, 0))
    np.testing.assert_allclose(flow_between(a, b).median_in((100, 0, 3000, 96)), (20, 0), atol=2)


def test_a_box_is_found_where_the_scales_differ():
    """Rows count down by the scale of y: 4 x 2 entries over 4 x 20 px."""
    vectors = np.zeros((2, 4, 2), np.float32)
    vectors[1] = (3, 7)
    flow = Flow(vectors, (1.0, 0.1))
    np.testing.assert_allclose(flow.median_in((0, 2, 3, 5)), (0, 0))
    np.testing.assert_allclose(flow.median_in((0, 12, 3, 5)), (3, 7))


def test_the_cameras_motion_is_that_of_most_of_the_frame():
    vectors = np.full((60, 80, 2), (-3.0, 1.5), np.float32)
    vectors[10:50, 20:50] = 12  # somebody passes
    np.testing.assert_allclose(Flow(vectors, (1.0, 1.0)).camera, (-3, 1.5))
    still = Flow(np.zeros((1, 1, 2), np.float32), (1 / 80, 1 / 60))
    np.testing.assert_array_equal(still.camera, (0, 0))
