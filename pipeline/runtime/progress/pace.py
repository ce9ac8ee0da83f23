"""How fast work goes, and so how long it still takes. Pure: whoever asks brings the time along.

Time left is believed only where it neither jumps nor lags. So a pace looks at most of what was done and not at the last
moment alone, leaves out the beginning, which is often slow (programs start, functions are compiled), and counts stops
whose places are known, such as checkpoints, as work of their own. `Steady` bounds what is left of the jumps.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_MOST_MARKS: Final = 256
_FEWEST_MARKS: Final = 4
"""Before so many are there, only the start is known; unless little is left of few large steps."""
_START_MARKS: Final = 2
"""With these alone, all that is known is how long the start took: that counts only where half is done by then."""
_HALF: Final = 0.5
_FEW_STEPS_SHARE: Final = 0.1
_FIRST_GUESS_S: Final = 2.0
_FIRST_GUESS_SHARE: Final = 0.02
_PATIENCE_S: Final = 120.0
"""A guess comes once so much is done, or after so long."""
_NO_STOP_SHARE: Final = 0.2
"""Where stops are to come, the first is waited for, up to here."""
_DISAGREEING: Final = 1.5
"""What is measured over a long and over a short time must not differ by more than this factor, at the beginning."""
_SINGULAR: Final = 3.0
"""An interval longer than all others by this factor is a pause."""
_LONG, _RECENT = 1 / 8, 1 / 2
"""From these shares of what was done until now its speed is measured."""
_SMALLEST: Final = 1e-9
_CAUTION: Final = 0.02
"""Where every interval has stops by the same measure, they look like units: so much is evidence for units."""
_SURE_SHARE: Final = 0.05
"""A time that is known beforehand is right to about this share of it."""
_PACE_DOUBT: Final = 0.3
"""A pace is right to about this share of what is left."""


class Pace:
    """How far a piece of work is, and how long it still takes.

    Parameters
    ----------
    total
        So many units make up the work; 0 where unknown.
    now
        The time in seconds, by any clock that only goes forward.
    done, expected_s, stops
        As for `Reporter.begin`.
    """

    def __init__(
        self,
        total: float,
        now: float,
        *,
        done: float = 0.0,
        expected_s: float | None = None,
        stops: Sequence[float] = (),
    ) -> None:
        self.done = done
        self.began_s = self._heard_s = now
        self.began_at = done / total if total > 0 else 0.0
        self._marks = [(0.0, 0.0, 0)]
        """Seconds, units and stops until then."""
        self._sums = _IntervalSums()
        self._has_begun = False
        self._silence_s = 0.0
        self._first_s = now
        self._longest_s = self._second_s = self._longest_at = 0.0
        """Of all intervals but the first; and after how many units the longest was over."""
        self._stops: list[float] = []
        self.correct(total, now, done=done, expected_s=expected_s, stops=stops)

    def correct(
        self, total: float, now: float, *, done: float, expected_s: float | None = None, stops: Sequence[float] = ()
    ) -> None:
        """Take in that the work is longer or shorter than announced; what was measured stays."""
        passed = bisect_right(self._stops, done) - bisect_left(self._stops, self.done)
        self._take(now, done, passed)  # a stop right here is over when the length is corrected
        self.total = total
        self._ends_s = None if expected_s is None else now + expected_s
        self._expected_s = expected_s or 0.0
        self._stops = sorted(place for place in stops if place > done)

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return min(1.0, max(0.0, self.done / self.total)) if self.total > 0 else 0.0

    def advance(self, done: float, now: float) -> None:
        """Take in that so many units are done; fewer than before where work has to be done again."""
        if done != self.done:
            self._take(now, done, bisect_left(self._stops, done) - bisect_left(self._stops, self.done))

    def _take(self, now: float, done: float, stops: int) -> None:
        seconds, units = now - self._heard_s, done - self.done
        self.done, self._heard_s = done, now
        if units < 0 or seconds < 0:
            return
        if units == 0 and not stops:
            return
        self._silence_s = max(self._silence_s, seconds)
        last_s, last_units, last_stops = self._marks[-1]
        self._marks.append((last_s + seconds, last_units + units, last_stops + stops))
        if len(self._marks) > _MOST_MARKS:
            del self._marks[2:-1:2]
        if not self._has_begun:  # the start takes time in which nothing is done
            self._has_begun, self._first_s = True, now
            return
        self._sums.add(seconds, units, stops)
        if stops:
            return
        if seconds > self._longest_s:
            self._second_s, self._longest_s, self._longest_at = self._longest_s, seconds, last_units + units
        else:
            self._second_s = max(self._second_s, seconds)

    def left_s(self, now: float) -> float | None:
        """Seconds left, or None where it is too early to say."""
        by_pace = self._left_by_pace(now)
        if self._ends_s is None:
            return by_pace
        by_clock = self._ends_s - now
        if by_pace is None:
            return max(0.0, by_clock)
        if by_clock <= 0:
            return by_pace
        passed = 1.0 - by_clock / self._expected_s
        clock_doubt = _SURE_SHARE * self._expected_s + passed * passed * abs(by_pace - by_clock)
        pace_doubt = _PACE_DOUBT * by_pace
        trust = pace_doubt**2 / (clock_doubt**2 + pace_doubt**2)
        return trust * by_clock + (1.0 - trust) * by_pace

    def _left_by_pace(self, now: float) -> float | None:
        if self.total <= 0 or len(self._marks) == 1:
            return None
        stop_s = self._sums.stop_s()
        long, recent = self._unit_s(_LONG, stop_s), self._unit_s(_RECENT, stop_s)
        if self._is_too_early(now, long, recent):
            return None
        trust = min(0.5, self.share)  # early on, a short time says little
        unit_s = (1.0 - trust) * long + trust * recent
        ahead = len(self._stops) - bisect_left(self._stops, self.done)
        left = unit_s * max(0.0, self.total - self.done) + stop_s * ahead
        return max(0.0, left - min(now - self._heard_s, self._silence_s))

    def _is_too_early(self, now: float, long: float, recent: float) -> bool:
        newly = self.share - self.began_at
        if self._stops and not self._sums.stops and newly < _NO_STOP_SHARE:
            return True
        if newly >= _FEW_STEPS_SHARE:
            return len(self._marks) <= _START_MARKS and newly < _HALF
        elapsed = now - self._first_s
        begun = elapsed >= _FIRST_GUESS_S and (newly >= _FIRST_GUESS_SHARE or elapsed >= _PATIENCE_S)
        few = len(self._marks) < _FEWEST_MARKS
        return few or not begun or self._is_singular or max(long, recent) > _DISAGREEING * min(long, recent)

    @property
    def _is_singular(self) -> bool:
        """Whether one interval is so much longer than all others that it must have been a pause."""
        return self._longest_s > _SINGULAR * self._second_s

    def _unit_s(self, since: float, stop_s: float) -> float:
        """Seconds a unit without its stops, from a share of the units done until now."""
        seconds, units, stops = self._marks[-1]
        first = 1 if len(self._marks) > _START_MARKS else 0  # the start takes time in which nothing is done
        index = max(first, bisect_right(self._marks, since * units, key=lambda mark: mark[1]) - 1)
        from_s, from_units, from_stops = self._marks[max(0, min(index, len(self._marks) - 2))]
        if units <= from_units:
            return 0.0
        if self._is_singular and self._longest_at > from_units:
            seconds -= self._longest_s - self._second_s  # one single pause: nothing says that it comes again
        return max(0.0, seconds - from_s - stop_s * (stops - from_stops)) / (units - from_units)


@dataclass
class _IntervalSums:
    """What intervals of units and stops have taken: the line of least squares through them, seconds of each.

    An interval's seconds scatter with its length, so each counts by the inverse of its units.
    """

    stops: int = 0
    _units: float = 0.0
    _squares: float = 0.0
    _seconds: float = 0.0
    _products: float = 0.0

    def add(self, seconds: float, units: float, stops: int) -> None:
        """Take in an interval."""
        weight = 1.0 / max(units, _SMALLEST)
        self.stops += stops
        self._units += units
        self._squares += weight * stops * stops
        self._seconds += seconds
        self._products += weight * stops * seconds

    def stop_s(self) -> float:
        """Seconds a stop, rather too few: what is not a stop's counts as its units'."""
        determinant = (1.0 + _CAUTION) * self._units * self._squares - self.stops * self.stops
        if not self.stops or determinant <= 0:
            return 0.0
        found = (self._units * self._products - self.stops * self._seconds) / determinant
        return min(max(0.0, found), self._seconds / self.stops)


class Steady:
    """Lets the time left that is shown change little by little: by at most a quarter between two lines.

    A line that comes late is compared with one in time: what stood still meanwhile need not have run down. Towards the
    end, where a quarter is next to nothing, a fiftieth of the whole time is allowed too.
    """

    BOUND: Final = 1.25
    LINE_S: Final = 3.0
    """Lines that follow one another sooner share the bound."""
    LATE_S: Final = 10.0
    SLACK_S: Final = 1.0
    SLACK_SHARE: Final = 0.02

    def __init__(self) -> None:
        self._shown_s: float | None = None
        self._at_s = self._since_s = 0.0

    def smooth(self, left_s: float | None, now: float) -> float | None:
        """What to tell now, in seconds, where so much seems to be left."""
        if left_s is None:
            return None
        if self._shown_s is None:
            self._since_s = now
        else:
            passed = max(0.0, now - self._at_s)
            part = min(1.0, passed / self.LINE_S)
            factor = self.BOUND**part
            slack = part * (self.SLACK_S + self.SLACK_SHARE * (now - self._since_s + self._shown_s))
            lowest = max(0.0, self._shown_s - passed) / factor - slack
            highest = max(0.0, self._shown_s - min(passed, self.LATE_S)) * factor + slack
            left_s = min(max(left_s, lowest), highest)
        self._shown_s, self._at_s = max(0.0, left_s), now
        return self._shown_s
