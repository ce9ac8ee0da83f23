"""What stages tell about their work while it runs.

This module owns the shape of progress events. It does not know who listens: the command line draws bars or prints JSON,
tests collect, and `SILENT` drops everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol


@dataclass(frozen=True)
class Part:
    """One of several parts of the work at hand that go on side by side, such as a section.

    Parameters
    ----------
    name
        What people call it.
    share
        How much of it is done, 0 to 1.
    left_s
        Seconds until it is done, its waiting for others included; None where it is too early to say.
    detail
        What was reported of it last.
    """

    name: str
    share: float
    left_s: float | None
    detail: str = ""


@dataclass(frozen=True)
class WorkStart:
    """A piece of work that begins.

    Parameters
    ----------
    stage, label
        What people call it.
    total, unit
        So many units make up the whole of it (0 where unknown).
    done
        So many of them were done before, by a build that was interrupted.
    expected_s
        In how many seconds from now it ends, where that is known better than from its pace: a training that was given
        so many minutes.
    stops
        After how many units it stops for something that takes time of its own, such as a checkpoint.
    """

    stage: str
    label: str
    total: float
    unit: str
    done: float = 0.0
    expected_s: float | None = None
    stops: tuple[float, ...] = ()


@dataclass(frozen=True)
class WorkTime:
    """How long one piece of work, announced by one `begin`, is likely to take.

    Parameters
    ----------
    stage
        The stage that it belongs to.
    seconds
        On this machine.
    basis
        Whether a person has set the time, it was measured in earlier builds, or follows from guessed speeds.
    """

    stage: str
    seconds: float
    basis: Literal["set", "remembered", "guessed"] = "guessed"


class Reporter(Protocol):
    """Listens to a stage. Calls come from one thread of the main process."""

    def begin(self, work: WorkStart) -> None:
        """Announce work. Replaces the work announced before; the same stage and label correct what was announced."""

    def advance(self, done: float, detail: str = "") -> None:
        """Tell that `done` units, counted from the start of the work announced last, are done."""

    def parts(self, parts: Sequence[Part], left_s: float | None) -> None:
        """Tell how the parts of the work at hand stand, and in how many seconds all of them are done."""

    def expect(self, works: Sequence[WorkTime]) -> None:
        """Tell how long the works to come are likely to take, in their order; replaces what was expected before."""

    def note(self, text: str) -> None:
        """Tell a fact that a person would like to read."""

    def warn(self, text: str) -> None:
        """Tell a doubt, with its numbers; the work goes on."""


@dataclass(frozen=True)
class Silence:
    """A reporter that drops everything."""

    def begin(self, work: WorkStart) -> None:
        """Drop it."""

    def advance(self, done: float, detail: str = "") -> None:
        """Drop it."""

    def parts(self, parts: Sequence[Part], left_s: float | None) -> None:
        """Drop it."""

    def expect(self, works: Sequence[WorkTime]) -> None:
        """Drop it."""

    def note(self, text: str) -> None:
        """Drop it."""

    def warn(self, text: str) -> None:
        """Drop it."""


SILENT: Reporter = Silence()


@dataclass(frozen=True)
class Named:
    """A reporter that puts a name before everything that it passes on: one of several films is being made."""

    listener: Reporter
    name: str

    def begin(self, work: WorkStart) -> None:
        """Name it and pass on."""
        self.listener.begin(replace(work, label=f"{self.name}: {work.label}"))

    def advance(self, done: float, detail: str = "") -> None:
        """Pass on."""
        self.listener.advance(done, detail)

    def parts(self, parts: Sequence[Part], left_s: float | None) -> None:
        """Pass on."""
        self.listener.parts(parts, left_s)

    def expect(self, works: Sequence[WorkTime]) -> None:
        """Pass on."""
        self.listener.expect(works)

    def note(self, text: str) -> None:
        """Name it and pass on."""
        self.listener.note(f"{self.name}: {text}")

    def warn(self, text: str) -> None:
        """Name it and pass on."""
        self.listener.warn(f"{self.name}: {text}")


def duration_text(seconds: float) -> str:
    """About how long, as people say it: 40 s, 4 min 50 s, 12 min, 3 h 5 min."""
    if seconds < _MINUTE_S - 0.5:
        return f"{max(1, round(seconds))} s"
    if seconds < _SHORT_S:
        minutes, rest = divmod(10 * round(seconds / 10), _MINUTE_S)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / _MINUTE_S), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


_MINUTE_S = 60
_SHORT_S = 595.0
"""Below ten minutes tens of seconds are shown too."""


def stage_seconds(works: Iterable[WorkTime]) -> dict[str, float]:
    """How long the works of each stage take together, in the order of the stages."""
    by_stage: dict[str, float] = {}
    for work in works:
        by_stage[work.stage] = by_stage.get(work.stage, 0.0) + work.seconds
    return by_stage


def outlook_text(works: Iterable[WorkTime]) -> str:
    """Say how long the works take altogether, and by stage."""
    by_stage = stage_seconds(works)
    parts = ", ".join(f"{stage} {duration_text(seconds)}" for stage, seconds in by_stage.items() if seconds > 0)
    return f"about {duration_text(sum(by_stage.values()))}: {parts}" if parts else "no time: nothing is to be made"
