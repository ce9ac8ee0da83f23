"""What stages tell about their work while it runs.

This module owns the shape of what is told. It does not know who listens: the command line draws bars or prints JSON,
tests collect, and `SILENT` drops everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Reporter(Protocol):
    """Listens to a stage. Calls come from one thread of the main process."""

    def begin(self, stage: str, label: str, total: float, unit: str) -> None:
        """Announce work: `total` units of it lie ahead (0 where unknown). Replaces the work announced before."""

    def advance(self, done: float, detail: str = "") -> None:
        """Tell that `done` units, counted from the start of the work announced last, are done."""

    def note(self, text: str) -> None:
        """Tell a fact that a person would like to read."""

    def warn(self, text: str) -> None:
        """Tell a doubt, with its numbers; the work goes on."""


@dataclass(frozen=True)
class Silence:
    """A reporter that drops everything."""

    def begin(self, stage: str, label: str, total: float, unit: str) -> None:
        """Drop it."""

    def advance(self, done: float, detail: str = "") -> None:
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

    def begin(self, stage: str, label: str, total: float, unit: str) -> None:
        """Name it and pass on."""
        self.listener.begin(stage, f"{self.name}: {label}", total, unit)

    def advance(self, done: float, detail: str = "") -> None:
        """Pass on."""
        self.listener.advance(done, detail)

    def note(self, text: str) -> None:
        """Name it and pass on."""
        self.listener.note(f"{self.name}: {text}")

    def warn(self, text: str) -> None:
        """Name it and pass on."""
        self.listener.warn(f"{self.name}: {text}")
