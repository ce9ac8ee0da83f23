from __future__ import annotations

import sys
import time
from subprocess import run

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.audio.measures.record import VoiceMeasures
from pipeline.audio.measures.voice import measure
from tests.audio.measures.voices import VOWELS, vowel


@pytest.mark.parametrize(
    ("samples", "rate_hz"),
    [
        (np.zeros((10, 2), np.float32), 8000),
        (np.array([0.0, np.nan], np.float32), 8000),
        (np.array([0.0, np.inf], np.float32), 8000),
        (np.zeros(10, np.float32), 3999),
    ],
)
def test_what_is_no_sound_is_refused(samples: np.ndarray, rate_hz: int) -> None:
    with pytest.raises(ValueError, match=r"no line of finite numbers|too low a rate"):
        measure(samples, rate_hz)


@given(
    samples=arrays(np.float32, st.integers(0, 3000), elements=st.floats(-1, 1, width=32)),
    rate_hz=st.sampled_from((4000, 8000, 11025, 44100, 48000)),
)
def test_any_samples_have_measures_that_can_be_kept(samples: np.ndarray, rate_hz: int) -> None:
    measured = measure(samples, rate_hz)
    assert VoiceMeasures.model_validate_json(measured.model_dump_json()) == measured


@pytest.mark.parametrize("samples", [1, 2, 79, 80, 81, 400])
def test_a_sound_of_a_few_samples_is_measured(samples: int) -> None:
    assert measure(np.ones(samples, np.float32), 8000).voiced_share == 0.0


@pytest.mark.parametrize("rate_hz", [8000, 11025, 48000])
def test_ten_seconds_are_measured_at_once(rate_hz: int) -> None:
    sound = np.tile(vowel(120.0, VOWELS["a"], 2.0, rate_hz), 5)
    took_s = []
    for _ in range(4):
        begun_s = time.perf_counter()
        measure(sound, rate_hz)
        took_s.append(time.perf_counter() - begun_s)
    assert min(took_s) < 0.25  # 50 ms where nothing else runs


def test_the_record_needs_no_arrays() -> None:
    program = "import sys, pipeline.audio.measures.record; print('numpy' in sys.modules, 'scipy' in sys.modules)"
    assert run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False False\n"
