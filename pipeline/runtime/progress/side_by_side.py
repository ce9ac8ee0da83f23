"""When several tasks that run side by side, on fewer workers than there are tasks, will all have ended.

Each task that runs has its pace. Those that wait are guessed: from tasks of the same part, which are alike, else from
all, by how much work they are. Pure: whoever asks brings the time along.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.runtime.progress.pace import Pace
from pipeline.runtime.progress.reporter import Part, WorkStart

_PATIENCE_S: Final = 20.0
"""So long a task that has begun may keep silent before it is guessed like one that waits."""
_WAITS: Final = "waits"


@dataclass(frozen=True)
class Task:
    """One task, and how much work it is.

    Parameters
    ----------
    part
        The part of the work that it belongs to, which may have several tasks.
    work
        In any unit in which tasks of different parts can be compared as well as may be.
    """

    part: str
    work: float


@dataclass(frozen=True)
class Standing:
    """How all tasks stand: the share that is done, the seconds left (None: too early to say), and the parts."""

    share: float
    left_s: float | None
    parts: tuple[Part, ...]


class SideBySide:
    """Tasks that are worked on in their order, so many at once.

    Parameters
    ----------
    tasks
        In the order in which they are begun.
    workers
        How many run at once, at least 1.
    """

    def __init__(self, tasks: Sequence[Task], workers: int) -> None:
        self._tasks = tuple(tasks)
        self._workers = max(1, min(workers, len(self._tasks)))
        self._paces: list[Pace | None] = [None] * len(self._tasks)
        self._took_s: list[float | None] = [None] * len(self._tasks)
        self._ended = [False] * len(self._tasks)
        self._own: dict[str, list[int]] = {}
        for index, task in enumerate(self._tasks):
            self._own.setdefault(task.part, []).append(index)
        self._details = dict.fromkeys(self._own, _WAITS)

    def begin(self, index: int, work: WorkStart, now: float) -> None:
        """Take in that a task has begun, or that its length is corrected."""
        pace = self._paces[index]
        if pace is None:
            self._paces[index] = Pace(work.total, now, done=work.done, expected_s=work.expected_s, stops=work.stops)
        else:
            pace.correct(work.total, now, done=work.done, expected_s=work.expected_s, stops=work.stops)
        part = self._tasks[index].part
        if self._details[part] == _WAITS:
            self._details[part] = ""

    def advance(self, index: int, done: float, now: float, detail: str = "") -> None:
        """Take in how far a task that has begun is; what comes late about one that has ended is dropped."""
        pace = self._paces[index]
        if pace is not None and not self._ended[index]:
            pace.advance(done, now)
            self._details[self._tasks[index].part] = detail

    def finish(self, index: int, now: float) -> None:
        """Take in that a task has ended."""
        pace = self._paces[index]
        if pace is not None and pace.began_at < 1 and not self._ended[index]:
            self._took_s[index] = (now - pace.began_s) / (1 - pace.began_at)
        self._ended[index] = True
        part = self._tasks[index].part
        if all(self._ended[other] for other in self._own[part]):
            self._details[part] = "done"

    def standing(self, now: float) -> Standing:
        """Tell how all tasks stand."""
        lefts = [self._running_left_s(index, now) for index in range(len(self._tasks))]
        per_work = self._per_work(lefts, now)
        silent = [
            pace
            for pace, left in zip(self._paces, lefts, strict=True)
            if pace is not None and left is None and now - pace.began_s < _PATIENCE_S
        ]
        is_known = all(self._ended) or (bool(per_work) and not silent)
        usual = sum(per_work.values()) / len(per_work) if per_work else 1.0
        whole = [task.work * per_work.get(task.part, usual) for task in self._tasks]
        for index, left in enumerate(lefts):
            if left is None:
                lefts[index] = whole[index]
        ends = self._schedule([left or 0.0 for left in lefts])
        shares = [self._share(index) for index in range(len(self._tasks))]
        parts = []
        for name, own in self._own.items():
            share = _weighted([shares[index] for index in own], [whole[index] for index in own])
            parts.append(
                Part(name, share, max(ends[index] for index in own) if is_known else None, self._details[name])
            )
        return Standing(_weighted(shares, whole), max(ends, default=0.0) if is_known else None, tuple(parts))

    def _share(self, index: int) -> float:
        pace = self._paces[index]
        if self._ended[index]:
            return 1.0
        return pace.share if pace else 0.0

    def _running_left_s(self, index: int, now: float) -> float | None:
        pace = self._paces[index]
        if self._ended[index]:
            return 0.0
        return pace.left_s(now) if pace else None

    def _per_work(self, lefts: Sequence[float | None], now: float) -> dict[str, float]:
        """Seconds a unit of work, of each part where something is known."""
        seconds: dict[str, float] = {}
        work: dict[str, float] = {}
        for task, pace, took, left in zip(self._tasks, self._paces, self._took_s, lefts, strict=True):
            if took is not None:
                whole = took
            elif pace is not None and left and pace.began_at < 1:
                whole = (now - pace.began_s + left) / (1 - pace.began_at)
            else:
                continue
            seconds[task.part] = seconds.get(task.part, 0.0) + whole
            work[task.part] = work.get(task.part, 0.0) + task.work
        return {part: seconds[part] / work[part] for part in seconds if work[part] > 0 and seconds[part] > 0}

    def _schedule(self, lefts: Sequence[float]) -> list[float]:
        """When each task ends, in seconds from now: those that run, then the others, by whichever worker is free."""
        ends = [0.0] * len(lefts)
        running = [index for index in range(len(lefts)) if not self._ended[index] and self._paces[index] is not None]
        free = [0.0] * max(0, self._workers - len(running))
        for index in running:
            ends[index] = lefts[index]
            free.append(lefts[index])
        heapq.heapify(free)
        for index in range(len(lefts)):
            if not self._ended[index] and self._paces[index] is None:
                ends[index] = heapq.heappop(free) + lefts[index]
                heapq.heappush(free, ends[index])
        return ends


def _weighted(shares: Sequence[float], weights: Sequence[float]) -> float:
    total = sum(weights)
    if total <= 0:
        return sum(shares) / len(shares) if shares else 1.0
    return sum(share * weight for share, weight in zip(shares, weights, strict=True)) / total
