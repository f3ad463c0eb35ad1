"""Messages on a CPU, compiled by numba: the comparisons of distance_transform/layer.py, without
writing them down.

Three ideas, each measured in chapter 11:

* `sweep` (vectors.py) keeps the best offer of LANES receivers and its number in registers;
* a sender beyond the `exact_window` cannot win, so it is never asked;
* of each pass the arg-max is kept in small integers; the gradient goes back by two scatters.

Everything compiles on first use, which takes seconds, and is cached on disk. Inside, rows of
messages and arg-maxes are `row_length(W)` cells long, a whole number of vectors.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .jit import arrays, compiled, spread
from .layout import LANES, empty_arg_max, row_length
from .vectors import Offers, Winners, copy_row, sweep

_FAR = 2**40  # further than any map is wide
_wide = compiled()(row_length)


class Springs(NamedTuple):
    """Springs (N, 2), or one of them (2,): arrays of one float type, x first."""

    stiffness: np.ndarray
    rest: np.ndarray


class ArgMax(NamedTuple):
    """The arg-maxes of one map or of many, see operators.py."""

    column: np.ndarray
    row: np.ndarray


class Edges(NamedTuple):
    """Edges from sender to receiver, ends (E, 2), grouped by one of the two: those of node n are
    order[begin[n] : begin[n + 1]], in the order given."""

    ends: np.ndarray
    order: np.ndarray
    begin: np.ndarray


def _grouped(ends, end, count):
    """Edges (E, 2), grouped by column `end`, which names one of `count` nodes."""
    begin = np.zeros(count + 1, np.intp)
    np.cumsum(np.bincount(ends[:, end], minlength=count), out=begin[1:])
    return Edges(ends, np.argsort(ends[:, end], kind="stable"), begin)


@compiled()
def _room_for(H, W, like):
    """Room for one map: a row with -inf on both sides, the pass along x, the prices."""
    padded = np.full(_wide(W) + 2 * LANES, -np.inf, like.dtype)
    across = np.empty(H * _wide(W), like.dtype)
    return padded, across, np.empty(2 * (max(H, W) + LANES) + 1, like.dtype)


@compiled()
def _load_row(score, start, W, padded):
    """A row of score into the middle of padded; its least and its largest."""
    if W >= LANES:
        return copy_row(score, start, W, padded, LANES)
    row = score[start : start + W]
    padded[LANES : LANES + W] = row
    return row.min(), row.max()


@compiled()
def _tabulate(cost, stiffness, rest):
    """cost[n + d] = stiffness (d - rest)^2 for d = -n..n, rounded as layer.py rounds."""
    n = len(cost) // 2
    for j in range(len(cost)):
        cost[j] = j - n
        stretch = cost[j] - rest
        cost[j] = stiffness * (stretch * stretch)


@compiled()
def exact_window(
    low: float, high: float, stiffness: float, rest: float, beyond: float, rounding: float
) -> tuple[int, int]:
    """Least and largest displacement sender - receiver at which a winner can lie.

    low, high: of the senders' scores. beyond: how far the receivers' nearest senders are stretched.
    rounding: the dtype's eps. Whoever wins offers no less than they, who have at least `low`:
    stiffness stretch^2 <= high - low + stiffness beyond^2. -inf bounds nothing.
    """
    if not low > -np.inf:
        return -_FAR, _FAR
    spread = np.float64(high) - low + 4 * rounding * (abs(high) + abs(low))
    stretch = math.sqrt(spread / stiffness + beyond * beyond) + 1
    return int(max(-_FAR, math.ceil(rest - stretch))), int(min(_FAR, math.floor(rest + stretch)))


@compiled()
def _message(score, spring, room, message, kept):
    """The message of one map (H, W), written flat, and its arg-maxes: along x, then along y."""
    (H, W), n, rounding = score.shape, len(room[-1]) // 2, np.finfo(score.dtype).eps
    flat, column, row, width = score.ravel(), kept.column.ravel(), kept.row.ravel(), _wide(W)
    padded, across, cost = room

    stiffness, mu = spring.stiffness[0], np.float64(spring.rest[0])
    _tabulate(cost, stiffness, spring.rest[0])
    lowest, highest, furthest = np.inf, -np.inf, 0.5
    for y in range(H):
        low, high = _load_row(flat, y * W, W, padded)
        usual = exact_window(low, high, stiffness, mu, 0.5, rounding)
        for p in range(0, W, LANES):
            last = min(p + LANES, W) - 1
            beyond = max(-p - mu, last + mu - (W - 1))
            near, far = usual
            if beyond > 0.5:
                near, far = exact_window(low, high, stiffness, mu, beyond, rounding)
                furthest = max(furthest, beyond)
            near, far = max(near, -last), min(far, W - 1 - p)
            offers = Offers(padded, LANES + p + near, 1, cost, n + near, far - near + 1)
            sweep(offers, Winners(across, column, y * width + p, p + near, 1))
        lowest, highest = min(lowest, low), max(highest, high)
    lowest -= stiffness * furthest * furthest  # what the pass along x may have taken away

    stiffness, mu = spring.stiffness[1], np.float64(spring.rest[1])
    _tabulate(cost, stiffness, spring.rest[1])
    usual = exact_window(lowest, highest, stiffness, mu, 0.5, rounding)
    for p in range(H):
        beyond = max(-p - mu, p + mu - (H - 1))
        near, far = usual
        if beyond > 0.5:
            near, far = exact_window(lowest, highest, stiffness, mu, beyond, rounding)
        q = max(p + near, 0)
        count = min(p + far, H - 1) - q + 1
        for x in range(0, W, LANES):
            offers = Offers(across, q * width + x, width, cost, n + q - p, count)
            sweep(offers, Winners(message, row, p * width + x, q, 0))


@compiled()
def _transform(first, last, score, springs, message, kept):
    """Messages of maps first..last of score (N, H, W)."""
    _, H, W = score.shape
    room, line = _room_for(H, W, score), np.empty(H * _wide(W), score.dtype)
    for i in range(first, last):
        spring = Springs(springs.stiffness[i], springs.rest[i])
        _message(score[i], spring, room, line, ArgMax(kept.column[i], kept.row[i]))
        for y in range(H):
            for x in range(W):
                message[i, y, x] = line[y * _wide(W) + x]


@compiled()
def _gather(first, last, unary, senders, edges, springs, own, share, score, kept):
    """Scores of receivers first..last, counted over (B, N), the edges grouped by receiver."""
    _, N, H, W = unary.shape
    room, width = _room_for(H, W, unary), _wide(W)
    message, total = np.empty(H * width, unary.dtype), np.empty(H * width, unary.dtype)
    found = ArgMax(np.empty((H, width), kept.column.dtype), np.empty((H, width), kept.row.dtype))
    for task in range(first, last):
        b, i = divmod(task, N)
        total[:] = 0
        for e in edges.order[edges.begin[i] : edges.begin[i + 1]]:
            if kept.column.shape[1] > 0:
                found = ArgMax(kept.column[b, e], kept.row[b, e])
            spring = Springs(springs.stiffness[e], springs.rest[e])
            _message(senders[b, edges.ends[e, 0]], spring, room, message, found)
            total += message
        for y in range(H):
            for x in range(W):
                heard = share[i] * total[y * width + x]
                score[b, i, y, x] = own[i] * unary[b, i, y, x] + heard


@compiled(fastmath={"reassoc", "contract", "nsz"})
def _moments(gradient, source, receiver, rest):
    """Sums over cells of gradient * t and gradient * t^2, where t = source - receiver - rest."""
    linear = quadratic = gradient.dtype.type(0)
    for j in range(len(gradient)):
        stretch = source[j] - receiver[j] - rest
        pull = gradient[j] * stretch
        linear += pull
        quadratic += pull * stretch
    return linear, quadratic


@compiled()
def _gradient_room_for(H, W, like):
    """Flat rooms for one map: two gradients, the first of them 0 beyond W, and the column and the
    row of each cell as floats."""
    width = _wide(W)
    cells = np.arange(H * width)
    X, Y = (cells % width).astype(like.dtype), (cells // width).astype(like.dtype)
    return np.zeros(H * width, like.dtype), np.empty(H * width, like.dtype), X, Y


@compiled()
def _gradient(gradient, kept, spring, room, to_score, to_spring):
    """Backward of `_message`: adds to to_score (H, W), and writes to_spring (4,)."""
    along, across, X, Y = room
    column, row = kept.column.ravel(), kept.row.ravel()
    H, W = gradient.shape
    width = len(along) // H
    across[:] = 0
    for p in range(H):
        for x in range(W):
            along[p * width + x] = gradient[p, x]
            across[np.intp(row[p * width + x]) * width + x] += along[p * width + x]
    for y in range(H):
        for x in range(W):
            to_score[y, column[y * width + x]] += across[y * width + x]
    for axis, g, source, receiver in ((0, across, column, X), (1, along, row, Y)):
        linear, quadratic = _moments(g, source, receiver, spring.rest[axis])
        to_spring[axis] = -quadratic
        to_spring[2 + axis] = 2 * spring.stiffness[axis] * linear


@compiled()
def _scatter(first, last, gradient, kept, edges, springs, to_senders, to_spring):
    """Gradients of senders first..last, counted over (B, M), the edges grouped by sender.

    to_spring (B, E, 4), of stiffness and of rest, is written as well.
    """
    _, M, H, W = to_senders.shape
    room = _gradient_room_for(H, W, gradient)
    for task in range(first, last):
        b, n = divmod(task, M)
        to_senders[b, n, :, :] = 0
        for e in edges.order[edges.begin[n] : edges.begin[n + 1]]:
            found = ArgMax(kept.column[b, e], kept.row[b, e])
            spring = Springs(springs.stiffness[e], springs.rest[e])
            given = gradient[b, edges.ends[e, 1]]
            _gradient(given, found, spring, room, to_senders[b, n], to_spring[b, e])


def transform_numba(
    score: Tensor, stiffness: Tensor, rest: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """`transform` of contiguous CPU tensors."""
    message = torch.empty_like(score)
    column, row = (empty_arg_max(score, len(score)) for _ in range(2))
    springs, kept = Springs(*arrays(stiffness, rest)), ArgMax(*arrays(column, row))
    spread(_transform, len(score), score.numpy(), springs, message.numpy(), kept)
    return message, column, row


def pass_round_numba(*arguments: Tensor, keep: bool) -> tuple[Tensor, Tensor, Tensor]:
    """`pass_round` of contiguous CPU tensors."""
    unary, senders, edges, stiffness, rest, own, share = arguments
    B, N = unary.shape[:2]
    score = torch.empty_like(unary)
    column, row = (empty_arg_max(unary, B, len(edges) if keep else 0) for _ in range(2))
    grouped, springs = _grouped(edges.numpy(), 1, N), Springs(*arrays(stiffness, rest))
    inputs = *arrays(unary, senders), grouped, springs, *arrays(own, share)
    spread(_gather, B * N, *inputs, score.numpy(), ArgMax(*arrays(column, row)))
    return score, column, row


def _scattered(shape, gradient, column, row, edges, stiffness, rest):
    """Gradients of senders (B, M, H, W) and of their springs, (B, E, 4); edges as for _scatter."""
    to_senders = gradient.new_empty(shape)
    to_spring = gradient.new_empty(*column.shape[:2], 4)
    kept, springs = ArgMax(*arrays(column, row)), Springs(*arrays(stiffness, rest))
    inputs = gradient.numpy(), kept, edges, springs
    spread(_scatter, shape[0] * shape[1], *inputs, *arrays(to_senders, to_spring))
    return to_senders, to_spring


def pass_round_backward_numba(shape: list[int], *kept: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the senders, the stiffness and the rest of `pass_round`."""
    gradient, column, row, edges, stiffness, rest = kept
    grouped = _grouped(edges.numpy(), 0, shape[1])
    to_senders, to_spring = _scattered(shape, gradient, column, row, grouped, stiffness, rest)
    # NumPy adds clip after clip, in one order whatever the number of threads.
    to_stiffness, to_rest = np.split(to_spring.numpy().sum(0), 2, 1)
    return to_senders, torch.from_numpy(to_stiffness.copy()), torch.from_numpy(to_rest.copy())


def transform_backward_numba(
    shape: list[int], gradient: Tensor, column: Tensor, row: Tensor, stiffness: Tensor, rest: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of score, stiffness and rest of `transform`: each map is sender and receiver."""
    every = np.arange(len(gradient) + 1)
    edges = Edges(np.stack([every, every], 1), every, every)
    kept = gradient[None], column[None], row[None]
    to_score, to_spring = _scattered([1, *shape], *kept, edges, stiffness, rest)
    return to_score[0], to_spring[0, :, :2].clone(), to_spring[0, :, 2:].clone()
