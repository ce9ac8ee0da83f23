"""How loud a sound is: integrated loudness and true peak.

Owns the measuring of ITU-R BS.1770-5 (K-weighting, gating, four times oversampled peak), block by block. It changes
nothing, and it does not know what it measures.

A sound of one channel counts once, as the standard has it. Played from both sides it is 3.01 LU louder: a film whose
two channels are the same must be measured as two channels, or with `copies=2`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.sound.signal.true_peak import MARGIN, REACH, peaks_from

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_OFFSET_LUFS: Final = -0.691
_ABSOLUTE_GATE_LUFS: Final = -70.0
_RELATIVE_GATE_LU: Final = -10.0
_HOPS_PER_S: Final = 10
_HOPS_PER_BLOCK: Final = 4  # blocks of 400 ms that overlap by three quarters
_LOOK_SAMPLES: Final = 256
_MANY: Final = 0.4
"""Where more than this share of a block must be looked at, all of it is looked at at once."""
_SURROUND: Final = {6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)}


@dataclass(frozen=True)
class Loudness:
    """Integrated loudness and true peak; minus infinity for silence."""

    integrated_lufs: float
    true_peak_dbtp: float


class LoudnessMeter:
    """Measures a stream.

    Parameters
    ----------
    sample_rate_hz
        At least 4000.
    channels
        1 for blocks of shape (n,), more for blocks of shape (n, channels). Six are taken for 5.1.
    copies
        How many speakers play each channel: 2 for a mono sound that will be heard from both sides.
    """

    def __init__(self, sample_rate_hz: int, channels: int = 1, *, copies: int = 1) -> None:
        self._channels = channels
        self._weights = np.array(_SURROUND.get(channels, (1.0,) * channels)) * copies
        self._filter = _k_weighting(sample_rate_hz)
        self._state = np.zeros((len(self._filter), 2, channels))
        self._hop = round(sample_rate_hz / _HOPS_PER_S)
        self._hops: list[float] = []  # energy of each hop that is complete
        self._energy = 0.0  # of the hop that is not
        self._in_hop = 0
        self._tail = np.zeros((2 * MARGIN, channels))
        self._peak = 0.0

    def add(self, block: npt.NDArray[np.floating]) -> None:
        """Measure a block of any length."""
        if not len(block):
            return
        from scipy import signal  # noqa: PLC0415 - takes a second to load, and most commands hear nothing

        samples = np.asarray(block, dtype=np.float64).reshape(len(block), self._channels)
        self._peak = max(self._peak, self._oversampled_peak(samples))
        weighted, self._state = signal.sosfilt(self._filter, samples, axis=0, zi=self._state)
        self._collect(np.square(weighted) @ self._weights)

    def result(self) -> Loudness:
        """What was measured so far."""
        peak = max(self._peak, self._flushed_peak())
        return Loudness(self._integrated_lufs(), 20 * float(np.log10(peak)) if peak > 0 else -np.inf)

    def _collect(self, energies: Doubles) -> None:
        """Sum the energies into hops of 100 ms."""
        first = min(len(energies), self._hop - self._in_hop)
        self._energy += float(energies[:first].sum())
        self._in_hop += first
        if self._in_hop < self._hop:
            return
        rest = energies[first:]
        whole = len(rest) // self._hop
        self._hops.append(self._energy)
        self._hops.extend(rest[: whole * self._hop].reshape(whole, self._hop).sum(axis=1).tolist())
        self._energy = float(rest[whole * self._hop :].sum())
        self._in_hop = len(rest) - whole * self._hop

    def _integrated_lufs(self) -> float:
        if len(self._hops) < _HOPS_PER_BLOCK:  # too short for the standard's gating: the plain mean
            samples = len(self._hops) * self._hop + self._in_hop
            return _lufs((sum(self._hops) + self._energy) / samples) if samples else -np.inf
        blocks = np.convolve(self._hops, np.ones(_HOPS_PER_BLOCK), "valid") / (_HOPS_PER_BLOCK * self._hop)
        heard = blocks[blocks > _energy(_ABSOLUTE_GATE_LUFS)]
        if not len(heard):
            return -np.inf
        gate_lufs = _lufs(float(heard.mean())) + _RELATIVE_GATE_LU
        return _lufs(float(heard[heard > _energy(gate_lufs)].mean()))

    def _oversampled_peak(self, samples: Doubles) -> float:
        stretch = np.concatenate((self._tail, samples))
        self._tail = stretch[-2 * MARGIN :]
        return self._highest(stretch)

    def _flushed_peak(self) -> float:
        return self._highest(np.concatenate((self._tail, np.zeros_like(self._tail))))

    def _highest(self, stretch: Doubles) -> float:
        """Look between samples only where it could matter: nothing there exceeds `REACH` times its neighbours."""
        levels = np.abs(stretch).max(axis=1)
        peak = max(self._peak, float(levels.max()))
        starts = np.arange(0, len(stretch), _LOOK_SAMPLES)
        loudest = np.maximum.reduceat(levels, starts)
        if np.mean(loudest * REACH > peak) > _MANY:
            return max(peak, float(peaks_from(stretch).max(initial=0.0)))
        for part in np.argsort(-loudest, kind="stable").tolist():
            if loudest[part] * REACH <= peak:
                break
            first, last = starts[part] - 2 * MARGIN, starts[part] + _LOOK_SAMPLES + 2 * MARGIN
            peak = max(peak, float(peaks_from(stretch[max(0, first) : last]).max(initial=0.0)))
        return peak


def measure(samples: npt.NDArray[np.floating], sample_rate_hz: int, *, copies: int = 1) -> Loudness:
    """Measure a whole sound, shape (n,) or (n, channels)."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    return measure_blocks([samples], sample_rate_hz, channels, copies=copies)


def measure_blocks(
    blocks: Iterable[npt.NDArray[np.floating]], sample_rate_hz: int, channels: int, *, copies: int = 1
) -> Loudness:
    """Measure a stream of blocks, each of shape (n,) for one channel or (n, channels)."""
    meter = LoudnessMeter(sample_rate_hz, channels, copies=copies)
    for block in blocks:
        meter.add(block)
    return meter.result()


def _lufs(energy: float) -> float:
    return _OFFSET_LUFS + 10 * float(np.log10(energy)) if energy > 0 else -np.inf


def _energy(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LUFS) / 10))


def _k_weighting(sample_rate_hz: int) -> Doubles:
    """The two filters of BS.1770 as second-order sections, for any rate.

    The standard prints coefficients for 48 kHz only. These parameters of the analogue filters behind them give the
    same coefficients there (as found by the authors of libebur128), and the right filters at other rates.
    """
    k = np.tan(np.pi * 1681.974450955533 / sample_rate_hz)
    q, gain = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    shelf_gain = gain**0.4996667741545416
    shelf = [gain + shelf_gain * k / q + k * k, 2 * (k * k - gain), gain - shelf_gain * k / q + k * k]
    shelf += [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k]
    k = np.tan(np.pi * 38.13547087602444 / sample_rate_hz)
    q = 0.5003270373238773
    norm = 1 + k / q + k * k
    high_pass = [norm, -2 * norm, norm, norm, 2 * (k * k - 1), 1 - k / q + k * k]  # its numerator is 1, -2, 1
    sections = np.array([shelf, high_pass])
    normalised: Doubles = sections / sections[:, 3:4]
    return normalised
