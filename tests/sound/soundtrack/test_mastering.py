"""The film's loudness, with peaks that stand in its way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.sound.settings import SoundSettings
from pipeline.sound.signal.loudness import measure
from pipeline.sound.soundtrack.mastering import Bus, loudness_warnings, peaks_allow_no_more, write_soundtrack
from tests.sound.sounds import noise, sine, speechlike

RATE = 48000
SETTINGS = SoundSettings()
Floats = np.typing.NDArray[np.float32]


def bus(samples: Floats) -> Bus:
    return Bus(samples[:, None], measure(samples, RATE, copies=2), (0.0,))


def peaky(crest_db: float) -> Floats:
    """Speech-like sound with short bursts about so far above its loudness."""
    samples = speechlike(4.0, RATE, level_db=-20.0)
    burst = sine(1000, 0.004, RATE, 0.0) * np.hanning(192)
    high = 10 ** ((measure(samples, RATE, copies=2).integrated_lufs + crest_db) / 20)
    for at in range(5000, len(samples) - 192, 30_000):
        samples[at : at + 192] = high * burst
    return samples


@pytest.mark.parametrize("crest_db", [10.0, 16.0, 19.0])
def test_a_film_of_high_peaks_reaches_its_loudness(tmp_path: Path, crest_db: float) -> None:
    mixed = bus(peaky(crest_db))
    facts = write_soundtrack(mixed, tmp_path / "a.wav", SETTINGS)
    found = measure(soundfile.read(tmp_path / "a.wav", dtype="float32")[0], RATE)
    assert found.integrated_lufs == pytest.approx(-16.0, abs=0.06)
    assert found.integrated_lufs == pytest.approx(facts.loudness_lufs, abs=0.01)
    assert found.true_peak_dbtp <= -1.5
    assert not facts.is_held_down
    over_db = max(0.0, mixed.loudness.true_peak_dbtp - mixed.loudness.integrated_lufs - 14.5)
    assert over_db <= facts.reduction_db <= 1.5 * over_db


@pytest.mark.parametrize("limiter_db", [0.0, 2.0, 6.0])
def test_peaks_are_lowered_no_further_than_allowed(tmp_path: Path, limiter_db: float) -> None:
    settings = SoundSettings(limiter_db=limiter_db)
    facts = write_soundtrack(bus(peaky(30.0)), tmp_path / "a.wav", settings)
    assert facts.reduction_db == pytest.approx(limiter_db, abs=0.05)
    assert facts.true_peak_dbtp <= -1.5
    assert facts.is_held_down
    assert facts.loudness_lufs < -17.0


def test_an_encoder_gets_its_headroom_and_the_loudness_stays(tmp_path: Path) -> None:
    facts = write_soundtrack(bus(peaky(16.0)), tmp_path / "a.wav", SETTINGS, ceiling_dbtp=-3.0, first_gain_db=3.0)
    assert facts.true_peak_dbtp <= -3.0
    assert facts.loudness_lufs == pytest.approx(-16.0, abs=0.06)


def test_a_film_of_low_peaks_gets_one_gain_and_nothing_else(tmp_path: Path) -> None:
    samples = sine(500, 2.0, RATE, -12.0)
    facts = write_soundtrack(bus(samples), tmp_path / "a.wav", SETTINGS)
    gain = np.float32(10 ** (facts.film_gain_db / 20))
    assert facts.reduction_db == 0.0
    assert np.abs(soundfile.read(tmp_path / "a.wav", dtype="float32")[0][:, 1] - gain * samples).max() < 2**-23


@pytest.mark.parametrize("level_db", [-70.0, -np.inf])
def test_what_is_nearly_silent_is_not_raised(tmp_path: Path, level_db: float) -> None:
    facts = write_soundtrack(bus(noise(1.0, RATE, level_db)), tmp_path / "a.wav", SETTINGS)
    assert facts.film_gain_db == 0.0
    assert not facts.is_held_down


def test_warnings_begin_where_the_tolerance_ends() -> None:
    assert loudness_warnings(-16.49, SETTINGS) == ()
    (warning,) = loudness_warnings(-16.6, SETTINGS)
    assert "-16.6 LUFS, 0.6 LU below the target" in warning
    assert peaks_allow_no_more(-1.5, 6.0) in warning
    assert loudness_warnings(-14.0, SETTINGS) == ()
    assert "nothing is limited" in peaks_allow_no_more(-1.5, 0.0)
