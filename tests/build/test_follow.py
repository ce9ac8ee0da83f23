"""Checkpoints that speak while the training goes on."""

import time
from pathlib import Path

import pytest

from pipeline.build.follow import follow_another, sampling_meanwhile
from pipeline.learning.sampling.take import Take
from pipeline.learning.training.run import PLAN_FILE, CheckpointPlan
from pipeline.production.schema import Production
from pipeline.stages import sample, train
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Piece
from tests.learning.models.networks import save_random_checkpoint
from tests.stages.test_sample import ITERATIONS, NETWORK, Listener, production, results, workplace
from tests.store.test_lock import hold

__all__ = ["results"]

LONGEST_WAIT_S = 60.0


def begin_training(film: Production, corpora: Results, place: Workplace, cores: int) -> Path:
    """Leave what a training leaves that has saved its first two checkpoints."""
    folder = place.store.partial(train.pieces(film, corpora)[0])
    for iteration in ITERATIONS[:2]:
        save_random_checkpoint(folder, NETWORK, iteration)
    plan = CheckpointPlan(checkpoints=ITERATIONS, cores=cores)
    (folder / PLAN_FILE).write_text(plan.model_dump_json(), encoding="utf-8")
    return folder


def takes(place: Workplace) -> list[Path]:
    return [path for path in (place.store.root / sample.STAGE).glob("*/take.npy") if ".partial" not in str(path)]


def wait_for_takes(place: Workplace, count: int) -> None:
    began = time.monotonic()
    while len(takes(place)) < count and time.monotonic() - began < LONGEST_WAIT_S:
        time.sleep(0.1)
    assert len(takes(place)) == count


def with_jobs(place: Workplace, jobs: int) -> Workplace:
    return Workplace(store=place.store, output=place.output, jobs=jobs)


def test_spare_cores_make_takes_while_a_training_runs(results: Results, tmp_path: Path) -> None:
    film, place = production(), with_jobs(workplace(tmp_path), 2)
    corpora = Results(corpora=results.corpora)
    folder = begin_training(film, corpora, place, cores=1)
    with sampling_meanwhile(film, corpora, place):
        wait_for_takes(place, 2)
        save_random_checkpoint(folder, NETWORK, ITERATIONS[3])
        wait_for_takes(place, 3)
    done = [piece for piece in sample.pieces(film, results) if place.store.state(piece).state == "fresh"]
    assert [place.store.published(piece, Take).record.iteration for piece in done] == [0, 10, 1000]


def test_a_training_that_keeps_all_cores_busy_is_left_alone(results: Results, tmp_path: Path) -> None:
    film, place = production(), with_jobs(workplace(tmp_path), 2)
    corpora = Results(corpora=results.corpora)
    begin_training(film, corpora, place, cores=2)
    with sampling_meanwhile(film, corpora, place):
        time.sleep(4.0)
    assert not takes(place)


def test_a_training_in_another_process_is_followed_until_that_ends(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, place = production(), workplace(tmp_path)
    begin_training(film, Results(corpora=results.corpora), place, cores=1)
    monkeypatch.setattr("pipeline.build.follow.prepared", lambda *_: Results(corpora=results.corpora))
    holder = hold(place.store.root)
    rounds: list[float] = []

    def tire(seconds: float) -> None:
        rounds.append(seconds)
        holder.kill()
        holder.wait()

    monkeypatch.setattr("pipeline.build.follow.time.sleep", tire)
    try:
        assert follow_another(film, place)
    finally:
        holder.kill()
        holder.communicate()
    assert rounds
    assert len(takes(place)) == 2
    assert isinstance(place.report, Listener)
    notes = [note for note in place.report.notes if "a take of" in note]
    for iteration, note in zip(ITERATIONS[:2], notes, strict=True):
        assert f"iteration {iteration:,}, a take of" in note
        assert Path(note.rpartition(": ")[2]).is_file()


def test_a_published_training_ends_the_following(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, place = production(), workplace(tmp_path)
    monkeypatch.setattr("pipeline.build.follow.prepared", lambda *_: Results(corpora=results.corpora))
    piece: Piece = train.pieces(film, Results(corpora=results.corpora))[0]
    with place.store.publish(piece) as folder:
        (folder / "record.json").write_text("{}", encoding="utf-8")
    holder = hold(place.store.root)
    try:
        assert not follow_another(film, place)
    finally:
        holder.kill()
        holder.communicate()
