"""Checkers of chapter 3: each takes the reader's function and says, in one line, whether it is
right.
"""

import numpy as np
import torch

from tslib.warp import chain, inconsistent, warp

from . import exercise
from .tensors import unlike


def _random(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@exercise("3.1")
def exercise_3_1(flow_of_cells):
    for stride, (H, W) in ((4, (12, 20)), (8, (16, 8)), (2, (6, 4))):
        y, x = np.mgrid[:H, :W]
        flow = np.stack([80 + 0.5 * x - y, 2.0 * y + x], -1)
        gy, gx = np.mgrid[: H // stride, : W // stride] * stride + (stride - 1) / 2
        right = torch.from_numpy(np.stack([80 + 0.5 * gx - gy, 2.0 * gy + gx], -1) / stride)
        given = f"the flow (80 + x / 2 - y, 2 y + x) on {H} x {W} px and stride {stride}"
        if wrong := unlike(flow_of_cells(flow.copy(), stride), right, given):
            return wrong
        first = stride // 2 - 1
        flow = _random(H, W, 2).numpy()  # a mean over other pixels is another one
        blocks = flow.reshape(H // stride, stride, W // stride, stride, 2)
        four = blocks[:, first : first + 2, :, first : first + 2]
        right = torch.from_numpy(four.mean((1, 3)) / stride)
        given = f"a random flow on {H} x {W} px and stride {stride}"
        if wrong := unlike(flow_of_cells(flow.copy(), stride), right, given):
            return wrong


@exercise("3.2")
def exercise_3_2(from_before):
    maps = _random(4, 2, 6, 7)
    to_next, to_previous = 2 * _random(4, 6, 7, 2, seed=1), 2 * _random(4, 6, 7, 2, seed=2)
    to_next[-1], to_previous[0] = 0, 0
    right = torch.stack([warp(maps[t - 1], to_previous[t]) for t in range(1, 4)])
    answer = from_before(maps.clone(), to_next.clone(), to_previous.clone())
    return unlike(answer, right, "a random slice of 4 frames with 2 joints")


@exercise("3.3")
def exercise_3_3(flow_over):
    to_next, to_previous = 2 * _random(5, 6, 7, 2, seed=1), 2 * _random(5, 6, 7, 2, seed=2)
    for t, u in ((1, 2), (0, 2), (1, 4), (3, 2), (4, 2), (2, 2)):
        flows = to_next[t:u] if u > t else to_previous[u + 1 : t + 1].flip(0)
        right = from_the_end = torch.zeros(6, 7, 2, dtype=torch.float64)
        for flow in flows:
            right = chain(right, flow)
        # Both are Eq. 3.8; between cells they differ.
        for flow in flows.flip(0):
            from_the_end = chain(flow, from_the_end)
        answer = flow_over(to_next.clone(), to_previous.clone(), t, u)
        given = f"random flows, from frame {t} to frame {u}"
        if (wrong := unlike(answer, right, given)) and unlike(answer, from_the_end, given):
            return wrong


@exercise("3.4")
def exercise_3_4(mirror_flow):
    flow = _random(5, 8, 2)
    right = torch.stack([-flow[..., 0].flip(1), flow[..., 1].flip(1)], -1)
    given = flow.clone()
    answer = mirror_flow(given)
    if not given.equal(flow):
        return "Your function changes the flow that it takes; let it return a new one."
    return unlike(answer, right, "a random flow")


@exercise("3.5")
def exercise_3_5(warp_seen):
    score, (flow, back) = _random(9, 12), torch.zeros(2, 9, 12, 2, dtype=torch.float64)
    flow[3:6, 2:5, 0], back[3:6, 5:8, 0] = 3, -3  # a square that moves three cells to the right
    score[4, 3] = -9  # where the square was, and nobody reads
    flow[0, 0, 0], back[0, 10, 0] = 10, -9.2  # a long way there, and home within the tolerance
    right = torch.where(inconsistent(flow, back), score.min(), warp(score, flow))
    given = (
        "a random map, a square of 3 cells that moves by 3, and a cell that moves by 10 "
        "and back by 9.2"
    )
    return unlike(warp_seen(score.clone(), flow.clone(), back.clone()), right, given)


@exercise("3.6")
def exercise_3_6(slope):
    for seed in range(3):
        score = _random(6, 9, seed=seed)
        y, x = torch.meshgrid(torch.arange(6), torch.arange(9), indexing="ij")
        place = torch.rand(
            6, 9, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
        )
        place = place * torch.tensor([7.8, 4.8]) + 0.1
        flow = (place - torch.stack([x, y], -1)).requires_grad_()
        (right,) = torch.autograd.grad(warp(score, flow).sum(), flow)
        answer = slope(score.clone(), flow.detach().clone())
        if wrong := unlike(answer, right, "a random map of 6 x 9 cells"):
            return wrong


@exercise("3.7")
def exercise_3_7(holes):
    for seed in range(3):
        H, W = 6, 9
        flow = 3 * _random(H, W, 2, seed=seed)
        right = torch.ones(H, W)  # 1 where there is a hole
        for y in range(H):
            for x in range(W):
                dx, dy = flow[y, x].tolist()
                column, row = round(x + dx), round(y + dy)
                if 0 <= column < W and 0 <= row < H:
                    right[row, column] = 0
        if wrong := unlike(holes(flow.clone()), right, f"a random flow of {H} x {W} cells"):
            return wrong
