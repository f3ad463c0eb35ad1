"""The transform on a CPU, compiled by numba: the comparisons of layer.py, without writing them
down.

Three ideas, each measured in chapter 02:

* `sweep` (vectors.py) keeps the best offer of LANES receivers and its number in registers;
* a sender beyond the exact `window` cannot win, so it is never asked;
* of each pass the arg-max is kept in small integers; the gradient goes back by two scatters.

Everything compiles on first use, which takes seconds, and is cached on disk. Rows of messages and
arg-maxes are `row_length(W)` cells long, a whole number of vectors.
"""

import functools
import hashlib
import itertools
import math
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numba import njit

from .layout import LANES, index_type, row_length
from .vectors import copy_row, sweep

FAR = 2**40  # further than any map is wide


def forget_stale_kernels():
    """Remove what numba cached of kernels whose sources have changed.

    numba looks at a function's own file only, and ours call each other across files. Where the
    caches cannot be written, nothing changes.
    """
    folder = Path(__file__).parent
    stamp = hashlib.sha256(
        b"".join(f.read_bytes() for f in sorted(folder.glob("*.py")))
    ).hexdigest()
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


def compiled(**options):
    """njit that lets other threads run, cached on disk wherever there is a place to write."""

    def decorate(function):
        try:
            return njit(nogil=True, cache=True, error_model="numpy", **options)(function)
        except RuntimeError:  # no folder for the cache
            return njit(nogil=True, error_model="numpy", **options)(function)

    return decorate


wide = compiled()(row_length)


@compiled()
def buffers(H, W, like):
    """Room for one map: a row with -inf on both sides, the pass along x, the prices."""
    row = np.full(wide(W) + 2 * LANES, -np.inf, like.dtype)
    return row, np.empty(H * wide(W), like.dtype), np.empty(2 * (max(H, W) + LANES) + 1, like.dtype)


@compiled()
def load(score, start, W, padded):
    """A row of score into the middle of padded; its least and its largest."""
    if W >= LANES:
        return copy_row(score, start, W, padded, LANES)
    low = high = score[start]
    for x in range(W):
        padded[LANES + x] = score[start + x]
        low, high = min(low, score[start + x]), max(high, score[start + x])
    return low, high


@compiled()
def prices(cost, stiffness, rest):
    """cost[n + d] = stiffness (d - rest)^2 for d = -n..n, rounded as layer.py rounds."""
    n = len(cost) // 2
    for j in range(len(cost)):
        cost[j] = j - n
        stretch = cost[j] - rest
        cost[j] = stiffness * (stretch * stretch)


@compiled()
def window(low, high, stiffness, rest, beyond, rounding):
    """Least and largest displacement sender - receiver at which a winner can lie.

    beyond: how far the receivers' nearest senders are stretched. Whoever wins offers no less than
    they, who have at least `low`: stiffness stretch^2 <= high - low + stiffness beyond^2. -inf
    bounds nothing.
    """
    if not low > -np.inf:
        return -FAR, FAR
    spread = np.float64(high) - low + 4 * rounding * (abs(high) + abs(low))
    stretch = math.sqrt(spread / stiffness + beyond * beyond) + 1
    return int(max(-FAR, math.ceil(rest - stretch))), int(min(FAR, math.floor(rest + stretch)))


@compiled()
def transform_map(score, W, stiffness, rest, rounding, room, message, column, row):
    """The message of one map of H rows of W, and the arg-max of each pass: along x, then along y.

    score (H * W,); message (H * wide(W),), written; column, row: written, integers (H * wide(W),);
    rounding: the dtype's eps; room: from `buffers`.
    """
    padded, across, cost = room
    H, n, width = len(score) // W, len(cost) // 2, wide(W)

    prices(cost, stiffness[0], rest[0])
    mu, lowest, highest, furthest = np.float64(rest[0]), np.inf, -np.inf, 0.5
    for y in range(H):
        low, high = load(score, y * W, W, padded)
        usual = window(low, high, stiffness[0], mu, 0.5, rounding)
        for p in range(0, W, LANES):
            last = min(p + LANES, W) - 1
            beyond = max(-p - mu, last + mu - (W - 1))
            near, far = usual
            if beyond > 0.5:
                near, far = window(low, high, stiffness[0], mu, beyond, rounding)
                furthest = max(furthest, beyond)
            near, far = max(near, -last), min(far, W - 1 - p)
            start, to = LANES + p + near, y * width + p
            sweep(padded, start, 1, cost, n + near, far - near + 1, across, to, column, p + near, 1)
        lowest, highest = min(lowest, low), max(highest, high)
    lowest -= stiffness[0] * furthest * furthest  # what the pass along x may have taken away

    prices(cost, stiffness[1], rest[1])
    mu = np.float64(rest[1])
    usual = window(lowest, highest, stiffness[1], mu, 0.5, rounding)
    for p in range(H):
        beyond = max(-p - mu, p + mu - (H - 1))
        near, far = usual
        if beyond > 0.5:
            near, far = window(lowest, highest, stiffness[1], mu, beyond, rounding)
        q = max(p + near, 0)
        count = min(p + far, H - 1) - q + 1
        for x in range(0, W, LANES):
            sweep(
                across,
                q * width + x,
                width,
                cost,
                n + q - p,
                count,
                message,
                p * width + x,
                row,
                q,
                0,
            )


@compiled(fastmath={"reassoc", "contract", "nsz"})
def moments(gradient, source, receiver, rest):
    """Sums over all cells of gradient * t and gradient * t^2, where t = source - receiver - rest."""
    linear = quadratic = gradient.dtype.type(0)
    for j in range(len(gradient)):
        stretch = source[j] - receiver[j] - rest
        pull = gradient[j] * stretch
        linear += pull
        quadratic += pull * stretch
    return linear, quadratic


@compiled()
def scatter_map(gradient, share, column, row, X, Y, stiffness, rest, room, to_score, to_spring):
    """Backward of transform_map, whose message has `share` of the gradient (H, W).

    Adds to to_score (H, W); to_spring (4,), of stiffness and of rest, is written. X, Y: each cell's
    column and row, in the gradient's type; room: two maps (H * wide(W),), the first of them 0
    beyond W.
    """
    along, across = room
    H, W = gradient.shape
    width = len(along) // H
    across[:] = 0
    for p in range(H):
        for x in range(W):
            along[p * width + x] = share * gradient[p, x]
            across[np.intp(row[p * width + x]) * width + x] += along[p * width + x]
    for y in range(H):
        for x in range(W):
            to_score[y, column[y * width + x]] += across[y * width + x]
    for axis, g, source, receiver in ((0, across, column, X), (1, along, row, Y)):
        linear, quadratic = moments(g, source, receiver, rest[axis])
        to_spring[axis] = -quadratic
        to_spring[2 + axis] = 2 * stiffness[axis] * linear


@compiled()
def transform_maps(first, last, score, stiffness, rest, rounding, message, column, row):
    """transform_map of maps first..last of score (N, H, W), contiguous; see `transform` for the
    rest.
    """
    _, H, W = score.shape
    room, line = buffers(H, W, score), np.empty(H * wide(W), score.dtype)
    for i in range(first, last):
        transform_map(
            score[i].ravel(),
            W,
            stiffness[i],
            rest[i],
            rounding,
            room,
            line,
            column[i].ravel(),
            row[i].ravel(),
        )
        for y in range(H):
            for x in range(W):
                message[i, y, x] = line[y * wide(W) + x]


@compiled()
def scatter_maps(first, last, gradient, column, row, X, Y, stiffness, rest, to_score, to_spring):
    """scatter_map of maps first..last; gradient, to_score (N, H, W), written."""
    room = np.zeros(X.size, gradient.dtype), np.empty(X.size, gradient.dtype)
    for i in range(first, last):
        to_score[i, :, :] = 0
        scatter_map(
            gradient[i],
            1,
            column[i].ravel(),
            row[i].ravel(),
            X,
            Y,
            stiffness[i],
            rest[i],
            room,
            to_score[i],
            to_spring[i],
        )


@functools.lru_cache(maxsize=8)
def pool(process, threads):
    """Threads that wait for work; those of another process number did not survive the fork."""
    return ThreadPoolExecutor(threads, "messages")


def ranges(tasks, threads):
    """Ranges that cover 0..tasks, the last ones short, so that all threads are done at about one
    time.
    """
    firsts = [0]
    while firsts[-1] < tasks:
        firsts.append(firsts[-1] - (firsts[-1] - tasks) // (2 * threads))
    return list(itertools.pairwise(firsts))


def spread(kernel, tasks, *arguments):
    """kernel(first, last, *arguments) over ranges that cover 0..tasks, in torch.get_num_threads()
    threads.

    The caller is one of them. Several callers at once share the others, and who gets none of them
    in time does all the work alone; a child process after a fork makes its own.
    """
    threads = min(torch.get_num_threads(), tasks)
    if threads <= 1:
        return kernel(0, tasks, *arguments)
    waiting = iter(ranges(tasks, threads))  # each of them goes to one thread

    def work():
        for first, last in waiting:
            kernel(first, last, *arguments)

    workers = pool(os.getpid(), threads - 1)
    others = [workers.submit(work) for _ in range(threads - 1)]
    work()
    for other in others:
        if not other.cancel():
            other.result()


@functools.lru_cache(maxsize=8)
def cells(H, W, dtype):
    """Column and row number of each cell in the buffers, flat."""
    width = row_length(W)
    return np.tile(np.arange(width, dtype=dtype), H), np.repeat(np.arange(H, dtype=dtype), width)


def transform(score, stiffness, rest):
    """Messages of N maps. score (N, H, W), stiffness, rest (N, 2): contiguous CPU tensors of one
    float type.

    Returns message (N, H, W) and the arg-max of each pass, (N, H, wide(W)): of the first, for every
    row, the best column; of the second, for every column, the best row.
    """
    N, H, W = score.shape
    message = torch.empty_like(score)
    column, row = (torch.empty(N, H, row_length(W), dtype=index_type(H, W)) for _ in range(2))
    arrays = [t.numpy() for t in (score, stiffness, rest)]
    spread(
        transform_maps,
        N,
        *arrays,
        torch.finfo(score.dtype).eps,
        *(t.numpy() for t in (message, column, row)),
    )
    return message, column, row


def transform_backward(gradient, column, row, stiffness, rest):
    """Gradients of score, stiffness and rest, from the message's (N, H, W) and what `transform`
    kept.
    """
    N, H, W = gradient.shape
    to_score, to_spring = torch.empty_like(gradient), gradient.new_empty(N, 4)
    arrays = [t.numpy() for t in (gradient, column, row)]
    springs = [t.numpy() for t in (stiffness, rest)]
    X, Y = cells(H, W, arrays[0].dtype)
    spread(scatter_maps, N, *arrays, X, Y, *springs, to_score.numpy(), to_spring.numpy())
    return to_score, to_spring[:, :2].clone(), to_spring[:, 2:].clone()
