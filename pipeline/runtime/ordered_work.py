"""Work spread over threads, with the results in order and only a few of them at once in memory.

This module owns the queue. It does not know what is done; it is worth while where that releases Python's lock, as
numpy and zlib do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from pipeline.runtime.machine import usable_cores

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

_MOST_THREADS: Final = 4


def usable_threads() -> int:
    """How many threads are worth starting here."""
    return min(_MOST_THREADS, usable_cores())


def in_order(work: Callable[[Item], Outcome], items: Iterable[Item]) -> Iterator[Outcome]:
    """Do work on all items in threads, a few of them ahead, and yield the results in the items' order."""
    threads = usable_threads()
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Outcome]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
