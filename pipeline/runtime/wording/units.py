"""Units that several rooms share, and times of day and film as people write them. It loads no array library."""

from __future__ import annotations

import math
from typing import Final

NATS_PER_BIT: Final = math.log(2.0)  # 0.693
BITS_PER_NAT: Final = 1 / NATS_PER_BIT  # 1.443


def clock_text(seconds: int, *, hours: bool | None = None) -> str:
    """Write whole seconds, 0 or more: 0:07, 12:30, 3:05:00; `hours` says whether hours stand, by default from 1 on.

    Without hours, minutes go on counting: 75:00.
    """
    minutes, rest = divmod(seconds, 60)
    if minutes >= 60 if hours is None else hours:  # noqa: PLR2004 - minutes an hour
        return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}"
