"""How losses are written: bits per byte as everywhere, those of other programs as short as they stay distinct.

Owns digits and titles. It does not know where they stand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from pipeline.runtime.wording.units import BITS_PER_BYTE, LossUnit

_LARGEST_PLAIN: Final = 1e5
_SMALLEST_PLAIN: Final = 1e-3
_DIGITS: Final = 4
MINUS: Final = "\u2212"


def loss_text(loss: float, unit: LossUnit) -> str:
    """Write a loss as it is shown: three decimals of bits per byte, four digits of anything else.

    `loss` is in the unit that is shown. What is not known is a dash.
    """
    if unit == BITS_PER_BYTE:
        return f"{loss:.3f}"
    if not math.isfinite(loss):
        return "\u2013"
    size = abs(loss)
    sign = MINUS if loss < 0 else ""
    if loss and not _SMALLEST_PLAIN <= size < _LARGEST_PLAIN:
        mantissa, exponent = f"{size:.2e}".split("e")
        return f"{sign}{mantissa}e{int(exponent)}".replace("e-", f"e{MINUS}")
    places = min(_DIGITS - 1, max(0, _DIGITS - 1 - math.floor(math.log10(size)))) if loss else _DIGITS - 1
    return f"{sign}{size:.{places}f}"


def title_for(title: str, unit: LossUnit, names: Iterable[str] = (BITS_PER_BYTE.words,)) -> str:
    """A graph's title for losses in another unit: `training loss, bits per byte` becomes `training loss, dB`.

    Parameters
    ----------
    names
        What bits per byte are called in the title's language, the longest first. A title that has none of them stays.
    """
    if unit == BITS_PER_BYTE:
        return title
    found = next((name for name in names if name and name in title), None)
    return title if found is None else title.replace(found, unit.words).strip(" ,:")
