"""A round of messages on a CUDA device, in Triton: one launch for all messages, one for all their
sums.

A sum takes the messages of its node in the order of the edges, without atomic additions, so that
two runs give the same bits. Nothing here waits for the device, and little is launched: each node
asks all edges which of them end there, which costs less than to sort them.
"""

# mypy: allow-incomplete-defs
# Triton reads the annotations of kernels: there only compile-time constants may have one.

import torch
import triton
from torch import Tensor
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
    """Node (axis 0 of the grid, over (B, N)), block of cells (axis 1); ends lie `step` apart."""
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


def _sums_of(message, ends, count, *weighted):
    """For each of `count` nodes, the sum of the maps (B, E, H, W) that end there; ends (E,). (B,
    count, H, W)

    weighted: unary, own and share, as in `pass_messages`, or nothing.
    """
    B, E, H, W = message.shape
    score = message.new_empty(B, count, H, W)
    unary, own, share = weighted or (message,) * 3
    with torch.cuda.device_of(message):
        _sums[B * count, triton.cdiv(H * W, BLOCK)](
            message=message,
            ends=ends,
            step=ends.stride(0),
            unary=unary,
            own=own,
            share=share,
            score=score,
            N=count,
            E=E,
            cells=H * W,
            WEIGHTED=bool(weighted),
            BLOCK=BLOCK,
            enable_fp_fusion=False,
        )
    return score


def pass_round_triton(
    unary: Tensor,
    senders: Tensor,
    edges: Tensor,
    stiffness: Tensor,
    rest: Tensor,
    own: Tensor,
    share: Tensor,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """See rounds.py: score (B, N, H, W), and the arg-maxes (B, E, H, row_length(W))."""
    message, column, row = messages(senders, edges[:, 0].contiguous(), stiffness, rest, keep)
    return _sums_of(message, edges[:, 1], unary.shape[1], unary, own, share), column, row


def pass_round_backward_triton(
    shape: list[int],
    gradient: Tensor,
    column: Tensor,
    row: Tensor,
    edges: Tensor,
    stiffness: Tensor,
    rest: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the senders, whose shape is (B, M, H, W), the stiffness and the rest (E, 2).

    gradient (B, N, H, W), of the sums of messages.
    """
    receiver = edges[:, 1].contiguous()
    to_message, *to_springs = gradients(gradient, receiver, column, row, stiffness, rest)
    return _sums_of(to_message, edges[:, 0], shape[1]), *to_springs
