"""The mixed film gets its loudness: one gain over all of it, and a limiter for the peaks that would stand out then.

Owns the search for that gain and the written file. What is mixed lies on disk and is read again for each attempt:
memory stays constant however long the film is. It does not know what was mixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import FILM_RATE_HZ, wav_container
from pipeline.sound.inputs.sound_file import new_sound_file
from pipeline.sound.settings import SoundSettings
from pipeline.sound.signal.limiter import Limiter
from pipeline.sound.signal.loudness import Loudness, LoudnessMeter

Floats = npt.NDArray[np.float32]

TOLERATED_LU: Final = 0.5
_NEAR_LU: Final = 0.05
_ATTEMPTS: Final = 4
_LOSS: Final = 1.25
"""Of what is added to a limited film a part is lost again: so much more is added."""
_BLOCK_SAMPLES: Final = 1 << 16


@dataclass(frozen=True)
class Bus:
    """The sum of all sounds of a film, on disk.

    Parameters
    ----------
    samples
        float32 at 48 kHz, shape = (samples, 1 or 2).
    loudness
        Of the film, its one channel counted twice.
    gains_db
        Of each sound in it.
    """

    samples: Floats
    loudness: Loudness
    gains_db: tuple[float, ...]


@dataclass(frozen=True)
class SoundtrackFacts:
    """What was measured on a written soundtrack.

    Parameters
    ----------
    loudness_lufs, true_peak_dbtp
        Of the film; minus infinity where it is silent.
    film_gain_db
        What was added to everything.
    reduction_db
        By how much the limiter lowered the highest peak.
    is_held_down
        Whether a softer film is right: the limiter may lower its peaks no further.
    gains_db
        Of each sound, before `film_gain_db`.
    """

    loudness_lufs: float
    true_peak_dbtp: float
    film_gain_db: float
    reduction_db: float
    is_held_down: bool
    gains_db: tuple[float, ...]


def write_soundtrack(
    bus: Bus,
    out_path: Path,
    settings: SoundSettings,
    *,
    ceiling_dbtp: float | None = None,
    first_gain_db: float | None = None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> SoundtrackFacts:
    """Write a stereo WAV file, 24 bit, 48 kHz, as loud as wanted or as its peaks allow.

    A film of silence, or one that is softer than what counts as silence, is not raised.

    Parameters
    ----------
    ceiling_dbtp
        The highest true peak: lower than `settings.true_peak_dbtp` where an encoder needs headroom.
    first_gain_db
        What to try first, from an earlier attempt.
    on_progress
        Called with the share of the first attempt that is done, 0 to 1.
    """
    ceiling_dbtp = settings.true_peak_dbtp if ceiling_dbtp is None else ceiling_dbtp
    highest_db = ceiling_dbtp + settings.limiter_db - bus.loudness.true_peak_dbtp
    is_quiet = not bus.loudness.integrated_lufs >= settings.quiet_below_lufs
    highest_db = min(highest_db, 0.0) if is_quiet else highest_db
    wanted_db = wanted_gain_db(bus.loudness, settings)
    gain_db = min(wanted_db if first_gain_db is None else first_gain_db, highest_db)
    for _ in range(_ATTEMPTS):
        heard, reduction_db = _write(bus.samples, out_path, gain_db, ceiling_dbtp, on_progress)
        missing = settings.loudness_lufs - heard.integrated_lufs
        next_db = min(gain_db + _LOSS * missing, highest_db)
        if abs(missing) <= _NEAR_LU or next_db == gain_db:
            break
        gain_db, on_progress = next_db, lambda _share: None
    is_held_down = not is_quiet and missing > 0 and gain_db == highest_db
    return SoundtrackFacts(
        heard.integrated_lufs, heard.true_peak_dbtp, gain_db, reduction_db, is_held_down, bus.gains_db
    )


def write_plain(bus: Bus, out_path: Path, settings: SoundSettings) -> None:
    """Write a WAV file of 16 bits with one gain and no limiter: quick, and softer where peaks would be clipped."""
    gain_db = min(wanted_gain_db(bus.loudness, settings), settings.true_peak_dbtp - bus.loudness.true_peak_dbtp)
    gain = np.float32(10 ** (gain_db / 20)) if np.isfinite(gain_db) else np.float32(1)
    total, channels = bus.samples.shape
    with new_sound_file(out_path, FILM_RATE_HZ, channels, "PCM_16", wav_container(2 * channels * total)) as file:
        for start in range(0, total, _BLOCK_SAMPLES):
            file.write(np.asarray(bus.samples[start : start + _BLOCK_SAMPLES]) * gain)


def wanted_gain_db(found: Loudness, settings: SoundSettings) -> float:
    """What brings a film to its loudness where no peak forbids it."""
    if not np.isfinite(found.integrated_lufs) or not np.isfinite(found.true_peak_dbtp):
        return 0.0
    wanted = settings.loudness_lufs - found.integrated_lufs
    return min(wanted, 0.0) if found.integrated_lufs < settings.quiet_below_lufs else wanted


def _write(
    samples: Floats, out_path: Path, gain_db: float, ceiling_dbtp: float, on_progress: Callable[[float], None]
) -> tuple[Loudness, float]:
    """Write all samples, amplified and limited; return what was measured, and how far the highest peak was lowered."""
    total, channels = samples.shape
    limiter = Limiter(FILM_RATE_HZ, channels, ceiling_dbtp)
    meter = LoudnessMeter(FILM_RATE_HZ, channels, copies=2 // channels)
    written = 0
    with new_sound_file(out_path, FILM_RATE_HZ, 2, "PCM_24", wav_container(6 * total)) as file:
        for block in _limited(samples, np.float32(10 ** (gain_db / 20)), limiter):
            meter.add(block)
            file.write(np.repeat(block, 2, axis=1) if channels == 1 else block)
            written += len(block)
            on_progress(written / total)
    return meter.result(), limiter.reduction_db


def _limited(samples: Floats, gain: np.float32, limiter: Limiter) -> Iterator[Floats]:
    for start in range(0, len(samples), _BLOCK_SAMPLES):
        yield limiter.add(np.asarray(samples[start : start + _BLOCK_SAMPLES]) * gain)
    yield limiter.finish()


def loudness_warnings(loudness_lufs: float, settings: SoundSettings) -> tuple[str, ...]:
    """Warn where a film is silent, or softer than wanted by more than is tolerated."""
    if not np.isfinite(loudness_lufs):
        return ("The soundtrack is silent.",)
    missing = settings.loudness_lufs - loudness_lufs
    if missing <= TOLERATED_LU:
        return ()
    note = f"The film's loudness is {loudness_lufs:.1f} LUFS, {missing:.1f} LU below the target"
    return (f"{note}: {peaks_allow_no_more(settings.true_peak_dbtp, settings.limiter_db)}.",)


def peaks_allow_no_more(true_peak_dbtp: float, limiter_db: float) -> str:
    """Say why a film is softer than wanted."""
    lowered = f"the limiter lowers peaks by {limiter_db:g} dB at most" if limiter_db else "nothing is limited"
    return f"its peaks allow no more under {true_peak_dbtp:g} dBTP, and {lowered}"
