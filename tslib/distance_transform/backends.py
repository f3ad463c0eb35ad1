"""Who computes the messages: numba on a CPU, Triton on a CUDA device, torch operations on any device.

All name the same values, sources and gradients. The fast ones are torch operators of the library ``tslib``,
so that autograd and ``torch.compile`` take them as one step each.
"""

import functools
import importlib
import os
import warnings

import torch

from .layout import index_type, row_length

BACKENDS = {
    "compiled": "numba, on a CPU",
    "triton": "Triton, on CUDA",
    "torch": "torch operations, on any device",
}
PACKAGES = {"compiled": "numba", "triton": "triton"}


@functools.cache
def missing(name):
    """Why a back end cannot run on this machine, as one sentence; None where it can."""
    try:
        importlib.import_module(f".{name}", __package__)
    except (
        Exception
    ) as error:  # not installed, or installed for another machine: either way torch does the work
        return f"The {name} back end is missing, because {PACKAGES[name]} cannot be used here ({error})."
    return None


@functools.cache
def _warn(sentence):
    warnings.warn(f"{sentence} Messages are computed by torch, slower.", stacklevel=4)


@torch.compiler.assume_constant_result
def choose_backend(device, backend=None):
    """The name of the back end that computes messages on a device.

    Parameters
    ----------
    device : torch.device
    backend : str or None
        "compiled" (CPU), "triton" (CUDA) or "torch"; None takes the fastest that runs there, and warns once
        where that is torch for want of a package.

    Raises
    ------
    ValueError
        A back end that there is not, that does not run on the device, or whose package is missing.
    """
    device = torch.device(device)
    usual = {"cpu": "compiled", "cuda": "triton"}.get(device.type, "torch")
    if backend is None:
        if usual == "torch" or not missing(usual):
            return usual
        _warn(missing(usual))
        return "torch"
    if backend not in BACKENDS:
        raise ValueError(f"there is no back end {backend!r}; choose one of {', '.join(BACKENDS)}, or None.")
    interpreted = backend == "triton" and os.environ.get("TRITON_INTERPRET") == "1"
    if backend not in (usual, "torch") and not interpreted:
        raise ValueError(
            f"back end {backend!r} ({BACKENDS[backend]}) does not run on {device.type}; try None."
        )
    if backend != "torch" and missing(backend):
        raise ValueError(f"{missing(backend)} Install it, or choose back end 'torch'.")
    return backend


def module(backend, package=__package__):
    """The module of a fast back end in a package that has one for each."""
    return importlib.import_module(f".{backend}", package)


@torch.library.custom_op("tslib::transform", mutates_args=())
def transform(
    score: torch.Tensor, stiffness: torch.Tensor, rest: torch.Tensor, backend: str
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """score (N, H, W), springs (N, 2) -> message (N, H, W), arg-max of each pass (N, H, at least W)."""
    return module(backend).transform(score.contiguous(), stiffness.contiguous(), rest.contiguous())


@torch.library.custom_op("tslib::transform_backward", mutates_args=())
def transform_backward(
    gradient: torch.Tensor, column: torch.Tensor, row: torch.Tensor,
    stiffness: torch.Tensor, rest: torch.Tensor, backend: str,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:  # fmt: skip
    """Gradients of score, stiffness and rest."""
    arguments = (t.contiguous() for t in (gradient, column, row, stiffness, rest))
    return module(backend).transform_backward(*arguments)


@transform.register_fake
def _(score, stiffness, rest, backend):
    arg = score.new_empty(*score.shape[:-1], row_length(score.shape[-1]), dtype=index_type(*score.shape[-2:]))
    return torch.empty_like(score, memory_format=torch.contiguous_format), arg, torch.empty_like(arg)


@transform_backward.register_fake
def _(gradient, column, row, stiffness, rest, backend):
    return tuple(
        torch.empty_like(t, memory_format=torch.contiguous_format) for t in (gradient, stiffness, rest)
    )


def _keep(ctx, inputs, output):
    ctx.set_materialize_grads(False)  # or the arg-maxes, which have none, would get zeros
    _, stiffness, rest, ctx.backend = inputs
    ctx.save_for_backward(*output[1:], stiffness, rest)
    ctx.mark_non_differentiable(*output[1:])


@torch.autograd.function.once_differentiable
def _back(ctx, gradient, *_):
    if gradient is None:
        return None, None, None, None
    return *transform_backward(gradient, *ctx.saved_tensors, ctx.backend), None


transform.register_autograd(_back, setup_context=_keep)
