"""Checkers of chapter 0: each takes the reader's function and says, in one line, whether it is
right.
"""

import numpy as np

from tslib.heatmaps import decode, to_pixels
from tslib.metrics import means, tally
from tslib.skeletons import SKELETONS

from . import exercise


@exercise("0.1")
def exercise_0_1(pck_of_clip):
    truth = np.array([[[40.0, 20], [7, 90], [60, 30]], [[41, 22], [9, 88], [55, 35]]])
    prediction = truth + np.array([[[3.0, 4], [6, 0], [99, 0]], [[0, 5], [0, 10], [8, 8]]])
    size, visible = np.array([25.0, 50.0]), np.array([[True, True, False], [True, True, True]])
    answer = pck_of_clip(prediction, truth, size, 0.2, visible)
    if np.shape(answer) != ():
        return f"It must be one number, yours has shape {np.shape(answer)}."
    if not np.isclose(answer, 0.6):
        given = (
            "Errors of 5, 6 px and a hidden joint (limit 5 px), then of 5, 10 px and of 8 px each "
            "way (limit 10 px)"
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
    joints = np.array([[[0.0, 1], [10, 2], [20, 3], [30, 4], [40, 5]]])
    joints = np.concatenate([joints, joints + [5, 0.5]])
    right = np.array([[[99.0, 1], [69, 4], [59, 5], [89, 2], [79, 3]]])
    right = np.concatenate([right, right + [-5, 0.5]])
    given = joints.copy()
    answer = np.asarray(mirror(given, 100, [(1, 3), (2, 4)]))
    if not np.array_equal(given, joints):
        return "The joints that were given must stay as they are; return new ones."
    if answer.shape != right.shape:
        return f"The joints must have shape {right.shape}, yours have {answer.shape}."
    if not np.allclose(answer, right):
        task = "x from 0 to 40 in steps of 10, the pairs (1, 3) and (2, 4), in 100 px"
        return (
            f"For joints with {task} x becomes {right[0, :, 0].tolist()}, yours "
            f"{answer[0, :, 0].tolist()}; y goes with its joint, in every frame."
        )


@exercise("0.5")
def exercise_0_5(three_means):
    skeleton, rng = SKELETONS["penn13"], np.random.default_rng(5)
    truth, visible = (
        rng.uniform(0, 100, (20, 13, 2)),
        rng.random((20, 13)) < np.linspace(0.2, 1, 13),
    )
    visible[1:, 3], visible[0, 3] = False, True  # and one that is seen once
    groups = list(skeleton.groups.values())
    for unseen in ([4], [0, 4]):  # joint 0, the head, is a group of its own
        visible[:, unseen] = False
        counts = tally(truth + rng.normal(scale=10, size=truth.shape), truth, 60, 0.2, visible)
        right = np.array(list(means(counts, skeleton).values()))
        answer = np.asarray(three_means(counts[0].copy(), counts[1].copy(), groups), float)
        if answer.shape != (3,):
            return f"It must be three numbers, yours has shape {answer.shape}."
        if not np.allclose(answer, right):
            given = f"For hits {counts[0].tolist()} of {counts[1].tolist()}"
            return (
                f"{given} and groups {groups} they are {right.round(4).tolist()}, yours are "
                f"{answer.round(4).tolist()}."
            )


@exercise("0.6")
def exercise_0_6(joint_of_map):
    rng = np.random.default_rng(6)
    around = np.array([[0.1, 0.4, 0.2], [0.3, 0.9, 0.5], [0.2, 0.6, 0.1]])
    inside, corner, tied = np.zeros((5, 8)), np.zeros((5, 8)), np.zeros((6, 4))
    inside[1:4, 4:7] = around
    corner[3:5, 6:8] = around[:2, :2]
    tied[[1, 3], [2, 1]] = 0.7
    cases = [
        ("its peak at the cell (5, 2), higher to the right and below", inside, 8),
        ("its peak in the border row y = 4, higher to the left", corner, 8),
        ("two equal peaks, the first at the cell (2, 1), and equal neighbours", tied, 4),
    ]
    cases += [("random values", rng.random((4, 5)), stride) for stride in (2, 4) for _ in range(20)]
    for kind, heatmap, stride in cases:
        right = to_pixels(decode(heatmap)[0], stride)
        answer = np.asarray(joint_of_map(heatmap.copy(), stride), float)
        if answer.shape != (2,):
            return f"It must be one place (x, y), yours has shape {answer.shape}."
        if not np.allclose(answer, right):
            return (
                f"On a map with {kind}, stride {stride}, the joint is at {right.tolist()} px, "
                f"yours is at {answer.tolist()}."
            )


@exercise("0.7")
def exercise_0_7(clips_needed):
    cases = ((10, 2.0, -2.0, 6.0, 40), (60, 1.5, -0.75, 3.75, 135), (100, -1.0, -2.0, 0.0, 100))
    cases += ((50, -2.0, -5.0, 1.0, 113), (80, 3.0, 2.0, 4.0, 9), (30, 0.5, -0.6, 1.6, 146))
    for N, d, low, high, right in cases:
        answer = clips_needed(N, d, low, high)
        if np.shape(answer) != () or answer != right:
            return (
                f"{N} clips with the difference {d}, interval {low} to {high}: it takes {right} "
                f"clips, yours says {answer}."
            )
