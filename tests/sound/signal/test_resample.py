"""From one sample rate to another."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.sound.signal.resample import Floats, Resampler, resample
from tests.sound.sounds import peak_hz, sine


def in_blocks(samples: Floats, sizes: list[int], from_hz: int, to_hz: int) -> Floats:
    resampler = Resampler(from_hz, to_hz)
    parts, at = [], 0
    for size in sizes:
        parts.append(resampler.add(samples[at : at + size]))
        at += size
    return np.concatenate([*parts, resampler.add(samples[at:]), resampler.finish()])


@pytest.mark.parametrize(("from_hz", "to_hz"), [(11025, 48000), (48000, 11025), (44100, 8000), (8000, 48000)])
def test_a_tone_keeps_its_pitch_and_level(from_hz: int, to_hz: int) -> None:
    result = resample(sine(1000, 1.0, from_hz), from_hz, to_hz)
    middle = result[to_hz // 4 : -to_hz // 4]
    assert abs(len(result) - to_hz) <= 1
    assert abs(peak_hz(middle, to_hz) - 1000) < 3
    assert np.abs(middle).max() == pytest.approx(10 ** (-6 / 20), rel=0.002)


def test_blocks_of_any_size_give_the_same_as_the_whole() -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, 20_000).astype(np.float32)
    whole = resample(samples, 22050, 11025)
    assert np.allclose(in_blocks(samples, [1, 777, 0, 5000], 22050, 11025), whole, atol=1e-5)


def test_what_the_lower_rate_cannot_hold_is_taken_away() -> None:
    result = resample(sine(7000, 1.0, 48000), 48000, 11025)
    assert np.abs(result[1000:-1000]).max() < 1e-5


def test_nothing_is_made_above_the_source() -> None:
    power = np.abs(np.fft.rfft(resample(np.random.default_rng(2).uniform(-1, 1, 11025), 11025, 48000)))  # type: ignore[arg-type]
    hz = np.fft.rfftfreq(48000, 1 / 48000)[: len(power)]
    assert power[hz > 6000].max() < 1e-3 * power[hz < 5000].max()


def test_an_impulse_stays_at_its_time() -> None:
    impulse = np.zeros(11025, np.float32)
    impulse[5000] = 1
    assert abs(int(np.argmax(resample(impulse, 11025, 48000))) - 5000 * 48000 / 11025) < 1


def test_equal_rates_change_nothing() -> None:
    samples = sine(100, 0.1, 8000)
    assert np.array_equal(in_blocks(samples, [100], 8000, 8000), samples)
