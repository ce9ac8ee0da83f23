"""What stages that wait will have to make is counted before: the same as a build then makes."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.build.films import survey_all, time_ahead
from pipeline.build.made_words import made_words
from pipeline.build.stage_order import STAGES, build
from pipeline.cli.app import run
from pipeline.production.schema import Production, load_production
from pipeline.runtime.progress.reporter import stage_seconds
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.end_to_end.conftest import Built, built

__all__ = ["built"]


@pytest.fixture
def film(built: Built, tmp_path: Path) -> Path:
    shutil.copytree(built.folder, tmp_path / "film")
    return tmp_path / "film" / "tiny.toml"


def place(file: Path, output: str = "tiny") -> Workplace:
    out = file.parent / "out" / output
    return Workplace(Store(out / "work"), out, device="cpu", jobs=2)


def changed(production: Production, section: int, **parts: Mapping[str, Any]) -> Production:
    """A production with other settings in parts of a section."""
    one = production.sections[section]
    new = {name: type(getattr(one, name))(**{**getattr(one, name).model_dump(), **own}) for name, own in parts.items()}
    sections = [one.model_copy(update=new) if n == section else each for n, each in enumerate(production.sections)]
    return production.model_copy(update={"sections": tuple(sections)})


def made(where: Workplace) -> dict[str, set[str]]:
    """What lies in the store, by stage."""
    return {stage: {one.name for one in (where.store.root / stage).glob("?" * 16 + "*")} for stage in STAGES}


def words(production: Production, where: Workplace) -> dict[str, str]:
    return {
        one.stage: made_words(one, production)
        for one in survey_all(production, where, is_counted=True)
        if one.to_make
    }  # fmt: skip


def test_what_follows_a_training_is_what_a_build_then_makes(film: Path) -> None:
    where = place(film)
    wanted = changed(load_production(film), 1, training={"iterations": 24}, storyboard={"seconds": 12.0, "takes": 4})
    foreseen = {one.stage: one for one in survey_all(wanted, where, is_counted=True)}
    there = made(where)
    assert words(wanted, where) == {
        "train": "section 2",
        "sample": "4 takes",
        "storyboard": "1 timeline",
        "cards": "3 cards",  # section 2's, the comparison, the thumbnail
        "render": "about 6 segments",  # takes may be cut shorter
        "compose": "2 files",
    }
    assert there == made(where)
    build(wanted, where, "cards")
    for stage in ("train", "sample", "storyboard", "cards"):
        assert len(made(where)[stage] - there[stage]) == len(foreseen[stage].to_make), stage
    after = {one.stage: one for one in survey_all(wanted, where)}
    assert after["render"].foreseen is None
    assert after["render"].to_make == foreseen["render"].to_make


def test_candidates_are_counted_beside_their_takes(film: Path) -> None:
    wanted = changed(load_production(film), 0, sampling={"candidates": 3})
    assert words(wanted, place(film))["sample"] == "3 takes of 9 candidates"
    trained = changed(wanted, 0, training={"iterations": 30})
    assert words(trained, place(film))["sample"] == "3 takes of 9 candidates"


def test_a_training_by_the_clock_is_counted_about(film: Path) -> None:
    wanted = changed(load_production(film), 0, training={"iterations": None, "minutes": 1.0, "clock": "wall"})
    assert words(wanted, place(film))["sample"] == "about 3 takes"


def test_before_anything_is_made_all_of_it_counts(film: Path) -> None:
    production, nothing = load_production(film), place(film, "new")
    assert words(production, nothing) == {
        "prepare": "section 1, section 2",
        "train": "section 1, section 2",
        "sample": "6 takes",
        "storyboard": "1 timeline",
        "cards": "6 cards",
        "render": "about 7 segments",
        "compose": "2 files",
    }
    forced = replace(place(film), force=frozenset({"train"}))
    assert words(production, forced)["sample"] == "6 takes"


def test_only_what_is_to_be_made_takes_time(film: Path) -> None:
    wanted, where = changed(load_production(film), 1, training={"iterations": 24}), place(film)
    counted, all_of_it = (
        stage_seconds(time_ahead(survey_all(wanted, where, is_counted=known), wanted, where)) for known in (True, False)
    )
    assert counted["sample"] < all_of_it["sample"]
    assert counted["render"] < all_of_it["render"]


def test_status_says_it_too(film: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = film.read_text(encoding="utf-8").replace("iterations = 20", "iterations = 24")
    film.write_text(text, encoding="utf-8")
    assert run(["status", str(film), "-o", str(place(film).output)]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert "sample      waits    waits for train: 3 takes" in lines
    assert "render      waits    waits for train: about 4 segments" in lines
