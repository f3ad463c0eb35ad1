"""A round of messages on a CUDA device, in Triton: one launch for all messages, one for all their sums.

A sum takes the messages of its node in the order of the edges, without atomic additions, so that two runs
give the same bits. Nothing here waits for the device: edges are sorted where they are.
"""

import torch
import triton
from triton import language as tl

from ..distance_transform.triton import gradients, messages

BLOCK = 512  # cells of a map that one program adds up


@triton.jit(do_not_specialize=["N", "E", "cells"])
def _sums(
    message, order, begin, unary, own, share, score, N, E, cells, WEIGHTED: tl.constexpr, BLOCK: tl.constexpr
):
    """Node (axis 0 of the grid, over (B, N)), block of cells (axis 1)."""
    task = tl.program_id(0)
    b, i = (task // N).to(tl.int64), task % N
    cell = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    place, inside = task.to(tl.int64) * cells + cell, cell < cells
    total = tl.zeros((BLOCK,), score.dtype.element_ty)
    for k in range(tl.load(begin + i), tl.load(begin + i + 1)):
        total += tl.load(message + (b * E + tl.load(order + k)) * cells + cell, inside)
    if WEIGHTED:
        total = tl.load(own + i) * tl.load(unary + place, inside) + tl.load(share + i) * total
    tl.store(score + place, total, inside)


def sums(message, ends, count, *weighted):
    """For each of `count` nodes, the sum of the maps (B, E, H, W) that end there; ends (E,). (B, count, H, W)

    weighted: unary, own and share, as in `pass_messages`, or nothing.
    """
    B, E, H, W = message.shape
    ends, order = ends.sort(stable=True)
    begin = torch.searchsorted(ends, torch.arange(count + 1, device=ends.device))
    score = message.new_empty(B, count, H, W)
    unary, own, share = weighted or (message,) * 3
    with torch.cuda.device_of(message):
        _sums[B * count, triton.cdiv(H * W, BLOCK)](
            message, order, begin, unary, own, share, score, count, E, H * W, bool(weighted), BLOCK,
            enable_fp_fusion=False,
        )  # fmt: skip
    return score


def pass_round(unary, senders, edges, stiffness, rest, own, share, keep):
    """See rounds.py: score (B, N, H, W), and the arg-maxes (B, E, H, row_length(W)) in the order given."""
    message, column, row = messages(senders, edges[:, 0].contiguous(), stiffness, rest, keep)
    return sums(message, edges[:, 1], unary.shape[1], unary, own, share), column, row


def pass_round_backward(gradient, column, row, edges, stiffness, rest, share, M):
    """Gradients of the senders (B, M, H, W), the stiffness and the rest offsets (E, 2)."""
    shared = gradient * share[:, None, None]
    to_message, *to_springs = gradients(shared, edges[:, 1].contiguous(), column, row, stiffness, rest)
    return sums(to_message, edges[:, 0], M), *to_springs
