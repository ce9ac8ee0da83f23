"""Between the samples."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.sound.signal.true_peak import (
    MARGIN,
    OVERSAMPLING,
    REACH,
    TAPS_PER_PHASE,
    interpolated,
    peaks_from,
    taps,
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_band_limited_signal_is_found_between_its_samples(dtype: type) -> None:
    fine = np.arange(4000) / OVERSAMPLING
    wanted = np.sin(2 * np.pi * 0.21 * fine + 0.7) + 0.5 * np.sin(2 * np.pi * 0.33 * fine)
    found = interpolated(wanted[::OVERSAMPLING, None].astype(dtype))
    assert found.dtype == dtype
    inside = slice(OVERSAMPLING * MARGIN, -OVERSAMPLING * MARGIN)
    assert found[inside, 0] == pytest.approx(wanted[inside], abs=2e-3)


def test_the_peak_of_a_tone_that_is_sampled_beside_its_peaks() -> None:
    samples = np.sin(np.pi / 2 * np.arange(200) + np.pi / 4)[:, None]  # every sample stands at 0.707
    peaks = peaks_from(samples)
    assert len(peaks) == len(samples) - 2 * MARGIN
    assert np.abs(samples).max() == pytest.approx(0.7071, abs=1e-4)
    assert peaks[1::2] == pytest.approx(np.ones(len(peaks) // 2), abs=2e-3)
    assert peaks[::2].max() == pytest.approx(0.7071, abs=1e-4)


def test_a_peak_belongs_to_the_sample_at_or_before_it_and_the_louder_channel_counts() -> None:
    samples = np.zeros((101, 2))
    samples[50, 1] = -1.0
    assert int(np.argmax(peaks_from(samples))) + MARGIN == 50
    assert peaks_from(samples).max() == pytest.approx(1.0, abs=1e-4)


def test_nothing_between_samples_reaches_further_than_promised() -> None:
    signs = np.random.default_rng(1).choice([-1.0, 1.0], (20_000, 1))
    assert 1.5 < np.abs(interpolated(signs)).max() < REACH


def test_the_reach_is_that_of_the_filter() -> None:
    phases = np.abs(taps()[:-1]).reshape(TAPS_PER_PHASE, OVERSAMPLING).sum(axis=0)
    assert pytest.approx(1.001 * phases.max(), rel=1e-12) == REACH
