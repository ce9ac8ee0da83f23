"""Dead air: stretches of a take that are silent for longer than any pause of the recording, and the take without them.

Silence is what `levels` calls so, window by window. This module is pure: bytes in, numbers and bytes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.levels import Bytes, Floats

_WINDOW_S: Final = 0.02
_SHORTEST_S: Final = 0.5
"""Silence below this is a pause, however the recording was trimmed."""
_LEAST_LEFT_S: Final = 1.0
"""So much of a take is kept even where all of it is silent."""
_AT_ONCE: Final = 1 << 14


def longest_pause_s(corpus: Bytes, code_values: Floats, sample_rate_hz: int, limit: float) -> float:
    """The longest silence that a take may have: that of the recording, or half a second where it has none so long.

    Parameters
    ----------
    corpus
        Bytes, shape = (samples,); may be mapped from a file of any length.
    code_values
        What each byte sounds like, float32, shape = (256,), full scale = 1.
    limit
        The power below which a window is silent.
    """
    runs = _silent_runs(_silent(corpus, code_values, sample_rate_hz, limit))
    longest = max((end - start for start, end in runs), default=0)
    return max(_SHORTEST_S, longest * _WINDOW_S)


def stretches_to_keep(
    codes: Bytes, code_values: Floats, sample_rate_hz: int, limit: float, longest_s: float
) -> list[tuple[int, int]]:
    """Where a take is cut: of every longer silence the middle goes, so that sounds die away as they did.

    Parameters
    ----------
    codes, code_values, limit
        As for `longest_pause_s`.
    longest_s
        What is left of every silence that lasts longer.

    Returns
    -------
    list[tuple[int, int]]
        First sample and the one after the last of each stretch that stays, in order; at least a second of the take.
    """
    size, total = _window(sample_rate_hz), len(codes)
    longest = round(longest_s / _WINDOW_S)
    spare = total - min(total, round(_LEAST_LEFT_S * sample_rate_hz))
    kept, at = [], 0
    for start, end in _silent_runs(_silent(codes, code_values, sample_rate_hz, limit)):
        gap = min((end - start - longest) * size, spare)
        if gap <= 0:
            continue
        cut = (start + longest - longest // 2) * size
        kept.append((at, cut))
        at = cut + gap
        spare -= gap
    return [*kept, (at, total)]


def _window(sample_rate_hz: int) -> int:
    return max(1, round(_WINDOW_S * sample_rate_hz))


def _silent(codes: Bytes, code_values: Floats, sample_rate_hz: int, limit: float) -> npt.NDArray[np.bool_]:
    """Whether each whole window is silent; shape = (samples // window,)."""
    size = _window(sample_rate_hz)
    count = len(codes) // size
    found = np.zeros(count, bool)
    for first in range(0, count, _AT_ONCE):
        last = min(first + _AT_ONCE, count)
        found[first:last] = code_values[codes[first * size : last * size]].reshape(-1, size).var(axis=1) < limit
    return found


def _silent_runs(silent: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], silent, [False])).astype(np.int8)))
    yield from ((int(start), int(end)) for start, end in edges.reshape(-1, 2))
