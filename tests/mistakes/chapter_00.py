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


def exercise_0_1_means_the_frames_first(prediction, truth, size, alpha, visible):
    hits = (np.linalg.norm(prediction - truth, axis=-1) <= alpha * size[:, None]) & visible
    return (hits.sum(1) / visible.sum(1)).mean()


def exercise_0_1_asks_each_axis(prediction, truth, size, alpha, visible):
    limit = alpha * size[:, None, None]
    return (np.abs(prediction - truth) <= limit).all(-1)[visible].mean()


def exercise_0_2_takes_the_width(corners):
    return corners[:, 2] - corners[:, 0]


def exercise_0_2_takes_the_height(corners):
    return corners[:, 3] - corners[:, 1]


def exercise_0_2_counts_the_last_pixel(corners):
    return (corners[:, 2:] - corners[:, :2]).max(axis=1) + 1


def exercise_0_2_takes_the_smaller_side(corners):
    return (corners[:, 2:] - corners[:, :2]).min(axis=1)


def exercise_0_3_rounds_the_stride(g, cells, width):
    stride = width // cells
    return stride * g + (stride - 1) / 2


def exercise_0_3_spreads_the_cells_from_end_to_end(g, cells, width):
    return g * (width - 1) / (cells - 1)


def exercise_0_4_swaps_one_way_only(joints, width, pairs):
    flipped = np.stack([width - 1 - joints[..., 0], joints[..., 1]], -1)
    for left, right in pairs:
        flipped[:, left] = flipped[:, right]
    return flipped


def exercise_0_4_swaps_only_the_first_pair(joints, width, pairs):
    flipped = np.stack([width - 1 - joints[..., 0], joints[..., 1]], -1)
    left, right = pairs[0]
    flipped[:, [left, right]] = flipped[:, [right, left]]
    return flipped


def exercise_0_5_takes_a_group_without_rate_for_zero(hits, counted, groups):
    rates = np.where(counted > 0, hits / np.maximum(counted, 1), np.nan)
    by_group = [np.nanmean(rates[g]) if counted[g].any() else 0 for g in groups]
    return hits.sum() / counted.sum(), np.nanmean(rates), np.mean(by_group)


def _read(heatmap, stride, step=0.25, border=True, last=False, offset=0.5):
    """Read a map, with one step of the right answer changed."""
    flat = heatmap.size - 1 - heatmap[::-1, ::-1].argmax() if last else heatmap.argmax()
    y, x = np.unravel_index(flat, heatmap.shape)
    place = np.array([x, y], float)
    for axis, line, at in ((0, heatmap[y], x), (1, heatmap[:, x], y)):
        if not border:
            line, at = np.pad(line, 1), at + 1
        if 0 < at < len(line) - 1:
            place[axis] += step * np.sign(line[at + 1] - line[at - 1])
    return stride * place + offset * (stride - 1)


def exercise_0_6_goes_no_quarter(heatmap, stride):
    return _read(heatmap, stride, step=0)


def exercise_0_6_goes_to_the_lower_neighbour(heatmap, stride):
    return _read(heatmap, stride, step=-0.25)


def exercise_0_6_goes_half_a_cell(heatmap, stride):
    return _read(heatmap, stride, step=0.5)


def exercise_0_6_multiplies_by_the_stride(heatmap, stride):
    return _read(heatmap, stride, offset=0)


def exercise_0_6_takes_the_last_of_equals(heatmap, stride):
    return _read(heatmap, stride, last=True)


def exercise_0_6_moves_on_the_border(heatmap, stride):
    return _read(heatmap, stride, border=False)


def exercise_0_6_puts_y_first(heatmap, stride):
    return _read(heatmap, stride)[::-1]


def exercise_0_7_forgets_to_square(N, d, low, high):
    return int(np.ceil(N * (high - low) / 2 / abs(d) - 1e-9))


def exercise_0_7_takes_the_whole_width(N, d, low, high):
    return int(np.ceil(N * ((high - low) / abs(d)) ** 2 - 1e-9))


def exercise_0_7_rounds_down(N, d, low, high):
    return int(N * ((high - low) / 2 / abs(d)) ** 2 + 1e-9)


def exercise_0_7_forgets_the_sign(N, d, low, high):
    return int(np.ceil(N * max(0, (high - low) / 2 / d) ** 2 - 1e-9))


def exercise_0_7_adds_one(N, d, low, high):
    return int(N * ((high - low) / 2 / d) ** 2 + 1e-9) + 1


def exercise_0_7_leaves_a_fraction(N, d, low, high):
    return N * ((high - low) / 2 / d) ** 2


def exercise_0_3_counts_from_one(g, cells, width):
    stride = width / cells
    return stride * g + (stride + 1) / 2


def exercise_0_4_flips_upside_down(joints, width, pairs):
    flipped = np.stack([joints[..., 0], width - 1 - joints[..., 1]], -1)
    for left, right in pairs:
        flipped[:, [left, right]] = flipped[:, [right, left]]
    return flipped


def exercise_0_4_changes_what_was_given(joints, width, pairs):
    joints[..., 0] = width - 1 - joints[..., 0]
    for left, right in pairs:
        joints[:, [left, right]] = joints[:, [right, left]]
    return joints


def _means(hits, counted, groups):
    rates = np.where(counted > 0, hits / np.maximum(counted, 1), np.nan)
    by_group = [np.nanmean(rates[g]) for g in groups if counted[g].any()]
    return hits.sum() / counted.sum(), np.nanmean(rates), np.mean(by_group)


def exercise_0_5_swaps_the_macros(hits, counted, groups):
    micro, joint, group = _means(hits, counted, groups)
    return micro, group, joint


def exercise_0_5_takes_the_macro_for_micro(hits, counted, groups):
    _, joint, group = _means(hits, counted, groups)
    return joint, joint, group


def exercise_0_1_adds_the_truth(prediction, truth, size, alpha, visible):
    return (np.linalg.norm(prediction + truth, axis=-1) <= alpha * size[:, None])[visible].mean()


def exercise_0_5_needs_two_to_count(hits, counted, groups):
    return _means(np.where(counted > 1, hits, 0), np.where(counted > 1, counted, 0), groups)


def exercise_0_6_stops_two_cells_from_the_border(heatmap, stride):
    y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
    place = np.array([x, y], float)
    for axis, line, at in ((0, heatmap[y], x), (1, heatmap[:, x], y)):
        if 1 < at < len(line) - 2:
            place[axis] += 0.25 * np.sign(line[at + 1] - line[at - 1])
    return stride * place + (stride - 1) / 2
