"""The compiled kernels as torch operators, so that autograd and ``torch.compile`` take each as one
step.

Every operator has a forward, a backward, the shapes of its results for ``torch.compile``, and the
function that keeps what the backward needs. Who calls them is the transform
(distance_transform/layer.py), the round of messages (message_passing/rounds.py) and the flow layer
(warp.py); each has a slow twin in torch operations.
"""

import importlib

import torch

from .backends import PACKAGES
from .layout import index_type, row_length


def _kernels(what: str, backend: str):
    """The module that holds the kernels of a back end for "transform" or "rounds"."""
    return importlib.import_module(f".{what}_{PACKAGES[backend]}", __package__)


# The transform of N maps


@torch.library.custom_op("tslib::transform", mutates_args=())
def transform(
    score: torch.Tensor, stiffness: torch.Tensor, rest: torch.Tensor, backend: str
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """score (N, H, W), springs (N, 2) -> message (N, H, W), arg-max of each pass (N, H, at least
    W).
    """
    arguments = (t.contiguous() for t in (score, stiffness, rest))
    return _kernels("transform", backend).transform(*arguments)


@torch.library.custom_op("tslib::transform_backward", mutates_args=())
def _transform_backward(
    gradient: torch.Tensor,
    column: torch.Tensor,
    row: torch.Tensor,
    stiffness: torch.Tensor,
    rest: torch.Tensor,
    backend: str,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of score, stiffness and rest."""
    arguments = (t.contiguous() for t in (gradient, column, row, stiffness, rest))
    return _kernels("transform", backend).transform_backward(*arguments)


@transform.register_fake
def _(score, stiffness, rest, backend):
    H, W = score.shape[-2:]
    kept = score.new_empty(*score.shape[:-1], row_length(W), dtype=index_type(H, W))
    return _like(score), kept, torch.empty_like(kept)


@_transform_backward.register_fake
def _(gradient, column, row, stiffness, rest, backend):
    return _like(gradient), _like(stiffness), _like(rest)


def _keep_transform(ctx, inputs, output):
    ctx.set_materialize_grads(False)  # or the arg-maxes, which have none, would get zeros
    _, stiffness, rest, ctx.backend = inputs
    ctx.save_for_backward(*output[1:], stiffness, rest)
    ctx.mark_non_differentiable(*output[1:])


@torch.autograd.function.once_differentiable
def _transform_gradients(ctx, gradient, *_):
    if gradient is None:
        return None, None, None, None
    return *_transform_backward(gradient, *ctx.saved_tensors, ctx.backend), None


transform.register_autograd(_transform_gradients, setup_context=_keep_transform)


# A round of messages


@torch.library.custom_op("tslib::pass_round", mutates_args=())
def pass_round(
    unary: torch.Tensor,
    senders: torch.Tensor,
    edges: torch.Tensor,
    stiffness: torch.Tensor,
    rest: torch.Tensor,
    own: torch.Tensor,
    share: torch.Tensor,
    backend: str,
    keep: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The new scores, and each message's arg-maxes if they are to be kept for the gradient."""
    arguments = (t.contiguous() for t in (unary, senders, edges, stiffness, rest, own, share))
    return _kernels("rounds", backend).pass_round(*arguments, keep)


@torch.library.custom_op("tslib::pass_round_backward", mutates_args=())
def _pass_round_backward(
    gradient: torch.Tensor,
    column: torch.Tensor,
    row: torch.Tensor,
    edges: torch.Tensor,
    stiffness: torch.Tensor,
    rest: torch.Tensor,
    own: torch.Tensor,
    share: torch.Tensor,
    M: int,
    backend: str,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of unary, senders, stiffness and rest."""
    tensors = gradient, column, row, edges, stiffness, rest, own, share
    return _kernels("rounds", backend).pass_round_backward(*(t.contiguous() for t in tensors), M)


@pass_round.register_fake
def _(unary, senders, edges, stiffness, rest, own, share, backend, keep):
    B, _, H, W = unary.shape
    kept = unary.new_empty(B, len(edges) if keep else 0, H, row_length(W), dtype=index_type(H, W))
    return _like(unary), kept, torch.empty_like(kept)


@_pass_round_backward.register_fake
def _(gradient, column, row, edges, stiffness, rest, own, share, M, backend):
    B, N, H, W = gradient.shape
    to_maps = (gradient.new_empty(B, nodes, H, W) for nodes in (N, M))
    return *to_maps, torch.empty_like(stiffness), torch.empty_like(rest)


def _keep_round(ctx, inputs, output):
    ctx.set_materialize_grads(False)
    _, senders, edges, stiffness, rest, own, share, ctx.backend, _ = inputs
    ctx.M = senders.shape[1]
    ctx.save_for_backward(*output[1:], edges, stiffness, rest, own, share)


@torch.autograd.function.once_differentiable
def _round_gradients(ctx, gradient, *_):
    if gradient is None:
        return (None,) * 9
    if not any(
        ctx.needs_input_grad[i] for i in (1, 3, 4)
    ):  # nothing was kept: only the unary learns
        own = ctx.saved_tensors[-2]
        return own[:, None, None] * gradient, *(None,) * 8
    found = _pass_round_backward(gradient, *ctx.saved_tensors, ctx.M, ctx.backend)
    to_unary, to_senders, to_stiffness, to_rest = found
    return to_unary, to_senders, None, to_stiffness, to_rest, None, None, None, None


pass_round.register_autograd(_round_gradients, setup_context=_keep_round)


# Bilinear samples


@torch.library.custom_op("tslib::sample", mutates_args=())
def sample(maps: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    """maps (N, K, H, W) at the cells place (N, h, w, 2) -> (N, K, h, w), on a CPU."""
    from .warp_numba import sample_maps

    return sample_maps(maps.contiguous(), place.contiguous())


@torch.library.custom_op("tslib::sample_backward", mutates_args=())
def _sample_backward(
    gradient: torch.Tensor, maps: torch.Tensor, place: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gradients of maps and place."""
    from .warp_numba import sample_maps_backward

    return sample_maps_backward(gradient.contiguous(), maps.contiguous(), place.contiguous())


@sample.register_fake
def _(maps, place):
    return maps.new_empty(*maps.shape[:2], *place.shape[1:3])


@_sample_backward.register_fake
def _(gradient, maps, place):
    return _like(maps), _like(place)


def _keep_sample(ctx, inputs, output):
    ctx.save_for_backward(*inputs)


@torch.autograd.function.once_differentiable
def _sample_gradients(ctx, gradient):
    return _sample_backward(gradient, *ctx.saved_tensors)


sample.register_autograd(_sample_gradients, setup_context=_keep_sample)


def _like(tensor):
    return torch.empty_like(tensor, memory_format=torch.contiguous_format)
