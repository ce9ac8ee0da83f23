"""Ticks: which round numbers to mark along an axis, and how to write them.

This module owns the choice of numbers and their spelling. It does not know fonts: whoever draws measures a label.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.picture.plotting.axis import Axis

_MANTISSAS: Final = (1, 2, 5)
_SCIENTIFIC_FROM: Final = 1e9
_SCIENTIFIC_BELOW: Final = 1e-4
_MANY_DIGITS_OF: Final = 1000.0
_PLAIN_BELOW: Final = 1e15
_MINOR_GAP_PX: Final = 4.0  # minor ticks that stand closer than this are left out
_SAME_PLACE_PX: Final = 0.5
_NEARLY_STRAIGHT: Final = 3.0
_MOST_TICKS: Final = 20_000  # more than any picture of 65,535 px can label


@dataclass(frozen=True)
class Tick:
    """A mark at `position_px` from the axis's beginning; minor ticks carry no label."""

    value: float  # in the axis's own unit
    position_px: float
    label: str

    @property
    def major(self) -> bool:
        """Whether it is labelled."""
        return bool(self.label)


@dataclass(frozen=True)
class NumberStyle:
    """How numbers are written: the marks between thousands and before decimals, and whether 10,000 becomes 10k."""

    grouping: str = ","
    decimal: str = "."
    compact: bool = False

    def write(self, value: float, step: float) -> str:
        """Write a number so that neighbours which lie `step` apart differ from one another."""
        if value == 0:
            return "0"
        size = max(abs(value), abs(step))
        if size >= _SCIENTIFIC_FROM or abs(step) < _SCIENTIFIC_BELOW:
            # Neighbours that share many digits are read more easily written out, as 1,612,345,800 or 1.00002.
            if abs(value) < _MANY_DIGITS_OF * abs(step) or size >= _PLAIN_BELOW or size < _SCIENTIFIC_BELOW:
                return self._scientific(value, step)
            return self._plain(value, step)
        if self.compact:
            for limit, letter in ((1e6, "M"), (1e3, "k")):
                if size >= 10 * limit or (size >= limit and _is_whole(step / (limit / 10))):
                    return self._plain(value / limit, step / limit) + letter
        return self._plain(value, step)

    def _plain(self, value: float, step: float) -> str:
        text = f"{value:,.{decimals_for(step)}f}"
        return (
            text.replace(",", "\0")
            .replace(".", self.decimal)
            .replace("\0", self.grouping)
            .replace("-", "\N{MINUS SIGN}")
        )

    def _scientific(self, value: float, step: float) -> str:
        exponent = math.floor(math.log10(abs(value)) + 1e-9)
        mantissa = value / 10.0**exponent
        digits = decimals_for(min(step / 10.0**exponent, 1.0))
        text = f"{mantissa:.{digits}f}"
        text = (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", self.decimal)
        return f"{text}e{exponent}".replace("-", "\N{MINUS SIGN}")


def decimals_for(step: float) -> int:
    """How many decimals tell multiples of a step apart."""
    for decimals in range(12):
        if _is_whole(step * 10**decimals):
            return decimals
    return 12


def _is_whole(value: float) -> bool:
    return math.isclose(value, round(value), rel_tol=1e-9, abs_tol=1e-9) and round(value) != 0


def choose_ticks(
    axis: Axis,
    *,
    measure_px: Callable[[str], float],
    gap_px: float = 16.0,
    style: NumberStyle | None = None,
    unit: float = 1.0,
    minor: bool = True,
    least_step: float = 0.0,
) -> tuple[Tick, ...]:
    """Choose the densest round numbers whose labels keep a gap between one another.

    Parameters
    ----------
    axis
        What is to be marked.
    measure_px
        How much room a label takes along the axis: its width, or its height on a standing axis.
    gap_px
        The least room between two labels.
    style
        How numbers are written.
    unit
        How much of the axis's quantity one labelled unit is: `NATS_PER_BIT` labels an axis of nats in bits.
    minor
        Whether unlabelled ticks are put between the labelled ones, where there is room.
    least_step
        Ticks of a straight axis stand no closer, in labelled units: 1 where things are counted.

    Returns
    -------
    Ticks in rising order of position. There is at least one labelled tick wherever one label fits on the axis.
    """
    candidates = _candidates(axis, style or NumberStyle(), unit, axis.length_px / gap_px, least_step)
    return fit_ticks(axis, candidates, measure_px, gap_px, minor=minor)


TickSet = tuple[list[float], list[str], list[float]]
"""Values, their labels, and the values of minor ticks."""


def fit_ticks(
    axis: Axis, candidates: Iterable[TickSet], measure_px: Callable[[str], float], gap_px: float, *, minor: bool
) -> tuple[Tick, ...]:
    """Take the first set of ticks whose labels keep a gap between one another, in rising order of position."""
    for values, labels, small in candidates:
        positions = [float(position) for position in axis.position_px(values)]
        if _apart(positions, [measure_px(label) + gap_px for label in labels]):
            ticks = [Tick(*parts) for parts in zip(values, positions, labels, strict=True)]
            if minor:
                ticks += _minor_ticks(axis, small, positions)
            return tuple(sorted(ticks, key=lambda tick: tick.position_px))
    return ()


def _apart(positions: Sequence[float], rooms: Sequence[float]) -> bool:
    return all(
        positions[after] - positions[after - 1] >= (rooms[after] + rooms[after - 1]) / 2
        for after in range(1, len(positions))
    )


def _minor_ticks(axis: Axis, values: Sequence[float], taken_px: Sequence[float]) -> list[Tick]:
    if not values or not taken_px:
        return []
    positions, taken = axis.position_px(values), np.sort(taken_px)
    if np.any(np.diff(positions) < _MINOR_GAP_PX):
        return []
    after = np.searchsorted(taken, positions).clip(1, None)
    nearest = np.minimum(
        np.abs(positions - taken[after - 1]), np.abs(positions - taken[np.minimum(after, taken.size - 1)])
    )
    free = np.flatnonzero(nearest > _SAME_PLACE_PX).tolist()
    return [Tick(values[number], float(positions[number]), "") for number in free]


def _candidates(axis: Axis, style: NumberStyle, unit: float, most: float, least_step: float) -> Iterator[TickSet]:
    """Candidate sets of ticks (values, labels, minor values), the densest first, the last a single number."""
    if axis.scale == "linear":
        yield from _linear_candidates(axis, style, unit, most, least_step)
        return
    log = _log_candidates(axis, style, unit)
    # Within less than half a decade a logarithm is nearly straight, and steps of one size mark it better.
    near = axis.first > 0 and axis.last < _NEARLY_STRAIGHT * axis.first
    if not near:
        yield from log
    yield from (each for each in _linear_candidates(axis, style, unit, most, least_step) if len(each[0]) > 1)
    yield from log


def _linear_candidates(
    axis: Axis, style: NumberStyle, unit: float, most: float, least_step: float
) -> Iterator[TickSet]:
    """Multiples of 1, 2 and 5 times the powers of ten."""
    first, last = axis.first / unit, axis.last / unit
    span = last - first
    exponent = math.floor(math.log10(span / max(most, 1.0))) - 1
    while 10.0**exponent <= 10 * max(abs(first), abs(last), span):
        for mantissa in _MANTISSAS:
            step = mantissa * 10.0**exponent
            if step < least_step or span / step > min(_MOST_TICKS, 2 * most + 2):
                continue
            values = _multiples(first, last, step)
            small_step = step / (4 if mantissa == 2 else 5)  # noqa: PLR2004  # quarters of 2
            small = _multiples(first, last, small_step) if small_step >= least_step else []
            if values:
                yield [v * unit for v in values], [style.write(v, step) for v in values], [v * unit for v in small]
        exponent += 1


def _multiples(first: float, last: float, step: float) -> list[float]:
    begin, end = math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9)
    if end - begin > 10 * _MOST_TICKS:
        return []
    # Whole numbers divided keep their digits: 3 * 0.1 is 0.30000000000000004, 3 / 10 is 0.3.
    if step < 1:
        return [number / (1 / step) if _is_whole(1 / step) else number * step for number in range(begin, end + 1)]
    return [number * step for number in range(begin, end + 1)]


def _log_candidates(axis: Axis, style: NumberStyle, unit: float) -> Iterator[TickSet]:
    """Ticks of a logarithmic axis: 1 to 9, then 1 2 5, then each, every second, every third... power of ten."""
    first, last = axis.first / unit, axis.last / unit
    zero = axis.scale == "log1p" and first <= 0
    positive = axis.value_at_px([0.5, 1.5])[1] / unit if zero else first
    low, high = math.floor(math.log10(max(positive, 1e-300))), math.floor(math.log10(last) + 1e-9)
    if zero:
        low = max(low, 0)  # iterations are whole: between 0 and 1 there is nothing to mark
    everything = [m * 10.0**e for e in range(low, high + 1) for m in range(1, 10)]
    inside = [v for v in everything if first <= v * (1 + 1e-12) and v <= last * (1 + 1e-12)]
    small = [v * unit for v in inside]
    chosen = [
        [v for v in inside if round(v / 10.0 ** math.floor(math.log10(v) + 1e-9)) in mantissas]
        for mantissas in (range(1, 10), _MANTISSAS, (1, 3), (1,))
    ]
    chosen += [
        [10.0**e for e in range(low, high + 1) if e % every == 0 and first <= 10.0**e <= last]
        for every in range(2, max(high - low, 0) + 1)
    ]
    for values in chosen:
        # Beside 0 the first numbers of the scale stand close: it may have to do without them.
        for marked in [[0.0, *values], [0.0, *values[1:]]] if zero else [values]:
            if len(marked) > zero:
                yield [v * unit for v in marked], [style.write(v, v) for v in marked], small
