"""Right answers in other styles than the solutions of chapter 3; the checkers must accept each."""

import numpy as np
import torch

from tslib.warp import chain, inconsistent, warp


def exercise_3_1_as_lists(flow, stride):
    H, W = flow.shape[:2]
    first = stride // 2 - 1
    return [
        [
            (flow[y : y + 2, x : x + 2].mean((0, 1)) / stride).tolist()
            for x in range(first, W, stride)
        ]
        for y in range(first, H, stride)
    ]


def exercise_3_1_in_float32(flow, stride):
    first = stride // 2 - 1
    four = [flow[first + i :: stride, first + j :: stride] for i in (0, 1) for j in (0, 1)]
    return (sum(four) / (4 * stride)).astype(np.float32)


def exercise_3_1_as_a_tensor(flow, stride):
    H, W = flow.shape[:2]
    blocks = torch.from_numpy(flow).unflatten(0, (-1, stride)).unflatten(2, (-1, stride))
    middle = slice(stride // 2 - 1, stride // 2 + 1)
    return blocks[:, middle, :, middle].mean((1, 3)) / stride


def exercise_3_2_as_a_list_of_frames(maps, to_next, to_previous):
    return [warp(maps[t - 1], to_previous[t]) for t in range(1, len(maps))]


def exercise_3_2_as_an_array(maps, to_next, to_previous):
    return warp(maps[:-1], to_previous[1:, None]).numpy()


def exercise_3_2_joint_by_joint(maps, to_next, to_previous):
    joints = [warp(maps[:-1, k], to_previous[1:]) for k in range(maps.shape[1])]
    return torch.stack(joints).transpose(0, 1)


def exercise_3_3_by_recursion(to_next, to_previous, t, other):
    if t == other:
        return torch.zeros_like(to_next[0])
    flows, before = (to_next, other - 1) if other > t else (to_previous, other + 1)
    return chain(exercise_3_3_by_recursion(to_next, to_previous, t, before), flows[before])


def exercise_3_3_from_the_far_end(to_next, to_previous, t, other):
    if t == other:
        return torch.zeros_like(to_next[0])
    flows, after = (to_next, t + 1) if other > t else (to_previous, t - 1)
    return chain(flows[t], exercise_3_3_from_the_far_end(to_next, to_previous, after, other))


def exercise_3_3_by_following_each_arrow(to_next, to_previous, t, other):
    y, x = torch.meshgrid(*(torch.arange(n) for n in to_next.shape[1:3]), indexing="ij")
    home = torch.stack([x, y], -1)
    flow = torch.zeros_like(to_next[t])
    flows, step = (to_next, 1) if other > t else (to_previous, -1)
    for frame in range(t, other, step):
        arrows = [warp(flows[frame][..., axis], flow) for axis in (0, 1)]
        flow = home + flow + torch.stack(arrows, -1) - home
    return flow


def exercise_3_3_as_an_array(to_next, to_previous, t, other):
    return exercise_3_3_by_recursion(to_next, to_previous, t, other).numpy()


def exercise_3_4_as_a_flipped_view(flow):
    flipped = flow.numpy()[:, ::-1].copy()
    flipped[..., 0] *= -1
    return flipped[::-1][::-1]


def exercise_3_4_stacked(flow):
    return torch.stack([-flow[..., 0].flip(1), flow[..., 1].flip(1)], -1)


def exercise_3_4_as_lists(flow):
    return [[[-dx, dy] for dx, dy in row[::-1]] for row in flow.tolist()]


def exercise_3_5_in_place(score, flow, back):
    moved = warp(score, flow)
    moved[inconsistent(flow, back)] = score.min()
    return moved


def exercise_3_5_as_an_array(score, flow, back):
    mask = inconsistent(flow, back).numpy()
    return np.where(mask, score.numpy().min(), warp(score, flow).numpy())


def exercise_3_5_by_a_mask(score, flow, back):
    lost = inconsistent(flow, back)
    return warp(score, flow) * ~lost + score.min() * lost


def exercise_3_6_by_loops(score, flow):
    H, W = score.shape
    found = np.zeros((H, W, 2))
    for y, x in np.ndindex(H, W):
        px, py = x + float(flow[y, x, 0]), y + float(flow[y, x, 1])
        left, top = int(px), int(py)
        u, v = px - left, py - top
        s = score[top : top + 2, left : left + 2].numpy()
        found[y, x, 0] = (1 - v) * (s[0, 1] - s[0, 0]) + v * (s[1, 1] - s[1, 0])
        found[y, x, 1] = (1 - u) * (s[1, 0] - s[0, 0]) + u * (s[1, 1] - s[0, 1])
    return found


def exercise_3_6_by_two_reads(score, flow):
    right, down = score.diff(dim=1), score.diff(dim=0)
    H, W = score.shape
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    place = torch.stack([x, y], -1) + flow
    u, v = (place - place.floor()).unbind(-1)
    x, y = place.floor().long().unbind(-1)
    by_x = (1 - v) * right[y, x] + v * right[y + 1, x]
    by_y = (1 - u) * down[y, x] + u * down[y, x + 1]
    return torch.stack([by_x, by_y]).permute(1, 2, 0)


def exercise_3_6_as_a_list(score, flow):
    return list(exercise_3_6_by_two_reads(score, flow))


def exercise_3_7_by_a_loop(flow):
    H, W = flow.shape[:2]
    empty = np.ones((H, W), bool)
    for y, x in np.ndindex(H, W):
        column, row = round(x + float(flow[y, x, 0])), round(y + float(flow[y, x, 1]))
        if column in range(W) and row in range(H):
            empty[row, column] = False
    return empty


def exercise_3_7_by_counting(flow):
    H, W = flow.shape[:2]
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    x, y = (torch.stack([x, y], -1) + flow).round().long().unbind(-1)
    on = (x >= 0) & (x < W) & (y >= 0) & (y < H)
    return torch.bincount((y * W + x)[on], minlength=H * W).view(H, W) == 0


def exercise_3_7_as_lists(flow):
    return exercise_3_7_by_a_loop(flow).tolist()
