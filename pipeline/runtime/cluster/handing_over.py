"""One batch of pieces on its way: handed over, listened to, fetched, and begun again where a worker dies.

Nothing that a worker says is run or trusted with a name: answers and messages are plain values (`plain`), files are
checked and hashed (`exchange`).
"""

from __future__ import annotations

import itertools
import os
import time
import uuid
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from distributed import Future, fire_and_forget, get_worker

from pipeline.errors import WorkerError
from pipeline.runtime.cluster import admission
from pipeline.runtime.cluster.backup import Durations
from pipeline.runtime.cluster.depot import depot_of
from pipeline.runtime.cluster.listening import Event, Listener
from pipeline.runtime.cluster.parcels import checked_listing, write_item
from pipeline.runtime.cluster.pieces import Desk, PieceCall, do_piece
from pipeline.runtime.cluster.plain import HelperDiedError, LackingError, StoppedError, from_text
from pipeline.runtime.executor import Batch, Needs, Work
from pipeline.runtime.relay import Word
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


@dataclass
class _Running:
    """A piece that was handed over."""

    index: int
    future: Future
    serial: int
    deaths: int = 0
    is_held: bool = False
    """An earlier command has begun it: its messages go there."""
    begun_s: float = field(default_factory=time.monotonic)
    is_backup: bool = False
    has_backup: bool = False
    only: frozenset[str] = frozenset()
    """The workers that may do it, where it is not any."""
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
    listener: Listener = field(init=False)
    running: dict[str, _Running] = field(default_factory=dict)
    outcomes: dict[int, Any] = field(default_factory=dict)
    serials: Iterator[int] = field(default_factory=itertools.count)
    durations: Durations = field(default_factory=Durations)
    lacking: set[str] = field(default_factory=set)
    """Workers with too little memory or disk for pieces such as these."""
    waits_for: str = ""
    """What was said last about there being no worker."""
    looked_s: float = field(default_factory=time.monotonic)
    widest: int = 1
    largest: int = 0

    def __post_init__(self) -> None:
        self.listener = Listener(self.executor.client, self.executor.passport.name)

    @property
    def works(self) -> Sequence[Work[Any]]:
        """The pieces."""
        return self.batch.works

    def finish(self) -> list[Any]:
        """Do all of it."""
        waiting = deque(range(len(self.works)))
        with self.listener.listening():
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
        return [self.outcomes[index] for index in range(len(self.works))]

    def _hand_over(
        self,
        index: int,
        deaths: int = 0,
        *,
        is_held: bool = False,
        is_backup: bool = False,
        without: Collection[str] = (),
    ) -> None:
        """Hand a piece over, to any worker, or to any but some where there are others."""
        work, client, passport = self.works[index], self.executor.client, self.executor.passport
        own, serial = work.key or uuid.uuid4().hex, next(self.serials)
        key = f"{passport.name}/{own}" + (f"/{deaths}" if deaths else "") + ("/backup" if is_backup else "")
        if passport.travels:
            item, parcel = self.executor.exchange.pack(work, own)
        else:
            item, parcel = write_item(work.item)[0], None
        call = PieceCall(
            self.batch.function,
            item,
            key,
            self.listener.topic,
            serial,
            {name: os.environ[name] for name in _HANDED_VARIABLES if name in os.environ},
            work.needs.gpus,
            None if passport.travels else work.folder,
            preloaded(),
            parcel,
        )
        without = {*without, *self.lacking}
        workers = [one for one in self.executor.admitted() if one not in without] if without else []
        resources = self._resources(work.needs)
        future = client.submit(on_worker, call, key=key, resources=resources, workers=workers or None, pure=False)
        fire_and_forget(future)
        self.running[key] = _Running(
            index,
            future,
            serial,
            deaths,
            is_held=is_held,
            is_backup=is_backup,
            has_ended=is_held,
            only=frozenset(workers),
        )
        self.listener.watch(key, future)

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
        if time.monotonic() - self.looked_s >= _LOOK_EVERY_S:
            self._look_around()
            self.looked_s = time.monotonic()
        event = self.listener.take(_LOOK_EVERY_S)
        if event is None:
            return
        if event.kind == "said":
            self._take_words(event)
        elif event.kind == "refused":
            worker, why = event.value
            self.batch.on_loss(f"worker {worker} gets no work: {why}")
        elif event.kind == "gone":
            worker, lost = event.value
            if names := ", ".join(self._label(self.running[key]) for key in lost if key in self.running):
                self.batch.on_loss(f"worker {worker} is gone; {names}: goes on elsewhere")
        elif event.value in self.running:
            self._end(event.value)

    def _take_words(self, event: Event) -> None:
        """What a worker says about a piece that this command has handed over."""
        said = from_text(event.value)
        if not isinstance(said, tuple) or len(said) < 2:  # noqa: PLR2004 - whom it is about, and what it is
            return
        serial, kind, *values = said
        one = next((one for one in self.running.values() if one.serial == serial and not one.is_held), None)
        if one is None:
            return
        if kind == "end":
            one.has_ended = True
        elif kind == "message" and self.batch.on_message is not None:
            word = values[0]
            if isinstance(word, Word):  # another machine's monotonic clock counts from another moment
                word = replace(word, at_s=None)
            self.batch.on_message(word)
        elif kind == "needs":
            worker, one.number, missing = values
            with suppress(HelperDiedError):  # then the scheduler gives it to another, which asks again
                self.executor.exchange.supply(worker, one.number, missing, self.works[one.index].folder)
        elif kind == "saved":
            self._fetch_saved(one, *values)

    def _fetch_saved(self, one: _Running, worker: str, number: str, files: object, is_last: object) -> None:
        """Fetch what a piece could go on from, unless that would take much of the time, or another does it now."""
        work, begun = self.works[one.index], time.monotonic()
        if number != one.number or work.folder is None or one.has_backup:
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
            raise self.executor.scheduler_lost()
        for event in self.listener.words(_LAST_MESSAGES_S, lambda: status == "error" or one.has_ended):
            self._take_words(event)
        try:
            if status == "error":
                raise self._failure(one)
            outcome, worker, number, files = read_answer(one.future.result())
            self._fetch(one, worker, number, files)
        except (HelperDiedError, StoppedError) as error:
            self._begin_again(key, error)
            return
        del self.running[key]
        if others := self._same(one.index):
            self.executor.stop(others)
            for other in others:
                del self.running[other]
        if not one.is_held:
            self.durations.add(self.works[one.index].amount, time.monotonic() - one.begun_s)
        self.outcomes[one.index] = outcome
        self.batch.on_done(one.index, outcome)

    def _same(self, index: int) -> list[str]:
        """Names in the cluster of a piece that runs: two where it is late, and another worker has begun it too."""
        return [key for key, one in self.running.items() if one.index == index]

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
        if self._same(one.index):
            return  # another worker does it too
        if isinstance(error, StoppedError) and not one.is_held:
            raise error
        if isinstance(error, LackingError):
            self._avoid(error)
        elif one.deaths + 1 >= _MOST_DEATHS:
            raise self._died_often(one) from error
        what = error.what.rstrip(".") + (f" ({error.where})" if error.where else "")
        self.batch.on_loss(f"{self._label(one)}: {what}; it goes on from what it had saved")
        self._hand_over(one.index, one.deaths + 1)

    def _avoid(self, error: LackingError) -> None:
        """Give a worker that has too little of something no further piece of this call, if there are others."""
        self.lacking.add(error.worker)
        if not {*self.executor.admitted()} - self.lacking:
            raise error.as_it_is

    def _died_often(self, one: _Running) -> WorkerError:
        return WorkerError(
            f"{self._label(one)}: the processes or workers that did it died, again and again.",
            expected="enough memory on the workers",
            hint="Give workers fewer threads or more memory; what was finished is kept.",
        )

    def _label(self, one: _Running) -> str:
        return self.works[one.index].label or "a piece"

    def _look_around(self) -> None:
        """See whether anybody is there, and whether any piece is late."""
        if self.executor.client.status != "running":
            raise self.executor.scheduler_lost()
        if self.executor.offers(admission.CORES):
            self.waits_for = ""
            self._free_the_bound()
            self._back_up()
            return
        why = self.executor.why_no_jobs()
        words = "no worker is left that fits; waiting for one" + (f": the batch system says: {why}" if why else "")
        if words != self.waits_for:
            self.waits_for = words
            self.batch.on_loss(words)

    def _free_the_bound(self) -> None:
        """Hand pieces over again that only workers may do which are gone: the scheduler would keep them for these."""
        if not any(one.only for one in self.running.values()):
            return
        there = {*self.executor.admitted()}
        for key, one in list(self.running.items()):
            if one.only and not one.only & there:
                self.executor.stop([key])
                del self.running[key]
                if not self._same(one.index):
                    self._hand_over(one.index, one.deaths + 1)

    def _back_up(self) -> None:
        """Where workers are without work, let them begin what is late on another."""
        free, now = self.batch.jobs - len(self.running), time.monotonic()
        late = [
            (key, one)
            for key, one in self.running.items()
            if not (one.is_held or one.is_backup or one.has_backup)
            and self.durations.is_late(self.works[one.index].amount, now - one.begun_s)
        ]
        if free < 1 or not late:
            return
        where = self.executor.processing()
        for key, one in late[:free]:
            if key in where and {*self.executor.admitted()} - {where[key]}:
                one.has_backup = True
                self.batch.on_loss(f"{self._label(one)} is late on worker {where[key]}: another begins it too")
                self._hand_over(one.index, one.deaths, is_backup=True, without=[where[key]])


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
    if shape == "lacking":
        raise LackingError(answer[1], answer[2])
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
