"""The settings of sound."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from pipeline.sound.settings import CorpusSettings, SoundSettings


def test_the_defaults_are_those_of_2016_and_of_the_platforms() -> None:
    assert CorpusSettings().sample_rate_hz == 11025
    assert CorpusSettings().encoding == "linear-u8"
    assert (SoundSettings().loudness_lufs, SoundSettings().true_peak_dbtp) == (-16, -1.5)


@pytest.mark.parametrize(
    "values",
    [
        {"sample_rate_hz": 0},
        {"sample_rate_hz": 10**9},
        {"validation_share": 0.0},
        {"validation_share": 0.9},
        {"encoding": "mp3"},
        {"peak_dbfs": 3.0},
        {"peak_dbfs": float("nan")},
        {"bits": 8},
    ],
)
def test_impossible_corpora_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CorpusSettings.model_validate(values)


@pytest.mark.parametrize(
    "values", [{"loudness_lufs": 0.0}, {"true_peak_dbtp": 1.0}, {"stereo": "wide"}, {"under_cards": "music"}]
)
def test_impossible_films_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SoundSettings.model_validate(values)


def test_settings_load_without_array_libraries() -> None:
    code = "import sys, pipeline.sound.settings; print([m for m in ('numpy', 'scipy', 'torch') if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
