"""The look-ahead limiter: peaks, distortion, what it leaves alone, and how its gain moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from pipeline.sound.signal.limiter import Floats, Limiter
from pipeline.sound.signal.loudness import measure
from tests.sound.meters import ebur128
from tests.sound.sounds import noise, sine, speechlike, write

RATE = 48000
CEILING = -1.5


def limited(samples: Floats, cuts: tuple[int, ...] = (), ceiling_dbtp: float = CEILING) -> Floats:
    """What comes out, cut into blocks where it is said; shape as it went in."""
    rows = samples.reshape(len(samples), 1 if samples.ndim == 1 else samples.shape[1]).astype(np.float32)
    limiter = Limiter(RATE, rows.shape[1], ceiling_dbtp)
    parts = [limiter.add(part) for part in np.split(rows, sorted(min(cut, len(rows)) for cut in cuts))]
    return np.concatenate([*parts, limiter.finish()]).reshape(samples.shape)


def clicks(over_db: float) -> Floats:
    samples = sine(300, 1.0, RATE, -30.0)
    samples[4000::9000] = 10 ** ((CEILING + over_db) / 20)
    return samples


def gains_db(before: Floats, after: Floats) -> Floats:
    heard = np.abs(before) > 1e-3
    return np.asarray(20 * np.log10(np.abs(after[heard]) / np.abs(before[heard])))


@pytest.mark.parametrize(
    "make",
    [
        lambda: sine(1000, 1.0, RATE, 4.5),
        lambda: sine(11_987, 1.0, RATE, 3.0),
        lambda: noise(1.0, RATE, 4.5),
        lambda: np.sign(noise(1.0, RATE)),
        lambda: clicks(6.0),
        lambda: speechlike(1.0, RATE, level_db=4.0),
        lambda: np.sign(sine(55, 1.0, RATE)),
    ],
)
def test_no_true_peak_comes_out_above_the_ceiling(make: Callable[[], Floats]) -> None:
    samples = make()
    assert measure(samples, RATE).true_peak_dbtp > CEILING
    found = measure(limited(samples), RATE).true_peak_dbtp
    assert CEILING - 0.5 < found <= CEILING


def test_white_noise_up_to_half_the_rate_stays_below_the_ceiling_by_another_meter(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    sounds = (random.uniform(-1.5, 1.5, RATE // 2), random.normal(0, 0.5, RATE // 2), random.choice([-0.7, 0.7], RATE))
    samples = limited(np.concatenate(sounds).astype(np.float32))
    assert ebur128(write(tmp_path / "noise.wav", samples, RATE, "FLOAT"))[1] <= CEILING


@pytest.mark.parametrize("over_db", [0.0, 1.0, 6.0])
def test_a_tone_at_and_over_the_threshold_stays_a_pure_tone(over_db: float) -> None:
    tone = limited(sine(1000, 2.0, RATE, CEILING + over_db))[RATE // 2 : 3 * RATE // 2]
    power = np.abs(np.fft.rfft(tone * np.hanning(len(tone)))) ** 2
    harmonics = sum(power[k - 2 : k + 3].sum() for k in range(2000, 24_000, 1000))
    assert np.sqrt(harmonics / power[998:1003].sum()) < 0.0001  # of 0.01 that count as inaudible


@pytest.mark.parametrize("pitch_hz", [70, 118, 250])
def test_the_gain_does_not_follow_the_periods_of_a_voice(pitch_hz: int) -> None:
    pulses = np.zeros(RATE, np.float32)
    pulses[:: RATE // pitch_hz] = 1.5
    found = gains_db(pulses, limited(pulses))[10:-10]
    assert np.ptp(found) < 0.01


def test_what_lies_below_the_ceiling_comes_out_bit_by_bit() -> None:
    samples = noise(1.0, RATE, -12.0)
    assert np.array_equal(limited(samples), samples)
    once = np.concatenate((samples, clicks(3.0)))
    assert np.array_equal(limited(once)[: RATE // 2], samples[: RATE // 2])


def test_a_peak_is_lowered_by_what_it_needs_and_only_around_it() -> None:
    samples = sine(1000, 1.0, RATE, -20.0)
    samples[RATE // 2] = 10 ** ((CEILING + 5.0) / 20)
    limiter = Limiter(RATE, 1, CEILING)
    out = np.concatenate((limiter.add(samples[:, None]), limiter.finish()))[:, 0]
    assert limiter.reduction_db == pytest.approx(5.0, abs=0.1)
    assert np.array_equal(out[: RATE // 2 - 400], samples[: RATE // 2 - 400])  # 8 ms before
    lowered = 20 * np.log10(np.abs(out[RATE // 2 + 250 :: 48]) / np.abs(samples[RATE // 2 + 250 :: 48]) + 1e-9)
    assert lowered[0] == pytest.approx(-5.0, abs=0.1)
    assert lowered[150] > -1.5  # 0.15 s later
    assert (np.diff(lowered) > -0.02).all()  # only upwards


def test_after_a_dense_passage_the_gain_comes_back_more_slowly_than_after_a_click() -> None:
    carrier = sine(1000, 2.0, RATE, -20.0)

    def after(loud: slice) -> float:
        samples = carrier.copy()
        samples[loud] *= np.float32(10 ** (22.5 / 20))  # 4 dB over
        at = loud.stop + round(0.1 * RATE)
        out = limited(samples)
        return float(20 * np.log10(np.abs(out[at : at + 480]).max() / np.abs(samples[at : at + 480]).max()))

    single, dense = after(slice(RATE // 2, RATE // 2 + 96)), after(slice(RATE // 4, RATE))
    assert -1.5 < single < -0.1
    assert -3.9 < dense < -2.5


def test_both_channels_are_lowered_together() -> None:
    rows = np.stack((sine(1000, 0.5, RATE, 2.5), sine(1000, 0.5, RATE, -17.5)), axis=1)
    out = limited(rows)
    inside = slice(RATE // 8, RATE // 4)
    assert np.abs(out[inside, 0]).max() / np.abs(out[inside, 1]).max() == pytest.approx(10.0, rel=1e-3)


@given(st.lists(st.integers(0, 20_000), max_size=5), st.integers(0, 20_000))
@trials(deadline=None, max_examples=15)
def test_blocks_of_any_size_give_the_same_bytes(cuts: list[int], length: int) -> None:
    rows = np.stack((noise(0.42, RATE, 3.0), speechlike(0.42, RATE, level_db=3.0)), axis=1)[:length]
    assert np.array_equal(limited(rows, tuple(cuts)), limited(rows))


def test_what_is_ready_comes_out_before_the_end() -> None:
    limiter = Limiter(RATE, 1, CEILING)
    ready = sum(len(limiter.add(np.zeros((1000, 1), np.float32))) for _ in range(48))
    assert 48_000 - 10_000 < ready < 48_000
    assert ready + len(limiter.finish()) == 48_000


@given(st.integers(0, 2**32 - 1), st.floats(-10.0, -0.5))
@trials(deadline=None, max_examples=15)
def test_no_sound_gets_past_the_ceiling(seed: int, ceiling_dbtp: float) -> None:
    chance = np.random.default_rng(seed)
    samples = chance.standard_normal(20_000) * np.repeat(chance.uniform(0, 1, 20) ** 3, 1000)
    samples[chance.integers(0, 20_000, 5)] = chance.uniform(-1.0, 1.0, 5)
    found = measure(limited(samples.astype(np.float32), ceiling_dbtp=ceiling_dbtp), RATE).true_peak_dbtp
    assert found <= ceiling_dbtp
