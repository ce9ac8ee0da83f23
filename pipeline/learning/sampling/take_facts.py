"""What is measured on a take: how much of it is silent or clipped, whether it is noise, what it has copied.

A network that has learned its corpus by heart repeats it byte for byte. So the longest run of bytes that stands in the
corpus too is measured: exactly, for every run of at least 63 bytes that is not silence.

This module is pure: arrays in, numbers out. It needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from pipeline.audio.features import AudioFeatures, is_noise
from pipeline.audio.levels import Bytes, Floats, clipped_share, silence_share
from pipeline.learning.sampling.take import TakeFacts

Keys = npt.NDArray[np.uint64]

BLOCK: Final = 32
"""Bytes. The corpus is known by its blocks of this length: any run of 2 * BLOCK - 1 bytes holds a whole one."""
_QUIET_RANGE: Final = 0.03
"""A block whose samples lie within this share of full scale is silence, which is no copy of anything."""
_AT_ONCE: Final = 1 << 16
_SAME_KEY_AT_MOST: Final = 16
_STEP: Final = 4096


def examine(
    codes: Bytes,
    corpus: Bytes,
    code_values: Floats,
    sample_rate_hz: int,
    *,
    own: AudioFeatures,
    recording: AudioFeatures,
) -> TakeFacts:
    """Measure a take.

    Parameters
    ----------
    codes, corpus
        Bytes, shape = (samples,); may be mapped from files of any length.
    code_values
        What each byte sounds like, float32, shape = (256,), full scale = 1.
    own, recording
        What take and recording are like on the whole.
    """
    copied, start, at = longest_copy(codes, corpus, code_values)
    return TakeFacts(
        silence_share=round(silence_share(codes, code_values, sample_rate_hz, recording.level_db), 4),
        clipped_share=round(clipped_share(codes, code_values), 6),
        noise=is_noise(own, recording),
        copied_samples=copied,
        copied_from_sample=start,
        copied_at_sample=at,
    )


def longest_copy(codes: Bytes, corpus: Bytes, code_values: Floats) -> tuple[int, int, int]:
    """Find the longest run of bytes that take and corpus share, silence apart.

    Returns
    -------
    tuple[int, int, int]
        Its length, 0 where none has 2 * BLOCK - 1 bytes, and where it begins in the corpus and in the take.
    """
    keys, starts = _known_blocks(corpus, code_values)
    longest, place, there, covered = 0, 0, 0, 0
    for at, key in _shared_windows(codes, keys):
        if at < covered:
            continue
        first = int(np.searchsorted(keys, key))
        last = min(int(np.searchsorted(keys, key, side="right")), first + _SAME_KEY_AT_MOST)
        for start in starts[first:last].tolist():
            before, after = _extent(codes, corpus, at, start)
            covered = max(covered, at + after - BLOCK + 1)
            if before + after > longest and before + after >= 2 * BLOCK - 1:
                longest, place, there = before + after, start - before, at - before
    return longest, place, there


_FACTORS: Final = np.cumprod(np.full(BLOCK, 0x9E3779B97F4A7C15, np.uint64), dtype=np.uint64)


def _keys(windows: Bytes) -> Keys:
    return np.asarray((windows.astype(np.uint64) + np.uint64(1)) @ _FACTORS, np.uint64)


def _known_blocks(corpus: Bytes, code_values: Floats) -> tuple[Keys, npt.NDArray[np.int64]]:
    """Hash the corpus's blocks that are not silence, in ascending order, and say where each begins."""
    whole = len(corpus) // BLOCK
    keys, starts = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for first in range(0, whole, _AT_ONCE):
        blocks = np.asarray(corpus[first * BLOCK : min(first + _AT_ONCE, whole) * BLOCK]).reshape(-1, BLOCK)
        audible = np.ptp(code_values[blocks], axis=1) > _QUIET_RANGE
        keys.append(_keys(blocks[audible]))
        starts.append((first + np.flatnonzero(audible)) * BLOCK)
    together, places = np.concatenate(keys), np.concatenate(starts)
    order = np.argsort(together, kind="stable")
    return together[order], places[order]


def _shared_windows(codes: Bytes, keys: Keys) -> Iterator[tuple[int, np.uint64]]:
    """Yield where the take has a window whose hash the corpus has too, in the take's order."""
    if not len(keys):
        return
    for first in range(0, max(0, len(codes) - BLOCK + 1), _AT_ONCE):
        windows = sliding_window_view(np.asarray(codes[first : first + _AT_ONCE + BLOCK - 1]), BLOCK)
        found = _keys(windows)
        place = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
        for at in np.flatnonzero(keys[place] == found).tolist():
            yield first + at, found[at]


def _extent(codes: Bytes, corpus: Bytes, at: int, start: int) -> tuple[int, int]:
    """Count equal bytes before and from a place in the take and one in the corpus."""
    after = _equal(lambda done: (codes[at + done :][:_STEP], corpus[start + done :][:_STEP]))
    before = _equal(
        lambda done: (
            codes[max(0, at - done - _STEP) : at - done][::-1],
            corpus[max(0, start - done - _STEP) : start - done][::-1],
        )
    )
    return before, after


def _equal(pair: Callable[[int], tuple[Bytes, Bytes]]) -> int:
    done = 0
    while True:
        one, other = pair(done)
        length = min(len(one), len(other))
        differing = np.flatnonzero(one[:length] != other[:length])
        if len(differing):
            return done + int(differing[0])
        done += length
        if length < _STEP:
            return done
