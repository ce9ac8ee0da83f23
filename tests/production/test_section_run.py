"""A section is a network of our own, or a run of another program."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import ProductionError
from pipeline.film.planning.plan import CheckpointPoint, choose_takes
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


def test_more_takes_than_fit_are_refused_of_our_own_networks_alone() -> None:
    story = {"takes": 100, "seconds": 10}
    with pytest.raises(ProductionError, match="don't fit"):
        section(storyboard=story, recordings=["a.wav"])
    run = section(storyboard=story, run={"takes": "{iteration}.wav"})
    points = [CheckpointPoint(number, 1.0) for number in range(100)]
    assert len(choose_takes(points[:3], run.storyboard)) == 3
    assert len(choose_takes(points, run.storyboard)) == int(10 / run.storyboard.shortest_take_seconds)
