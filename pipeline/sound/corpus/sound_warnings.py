"""What may spoil the learning from a recording, in words, each with what to do about it.

Owns the thresholds: calibrated with read speech and made voices, to which noise, hums and rooms were added. A doubt is
advice and never stops anything. It measures nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from pipeline.sound.corpus.quality import Quality

_LEAST_SNR_DB: Final = 27.0  # read speech in a quiet room has 30 to 50
_NOISE_ALONE_DB: Final = 12.0
_MOST_HUM_DB: Final = -40.0
_SLOWEST_DECAY: Final = 112.0  # dB/s; dry voices fall by 150 and more, in a room that rings for 0.8 s by 100
_SOFTEST_PEAK_DB: Final = -26.0
_LEAST_VOICE_DB: Final = -23.0  # below the peak: voices have -11 to -15
_LOWEST_END_HZ: Final = 2500.0
_SOURCE_RATES_HZ: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100)
_SHORT_S: Final = 60.0
_NAMED: Final = 2

Named = tuple[str, Quality]


def sound_warnings(recordings: Sequence[tuple[str, float, Quality]]) -> list[str]:
    """Tell what may spoil the learning, one line a kind of fault, the worst recording first.

    Parameters
    ----------
    recordings
        Each one's name, its peak (full scale = 1) and its quality.
    """
    named = [(name, quality) for name, _, quality in recordings]
    peaks_db = {name: 20 * np.log10(max(peak, 1e-6)) for name, peak, _ in recordings}
    return [
        *_line(named, _hiss, lambda q: q.signal_to_noise_db, _hiss_words),
        *_line(named, lambda q: q.hum_db > _MOST_HUM_DB, lambda q: -q.hum_db, _hum_words),
        *_line(named, _room, lambda q: q.decay_db_per_s, _room_words),
        *_line(named, lambda q: q.voice_db < _LEAST_VOICE_DB, lambda q: q.voice_db, _knock_words),
        *_line(named, lambda q: (q.highest_hz or 0.0) >= _LOWEST_END_HZ, lambda q: q.highest_hz or 0.0, _band_words),
        *_soft(peaks_db),
    ]


def short_note(seconds: float) -> str:
    """Say what to expect of little material; empty where there is enough."""
    if seconds >= _SHORT_S:
        return ""
    return (
        f"{seconds:.0f} s are little to learn from: expect the sound of the voice, and syllables at best; "
        "three minutes and more are better"
    )


def _hiss(quality: Quality) -> bool:
    return quality.signal_to_noise_db < _LEAST_SNR_DB and not _room(quality)


def _room(quality: Quality) -> bool:
    return quality.decay_db_per_s < _SLOWEST_DECAY and quality.signal_to_noise_db > _NOISE_ALONE_DB


def _hiss_words(quality: Quality) -> str:
    return (
        f"its pauses are only {quality.signal_to_noise_db:.0f} dB beneath the voice, and the network will learn their "
        "noise; record nearer to the microphone and where it is quiet, or take the noise out beforehand"
    )


def _hum_words(quality: Quality) -> str:
    return (
        f"a hum of {quality.hum_hz} Hz, {-quality.hum_db:.0f} dB beneath the voice; run the computer on its battery, "
        "keep the cable away from power supplies, or filter the hum out beforehand"
    )


def _room_words(_quality: Quality) -> str:
    return "the room echoes; record nearer to the microphone, among curtains, beds or clothes"


def _knock_words(quality: Quality) -> str:
    return (
        f"a knock or click is its loudest moment, {-quality.voice_db:.0f} dB above the voice, which becomes soft and "
        "coarse in 8 bits; cut it out"
    )


def _band_words(quality: Quality) -> str:
    end_hz = quality.highest_hz or 0.0
    source_hz = next((rate for rate in _SOURCE_RATES_HZ if rate >= 1.9 * end_hz), round(2 * end_hz))
    return (
        f"there is nothing above {end_hz / 1000:.1f} kHz in it, as from a source of {source_hz} Hz; use the original, "
        f"or corpus.sample_rate_hz = {source_hz}, which loses nothing and is learned sooner"
    )


def _line(
    named: Sequence[Named],
    is_doubted: Callable[[Quality], bool],
    goodness: Callable[[Quality], float],
    words: Callable[[Quality], str],
) -> list[str]:
    found = sorted((one for one in named if is_doubted(one[1])), key=lambda one: goodness(one[1]))
    return [f"{_listed([name for name, _ in found])}: {words(found[0][1])}"] if found else []


def _soft(peaks_db: dict[str, float]) -> list[str]:
    found = sorted((name for name in peaks_db if peaks_db[name] < _SOFTEST_PEAK_DB), key=lambda name: peaks_db[name])
    if not found:
        return []
    advice = f"the loudest moment is {-peaks_db[found[0]]:.0f} dB below full scale; turn the microphone up"
    return [f"{_listed(found)}: {advice}, to between 12 and 3 dB below"]


def _listed(names: Sequence[str]) -> str:
    others = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {others} more" if others > 0 else "")
