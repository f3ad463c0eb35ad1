"""What is drawn over a frame, and where."""

import numpy as np
import pytest
import synthetic

from tslib.crop import Crop
from tslib.overlay import LEFT, MIDDLE, RIGHT, Canvas
from tslib.skeletons import SKELETONS

PENN, COCO = SKELETONS["penn13"], SKELETONS["coco17"]
GREY = np.full((120, 160, 3), 128, np.uint8)
NOWHERE = np.zeros((13, 2)), np.zeros(13)


def only(**places):
    """Joints (13, 2) px and scores (13,) of which only the named ones are seen."""
    joints, score = np.zeros((13, 2)), np.zeros(13)
    for name, place in places.items():
        joints[PENN.joints.index(name)], score[PENN.joints.index(name)] = place, 0.9
    return joints, score


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((160, 120), (640, 480)),
        ((1280, 720), (1280, 720)),
        ((1080, 1920), (720, 1280)),
        ((3840, 2160), (1280, 720)),
        ((641, 481), (640, 480)),
        ((50, 3000), (22, 1280)),
        ((7040, 2), (1280, 2)),
    ],
)
def test_sizes_are_even_and_between_640_and_1280(size, drawn):
    canvas = Canvas(size, PENN)
    assert canvas.size == drawn
    assert synthetic.drawn(canvas, np.zeros((size[1], size[0], 3), np.uint8), None, None).shape == (
        *drawn[::-1],
        3,
    )


def test_joints_lie_where_they_are_in_their_sides_colour():
    """Four times as large: pixel x has its middle at 4 x + 1.5."""
    places = {"left_wrist": (30, 40), "right_wrist": (130, 40), "head": (80, 90)}
    picture = synthetic.drawn(Canvas((160, 120), PENN), GREY, only(**places), NOWHERE)
    for (x, y), color in zip(places.values(), (LEFT, RIGHT, MIDDLE), strict=True):
        np.testing.assert_array_equal(picture[4 * y + 2, 4 * x + 2], color)
    rows, columns = np.nonzero((picture != 128).any(-1))
    left = columns < 320
    for (x, y), some in (((30, 40), left & (rows < 250)), ((130, 40), ~left & (rows < 250))):
        middle = (
            (columns[some].min() + columns[some].max()) / 2,
            (rows[some].min() + rows[some].max()) / 2,
        )
        np.testing.assert_allclose(middle, (4 * x + 1.5, 4 * y + 1.5), atol=0.6)


def test_limbs_take_the_colour_of_their_side():
    canvas = Canvas((160, 120), PENN)
    for limb, color in (
        (("left_hip", "left_knee"), LEFT),
        (("right_hip", "right_knee"), RIGHT),
        (("head", "left_shoulder"), MIDDLE),
    ):
        picture = synthetic.drawn(
            canvas, GREY, only(**{limb[0]: (40, 60), limb[1]: (100, 60)}), NOWHERE
        )
        np.testing.assert_array_equal(picture[242, 282], color)


def test_the_detectors_own_joints_are_hollow():
    picture = synthetic.drawn(Canvas((160, 120), PENN), GREY, NOWHERE, only(left_knee=(50, 60)))
    np.testing.assert_array_equal(picture[242, 202], (128, 128, 128))
    ring = np.abs(np.argwhere((picture > 200).all(-1)) - (242, 202)).max(-1)
    assert len(ring) and ring.min() >= 3 and ring.max() <= 7


def test_nothing_is_drawn_for_what_is_not_there():
    canvas = Canvas((160, 120), PENN)
    plain = synthetic.drawn(canvas, GREY, None, None)
    assert (plain == 128).all()
    assert np.array_equal(synthetic.drawn(canvas, GREY, NOWHERE, NOWHERE), plain)
    joints, score = only(left_hip=(40, 60), left_knee=(100, 60))
    assert np.array_equal(synthetic.drawn(canvas, GREY, (joints, score / 10), NOWHERE), plain)
    assert np.array_equal(synthetic.drawn(canvas, GREY, NOWHERE, (joints, score / 10)), plain)
    assert not np.array_equal(synthetic.drawn(canvas, GREY, (joints, score), NOWHERE), plain)


def test_eyes_and_ears_are_small_and_never_hollow():
    canvas = Canvas((160, 120), COCO)
    areas = []
    for name in ("left_eye", "left_hip"):
        result = np.zeros((17, 2)), np.zeros(17)
        k = COCO.joints.index(name)
        result[0][k], result[1][k] = (80, 60), 1
        nowhere = np.zeros((17, 2)), np.zeros(17)
        areas.append(
            [
                (synthetic.drawn(canvas, GREY, *r) != 128).any(-1).sum()
                for r in ((result, nowhere), (nowhere, result))
            ]
        )
    assert 0 < areas[0][0] < areas[1][0] and areas[0][1] == 0 < areas[1][1]


def test_the_window_that_the_detector_saw_is_outlined():
    crop = Crop((80, 60), 2.0, (20, 20), 1, np.pi / 4)  # corners 28 px around its middle
    picture = synthetic.drawn(Canvas((160, 120), PENN), GREY, NOWHERE, NOWHERE, crop)
    rows, columns = np.nonzero((picture == 255).all(-1))
    assert abs(rows.min() - 4 * (60 - 28.3)) < 3 and abs(columns.max() - 4 * (80 + 28.3)) < 3
    assert len(rows) < 4 * 4 * 45
