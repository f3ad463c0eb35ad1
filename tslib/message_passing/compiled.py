"""A round of messages on a CPU, compiled by numba: no message is ever written to memory."""

import numpy as np
import torch

from ..distance_transform.compiled import buffers, cells, compiled, scatter_map, spread, transform_map, wide
from ..distance_transform.layout import index_type, row_length


@compiled()
def gather(
    first, last, unary, senders, sender, begin, stiffness, rest, own, share, rounding, score, column, row
):  # fmt: skip
    """Scores of receivers first..last, counted over (B, N). Edges are in the order of their receivers.

    unary, score (B, N, H, W); senders (B, M, H, W); sender (E,); begin (N + 1,), where each receiver's edges
    begin; stiffness, rest (E, 2); own, share (N,); column, row (B, E, H, wide(W)), or without any E.
    """
    _, N, H, W = unary.shape
    room, width = buffers(H, W, unary), wide(W)
    message, total = np.empty(H * width, unary.dtype), np.empty(H * width, unary.dtype)
    no_column, no_row = np.empty(H * width, column.dtype), np.empty(H * width, row.dtype)
    for task in range(first, last):
        b, i = divmod(task, N)
        total[:] = 0
        for e in range(begin[i], begin[i + 1]):
            kept = column.shape[1] > 0
            transform_map(
                senders[b, sender[e]].ravel(), W, stiffness[e], rest[e], rounding, room, message,
                column[b, e].ravel() if kept else no_column, row[b, e].ravel() if kept else no_row,
            )  # fmt: skip
            for j in range(len(total)):
                total[j] += message[j]
        for y in range(H):
            for x in range(W):
                score[b, i, y, x] = own[i] * unary[b, i, y, x] + share[i] * total[y * width + x]


@compiled()
def scatter(
    first, last, gradient, column, row, X, Y, receiver, begin, edge, stiffness, rest, to_senders, to_spring
):  # fmt: skip
    """Gradients of senders first..last, counted over (B, M).

    gradient (B, N, H, wide(W)) of the sums of messages; receiver (E,); edge (E,), the edges' numbers in the
    order of their senders; begin (M + 1,); to_senders (B, M, H, W): written; to_spring (B, E, 4): added to.
    """
    _, M, _, _ = to_senders.shape
    across = np.empty(X.size, gradient.dtype)
    for task in range(first, last):
        b, m = divmod(task, M)
        to_senders[b, m, :, :] = 0
        for k in range(begin[m], begin[m + 1]):
            e = edge[k]
            scatter_map(
                gradient[b, receiver[e]].ravel(), column[b, e].ravel(), row[b, e].ravel(), X, Y, stiffness[e],
                rest[e], across, to_senders[b, m], to_spring[b, e],
            )  # fmt: skip


def sorted_by(ends, count):
    """The edges in the order of an end (E,), and where each of `count` nodes' edges begin (count + 1,)."""
    return np.argsort(ends, kind="stable"), np.concatenate([[0], np.bincount(ends, minlength=count).cumsum()])


def pass_round(unary, senders, edges, stiffness, rest, own, share, keep):
    """See rounds.py: score (B, N, H, W), and the arg-maxes (B, E, H, row_length(W)) in the order of edges."""
    B, N, H, W = unary.shape
    order, begin = sorted_by(edges[:, 1].numpy(), N)
    score, kept = torch.empty_like(unary), len(order) if keep else 0
    column, row = (torch.empty(B, kept, H, row_length(W), dtype=index_type(H, W)) for _ in range(2))
    springs = [t.numpy()[order] for t in (stiffness, rest)]
    outputs = [t.numpy() for t in (score, column, row)]
    maps, weights = [t.numpy() for t in (unary, senders)], [t.numpy() for t in (own, share)]
    spread(
        gather, B * N, *maps, edges[:, 0].numpy()[order], begin, *springs, *weights,
        torch.finfo(unary.dtype).eps, *outputs,
    )  # fmt: skip
    return score, column, row


def pass_round_backward(gradient, column, row, edges, stiffness, rest, share, M):
    """Gradients of the senders (B, M, H, W), the stiffness and the rest offsets (E, 2)."""
    B, N, H, W = gradient.shape
    order, _ = sorted_by(edges[:, 1].numpy(), N)
    edge, begin = sorted_by(edges[:, 0].numpy()[order], M)
    padded = gradient.new_zeros(B, N, H, row_length(W))
    torch.mul(gradient, share[:, None, None], out=padded[..., :W])
    to_senders, to_spring = gradient.new_empty(B, M, H, W), gradient.new_zeros(B, len(order), 4)
    arrays = [t.numpy() for t in (padded, column, row)]
    springs = [t.numpy()[order] for t in (stiffness, rest)]
    spread(
        scatter, B * M, *arrays, *cells(H, W, arrays[0].dtype), edges[:, 1].numpy()[order], begin, edge,
        *springs, to_senders.numpy(), to_spring.numpy(),
    )  # fmt: skip
    sums = torch.empty_like(to_spring[0])
    sums[torch.from_numpy(order)] = to_spring.sum(0)
    return to_senders, sums[:, :2].clone(), sums[:, 2:].clone()
