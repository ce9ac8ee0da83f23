from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample

from pipeline.audio.measures.spectrum import BANDS, band_levels_db, in_speech_band, spectral_distance_db
from pipeline.audio.measures.voice import measure
from tests.audio.measures.voices import VOWELS, coloured_noise, vowel
from tests.sound.sounds import sine

RATES_HZ = (8000, 11025, 16000, 22050, 44100, 48000)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("band", range(3, BANDS - 1))
def test_a_tone_fills_its_own_band(band: int, rate_hz: int) -> None:
    levels_db = measure(sine(100 * 2 ** ((band + 0.5) / 3), 1.0, rate_hz), rate_hz).bands_db
    assert len(levels_db) == BANDS
    assert int(np.argmax(levels_db)) == band
    assert levels_db[band] > -0.5


def test_white_noise_rises_by_a_decibel_a_band() -> None:
    levels_db = band_levels_db(coloured_noise(0.0, 20.0, 8000), 8000)
    assert np.diff(levels_db[:-1]) == pytest.approx(10 * np.log10(2) / 3, abs=0.7)
    assert 10 * np.log10(np.sum(10 ** (np.array(levels_db) / 10))) == pytest.approx(0.0, abs=0.01)


@settings(max_examples=20)
@given(gain=st.floats(0.01, 3.0), name=st.sampled_from(sorted(VOWELS)))
def test_the_distance_doesnt_know_the_level(gain: float, name: str) -> None:
    sound = vowel(120.0, VOWELS[name], 1.0, 11025)
    one, other = measure(sound, 11025), measure(np.float32(gain) * sound, 11025)
    assert spectral_distance_db(one.bands_db, other.bands_db) < 0.1


def test_the_same_vowel_is_nearer_than_another_one_and_noise_is_far() -> None:
    own, same, other, hiss = (
        measure(sound, 11025).bands_db
        for sound in (
            vowel(120.0, VOWELS["a"], 2.0, 11025),
            vowel(125.0, VOWELS["a"], 2.0, 11025),
            vowel(120.0, VOWELS["i"], 2.0, 11025),
            coloured_noise(0.0, 2.0, 11025),
        )
    )
    near, far, farthest = (spectral_distance_db(own, one) for one in (same, other, hiss))
    assert near < 3 < far
    assert near < farthest
    assert spectral_distance_db(own, own) == 0.0


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_one_sound_has_one_spectrum_at_all_rates(rate_hz: int) -> None:
    sound = vowel(120.0, VOWELS["e"], 1.0, 48000)
    own, other = measure(sound, 48000), measure(resample(sound, rate_hz).astype(np.float32), rate_hz)
    assert spectral_distance_db(own.bands_db[:-1], other.bands_db[:-1]) < 1.0


def test_spectra_of_other_bands_cant_be_compared() -> None:
    with pytest.raises(ValueError, match="can't be compared"):
        spectral_distance_db((1.0,), ())
    with pytest.raises(ValueError, match="can't be compared"):
        spectral_distance_db((), ())


@pytest.mark.parametrize("rate_hz", [*RATES_HZ, 4000, 96000])
def test_a_tone_stays_itself_at_the_lower_rate(rate_hz: int) -> None:
    whole, slow, slow_hz = in_speech_band(sine(300.0, 0.5, rate_hz), rate_hz)
    assert len(whole) == rate_hz // 2
    assert slow_hz == rate_hz if rate_hz < 16000 else 8000 <= slow_hz < 16000
    wanted = np.interp(np.arange(len(slow)) / slow_hz, np.arange(len(whole)) / rate_hz, whole)
    inner = slice(400, -400)
    assert slow[inner] == pytest.approx(wanted[inner], abs=0.01)
    assert whole[800:-800] == pytest.approx(sine(300.0, 0.5, rate_hz)[800:-800], abs=0.01)
