"""Who computes the messages: numba on a CPU, Triton on a CUDA device, torch operations on any
device.

All give the same values, sources and gradients; operators.py makes torch operators of the fast
ones.
"""

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
    """A function of a back end by its operator's name, such as `pass_round_numba`: what numba and
    Triton compile is imported only now.

    Raises whatever the import raises, where the back end cannot run.
    """
    module = {"transform": "transform", "pass_round": "rounds", "sample": "warp"}
    package = _PACKAGES[backend]
    file = f".{module[name.removesuffix('_backward')]}_{package}"
    return getattr(importlib.import_module(file, __package__), f"{name}_{package}")


@functools.cache
def missing(backend: str) -> str | None:
    """Why a back end cannot run on this machine, as one sentence; None where it can."""
    try:
        kernel("transform", backend)
    # Not installed, or for another machine: either way torch does the work.
    except Exception as error:
        package = _PACKAGES[backend]
        return (
            f"The {backend} back end is missing, because {package} cannot be used here ({error})."
        )
    return None


@functools.cache
def _warn(sentence):
    warnings.warn(f"{sentence} Messages are computed by torch, slower.", stacklevel=4)


@torch.compiler.assume_constant_result
def choose_backend(device: torch.device | str, backend: str | None = None) -> str:
    """The name of the back end that computes messages on a device.

    Parameters
    ----------
    device : torch.device
    backend : str or None
        "compiled" (CPU), "triton" (CUDA) or "torch"; None takes the fastest that runs there, and
        warns once where that is torch for want of a package.

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
