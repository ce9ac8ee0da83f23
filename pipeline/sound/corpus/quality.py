"""How good a recording is for learning: its hiss, hum, room, level and bandwidth.

Owns the measures, taken of what the network is trained on, at a bounded number of moments all over it. It has no words
for them and knows no files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.sound.signal.silence import WINDOW_S

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_MOST_FRAMES: Final = 300
_LEAST_DB: Final = -120.0
_HUM_FRAME_S: Final = 1.0
_MAINS_HZ: Final = (50, 60)
_HARMONICS: Final = 4
_PROMINENCE: Final = 10.0  # of power, above what lies around
_ALONE: Final = 100.0  # so much where one harmonic alone is heard
_STEADY_S: Final = 0.04
_STEADY_SHARE: Final = 0.4  # of its amplitude is there in pauses too: a voice's own tone is not
_DECAY_WINDOWS: Final = 12
_BAND_FRAME_S: Final = 0.1
_CLIFF_DB: Final = 25.0


@dataclass(frozen=True)
class Quality:
    """What was measured on one recording.

    Parameters
    ----------
    voice_db, floor_db
        Level of what is loud (the 95th percentile of windows of 10 ms) and of the pauses, in dB below the peak.
    hum_hz, hum_db
        The frequency of the mains in it, and its level against the voice; 0 and minus infinity where none is heard.
    decay_db_per_s
        How fast sounds die away where they do so fastest: a room holds them back.
    highest_hz
        Where its sound ends abruptly, where it does so below the highest frequency of the training data; else None.
    """

    voice_db: float
    floor_db: float
    hum_hz: int
    hum_db: float
    decay_db_per_s: float
    highest_hz: float | None

    @property
    def signal_to_noise_db(self) -> float:
        """How far the pauses lie below the voice."""
        return self.voice_db - self.floor_db


def quality_of(samples: Floats, offset: float, peak: float, levels: Floats, sample_rate_hz: int) -> Quality:
    """Measure a recording.

    Parameters
    ----------
    samples
        shape = (n,); may be mapped from a file.
    offset
        DC offset of the samples.
    peak
        The highest absolute value without it, above 0.
    levels
        Root mean square of each window of 10 ms, shape = (windows,).
    """
    levels_db = 20 * np.log10(np.maximum(levels / peak, 10 ** (_LEAST_DB / 20)))
    voice_db, floor_db = np.percentile(levels_db, (95, 5))
    hum_hz, hum_power = _hum(_frames(samples, offset, round(_HUM_FRAME_S * sample_rate_hz)), sample_rate_hz)
    hum_db = 10 * np.log10(hum_power / peak**2) - voice_db if hum_power > 0 else -np.inf
    return Quality(
        voice_db=float(voice_db),
        floor_db=float(floor_db),
        hum_hz=hum_hz,
        hum_db=float(hum_db),
        decay_db_per_s=_steepest_decay(levels_db),
        highest_hz=_end_of_band(_frames(samples, offset, round(_BAND_FRAME_S * sample_rate_hz)), sample_rate_hz),
    )


def _frames(samples: Floats, offset: float, size: int) -> Floats:
    """Moments all over the sound, shape = (moments, size)."""
    if len(samples) < size:
        samples = np.pad(np.asarray(samples), (0, size - len(samples)), constant_values=offset)
    starts = np.unique(np.linspace(0, len(samples) - size, min(_MOST_FRAMES, 2 * len(samples) // size)).astype(int))
    return np.stack([samples[at : at + size] for at in starts]) - np.float32(offset)


def _hann(size: int) -> Doubles:
    """The symmetric Hann window."""
    from scipy import signal  # noqa: PLC0415 - takes a second to load, and most commands hear nothing

    window: Doubles = signal.windows.hann(size)
    return window


def _powers(frames: Floats) -> Doubles:
    """Power in each bin of each frame, shape = (frames, bins): they add up to the frame's mean square."""
    window = _hann(frames.shape[1])
    spectra = np.square(np.abs(np.fft.rfft(frames * window, axis=1)))
    powers: Doubles = 2 * spectra / (frames.shape[1] * np.square(window).sum())
    return powers


def _hum(frames: Floats, sample_rate_hz: int) -> tuple[int, float]:
    """The mains' frequency and power where they are heard all the time; zeros where they are not."""
    window = _hann(frames.shape[1])
    bins = round(_MAINS_HZ[-1] * (_HARMONICS + 1) * _HUM_FRAME_S)
    spectra = np.stack([np.square(np.abs(np.fft.rfft(frame * window)[:bins])) for frame in frames])
    steady = np.percentile(spectra, 20, axis=0) * 2 / (frames.shape[1] * np.square(window).sum())
    best = (0, 0.0)
    for mains_hz in _MAINS_HZ:
        powers = {n * mains_hz: _line(steady, round(n * mains_hz * _HUM_FRAME_S)) for n in range(1, _HARMONICS + 1)}
        heard = {
            hz: power
            for hz, (power, around) in powers.items()
            if power > _PROMINENCE * around and _is_steady(frames, hz, power, sample_rate_hz)
        }
        stands_out = any(power > _ALONE * powers[hz][1] for hz, power in heard.items())
        if (len(heard) > 1 or stands_out) and sum(heard.values()) > best[1]:
            best = (mains_hz, sum(heard.values()))
    return best


def _line(spectrum: Doubles, at: int) -> tuple[float, float]:
    """The power of a line in a spectrum, and that of as many bins around it."""
    around = np.concatenate([spectrum[at - 8 : at - 3], spectrum[at + 4 : at + 9]])
    return float(spectrum[at - 2 : at + 3].sum()), float(5 * np.median(around))


def _is_steady(frames: Floats, hz: int, power: float, sample_rate_hz: int) -> bool:
    """Whether a tone of that power is there even in the shortest pauses."""
    size = round(_STEADY_S * sample_rate_hz)
    whole = frames.shape[1] // size * size
    turning = np.exp(-2j * np.pi * hz / sample_rate_hz * np.arange(whole)).astype(np.complex64)
    amplitudes = [2 * np.abs((frame[:whole] * turning).reshape(-1, size).mean(axis=1)) for frame in frames]
    return bool(np.percentile(amplitudes, 10) > _STEADY_SHARE * np.sqrt(2 * power))


def _steepest_decay(levels_db: Doubles) -> float:
    """How fast the level falls from the voice over 120 ms, where it falls fast (90th percentile)."""
    if len(levels_db) <= _DECAY_WINDOWS:
        return np.inf
    falls = levels_db[:-_DECAY_WINDOWS] - levels_db[_DECAY_WINDOWS:]
    falls = falls[(levels_db[:-_DECAY_WINDOWS] > np.percentile(levels_db, 70)) & (falls > 0)]
    return float(np.percentile(falls, 90) / (_DECAY_WINDOWS * WINDOW_S)) if len(falls) else np.inf


def _end_of_band(frames: Floats, sample_rate_hz: int) -> float | None:
    """Where the sound of the louder half ends abruptly, in Hz."""
    powers = _powers(frames)
    total = powers.sum(axis=1)
    loud_db = 10 * np.log10(np.maximum(powers[total >= np.median(total)].mean(axis=0), 1e-20))
    hz = np.arange(len(loud_db)) / _BAND_FRAME_S
    steepest, where = _CLIFF_DB, None
    for cut in np.arange(1500.0, 0.43 * sample_rate_hz, 100.0):
        below = loud_db[(hz > 0.88 * cut) & (hz < 0.96 * cut)].mean()
        above = loud_db[(hz > 1.06 * cut) & (hz < min(1.25 * cut, 0.49 * sample_rate_hz))]
        if len(above) and below - np.percentile(above, 90) > steepest:
            steepest, where = below - np.percentile(above, 90), float(cut)
    return where
