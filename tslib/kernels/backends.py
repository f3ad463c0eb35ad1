"""Who computes the messages; all back ends give the same values, sources and gradients."""

import functools
import importlib
import os
import warnings
from collections.abc import Callable

import torch

BACKENDS = {
    "compiled": "numba, on a CPU",
    "triton": "Triton, on CUDA",
    "torch": "torch operations, on any device",
}
_PACKAGES = {"compiled": "numba", "triton": "triton"}


@functools.cache
def kernel(name: str, backend: str) -> Callable:
    """A function of a back end by its operator's name, such as `pass_round_numba`.

    What numba and Triton compile is imported only now, which raises where it cannot run.
    """
    package = _PACKAGES[backend]
    file = f".{'warp' if name.startswith('sample') else 'messages'}_{package}"
    return getattr(importlib.import_module(file, __package__), f"{name}_{package}")


@functools.cache
def missing(backend: str) -> str | None:
    """Why a back end cannot run on this machine, as one sentence; None where it can."""
    try:
        kernel("transform", backend)
    except Exception as error:  # not installed, or for another machine: torch does the work
        why = f"{_PACKAGES[backend]} cannot be used here ({error})"
        return f"The {backend} back end is missing, because {why}."
    return None


@functools.cache
def _warn(sentence):
    warnings.warn(f"{sentence} Messages are computed by torch, slower.", stacklevel=4)


@torch.compiler.assume_constant_result
def choose_backend(device: torch.device | str, backend: str | None = None) -> str:
    """The name of the back end that computes messages on a device.

    backend : "compiled" (CPU), "triton" (CUDA) or "torch"; None takes the fastest that runs there,
        and warns once where that is torch for want of a package

    Raises ValueError for a back end that there is not, that does not run on the device, or whose
    package is missing.
    """
    device = torch.device(device)
    usual = {"cpu": "compiled", "cuda": "triton"}.get(device.type, "torch")
    if backend is None:
        if usual == "torch" or not missing(usual):
            return usual
        _warn(missing(usual))
        return "torch"
    if backend not in BACKENDS:
        raise ValueError(
            f"there is no back end {backend!r}; choose one of {', '.join(BACKENDS)}, or None."
        )
    interpreted = backend == "triton" and os.environ.get("TRITON_INTERPRET") == "1"
    if backend not in (usual, "torch") and not interpreted:
        raise ValueError(
            f"back end {backend!r} ({BACKENDS[backend]}) does not run on {device.type}; try None."
        )
    if backend != "torch" and missing(backend):
        raise ValueError(f"{missing(backend)} Install it, or choose back end 'torch'.")
    return backend
