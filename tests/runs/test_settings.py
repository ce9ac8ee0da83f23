from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.runs.settings import RunSettings, check_pattern


def test_one_log_and_one_loss_stand_for_lists() -> None:
    run = RunSettings.model_validate({"log": "a.csv", "training_loss": "loss", "takes": "s/{iteration}.wav"})
    assert [log.file for log in run.log] == ["a.csv"]
    assert run.training_loss == ("loss",)


def test_takes_may_be_listed_and_facts_keep_their_order() -> None:
    run = RunSettings.model_validate(
        {"takes": [{"iteration": 10, "file": "a.wav"}], "facts": {"Network": "VITS", "Parameters": "36 M"}}
    )
    assert not isinstance(run.takes, str)
    assert run.takes[0].iteration == 10
    assert list(run.facts) == ["Network", "Parameters"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "a log, takes, or both"),
        ({"takes": "../{iteration}.wav"}, "within the production's folder"),
        ({"takes": "/etc/{iteration}.wav"}, "within the production's folder"),
        ({"takes": "C:/x/{iteration}.wav"}, "within the production's folder"),
        ({"takes": "a\\..\\..\\{iteration}.wav"}, "within the production's folder"),
        ({"takes": "{iteration}/{iteration}.wav"}, "once"),
        ({"takes": "{step}_{iteration}.wav"}, "only name"),
        ({"takes": [{"iteration": 1, "file": "a"}, {"iteration": 1, "file": "b"}]}, "two takes have the iteration 1"),
        ({"log": "a", "training_loss": "x", "validation_loss": "x"}, "alike"),
        ({"log": {"file": "a", "pattern": "no names"}}, "names in braces"),
        ({"log": {"file": "a", "pattern": "{x} {x}"}}, "once"),
        ({"log": "a", "training_los": "x"}, "Extra inputs"),
    ],
)
def test_what_does_not_fit_is_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RunSettings.model_validate(values)


@given(st.text(alphabet="./\\{}*ab:~C", max_size=20))
def test_no_pattern_that_passes_leads_upwards(pattern: str) -> None:
    try:
        check_pattern(pattern)
    except ValueError:
        return
    assert ".." not in pattern.replace("\\", "/").split("/")
    assert not pattern.startswith(("/", "\\", "~"))


def test_a_loss_is_named_once() -> None:
    with pytest.raises(ValidationError, match="named twice"):
        RunSettings.model_validate({"log": "a.csv", "training_loss": ["loss", "loss"]})
