"""A section is a network of our own, or a run of another program."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import ProductionError
from pipeline.production.schema import parse_production


def section(**values: Any) -> Any:
    return parse_production({"title": "film", "section": [{"title": "one", **values}]}, where="film.toml").sections[0]


def test_a_run_stands_in_place_of_corpus_network_training_and_sampling() -> None:
    own = section(run={"log": "metrics.csv", "takes": "samples/step_{iteration}.wav"})
    assert own.run is not None
    assert own.run.log[0].file == "metrics.csv"
    assert section().run is None


@pytest.mark.parametrize("name", ["corpus", "network", "training", "sampling"])
def test_a_section_that_is_both_is_refused(name: str) -> None:
    with pytest.raises(ProductionError, match=f"no '{name}' of its own"):
        section(run={"log": "metrics.csv"}, **{name: {}})


def test_recordings_of_a_run_are_named_within_it() -> None:
    with pytest.raises(ProductionError, match=r"write recordings in \[section.run\]"):
        section(run={"log": "metrics.csv"}, recordings=["mine.wav"])
