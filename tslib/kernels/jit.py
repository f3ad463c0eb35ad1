"""How numba compiles and runs kernels: cached on disk, forgotten when they change, in threads."""

import functools
import hashlib
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numba import njit


def forget_stale_kernels() -> None:
    """Remove what numba cached of kernels whose sources have changed.

    numba looks at a function's own file only, and ours call each other across files. Where the
    caches cannot be written, nothing changes.
    """
    folder = Path(__file__).parent
    sources = b"".join(f.read_bytes() for f in sorted(folder.glob("*.py")))
    stamp = hashlib.sha256(sources).hexdigest()
    cache = folder / "__pycache__"
    note = cache / "kernels.sha256"
    try:
        if note.exists() and note.read_text(encoding="utf-8") == stamp:
            return
        for file in cache.glob("*.nb[ic]"):
            file.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        note.write_text(stamp, encoding="utf-8")
    except OSError:
        pass


forget_stale_kernels()


def compiled(**options: Any) -> Callable[[Callable], Callable]:
    """njit that lets other threads run, cached on disk wherever there is a place to write."""
    options |= {"nogil": True, "error_model": "numpy"}

    def decorate(function):
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # no folder for the cache
            return njit(**options)(function)

    return decorate


@functools.lru_cache(maxsize=8)
def pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Threads that wait for work; those of another process number did not survive the fork."""
    return ThreadPoolExecutor(threads, "messages")


def spread(kernel: Callable[..., None], tasks: int, *arguments: Any) -> None:
    """kernel(first, last, *arguments) over ranges of 0..tasks, in torch.get_num_threads() threads.

    The caller is one of them. Several callers at once share the others, and who gets none of them
    in time does all the work alone; a child process after a fork makes its own.
    """
    threads = min(torch.get_num_threads(), tasks)
    if threads <= 1:
        return kernel(0, tasks, *arguments)
    firsts = [0]  # the last ranges are short, so that all threads are done together
    while firsts[-1] < tasks:
        firsts.append(firsts[-1] - (firsts[-1] - tasks) // (2 * threads))
    waiting = iter(list(itertools.pairwise(firsts)))  # each range goes to one thread

    def work():
        for first, last in waiting:
            kernel(first, last, *arguments)

    workers = pool(os.getpid(), threads - 1)
    others = [workers.submit(work) for _ in range(threads - 1)]
    work()
    for other in others:
        if not other.cancel():
            other.result()


def arrays(*tensors: torch.Tensor) -> tuple[np.ndarray, ...]:
    """CPU tensors as arrays that share their memory."""
    return tuple(t.numpy() for t in tensors)
