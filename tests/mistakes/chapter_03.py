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
    return (
        sum(flow[first + i :: stride, first + j :: stride] for i in (0, 1) for j in (0, 1))
        / 4
        * stride
    )


def exercise_3_1_takes_the_mean_of_the_whole_cell(flow, stride):
    H, W = flow.shape[:2]
    return flow.reshape(H // stride, stride, W // stride, stride, 2).mean((1, 3)) / stride


def exercise_3_1_takes_two_of_the_four_pixels(flow, stride):
    first = stride // 2 - 1
    return (
        (flow[first::stride, first::stride] + flow[first + 1 :: stride, first + 1 :: stride])
        / 2
        / stride
    )


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


def exercise_3_4_changes_what_it_is_given(flow):
    flow[..., 0] *= -1
    return flow.flip(1)


def exercise_3_5_takes_the_lowest_value_that_arrives(score, flow, back):
    moved = warp(score, flow)
    return torch.where(inconsistent(flow, back), moved.min(), moved)


def exercise_3_5_forgets_the_tolerance(score, flow, back):
    return torch.where(chain(flow, back).square().sum(-1) > 0.5, score.min(), warp(score, flow))


def exercise_3_5_asks_the_other_frame(score, flow, back):
    return torch.where(inconsistent(back, flow), score.min(), warp(score, flow))


def exercise_3_5_keeps_everything(score, flow, back):
    return warp(score, flow)


def exercise_3_5_gives_zero(score, flow, back):
    return warp(score, flow) * ~inconsistent(flow, back)


def exercise_3_6_forgets_to_return(score, flow):
    torch.ones_like(flow)


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


def _arrivals(flow, rounded):
    H, W = flow.shape[:2]
    x, y = rounded(cells(H, W, flow) + flow).long().unbind(-1)
    on = (x >= 0) & (x < W) & (y >= 0) & (y < H)
    empty = torch.ones(H, W, dtype=torch.bool)
    empty[y[on], x[on]] = False
    return empty


def exercise_3_7_rounds_down(flow):
    return _arrivals(flow, torch.floor)


def exercise_3_7_says_where_cells_arrive(flow):
    return ~_arrivals(flow, torch.round)


def exercise_3_7_pulls(flow):
    return _arrivals(-flow, torch.round)


def exercise_3_7_lets_negative_places_count_from_the_end(flow):
    H, W = flow.shape[:2]
    x, y = (cells(H, W, flow) + flow).round().long().unbind(-1)
    on = (x >= -W) & (x < W) & (y >= -H) & (y < H)
    empty = torch.ones(H, W, dtype=torch.bool)
    empty[y[on], x[on]] = False
    return empty


def exercise_3_7_moves_what_leaves_the_map_to_its_border(flow):
    H, W = flow.shape[:2]
    x, y = (cells(H, W, flow) + flow).round().long().unbind(-1)
    empty = torch.ones(H, W, dtype=torch.bool)
    empty[y.clamp(0, H - 1), x.clamp(0, W - 1)] = False
    return empty
