"""One batch of pieces on its way: handed over, listened to, fetched, and begun again where a worker dies.

Nothing that a worker says is run or trusted with a name: answers and messages are plain values (`plain`), files are
checked and hashed (`exchange`).
"""

from __future__ import annotations

import os
import queue
import time
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from distributed import Future, fire_and_forget, get_worker

from pipeline.errors import WorkerError
from pipeline.runtime.cluster import admission
from pipeline.runtime.cluster.depot import depot_of
from pipeline.runtime.cluster.parcels import checked_listing, write_item
from pipeline.runtime.cluster.pieces import Desk, PieceCall, do_piece
from pipeline.runtime.cluster.plain import HelperDiedError, StoppedError, from_text
from pipeline.runtime.executor import Batch, Needs, Work
from pipeline.runtime.workers import preloaded

if TYPE_CHECKING:
    from pipeline.runtime.cluster.executor import DaskExecutor

_LOOK_EVERY_S: Final = 1.0
_LAST_MESSAGES_S: Final = 5.0
_MOST_DEATHS: Final = 3
"""A piece whose processes or workers die so often is not begun again."""
_FETCHING_SHARE: Final = 0.1
"""Fetching what a piece has saved on its way takes at most this share of the time."""
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
    is_held: bool = False
    """An earlier command has begun it: its messages go there."""
    has_ended: bool = False
    number: str = ""
    """Of the piece on the worker that does it now, where its files travel."""
    fetched_at_s: float = 0.0
    fetching_s: float = 0.0


@dataclass
class BatchRun:
    """One call of `Executor.run`."""

    executor: DaskExecutor
    batch: Batch[Any, Any]
    topic: str = field(default_factory=lambda: f"build-video-{uuid.uuid4().hex}")
    events: queue.SimpleQueue[_Event] = field(default_factory=queue.SimpleQueue)
    running: dict[str, _Running] = field(default_factory=dict)
    outcomes: dict[int, Any] = field(default_factory=dict)
    waits_for: str = ""
    """What was said last about there being no worker."""
    widest: int = 1
    largest: int = 0

    @property
    def works(self) -> Sequence[Work[Any]]:
        """The pieces."""
        return self.batch.works

    def finish(self) -> list[Any]:
        """Do all of it."""
        client, waiting = self.executor.client, deque(range(len(self.works)))
        client.subscribe_topic(self.topic, self._receive)
        client.subscribe_topic("all", self._receive_of_all)
        client.subscribe_topic(admission.REFUSED, self._receive_refusal)
        held = self.executor.running()
        self.widest = max(self.executor.offers(admission.CORES), default=1)
        self.largest = max(self.executor.offers(admission.MEMORY), default=0)
        try:
            while waiting or self.running:
                while waiting and len(self.running) < max(1, self.batch.jobs):
                    index = waiting.popleft()
                    is_held = self.works[index].key in held
                    if is_held:
                        self.batch.on_loss(f"{self.works[index].label} is being made already, and is waited for")
                    self._hand_over(index, is_held=is_held)
                self._attend()
        except BaseException:
            self.executor.stop([*self.running])
            raise
        finally:
            for topic in (self.topic, "all", admission.REFUSED):
                with suppress(Exception):
                    client.unsubscribe_topic(topic)
        return [self.outcomes[index] for index in range(len(self.works))]

    def _hand_over(self, index: int, deaths: int = 0, *, is_held: bool = False) -> None:
        work, client, passport = self.works[index], self.executor.client, self.executor.passport
        own = work.key or uuid.uuid4().hex
        key = f"{passport.name}/{own}" + (f"/{deaths}" if deaths else "")
        if passport.travels:
            item, parcel = self.executor.exchange.pack(work, own)
        else:
            item, parcel = write_item(work.item)[0], None
        call = PieceCall(
            self.batch.function,
            item,
            key,
            self.topic,
            index,
            {name: os.environ[name] for name in _HANDED_VARIABLES if name in os.environ},
            work.needs.gpus,
            None if passport.travels else work.folder,
            preloaded(),
            parcel,
        )
        future = client.submit(on_worker, call, key=key, resources=self._resources(work.needs), pure=False)
        fire_and_forget(future)
        self.running[key] = _Running(index, future, deaths, is_held=is_held, has_ended=is_held)
        future.add_done_callback(lambda _future: self.events.put(_Event("done", index, key)))

    def _resources(self, needs: Needs) -> dict[str, float]:
        name = self.executor.passport.resource
        wanted: dict[str, float] = {name(admission.CORES): min(needs.cores, self.widest)}
        if needs.gpus:
            wanted = {name(admission.GPUS): needs.gpus}
        if needs.memory_bytes and self.largest:  # one that needs more than any has is done by one that has most
            wanted[name(admission.MEMORY)] = min(needs.memory_bytes, self.largest)
        return wanted

    def _attend(self) -> None:
        """Wait for the next event, and act on it."""
        try:
            event = self.events.get(timeout=_LOOK_EVERY_S)
        except queue.Empty:
            self._look_around()
            return
        if event.kind == "said":
            self._take_words(event)
        elif event.kind == "loss":
            self.batch.on_loss(event.value)
        elif event.value in self.running:
            self._end(event.value)

    def _take_words(self, event: _Event) -> None:
        """What a worker says about a piece that this command has handed over."""
        said = from_text(event.value)
        if not isinstance(said, tuple) or len(said) < 2:  # noqa: PLR2004 - whom it is about, and what it is
            return
        index, kind, *values = said
        one = next((one for one in self.running.values() if one.index == index and not one.is_held), None)
        if one is None:
            return
        if kind == "end":
            one.has_ended = True
        elif kind == "message" and self.batch.on_message is not None:
            self.batch.on_message(values[0])
        elif kind == "needs":
            worker, one.number, missing = values
            with suppress(HelperDiedError):  # then the scheduler gives it to another, which asks again
                self.executor.exchange.supply(worker, one.number, missing, self.works[index].folder)
        elif kind == "saved":
            self._fetch_saved(one, *values)

    def _fetch_saved(self, one: _Running, worker: str, number: str, files: object, is_last: object) -> None:
        """Fetch what a piece could go on from, unless that would take much of the time, or another does it now."""
        work, begun = self.works[one.index], time.monotonic()
        if number != one.number or work.folder is None:
            return
        if not is_last and begun - one.fetched_at_s < one.fetching_s / _FETCHING_SHARE:
            return
        with suppress(HelperDiedError):
            facts = checked_listing(files)
            self.executor.exchange.fetch(worker, number, facts, work.folder, last=work.state_file, whole=False)
            if is_last:
                self.executor.exchange.release(worker, number)
        one.fetched_at_s = time.monotonic()
        one.fetching_s = one.fetched_at_s - begun

    def _end(self, key: str) -> None:
        """A piece is done, has failed, or is lost."""
        one = self.running[key]
        status = one.future.status
        if status == "cancelled" or self.executor.client.status != "running":
            raise self._scheduler_gone()
        limit = time.monotonic() + _LAST_MESSAGES_S
        while status != "error" and not one.has_ended and time.monotonic() < limit:
            self._attend_message(limit)
        try:
            if status == "error":
                raise self._failure(one)
            outcome, worker, number, files = read_answer(one.future.result())
            self._fetch(one, worker, number, files)
        except (HelperDiedError, StoppedError) as error:
            self._begin_again(key, error)
            return
        del self.running[key]
        self.outcomes[one.index] = outcome
        self.batch.on_done(one.index, outcome)

    def _fetch(self, one: _Running, worker: str, number: str, files: object) -> None:
        """Fetch what a piece has made, where it was made in another folder than here."""
        work, exchange = self.works[one.index], self.executor.exchange
        if not self.executor.passport.travels:
            return
        facts = checked_listing(files)
        if work.folder is not None:
            exchange.fetch(worker, number, facts, work.folder, last=work.state_file)
        elif work.place is not None:
            with work.place() as folder:
                exchange.fetch(worker, number, facts, folder)
        with suppress(HelperDiedError):
            exchange.release(worker, number)

    def _attend_message(self, limit: float) -> None:
        """Take in what was sent before a result that is there already."""
        others: list[_Event] = []
        with suppress(queue.Empty):
            event = self.events.get(timeout=max(0.01, min(0.2, limit - time.monotonic())))
            if event.kind == "said":
                self._take_words(event)
            else:
                others.append(event)
        for event in others:
            self.events.put(event)

    def _failure(self, one: _Running) -> Exception:
        """Why the scheduler could not have a piece done."""
        error = one.future.exception()
        if type(error).__name__ == "KilledWorker":
            return self._died_often(one)
        return WorkerError(
            f"{self._label(one)} could not be done: {type(error).__name__}.",
            where=self.executor.address,
            hint="See the lines of the scheduler and its workers, then build again: what was finished is kept.",
        )

    def _begin_again(self, key: str, error: HelperDiedError | StoppedError) -> None:
        """A piece whose process died, or that waited for a command that is gone, goes on from what it has saved."""
        one = self.running.pop(key)
        if isinstance(error, StoppedError) and not one.is_held:
            raise error
        if one.deaths + 1 >= _MOST_DEATHS:
            raise self._died_often(one) from error
        self.batch.on_loss(f"{self._label(one)}: {error.what.rstrip('.')}; it goes on from what it had saved")
        self._hand_over(one.index, one.deaths + 1)

    def _died_often(self, one: _Running) -> WorkerError:
        return WorkerError(
            f"{self._label(one)}: the processes or workers that did it died, again and again.",
            expected="enough memory on the workers",
            hint="Give workers fewer threads or more memory; what was finished is kept.",
        )

    def _label(self, one: _Running) -> str:
        return self.works[one.index].label or "a piece"

    def _look_around(self) -> None:
        """Nothing has happened for a while: see whether anybody is there."""
        if self.executor.client.status != "running":
            raise self._scheduler_gone()
        if self.executor.offers(admission.CORES):
            self.waits_for = ""
            return
        why = self.executor.why_no_jobs()
        words = "no worker is left that fits; waiting for one" + (f": the batch system says: {why}" if why else "")
        if words != self.waits_for:
            self.waits_for = words
            self.batch.on_loss(words)

    def _scheduler_gone(self) -> WorkerError:
        return WorkerError(
            "The scheduler of the cluster is gone.",
            where=self.executor.address,
            expected="a scheduler that runs until the film is finished",
            hint="Start it again, then the same command: what was finished or saved is kept.",
        )

    def _receive(self, event: tuple[float, Any]) -> None:
        self.events.put(_Event("said", value=event[1]))

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


def read_answer(text: object) -> tuple[Any, str, str, Any]:
    """Read what `do_piece` returned: the outcome, and where its files are to be fetched: worker, number, listing.

    Raises
    ------
    BuildVideoError
        The error of the piece.
    """
    answer = from_text(text)
    shape = answer[0] if isinstance(answer, tuple) and answer else ""
    if shape == "failed":
        raise answer[1]
    if shape == "broken":
        error = RuntimeError(answer[1])
        error.add_note(answer[2])
        raise error
    if shape != "done":
        raise WorkerError("A worker's answer can't be used.", hint="See what runs on the cluster's workers.")
    _, outcome, worker, number, files = answer
    return outcome, worker, number, files


def on_worker(call: PieceCall) -> str:
    """Do a piece; runs on a thread of a worker."""
    worker = get_worker()
    return do_piece(call, Desk(worker.address, depot_of(worker), lambda text: worker.log_event(call.topic, text)))
