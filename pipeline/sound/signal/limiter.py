"""A look-ahead limiter: no true peak of what comes out lies above a ceiling.

Owns the gain over time, one for all channels. Peaks are found four times oversampled, in hops of a third of a
millisecond; how far each must be lowered is known before it comes, so that the gain glides there (attack) and
back (release) and no waveform is bent:

- attack: from 5 ms before a peak, along a raised cosine;
- hold: 15 ms, so that the gain doesn't follow the single periods of a tone or a voice from 67 Hz on;
- release: exponential in decibels, with a time constant of 40 ms after a single peak; of what was lowered on average
  over the last 100 ms, with one of 400 ms ("automatic release"), so that dense passages are not pumped.

Where nothing is above the ceiling the samples come out bit by bit as they went in. It knows no loudness, and sets no
bound to its own work: who gives it samples bounds their peak.

Source: D. Giannoulis, M. Massberg, J. D. Reiss, "Digital Dynamic Range Compressor Design", JAES 60(6), 2012 (feed
forward, level detection in decibels); peaks after ITU-R BS.1770-4, Annex 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from pipeline.sound.signal.true_peak import MARGIN, REACH, peaks_from

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_HOP: Final = 16
_ATTACK_S: Final = 0.005
_HOLD_S: Final = 0.015
_RELEASE_S: Final = 0.04
_SLOW_RELEASE_S: Final = 0.4
_DENSITY_S: Final = 0.1
"""The time over which it is averaged how much was lowered."""
_LEAST_DB: Final = 0.005
"""A release ends here: it would never end by itself."""
_SLACK_DB: Final = 0.02
"""The gain moves while the interpolating filter passes over it: what that may add between samples."""
_CHUNK_HOPS: Final = 512
_CHUNK: Final = _CHUNK_HOPS * _HOP
"""Samples are taken in chunks of this length: results never depend on how a stream is cut into blocks."""
_GROUP: Final = 32 * _HOP
"""Samples that are looked at between the samples, or not, together."""
_LATER_HOPS: Final = -(-MARGIN // _HOP)
"""So many hops must have come after one before its peaks are known."""
_BEFORE: Final = _LATER_HOPS * _HOP + 1 + MARGIN


class Limiter:
    """Limits a stream. All that comes out together has the length of what went in, and stands where it stood.

    Parameters
    ----------
    sample_rate_hz
        At least 8000.
    channels
        Blocks have shape (n, channels).
    ceiling_dbtp
        No true peak comes out above it, whatever goes in.
    """

    def __init__(self, sample_rate_hz: int, channels: int, ceiling_dbtp: float) -> None:
        hops_per_s = sample_rate_hz / _HOP
        self._ceiling = 10 ** ((ceiling_dbtp - _SLACK_DB) / 20)
        ahead, hold = max(2, round(_ATTACK_S * hops_per_s)), max(1, round(_HOLD_S * hops_per_s))
        attack = np.hanning(ahead + 3)[1:-1]
        self._attack = attack / attack.sum()
        self._released = _Release(hops_per_s)
        self._needs = np.zeros(hold + ahead)  # of the last hops, in dB
        self._releases = np.zeros(ahead)
        self._edge_db = np.zeros(1)
        # A hop's gain is known when the attack to its end has begun: that much later, and as many hops of silence
        # come out before the beginning.
        self._delayed = np.zeros(((ahead + 1 + _LATER_HOPS) * _HOP, channels), np.float32)
        self._ahead_of_start = len(self._delayed)
        self._waiting = np.zeros((0, channels), np.float32)
        self._owed = 0
        self._reduction_db = 0.0

    @property
    def reduction_db(self) -> float:
        """By how much the highest peak so far was lowered; 0 where nothing was."""
        return self._reduction_db

    def add(self, block: Floats) -> Floats:
        """Take a block of any length; return what is ready, which may be nothing."""
        self._owed += len(block)
        self._waiting = np.concatenate((self._waiting, block))
        whole = len(self._waiting) // _CHUNK * _CHUNK
        chunks, self._waiting = self._waiting[:whole], self._waiting[whole:]
        ready = [self._limited(chunks[at : at + _CHUNK]) for at in range(0, whole, _CHUNK)]
        out = np.concatenate(ready) if ready else chunks
        skipped = min(self._ahead_of_start, len(out))
        self._ahead_of_start -= skipped
        self._owed -= len(out) - skipped
        return out[skipped:]

    def finish(self) -> Floats:
        """Return the rest."""
        owed = self._owed
        silence = len(self._delayed)
        silence += -(len(self._waiting) + silence) % _CHUNK
        return self.add(np.zeros((silence, self._waiting.shape[1]), np.float32))[:owed]

    def _limited(self, chunk: Floats) -> Floats:
        """Limit what came before by the chunk that is new."""
        samples = np.concatenate((self._delayed, chunk))
        self._delayed = samples[_CHUNK:]
        needs = np.concatenate((self._needs, self._needed_db(samples[-_CHUNK - _BEFORE :])))
        self._needs = needs[_CHUNK_HOPS:]
        windows = sliding_window_view(needs, len(self._needs) + 1)
        releases = np.concatenate((self._releases, self._released.add(windows.max(axis=1))))
        self._releases = releases[_CHUNK_HOPS:]
        edges_db = np.concatenate((self._edge_db, np.convolve(releases, self._attack, "valid")))
        self._edge_db = edges_db[-1:]
        self._reduction_db = max(self._reduction_db, float(edges_db.max()))
        return _amplified(samples[:_CHUNK], edges_db)

    def _needed_db(self, stretch: Floats) -> Doubles:
        """How far the peaks of each hop lie above the ceiling, the stretches to both neighbours included.

        The hops end `_LATER_HOPS` before the stretch does: what comes after a sample belongs to the peaks beside it.
        """
        peaks = np.zeros(_CHUNK + 1, np.float32)
        levels = np.abs(stretch).max(axis=1)
        for start, end in _loud_parts(levels, self._ceiling / REACH):
            peaks[start:end] = peaks_from(stretch[start : end + 2 * MARGIN])
        hops = np.maximum(peaks[1:].reshape(_CHUNK_HOPS, _HOP).max(axis=1), peaks[:-1:_HOP])
        return np.asarray(20 * np.log10(np.maximum(hops.astype(np.float64) / self._ceiling, 1.0)))


def _loud_parts(levels: Floats, least: float) -> Iterator[tuple[int, int]]:
    """Where peaks between samples may lie above a level, by the largest samples: groups that follow each other as one.

    Yields
    ------
    tuple[int, int]
        Beginning and end in the stretch without its first margin.
    """
    starts = np.arange(0, _CHUNK + 1, _GROUP)
    loud = [levels[start : start + _GROUP + 2 * MARGIN].max() > least for start in starts.tolist()]
    edges = np.flatnonzero(np.diff([False, *loud, False]))
    for start, end in edges.reshape(-1, 2).tolist():
        yield start * _GROUP, min(end * _GROUP, _CHUNK + 1)


class _Release:
    """How the reduction goes back: never below what is needed, hop after hop."""

    def __init__(self, hops_per_s: float) -> None:
        self._fast, self._slow, self._dense = (
            float(np.exp(-1 / (seconds * hops_per_s))) for seconds in (_RELEASE_S, _SLOW_RELEASE_S, _DENSITY_S)
        )
        self._fast_db = self._slow_db = 0.0
        self._dense_db = np.zeros(1)

    def add(self, needed_db: Doubles) -> Doubles:
        """Take what is needed in the hops of a chunk; return what is to be lowered there."""
        from scipy.signal import lfilter  # noqa: PLC0415 - takes a second to load, and most commands hear nothing

        fast = _falling(needed_db, self._fast, self._fast_db)
        dense, self._dense_db = lfilter([1 - self._dense], [1, -self._dense], fast, zi=self._dense_db)
        slow = _falling(dense, self._slow, self._slow_db)
        self._fast_db, self._slow_db = float(fast[-1]), float(slow[-1])
        return np.maximum(needed_db, np.maximum(fast, slow) - _LEAST_DB)


def _falling(values: Doubles, factor: float, before: float) -> Doubles:
    """Each value, or `factor` times what came out before it where that is more."""
    powers = factor ** np.arange(len(values) + 1)
    return np.asarray(np.maximum.accumulate(np.concatenate(([before], values)) / powers) * powers)[1:]


def _amplified(samples: Floats, edges_db: Doubles) -> Floats:
    """Lower samples by decibels that are given at the edges of hops, and glide between."""
    if not edges_db.any():
        return samples
    edges = 10 ** (-edges_db / 20)
    steps = np.arange(_HOP) / _HOP
    gains = (edges[:-1, None] + np.diff(edges)[:, None] * steps).reshape(-1, 1)
    return (samples * gains).astype(np.float32)
