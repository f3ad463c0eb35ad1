"""Wrong answers that a reader is likely to give in chapter 0; the checkers must reject each."""

import numpy as np


def exercise_0_1_leaves_the_limit_out(prediction, truth, size, alpha, visible):
    return (np.linalg.norm(prediction - truth, axis=-1) < alpha * size[:, None])[visible].mean()


def exercise_0_1_counts_what_is_hidden(prediction, truth, size, alpha, visible):
    return (np.linalg.norm(prediction - truth, axis=-1) <= alpha * size[:, None]).mean()


def exercise_0_1_takes_one_size_for_all(prediction, truth, size, alpha, visible):
    return (np.linalg.norm(prediction - truth, axis=-1) <= alpha * size[-1])[visible].mean()


def exercise_0_2_takes_corners_for_sides(corners):
    return corners[:, 2:].max(axis=1)


def exercise_0_3_forgets_half_a_cell(g, cells, width):
    return width / cells * g


def exercise_0_3_takes_half_a_stride(g, cells, width):
    return width / cells * (g + 0.5)


def exercise_0_4_keeps_the_names(joints, width, pairs):
    return np.stack([width - 1 - joints[..., 0], joints[..., 1]], -1)


def exercise_0_4_is_a_pixel_off(joints, width, pairs):
    flipped = np.stack([width - joints[..., 0], joints[..., 1]], -1)
    for left, right in pairs:
        flipped[:, [left, right]] = flipped[:, [right, left]]
    return flipped


def exercise_0_5_pools_the_groups(hits, counted, groups):
    rates = hits / np.maximum(counted, 1)
    pooled = [hits[g].sum() / counted[g].sum() for g in groups]
    return hits.sum() / counted.sum(), rates.mean(), np.mean(pooled)


def exercise_0_5_takes_no_rate_for_zero(hits, counted, groups):
    rates = hits / np.maximum(counted, 1)
    return hits.sum() / counted.sum(), rates.mean(), np.mean([rates[g].mean() for g in groups])
