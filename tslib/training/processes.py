"""Where a process computes: one alone, or one of several that `torchrun` has started."""

import os
from contextlib import contextmanager

import torch
import torch.distributed as dist

from ..errors import InputError


def device_of(name):
    """The torch device of this process, auto, cpu or cuda; under torchrun each has a GPU of its
    own.
    """
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    count, local = torch.cuda.device_count(), int(os.environ.get("LOCAL_RANK", 0))
    if local >= count:
        raise InputError(
            f"process {local} finds {count} CUDA devices; start fewer, or with --device cpu."
        )
    return torch.device("cuda", local)


@contextmanager
def joined(device):
    """A context in which the processes of a job know each other; gives the device of this one."""
    device = device_of(device)
    together = int(os.environ.get("WORLD_SIZE", 1)) > 1
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if together:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    yield device
    if together:  # after a failure the others are not waited for: torchrun ends them
        dist.destroy_process_group()


def leads():
    """Whether this process is the one that writes."""
    return not dist.is_initialized() or dist.get_rank() == 0
