import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio.levels import clipped_share, silence_limit, silence_share
from pipeline.audio.noise import flatness, is_noise, noisiness
from pipeline.audio.quantise import code_values

RATE_HZ = 8000
VALUES = code_values("linear-u8")


def test_silence_is_thirty_decibels_below_the_recording_and_never_below_the_floor() -> None:
    assert np.isclose(silence_limit(-20.0), 1e-5)
    assert np.isclose(silence_limit(-80.0), 1e-6)


@given(st.integers(0, 20), st.integers(0, 20))
def test_the_share_of_silence_is_that_of_its_windows(loud: int, quiet: int) -> None:
    window = RATE_HZ // 20
    tone = np.rint(128 + 100 * np.sin(np.arange(loud * window))).astype(np.uint8)
    codes = np.concatenate([tone, np.full(quiet * window, 128, np.uint8)])
    expected = quiet / (loud + quiet) if loud + quiet else 0.0
    assert silence_share(codes, VALUES, RATE_HZ, -10.0) == expected


@given(st.lists(st.integers(0, 255), max_size=300))
def test_what_lies_at_either_end_is_clipped(values: list[int]) -> None:
    codes = np.array(values, np.uint8)
    expected = sum(value in {0, 255} for value in values) / max(1, len(values))
    assert clipped_share(codes, VALUES) == expected


def test_both_judges_of_noise_agree_on_what_is_clear() -> None:
    rng = np.random.default_rng(0)
    noise = (0.2 * rng.standard_normal(4 * RATE_HZ)).astype(np.float32)
    tone = (0.2 * np.sin(np.arange(4 * RATE_HZ) * 0.3)).astype(np.float32)
    flat, peaked = (_mean_flatness(sound) for sound in (noise, tone))
    assert noisiness(noise, RATE_HZ) > 0.9
    assert noisiness(tone, RATE_HZ) == 0.0
    assert is_noise(flat, peaked)
    assert not is_noise(peaked, peaked)
    assert not is_noise(flat, flat)


def _mean_flatness(sound: np.ndarray) -> float:
    windows = sound.reshape(-1, 500).astype(np.float64)
    return float(flatness((np.abs(np.fft.rfft(windows, axis=1)[:, 1:]) ** 2).mean(axis=0) + 1e-12))
