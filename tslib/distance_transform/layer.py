"""The transform in torch: batched, on any device, differentiable in score, stiffness and rest.

Every candidate is compared, by broadcasting: in torch operations that is faster than the envelope
on maps of the size of a heat-map. Chapter 02 builds every function of this file.
"""

from collections.abc import Sequence
from typing import Any, overload

import torch
from torch import Tensor

from ..kernels.backends import choose_backend
from ..kernels.operators import transform
from .arguments import check_type, check_values, leading_shape

# Compared at a time; on a CPU they have to fit its cache.
CANDIDATES = {"cpu": 2**19, "cuda": 2**27}

Numbers = Tensor | Sequence[float]


def max_plus(score: Tensor, stiffness: Tensor, rest: Tensor) -> tuple[Tensor, Tensor]:
    """Best sender along the last axis, for every receiver, by comparing all of them.

    score (N, R, n), R rows in each of N maps, and springs (N,) -> message and source (N, R, n), the
    lowest on ties. Takes N * R * n * n candidates at once.
    """
    q = torch.arange(score.shape[-1], dtype=score.dtype, device=score.device)
    stretch = q - q[:, None] - rest[:, None, None]  # (N, n of p, n of q)
    cost = stiffness[:, None, None] * stretch.square()
    return (score[:, :, None, :] - cost[:, None]).max(-1)


def max_plus_chunked(score: Tensor, stiffness: Tensor, rest: Tensor) -> tuple[Tensor, Tensor]:
    """The same, a few maps or rows at a time, so that the candidates never fill the memory."""
    N, R, n = score.shape
    limit = CANDIDATES.get(score.device.type, CANDIDATES["cuda"])
    maps, rows = max(1, limit // (R * n * n)), min(R, max(1, limit // (n * n)))
    message = torch.empty_like(score, memory_format=torch.contiguous_format)
    source = torch.empty(score.shape, dtype=torch.int64, device=score.device)
    for i in range(0, N, maps):
        a, mu = stiffness[i : i + maps], rest[i : i + maps]
        for r in range(0, R, rows):
            part = slice(i, i + maps), slice(r, r + rows)
            message[part], source[part] = max_plus(score[part], a, mu)
    return message, source


def smallest(index: Tensor) -> Tensor:
    """Row or column indices (N, H, W) in the smallest integers that hold them all, for keeping."""
    for dtype in (torch.uint8, torch.int16):
        if max(index.shape[-2:]) <= torch.iinfo(dtype).max + 1:
            return index.to(dtype)
    return index.to(torch.int32)


def spring_gradients(
    gradient: Tensor, column: Tensor, row: Tensor, stiffness: Tensor, rest: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients (N, 2) of stiffness and rest for that of the message and its sources (N, H, W)."""
    H, W = gradient.shape[-2:]
    to_stiffness, to_rest = torch.empty_like(stiffness), torch.empty_like(rest)
    p = torch.arange(max(H, W), dtype=gradient.dtype, device=gradient.device)
    for axis, stretch in enumerate((column - p[:W], row - p[:H, None])):
        stretch = stretch - rest[:, axis, None, None]
        to_rest[:, axis] = 2 * stiffness[:, axis] * (gradient * stretch).sum((1, 2))
        to_stiffness[:, axis] = -(gradient * stretch.square()).sum((1, 2))
    return to_stiffness, to_rest


class DistanceTransform(torch.autograd.Function):
    """score (N, H, W), stiffness (N, 2), rest (N, 2) -> message and source (N, H, W).

    Backward is Paper A's sub-gradient (Sec. 3.3): each cell of the message has one source, so its
    gradient goes there whole, as in max pooling; only the arg-max maps are kept for it, in the
    smallest integers.
    """

    @staticmethod
    def forward(ctx: Any, score: Tensor, stiffness: Tensor, rest: Tensor) -> tuple[Tensor, Tensor]:
        a, mu, W = stiffness.mT, rest.mT, score.shape[-1]
        across, column = max_plus_chunked(score, a[0], mu[0])
        message, row = max_plus_chunked(across.mT.contiguous(), a[1], mu[1])
        message, row = message.mT.contiguous(), row.mT
        column = column.gather(1, row)  # the winning row's winning column
        ctx.save_for_backward(smallest(column), smallest(row), stiffness, rest)
        source = row * W + column
        ctx.mark_non_differentiable(source)
        return message, source

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor, _: None) -> tuple[Tensor, Tensor, Tensor]:
        column, row, stiffness, rest = ctx.saved_tensors
        N, H, W = gradient.shape
        source = (row.long() * W + column).flatten(1)
        to_score = torch.zeros_like(gradient).flatten(1)
        to_score.scatter_add_(1, source, gradient.flatten(1))
        springs = spring_gradients(gradient, column, row, stiffness, rest)
        return to_score.view(N, H, W), *springs


def flat_source(column: Tensor, row: Tensor, W: int) -> Tensor:
    """Flat index of each message's source, int64 (N, H, W), from the arg-maxes of both passes."""
    row = row[..., :W].long()
    return row * W + column[..., :W].long().gather(1, row)


@overload
def distance_transform(score: Tensor, stiffness: Numbers, rest: Numbers) -> Tensor: ...
@overload
def distance_transform(
    score: Tensor, stiffness: Numbers, rest: Numbers, return_source: bool, backend: str | None = ...
) -> Any: ...
def distance_transform(
    score: Tensor,
    stiffness: Numbers,
    rest: Numbers,
    return_source: bool = False,
    backend: str | None = None,
) -> Tensor | tuple[Tensor, Tensor]:
    """Generalized distance transform of score maps (Paper A, Eq. 4), differentiable.

        message[p] = max_q  score[q] - stiffness_x (q_x - p_x - rest_x)^2
                                     - stiffness_y (q_y - p_y - rest_y)^2

    Arguments, results and errors as of `distance_transform_numpy`, but score is a float32 or
    float64 tensor on any device, whose dtype and device the springs take. Only return_source asks
    for the second result. backend: see `choose_backend`, which raises as well.

    Gradients reach all three arguments, and cannot be differentiated a second time.
    """
    check_type("score", score)
    stiffness, rest = (
        torch.as_tensor(a, dtype=score.dtype, device=score.device) for a in (stiffness, rest)
    )
    lead = leading_shape(score.shape, stiffness.shape, rest.shape)
    check_values(*(t.detach() for t in (score, stiffness, rest)))
    H, W = score.shape[-2:]
    maps = score.expand(*lead, H, W).reshape(-1, H, W)
    springs = [t.expand(*lead, 2).reshape(-1, 2) for t in (stiffness, rest)]
    backend = choose_backend(score.device, backend)
    if backend == "torch":
        message, source = DistanceTransform.apply(maps, *springs)
    else:
        message, column, row = transform(maps, *springs, backend)
        source = flat_source(column, row, W) if return_source else None
    message = message.view(*lead, H, W)
    return (message, source.view(*lead, H, W)) if return_source else message
