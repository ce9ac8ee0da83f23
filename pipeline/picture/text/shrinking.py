"""Making something smaller and smaller until it fits: the one loop of all panels and cards that have to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

LEGIBLE_SHARE: Final = 0.0195
"""Of the height of a landscape frame: 7 px at 360p, below which letters can't be read."""

Size = TypeVar("Size")
Result = TypeVar("Result")


class Shrunk(NamedTuple, Generic[Size, Result]):
    """The size that was tried last, its result, and whether that fits."""

    size: Size
    result: Result
    fits: bool


def shrink_to_fit(
    size: Size,
    make: Callable[[Size], Result],
    fits: Callable[[Result], bool],
    *,
    smaller: Callable[[Size], Size],
    goes_on: Callable[[Size], bool],
) -> Shrunk[Size, Result]:
    """Make something at ever smaller sizes until it fits.

    Parameters
    ----------
    size
        The largest size, which is tried first.
    make
        Makes it at a size.
    fits
        Whether it fits.
    smaller
        The next smaller size; the same one where there is none.
    goes_on
        Whether a size at which it does not fit has a smaller one that may be tried.
    """
    while True:
        result = make(size)
        if fits(result):
            return Shrunk(size, result, fits=True)
        if not goes_on(size) or (following := smaller(size)) == size:  # no type is smaller than a pixel
            return Shrunk(size, result, fits=False)
        size = following
