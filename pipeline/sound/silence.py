"""Where a sound is silent, and what is left when long silences are shortened.

Owns what silence is: windows of 10 ms whose level stays below a threshold. It knows no files.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
WINDOW_S: Final = 0.01


def window_samples(sample_rate_hz: int) -> int:
    """How many samples a window has."""
    return max(1, round(WINDOW_S * sample_rate_hz))


def window_levels(samples: Floats, sample_rate_hz: int) -> Floats:
    """Root mean square of each window, the last one maybe shorter; shape = (ceil(samples / window),)."""
    size = window_samples(sample_rate_hz)
    starts = np.arange(0, len(samples), size)
    if not len(starts):
        return np.zeros(0, np.float32)
    energy = np.add.reduceat(np.square(samples, dtype=np.float64), starts)
    counts = np.diff(np.append(starts, len(samples)))
    return np.sqrt(energy / counts).astype(np.float32)


def shortened(silent: npt.NDArray[np.bool_], longest_windows: int) -> npt.NDArray[np.bool_]:
    """Tell which windows stay when every run of silent windows is cut down to `longest_windows`.

    The middle of a run goes, so that a sound's own beginning and fading away stay. A run at the very beginning or end
    keeps only its part beside the sound.

    Parameters
    ----------
    silent
        Whether each window is silent, shape = (windows,).
    longest_windows
        At least 1.
    """
    keep = np.ones(len(silent), dtype=bool)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], silent, [False])).astype(np.int8)))
    for start, end in edges.reshape(-1, 2):
        if end - start <= longest_windows:
            continue
        before = 0 if start == 0 else longest_windows - longest_windows // 2
        after = 0 if end == len(silent) else longest_windows // 2
        keep[start + before : end - after] = False
    return keep


def quietest_near(levels: Floats, target: int, reach: int) -> int:
    """The boundary between windows, near `target`, around which it is quietest; at most `reach` windows away."""
    low, high = max(1, target - reach), min(len(levels) - 1, target + reach)
    if low >= high:
        return target
    boundaries = np.arange(low, high + 1)
    loudness = levels[boundaries - 1] + levels[boundaries]
    best = boundaries[loudness <= loudness.min()]
    return int(best[np.argmin(np.abs(best - target))])
