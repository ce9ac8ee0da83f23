"""A piece that was handed over: its name in the cluster, what it takes there, and how far it was when that was said."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from distributed import Future

from pipeline.errors import WorkerError
from pipeline.runtime.cluster import admission
from pipeline.runtime.cluster.admission import Passport
from pipeline.runtime.cluster.parcels import stamp_of
from pipeline.runtime.executor import Needs, Work

MOST_DEATHS: Final = 3
"""A piece whose processes or workers die so often, with nothing saved between, is not begun again."""

Offers = Mapping[str, Mapping[str, float]]
"""By a worker's address: how many of each resource it offers."""


@dataclass
class Handed:
    """A piece that was handed over.

    Parameters
    ----------
    index
        Its place in the call.
    work
        The piece.
    future
        What comes of it.
    serial
        The number under which workers speak of it.
    wanted
        What a worker must offer.
    only
        The workers that may do it, where it is not any.
    deaths
        How often it has died in a row, with nothing saved between.
    is_held
        An earlier command has begun it.
    """

    index: int
    work: Work[Any]
    future: Future
    serial: int
    wanted: Mapping[str, float]
    only: frozenset[str] = frozenset()
    deaths: int = 0
    is_held: bool = False
    is_backup: bool = False
    has_backup: bool = False
    has_ended: bool = False
    begun_s: float = field(default_factory=time.monotonic)
    number: str = ""
    """Of the piece on the worker that does it now, where its files travel."""
    fetched_at_s: float = 0.0
    fetching_s: float = 0.0
    _saved: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self._saved = saved_stamp(self.work)

    @property
    def label(self) -> str:
        """What it is called in messages."""
        return self.work.label or "a piece"

    def deaths_now(self) -> int:
        """How often it has died in a row, this time included; it starts at 0 again where it had got further."""
        return 0 if saved_stamp(self.work) != self._saved else self.deaths + 1

    def fits(self, offers: Offers) -> bool:
        """Whether any worker may do it that is there."""
        return any(
            all(own.get(what, 0.0) >= count for what, count in self.wanted.items())
            for worker, own in offers.items()
            if not self.only or worker in self.only
        )


def saved_stamp(work: Work[Any]) -> tuple[int, int]:
    """Tell one saved state of a piece from another; the same where it saves none."""
    return stamp_of(work.folder / work.state_file if work.folder and work.state_file else None)


def wanted_of(needs: Needs, passport: Passport, offers: Collection[Mapping[str, float]]) -> dict[str, float]:
    """What a worker must offer for a piece: one that needs more than any has is done by one that has most."""
    cores, gpus, memory = (passport.resource(what) for what in (admission.CORES, admission.GPUS, admission.MEMORY))
    widest, largest = (max((own.get(what, 0.0) for own in offers), default=0.0) for what in (cores, memory))
    wanted: dict[str, float] = {cores: max(1.0, min(needs.cores, widest))}
    if needs.gpus:
        wanted = {gpus: needs.gpus}
    if needs.memory_bytes and largest:
        wanted[memory] = min(needs.memory_bytes, largest)
    return wanted


def died_often(one: Handed) -> WorkerError:
    """Say that a piece is not begun again."""
    return WorkerError(
        f"{one.label}: the processes or workers that did it died, again and again.",
        expected="enough memory on the workers",
        hint="Give workers fewer threads or more memory; what was finished is kept.",
    )
