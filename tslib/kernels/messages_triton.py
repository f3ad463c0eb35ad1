"""Messages on a CUDA device, in Triton: every sender is compared, none is written down.

One program takes one map through both passes, if the map is small (_WHOLE). A thread keeps the best
offers and their numbers for some cells of the map in registers. A pass asks one sender after the
other; what it reads for that, a score and a price, serves a whole row or column of those cells.
Between the passes the map goes through global memory, where the first level of cache should hold
it: 46 x 46 cells are 8 KB. Larger maps are cut into tiles, and each pass is a launch of its own.

The gradient goes back the same way: each sender looks for the receivers that named it. A node's sum
asks all edges which of them end there, which costs less than to sort them. Both take what they find
in the order given, without atomic additions, so that two runs give the same bits. A round is one
launch for all messages and one for all sums, and nothing waits for the device.

For each sender and cell a pass subtracts, compares and keeps the better, and it reads few bytes:
arithmetic should bound it, not memory. That is an estimate; what a GPU takes is for
`experiments/speed` to measure. Prices are tabulated by torch, so that they round as on a CPU: no
multiplication fuses with an addition.

Kernels compile on first use, for each size of map, and are cached on disk. With TRITON_INTERPRET=1
they run on a CPU, slowly, for tests.
"""
# mypy: allow-incomplete-defs
# Triton reads the annotations of kernels: there only compile-time constants may have one.

import torch
import triton
from torch import Tensor
from triton import language as tl

from .layout import LANES, empty_arg_max, row_length

VECTOR = tl.constexpr(LANES)
_WHOLE = 128  # cells a side that one program takes at once
_TILE = 4, 64  # of larger maps: at most so many vectors of columns, and rows
_SHARE = 1024  # cells of a tile for each warp, 32 a thread; those beyond the map fall away
_BLOCK = 512  # cells of a map that one program adds up


@triton.jit
def _tile(H: tl.constexpr, W: tl.constexpr, C: tl.constexpr, R: tl.constexpr, ONE: tl.constexpr):
    """Columns (C, 1, VECTOR) and rows (1, R, 1) of this program's tile, some beyond the map.

    Vectors of columns come first, so that whole registers, not lanes, are left out there.
    """
    tile = 0 if ONE else tl.program_id(1)
    tiles: tl.constexpr = (W + C * VECTOR - 1) // (C * VECTOR)
    block, lane, row = tl.arange(0, C), tl.arange(0, VECTOR), tl.arange(0, R)
    x = ((tile % tiles) * C + block[:, None, None]) * VECTOR + lane[None, None, :]
    return x, (tile // tiles) * R + row[None, :, None]


@triton.jit
def _places(i, x, y, H: tl.constexpr, W: tl.constexpr):
    """Where the cells of map i of H rows of W lie, and which of them do.

    The compiler is told that columns are the nearer neighbours, but of no alignment: to store
    several at once it would move them to other threads, and the registers beyond the map along with
    them. (Rows are no neighbours; that they come second keeps versions before 3.9 from storing in
    another order.)
    """
    place = tl.multiple_of(i * (H * W) + y * W + x, (1, 1, 1))
    return tl.max_contiguous(place, (1, 2, 4)), (y < H) & (x < W)


@triton.jit
def _best(score, step, cost, COUNT: tl.constexpr):
    """The best of COUNT senders and its number, the first of equals; pointers broadcast."""
    top = tl.load(score) - tl.load(cost)
    winner = tl.zeros(top.shape, tl.int32)
    for q in range(1, COUNT):
        offer = tl.load(score + q * step) - tl.load(cost + q)
        better = offer > top
        # Not where(better): two selections by one comparison compile badly.
        top = tl.maximum(top, offer)
        winner = tl.where(better, q, winner)
    return top, winner


@triton.jit(do_not_specialize=["M", "E"])
def _messages(
    across,
    score,
    sender,
    cost,
    message,
    column,
    row,
    M,
    E,
    H: tl.constexpr,
    W: tl.constexpr,
    WIDE: tl.constexpr,
    KEEP: tl.constexpr,
    C: tl.constexpr,
    R: tl.constexpr,
    FIRST: tl.constexpr,
    SECOND: tl.constexpr,
):
    """For a message (grid's axis 0, over (B, E)) and a tile (axis 1): a pass, or both, x first."""
    task = tl.program_id(0)
    e, i = task % E, task.to(tl.int64)
    score += ((task // E).to(tl.int64) * M + tl.load(sender + e)) * (H * W)
    n: tl.constexpr = max(H, W)
    cost += e.to(tl.int64) * (2 * (2 * n - 1)) + n - 1
    x, y = _tile(H, W, C, R, FIRST and SECOND)
    X, Y = tl.minimum(x, W - 1), tl.minimum(y, H - 1)
    cell, inside = _places(i, x, y, H, W)  # no nested tuples: versions before 3.9 cannot read them
    kept, whole = _places(i, x, y, H, WIDE)
    if FIRST:
        top, winner = _best(score + Y * W, 1, cost - X, W)
        tl.store(across + cell, top, inside)
        if KEEP:
            tl.store(column + kept, winner.to(column.dtype.element_ty), whole)
    if FIRST and SECOND:
        tl.debug_barrier()  # across is written
    if SECOND:
        top, winner = _best(across + i * (H * W) + X, W, cost + (2 * n - 1) - Y, H)
        if FIRST:
            tl.debug_barrier()  # across is read; message may lie in its place
        tl.store(message + cell, top, inside)
        if KEEP:
            tl.store(row + kept, winner.to(row.dtype.element_ty), whole)


@triton.jit
def _collect(source, source_step, gradient, gradient_step, sender, COUNT: tl.constexpr):
    """Sum of the gradients of those of COUNT receivers that name the sender, in order."""
    total = tl.where(tl.load(source) == sender, tl.load(gradient), 0)
    for p in range(1, COUNT):
        named = tl.load(source + p * source_step) == sender
        total += tl.where(named, tl.load(gradient + p * gradient_step), 0)
    return total


@triton.jit
def _moments(to, gradient, source, receiver, rest):
    """Sums over the tile of gradient * t and gradient * t^2, where t = source - receiver - rest."""
    stretch = (source.to(tl.int32) - receiver).to(gradient.dtype) - rest
    pull = gradient * stretch
    tl.store(to, tl.sum(pull))
    tl.store(to + 1, tl.sum(pull * stretch))


@triton.jit(do_not_specialize=["N", "E"])
def _gradients(
    across,
    gradient,
    receiver,
    column,
    row,
    rest,
    to_score,
    to_spring,
    N,
    E,
    H: tl.constexpr,
    W: tl.constexpr,
    WIDE: tl.constexpr,
    C: tl.constexpr,
    R: tl.constexpr,
    FIRST: tl.constexpr,
    SECOND: tl.constexpr,
):
    """As `_messages`, backwards: first along y, with the sums for the spring, then along x."""
    task = tl.program_id(0)
    e, i = task % E, task.to(tl.int64)
    gradient += ((task // E).to(tl.int64) * N + tl.load(receiver + e)) * (H * W)
    x, y = _tile(H, W, C, R, FIRST and SECOND)
    X, Y = tl.minimum(x, W - 1), tl.minimum(y, H - 1)
    cell, inside = _places(i, x, y, H, W)
    if FIRST:
        total = _collect(row + i * (H * WIDE) + X, WIDE, gradient + X, W, y, H)
        total = tl.where(inside, total, 0)
        tl.store(across + cell, total, inside)
        to_spring += (i * tl.num_programs(1) + tl.program_id(1)) * 4
        kept, whole = _places(i, x, y, H, WIDE)
        _moments(to_spring, total, tl.load(column + kept, whole, 0), x, tl.load(rest + 2 * e))
        given, _ = _places(0, x, y, H, W)
        total = tl.load(gradient + given, inside, 0)
        _moments(to_spring + 2, total, tl.load(row + kept, whole, 0), y, tl.load(rest + 2 * e + 1))
    if FIRST and SECOND:
        tl.debug_barrier()
    if SECOND:
        total = _collect(column + (i * H + Y) * WIDE, 1, across + (i * H + Y) * W, 1, x, W)
        if FIRST:
            tl.debug_barrier()
        tl.store(to_score + cell, total, inside)


def tiles(H: int, W: int) -> tuple[int, int, int]:
    """Vectors of columns and rows of a tile, and the tiles of a map."""
    C, R = triton.next_power_of_2(row_length(W) // LANES), triton.next_power_of_2(H)
    if max(C * LANES, R) <= _WHOLE:
        return C, R, 1
    C, R = min(C, _TILE[0]), min(R, _TILE[1])
    return C, R, triton.cdiv(W, C * LANES) * triton.cdiv(H, R)


def _launch(kernel, maps, *tensors, **sizes):
    """Both passes of a kernel over (B, E) maps: one launch where one tile is the map, else two.

    `across`, where a map lies between the passes, is the place of its result, unless other tiles
    still read there.
    """
    B, E, H, W = maps.shape
    C, R, count = tiles(H, W)
    across = maps if count == 1 else torch.empty_like(maps)
    sizes |= {"E": E, "H": H, "W": W, "WIDE": row_length(W), "C": C, "R": R}
    sizes |= {"num_warps": max(1, C * R * LANES // _SHARE), "enable_fp_fusion": False}
    for first, second in ((True, True),) if count == 1 else ((True, False), (False, True)):
        with torch.cuda.device_of(maps):
            kernel[B * E, count](across, *tensors, **sizes, FIRST=first, SECOND=second)


def _prices(stiffness, rest, n):
    """stiffness (d - rest)^2 for d = 1 - n..n - 1, (E, 2, 2 n - 1), rounded as layer.py rounds."""
    d = torch.arange(1 - n, n, dtype=stiffness.dtype, device=stiffness.device)
    stretch = d - rest[..., None]
    return stiffness[..., None] * (stretch * stretch)


def _sent(senders, sender, stiffness, rest, keep):
    """Messages (B, E, H, W) of springs (E, 2), from the maps of senders (B, M, H, W) that sender
    (E,) names, and their arg-maxes, or none unless `keep`."""
    (B, M, H, W), E = senders.shape, len(sender)
    message = senders.new_empty(B, E, H, W)
    column, row = (empty_arg_max(senders, B, E if keep else 0) for _ in range(2))
    prices = _prices(stiffness, rest, max(H, W))
    _launch(_messages, message, senders, sender, prices, message, column, row, M=M, KEEP=keep)
    return message, column, row


def _returned(gradient, receiver, column, row, stiffness, rest):
    """Gradients of each message's map (B, E, H, W) and, summed over B, of the springs (E, 2).

    gradient (B, N, H, W), of which receiver (E,) names each message's.
    """
    (B, N, H, W), E = gradient.shape, len(receiver)
    to_score = gradient.new_empty(B, E, H, W)
    to_spring = gradient.new_empty(B, E, tiles(H, W)[2], 2, 2)
    inputs = gradient, receiver, column, row, rest
    _launch(_gradients, to_score, *inputs, to_score, to_spring, N=N)
    linear, quadratic = to_spring.sum((0, 2)).unbind(-1)
    return to_score, -quadratic, 2 * stiffness * linear


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
    """For each of `count` nodes, the sum of the maps (B, E, H, W) that end there: (B, count, H, W).

    ends (E,); weighted: unary, own and share, as in `pass_messages`, or nothing.
    """
    B, E, H, W = message.shape
    score = message.new_empty(B, count, H, W)
    tensors = message, ends, ends.stride(0), *(weighted or (message,) * 3), score
    sizes = {"N": count, "E": E, "cells": H * W, "WEIGHTED": bool(weighted), "BLOCK": _BLOCK}
    with torch.cuda.device_of(message):
        grid = B * count, triton.cdiv(H * W, _BLOCK)
        _sums[grid](*tensors, **sizes, enable_fp_fusion=False)
    return score


def transform_triton(
    score: Tensor, stiffness: Tensor, rest: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """`transform` on a CUDA device."""
    every = torch.arange(len(score), device=score.device)
    message, column, row = _sent(score[None], every, stiffness, rest, True)
    return message[0], column[0], row[0]


def transform_backward_triton(
    shape: list[int], gradient: Tensor, column: Tensor, row: Tensor, stiffness: Tensor, rest: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of score, stiffness and rest of `transform`."""
    every = torch.arange(len(gradient), device=gradient.device)
    to_score, *to_springs = _returned(gradient[None], every, column, row, stiffness, rest)
    return to_score[0], *to_springs


def pass_round_triton(*arguments: Tensor, keep: bool) -> tuple[Tensor, Tensor, Tensor]:
    """`pass_round` on a CUDA device."""
    unary, senders, edges, stiffness, rest, own, share = arguments
    message, column, row = _sent(senders, edges[:, 0].contiguous(), stiffness, rest, keep)
    return _sums_of(message, edges[:, 1], unary.shape[1], unary, own, share), column, row


def pass_round_backward_triton(shape: list[int], *kept: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the senders, the stiffness and the rest of `pass_round`."""
    gradient, column, row, edges, stiffness, rest = kept
    receiver = edges[:, 1].contiguous()
    to_message, *to_springs = _returned(gradient, receiver, column, row, stiffness, rest)
    return _sums_of(to_message, edges[:, 0], shape[1]), *to_springs
