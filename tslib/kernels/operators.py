"""The fast back ends as torch operators: autograd and ``torch.compile`` take each as one step.

Every operator has a forward, a backward, and the shapes of both their results for
``torch.compile``. The kernels named after them take the same tensors, contiguous, and the backward
ones take what `_backward` does; they are described here, once for numba and Triton.

An arg-max (..., H, row_length(W)) of small integers is kept of each of a message's passes: first
``column``, for every cell of a row the best column, then ``row``, for every cell of a column the
best row. Each operator has a slow twin in torch operations, beside who calls it.
"""

from typing import Any

import torch
from torch import Tensor
from torch.library import custom_op

from .backends import kernel
from .layout import empty_arg_max


@custom_op("tslib::transform", mutates_args=())
def transform(
    score: Tensor, stiffness: Tensor, rest: Tensor, backend: str
) -> tuple[Tensor, Tensor, Tensor]:
    """score (N, H, W), springs (N, 2) -> message (N, H, W), and both arg-maxes."""
    return kernel("transform", backend)(*_contiguous(score, stiffness, rest))


@transform.register_fake
def _(score, stiffness, rest, backend):
    return _like(score), *(empty_arg_max(score, len(score)) for _ in range(2))


def _keep_transform(ctx, inputs, output):
    score, *springs, ctx.backend = inputs
    ctx.shape = score.shape
    ctx.save_for_backward(*output[1:], *springs)


def _transform_gradients(ctx, gradient):
    column, row, *springs = ctx.saved_tensors
    kept = [gradient, column, row]
    return *_backward("transform", ctx.backend, ctx.shape, kept, springs), None


@custom_op("tslib::pass_round", mutates_args=())
def pass_round(
    unary: Tensor,
    senders: Tensor,
    edges: Tensor,
    stiffness: Tensor,
    rest: Tensor,
    own: Tensor,
    share: Tensor,
    backend: str,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """See `pass_messages`: score (B, N, H, W), and the arg-maxes of (B, E) messages, or of (B, 0)
    unless they are to be kept for the gradient."""
    tensors = _contiguous(unary, senders, edges, stiffness, rest, own, share)
    return kernel("pass_round", backend)(*tensors, keep=keep)


@pass_round.register_fake
def _(unary, senders, edges, stiffness, rest, own, share, backend, keep):
    kept = (empty_arg_max(unary, len(unary), len(edges) if keep else 0) for _ in range(2))
    return _like(unary), *kept


def _keep_round(ctx, inputs, output):
    _, senders, edges, stiffness, rest, own, share, ctx.backend, _ = inputs
    ctx.shape = senders.shape
    ctx.save_for_backward(own, share, *output[1:], edges, stiffness, rest)


def _round_gradients(ctx, gradient):
    own, share, column, row, edges, *springs = ctx.saved_tensors
    to_unary = own[:, None, None] * gradient
    if not any(ctx.needs_input_grad[i] for i in (1, 3, 4)):  # nothing was kept
        return to_unary, *(None,) * 8
    kept = [share[:, None, None] * gradient, column, row, edges]
    to_senders, *to_springs = _backward("pass_round", ctx.backend, ctx.shape, kept, springs)
    return to_unary, to_senders, None, *to_springs, *(None,) * 4


@custom_op("tslib::sample", mutates_args=())
def sample_compiled(maps: Tensor, place: Tensor) -> Tensor:
    """maps (N, K, H, W) at the cells place (N, h, w, 2) -> (N, K, h, w), on a CPU."""
    return kernel("sample", "compiled")(*_contiguous(maps, place))


@sample_compiled.register_fake
def _(maps, place):
    return maps.new_empty(*maps.shape[:2], *place.shape[1:3])


def _keep_sample(ctx, inputs, output):
    ctx.save_for_backward(*inputs)


def _sample_gradients(ctx, gradient):
    maps, place = ctx.saved_tensors
    return _backward("sample", "compiled", maps.shape, [gradient, maps], [place])


_TYPES = "(str operator, str backend, SymInt[] shape, Tensor[] kept, Tensor[] learnt) -> Tensor[]"


@custom_op("tslib::backward", mutates_args=(), schema=_TYPES)  # torch 2.6 infers no list[int]
def _backward(
    operator: str, backend: str, shape: list[int], kept: list[Tensor], learnt: list[Tensor]
) -> list[Tensor]:
    """The gradients of an operator's maps, which have that shape, and of its `learnt` tensors.

    kept: the gradient of its result (of `pass_round`: of the sums of messages), and whatever else
    the kernel needs.
    """
    tensors = _contiguous(*kept, *learnt)
    return list(kernel(f"{operator}_backward", backend)(shape, *tensors))


@_backward.register_fake
def _(operator, backend, shape, kept, learnt):
    return [kept[0].new_empty(shape), *(_like(t) for t in learnt)]


def _differentiable(operator: Any, keep: Any, gradients: Any) -> None:
    """Tell autograd how an operator, whose first result alone has a gradient, is differentiated."""

    def setup(ctx, inputs, output):
        ctx.set_materialize_grads(False)  # or the arg-maxes, which have none, would get zeros
        keep(ctx, inputs, output)

    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient, *_):
        if gradient is None:
            return (None,) * len(ctx.needs_input_grad)
        return tuple(gradients(ctx, gradient))

    operator.register_autograd(backward, setup_context=setup)


_differentiable(transform, _keep_transform, _transform_gradients)
_differentiable(pass_round, _keep_round, _round_gradients)
_differentiable(sample_compiled, _keep_sample, _sample_gradients)


def _contiguous(*tensors):
    return (t.contiguous() for t in tensors)


def _like(tensor):
    return torch.empty_like(tensor, memory_format=torch.contiguous_format)
