from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.measures.voice import measure
from tests.audio.measures.voices import VOWELS, at_level, coloured_noise, vowel
from tests.sound.sounds import sine

RATES_HZ = (8000, 11025, 16000, 22050, 44100, 48000)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("name", VOWELS)
@pytest.mark.parametrize("pitch_hz", [90.0, 120.0])
def test_a_made_vowel_has_the_formants_that_it_was_made_with(name: str, pitch_hz: float, rate_hz: int) -> None:
    measured = measure(vowel(pitch_hz, VOWELS[name], 1.0, rate_hz), rate_hz)
    assert measured.formant_1_hz == pytest.approx(VOWELS[name][0], abs=40)
    assert measured.formant_2_hz == pytest.approx(VOWELS[name][1], abs=60)
    assert measured.vowel_share > 0.9


def test_the_pitch_moves_no_formant_far() -> None:
    firsts = [measure(vowel(hz, VOWELS["e"], 1.0, 11025), 11025).formant_1_hz or 0.0 for hz in (80, 100, 140, 180, 220)]
    assert np.ptp(firsts) < 60


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_tones_and_noise_and_bare_pulses_are_no_vowels(rate_hz: int) -> None:
    time_s = np.arange(2 * rate_hz) / rate_hz
    harmonics = range(1, int(0.45 * rate_hz / 120))
    pulses = at_level(sum(np.cos(2 * np.pi * 120 * k * time_s) for k in harmonics), -20.0)
    for sound in (
        sine(220.0, 2.0, rate_hz),
        coloured_noise(0.0, 2.0, rate_hz),
        coloured_noise(1.0, 2.0, rate_hz),
        pulses,
    ):
        measured = measure(sound, rate_hz)
        assert measured.vowel_share < 0.1, measured
