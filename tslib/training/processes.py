"""Where a process computes: one alone, or one of several that `torchrun` has started."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist

from ..errors import InputError


class ProcessLost(RuntimeError):
    """Another process of the job has ended, and this one has waited for it in vain."""


def device_of(name: str) -> torch.device:
    """The device of this process: auto, cpu or cuda; under torchrun each has a GPU of its own."""
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    count, local = torch.cuda.device_count(), int(os.environ.get("LOCAL_RANK", 0))
    if local >= count:
        raise InputError(
            f"process {local} finds {count} CUDA devices; start fewer, or with --device cpu."
        )
    return torch.device("cuda", local)


@contextmanager
def joined(name: str) -> Iterator[torch.device]:
    """A context in which the processes of a job know each other; gives the device of this one."""
    device = device_of(name)
    together = int(os.environ.get("WORLD_SIZE", 1)) > 1
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if together:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    yield device
    if together:  # after a failure the others are not waited for: torchrun ends them
        dist.destroy_process_group()


def rank_and_world() -> tuple[int, int]:
    """The number of this process in its job, 0 for the one that writes, and how many there are."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


@contextmanager
def in_step() -> Iterator[None]:
    """A context for what processes do together; ProcessLost where one of the others has ended."""
    try:
        yield
    except RuntimeError as error:
        # What gloo raises is known by its text alone.
        lost = (
            isinstance(error, dist.DistError) or "gloo" in str(error) or "Connection" in str(error)
        )
        if lost and dist.is_initialized():
            raise ProcessLost(str(error)) from None
        raise
