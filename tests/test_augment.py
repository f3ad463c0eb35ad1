"""One map for everything: by hand, there and back, and on pictures of dots that move."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tslib.augment import Affine, paper_b, window_around
from tslib.crop import Crop
from tslib.heatmaps import to_cells
from tslib.metrics import pck
from tslib.skeletons import SKELETONS, Skeleton
from tslib.slices import View
from tslib.training.config import read_config

ROOT = Path(__file__).parents[1]
PENN = SKELETONS["penn13"]
number = st.floats(-500, 500)
affine = st.builds(
    Affine.about,
    st.tuples(number, number),
    st.floats(-180, 180),
    st.floats(0.1, 10),
    st.booleans(),
    st.tuples(number, number),
)


def dot(at, size=(320, 240), sigma=4.0):
    """A float32 picture (h, w) of a soft dot at (x, y) px."""
    w, h = size
    y, x = np.mgrid[:h, :w]
    return np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * sigma**2)).astype(np.float32)


def middle(picture):
    """Centre of gravity (x, y) px."""
    y, x = np.indices(picture.shape)
    return np.array([np.average(x, weights=picture), np.average(y, weights=picture)])


# By hand.


def test_a_quarter_turn_is_as_by_hand():
    turn = Affine.about((10, 20), 90)
    np.testing.assert_allclose(
        turn.points([(10, 20), (13, 20), (10, 24)]), [(10, 20), (10, 23), (6, 20)]
    )
    # To the right becomes down.
    np.testing.assert_allclose(turn.vectors([3, 0]), (0, 3), atol=1e-12)
    np.testing.assert_allclose(turn.boxes([10, 20, 4, 2]), (8, 20, 2, 4), atol=1e-12)
    assert not turn.flips and turn.scale == pytest.approx(1)


def test_a_flip_is_as_by_hand():
    """About the middle of a picture 100 px wide: x -> 99 - x, and the first column becomes the
    last.
    """
    flip = Affine.about((49.5, 29.5), flip=True)
    np.testing.assert_allclose(flip.points([(0, 7), (99, 7), (30, 7)]), [(99, 7), (0, 7), (69, 7)])
    np.testing.assert_allclose(flip.vectors([(3, 1)]), [(-3, 1)])
    np.testing.assert_allclose(flip.boxes([10, 5, 20, 30]), (69, 5, 20, 30))
    picture = np.random.default_rng(0).integers(0, 256, (60, 100, 3), np.uint8)
    np.testing.assert_array_equal(flip.frame(picture, (100, 60)), picture[:, ::-1])
    assert flip.flips


def test_flip_comes_before_the_turn():
    """To the right becomes to the left, and that, a quarter turn later, up."""
    np.testing.assert_allclose(
        Affine.about((7, 7), 90, 2, True).vectors([3, 0]), (0, -6), atol=1e-12
    )


def test_a_flip_swaps_the_sides():
    joints = np.arange(26.0).reshape(13, 2)
    flip = Affine.about((50, 50), flip=True)
    moved = flip.joints(joints, PENN)
    left, right = PENN.joints.index("left_wrist"), PENN.joints.index("right_wrist")
    np.testing.assert_allclose(moved[left], flip.points(joints[right]))
    np.testing.assert_allclose(moved[0], flip.points(joints[0]))
    visible = np.zeros((4, 13), bool)
    visible[:, left] = True
    assert flip.visible(visible, PENN)[:, right].all() and flip.visible(visible, PENN).sum() == 4
    same = Affine.about((50, 50), 45)
    np.testing.assert_array_equal(same.visible(visible, PENN), visible)


def test_a_mirror_swaps_the_joints_of_youtube_pose_too():
    parts = (
        "head right_wrist left_wrist right_elbow left_elbow right_shoulder left_shoulder".split()
    )
    flip = Affine.about((0, 0), flip=True)
    assert flip.visible(np.arange(7), Skeleton("seven", tuple(parts), ())).tolist() == [
        0,
        2,
        1,
        4,
        3,
        6,
        5,
    ]


def test_cells_are_those_of_heat_maps():
    """80 px of flow are 10 cells; pixel 3.5 is cell 0."""
    cells = Affine.onto_cells(8)
    np.testing.assert_allclose(cells.vectors([80, -40]), (10, -5))
    np.testing.assert_allclose(cells.points([[3.5, 363.5]]), [[0, 45]])
    points = np.random.default_rng(0).random((9, 2)) * 368
    np.testing.assert_allclose(cells.points(points), to_cells(points))
    flow = cells.flow(np.full((368, 368, 2), (80, -40)), (46, 46))
    assert flow.shape == (46, 46, 2) and flow.dtype == np.float32
    np.testing.assert_allclose(flow, np.broadcast_to([10, -5], flow.shape), rtol=1e-6)


def test_what_is_unknown_stays_unknown():
    turn = Affine.about((5, 5), 30)
    assert np.isnan(turn.joints(np.full((13, 2), np.nan), PENN)).all()
    assert np.isnan(turn.boxes(np.full((2, 4), np.nan))).all()
    assert turn.boxes(np.zeros((3, 2, 4))).shape == (3, 2, 4)


# There and back.


@given(affine, st.lists(st.tuples(number, number), min_size=1, max_size=5))
def test_the_inverse_leads_back(a, points):
    points = np.array(points)
    np.testing.assert_allclose(a.inverse().points(a.points(points)), points, rtol=0, atol=1e-6)
    np.testing.assert_allclose(a.inverse().vectors(a.vectors(points)), points, rtol=0, atol=1e-6)
    labels = np.resize(points, (13, 2))
    np.testing.assert_allclose(
        a.inverse().joints(a.joints(labels, PENN), PENN), labels, rtol=0, atol=1e-6
    )
    single = a.points(points.astype(np.float32)).astype(np.float32)  # as clips hold them
    assert np.abs(a.inverse().points(single) - points).max() < 0.01


@given(affine, affine, st.tuples(number, number))
def test_a_product_is_one_map_after_the_other(a, b, point):
    scale = 1 + np.abs(b.points(a.points(point))).max()
    assert np.abs((b @ a).points(point) - b.points(a.points(point))).max() < 1e-9 * scale
    assert (b @ a).flips == (a.flips != b.flips)
    assert (b @ a).scale == pytest.approx(a.scale * b.scale)


@given(affine, st.tuples(number, number), st.tuples(number, number))
def test_a_vector_joins_the_moved_points(a, p, v):
    moved = a.points(np.add(p, v)) - a.points(p)
    np.testing.assert_allclose(a.vectors(v), moved, rtol=0, atol=1e-6)
    assert np.linalg.norm(a.vectors(v)) == pytest.approx(a.scale * np.linalg.norm(v), abs=1e-9)


@given(affine, st.tuples(number, number, st.floats(1, 300), st.floats(1, 300)))
def test_a_box_holds_what_it_held(a, box):
    inside = np.array(box[:2]) + np.random.default_rng(0).random((50, 2)) * box[2:]
    x, y, w, h = a.boxes(box)
    points = a.points(inside)
    assert (points >= np.subtract((x, y), 1e-6)).all()
    assert (points <= np.add((x + w, y + h), 1e-6)).all()


def test_flip_twice_is_nothing():
    flip = Affine.about((49.5, 0), flip=True)
    np.testing.assert_allclose((flip @ flip).matrix, np.eye(2, 3), atol=1e-12)
    picture = np.random.default_rng(0).integers(0, 256, (60, 100), np.uint8)
    np.testing.assert_array_equal(flip.frame(flip.frame(picture, (100, 60)), (100, 60)), picture)


def test_a_flat_map_has_no_inverse():
    with pytest.raises(np.linalg.LinAlgError):
        Affine(np.zeros((2, 3))).inverse()


@given(affine)
def test_pck_is_the_same_in_any_picture(a):
    """With the size times scale; the size of a turned upright box would be too generous."""
    random = np.random.default_rng(0)
    truth = random.uniform(0, 300, (20, 13, 2))
    prediction = truth + random.normal(0, 20, truth.shape)
    size = random.uniform(80, 120, 20)
    moved = pck(a.joints(prediction, PENN), a.joints(truth, PENN), a.scale * size)
    np.testing.assert_array_equal(moved, a.visible(pck(prediction, truth, size), PENN))


def test_a_turned_box_is_too_large_for_pck():
    person = np.array([0.0, 0, 40, 100])
    assert Affine.about((0, 0), 45).boxes(person)[2:].max() == pytest.approx(140 / np.sqrt(2))
    assert Affine.about((0, 0), 90).boxes(person)[2:].max() == pytest.approx(100)
    square = Affine.about((0, 0), 45).boxes([0, 0, 100, 100])
    assert square[2:].max() == pytest.approx(100 * np.sqrt(2))


# On pictures.

MAPS = [
    Affine.about((150, 110), 37, 1.0, to=(160, 120)),
    Affine.about((150, 110), -90, 2.0, to=(160, 120)),
    Affine.about((150, 110), 61, 0.5, True, to=(160, 120)),
    Affine.about((150, 110), 12, 0.28, True, to=(40, 50)),
    Affine.onto_cells(8),
]


@pytest.mark.parametrize("a", MAPS)
def test_a_dot_lands_where_its_joint_does(a):
    at = np.array([171.3, 118.6])
    picture = a.frame(dot(at, sigma=4 / min(1, a.scale)), (320, 240))
    assert picture.dtype == np.float32
    np.testing.assert_allclose(middle(picture), a.points(at), atol=0.05)


@pytest.mark.parametrize("a", MAPS)
def test_flow_leads_from_dot_to_dot(a):
    """A dot moves by a flow that turns and stretches, in new pictures by the new flow."""

    def move(p):
        return 1.05 * (p - [160, 120]) @ np.array([[0.96, 0.28], [-0.28, 0.96]]) + [172, 111]

    pixels = np.stack(np.meshgrid(np.arange(320.0), np.arange(240)), -1)
    flow = a.flow(move(pixels) - pixels, (320, 240))
    at = np.array([171.3, 118.6])
    before, after = (
        middle(a.frame(dot(p, sigma=4 / min(1, a.scale)), (320, 240))) for p in (at, move(at))
    )
    sampled = cv2.remap(flow, *np.float32(a.points(at))[:, None, None], cv2.INTER_LINEAR)[0, 0]
    np.testing.assert_allclose(before + sampled, after, atol=0.1)
    np.testing.assert_allclose(sampled, a.vectors(move(at) - at), atol=0.02)


def test_mistake_flow_that_is_resampled_as_a_picture_leads_elsewhere():
    """Without turning the vectors, the flow of a flipped or turned picture leads the wrong way."""

    def flow_wrong(a, flow, size):
        return cv2.warpAffine(flow, a.matrix, size)

    flow = np.full((240, 320, 2), (16, -8), np.float32)
    flip, turn = Affine.about((159.5, 119.5), flip=True), Affine.about((159.5, 119.5), 90)
    for a, right in ((flip, (-16, -8)), (turn, (8, 16)), (Affine.onto_cells(8), (2, -1))):
        x, y = a.points((160, 120)).astype(int)
        np.testing.assert_allclose(a.flow(flow, (320, 240))[y, x], right, atol=1e-5)
        np.testing.assert_allclose(flow_wrong(a, flow, (320, 240))[y, x], (16, -8), atol=1e-5)


def test_mistake_a_flip_about_the_width_is_off_by_a_pixel():
    """x -> w - x is a pixel off."""
    at = np.array([60.0, 50.0])
    flipped = dot(at, (160, 120))[:, ::-1]
    right = Affine.about((79.5, 0), flip=True).points(at)
    np.testing.assert_allclose(middle(flipped), right, atol=1e-4)
    assert 160 - at[0] == right[0] + 1


def test_mistake_sides_that_are_not_swapped_stay_on_the_wrong_side():
    """A mirrored person with unswapped labels: all joints of two sides are on the wrong one."""
    truth = np.zeros((1, 13, 2))
    for left, right in PENN.mirror_pairs:
        truth[:, left, 0], truth[:, right, 0] = 30, -30
    flip = Affine.about((0, 0), flip=True)
    assert pck(flip.joints(truth, PENN), truth, 100).tolist() == [1] * 13  # it stands as before
    assert pck(flip.points(truth), truth, 100).tolist() == [1] + [0] * 12


def test_shrinking_does_not_alias_and_outside_is_filled():
    stripes = np.zeros((240, 320, 3), np.uint8)
    stripes[:, ::2] = 255
    small = Affine.about((159.5, 119.5), scale=1 / 8, to=(19.5, 14.5)).frame(
        stripes, (60, 30), fill=9
    )
    assert small.shape == (30, 60, 3)
    assert np.abs(small[2:-2, 2:38].astype(float) - 127.5).max() < 20
    assert (small[:, 41:] == 9).all()


def test_beyond_the_picture_flow_goes_on():
    flow = Affine.about((0, 0), to=(50, 50)).flow(
        np.full((20, 20, 2), (3, 1), np.float32), (100, 100)
    )
    np.testing.assert_allclose(flow, np.broadcast_to([3, 1], flow.shape))


# Windows.


def test_a_window_is_a_crop():
    """The same picture, and the same cells, as `crop.Crop` gives."""
    frame = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    frame = cv2.GaussianBlur(frame, (0, 0), 2)
    a = window_around([100, 40, 60, 120], (96, 128))
    crop = Crop((130.0, 100.0), 4 / a.scale, (24, 32), 120)  # four pixels of the input to a cell
    points = np.random.default_rng(0).random((9, 2)) * 200
    np.testing.assert_allclose((Affine.onto_cells(4) @ a).points(points), crop.to_cells(points))
    difference = a.frame(frame, (96, 128)).astype(int) - crop.cut(frame, (96, 128))
    assert np.abs(difference).max() <= 2


@given(st.floats(-180, 180), st.booleans(), st.floats(10, 300), st.floats(10, 300))
def test_a_window_normalises_the_person(angle, flip, w, h):
    a = window_around(
        [[50, 60, w, h], [np.nan] * 4, [50, 60, w, h], [0, 0, 0, 0]], (368, 368), angle, flip=flip
    )
    assert a.scale * max(w, h) == pytest.approx(0.7 * 368)
    np.testing.assert_allclose(a.points([50 + w / 2, 60 + h / 2]), (183.5, 183.5), atol=1e-6)


def test_a_window_needs_a_box():
    for boxes in (np.full((3, 4), np.nan), [[0, 0, 0, 5]], np.empty((0, 4))):
        with pytest.raises(ValueError, match="box"):
            window_around(boxes, (368, 368))


def test_paper_a_draws_what_it_says():
    """1000 draws fill their ranges; the person is where the joints say, and no joint changes its
    side.
    """
    rng = np.random.default_rng(0)
    view = read_config(ROOT / "data" / "training" / "paper.toml").view
    maps = [view.draw(rng, np.array([[100, 50, 80, 160]])) for _ in range(1000)]
    angles = np.rad2deg([np.arctan2(*a.vectors([1, 0])[::-1]) for a in maps])
    scales = np.array([a.scale for a in maps]) * 160 / (0.7 * 368)
    shifts = np.array([a.points((140, 130)) for a in maps]) - 183.5
    assert -90 <= angles.min() < -88 and 88 < angles.max() <= 90
    assert 0.5 <= scales.min() < 0.51 and 1.95 < scales.max() <= 2
    assert np.median(scales) == pytest.approx(1, abs=0.06)
    assert 36 < np.abs(shifts).max() <= 36.8
    assert not any(a.flips for a in maps)


def test_paper_b_draws_what_it_says():
    rng = np.random.default_rng(0)
    maps = [paper_b(rng, (200, 150)) for _ in range(1000)]
    down = np.array([a.vectors([0, 1]) for a in maps])  # which a flip leaves
    angles = np.rad2deg(np.arctan2(-down[:, 0], down[:, 1]))
    assert -30 <= angles.min() < -29 and 29 < angles.max() <= 30
    assert 450 < sum(a.flips for a in maps) < 550
    for a in maps:
        np.testing.assert_allclose(a.points((200, 150)), (200, 150))
        assert a.scale == pytest.approx(1)


def test_turning_commutes_with_normalising():
    """Minus a centre, by a size: poses turned before or after are the same (the centre turns
    along).
    """
    rng = np.random.default_rng(0)
    poses = rng.normal(100, 30, (20, 13, 2))
    a = paper_b(rng, (100, 100))
    center, size = poses.mean((0, 1)), 70.0
    normal = (poses - center) / size
    turned = (a.points(poses) - a.points(center)) / size
    np.testing.assert_allclose(a.vectors(normal), turned, atol=1e-12)


def test_the_same_seed_draws_the_same():
    view, boxes = View(64, angle=90, scale=(0.5, 2), shift=0.1), np.array([[0, 0, 9, 9]])
    one, two = (view.draw(np.random.default_rng(4), boxes).matrix for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_an_image_leads_to_cells_and_back():
    """Image, window, cells, window, image: with the tensors that targets are drawn from."""
    a = Affine.onto_cells() @ window_around(
        [100, 40, 60, 120], (368, 368), 33, 1.4, (0.05, -0.1), True
    )
    joints = np.random.default_rng(0).random((5, 13, 2)) * 200
    cells = torch.from_numpy(a.joints(joints, PENN)).float()
    assert np.abs(a.inverse().joints(cells.numpy(), PENN) - joints).max() < 0.01
