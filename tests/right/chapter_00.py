"""Right answers of other kinds than the solutions of chapter 0; the checkers must accept each."""

import math

import numpy as np
import torch


def exercise_0_1_as_loops(prediction, truth, size, alpha, visible):
    found = [
        math.dist(prediction[t, k], truth[t, k]) <= alpha * size[t]
        for t in range(len(truth))
        for k in range(truth.shape[1])
        if visible[t, k]
    ]
    return sum(found) / len(found)


def exercise_0_1_in_float32(prediction, truth, size, alpha, visible):
    off = np.float32(prediction) - np.float32(truth)
    hits = (off**2).sum(-1) <= (np.float32(alpha) * np.float32(size))[:, None] ** 2
    return np.float32(hits[visible].mean())


def exercise_0_1_in_torch(prediction, truth, size, alpha, visible):
    off = torch.from_numpy(prediction - truth).norm(dim=-1)
    return (
        (off <= alpha * torch.from_numpy(size)[:, None])[torch.from_numpy(visible)].double().mean()
    )


def exercise_0_2_as_lists(corners):
    return [max(x2 - x1, y2 - y1) for x1, y1, x2, y2 in corners]


def exercise_0_2_in_float32(corners):
    x1, y1, x2, y2 = np.float32(corners).T
    return np.maximum(x2 - x1, y2 - y1)


def exercise_0_2_in_torch(corners):
    x1, y1, x2, y2 = torch.from_numpy(corners).T
    return torch.maximum(x2 - x1, y2 - y1)


def exercise_0_3_by_the_edges(g, cells, width):
    return (g * width / cells + (g + 1) * width / cells) / 2 - 0.5


def exercise_0_3_as_an_array(g, cells, width):
    return np.float64(width / cells) * (g + np.array(0.5)) - 0.5


def exercise_0_3_in_torch(g, cells, width):
    return torch.tensor((g + 0.5) * width / cells - 0.5, dtype=torch.float64)


def exercise_0_4_by_an_index(joints, width, pairs):
    order = list(range(joints.shape[1]))
    for left, right in pairs:
        order[left], order[right] = right, left
    return (joints * [-1, 1] + [width - 1, 0])[:, order]


def exercise_0_4_as_lists(joints, width, pairs):
    other = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    return [
        [
            [width - 1 - frame[other.get(k, k)][0], frame[other.get(k, k)][1]]
            for k in range(len(frame))
        ]
        for frame in joints.tolist()
    ]


def exercise_0_4_not_contiguous(joints, width, pairs):
    x, y = np.moveaxis(joints, -1, 0).copy()
    for left, right in pairs:
        for part in (x, y):
            part[:, [left, right]] = part[:, [right, left]]
    return np.moveaxis(np.stack([width - 1 - x, y]), 0, -1)


def exercise_0_5_as_a_list(hits, counted, groups):
    rates = [h / n if n else None for h, n in zip(hits, counted, strict=True)]

    def mean(values):
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if known else None

    return [
        sum(hits) / sum(counted),
        mean(rates),
        mean([mean([rates[k] for k in g]) for g in groups]),
    ]


def exercise_0_5_in_float32(hits, counted, groups):
    rates = np.float32(hits) / np.where(counted, counted, np.nan).astype(np.float32)
    known = [g for g in groups if np.isfinite(rates[g]).any()]
    by_group = [np.nanmean(rates[g]) for g in known]
    return np.float32([hits.sum() / counted.sum(), np.nanmean(rates), np.mean(by_group)])


def exercise_0_5_masked(hits, counted, groups):
    rates = np.ma.masked_array(hits / np.maximum(counted, 1), counted == 0)
    by_group = np.ma.stack([rates[g].mean() for g in groups])
    return hits.sum() / counted.sum(), rates.mean(), by_group.mean()


def exercise_0_6_as_a_tuple(heatmap, stride):
    H, W = heatmap.shape
    y, x = divmod(int(heatmap.argmax()), W)
    dx = np.sign(heatmap[y, x + 1] - heatmap[y, x - 1]) / 4 if 0 < x < W - 1 else 0
    dy = np.sign(heatmap[y + 1, x] - heatmap[y - 1, x]) / 4 if 0 < y < H - 1 else 0
    return (x + dx + 0.5) * stride - 0.5, (y + dy + 0.5) * stride - 0.5


def exercise_0_6_by_padding(heatmap, stride):
    wide = np.pad(heatmap, 1, mode="reflect")  # both neighbours of a border cell are then the same
    y, x = np.argwhere(heatmap == heatmap.max())[0]
    step = [
        np.sign(wide[y + 1, x + 2] - wide[y + 1, x]),
        np.sign(wide[y + 2, x + 1] - wide[y, x + 1]),
    ]
    return stride * (np.array([x, y]) + np.array(step) / 4) + (stride - 1) / 2


def exercise_0_6_in_torch(heatmap, stride):
    values = torch.from_numpy(heatmap).float()
    (y, x), (H, W) = np.unravel_index(int(values.argmax()), values.shape), values.shape
    place = torch.tensor([x, y], dtype=torch.float32)
    if 0 < x < W - 1:
        place[0] += 0.25 * torch.sign(values[y, x + 1] - values[y, x - 1])
    if 0 < y < H - 1:
        place[1] += 0.25 * torch.sign(values[y + 1, x] - values[y - 1, x])
    return stride * place + (stride - 1) / 2


def exercise_0_7_by_trying(N, d, low, high):
    n = 1
    while (high - low) / 2 * math.sqrt(N / n) > abs(d) + 1e-9:
        n += 1
    return n


def exercise_0_7_as_a_float(N, d, low, high):
    return np.ceil(round(N * (high - low) ** 2 / (4 * d * d), 9))


def exercise_0_7_exactly(N, d, low, high):
    from fractions import Fraction as F

    return math.ceil(N * ((F(str(high)) - F(str(low))) / 2 / F(str(d))) ** 2)
