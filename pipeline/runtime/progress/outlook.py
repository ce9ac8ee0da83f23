"""Where a build stands: the work at hand, its parts, and the whole with what is still to come.

The works to come are estimated before they begin. Where those that were made took longer than estimated, the machine is
slower than thought, and the estimates of the others follow. Pure: whoever asks brings the time along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

from pipeline.runtime.progress.pace import Pace, Steady
from pipeline.runtime.progress.reporter import Part, WorkStart, WorkTime

_DOUBT_S: Final = 5.0
"""Works shorter than this say little about the machine."""
_SLOWEST: Final = 4.0
"""What is still to come is never believed to be off by more than this factor."""


@dataclass(frozen=True)
class View:
    """What is shown at one moment; times are seconds left, None where it is too early to say.

    Parameters
    ----------
    stage, label, done, total, unit
        The work at hand.
    share
        How much of it is done, 0 to 1; None where its length is unknown.
    parts
        Of the work at hand; empty where it has none.
    whole_share, whole_left_s
        Of the whole build; None where nothing was announced.
    """

    stage: str
    label: str
    done: float
    total: float
    unit: str
    share: float | None
    left_s: float | None
    parts: tuple[Part, ...] = ()
    whole_share: float | None = None
    whole_left_s: float | None = None


class Outlook:
    """Receives what reporters receive, and gives where the build stands."""

    def __init__(self) -> None:
        self._stage = self._label = self._unit = ""
        self._pace = Pace(0.0, 0.0)
        self._parts: tuple[Part, ...] = ()
        self._parts_left: tuple[float | None, float] | None = None
        self._planned: WorkTime | None = None
        self._to_come: list[WorkTime] = []
        self._began_s: float | None = None
        self._taken_s = self._thought_s = 0.0
        self._share = self._whole_share = 0.0
        self._is_shown = False
        """Whether the whole was ever shown: not while most of it is guessed."""
        self._steady, self._steady_whole = Steady(), Steady()
        self._steady_parts: dict[str, Steady] = {}

    @property
    def total(self) -> float:
        """How many units make up the work at hand; 0 where unknown."""
        return self._pace.total

    @property
    def is_planned(self) -> bool:
        """Whether the work to come was announced."""
        return self._began_s is not None

    def expect(self, works: Sequence[WorkTime], now: float) -> None:
        """Take in what is to come."""
        self._to_come = list(works)
        if self._began_s is None:
            self._began_s = now

    def begin(self, work: WorkStart, now: float) -> bool:
        """Take in that work begins; tell whether it is another than before, or the same with its length corrected."""
        same = (work.stage, work.label) == (self._stage, self._label) and self._pace.share < 1
        if same:
            self._pace.correct(work.total, now, done=work.done, expected_s=work.expected_s, stops=work.stops)
            return False
        self._end_work(now)
        self._stage, self._label, self._unit = work.stage, work.label, work.unit
        self._pace = Pace(work.total, now, done=work.done, expected_s=work.expected_s, stops=work.stops)
        self._parts, self._parts_left, self._share = (), None, 0.0
        self._steady, self._steady_parts = Steady(), {}
        ahead = [place for place, one in enumerate(self._to_come) if one.stage == work.stage]
        if ahead:
            self._planned = self._to_come[ahead[0]]
            del self._to_come[: ahead[0] + 1]
        return True

    def advance(self, done: float, now: float) -> None:
        """Take in how far the work at hand is."""
        self._pace.advance(done, now)

    def parts(self, parts: Sequence[Part], left_s: float | None, now: float) -> None:
        """Take in how its parts stand."""
        self._parts, self._parts_left = tuple(parts), (left_s, now)

    def view(self, now: float) -> View:
        """Where everything stands. What is shown never jumps, so ask once for every line that is shown."""
        left = self._work_left_s(now)
        pace = self._pace
        self._share = max(self._share, pace.share)
        view = View(
            self._stage,
            self._label,
            pace.done,
            pace.total,
            self._unit,
            self._share if pace.total > 0 else None,
            self._steady.smooth(left, now),
            tuple(self._smoothed(part, now) for part in self._parts),
        )
        if self._began_s is None:
            return view
        if not self._to_come and self._share >= 1:
            return replace(view, whole_share=1.0, whole_left_s=0.0)
        whole = self._steady_whole.smooth(self._whole_left_s(left, now), now)
        if whole is None:
            return view
        elapsed = now - self._began_s
        share = elapsed / (elapsed + whole) if elapsed + whole > 0 else 0.0
        self._whole_share = max(self._whole_share, share)
        return replace(view, whole_share=self._whole_share, whole_left_s=whole)

    def _smoothed(self, part: Part, now: float) -> Part:
        steady = self._steady_parts.setdefault(part.name, Steady())
        return replace(part, left_s=0.0 if part.share >= 1 else steady.smooth(part.left_s, now))

    def _work_left_s(self, now: float) -> float | None:
        if self._parts_left is None:
            left, planned = self._pace.left_s(now), self._planned
            if left is None and planned is not None and planned.basis != "guessed":
                left = max(0.0, _follow(planned, self._slowness(None, now)) - (now - self._pace.began_s))
            return left
        left, at = self._parts_left
        return None if left is None else max(0.0, left - (now - at))

    def _whole_left_s(self, left_s: float | None, now: float) -> float | None:
        slowness = self._slowness(left_s, now)
        guessed = sum(_follow(work, slowness) for work in self._to_come if work.basis == "guessed")
        known = sum(_follow(work, slowness) for work in self._to_come if work.basis != "guessed")
        planned = self._planned
        if left_s is not None:
            known += left_s
        elif planned is not None:
            left_s = max(0.0, _follow(planned, slowness) - (now - self._pace.began_s))
            guessed, known = (guessed + left_s, known) if planned.basis == "guessed" else (guessed, known + left_s)
        self._is_shown = self._is_shown or known > guessed
        return guessed + known if self._is_shown else None

    def _slowness(self, left_s: float | None, now: float) -> float:
        """By which factor works take longer than thought, so far."""
        taken, thought = self._taken_s, self._thought_s
        planned = self._planned
        if planned is not None and planned.basis != "set" and left_s is not None:
            newly = max(0.0, self._pace.share - self._pace.began_at)
            taken += newly * (now - self._pace.began_s + left_s)
            thought += newly * planned.seconds
        return min(_SLOWEST, max(1 / _SLOWEST, (taken + _DOUBT_S) / (thought + _DOUBT_S)))

    def _end_work(self, now: float) -> None:
        planned, self._planned = self._planned, None
        if planned is not None and planned.basis != "set":
            self._taken_s += now - self._pace.began_s
            self._thought_s += planned.seconds


def _follow(work: WorkTime, slowness: float) -> float:
    """What a work to come will take: all of the slowness where its speed was measured, some where it was guessed."""
    if work.basis == "set":
        return work.seconds
    return work.seconds * (slowness if work.basis == "remembered" else sqrt(slowness))
