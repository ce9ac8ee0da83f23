"""What a person may choose about sampling."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from pipeline.learning.sampling.settings import SamplingSettings


def test_a_constant_temperature_is_a_level_curve() -> None:
    assert SamplingSettings(temperature=0.7).curve() == ((0.0, 0.7),)


def test_a_curve_is_given_by_its_corners() -> None:
    corners = [{"at_share": 0.0, "temperature": 1.2}, {"at_share": 1.0, "temperature": 0.8}]
    settings = SamplingSettings.model_validate({"temperature": corners})
    assert settings.curve(3) == ((0.0, 1.2), (1.0, 0.8))


def test_candidates_take_their_temperatures_in_turn() -> None:
    settings = SamplingSettings(candidates=3, candidate_temperatures=(0.8, 1.0))
    assert [settings.curve(number)[0][1] for number in range(3)] == [0.8, 1.0, 0.8]


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"temperature": []},
        {"temperature": [{"at_share": 0.5, "temperature": 1.0}, {"at_share": 0.5, "temperature": 1.0}]},
        {"temperature": [{"at_share": 2.0, "temperature": 1.0}]},
        {"seed": -1},
        {"seconds": 0.0},
        {"seconds": 1e9},
        {"prime_s": 61.0},
        {"top_k": 0},
        {"top_k": 257},
        {"min_p": 1.0},
        {"candidates": 0},
        {"candidates": 2, "choose": {3000: 3}},
        {"precision": "float64"},
        {"colour": "red"},
    ],
)
def test_impossible_choices_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SamplingSettings.model_validate(wrong)


def test_a_choice_by_hand_reads_iterations_as_toml_writes_them() -> None:
    assert SamplingSettings.model_validate({"candidates": 2, "choose": {"3000": 2}}).choose == {3000: 2}


@pytest.mark.parametrize("module", ["settings", "take", "generation", "compiling", "take_making"])
def test_what_workers_and_settings_import_brings_no_torch(module: str) -> None:
    program = f"import sys, pipeline.learning.sampling.{module}; print(sorted({{'torch', 'numba'}} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_weights_are_held_in_eight_bits_unless_set_otherwise() -> None:
    assert SamplingSettings().weight_dtype == "int8"
    assert SamplingSettings(precision="float32").weight_dtype == "float32"
