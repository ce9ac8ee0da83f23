"""Colours by number: pictures that hold one small number a pixel instead of a colour.

This module owns which number is which colour, and what a number becomes when ink is laid over it. It does not know
what is drawn. A picture of numbers is a quarter as large as one of colours, and painting it is looking up numbers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint8 | np.uint16]
Colour = tuple[float, float, float, float]
"""Red, green, blue (sRGB) and opacity, from 0 to 1."""

LEVELS: Final = 16  # how finely the coverage of a pixel is kept
_SMALL: Final = 256
_LARGE: Final = 65_536


def over(ground: Colour, ink: Colour, coverage: float = 1.0) -> Colour:
    """Lay ink over a ground (Porter and Duff's "over", in sRGB as all browsers do)."""
    strength = ink[3] * coverage
    opacity = strength + ground[3] * (1 - strength)
    if opacity <= 0:
        return (0.0, 0.0, 0.0, 0.0)
    red, green, blue = (
        (top * strength + below * ground[3] * (1 - strength)) / opacity
        for top, below in zip(ink[:3], ground[:3], strict=True)
    )
    return (red, green, blue, opacity)


def parse_colour(text: str) -> Colour:
    """Read `#rgb`, `#rrggbb` or `#rrggbbaa`.

    Raises
    ------
    ValueError
        It is something else.
    """
    digits = text.removeprefix("#")
    if len(digits) == 3:  # noqa: PLR2004  # one digit a channel
        digits = "".join(digit * 2 for digit in digits)
    if not text.startswith("#") or len(digits) not in {6, 8} or not all(d in "0123456789abcdefABCDEF" for d in digits):
        raise ValueError(f"'{text}' is no colour such as #62a8f5")
    red, green, blue, opacity = (int((digits + "ff")[at : at + 2], 16) / 255 for at in (0, 2, 4, 6))
    return (red, green, blue, opacity)


class Palette:
    """The colours of a picture.

    A new one collects; once `close`d to 256 colours, a colour that is not there becomes the nearest that is. So the
    numbers, and the file made of them, do not depend on the order in which parts of a picture are painted.
    """

    def __init__(self) -> None:
        self.colours: list[Colour] = []
        self._number: dict[tuple[int, int, int, int], int] = {}
        self._closed: NDArray[np.float64] | None = None
        self._lock = threading.Lock()

    @property
    def dtype(self) -> type[np.uint8 | np.uint16]:
        """The type of a picture's numbers."""
        return np.uint8 if self._closed is not None else np.uint16

    def add_block(self, colours: Sequence[Colour]) -> int:
        """Add colours under numbers in a row, even ones that are there already, and return the first number."""
        first = len(self.colours)
        for number, colour in enumerate(colours, first):
            key = _bytes(colour)
            self.colours.append((key[0] / 255, key[1] / 255, key[2] / 255, key[3] / 255))
            self._number.setdefault(key, number)
        return first

    def add(self, colour: Colour) -> int:
        """Find a colour's number; a colour that is new gets one. Threads may do so at once."""
        key = _bytes(colour)
        with self._lock:
            number = self._number.get(key)
            if number is None:
                number = self._nearest(colour) if self._is_full() else self.add_block([colour])
                self._number[key] = number
        return number

    def close(self) -> None:
        """Take no more colours; they are few enough for one byte a pixel.

        Raises
        ------
        ValueError
            They are not.
        """
        if len(self.colours) > _SMALL:
            raise ValueError(f"{len(self.colours)} colours don't fit into a byte")
        self._closed = np.array(self.colours)

    def _is_full(self) -> bool:
        return self._closed is not None or len(self.colours) >= _LARGE

    def _nearest(self, colour: Colour) -> int:
        known = self._closed if self._closed is not None else np.array(self.colours)
        return int(np.argmin(((known - np.array(colour)) ** 2).sum(axis=1)))

    def as_bytes(self) -> NDArray[np.uint8]:
        """All colours as bytes, shape (colours, 4): red, green, blue, opacity."""
        return np.array([_bytes(colour) for colour in self.colours], dtype=np.uint8)


def _bytes(colour: Colour) -> tuple[int, int, int, int]:
    red, green, blue, opacity = (round(channel * 255) for channel in colour)
    return (red, green, blue, opacity)


class BlendTable:
    """Lays one ink over a picture of numbers. Threads may paint different pictures with it at once."""

    def __init__(self, palette: Palette, colour: Colour, levels: int = LEVELS) -> None:
        self._palette = palette
        self._colour = colour
        self.levels = levels
        self._table: NDArray[np.int32] | None = None
        self._lock = threading.Lock()

    def prepare(self, grounds: Iterable[int]) -> None:
        """Give every level of this ink over each of the grounds a number of its own."""
        for ground in grounds:
            for level in range(1, self.levels + 1):
                self._palette.add(over(self._palette.colours[ground], self._colour, level / self.levels))

    def paint(self, picture: Numbers, places: NDArray[np.int64], levels: NDArray[np.int64]) -> None:
        """Lay ink over places of a picture.

        Parameters
        ----------
        picture
            Contiguous, any shape; it is changed.
        places
            Indices into the flat picture, shape (places,), no two alike.
        levels
            How much ink, from 1 to `levels`, shape (places,).
        """
        flat = picture.reshape(-1)
        grounds = flat[places]
        table = self._numbers()
        result = table[grounds, levels]
        is_new = result < 0
        if is_new.any():
            pairs = np.unique(np.stack([grounds[is_new], levels[is_new]], axis=1), axis=0)
            for ground, level in pairs.tolist():
                mixed = over(self._palette.colours[ground], self._colour, level / self.levels)
                table[ground, level] = self._palette.add(mixed)
            result = table[grounds, levels]
        flat[places] = result

    def _numbers(self) -> NDArray[np.int32]:
        """What each number becomes at each level, -1 where nobody has asked yet."""
        with self._lock:
            if self._table is None:
                grounds = _SMALL if self._palette.dtype is np.uint8 else _LARGE
                self._table = np.full((grounds, self.levels + 1), -1, dtype=np.int32)
            return self._table
