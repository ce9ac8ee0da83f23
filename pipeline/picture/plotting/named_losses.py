"""Losses by their names in a log, and short names for a legend. It loads no library that computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_DIVIDERS: Final = "/._:- "


@dataclass(frozen=True, eq=False)
class NamedLosses:
    """A loss by its name in a log: shapes (n,), iterations ascending; NaN is a gap."""

    name: str
    iterations: NDArray[np.int64]
    losses: NDArray[np.floating]


def short_curve_names(names: Sequence[str]) -> list[str]:
    """Names without the words that all of them begin with: `loss/g/total` and `loss/mel` are g/total and mel."""
    if len(names) < 2:  # noqa: PLR2004  # nothing to have in common
        return [name.rpartition("/")[2] or name for name in names]
    least, most = min(names), max(names)
    same = next((at for at, letter in enumerate(least) if letter != most[at : at + 1]), len(least))
    begin = max(least.rfind(divider, 0, same) for divider in _DIVIDERS) + 1
    return [name[begin:] or name for name in names]
