"""The transform on a CPU, compiled by numba: the comparisons of layer.py, without writing them
down.

Three ideas, each measured in chapter 02:

* `sweep` (vectors.py) keeps the best offer of LANES receivers and its number in registers;
* a sender beyond the `exact_window` cannot win, so it is never asked;
* of each pass the arg-max is kept in small integers; the gradient goes back by two scatters.

Everything compiles on first use, which takes seconds, and is cached on disk. Rows of messages and
arg-maxes are `row_length(W)` cells long, a whole number of vectors.
"""

import functools
import hashlib
import itertools
import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numba import njit
from torch import Tensor

from .layout import LANES, empty_arg_max, row_length
from .vectors import Offers, Winners, copy_row, sweep

_FAR = 2**40  # further than any map is wide


class Springs(NamedTuple):
    """Springs (N, 2), or one of them (2,): arrays of one float type, x first."""

    stiffness: np.ndarray
    rest: np.ndarray


class ArgMax(NamedTuple):
    """What the passes along x and y have found, integers (..., H, row_length(W)): for every cell of
    a row the best column, and for every cell of a column the best row."""

    column: np.ndarray
    row: np.ndarray


class Room(NamedTuple):
    """Room for one map: a row with -inf on both sides, the pass along x, the prices."""

    padded: np.ndarray
    across: np.ndarray
    cost: np.ndarray


class GradientRoom(NamedTuple):
    """Room for the gradient of one map, flat maps (H * row_length(W),): two gradients, the first of
    them 0 beyond W, and the column and the row of each cell as floats."""

    along: np.ndarray
    across: np.ndarray
    X: np.ndarray
    Y: np.ndarray


def forget_stale_kernels() -> None:
    """Remove what numba cached of kernels whose sources have changed.

    numba looks at a function's own file only, and ours call each other across files. Where the
    caches cannot be written, nothing changes.
    """
    folder = Path(__file__).parent
    sources = b"".join(f.read_bytes() for f in sorted(folder.glob("*.py")))
    stamp = hashlib.sha256(sources).hexdigest()
    cache = folder / "__pycache__"
    note = cache / "kernels.sha256"
    try:
        if note.exists() and note.read_text(encoding="utf-8") == stamp:
            return
        for file in cache.glob("*.nb[ic]"):
            file.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        note.write_text(stamp, encoding="utf-8")
    except OSError:
        pass


forget_stale_kernels()


def compiled(**options: Any) -> Callable[[Callable], Callable]:
    """njit that lets other threads run, cached on disk wherever there is a place to write."""

    def decorate(function):
        try:
            return njit(nogil=True, cache=True, error_model="numpy", **options)(function)
        except RuntimeError:  # no folder for the cache
            return njit(nogil=True, error_model="numpy", **options)(function)

    return decorate


wide = compiled()(row_length)


@compiled()
def room_for(H: int, W: int, like: np.ndarray) -> Room:
    """Room for messages of maps (H, W), in the float type of an array."""
    padded = np.full(wide(W) + 2 * LANES, -np.inf, like.dtype)
    across = np.empty(H * wide(W), like.dtype)
    return Room(padded, across, np.empty(2 * (max(H, W) + LANES) + 1, like.dtype))


@compiled()
def gradient_room_for(H: int, W: int, like: np.ndarray) -> GradientRoom:
    """Room for gradients of maps (H, W), in the float type of an array."""
    width = wide(W)
    X, Y = np.empty(H * width, like.dtype), np.empty(H * width, like.dtype)
    for y in range(H):
        for x in range(width):
            X[y * width + x], Y[y * width + x] = x, y
    return GradientRoom(np.zeros(H * width, like.dtype), np.empty(H * width, like.dtype), X, Y)


@compiled()
def _load_row(score, start, W, padded):
    """A row of score into the middle of padded; its least and its largest."""
    if W >= LANES:
        return copy_row(score, start, W, padded, LANES)
    low = high = score[start]
    for x in range(W):
        padded[LANES + x] = score[start + x]
        low, high = min(low, score[start + x]), max(high, score[start + x])
    return low, high


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
def transform_map(
    score: np.ndarray, spring: Springs, room: Room, message: np.ndarray, kept: ArgMax
) -> None:
    """The message of one map (H, W), contiguous, and the arg-max of each pass: along x, then along
    y.

    message (H * row_length(W),), flat, and kept (H, row_length(W)) are written.
    """
    (H, W), n, rounding = score.shape, len(room.cost) // 2, np.finfo(score.dtype).eps
    flat, column, row, width = score.ravel(), kept.column.ravel(), kept.row.ravel(), wide(W)
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
def scatter_map(
    gradient: np.ndarray,
    kept: ArgMax,
    spring: Springs,
    room: GradientRoom,
    to_score: np.ndarray,
    to_spring: np.ndarray,
) -> None:
    """Backward of transform_map, whose message has the gradient (H, W).

    Adds to to_score (H, W); to_spring (4,), of stiffness and of rest, is written.
    """
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
def _transform_maps(first, last, score, springs, message, kept):
    """transform_map of maps first..last of score (N, H, W), contiguous, for `transform_numba`."""
    _, H, W = score.shape
    room, line = room_for(H, W, score), np.empty(H * wide(W), score.dtype)
    for i in range(first, last):
        spring = Springs(springs.stiffness[i], springs.rest[i])
        transform_map(score[i], spring, room, line, ArgMax(kept.column[i], kept.row[i]))
        for y in range(H):
            for x in range(W):
                message[i, y, x] = line[y * wide(W) + x]


@compiled()
def _scatter_maps(first, last, gradient, kept, springs, to_score, to_spring):
    """scatter_map of maps first..last; gradient, to_score (N, H, W), written."""
    room = gradient_room_for(*gradient.shape[1:], gradient)
    for i in range(first, last):
        to_score[i, :, :] = 0
        spring = Springs(springs.stiffness[i], springs.rest[i])
        found = ArgMax(kept.column[i], kept.row[i])
        scatter_map(gradient[i], found, spring, room, to_score[i], to_spring[i])


@functools.lru_cache(maxsize=8)
def pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Threads that wait for work; those of another process number did not survive the fork."""
    return ThreadPoolExecutor(threads, "messages")


def _ranges(tasks, threads):
    """Ranges that cover 0..tasks, the last ones short, so that all threads are done together."""
    firsts = [0]
    while firsts[-1] < tasks:
        firsts.append(firsts[-1] - (firsts[-1] - tasks) // (2 * threads))
    return list(itertools.pairwise(firsts))


def spread(kernel: Callable[..., None], tasks: int, *arguments: Any) -> None:
    """kernel(first, last, *arguments) over ranges that cover 0..tasks, in torch.get_num_threads()
    threads.

    The caller is one of them. Several callers at once share the others, and who gets none of them
    in time does all the work alone; a child process after a fork makes its own.
    """
    threads = min(torch.get_num_threads(), tasks)
    if threads <= 1:
        return kernel(0, tasks, *arguments)
    waiting = iter(_ranges(tasks, threads))  # each of them goes to one thread

    def work():
        for first, last in waiting:
            kernel(first, last, *arguments)

    workers = pool(os.getpid(), threads - 1)
    others = [workers.submit(work) for _ in range(threads - 1)]
    work()
    for other in others:
        if not other.cancel():
            other.result()


def transform_numba(
    score: Tensor, stiffness: Tensor, rest: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Messages of N maps. score (N, H, W), stiffness, rest (N, 2): contiguous CPU tensors of one
    float type.

    Returns message (N, H, W) and the arg-max of each pass, (N, H, row_length(W)): of the first, for
    every row, the best column; of the second, for every column, the best row.
    """
    message = torch.empty_like(score)
    column, row = (empty_arg_max(score, len(score)) for _ in range(2))
    springs, kept = Springs(*arrays(stiffness, rest)), ArgMax(*arrays(column, row))
    spread(_transform_maps, len(score), score.numpy(), springs, message.numpy(), kept)
    return message, column, row


def transform_backward_numba(
    shape: list[int], gradient: Tensor, column: Tensor, row: Tensor, stiffness: Tensor, rest: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of score, stiffness and rest, from the message's and what was kept."""
    to_score, to_spring = gradient.new_empty(shape), gradient.new_empty(len(gradient), 4)
    kept, springs = ArgMax(*arrays(column, row)), Springs(*arrays(stiffness, rest))
    outputs = arrays(to_score, to_spring)
    spread(_scatter_maps, len(gradient), gradient.numpy(), kept, springs, *outputs)
    return to_score, to_spring[:, :2].clone(), to_spring[:, 2:].clone()


def arrays(*tensors: Tensor) -> tuple[np.ndarray, ...]:
    """CPU tensors as arrays that share their memory."""
    return tuple(t.numpy() for t in tensors)
