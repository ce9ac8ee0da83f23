from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio.measures.voice import measure
from tests.audio.measures.voices import VOWELS, Floats, at_level, coloured_noise, resonance, silence, vowel
from tests.sound.sounds import sine

RATES_HZ = (8000, 11025, 16000, 22050, 44100, 48000)
READINGS = sorted(Path("/usr/share/pocketsphinx/test/data/librivox").glob("*.wav"))
"""A man reading, 16 kHz: what the package pocketsphinx-testdata brings."""


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("hz", [65.0, 100.0, 187.3, 440.0, 590.0])
def test_a_tone_has_its_own_pitch(hz: float, rate_hz: int) -> None:
    measured = measure(sine(hz, 1.0, rate_hz), rate_hz)
    assert measured.pitch_hz == pytest.approx(hz, rel=0.003)
    assert measured.voiced_share > 0.95


@pytest.mark.parametrize("hz", [30.0, 700.0, 1000.0, 1500.0])
def test_what_no_voice_can_sing_has_no_pitch(hz: float) -> None:
    assert measure(sine(hz, 1.0, 16000), 16000).pitch_hz is None


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("name", VOWELS)
@pytest.mark.parametrize("pitch_hz", [75.0, 120.0, 233.0, 400.0])
def test_a_vowel_has_the_pitch_of_its_pulses(name: str, pitch_hz: float, rate_hz: int) -> None:
    measured = measure(vowel(pitch_hz, VOWELS[name], 1.0, rate_hz), rate_hz)
    assert measured.pitch_hz == pytest.approx(pitch_hz, rel=0.005)
    assert measured.voiced_share > 0.9


def test_the_range_of_a_pitch_that_glides_is_told() -> None:
    rate_hz, seconds = 16000, 4.0
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * (100 * time_s + 100 / (2 * seconds) * time_s**2)  # from 100 to 200 Hz
    measured = measure(at_level(sum(np.cos(k * phase) / k for k in range(1, 10)), -20.0), rate_hz)
    assert measured.pitch_low_hz == pytest.approx(110, rel=0.02)
    assert measured.pitch_hz == pytest.approx(150, rel=0.02)
    assert measured.pitch_high_hz == pytest.approx(190, rel=0.02)


@settings(max_examples=40)
@given(fall=st.floats(0.0, 1.5), seed=st.integers(0, 10**6), rate_hz=st.sampled_from(RATES_HZ))
def test_there_is_no_pitch_in_noise_of_any_colour(fall: float, seed: int, rate_hz: int) -> None:
    assert measure(coloured_noise(fall, 4.0, rate_hz, seed), rate_hz).voiced_share <= 0.02


@settings(max_examples=20)
@given(formant_hz=st.floats(300.0, 1200.0), breadth_hz=st.floats(80.0, 400.0), seed=st.integers(0, 10**6))
def test_there_is_no_pitch_in_what_is_whispered(formant_hz: float, breadth_hz: float, seed: int) -> None:
    whisper = resonance(coloured_noise(0.0, 4.0, 11025, seed), formant_hz, breadth_hz, 11025)
    assert measure(at_level(whisper, -20.0), 11025).voiced_share <= 0.03


def test_there_is_no_pitch_in_silence_and_single_clicks() -> None:
    clicks = silence(4.0, 11025)
    clicks[5000::4400] = 0.9
    for sound in (silence(4.0, 11025), clicks, silence(0.0, 11025), np.ones(11025, np.float32)):
        assert measure(sound, 11025).pitch_hz is None


def test_a_voice_in_noise_keeps_its_pitch_where_it_is_heard() -> None:
    mixed = vowel(120.0, VOWELS["a"], 3.0, 11025) + at_level(coloured_noise(0.0, 3.0, 11025), -26.0)
    measured = measure(mixed, 11025)
    assert measured.pitch_hz == pytest.approx(120.0, rel=0.01)
    assert measured.voiced_share > 0.9


def _phrase(pitch_hz: float, rate_hz: int) -> Floats:
    spoken = [vowel(pitch_hz, VOWELS[name], 0.4, rate_hz) for name in ("a", "i", "e")]
    hissed = 0.3 * coloured_noise(0.0, 0.3, rate_hz)
    return np.concatenate([spoken[0], hissed, spoken[1], silence(0.2, rate_hz), spoken[2]])


@settings(max_examples=30)
@given(pitch_hz=st.floats(70.0, 280.0), gain=st.floats(0.5, 5.0), rate_hz=st.sampled_from(RATES_HZ))
def test_its_level_changes_no_pitch_and_no_share(pitch_hz: float, gain: float, rate_hz: int) -> None:
    soft = _phrase(pitch_hz, rate_hz)
    one, other = measure(soft, rate_hz), measure(np.float32(gain) * soft, rate_hz)
    assert other.pitch_hz == pytest.approx(one.pitch_hz, rel=0.002)
    assert other.voiced_share == pytest.approx(one.voiced_share, abs=0.03)
    assert other.silence_share == pytest.approx(one.silence_share, abs=0.02)
    assert other.level_db - one.level_db == pytest.approx(20 * np.log10(gain), abs=0.1)


@settings(max_examples=30)
@given(pitch_hz=st.floats(70.0, 250.0), rate_hz=st.sampled_from((8000, 11025, 16000, 22050)))
def test_twice_the_speed_is_twice_the_pitch(pitch_hz: float, rate_hz: int) -> None:
    sound = vowel(pitch_hz, VOWELS["a"], 2.0, rate_hz)
    slow, fast = measure(sound, rate_hz), measure(sound, 2 * rate_hz)
    assert slow.pitch_hz is not None
    assert fast.pitch_hz == pytest.approx(2 * slow.pitch_hz, rel=0.01)


@settings(max_examples=30)
@given(pitch_hz=st.floats(70.0, 280.0), added_s=st.floats(0.0, 4.0), rate_hz=st.sampled_from(RATES_HZ))
def test_silence_at_its_end_changes_the_share_of_silence_and_nothing_else(
    pitch_hz: float, added_s: float, rate_hz: int
) -> None:
    sound = _phrase(pitch_hz, rate_hz)
    one, other = measure(sound, rate_hz), measure(np.concatenate([sound, silence(added_s, rate_hz)]), rate_hz)
    silent_s = one.seconds * one.silence_share + added_s
    assert other.silence_share == pytest.approx(silent_s / (one.seconds + added_s), abs=0.03)
    assert other.voiced_share == pytest.approx(one.voiced_share, abs=0.05)
    assert other.pitch_hz == pytest.approx(one.pitch_hz, rel=0.002)
    assert (other.pauses, other.pause_s) == (one.pauses, pytest.approx(one.pause_s, abs=0.021))


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")
@pytest.mark.parametrize("voice", ["en", "de", "en+f3"])
def test_a_speech_synthesiser_set_higher_is_measured_higher(voice: str, tmp_path: Path) -> None:
    words = "My mother will marry a lawyer in May. Are you leaving now, or only later this evening?"
    pitches, pauses = [], []
    for setting in ("0", "25", "50", "75", "99"):
        path = tmp_path / f"{setting}.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-p", setting, "-w", str(path), words], check=True)
        measured = measure(*_read(path))
        assert measured.voiced_share > 0.4
        assert measured.vowel_share > 0.3
        pitches.append(measured.pitch_hz or 0.0)
        pauses.append(measured.pauses)
    assert pitches == sorted(pitches)
    assert pitches[-1] > 1.8 * pitches[0]
    assert set(pauses) == {2}  # after the full stop, and at the comma


@pytest.mark.skipif(not READINGS, reason="needs pocketsphinx-testdata")
def test_a_man_reads_at_the_pitch_of_men() -> None:
    measured = [measure(*_read(path)) for path in READINGS]
    pitches = [one.pitch_hz or 0.0 for one in measured]
    assert 80 < min(pitches) < max(pitches) < 125
    assert all(0.45 < one.voiced_share < 0.85 for one in measured)
    assert all(0.1 < one.silence_share < 0.35 for one in measured)
    assert all(300 < (one.formant_1_hz or 0) < 650 for one in measured)
    assert all(1200 < (one.formant_2_hz or 0) < 2050 for one in measured)


def _read(path: Path) -> tuple[Floats, int]:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    return samples, rate_hz
