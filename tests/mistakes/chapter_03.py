"""Wrong answers that a reader is likely to give in chapter 3; the checkers must reject each."""

import torch

from tslib.warp import cells, chain, corners, inconsistent, warp


def exercise_3_1_keeps_the_values(flow, stride):
    first = stride // 2 - 1
    return sum(flow[first + i :: stride, first + j :: stride] for i in (0, 1) for j in (0, 1)) / 4


def exercise_3_1_takes_the_first_pixel(flow, stride):
    return flow[::stride, ::stride] / stride


def exercise_3_1_multiplies(flow, stride):
    first = stride // 2 - 1
    return sum(flow[first + i :: stride, first + j :: stride] for i in (0, 1) for j in (0, 1)) / 4 * stride


def exercise_3_2_takes_the_flow_of_the_frame_that_is_asked(maps, to_next, to_previous):
    return warp(maps[:-1], to_next[:-1, None])


def exercise_3_2_goes_against_the_flow(maps, to_next, to_previous):
    return warp(maps[:-1], -to_previous[1:, None])


def exercise_3_2_carries_from_the_frame_after(maps, to_next, to_previous):
    return warp(maps[1:], to_next[:-1, None])


def exercise_3_3_adds(to_next, to_previous, t, u):
    return to_next[t:u].sum(0) if u > t else to_previous[u + 1 : t + 1].sum(0)


def exercise_3_3_chains_the_wrong_way_round(to_next, to_previous, t, u):
    flow = torch.zeros_like(to_next[0])
    for frame in range(t, u, 1 if u > t else -1):
        flow = chain((to_next if u > t else to_previous)[frame], flow)
    return flow


def exercise_3_3_negates_to_go_back(to_next, to_previous, t, u):
    flow = torch.zeros_like(to_next[0])
    for frame in range(min(t, u), max(t, u)):
        flow = chain(flow, to_next[frame])
    return flow if u > t else -flow


def exercise_3_4_moves_only(flow):
    return flow.flip(1)


def exercise_3_4_negates_only(flow):
    return flow * flow.new_tensor([-1, 1])


def exercise_3_4_negates_both(flow):
    return -flow.flip(1)


def exercise_3_5_asks_the_other_frame(score, flow, back):
    return torch.where(inconsistent(back, flow), score.min(), warp(score, flow))


def exercise_3_5_keeps_everything(score, flow, back):
    return warp(score, flow)


def exercise_3_5_gives_zero(score, flow, back):
    return warp(score, flow) * ~inconsistent(flow, back)


def _four(score, flow):
    H, W = score.shape
    flat, u, v = corners(cells(H, W, flow) + flow, H, W)
    return *(score.flatten()[i] for i in flat), u, v


def exercise_3_6_forgets_the_lower_row(score, flow):
    a, b, c, d, u, v = _four(score, flow)
    return torch.stack([b - a, c - a], -1)


def exercise_3_6_swaps_the_shares(score, flow):
    a, b, c, d, u, v = _four(score, flow)
    by_x, by_y = (1 - u) * (b - a) + u * (d - c), (1 - v) * (c - a) + v * (d - b)
    return torch.stack([by_x, by_y], -1)


def exercise_3_6_puts_rows_first(score, flow):
    a, b, c, d, u, v = _four(score, flow)
    by_x, by_y = (1 - v) * (b - a) + v * (d - c), (1 - u) * (c - a) + u * (d - b)
    return torch.stack([by_y, by_x], -1)
