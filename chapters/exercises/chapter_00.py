"""Checkers of chapter 0: each takes the reader's function and says, in one line, whether it is
right.
"""

import numpy as np

from tslib.metrics import means, tally
from tslib.skeletons import SKELETONS

from . import exercise


@exercise("0.1")
def exercise_0_1(pck_of_clip):
    truth = np.zeros((2, 3, 2))
    prediction = np.array([[[3.0, 4], [6, 0], [99, 0]], [[0, 5], [0, 10], [30, 40]]])
    size, visible = np.array([25.0, 50.0]), np.array([[True, True, False], [True, True, True]])
    answer = pck_of_clip(prediction, truth, size, 0.2, visible)
    if np.shape(answer) != ():
        return f"It must be one number, yours has shape {np.shape(answer)}."
    if not np.isclose(answer, 0.6):
        given = (
            "Errors of 5, 6 px and a hidden joint (limit 5 px), then of 5, 10, 50 px (limit 10 px)"
        )
        return f"{given}: 3 of 5 are right, 0.6, yours says {answer}."


@exercise("0.2")
def exercise_0_2(size_of_box):
    corners = np.array([[10.0, 20.0, 40.0, 120.0], [300.0, 5.0, 420.0, 65.0]])
    answer = np.asarray(size_of_box(corners.copy()))
    if answer.shape != (2,) or not np.allclose(answer, (100, 120)):
        return (
            f"For corners {corners.tolist()} the sizes are [100, 120], yours are {answer.tolist()}."
        )


@exercise("0.3")
def exercise_0_3(middle_of_cell):
    cases = (
        (0, 46, 368, 3.5),
        (20, 46, 368, 163.5),
        (2, 24, 96, 9.5),
        (5, 64, 64, 5.0),
        (10, 48, 100, 21.375),
    )
    for g, cells, width, right in cases:
        answer = middle_of_cell(g, cells, width)
        if not np.isclose(answer, right):
            return (
                f"Cell {g} of {cells} over {width} px has its middle at {right}, yours says "
                f"{answer}."
            )


@exercise("0.4")
def exercise_0_4(mirror):
    joints = np.array([[[0.0, 1.0], [10.0, 2.0], [20.0, 3.0]]])
    right = np.array([[[99.0, 1.0], [79.0, 3.0], [89.0, 2.0]]])
    given = joints.copy()
    answer = np.asarray(mirror(given, 100, [(1, 2)]))
    if not np.array_equal(given, joints):
        return "The joints that were given must stay as they are; return new ones."
    if answer.shape != right.shape or not np.allclose(answer, right):
        task = "joints [[[0, 1], [10, 2], [20, 3]]], the last two a pair, in 100 px"
        return f"For {task} it is {right.tolist()}, yours is {answer.tolist()}."


@exercise("0.5")
def exercise_0_5(three_means):
    skeleton, rng = SKELETONS["penn13"], np.random.default_rng(5)
    truth, visible = (
        rng.uniform(0, 100, (20, 13, 2)),
        rng.random((20, 13)) < np.linspace(0.2, 1, 13),
    )
    visible[:, 4] = False  # a joint that is never seen
    counts = tally(truth + rng.normal(scale=10, size=truth.shape), truth, 60, 0.2, visible)
    right = np.array(list(means(counts, skeleton).values()))
    answer = np.asarray(
        three_means(counts[0].copy(), counts[1].copy(), list(skeleton.groups.values()))
    )
    if answer.shape != (3,) or not np.allclose(answer, right):
        given = f"For hits {counts[0].tolist()} of {counts[1].tolist()}"
        groups = list(skeleton.groups.values())
        return (
            f"{given} and groups {groups} they are {right.round(4).tolist()}, yours are {answer}."
        )
