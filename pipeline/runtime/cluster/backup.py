"""When a piece is so late that another worker begins it too: a backup task, against workers that are slow or stopped.

Source: J. Dean and S. Ghemawat, "MapReduce: Simplified Data Processing on Large Clusters", 2004, section 3.6.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Final

FEWEST: Final = 3
"""So many pieces of a call must be done before another counts as late."""
LEAST_S: Final = 20.0
"""No piece is late before this time: a worker's first one waits for libraries and compiled functions."""
TIMES: Final = 3.0
"""A piece is late that takes so many times as long, for what there is to do, as the median of those done."""


@dataclass
class Durations:
    """How long the pieces of one call took that are done."""

    _per_amount: list[float] = field(default_factory=list)

    def add(self, amount: float, took_s: float) -> None:
        """Take in how long a piece took; without an amount it says nothing about others."""
        if amount > 0:
            self._per_amount.append(took_s / amount)

    def is_late(self, amount: float, since_s: float) -> bool:
        """Whether a piece that began so many seconds ago is late."""
        if amount <= 0 or len(self._per_amount) < FEWEST:
            return False
        return since_s > max(LEAST_S, TIMES * median(self._per_amount) * amount)
