"""How far two sounds are apart as voices: one number from their measures, by which the closest of several is chosen.

Pure: records in, a number out. It knows no samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from pipeline.audio.measures.record import VoiceMeasures
from pipeline.audio.measures.spectrum import spectral_distance_db

_MOST: Final = 2.0
"""No difference counts for more, so that none hides the others; what one of both lacks altogether counts as much."""
_SHARE: Final = 0.25
_PAUSE_SHARE: Final = 0.15
_PITCH_OCTAVES: Final = 0.25
_RANGE_OCTAVES: Final = 0.5
_FORMANT_OCTAVES: Final = 0.3
_PAUSE_OCTAVES: Final = 1.0
_DECIBELS: Final = 6.0


def voice_distance(own: VoiceMeasures, recording: VoiceMeasures) -> float:
    """How far a take is from the recording: 0 is the same, 1 clearly different in everything, 2 the most.

    Compared are the share that is voiced, pitch (twice: what a listener notices first) and its range, pauses and their
    typical length, how far loudness moves, the long-term spectrum, vowels and both formants. What the recording lacks,
    such as a pitch, is not compared, except that a take should lack it too.
    """
    return float(np.mean([min(term, _MOST) for term in _differences(own, recording)]))


def _differences(own: VoiceMeasures, recording: VoiceMeasures) -> Iterator[float]:
    yield abs(own.voiced_share - recording.voiced_share) / _SHARE
    pitch = _octaves(own.pitch_hz, recording.pitch_hz) / _PITCH_OCTAVES
    yield from (pitch, pitch)
    yield abs(_range(own) - _range(recording)) / _RANGE_OCTAVES
    yield abs(own.pause_share - recording.pause_share) / _PAUSE_SHARE
    yield _octaves(own.pause_s or None, recording.pause_s or None) / _PAUSE_OCTAVES
    yield abs(own.loudness_range_db - recording.loudness_range_db) / _DECIBELS
    yield spectral_distance_db(own.bands_db, recording.bands_db) / _DECIBELS if recording.bands_db else 0.0
    yield abs(own.vowel_share - recording.vowel_share) / _SHARE
    yield _octaves(own.formant_1_hz, recording.formant_1_hz) / _FORMANT_OCTAVES
    yield _octaves(own.formant_2_hz, recording.formant_2_hz) / _FORMANT_OCTAVES


def _octaves(value: float | None, wanted: float | None) -> float:
    """How far two positive numbers are apart; infinitely where only one of them is there."""
    if value is None or wanted is None:
        return 0.0 if value == wanted else np.inf
    return abs(float(np.log2(value / wanted)))


def _range(measures: VoiceMeasures) -> float:
    """How far the pitch moves, in octaves."""
    if measures.pitch_low_hz is None or measures.pitch_high_hz is None:
        return 0.0
    return _octaves(measures.pitch_high_hz, measures.pitch_low_hz)
