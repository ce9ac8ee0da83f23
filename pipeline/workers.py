"""Work spread over processes, so that Ctrl-C stops all of them and the death of one is told.

This module does not know what is worked on.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for_sentinel
from typing import TypeVar

from pipeline.errors import WorkerError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_sentinel([parent.sentinel])
        os._exit(1)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _ignore(_index: int, _outcome: object) -> None:
    pass


def run_parallel(
    function: Callable[[Item], Outcome],
    items: Sequence[Item],
    *,
    jobs: int,
    on_done: Callable[[int, Outcome], None] = _ignore,
) -> list[Outcome]:
    """Apply a function to every item, in up to `jobs` fresh processes (in this one, where one is enough).

    Parameters
    ----------
    function
        A module's own function: it travels by name.
    items
        What it is applied to; must be picklable.
    jobs
        How many processes at most.
    on_done
        Called in this process, with the item's index and outcome, as each one is finished.

    Returns
    -------
    list
        The outcomes, in the items' order.

    Raises
    ------
    WorkerError
        Where a process died before its work was done, for instance for want of memory.
    """
    jobs = min(jobs, len(items))
    if jobs <= 1:
        outcomes = []
        for index, item in enumerate(items):
            outcomes.append(function(item))
            on_done(index, outcomes[-1])
        return outcomes
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(max_workers=jobs, mp_context=context, initializer=_start_worker)
    try:
        return _collect({pool.submit(function, item): index for index, item in enumerate(items)}, on_done)
    except BrokenProcessPool as error:
        raise WorkerError(
            "A helper process died before its work was done.",
            expected="enough memory for each of the processes",
            hint=f"Build again with --jobs {max(1, jobs // 2)}: what was finished is kept.",
        ) from error
    except BaseException:
        _stop(pool)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _collect(futures: dict[Future[Outcome], int], on_done: Callable[[int, Outcome], None]) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            outcomes[futures[future]] = future.result()
            on_done(futures[future], outcomes[futures[future]])
    return [outcomes[index] for index in sorted(outcomes)]


def _stop(pool: ProcessPoolExecutor) -> None:
    processes = list((pool._processes or {}).values())  # noqa: SLF001 - the pool has no public way to stop at once
    for process in processes:
        process.terminate()
