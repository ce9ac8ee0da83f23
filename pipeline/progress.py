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
