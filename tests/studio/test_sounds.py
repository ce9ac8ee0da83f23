"""Sounds for the eyes: where they are silent or clipped, as their facts count it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio.levels import silence_share
from pipeline.studio.sounds import clipped_stretches, silent_stretches

RATE_HZ = 8000


def written(path: Path, samples: np.ndarray) -> Path:
    soundfile.write(path, samples, RATE_HZ)
    return path


@pytest.fixture
def tone() -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 220 * np.arange(4 * RATE_HZ) / RATE_HZ)


def test_silent_stretches_are_where_the_sound_is_silent_and_as_long_as_its_share(
    tmp_path: Path, tone: np.ndarray
) -> None:
    recording = written(tmp_path / "recording.wav", tone)
    quiet = tone.copy()
    quiet[RATE_HZ : 2 * RATE_HZ] = 0
    quiet[3 * RATE_HZ :] *= 0.001
    found = silent_stretches(written(tmp_path / "take.wav", quiet), recording)
    assert found == [(1.0, 2.0), (3.0, 4.0)]
    values = np.linspace(-1, 127 / 128, 256, dtype=np.float32)
    codes = np.clip(np.round(128 + 128 * quiet), 0, 255).astype(np.uint8)
    share = silence_share(codes, values, RATE_HZ, 20 * np.log10(np.sqrt(np.mean(tone**2))))
    assert sum(end - start for start, end in found) / 4 == pytest.approx(share)
    assert silent_stretches(recording, recording) == []


def test_clipped_stretches_hold_the_peaks_at_either_end(tmp_path: Path, tone: np.ndarray) -> None:
    loud = tone.copy()
    loud[RATE_HZ : 2 * RATE_HZ] = np.clip(3 * loud[RATE_HZ : 2 * RATE_HZ], -1, 1)
    ((start, end),) = clipped_stretches(written(tmp_path / "take.wav", loud))
    assert (start, end) == pytest.approx((1.0, 2.0), abs=0.01)
    assert clipped_stretches(written(tmp_path / "soft.wav", tone)) == []


def test_a_sound_of_nothing_has_no_stretches(tmp_path: Path) -> None:
    path = written(tmp_path / "none.wav", np.zeros(0))
    assert silent_stretches(path, None) == clipped_stretches(path) == []
