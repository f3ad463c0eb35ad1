"""How much memory a torch computation takes, counted, so that it is the same on every machine; and
how much a process takes.
"""

import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveBytes(TorchDispatchMode):
    """Adds up the bytes of every tensor made inside the `with` block while it is alive.

    now, peak: bytes. Counts what operators return, in the backward pass too; not what they use
    inside.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self.known: weakref.WeakSet = weakref.WeakSet()

    def __torch_dispatch__(
        self, function: Callable, types: Any, args: Sequence = (), kwargs: dict | None = None
    ) -> Any:
        given = (t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor))
        before = {t.untyped_storage() for t in given}
        result = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if storage not in self.known and storage not in before:
                    self.known.add(storage)
                    self._add(storage.nbytes())
                    weakref.finalize(storage, self._add, -storage.nbytes())
        return result

    def _add(self, size: int) -> None:
        self.now += size
        self.peak = max(self.peak, self.now)


def resident(field: str) -> int:
    """VmRSS or VmHWM of this process, in bytes; Linux tells them."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split(f"{field}:")[1].split()[0]) * 1024
