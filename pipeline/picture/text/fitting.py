"""Fitting a text into a rectangle: into how many lines, in how large a type, and what is left out at the worst.

A word wider than the rectangle is shrunk a little before it is parted. This module does not know fonts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Protocol

from pipeline.picture.text.linebreak import cut_short, units
from pipeline.picture.text.style import SMALLEST_PX, TextStyle

_SHRINK: Final = 0.95
_WHOLE_WORDS: Final = 0.72
"""Down to this share of its size a type shrinks so that no word has to be parted."""
ROUNDING: Final = 1.004
"""Small sizes come out up to this much wider than scaled ones: advances are whole 64ths of a pixel."""
_HAIR_PX: Final = 0.01
"""Sums of heights differ in their last digits."""


@dataclass(frozen=True)
class FittedText:
    """A text broken into lines, and the style that makes them fit."""

    lines: tuple[str, ...]
    style: TextStyle
    width_px: float
    """Of the widest line."""
    ascent_px: float
    descent_px: float
    right_to_left: bool = False
    """Whether the text reads from right to left, as its first letter with a direction tells."""
    is_cut: bool = False
    """Whether its end was left out, since there was no room for it."""

    @property
    def height_px(self) -> float:
        """From the top of the first line to the bottom of the last."""
        leading = self.style.leading_em * self.style.size_px
        return self.ascent_px + self.descent_px + leading * (len(self.lines) - 1)

    @property
    def baselines_px(self) -> tuple[float, ...]:
        """Each line's baseline below the top of the block."""
        leading = self.style.leading_em * self.style.size_px
        return tuple(self.ascent_px + leading * index for index in range(len(self.lines)))


class Setter(Protocol):
    """What sets text: a `Typesetter`."""

    def measure(self, text: str, style: TextStyle) -> float:
        """How far the pen moves for a text, px."""

    def set_lines(self, text: str, style: TextStyle, width_px: float, *, balance: bool) -> FittedText:
        """Break a text into lines of one style."""


@dataclass(frozen=True)
class Fitting:
    """One text that is to fit a room (width, height) in at most so many lines."""

    setter: Setter
    text: str
    room: tuple[float, float]
    lines: int

    def fit(self, style: TextStyle, smallest_px: float, *, balance: bool) -> FittedText:
        """Find the largest type that fits; see `Typesetter.fit`."""
        is_floored = smallest_px > SMALLEST_PX
        smallest = min(max(smallest_px, SMALLEST_PX), style.size_px)
        style = self._for_whole_words(style, smallest)
        for lines in (self.lines, math.inf) if is_floored else (self.lines,):
            factor = self._largest(style, smallest, lines)
            if factor is not None:
                return self.setter.set_lines(self.text, style.scaled(factor), self._width, balance=balance)
        style = style.scaled(smallest / style.size_px)
        small = self.setter.set_lines(self.text, style, self._width, balance=False)
        return self._cut(small) if is_floored else small

    def _for_whole_words(self, style: TextStyle, smallest_px: float) -> TextStyle:
        """The style, smaller by as much as the widest word needs, unless that is too much."""
        widest = max((self.setter.measure(unit.rstrip(), style) for unit in units(self.text)), default=0.0)
        factor = min(1.0, self.room[0] / max(widest, SMALLEST_PX))
        steps = math.ceil(math.log(factor) / math.log(_SHRINK) - _HAIR_PX)
        small = style.scaled(_SHRINK**steps)
        return small if factor >= _WHOLE_WORDS and small.size_px >= smallest_px else style

    def _largest(self, style: TextStyle, smallest_px: float, lines: float) -> float | None:
        """By how much a style shrinks at the least so that the text fits; None where it doesn't at its smallest."""
        least = smallest_px / style.size_px
        most = math.ceil(math.log(least) / math.log(_SHRINK))

        def fits_at(steps: int) -> bool:
            factor = max(_SHRINK**steps, least)
            return self._fits(self.setter.set_lines(self.text, style.scaled(factor), self._width, balance=False), lines)

        if not fits_at(most):
            return None
        fits, fails = most, -1
        while fits - fails > 1:
            middle = (fits + fails) // 2 if fails >= 0 else 0
            fits, fails = (middle, fails) if fits_at(middle) else (fits, middle)
        return max(_SHRINK**fits, least)

    @property
    def _width(self) -> float:
        return max(self.room[0], SMALLEST_PX)

    def _fits(self, fitted: FittedText, lines: float) -> bool:
        return (
            len(fitted.lines) <= lines
            and fitted.width_px <= self._width + _HAIR_PX
            and fitted.height_px <= max(self.room[1], SMALLEST_PX) + _HAIR_PX
        )

    def _cut(self, whole: FittedText) -> FittedText:
        """As many lines as there is room for, the last one with an ellipsis."""
        leading = whole.style.leading_em * whole.style.size_px
        room = self.room[1] - whole.ascent_px - whole.descent_px
        count = max(1, 1 + int((room + _HAIR_PX) / leading))
        if len(whole.lines) <= count:
            return whole
        kept = cut_short(
            whole.lines[:count], lambda line: self.setter.measure(line, whole.style) * ROUNDING, self._width
        )
        return replace(whole, lines=tuple(kept), is_cut=True)
