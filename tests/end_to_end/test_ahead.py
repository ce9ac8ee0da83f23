"""Sections whose training has ended are rendered while others train: the pieces of the film, and no others."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from pipeline.build.ahead import work_ahead
from pipeline.build.follow import prepared, sampling_meanwhile
from pipeline.learning.training.run import PLAN_FILE, CheckpointPlan
from pipeline.production.schema import Production, load_production
from pipeline.stages import train
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.end_to_end.conftest import Built

LONGEST_WAIT_S = 90.0


def pieces_of(work: Path, stage: str) -> dict[str, object]:
    """By name, the key and the hashes of every piece's files."""
    manifests = (json.loads(path.read_text(encoding="utf-8")) for path in work.glob(f"{stage}/*/manifest.json"))
    return {one["name"]: (one["key"], one["files"]) for one in manifests}


def with_one_trained(built: Built, root: Path, ended: int) -> tuple[Production, Results, Workplace]:
    """The tiny film when the training of one section, counted from 1, has ended and the other goes on."""
    work = built.output / "work"
    shutil.copytree(work / "prepare", root / "work" / "prepare")
    production, place = load_production(built.production), Workplace(Store(root / "work"), root, jobs=2)
    results = prepared(production, place)
    assert results is not None
    for number, piece in enumerate(train.pieces(production, results), start=1):
        if number == ended:
            shutil.copytree(work / "train" / piece.key, place.store.folder(piece))
        else:
            plan = CheckpointPlan(checkpoints=(0, 10, 20), cores=1)
            (place.store.partial(piece) / PLAN_FILE).write_text(plan.model_dump_json(), encoding="utf-8")
    return production, results, place


@pytest.mark.parametrize("ended", [1, 2])
def test_what_is_made_ahead_is_what_the_film_is_made_of(built: Built, tmp_path: Path, ended: int) -> None:
    production, results, place = with_one_trained(built, tmp_path, ended)
    assert all(work_ahead(production, results, place) > 0 for _ in range(2))
    while work_ahead(production, results, place):
        pass
    for stage in ("sample", "cards", "render"):
        whole, made = pieces_of(built.output / "work", stage), pieces_of(place.store.root, stage)
        assert made.items() <= whole.items(), "nothing was made in vain, and all of it has the same bytes"
        own = {name for name in whole if f"section-{ended}" in name or f"scene-{ended}" in name}
        assert own
        assert own <= made.keys()
    assert not (place.store.root / "storyboard").exists()
    assert {path.name for path in (place.store.root / "sample" / "names").iterdir()} == {
        f"{name.replace('/', '~')}.json" for name in pieces_of(place.store.root, "sample")
    }, "no placeholder is remembered as a piece of the section for which it stands"


def test_a_training_keeps_its_core_and_the_others_render_meanwhile(built: Built, tmp_path: Path) -> None:
    production, results, place = with_one_trained(built, tmp_path, 1)
    assert work_ahead(production, results, Workplace(place.store, tmp_path, jobs=1)) == 1, "a take"
    while work_ahead(production, results, Workplace(place.store, tmp_path, jobs=1)):
        pass
    assert not pieces_of(place.store.root, "render"), "one core is left of two: less than an encoder keeps busy"
    with sampling_meanwhile(production, results, Workplace(place.store, tmp_path, jobs=3)):
        wait_for(place.store.root, "render", 2)
    assert pieces_of(place.store.root, "render").items() <= pieces_of(built.output / "work", "render").items()


def wait_for(root: Path, stage: str, count: int) -> None:
    limit = time.monotonic() + LONGEST_WAIT_S
    while len(pieces_of(root, stage)) < count and time.monotonic() < limit:
        time.sleep(0.1)
    assert len(pieces_of(root, stage)) >= count


def test_nothing_is_made_ahead_before_a_training_has_ended_or_where_it_is_to_be_made_anew(
    built: Built, tmp_path: Path
) -> None:
    production, results, place = with_one_trained(built, tmp_path, 0)
    assert work_ahead(production, results, place) == 0
    production, results, place = with_one_trained(built, tmp_path / "two", 1)
    forced = Workplace(place.store, tmp_path, jobs=2, force=frozenset({"render"}))
    while work_ahead(production, results, forced):
        pass
    assert len(pieces_of(place.store.root, "sample")) == 3
    assert not pieces_of(place.store.root, "render")
