"""Progress of several tasks side by side, shown as the progress of one piece of work with its parts.

Each helper process reports as if it were alone; its words travel to the parent, which tells how all of them stand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.runtime.progress.reporter import Part, Reporter, WorkStart, WorkTime
from pipeline.runtime.progress.side_by_side import SideBySide, Task
from pipeline.runtime.workers import send_to_parent

_PAUSE_S: Final = 0.25


@dataclass(frozen=True)
class Word:
    """One call of a reporter, on its way to the parent."""

    sender: int
    kind: Literal["begin", "advance", "note", "warn"]
    text: str = ""
    done: float = 0.0
    work: WorkStart | None = None
    at_s: float | None = None
    """When it was sent, by the machine's one monotonic clock: messages are received in batches."""


class RelayReporter:
    """A reporter inside a helper process.

    Parameters
    ----------
    sender
        The number of the piece of work, from 0.
    """

    def __init__(self, sender: int) -> None:
        self._sender = sender
        self._sent_s = 0.0

    def begin(self, work: WorkStart) -> None:
        """Pass on."""
        send_to_parent(Word(self._sender, "begin", work=work, at_s=time.monotonic()))

    def advance(self, done: float, detail: str = "") -> None:
        """Pass on, a few times a second at most."""
        if time.monotonic() - self._sent_s >= _PAUSE_S:
            self._sent_s = time.monotonic()
            send_to_parent(Word(self._sender, "advance", detail, done, at_s=self._sent_s))

    def parts(self, parts: Sequence[Part], left_s: float | None) -> None:
        """Drop it: a helper process works on one thing."""

    def expect(self, works: Sequence[WorkTime]) -> None:
        """Drop it: only the parent knows what comes after."""

    def note(self, text: str) -> None:
        """Pass on."""
        send_to_parent(Word(self._sender, "note", text))

    def warn(self, text: str) -> None:
        """Pass on."""
        send_to_parent(Word(self._sender, "warn", text))


class ProgressMixer:
    """Tells one reporter how several tasks stand that run side by side.

    Parameters
    ----------
    report
        Where progress goes.
    tasks
        In the order in which they are begun.
    workers
        How many run at once.
    begin
        Whether to announce the work by itself, as `stage` and `label`: its length is the time that all tasks need.
        Otherwise whoever calls announces it, and tells how far it is.
    clock
        Seconds that only go forward.
    """

    def __init__(
        self,
        report: Reporter,
        tasks: Sequence[Task],
        workers: int,
        *,
        begin: tuple[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._report, self._clock = report, clock
        self._tasks = tuple(tasks)
        self._all = SideBySide(tasks, workers)
        self._begun: set[int] = set()
        self._sent_s = -_PAUSE_S
        self._share = 0.0
        self._own_bar = begin is not None
        if begin is not None:
            report.begin(WorkStart(*begin, 1.0, "share"))

    def receive(self, word: Word) -> None:
        """Take in what a helper process says."""
        if word.kind == "note":
            self._report.note(word.text)
        elif word.kind == "warn":
            self._report.warn(word.text)
        elif word.work is not None:
            self._all.begin(word.sender, word.work, self._clock() if word.at_s is None else word.at_s)
        else:
            self.advance(word.sender, word.done, word.text, word.at_s)

    def advance(self, index: int, done: float, detail: str = "", at_s: float | None = None) -> None:
        """Take in how far a task is that has reported its beginning, and when it was so far; by default now."""
        self._all.advance(index, done, self._clock() if at_s is None else at_s, detail)
        self._forward(self._tasks[index].part, detail)

    def share(self, index: int, share: float, detail: str = "") -> None:
        """Take in which share of a task is done; with the first report the task has begun."""
        if index not in self._begun:
            self._begun.add(index)
            self._all.begin(index, WorkStart("", "", 1.0, "share"), self._clock())
        self.advance(index, share, detail)

    def finish(self, index: int) -> None:
        """Count a task as done."""
        self._all.finish(index, self._clock())
        self._sent_s = -_PAUSE_S
        self._forward(self._tasks[index].part, "done")

    def _forward(self, part: str, detail: str) -> None:
        now = self._clock()
        if now - self._sent_s < _PAUSE_S:
            return
        self._sent_s = now
        standing = self._all.standing(now)
        self._report.parts(standing.parts, standing.left_s)
        if self._own_bar:
            self._share = max(self._share, standing.share)
            self._report.advance(self._share, f"{part}: {detail}" if detail else part)
