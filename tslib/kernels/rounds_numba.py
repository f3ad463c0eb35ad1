"""A round of messages on a CPU, compiled by numba: no message is ever written to memory."""

import numpy as np
import torch

from .layout import index_type, row_length
from .transform_numba import buffers, cells, compiled, scatter_map, spread, transform_map, wide


@compiled()
def gather(
    first,
    last,
    unary,
    senders,
    edges,
    order,
    begin,
    stiffness,
    rest,
    own,
    share,
    rounding,
    score,
    column,
    row,
):
    """Scores of receivers first..last, counted over (B, N).

    unary, score (B, N, H, W); senders (B, M, H, W); edges, stiffness, rest (E, 2); order (E,),
    begin (N + 1,): the edges by receiver, from `grouped`; own, share (N,); column, row (B, E, H,
    wide(W)), or without any E.
    """
    _, N, H, W = unary.shape
    room, width = buffers(H, W, unary), wide(W)
    message, total = np.empty(H * width, unary.dtype), np.empty(H * width, unary.dtype)
    no_column, no_row = np.empty(H * width, column.dtype), np.empty(H * width, row.dtype)
    for task in range(first, last):
        b, i = divmod(task, N)
        total[:] = 0
        for e in order[begin[i] : begin[i + 1]]:
            kept = column.shape[1] > 0
            transform_map(
                senders[b, edges[e, 0]].ravel(),
                W,
                stiffness[e],
                rest[e],
                rounding,
                room,
                message,
                column[b, e].ravel() if kept else no_column,
                row[b, e].ravel() if kept else no_row,
            )
            for j in range(len(total)):
                total[j] += message[j]
        for y in range(H):
            for x in range(W):
                score[b, i, y, x] = own[i] * unary[b, i, y, x] + share[i] * total[y * width + x]


@compiled()
def scatter(
    first,
    last,
    gradient,
    column,
    row,
    X,
    Y,
    edges,
    order,
    begin,
    stiffness,
    rest,
    own,
    share,
    to_unary,
    to_senders,
    to_spring,
):
    """Gradients of nodes first..last, counted over (B, max(M, N)): as a receiver's unary, and as a
    sender.

    gradient (B, N, H, W), of the scores; order (E,), begin (M + 1,): the edges by sender, from
    `grouped`; to_unary (B, N, H, W), to_senders (B, M, H, W), to_spring (B, E, 4): written; the
    rest as in `gather`.
    """
    _, N, H, W = to_unary.shape
    M = to_senders.shape[1]
    room = np.zeros(X.size, gradient.dtype), np.empty(X.size, gradient.dtype)
    for task in range(first, last):
        b, n = divmod(task, max(M, N))
        if n < N:
            for y in range(H):
                for x in range(W):
                    to_unary[b, n, y, x] = own[n] * gradient[b, n, y, x]
        if n < M:
            to_senders[b, n, :, :] = 0
            for e in order[begin[n] : begin[n + 1]]:
                i = edges[e, 1]
                scatter_map(
                    gradient[b, i],
                    share[i],
                    column[b, e].ravel(),
                    row[b, e].ravel(),
                    X,
                    Y,
                    stiffness[e],
                    rest[e],
                    room,
                    to_senders[b, n],
                    to_spring[b, e],
                )


@compiled()
def grouped(ends, count):
    """The edges in the order of an end (E,), and where each of `count` nodes' edges begin (count +
    1,).
    """
    begin, order = np.zeros(count + 1, np.intp), np.empty(len(ends), np.intp)
    for end in ends:
        begin[end + 1] += 1
    begin = np.cumsum(begin)
    place = begin.copy()
    for e in range(len(ends)):
        order[place[ends[e]]] = e
        place[ends[e]] += 1
    return order, begin


@compiled()
def add_clips(to_spring, to_stiffness, to_rest):
    """The sums of to_spring (B, E, 4) over the batch, into to_stiffness and to_rest (E, 2)."""
    to_stiffness[:], to_rest[:] = 0, 0
    for b in range(len(to_spring)):
        to_stiffness += to_spring[b, :, :2]
        to_rest += to_spring[b, :, 2:]


def pass_round(unary, senders, edges, stiffness, rest, own, share, keep):
    """See rounds.py: score (B, N, H, W), and the arg-maxes (B, E, H, row_length(W))."""
    B, N, H, W = unary.shape
    score, kept = torch.empty_like(unary), len(edges) if keep else 0
    column, row = (torch.empty(B, kept, H, row_length(W), dtype=index_type(H, W)) for _ in range(2))
    outputs = (t.numpy() for t in (score, column, row))
    unary, senders, edges, *weights = (
        t.numpy() for t in (unary, senders, edges, stiffness, rest, own, share)
    )
    spread(
        gather,
        B * N,
        unary,
        senders,
        edges,
        *grouped(edges[:, 1], N),
        *weights,
        np.finfo(unary.dtype).eps,
        *outputs,
    )
    return score, column, row


def pass_round_backward(gradient, column, row, edges, stiffness, rest, own, share, M):
    """Gradients of the unaries (B, N, H, W), the senders (B, M, H, W), the stiffness and the rest
    (E, 2).
    """
    B, N, H, W = gradient.shape
    to_unary, to_senders = torch.empty_like(gradient), gradient.new_empty(B, M, H, W)
    to_stiffness, to_rest = torch.empty_like(stiffness), torch.empty_like(rest)
    gradient, column, row, edges, *weights = (
        t.numpy() for t in (gradient, column, row, edges, stiffness, rest, own, share)
    )
    to_spring = np.empty((B, len(edges), 4), gradient.dtype)
    spread(
        scatter,
        B * max(M, N),
        gradient,
        column,
        row,
        *cells(H, W, gradient.dtype),
        edges,
        *grouped(edges[:, 0], M),
        *weights,
        to_unary.numpy(),
        to_senders.numpy(),
        to_spring,
    )
    add_clips(to_spring, to_stiffness.numpy(), to_rest.numpy())
    return to_unary, to_senders, to_stiffness, to_rest
