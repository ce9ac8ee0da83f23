"""Work spread over processes, so that Ctrl-C stops all of them and the death of one is reported.

This module does not know what is worked on.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_sentinel
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any, Final, TypeVar

from pipeline.errors import WorkerError
from pipeline.runtime.openmp import wait_briefly

_LISTEN_EVERY_S: Final = 0.2
_START_METHOD: Final = "forkserver" if sys.platform == "linux" else "spawn"
_LONGEST_FOLDER: Final = 70
"""On Linux helpers are forked from a server that has imported what they need, which has no thread of its own: torch and
the compiler then cost their seconds once, not in each helper. Elsewhere forks are not safe beside system libraries."""
_LAST_MESSAGES_S: Final = 5.0
"""How long a helper's messages from before its result are waited for. They are on their way: only where a helper is
killed between the two they never come."""

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def never_outlive_parent() -> None:
    """Let this helper process end when the process that started it does, however that ends."""
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_sentinel([parent.sentinel])
        os._exit(1)


_outbox: Any = None
"""Where messages to the parent go; None in the parent itself."""


def send_messages_to(outbox: Any) -> None:
    """Choose where messages to the parent go: something with a `put`."""
    global _outbox  # noqa: PLW0603 - a process has one parent
    _outbox = outbox


def send_to_parent(message: object) -> None:
    """Send a message to the process that called `run_parallel`; only inside one of its helper processes."""
    if _outbox is not None:
        _outbox.put(message)


@dataclass(frozen=True)
class _EndOfMessages:
    """Stands behind the last message about an item: messages of one helper come in their order."""

    index: int


def _do(function: Callable[[Item], Outcome], index: int, item: Item) -> Outcome:
    """Do the work in a helper process, and mark the end of the messages about it."""
    try:
        return function(item)
    finally:
        send_to_parent(_EndOfMessages(index))


_preloaded: set[str] = set()


def preload(*modules: str) -> None:
    """Name modules that helpers will need, so that they are imported once for all of them.

    Only a promise of speed: what is named after the first helper was started is imported by each that needs it.
    """
    _preloaded.update(modules)


def preloaded() -> tuple[str, ...]:
    """Name what `preload` was called with."""
    return tuple(sorted(_preloaded))


def start_process(function: Callable[..., None], *args: object, daemon: bool = False) -> BaseProcess:
    """Start one helper process beside this one; Ctrl-C never reaches it, and it never outlives this process.

    Parameters
    ----------
    function
        A module's own function: it travels by name.
    args
        Its arguments; must be picklable.
    daemon
        Whether it is ended when this process ends in good order, instead of waited for.
    """
    # a helper that ends with its parent may have helpers of its own, which end with it
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined] # noqa: SLF001
    process: BaseProcess = _context(function).Process(  # type: ignore[attr-defined]
        target=_run, args=(dict(os.environ), function, args), daemon=daemon
    )
    with block_sigint():
        process.start()
    return process


def end_process(process: BaseProcess, grace_s: float = 5.0) -> None:
    """End a helper process, with a signal that none can hold back where it has not ended after so many seconds."""
    process.terminate()
    process.join(grace_s)
    if process.is_alive():
        process.kill()
        process.join(grace_s)  # one that waits for a disk that is gone ends when that answers


def _run(environment: dict[str, str], function: Callable[..., None], args: tuple[object, ...]) -> None:
    _start_worker(None, environment)
    function(*args)


def _context(function: Callable[..., object]) -> BaseContext:
    """How helpers are started that call a function: its module is among what they need."""
    # the server listens at a path in the folder for temporary files, and paths of sockets have few bytes
    wait_briefly()
    is_near = len(os.fsencode(tempfile.gettempdir())) <= _LONGEST_FOLDER
    context = multiprocessing.get_context(_START_METHOD if is_near else "spawn")
    if context.get_start_method() == "forkserver":
        own = {function.__module__} - {"__main__"}
        context.set_forkserver_preload(sorted(_preloaded | own))
    return context


def _start_worker(
    outbox: Any, environment: dict[str, str], own: Sequence[Mapping[str, str]] = (), started: Any = None
) -> None:
    """Leave Ctrl-C to the parent, never outlive it, and see its environment as it is now, with what is this one's."""
    send_messages_to(outbox)
    if outbox is not None:
        outbox.cancel_join_thread()  # at its end nobody listens any more: it would wait for ever for who does
    os.environ.clear()
    os.environ.update(environment)
    if own:
        with started.get_lock():
            os.environ.update(own[started.value % len(own)])
            started.value += 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    never_outlive_parent()


def _ignore(_index: int, _outcome: object) -> None:
    pass


def run_parallel(
    function: Callable[[Item], Outcome],
    items: Sequence[Item],
    *,
    jobs: int,
    on_done: Callable[[int, Outcome], None] = _ignore,
    on_message: Callable[[Any], None] | None = None,
    environments: Sequence[Mapping[str, str]] = (),
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
    on_message
        Called in this process with the messages that helper processes send by `send_to_parent`, all those about an item
        before its `on_done` and before its error; where it is given, the work is always done in helper processes.
    environments
        Variables that processes see besides the environment: the first process those of the first, and so on in turn.

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
    if jobs <= 1 and on_message is None:
        return _do_here(function, items, on_done)
    context = _context(function)
    inbox = context.Queue()
    start = (inbox, dict(os.environ), environments, context.Value("i", 0) if environments else None)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker, initargs=start)
    try:
        with block_sigint():  # or processes that have just begun to start would report Ctrl-C too, each in its way
            futures = {pool.submit(_do, function, index, item): index for index, item in enumerate(items)}
        return _collect(futures, on_done, _Inbox(inbox, on_message))
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


def _do_here(
    function: Callable[[Item], Outcome], items: Sequence[Item], on_done: Callable[[int, Outcome], None]
) -> list[Outcome]:
    outcomes = []
    for index, item in enumerate(items):
        outcomes.append(function(item))
        on_done(index, outcomes[-1])
    return outcomes


@contextmanager
def block_sigint() -> Iterator[None]:
    """Hold Ctrl-C back; processes started meanwhile never receive it."""
    if os.name == "nt" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Inbox:
    """Receives what helper processes send."""

    def __init__(self, inbox: Any, on_message: Callable[[Any], None] | None) -> None:
        self._inbox, self._on_message = inbox, on_message
        self._complete: set[int] = set()

    def listen(self) -> None:
        """Receive the messages that were sent until now."""
        with suppress(queue.Empty):
            while True:
                self._take(self._inbox.get_nowait())

    def listen_to_the_end(self, index: int) -> None:
        """Receive all messages about an item whose result is there: results come by a channel of their own."""
        limit = time.monotonic() + _LAST_MESSAGES_S
        with suppress(queue.Empty):
            while index not in self._complete:
                self._take(self._inbox.get(timeout=max(0.0, limit - time.monotonic())))

    def _take(self, message: object) -> None:
        if isinstance(message, _EndOfMessages):
            self._complete.add(message.index)
        elif self._on_message is not None:
            self._on_message(message)


def _collect(
    futures: dict[Future[Outcome], int], on_done: Callable[[int, Outcome], None], inbox: _Inbox
) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=_LISTEN_EVERY_S, return_when=FIRST_COMPLETED)
        inbox.listen()
        for future in sorted(done, key=lambda one: futures[one]):
            index = futures[future]
            if not isinstance(future.exception(), BrokenProcessPool):  # the dead say nothing more
                inbox.listen_to_the_end(index)
            outcomes[index] = future.result()
            on_done(index, outcomes[index])
    return [outcomes[index] for index in sorted(outcomes)]


def _stop(pool: ProcessPoolExecutor) -> None:
    processes = list((pool._processes or {}).values())  # noqa: SLF001 - the pool has no public way to stop at once
    for process in processes:
        process.terminate()
