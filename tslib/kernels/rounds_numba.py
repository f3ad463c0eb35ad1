"""A round of messages on a CPU, compiled by numba: no message is ever written to memory."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .layout import empty_arg_max
from .transform_numba import (
    ArgMax,
    Springs,
    arrays,
    compiled,
    gradient_room_for,
    room_for,
    scatter_map,
    spread,
    transform_map,
    wide,
)


class Edges(NamedTuple):
    """Edges from sender to receiver, ends (E, 2), grouped by one of the two: those of node n are
    order[begin[n] : begin[n + 1]], in the order given."""

    ends: np.ndarray
    order: np.ndarray
    begin: np.ndarray


class Weights(NamedTuple):
    """Of a node's unary and of the sum of its messages, (N,) each."""

    own: np.ndarray
    share: np.ndarray


def _grouped(ends, end, count):
    """Edges (E, 2), grouped by column `end`, which names one of `count` nodes."""
    begin = np.zeros(count + 1, np.intp)
    np.cumsum(np.bincount(ends[:, end], minlength=count), out=begin[1:])
    return Edges(ends, np.argsort(ends[:, end], kind="stable"), begin)


@compiled()
def _gather(first, last, unary, senders, edges, springs, weights, score, kept):
    """Scores of receivers first..last, counted over (B, N), the edges grouped by receiver.

    unary, score (B, N, H, W); senders (B, M, H, W); springs (E, 2); kept (B, E, H,
    row_length(W)), or without any E.
    """
    _, N, H, W = unary.shape
    room, width = room_for(H, W, unary), wide(W)
    message, total = np.empty(H * width, unary.dtype), np.empty(H * width, unary.dtype)
    found = ArgMax(np.empty((H, width), kept.column.dtype), np.empty((H, width), kept.row.dtype))
    for task in range(first, last):
        b, i = divmod(task, N)
        total[:] = 0
        for e in edges.order[edges.begin[i] : edges.begin[i + 1]]:
            if kept.column.shape[1] > 0:
                found = ArgMax(kept.column[b, e], kept.row[b, e])
            spring = Springs(springs.stiffness[e], springs.rest[e])
            transform_map(senders[b, edges.ends[e, 0]], spring, room, message, found)
            for j in range(len(total)):
                total[j] += message[j]
        own, share = weights.own[i], weights.share[i]
        for y in range(H):
            for x in range(W):
                score[b, i, y, x] = own * unary[b, i, y, x] + share * total[y * width + x]


@compiled()
def _scatter(first, last, gradient, kept, edges, springs, to_senders, to_spring):
    """Gradients of senders first..last, counted over (B, M), the edges grouped by sender.

    gradient (B, N, H, W), of the sums of messages; to_senders (B, M, H, W) and to_spring (B, E, 4)
    are written.
    """
    _, M, H, W = to_senders.shape
    room = gradient_room_for(H, W, gradient)
    for task in range(first, last):
        b, n = divmod(task, M)
        to_senders[b, n, :, :] = 0
        for e in edges.order[edges.begin[n] : edges.begin[n + 1]]:
            receiver = edges.ends[e, 1]
            found = ArgMax(kept.column[b, e], kept.row[b, e])
            spring = Springs(springs.stiffness[e], springs.rest[e])
            to = to_senders[b, n], to_spring[b, e]
            scatter_map(gradient[b, receiver], found, spring, room, *to)


def pass_round_numba(
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
    B, N = unary.shape[:2]
    score = torch.empty_like(unary)
    column, row = (empty_arg_max(unary, B, len(edges) if keep else 0) for _ in range(2))
    spread(
        _gather,
        B * N,
        *arrays(unary, senders),
        _grouped(edges.numpy(), 1, N),
        Springs(*arrays(stiffness, rest)),
        Weights(*arrays(own, share)),
        score.numpy(),
        ArgMax(*arrays(column, row)),
    )
    return score, column, row


def pass_round_backward_numba(
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
    B, M = shape[:2]
    to_senders, to_spring = gradient.new_empty(shape), gradient.new_empty(B, len(edges), 4)
    spread(
        _scatter,
        B * M,
        gradient.numpy(),
        ArgMax(*arrays(column, row)),
        _grouped(edges.numpy(), 0, M),
        Springs(*arrays(stiffness, rest)),
        *arrays(to_senders, to_spring),
    )
    # NumPy adds clip after clip, in one order whatever the number of threads.
    to_stiffness, to_rest = np.split(to_spring.numpy().sum(0), 2, 1)
    return to_senders, torch.from_numpy(to_stiffness.copy()), torch.from_numpy(to_rest.copy())
