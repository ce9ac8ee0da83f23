"""Pieces of a build done by the workers of a Dask scheduler.

No more pieces are handed over than may run at once, so that a command that is killed leaves behind only what runs; the
scheduler keeps those, and the next command finds them by their keys.

Source: https://distributed.dask.org/en/stable/client.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from distributed import Client, Future

from pipeline.errors import WorkerError
from pipeline.runtime.cluster import admission
from pipeline.runtime.cluster.admission import Passport
from pipeline.runtime.cluster.connecting import ANSWER_S, connect
from pipeline.runtime.cluster.exchange import Exchange
from pipeline.runtime.cluster.handing_over import BatchRun, on_worker
from pipeline.runtime.cluster.parcels import write_item
from pipeline.runtime.cluster.pieces import PieceCall, redirect, stop_pieces
from pipeline.runtime.cluster.plain import read_answer
from pipeline.runtime.executor import Batch, Executor, Item, Needs, Outcome

_STOP_S: Final = 10
"""Workers that don't end their pieces in this time are left alone: whoever stops is waited for."""


class DaskExecutor(Executor):
    """Works on the workers of a scheduler that were admitted.

    Parameters
    ----------
    address
        Of the scheduler.
    tls
        Files of TLS, or nothing.
    passport
        What workers must be.
    asked
        How many workers a batch system was asked for, and the cores of each: they come one after the other.
    """

    def __init__(
        self, address: str, tls: Mapping[str, str], passport: Passport, asked: tuple[int, int] = (0, 0)
    ) -> None:
        self.address, self._tls, self.passport, self._asked = address, dict(tls), passport, asked
        self._begun_with: list[int] | None = None
        self._is_lost = False
        self.why_no_jobs: Callable[[], str] = str
        """The words with which a batch system takes no further job; empty where it does, or there is none."""

    def __reduce__(self) -> tuple[object, ...]:
        """Travel to another process, which connects by itself."""
        return DaskExecutor, (self.address, self._tls, self.passport, self._asked), {"_begun_with": self._begun_with}

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
        return sum(self.offers(admission.GPUS))

    @property
    def cores(self) -> int:
        """How many cores the workers offer, with those that are still to come."""
        return max(1, sum(self._core_offers()))

    def admitted(self) -> list[str]:
        """Addresses of the workers that may do pieces."""
        return [*self.offers_of_each()]

    def _core_offers(self) -> list[int]:
        there, (count, cores) = self.offers(admission.CORES), self._asked
        return there + [cores] * (count - len(there))

    def remember_size(self) -> None:
        """Take the workers that are there as those for which a build is planned: more may come."""
        self._begun_with = self._core_offers()

    def growth(self, needs: Needs) -> int:
        """How many more pieces can be done at once than when the build was planned."""
        if self._begun_with is None or needs.gpus:
            return 0
        now, before = (
            sum(max(1, cores // needs.cores) for cores in own) for own in (self._core_offers(), self._begun_with)
        )
        return max(0, now - before)

    def at_once(self, needs: Needs, jobs: int) -> int:
        """As many as the workers have cores or GPUs for, on each worker by itself."""
        if needs.gpus:
            return max(1, sum(gpus // needs.gpus for gpus in self.offers(admission.GPUS)))
        places = sum(max(1, cores // needs.cores) for cores in self._core_offers())
        return max(1, min(places, jobs))

    @cached_property
    def exchange(self) -> Exchange:
        """Who sends files to workers, and fetches them, where they don't see the same folder."""
        return Exchange(self.client, Path(self.passport.folder))

    def do(self, batch: Batch[Item, Outcome]) -> list[Outcome]:
        """Hand them over, `jobs` at a time; a piece whose worker dies goes on elsewhere."""
        return BatchRun(self, batch).finish() if batch.works else []

    def running(self) -> set[str]:
        """Name the pieces, by their keys, that workers do now, for this folder."""
        return set(self.held())

    def stop_all(self) -> None:
        """End what workers still do for earlier commands in this folder."""
        if keys := [key for found in self.held().values() for key in found]:
            self.stop(keys)

    def held(self) -> dict[str, dict[str, str]]:
        """What workers do now for this folder: by the keys of pieces, names in the cluster and who does it."""
        found: dict[str, dict[str, str]] = {}
        with suppress(Exception):  # where the scheduler is gone nobody works for it
            for key, worker in self.processing().items():
                if key.startswith(f"{self.passport.name}/"):
                    found.setdefault(key.split("/")[1], {})[key] = worker
        return found

    def redirect(self, key: str, worker: str, topic: str, serial: int) -> bool:
        """Hear of a piece that an earlier command has begun; whether its worker will tell."""
        try:
            answers = self.client.run(redirect, key, topic, serial, workers=[worker], callback_timeout=_STOP_S)
            return answers[worker] is True
        except Exception:  # noqa: BLE001 - then only its end is heard of
            return False

    def processing(self) -> dict[str, str]:
        """Addresses of workers, by the names in the cluster of the pieces that they do now."""
        held = self._ask_scheduler(self.client.scheduler.processing, workers=None)
        return {str(key): worker for worker, keys in held.items() for key in keys}

    def _workers(self) -> dict[str, Any]:
        """What the scheduler says of its workers, by their addresses."""
        about = self._ask_scheduler(self.client.scheduler.identity, n_workers=-1)
        return dict(about["workers"])

    def _ask_scheduler(self, question: Callable[..., Any], **arguments: object) -> Any:
        """Ask the scheduler something; one that stands still would be waited for until its connection ends."""
        try:
            return self.client.sync(question, callback_timeout=ANSWER_S, **arguments)
        except TimeoutError as error:
            raise self.scheduler_lost(f"has not answered for {ANSWER_S} s") from error
        except OSError as error:
            raise self.scheduler_lost() from error

    def scheduler_lost(self, what: str = "is gone") -> WorkerError:
        """Say that the scheduler does no more; it is asked for nothing from then on."""
        self._is_lost = True
        return WorkerError(
            f"The scheduler of the cluster {what}.",
            where=self.address,
            expected="a scheduler that runs until the film is finished",
            hint="Start it and its workers again, then the same command: what was finished or saved is kept.",
        )

    def stop(self, keys: Sequence[str]) -> None:
        """End pieces on whichever worker, by their names in the cluster."""
        if not self._answers:
            return
        with suppress(Exception):  # whoever stops has a reason already
            wanted = [Future(key, client=self.client) for key in keys]
            self.client.cancel(wanted, force=True, reason="the command has ended", msg="")
        with suppress(Exception):
            self.client.run(stop_pieces, list(keys), on_error="ignore", callback_timeout=_STOP_S)

    @property
    def _answers(self) -> bool:
        """Whether the scheduler has answered until now."""
        return not self._is_lost and str(self.client.status) == "running"

    def ask_each(self, function: Callable[[int], Any], workers: Sequence[str]) -> dict[str, Any]:
        """Apply a function to the number of each worker's cores, there, in a process of its own.

        Returns
        -------
        dict
            By the worker's address: what came of it, or the error.
        """
        cores = {name: one["nthreads"] for name, one in self._workers().items()}
        asked = {}
        for worker in workers:
            key = f"{self.passport.name}-{uuid.uuid4().hex}"
            call = PieceCall(function, write_item(cores[worker])[0], key, key, 0)
            asked[worker] = self.client.submit(on_worker, call, key=key, workers=[worker], pure=False)
        found: dict[str, Any] = {}
        for worker, future in asked.items():
            try:
                found[worker] = read_answer(future.result(timeout=ANSWER_S))[0]
            except Exception as error:  # noqa: BLE001 - returned beside what the others answer
                found[worker] = error
        return found

    def forget_admission(self) -> None:
        """Look at no further workers: each that comes would be looked at for every film that was ever built there."""
        if self._answers:
            with suppress(Exception):
                self.client.sync(
                    self.client.scheduler.unregister_worker_plugin, name=self.passport.name, callback_timeout=_STOP_S
                )

    def close(self) -> None:
        """End the connection."""
        if "client" in self.__dict__:
            with suppress(Exception):
                self.client.close(timeout=2)

    def offers_of_each(self) -> dict[str, dict[str, float]]:
        """What each admitted worker offers, by its address."""
        cores = self.passport.resource(admission.CORES)
        return {address: one["resources"] for address, one in self._workers().items() if cores in one["resources"]}

    def offers(self, what: str) -> list[int]:
        """How many of something each admitted worker offers."""
        name = self.passport.resource(what)
        return [int(own[name]) for own in self.offers_of_each().values() if name in own]
