"""Where a process computes: one alone, or one of several that `torchrun` has started."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed

from ..errors import InputError


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
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    yield device
    if together:  # after a failure the others are not waited for: torchrun ends them
        distributed.destroy_process_group()


def rank_and_world() -> tuple[int, int]:
    """The number of this process in its job, 0 for the one that writes, and how many there are."""
    there = distributed.is_initialized()
    return (distributed.get_rank(), distributed.get_world_size()) if there else (0, 1)


def is_lost(error: Exception) -> bool:
    """Whether an error says that another process of the job has ended."""
    # What gloo raises is known by its text alone.
    named = isinstance(error, distributed.DistError) or "gloo" in str(error)
    return distributed.is_initialized() and (named or "Connection" in str(error))
