"""A round of messages on a CUDA device, in Triton: one launch for all messages, one for all their
sums.

A sum takes the messages of its node in the order of the edges, without atomic additions, so that
two runs give the same bits. Nothing here waits for the device, and little is launched: each node
asks all edges which of them end there, which costs less than to sort them.
"""

import torch
import triton
from triton import language as tl

from .transform_triton import gradients, messages

BLOCK = 512  # cells of a map that one program adds up


@triton.jit(do_not_specialize=["step", "N", "E", "cells"])
def _sums(
    message,
    ends,
    step,
    unary,
    own,
    share,
    score,
    N,
    E,
    cells,
    WEIGHTED: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Node (axis 0 of the grid, over (B, N)), block of cells (axis 1); the ends lie `step` apart."""
    task = tl.program_id(0)
    b, i = (task // N).to(tl.int64), task % N
    cell = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    place, inside = task.to(tl.int64) * cells + cell, cell < cells
    total = tl.zeros((BLOCK,), score.dtype.element_ty)
    for e in range(E):
        if tl.load(ends + e * step) == i:
            total += tl.load(message + (b * E + e) * cells + cell, inside)
    if WEIGHTED:
        total = tl.load(own + i) * tl.load(unary + place, inside) + tl.load(share + i) * total
    tl.store(score + place, total, inside)


def sums(message, ends, count, *weighted):
    """For each of `count` nodes, the sum of the maps (B, E, H, W) that end there; ends (E,). (B,
    count, H, W)

    weighted: unary, own and share, as in `pass_messages`, or nothing.
    """
    B, E, H, W = message.shape
    score = message.new_empty(B, count, H, W)
    unary, own, share = weighted or (message,) * 3
    with torch.cuda.device_of(message):
        _sums[B * count, triton.cdiv(H * W, BLOCK)](
            message,
            ends,
            ends.stride(0),
            unary,
            own,
            share,
            score,
            count,
            E,
            H * W,
            bool(weighted),
            BLOCK,
            enable_fp_fusion=False,
        )
    return score


def pass_round(unary, senders, edges, stiffness, rest, own, share, keep):
    """See rounds.py: score (B, N, H, W), and the arg-maxes (B, E, H, row_length(W)) in the order
    given.
    """
    message, column, row = messages(senders, edges[:, 0].contiguous(), stiffness, rest, keep)
    return sums(message, edges[:, 1], unary.shape[1], unary, own, share), column, row


def pass_round_backward(gradient, column, row, edges, stiffness, rest, own, share, M):
    """Gradients of the unaries (B, N, H, W), the senders (B, M, H, W), the stiffness and the rest
    (E, 2).
    """
    to_unary, shared = (gradient * weight[:, None, None] for weight in (own, share))
    to_message, *to_springs = gradients(
        shared, edges[:, 1].contiguous(), column, row, stiffness, rest
    )
    return to_unary, sums(to_message, edges[:, 0], M), *to_springs
