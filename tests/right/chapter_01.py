"""Right answers of other kinds than the solutions of chapter 1; the checkers must accept each."""

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt

from tslib.distance_transform import distance_transform, distance_transform_numpy


def exercise_1_1_as_a_list(w1, w2):
    return [abs(w2), -w1 / w2 / 2]


def exercise_1_1_as_an_array(w1, w2):
    return np.float32([-w2, -w1 / (2 * w2)])


def exercise_1_1_in_torch(w1, w2):
    return torch.tensor([-w2, -w1 / (2 * w2)], dtype=torch.float64)


def exercise_1_2_in_torch(elbow, stiffness, rest):
    return distance_transform(*map(torch.from_numpy, (elbow, stiffness, -rest)))


def exercise_1_2_by_turning_the_map(elbow, stiffness, rest):
    return distance_transform_numpy(elbow[::-1, ::-1].copy(), stiffness, rest)[0][::-1, ::-1]


def exercise_1_2_by_definition(elbow, stiffness, rest):
    Y, X = np.indices(elbow.shape)
    message = np.empty(elbow.shape)
    for y, x in np.ndindex(elbow.shape):
        price = stiffness[0] * (x - X - rest[0]) ** 2 + stiffness[1] * (y - Y - rest[1]) ** 2
        message[y, x] = (elbow - price).max()
    return message.tolist()


def exercise_1_3_by_scipy(feature, width, height):
    return distance_transform_edt(np.logical_not(feature), sampling=[height, width])


def exercise_1_3_by_definition(feature, width, height):
    y, x = np.nonzero(feature)
    Y, X = np.indices(feature.shape)
    far = np.hypot((X[..., None] - x) * width, (Y[..., None] - y) * height)
    return far.min(-1).tolist()


def exercise_1_3_in_float32(feature, width, height):
    score = torch.zeros(feature.shape).masked_fill(torch.from_numpy(~feature), -torch.inf)
    message = distance_transform(score, torch.tensor([width**2, height**2]).float(), torch.zeros(2))
    return (-message).sqrt()


def exercise_1_4_as_loops(row_first, column_then):
    H, W = column_then.shape
    return [
        [row_first[y, column_then[y, x]] * W + column_then[y, x] for x in range(W)]
        for y in range(H)
    ]


def exercise_1_4_by_take_along_axis(row_first, column_then):
    row = np.take_along_axis(row_first, column_then, axis=1)
    return np.ravel_multi_index((row, column_then), column_then.shape)


def exercise_1_4_in_torch(row_first, column_then):
    row, column = torch.from_numpy(row_first), torch.from_numpy(column_then)
    return row.gather(1, column) * column.shape[1] + column


def exercise_1_5_as_a_float(score, stiffness):
    return ((max(score) - min(score)) / stiffness) ** 0.5 // 1


def exercise_1_5_by_trying(score, stiffness):
    R = 0
    while stiffness * (R + 1) ** 2 <= np.ptp(score) + 1e-12:
        R += 1
    return R


def exercise_1_5_in_torch(score, stiffness):
    score = torch.from_numpy(score)
    return ((score.max() - score.min()) / stiffness).sqrt().floor().long()


def exercise_1_6_as_an_array(elbow, message, source):
    y, x = np.unravel_index(np.argmax(elbow + message), elbow.shape)
    wrist_y, wrist_x = np.divmod(source[y, x], elbow.shape[1])
    return np.array([[x, y], [wrist_x, wrist_y]])


def exercise_1_6_in_torch(elbow, message, source):
    both = torch.from_numpy(elbow + message)
    best = both.flatten().argmax()
    flat = torch.stack([best, torch.from_numpy(source).flatten()[best]])
    return torch.stack([flat % both.shape[1], flat // both.shape[1]], -1)


def exercise_1_6_as_floats(elbow, message, source):
    best = max(np.ndindex(elbow.shape), key=lambda yx: elbow[yx] + message[yx])
    wrist = divmod(int(source[best]), elbow.shape[1])
    return (tuple(map(float, best[::-1])), tuple(map(float, wrist[::-1])))


def exercise_1_7_by_a_hull(score, stiffness):
    points = [(q, s - stiffness * q * q) for q, s in enumerate(score)]
    kept = []
    for x, y in points:
        while len(kept) > 1:
            (x0, y0), (x1, y1) = kept[-2:]
            if (y1 - y0) * (x - x1) > (y - y1) * (x1 - x0):
                break
            kept.pop()
        kept.append((x, y))
    corners = {x for x, _ in kept}
    return [q in corners for q in range(len(score))]


def exercise_1_7_as_numbers(score, stiffness):
    n, q = len(score), np.arange(len(score))
    height = score - stiffness * q**2
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (height[:, None] - height) / (q[:, None] - q)  # (q, v)
    left = np.where(q < q[:, None], -slope, -np.inf).max(1)
    right = np.where(q > q[:, None], -slope, np.inf).min(1)
    return np.where(left < right, 1, 0) if n > 1 else np.ones(n, int)


def exercise_1_7_in_torch(score, stiffness):
    z = torch.linspace(-150, 150, 300_001, dtype=torch.float64)
    best = torch.full_like(z, -torch.inf)
    winner = torch.zeros(len(z), dtype=torch.long)
    for q, s in enumerate(score):
        offer = s - stiffness * (q - z) ** 2
        better = offer > best + 1e-9
        best = torch.where(better, offer, best)
        winner = torch.where(better, torch.tensor(q), winner)
    return torch.isin(torch.arange(len(score)), winner)
