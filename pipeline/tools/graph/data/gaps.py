"""Where a log itself leaves a gap in a series, which no line may cross.

This module owns telling a gap from rows that belong to other series. It does not know pixels.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.tables.numbers import is_missing

Floats = NDArray[np.float64]

_FEWEST_ROWS: Final = 3  # that lack a value in a row
_LONGER_THAN_USUAL: Final = 5.0


def find_gaps(x: Floats, y: Floats, usable: NDArray[np.bool_]) -> Floats | None:
    """Find values of x at which a series is interrupted.

    A row that says NaN or infinity interrupts it, as long as no other row has a value at the same x (loggers write one
    row a metric). Where a value is just missing, three rows or more must lack it, over a stretch of x much longer than
    the usual one.

    Parameters
    ----------
    x, y
        Shape (rows,).
    usable
        Which rows have both.
    """
    if 2 * np.count_nonzero(usable) < usable.size:  # rows without a value are usual
        return None
    not_finite = ~np.isfinite(y) & ~is_missing(y) & np.isfinite(x)
    gaps = x[not_finite]
    if gaps.size:
        gaps = gaps[~np.isin(gaps, x[usable])]
    rows = np.flatnonzero(usable)
    skipped = np.diff(rows) > _FEWEST_ROWS
    if skipped.any():
        there = x[rows]
        steps = np.diff(there)
        usual = float(np.percentile(np.abs(steps), 95))
        long = np.flatnonzero(skipped & (steps > _LONGER_THAN_USUAL * usual))
        gaps = np.concatenate([gaps, (there[long] + there[long + 1]) / 2])
    return np.sort(gaps) if gaps.size else None
