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


def window_lengths(samples: int, sample_rate_hz: int) -> npt.NDArray[np.int64]:
    """How many samples each window of a sound has: all alike, but for the last one, which may be shorter."""
    size = window_samples(sample_rate_hz)
    return np.minimum(size, samples - np.arange(0, samples, size))


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


def quietest_near(levels: Floats, lengths: npt.NDArray[np.int64], target_samples: int, reach: int) -> int:
    """The boundary between windows, near a sample, around which it is quietest.

    Parameters
    ----------
    levels, lengths
        Root mean square of each window, and how many samples it has, shape = (windows,).
    target_samples
        Where the boundary is wanted.
    reach
        How many windows away from it the boundary may lie at most.

    Returns
    -------
    int
        In samples from the beginning of the first window.
    """
    edges = np.concatenate(([0], np.cumsum(lengths)))
    target = int(np.argmin(np.abs(edges - target_samples)))
    low, high = max(1, target - reach), min(len(levels) - 1, target + reach)
    if low >= high:
        return int(edges[target])
    boundaries = np.arange(low, high + 1)
    weighted = levels.astype(np.float64) * lengths
    loudness = (weighted[boundaries - 1] + weighted[boundaries]) / (lengths[boundaries - 1] + lengths[boundaries])
    best = boundaries[loudness <= loudness.min()]
    return int(edges[best[np.argmin(np.abs(edges[best] - target_samples))]])
