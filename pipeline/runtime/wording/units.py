"""Units that several rooms share, and times of day and film as people write them. It loads no array library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

NATS_PER_BIT: Final = math.log(2.0)  # 0.693
BITS_PER_NAT: Final = 1 / NATS_PER_BIT  # 1.443
NATS: Final = "nats"


@dataclass(frozen=True)
class LossUnit:
    """How losses are shown.

    Parameters
    ----------
    words
        Such as `bits per byte`; empty where losses have no unit.
    factor
        What a stored loss is multiplied by.
    """

    words: str
    factor: float = 1.0


BITS_PER_BYTE: Final = LossUnit("bits per byte", BITS_PER_NAT)
"""Of networks that learn bytes; their losses are stored in nats per byte."""


def loss_unit(stored: str) -> LossUnit:
    """How losses of another program are shown that are logged in a unit: nats as bits, anything else as it is."""
    return LossUnit("bits", BITS_PER_NAT) if stored == NATS else LossUnit(stored)


def clock_text(seconds: int, *, hours: bool | None = None) -> str:
    """Write whole seconds, 0 or more: 0:07, 12:30, 3:05:00; `hours` says whether hours stand, by default from 1 on.

    Without hours, minutes go on counting: 75:00.
    """
    minutes, rest = divmod(seconds, 60)
    if minutes >= 60 if hours is None else hours:  # noqa: PLR2004 - minutes an hour
        return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}"
