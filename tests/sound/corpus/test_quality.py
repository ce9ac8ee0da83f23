"""Recordings are judged: what spoils them is found, and what is good is left alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from pipeline.runtime.resources import assets_folder
from pipeline.sound.corpus.quality import Quality, quality_of
from pipeline.sound.corpus.sound_warnings import short_note, sound_warnings
from pipeline.sound.signal.silence import window_levels
from tests.sound.sounds import Floats

RATE = 11025


@cache
def voice(number: int = 1) -> Floats:
    """Twenty seconds of the demo's voice."""
    samples, rate = soundfile.read(assets_folder() / "demo" / f"session-{number}.flac", dtype="float32")
    return soxr.resample(samples[: 20 * rate], rate, RATE)


def rms(samples: Floats) -> float:
    return float(np.sqrt(np.square(samples, dtype=np.float64).mean()))


def judged(samples: Floats, rate: int = RATE) -> str:
    centred = (samples - samples.mean()).astype(np.float32)
    peak = float(np.abs(centred).max())
    return " ".join(
        sound_warnings([("a.wav", peak, quality_of(centred, 0.0, peak, window_levels(centred, rate), rate))])
    )


def noise_at(db: float) -> Floats:
    return np.random.default_rng(1).standard_normal(len(voice())) * rms(voice()) * 10 ** (db / 20)


def hum_at(db: float, hz: float) -> Floats:
    time_s = np.arange(len(voice())) / RATE
    tones = [weight * np.sin(2 * np.pi * k * hz * time_s + k) for k, weight in ((1, 1.0), (2, 0.5), (3, 0.4))]
    return np.sum(tones, axis=0) * rms(voice()) * 10 ** (db / 20)


def in_room(samples: Floats, seconds: float) -> Floats:
    """As loud from the walls as from the mouth, and 60 dB softer after so long."""
    at = np.arange(round(1.2 * seconds * RATE))
    echo = np.random.default_rng(2).standard_normal(len(at)) * 10 ** (-3 * at / RATE / seconds)
    echo /= np.sqrt((echo**2).sum())
    echo[0] += 1
    return signal.fftconvolve(samples, echo)[: len(samples)].astype(np.float32)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_good_recording_is_left_alone(number: int) -> None:
    assert not judged(voice(number))
    assert not judged(voice(number) + 0.01 * noise_at(0))


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (lambda: voice() + noise_at(-14), "beneath the voice, and the network will learn their noise"),
        (lambda: voice() + hum_at(-30, 50), "a hum of 50 Hz"),
        (lambda: voice() + hum_at(-30, 60), "a hum of 60 Hz"),
        (lambda: in_room(voice(), 0.9), "the room echoes"),
        (lambda: 0.02 * voice(), "turn the microphone up"),
        (lambda: np.where(np.arange(len(voice())) == 5000, 8.0, voice()), "a knock or click"),
        (lambda: soxr.resample(soxr.resample(voice(), RATE, 8000), 8000, RATE), "corpus.sample_rate_hz = 8000"),
    ],
)
def test_what_spoils_a_recording_is_named_with_what_to_do(spoilt: object, words: str) -> None:
    assert callable(spoilt)
    told = judged(spoilt())
    assert words in told
    assert told.count("a.wav:") == 1
    assert ";" in told


def test_one_line_a_fault_however_many_recordings_have_it() -> None:
    bad = Quality(-12.0, -20.0, 50, -20.0, 300.0, None)
    told = sound_warnings([(f"{number}.wav", 0.5, bad) for number in range(100)])
    assert len(told) == 2
    assert all("and 98 more" in line for line in told)


def test_little_material_is_told_with_what_to_expect() -> None:
    assert "syllables at best" in short_note(25.0)
    assert short_note(61.0) == ""


@given(
    length=st.integers(1, 3 * 4000),
    level=st.floats(1e-3, 1.0),
    kind=st.sampled_from(["noise", "click", "tone", "steps"]),
    rate=st.sampled_from([4000, 11025, 48000]),
)
@settings(deadline=None, max_examples=40)
def test_whatever_is_judged_ends_in_numbers(length: int, level: float, kind: str, rate: int) -> None:
    at = np.arange(length)
    made = {
        "noise": np.random.default_rng(length).uniform(-1, 1, length),
        "click": (at == length // 2).astype(float),
        "tone": np.cos(at / 3),
        "steps": np.sign(np.cos(at / 50)),
    }
    samples = (level * made[kind]).astype(np.float32)
    peak = max(float(np.abs(samples).max()), 1e-3)
    quality = quality_of(samples, 0.0, peak, window_levels(samples, rate), rate)
    assert np.isfinite([quality.voice_db, quality.floor_db]).all()
    assert len(sound_warnings([(str(Path("a.wav")), peak, quality)])) <= 6
