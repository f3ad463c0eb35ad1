"""Stages of a stream that run side by side, each in a thread of its own."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_Item = TypeVar("_Item")
_END: Any = object()


def ahead(items: Generator[_Item, None, None], size: int = 2) -> Iterator[_Item]:
    """Yield the items of a generator, which another thread computes up to `size` items ahead.

    They are the same items in the same order, and an exception is raised where its item would come.
    The generator is closed when the consumer stops, also by a Ctrl-C. It gains time because OpenCV,
    torch and our kernels let other threads run.
    """
    worker = ThreadPoolExecutor(1, "ahead")
    try:
        waiting = deque(worker.submit(next, items, _END) for _ in range(size))
        while (item := waiting.popleft().result()) is not _END:
            waiting.append(worker.submit(next, items, _END))
            yield item
            del item  # or it would live on while the next one is awaited
    finally:
        worker.shutdown(cancel_futures=True)
        items.close()
