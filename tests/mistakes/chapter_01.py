"""Wrong answers that a reader is likely to give in chapter 1; the checkers must reject each."""

import numpy as np

from tslib.distance_transform import distance_transform_numpy


def exercise_1_1_forgets_the_sign(w1, w2):
    return w2, w1 / (2 * w2)


def exercise_1_1_forgets_the_half(w1, w2):
    return -w2, w1 / -w2


def exercise_1_2_same_offset_both_ways(elbow, stiffness, rest):
    return distance_transform_numpy(elbow, stiffness, rest)[0]


def exercise_1_2_swaps_the_axes(elbow, stiffness, rest):
    return distance_transform_numpy(elbow, stiffness, -np.asarray(rest)[::-1])[0]


def exercise_1_3_forgets_to_square(feature, width, height):
    return np.sqrt(
        -distance_transform_numpy(np.where(feature, 0, -np.inf), (width, height), (0, 0))[0]
    )


def exercise_1_3_takes_y_first(feature, width, height):
    return np.sqrt(
        -distance_transform_numpy(np.where(feature, 0, -np.inf), (height**2, width**2), (0, 0))[0]
    )


def exercise_1_3_masks_with_zero(feature, width, height):
    score = np.where(feature, 0.0, -1.0)
    return np.sqrt(-distance_transform_numpy(score, (width**2, height**2), (0, 0))[0])


def exercise_1_4_pairs_them(row_first, column_then):
    return row_first * row_first.shape[1] + column_then


def exercise_1_4_composes_the_other_pass(row_first, column_then):
    H, W = row_first.shape
    return row_first * W + column_then[row_first, np.arange(W)]


def exercise_1_5_forgets_the_root(score, stiffness):
    return int((score.max() - score.min()) / stiffness)


def exercise_1_5_rounds_up(score, stiffness):
    return int(np.ceil(np.sqrt((score.max() - score.min()) / stiffness))) + 1


def exercise_1_5_forgets_the_lowest(score, stiffness):
    return int(np.sqrt(max(score.max(), 0) / stiffness))
