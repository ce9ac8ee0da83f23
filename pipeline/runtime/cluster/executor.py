"""Pieces of a build done by the workers of a Dask scheduler.

No more pieces are handed over than may run at once, so that a command that is killed leaves behind only what runs; the
scheduler keeps those, and the next command finds them by their keys.

Source: https://distributed.dask.org/en/stable/client.html
"""

from __future__ import annotations

import os
import pickle
import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from distributed import Client, Future, fire_and_forget, get_worker

from pipeline.errors import WorkerError
from pipeline.runtime.cluster import admission
from pipeline.runtime.cluster.admission import Passport
from pipeline.runtime.cluster.connecting import connect
from pipeline.runtime.cluster.pieces import EndOfMessages, HelperDiedError, PieceCall, do_piece, stop_pieces
from pipeline.runtime.executor import Item, Needs, Outcome, Work, ignore_loss, ignore_outcome
from pipeline.runtime.workers import preloaded

_LOOK_EVERY_S: Final = 1.0
_LAST_MESSAGES_S: Final = 5.0
_MOST_DEATHS: Final = 3
"""A piece whose processes or workers die so often is not begun again."""
_HANDED_VARIABLES: Final = ("OPENBLAS_NUM_THREADS",)


@dataclass(frozen=True)
class _Event:
    kind: str
    index: int = -1
    value: Any = None


@dataclass
class _Running:
    """A piece that was handed over."""

    index: int
    future: Future
    deaths: int = 0
    has_ended: bool = False


class DaskExecutor:
    """Works on the workers of a scheduler that were admitted.

    Parameters
    ----------
    address
        Of the scheduler.
    tls
        Files of TLS, or nothing.
    passport
        What workers must be.
    """

    def __init__(self, address: str, tls: Mapping[str, str], passport: Passport) -> None:
        self.address, self._tls, self.passport = address, dict(tls), passport

    def __reduce__(self) -> tuple[object, ...]:
        """Travel to another process, which connects by itself."""
        return DaskExecutor, (self.address, self._tls, self.passport)

    @cached_property
    def client(self) -> Client:
        """The connection, opened when it is first used."""
        return connect(self.address, self._tls)

    @property
    def works_here(self) -> bool:
        """Every piece goes to a worker."""
        return False

    @property
    def gpus(self) -> int:
        """How many GPUs the workers offer."""
        return sum(self._offers(admission.GPUS))

    @property
    def cores(self) -> int:
        """How many cores the workers offer."""
        return max(1, sum(self._offers(admission.CORES)))

    def at_once(self, needs: Needs, jobs: int) -> int:
        """As many as the workers have cores or GPUs for, on each worker by itself."""
        if needs.gpu:
            return max(1, self.gpus)
        places = sum(max(1, cores // needs.cores) for cores in self._offers(admission.CORES))
        return max(1, min(places, jobs))

    def run(
        self,
        function: Callable[[Item], Outcome],
        works: Sequence[Work[Item]],
        *,
        jobs: int,
        on_done: Callable[[int, Outcome], None] = ignore_outcome,
        on_message: Callable[[Any], None] | None = None,
        on_loss: Callable[[str], None] = ignore_loss,
    ) -> list[Outcome]:
        """Hand them over, `jobs` at a time; a piece whose worker dies goes on elsewhere."""
        if not works:
            return []
        return _Run(self, function, works, on_done, on_message, on_loss).finish(max(1, jobs))

    def running(self) -> set[str]:
        """Name the pieces, by their keys, that workers do now, for this folder."""
        return {key.split("/")[1] for key in self._held()}

    def stop_all(self) -> None:
        """End what workers still do for earlier commands in this folder."""
        if held := self._held():
            self.stop(held)

    def _held(self) -> list[str]:
        """Names in the cluster of the pieces that workers do now for this folder."""
        try:
            keys = [str(key) for held in self.client.processing().values() for key in held]
        except Exception:  # noqa: BLE001 - where the scheduler is gone nobody works for it
            return []
        return [key for key in keys if key.startswith(f"{self.passport.name}/")]

    def stop(self, keys: Sequence[str]) -> None:
        """End pieces on whichever worker, by their names in the cluster."""
        if self.client.status != "running":
            return
        with suppress(Exception):  # whoever stops has a reason already
            wanted = [Future(key, client=self.client) for key in keys]
            self.client.cancel(wanted, force=True, reason="the command has ended", msg="")
        with suppress(Exception):
            self.client.run(stop_pieces, list(keys), on_error="ignore")

    def ask_each(self, function: Callable[[int], Any], workers: Sequence[str]) -> dict[str, Any]:
        """Apply a function to the number of each worker's cores, there, in a process of its own.

        Returns
        -------
        dict
            By the worker's address: what came of it, or the error.
        """
        cores = {name: one["nthreads"] for name, one in self.client.scheduler_info(n_workers=-1)["workers"].items()}
        asked = {}
        for worker in workers:
            key = f"{self.passport.name}-{uuid.uuid4().hex}"
            call = PieceCall(function, pickle.dumps(cores[worker]), key, key, 0)
            asked[worker] = self.client.submit(_on_worker, call, key=key, workers=[worker], pure=False)
        return {worker: future.exception() or future.result() for worker, future in asked.items()}

    def close(self) -> None:
        """End the connection."""
        if "client" in self.__dict__:
            with suppress(Exception):
                self.client.close(timeout=2)

    def _offers(self, what: str) -> list[int]:
        name = self.passport.resource(what)
        workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        return [int(one["resources"][name]) for one in workers if name in one["resources"]]


@dataclass
class _Run:
    """One call of `run`."""

    executor: DaskExecutor
    function: Callable[[Any], Any]
    works: Sequence[Work[Any]]
    on_done: Callable[[int, Any], None]
    on_message: Callable[[Any], None] | None
    on_loss: Callable[[str], None]
    topic: str = field(default_factory=lambda: f"build-video-{uuid.uuid4().hex}")
    events: queue.SimpleQueue[_Event] = field(default_factory=queue.SimpleQueue)
    running: dict[str, _Running] = field(default_factory=dict)
    outcomes: dict[int, Any] = field(default_factory=dict)
    has_waited: bool = False

    def finish(self, jobs: int) -> list[Any]:
        """Do all of it."""
        client, waiting = self.executor.client, deque(range(len(self.works)))
        client.subscribe_topic(self.topic, self._receive)
        client.subscribe_topic("all", self._receive_of_all)
        client.subscribe_topic(admission.REFUSED, self._receive_refusal)
        held = self.executor.running()
        self.widest = max(self.executor._offers(admission.CORES), default=1)  # noqa: SLF001 - its own
        try:
            while waiting or self.running:
                while waiting and len(self.running) < jobs:
                    index = waiting.popleft()
                    is_held = self.works[index].key in held
                    if is_held:
                        self.on_loss(f"{self.works[index].label} is being made already, and is waited for")
                    self._hand_over(index, is_silent=is_held)  # its messages go to the command that began it
                self._attend()
        except BaseException:
            self.executor.stop([*self.running])
            raise
        finally:
            for topic in (self.topic, "all", admission.REFUSED):
                with suppress(Exception):
                    client.unsubscribe_topic(topic)
        return [self.outcomes[index] for index in range(len(self.works))]

    def _hand_over(self, index: int, deaths: int = 0, *, is_silent: bool = False) -> None:
        work, client = self.works[index], self.executor.client
        key = f"{self.executor.passport.name}/{work.key or uuid.uuid4().hex}" + (f"/{deaths}" if deaths else "")
        call = PieceCall(
            self.function,
            pickle.dumps(work.item),
            key,
            self.topic,
            index,
            {name: os.environ[name] for name in _HANDED_VARIABLES if name in os.environ},
            work.needs.gpu,
            work.folder,
            preloaded(),
        )
        future = client.submit(_on_worker, call, key=key, resources=self._resources(work.needs), pure=False)
        fire_and_forget(future)
        self.running[key] = _Running(index, future, deaths, has_ended=is_silent)
        future.add_done_callback(lambda _future: self.events.put(_Event("done", index, key)))

    def _resources(self, needs: Needs) -> dict[str, float]:
        name = self.executor.passport.resource
        wanted: dict[str, float] = {name(admission.CORES): min(needs.cores, self.widest)}
        if needs.gpu:
            wanted = {name(admission.GPUS): 1}
        if needs.memory_bytes:
            wanted[name(admission.MEMORY)] = needs.memory_bytes
        return wanted

    def _attend(self) -> None:
        """Wait for the next event, and act on it."""
        try:
            event = self.events.get(timeout=_LOOK_EVERY_S)
        except queue.Empty:
            self._look_around()
            return
        if event.kind == "message":
            self._take_message(event)
        elif event.kind == "loss":
            self.on_loss(event.value)
        elif event.value in self.running:
            self._end(event.value)

    def _take_message(self, event: _Event) -> None:
        if isinstance(event.value, EndOfMessages):
            for one in self.running.values():
                one.has_ended = one.has_ended or one.index == event.index
        elif self.on_message is not None:
            self.on_message(event.value)

    def _end(self, key: str) -> None:
        """A piece is done, has failed, or is lost."""
        one = self.running[key]
        status = one.future.status
        if status == "cancelled" or self.executor.client.status != "running":
            raise self._scheduler_gone()
        if status == "error":
            self._fail(key, one)
            return
        outcome = one.future.result()
        limit = time.monotonic() + _LAST_MESSAGES_S
        while not one.has_ended and time.monotonic() < limit:
            self._attend_message(limit)
        del self.running[key]
        self.outcomes[one.index] = outcome
        self.on_done(one.index, outcome)

    def _attend_message(self, limit: float) -> None:
        """Take in what was sent before a result that is there already."""
        others: list[_Event] = []
        with suppress(queue.Empty):
            event = self.events.get(timeout=max(0.01, min(0.2, limit - time.monotonic())))
            if event.kind == "message":
                self._take_message(event)
            else:
                others.append(event)
        for event in others:
            self.events.put(event)

    def _fail(self, key: str, one: _Running) -> None:
        error, label = one.future.exception(), self.works[one.index].label or "a piece"
        del self.running[key]
        if type(error).__name__ == "KilledWorker" or (
            isinstance(error, HelperDiedError) and one.deaths + 1 >= _MOST_DEATHS
        ):
            raise WorkerError(
                f"{label}: the processes or workers that did it died, again and again.",
                expected="enough memory on the workers",
                hint="Give workers fewer threads or more memory; what was finished is kept.",
            ) from error
        if isinstance(error, HelperDiedError):
            self.on_loss(f"{label}: {error.what.rstrip('.')}; it goes on from what it had saved")
            self._hand_over(one.index, one.deaths + 1)
            return
        raise error

    def _look_around(self) -> None:
        """Nothing has happened for a while: see whether anybody is there."""
        if self.executor.client.status != "running":
            raise self._scheduler_gone()
        if not self.executor._offers(admission.CORES):  # noqa: SLF001 - its own
            if not self.has_waited:
                self.has_waited = True
                self.on_loss("no worker is left that fits; waiting for one")
        else:
            self.has_waited = False

    def _scheduler_gone(self) -> WorkerError:
        return WorkerError(
            "The scheduler of the cluster is gone.",
            where=self.executor.address,
            expected="a scheduler that runs until the film is finished",
            hint="Start it again, then the same command: what was finished or saved is kept.",
        )

    def _receive(self, event: tuple[float, Any]) -> None:
        index, message = pickle.loads(event[1])  # noqa: S301 - from a worker that was admitted
        self.events.put(_Event("message", index, message))

    def _receive_of_all(self, event: tuple[float, Any]) -> None:
        message = event[1]
        if not isinstance(message, dict) or message.get("action") != "remove-worker":
            return
        lost = [self.running[key].index for key in map(str, message.get("processing-tasks", ())) if key in self.running]
        names = ", ".join(self.works[index].label for index in lost)
        if names:
            self.events.put(_Event("loss", value=f"worker {message['worker']} is gone; {names}: goes on elsewhere"))

    def _receive_refusal(self, event: tuple[float, Any]) -> None:
        message = event[1]
        if message.get("passport") == self.executor.passport.name:
            self.events.put(_Event("loss", value=f"worker {message['worker']} gets no work: {message['why']}"))


def _on_worker(call: PieceCall) -> Any:
    """Do a piece; runs on a thread of a worker."""
    worker = get_worker()
    return do_piece(call, lambda message: worker.log_event(call.topic, message))
