"""Further curves of a run beside the one that is counted by, so that they can share its axis.

All are in one unit. A curve whose values are of another order of magnitude is drawn times a power of ten, and its name
says so: on one axis with the others, one of them would be a flat line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from pipeline.stages.shared.sections.losses import Floats, SectionCurve

_TIMES, _DIVIDED_BY = "\u00d7", "\u00f7"
_PLAIN_UP_TO: Final = 4
"""Powers of ten that are written out."""
_LOOKED_AT: Final = 100_000


def further_curves(curves: Sequence[SectionCurve]) -> tuple[SectionCurve, ...]:
    """All curves but the first, each times the power of ten that brings it nearest to the first; named so."""
    if not curves:
        return ()
    own = _usual_size(curves[0].values)
    return tuple(_beside(curve, own) for curve in curves[1:])


def _beside(curve: SectionCurve, own: float) -> SectionCurve:
    size = _usual_size(curve.values)
    power = round(np.log10(own / size)) if own and size else 0
    if not power:
        return curve
    with np.errstate(over="ignore"):
        values = curve.values * 10.0**power
    return SectionCurve(f"{curve.name} {_times(power)}", curve.iterations, values)


def _usual_size(values: Floats) -> float:
    """The median size of a curve's values; 0 where it has none."""
    some = np.abs(np.asarray(values[:: max(1, values.size // _LOOKED_AT)], dtype=np.float64))
    some = some[np.isfinite(some)]
    return float(np.median(some)) if some.size else 0.0


def _times(power: int) -> str:
    factor = str(10 ** abs(power)) if abs(power) <= _PLAIN_UP_TO else f"1e{abs(power)}"
    return f"{_TIMES if power > 0 else _DIVIDED_BY} {factor}"
