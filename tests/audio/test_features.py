"""The rule that chooses between candidates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio.features import closest, distance, extract_features

RATE_HZ = 8000


def voice_like(seed: int = 0, seconds: float = 4.0) -> np.ndarray:
    """Harmonics of 120 Hz that come and go as syllables do."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    rng = np.random.default_rng(seed)
    tone = sum(np.sin(2 * np.pi * 120 * n * t + rng.uniform(0, 6)) / n for n in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 3 * t + rng.uniform(0, 6)), 0, 1)
    return (0.1 * tone * syllables).astype(np.float32)


def noise(level: float) -> np.ndarray:
    return (level * np.random.default_rng(1).standard_normal(4 * RATE_HZ)).astype(np.float32)


def test_a_voice_is_closer_to_a_voice_than_noise_or_silence_or_a_tone() -> None:
    recording = extract_features(voice_like(0), RATE_HZ)
    tone = 0.2 * np.sin(np.arange(4 * RATE_HZ) * 0.3)
    takes = [noise(0.1), np.zeros(4 * RATE_HZ), tone, voice_like(5), 0.02 * noise(0.1)]
    distances = [distance(extract_features(np.asarray(take, np.float32), RATE_HZ), recording) for take in takes]
    assert closest(distances) == 3
    assert distances[1] > 100
    assert distances[0] > 100


def test_nothing_is_closer_to_a_sound_than_itself() -> None:
    own = extract_features(voice_like(), RATE_HZ)
    assert distance(own, own) == 0.0


def test_the_first_of_equals_is_chosen() -> None:
    assert closest([2.0, 1.0, 1.0]) == 1


@given(
    samples=st.integers(0, 3000),
    level=st.sampled_from([0.0, 1e-9, 0.5, 1.0]),
    rate_hz=st.sampled_from([200, 8000, 48000]),
)
@settings(deadline=None, max_examples=30)
def test_any_sound_has_a_portrait(samples: int, level: float, rate_hz: int) -> None:
    sound = (level * np.random.default_rng(samples).uniform(-1, 1, samples)).astype(np.float32)
    portrait = extract_features(sound, rate_hz)
    assert np.isfinite([portrait.level_db, portrait.movement_db, portrait.flatness, *portrait.bands_db]).all()
    assert 0.0 <= distance(portrait, extract_features(voice_like(), RATE_HZ)) < 1000


@pytest.mark.parametrize("gain_db", [-12.0, -6.0])
def test_loudness_is_measured_in_decibels(gain_db: float) -> None:
    full = extract_features(voice_like(), RATE_HZ)
    quiet = extract_features((voice_like() * 10 ** (gain_db / 20)).astype(np.float32), RATE_HZ)
    assert quiet.level_db - full.level_db == pytest.approx(gain_db, abs=0.01)
    np.testing.assert_allclose(quiet.bands_db, full.bands_db, atol=0.01)


def test_a_take_that_hardly_speaks_is_further_away_than_one_that_does() -> None:
    recording = extract_features(voice_like(0), RATE_HZ)
    speaks, mumbles = voice_like(3), voice_like(3)
    mumbles[RATE_HZ:] *= 1e-3
    assert distance(extract_features(mumbles, RATE_HZ), recording) > 0.3 + distance(
        extract_features(speaks, RATE_HZ), recording
    )
