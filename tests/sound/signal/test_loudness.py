"""Loudness and true peak, against the standard's own signals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.sound.signal.loudness import Floats, LoudnessMeter, measure
from tests.sound.meters import ebur128
from tests.sound.sounds import noise, sine, speechlike, write

RATE = 48000


def stereo(samples: Floats) -> Floats:
    return np.repeat(samples[:, None], 2, axis=1)


@pytest.mark.parametrize("level_db", [-18.0, -23.0, -36.0])
def test_a_997_hz_tone_in_both_channels_is_as_loud_as_its_level(level_db: float) -> None:
    # ITU-R BS.1770-5: a 997 Hz sine at 0 dBFS in one channel reads -3.01 LUFS, in two channels 0 LUFS
    assert measure(stereo(sine(997, 20.0, RATE, level_db)), RATE).integrated_lufs == pytest.approx(level_db, abs=0.02)


def test_a_tone_in_one_channel_is_3_lu_softer_and_counts_as_two_where_it_is_played_twice() -> None:
    tone = sine(997, 5.0, RATE, -23.0)
    assert measure(tone, RATE).integrated_lufs == pytest.approx(-26.01, abs=0.02)
    assert measure(tone, RATE, copies=2).integrated_lufs == pytest.approx(-23.0, abs=0.02)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 22050, 44100, 96000])
def test_other_rates_read_the_same(rate_hz: int) -> None:
    assert measure(stereo(sine(997, 5.0, rate_hz, -23.0)), rate_hz).integrated_lufs == pytest.approx(-23.0, abs=0.1)


# EBU Tech 3341, signals 3 to 5: a 1 kHz tone in both channels at these levels, for these seconds (30 for 60), must
# read -23.0 +- 0.1 LUFS
@pytest.mark.parametrize(
    "parts",
    [
        [(-36.0, 10.0), (-23.0, 30.0), (-36.0, 10.0)],
        [(-72.0, 10.0), (-36.0, 10.0), (-23.0, 30.0), (-36.0, 10.0), (-72.0, 10.0)],
        [(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)],
    ],
)
def test_the_gates_leave_out_what_the_standard_leaves_out(parts: list[tuple[float, float]]) -> None:
    signal = np.concatenate([sine(1000, seconds, RATE, level_db) for level_db, seconds in parts])
    assert measure(stereo(signal), RATE).integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_surround_channels_weigh_more_and_the_bass_channel_nothing() -> None:
    # EBU Tech 3341, signal 6: 1 kHz in 5.0; left and right -28, centre -24, surrounds -30 dBFS read -23.0 LUFS
    levels_db = (-28.0, -28.0, -24.0, -6.0, -30.0, -30.0)
    channels = np.stack([sine(1000, 20.0, RATE, level) for level in levels_db], axis=1)
    assert measure(channels, RATE).integrated_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("phase", [0.0, 45.0, 67.5])
def test_a_peak_between_the_samples_is_found(phase: float) -> None:
    # EBU Tech 3341, signals 15 to 18: sines at a quarter and a sixth of the rate read -6.0 dBTP within +0.2 and -0.4
    for divisor in (4, 6):
        tone = 0.5 * np.sin(2 * np.pi * np.arange(RATE) / divisor + np.radians(phase))
        tone *= np.minimum(1, np.minimum(np.arange(RATE), np.arange(RATE)[::-1]) / 2000)
        assert -6.42 < measure(tone, RATE).true_peak_dbtp < -5.82


@pytest.mark.parametrize("make", [speechlike, noise])
def test_ffmpegs_own_meter_agrees(tmp_path: Path, make: object) -> None:
    samples = stereo(make(8.0, RATE))  # type: ignore[operator]
    own = measure(samples, RATE)
    theirs = ebur128(write(tmp_path / "a.wav", samples, RATE, "FLOAT"))
    assert own.integrated_lufs == pytest.approx(theirs[0], abs=0.1)
    assert own.true_peak_dbtp == pytest.approx(theirs[1], abs=0.3)


def test_blocks_of_any_size_read_as_the_whole() -> None:
    samples = speechlike(3.0, RATE)
    meter = LoudnessMeter(RATE)
    for part in np.split(samples, [1, 7, 30, 4801, 100_000]):
        meter.add(part)
    whole = measure(samples, RATE)
    assert meter.result().integrated_lufs == pytest.approx(whole.integrated_lufs, abs=1e-6)
    assert meter.result().true_peak_dbtp == pytest.approx(whole.true_peak_dbtp, abs=1e-6)


def test_silence_and_nothing_are_minus_infinity() -> None:
    for samples in (np.zeros(RATE), np.zeros(0)):
        assert measure(samples, RATE).integrated_lufs == -np.inf
        assert measure(samples, RATE).true_peak_dbtp == -np.inf


def test_a_sound_shorter_than_a_block_is_measured_as_a_whole() -> None:
    assert measure(sine(997, 0.2, RATE, -20.0), RATE, copies=2).integrated_lufs == pytest.approx(-20.0, abs=0.3)


def test_ten_decibels_are_ten_loudness_units() -> None:
    samples = speechlike(4.0, RATE)
    difference = measure(samples, RATE).integrated_lufs - measure(samples * 10**-0.5, RATE).integrated_lufs
    assert difference == pytest.approx(10.0, abs=0.01)
