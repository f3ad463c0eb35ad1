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


def exercise_1_1_turns_the_offset_round(w1, w2):
    return -w2, w1 / (2 * w2)


def exercise_1_1_puts_the_offset_first(w1, w2):
    return w1 / (-2 * w2), -w2


def exercise_1_1_multiplies(w1, w2):
    return -w2, 2 * w1 * -w2


def exercise_1_2_turns_only_x_round(elbow, stiffness, rest):
    return distance_transform_numpy(elbow, stiffness, np.array([-rest[0], rest[1]]))[0]


def exercise_1_2_swaps_the_stiffness(elbow, stiffness, rest):
    return distance_transform_numpy(elbow, stiffness[::-1], -rest)[0]


def exercise_1_2_hands_back_the_source(elbow, stiffness, rest):
    return distance_transform_numpy(elbow, stiffness, -rest)[1]


def exercise_1_3_forgets_the_root(feature, width, height):
    score = np.where(feature, 0.0, -np.inf)
    return -distance_transform_numpy(score, (width**2, height**2), (0, 0))[0]


def exercise_1_3_measures_to_the_false_cells(feature, width, height):
    score = np.where(feature, -np.inf, 0.0)
    return np.sqrt(-distance_transform_numpy(score, (width**2, height**2), (0, 0))[0])


def exercise_1_3_takes_square_pixels(feature, width, height):
    score = np.where(feature, 0.0, -np.inf)
    return width * np.sqrt(-distance_transform_numpy(score, (1, 1), (0, 0))[0])


def exercise_1_4_multiplies_by_the_height(row_first, column_then):
    H, W = column_then.shape
    return row_first[np.arange(H)[:, None], column_then] * H + column_then


def exercise_1_4_counts_down_columns(row_first, column_then):
    H, W = column_then.shape
    return column_then * H + row_first[np.arange(H)[:, None], column_then]


def exercise_1_4_gathers_the_receivers_column(row_first, column_then):
    H, W = column_then.shape
    return row_first * W + column_then[np.arange(H)[:, None], np.arange(W)]


def exercise_1_5_is_one_too_wide(score, stiffness):
    return int(np.sqrt((score.max() - score.min()) / stiffness)) + 1


def exercise_1_5_leaves_the_rim_out(score, stiffness):
    return max(int(np.ceil(np.sqrt((score.max() - score.min()) / stiffness))) - 1, 0)


def exercise_1_5_leaves_a_fraction(score, stiffness):
    return np.sqrt((score.max() - score.min()) / stiffness)


def exercise_1_5_clips_it_to_the_row(score, stiffness):
    return min(int(np.sqrt((score.max() - score.min()) / stiffness)), len(score) - 1)


def _pair(elbow, best, place):
    W = elbow.shape[1]
    return [(place_ % W, place_ // W) for place_ in (int(best), int(place))]


def exercise_1_6_takes_the_elbows_own_peak(elbow, message, source):
    best = elbow.argmax()
    return _pair(elbow, best, source.flat[best])


def exercise_1_6_takes_the_highest_message(elbow, message, source):
    best = message.argmax()
    return _pair(elbow, best, source.flat[best])


def exercise_1_6_puts_y_first(elbow, message, source):
    best = (elbow + message).argmax()
    return [place[::-1] for place in _pair(elbow, best, source.flat[best])]


def exercise_1_6_puts_the_wrist_first(elbow, message, source):
    best = (elbow + message).argmax()
    return _pair(elbow, best, source.flat[best])[::-1]


def exercise_1_6_names_the_elbow_twice(elbow, message, source):
    best = (elbow + message).argmax()
    return _pair(elbow, best, best)


def _hull(score, stiffness, square=True, strict=True, sides="both"):
    """The solution of exercise 1.7 with one step changed."""
    n = len(score)
    height = score - stiffness * np.arange(n) ** 2 if square else score
    found = np.ones(n, bool)
    for q in range(n):
        left = max([(height[v] - height[q]) / (q - v) for v in range(q)], default=-np.inf)
        right = min([(height[q] - height[v]) / (v - q) for v in range(q + 1, n)], default=np.inf)
        if sides == "neighbours":
            left = height[q - 1] - height[q] if q else -np.inf
            right = height[q] - height[q + 1] if q + 1 < n else np.inf
        found[q] = left < right if strict else left <= right
    return found


def exercise_1_7_forgets_the_square(score, stiffness):
    return _hull(score, stiffness, square=False)


def exercise_1_7_adds_the_square(score, stiffness):
    return _hull(score, -stiffness)


def exercise_1_7_keeps_what_touches_in_a_point(score, stiffness):
    return _hull(score, stiffness, strict=False)


def exercise_1_7_asks_the_neighbours_only(score, stiffness):
    return _hull(score, stiffness, sides="neighbours")


def exercise_1_7_asks_the_whole_places_only(score, stiffness):
    q, p = np.mgrid[: len(score), : len(score)]
    best = (score[:, None] - stiffness * (q - p) ** 2).argmax(0)
    return np.isin(np.arange(len(score)), best)
