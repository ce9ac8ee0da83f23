"""One batch of pieces on its way: handed over, listened to, fetched, and begun again where a worker dies.

Nothing that a worker says is run or trusted with a name: answers and messages are plain values (`plain`), files are
checked and hashed (`exchange`).
"""

from __future__ import annotations

import itertools
import os
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from distributed import fire_and_forget, get_worker

from pipeline.errors import WorkerError
from pipeline.runtime.cluster import admission
from pipeline.runtime.cluster.backup import Durations
from pipeline.runtime.cluster.depot import depot_of
from pipeline.runtime.cluster.handed import MOST_DEATHS, Handed, Offers, died_often, wanted_of
from pipeline.runtime.cluster.listening import Event, Listener
from pipeline.runtime.cluster.parcels import checked_listing, write_item
from pipeline.runtime.cluster.pieces import Desk, PieceCall, do_piece
from pipeline.runtime.cluster.plain import (
    HelperDiedError,
    LackingError,
    StoppedError,
    from_text,
    printable,
    read_answer,
)
from pipeline.runtime.executor import Batch, Work
from pipeline.runtime.relay import Word
from pipeline.runtime.workers import preloaded

if TYPE_CHECKING:
    from pipeline.runtime.cluster.executor import DaskExecutor

_LOOK_EVERY_S: Final = 1.0
_LAST_MESSAGES_S: Final = 5.0
_FETCHING_SHARE: Final = 0.1
"""Fetching what a piece has saved on its way takes at most this share of the time."""
_HANDED_VARIABLES: Final = ("OPENBLAS_NUM_THREADS",)
_NONSENSE: Final = "a worker says what can't be used: see what runs on the cluster's workers"


@dataclass
class BatchRun:
    """One call of `Executor.run`."""

    executor: DaskExecutor
    batch: Batch[Any, Any]
    listener: Listener = field(init=False)
    running: dict[str, Handed] = field(default_factory=dict)
    outcomes: dict[int, Any] = field(default_factory=dict)
    serials: Iterator[int] = field(default_factory=itertools.count)
    durations: Durations = field(default_factory=Durations)
    lacking: set[str] = field(default_factory=set)
    """Workers with too little memory or disk for pieces such as these."""
    said: str = ""
    """What was said last about there being no worker."""
    tried: set[int] = field(default_factory=set)
    """Pieces that were handed over before: each time they have another name."""
    has_heard_nonsense: bool = False
    looked_s: float = field(default_factory=time.monotonic)
    growth: int = 0
    """How many pieces more than planned there was room for when workers were looked at last."""
    offers: Offers = field(init=False)
    """What admitted workers offered when they were looked at last."""

    def __post_init__(self) -> None:
        self.listener = Listener(self.executor.client, self.executor.passport.name)
        self._see_workers()

    def _see_workers(self) -> None:
        self.offers = self.executor.offers_of_each()
        self.growth = self.executor.growth(self.works[0].needs)

    @property
    def works(self) -> Sequence[Work[Any]]:
        """The pieces."""
        return self.batch.works

    @property
    def room(self) -> int:
        """How many more pieces may be handed over now: also to workers that have come since."""
        return max(1, self.batch.jobs + self.growth) - len(self.running)

    def finish(self) -> list[Any]:
        """Do all of it."""
        waiting = deque(range(len(self.works)))
        with self.listener.listening():
            held = self.executor.held()
            try:
                while waiting or self.running:
                    while waiting and self.room > 0:
                        index = waiting.popleft()
                        if found := held.get(self.works[index].key, {}):
                            self._take_up(index, found)
                        else:
                            self._hand_over(index)
                    self._attend()
            except BaseException:
                self.executor.stop([*self.running])
                raise
        return [self.outcomes[index] for index in range(len(self.works))]

    def _take_up(self, index: int, found: Mapping[str, str]) -> None:
        """Wait for a piece that an earlier command has begun, on one worker or, where it is late, on two."""
        self.batch.on_loss(f"{self.works[index].label or 'a piece'} is being made already, and is waited for")
        for key, worker in found.items():
            self._hand_over(index, held_as=key)
            one = self.running[key]
            one.has_ended = not self.executor.redirect(key, worker, self.listener.topic, one.serial)

    def _hand_over(
        self,
        index: int,
        deaths: int = 0,
        *,
        held_as: str = "",
        is_backup: bool = False,
        without: Collection[str] = (),
    ) -> None:
        """Hand a piece over, to any worker, or to any but some where there are others."""
        work, client, passport = self.works[index], self.executor.client, self.executor.passport
        own, serial = work.key or uuid.uuid4().hex, next(self.serials)
        key = held_as or f"{passport.name}/{own}" + (f"/{uuid.uuid4().hex[:8]}" if index in self.tried else "")
        self.tried.add(index)
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
        only = frozenset(self.offers.keys() - without if without else ())
        offers = [own for worker, own in self.offers.items() if not only or worker in only]
        wanted = wanted_of(work.needs, passport, offers)
        future = client.submit(on_worker, call, key=key, resources=wanted, workers=[*only] or None, pure=False)
        fire_and_forget(future)
        self.running[key] = Handed(
            *(index, work, future, serial, {} if held_as else wanted, frozenset() if held_as else only, deaths),
            is_held=bool(held_as),
            is_backup=is_backup,
        )
        self.listener.watch(key, future)

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
            self.batch.on_loss(printable(f"worker {worker} gets no work: {why}"))
        elif event.kind == "gone":
            worker, lost = event.value
            if names := [self.running[key].label for key in lost if key in self.running]:
                go_on = "goes on" if len(names) == 1 else "go on"
                self.batch.on_loss(printable(f"worker {worker} is gone; {', '.join(names)}: {go_on} elsewhere"))
        elif event.kind == "unsent":
            key, error = event.value
            if key in self.running:
                self._end_unsent(key, error)
        elif event.value in self.running:
            self._end(event.value)

    def _take_words(self, event: Event) -> None:
        """What a worker says about a piece that this command has handed over; what can't be used is passed over."""
        try:
            serial, kind, *values = from_text(event.value)
            found = next(((key, one) for key, one in self.running.items() if one.serial == serial), None)
            if found is not None:
                self._take_word(*found, kind, values)
        except (WorkerError, TypeError, ValueError, LookupError, AttributeError):
            if not self.has_heard_nonsense:
                self.has_heard_nonsense = True
                self.batch.on_loss(_NONSENSE)

    def _take_word(self, key: str, one: Handed, kind: str, values: list[Any]) -> None:
        if kind == "end":
            one.has_ended = True
        elif kind == "message" and self.batch.on_message is not None:
            (word,) = values
            if isinstance(word, Word):  # another machine's monotonic clock counts from another moment
                word = replace(word, at_s=None)
            self.batch.on_message(word)
        elif kind == "needs":
            worker, one.number, missing = values
            sending = (key, one, str(worker), one.number, [*missing])
            threading.Thread(target=self._supply, args=sending, daemon=True).start()
        elif kind == "saved":
            self._fetch_saved(one, *values)

    def _supply(self, key: str, one: Handed, worker: str, number: str, missing: Sequence[str]) -> None:
        """Send what a piece reads, on a thread of its own: nobody else waits for a worker that is slow, or cut off."""
        try:
            self.executor.exchange.supply(worker, number, missing, one.work.folder)
        except Exception as error:  # noqa: BLE001 - raised where the call waits
            self.listener.put(Event("unsent", (key, error)))

    def _end_unsent(self, key: str, error: Exception) -> None:
        """What a piece reads did not arrive: a worker without room for it loses it to another."""
        if isinstance(error, LackingError):
            self.executor.stop([key])
            self._begin_again(key, error)
        elif not isinstance(error, HelperDiedError):  # then the scheduler gives it to another, which asks again
            raise error

    def _fetch_saved(self, one: Handed, worker: str, number: str, files: object, is_last: object) -> None:
        """Fetch what a piece could go on from, unless that would take much of the time, or another does it now."""
        begun, one.number = time.monotonic(), one.number or number  # an earlier command was told the number
        if number != one.number or one.work.folder is None or one.has_backup:
            return
        if not is_last and begun - one.fetched_at_s < one.fetching_s / _FETCHING_SHARE:
            return
        with suppress(HelperDiedError):
            facts, last = checked_listing(files), one.work.state_file
            self.executor.exchange.fetch(worker, number, facts, one.work.folder, last=last, whole=False)
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
            self.durations.add(one.work.amount, time.monotonic() - one.begun_s)
        self.outcomes[one.index] = outcome
        self.batch.on_done(one.index, outcome)

    def _same(self, index: int) -> list[str]:
        """Names in the cluster of a piece that runs: two where it is late, and another worker has begun it too."""
        return [key for key, one in self.running.items() if one.index == index]

    def _fetch(self, one: Handed, worker: str, number: str, files: object) -> None:
        """Fetch what a piece has made, where it was made in another folder than here."""
        work, exchange = one.work, self.executor.exchange
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

    def _failure(self, one: Handed) -> Exception:
        """Why the scheduler could not have a piece done."""
        error = one.future.exception()
        if type(error).__name__ == "KilledWorker":
            if one.deaths_now() == 0:  # a long piece outlives many workers
                return HelperDiedError("The workers that did it died, one after the other.")
            return died_often(one)
        return WorkerError(
            f"{one.label} could not be done: {type(error).__name__}.",
            where=self.executor.address,
            hint="See the lines of the scheduler and its workers, then build again: what was finished is kept.",
        )

    def _begin_again(self, key: str, error: HelperDiedError | StoppedError) -> None:
        """A piece whose process died, or whose files did not come, goes on from what it has saved."""
        one = self.running.pop(key)
        if self._same(one.index):
            return  # another worker does it too
        deaths = one.deaths
        if isinstance(error, LackingError):
            self._avoid(error)
        elif isinstance(error, HelperDiedError) and (deaths := one.deaths_now()) >= MOST_DEATHS:
            raise died_often(one) from error
        what = error.what.rstrip(".") + (f" ({error.where})" if error.where else "")
        self.batch.on_loss(f"{one.label}: {what}; it goes on from what it had saved")
        self._hand_over(one.index, deaths)

    def _avoid(self, error: LackingError) -> None:
        """Give a worker that has too little of something no further piece of this call, if there are others."""
        self.lacking.add(error.worker)
        self.offers = self.executor.offers_of_each()
        if not self.offers.keys() - self.lacking:
            raise error.as_it_is

    def _look_around(self) -> None:
        """See whether anybody is there, and whether any piece is late."""
        if self.executor.client.status != "running":
            raise self.executor.scheduler_lost()
        self._see_workers()
        if all(self._is_placed(key, one) for key, one in list(self.running.items())) and self.offers:
            self.said = ""
            self._back_up()
            return
        why = self.executor.why_no_jobs()
        words = "no worker is left that fits; waiting for one" + (f": the batch system says: {why}" if why else "")
        if words != self.said:
            self.said = words
            self.batch.on_loss(words)

    def _is_placed(self, key: str, one: Handed) -> bool:
        """Whether a worker is there that may do a piece, which asks for less where those are gone that offered more."""
        if key not in self.running or one.fits(self.offers):
            return True
        again = replace(
            one, only=frozenset(), wanted=wanted_of(one.work.needs, self.executor.passport, [*self.offers.values()])
        )
        if not again.fits(self.offers):
            return False
        self.executor.stop([key])
        del self.running[key]
        if not self._same(one.index):
            self._hand_over(one.index, one.deaths)
        return True

    def _back_up(self) -> None:
        """Where workers are without work, let them begin what is late on another."""
        now, free = time.monotonic(), self.room
        late = [
            (key, one)
            for key, one in self.running.items()
            if not (one.is_held or one.is_backup or one.has_backup)
            and self.durations.is_late(one.work.amount, now - one.begun_s)
        ]
        if free < 1 or not late:
            return
        where, cores = self.executor.processing(), self.executor.passport.resource(admission.CORES)
        spare = Counter({worker: int(own[cores]) for worker, own in self.offers.items() if worker not in self.lacking})
        spare.subtract(where.values())
        for key, one in late[:free]:
            others = {worker for worker, count in spare.items() if count > 0 and worker != where.get(key)}
            if key in where and others:
                one.has_backup = True
                spare[min(others)] -= 1  # about as many as there is room for: the scheduler chooses among them
                self.batch.on_loss(f"{one.label} is late on worker {where[key]}: another begins it too")
                self._hand_over(one.index, one.deaths, is_backup=True, without=self.offers.keys() - others)


def on_worker(call: PieceCall) -> str:
    """Do a piece; runs on a thread of a worker."""
    worker = get_worker()
    return do_piece(call, Desk(worker.address, depot_of(worker), worker.log_event))
