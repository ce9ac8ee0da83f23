from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.learning.models.checkpoint import load_checkpoint
from pipeline.learning.recipes.recipe import TrainingSettings
from pipeline.learning.training.run import TrainingRun
from pipeline.production.schema import Production
from pipeline.stages import train
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.learning.training.trainings import Listener
from tests.stages import made_up

TRAININGS = [
    {"recipe": "torch-rnn", "iterations": 16, "checkpoint_every": 8, "batch": 8, "sequence": 32, "clock": "none"},
    {"recipe": "modern", "iterations": 12, "checkpoints": 3, "batch": 8, "sequence": 32, "clock": "none"},
]
NETWORKS = [
    {"kind": "lstm", "layers": 1, "neurons": 12, "embedding": 6},
    {"kind": "tiered-lstm", "group": 4, "neurons": 12, "embedding": 6, "fast_neurons": 12},
]


def production(**changes: object) -> Production:
    sections = [
        {"title": str(index), "recordings": ["voice.wav"], "network": network, "training": {**training, **changes}}
        for index, (network, training) in enumerate(zip(NETWORKS, TRAININGS, strict=True))
    ]
    return Production.model_validate({"title": "Two networks", "section": sections})


def workplace(folder: Path, **changes: object) -> Workplace:
    return replace(Workplace(store=Store(folder / "work"), output=folder, device="cpu"), **changes)


def corpora(place: Workplace) -> Results:
    return Results(corpora=tuple(made_up.corpus(place.store, section) for section in range(2)))


def test_each_section_gets_checkpoints_a_log_and_nothing_else(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    results = train.run(production(), corpora(place), place)
    assert [result.record.iterations for result in results.runs] == [16, 12]
    for result in results.runs:
        record = result.record
        own = {name for facts in record.checkpoints for name in (facts.weights_file, facts.json_file)}
        assert {path.name for path in result.folder.iterdir()} == {
            *own, "loss.csv", "record.json", "manifest.json", "continue.safetensors"
        }  # fmt: skip
        assert record.checkpoints[0].iteration == 0
        load_checkpoint(result.path(record.checkpoints[-1].json_file))


def test_what_is_fresh_is_not_trained_again(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    first = train.run(production(), corpora(place), place)
    listener = Listener()
    second = train.run(production(), corpora(place), replace(place, report=listener))
    assert second.runs == first.runs
    assert not listener.done


def test_force_trains_again_and_ends_in_the_same_bytes(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    first = train.run(production(), corpora(place), place)
    listener = Listener()
    second = train.run(production(), corpora(place), replace(place, report=listener, force=frozenset({"train"})))
    assert listener.done
    assert [run.content_hash for run in second.runs] == [run.content_hash for run in first.runs]


def test_an_interrupted_stage_goes_on(tmp_path: Path) -> None:
    place = workplace(tmp_path / "whole")
    expected = train.run(production(), corpora(place), place)
    place = workplace(tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        train.run(production(), corpora(place), replace(place, report=Listener(stop_at=0.01)))
    results = train.run(production(), corpora(place), place)
    assert [run.content_hash for run in results.runs] == [run.content_hash for run in expected.runs]


class LaterSettings(TrainingSettings):
    """The training settings of a later version, with one more."""

    momentum: float = 0.9


def later(film: Production, **changes: object) -> Production:
    """The same production, as a version reads it that knows one more setting."""
    sections = tuple(
        section.model_copy(
            update={"training": LaterSettings.model_validate({**section.training.model_dump(), **changes})}
        )
        for section in film.sections
    )
    return film.model_copy(update={"sections": sections})


def test_a_training_in_flight_goes_on_though_its_settings_have_gained_a_field(tmp_path: Path) -> None:
    film = alone(iterations=40)
    place = workplace(tmp_path)
    results = Results(corpora=(made_up.corpus(place.store, 0),))
    with pytest.raises(KeyboardInterrupt):
        train.run(film, results, replace(place, report=Listener(stop_at=20)))
    listener = Listener()
    train.run(later(film), results, replace(place, report=listener))
    assert min(listener.done) > 0
    assert train.pieces(later(film), results) == train.pieces(film, results)
    assert train.pieces(later(film, momentum=0.8), results) != train.pieces(film, results)


def test_a_training_that_ended_just_before_it_was_published_is_published(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    results = train.run(production(), corpora(place), place)
    piece = train.pieces(production(), corpora(place))[0]
    results.runs[0].folder.rename(place.store.folder(piece).with_name(f"{piece.key}.partial"))
    listener = Listener()
    again = train.run(production(), corpora(place), replace(place, report=listener))
    assert not listener.done
    assert again.runs == results.runs


def test_results_that_earlier_versions_have_trained_are_still_fresh(tmp_path: Path) -> None:
    corpus = replace(made_up.corpus(Store(tmp_path), 0), content_hash="c" * 64)
    expected = {
        (): ("8e6b9c48bf4d0a4b4c83df1f", "6fc03a9c5226b1ceff9f41e1"),
        (("recipe", "torch-rnn"), ("iterations", 16)): ("c7dd4113c29e987abfcbc4bd", "bc25f95cf40139da5604e4b5"),
        (("max_rollbacks", 2),): ("17279253a7d6ff27f582e711", "6562ad11206f0113afd7ba3b"),
        (("rescues", 2),): ("17279253a7d6ff27f582e711", "6562ad11206f0113afd7ba3b"),
        (("schedule", "cosine"),): ("b874ee810dd148a0fd6f94d5", "97f972d62a5298427d29f78a"),
    }
    for settings, keys in expected.items():
        sections = [
            {"title": kind, "network": {"kind": kind}, "training": dict(settings)} for kind in ("lstm", "tiered-lstm")
        ]
        film = Production.model_validate({"title": "Two networks", "section": sections})
        pieces = train.pieces(film, Results(corpora=(corpus, corpus)))
        assert tuple(piece.key for piece in pieces) == keys


def test_a_changed_setting_makes_its_sections_stale_and_no_others(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    results = corpora(place)
    before = [piece.key for piece in train.pieces(production(), results)]
    assert [piece.key for piece in train.pieces(production(), results)] == before
    assert all(key not in before for key in (piece.key for piece in train.pieces(production(seed=7), results)))
    changed = (results.corpora[1], results.corpora[1])
    after = [piece.key for piece in train.pieces(production(), replace(results, corpora=changed))]
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_the_record_can_be_read_back(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    results = train.run(production(), corpora(place), place)
    piece = train.pieces(production(), corpora(place))[1]
    assert place.store.published(piece, TrainingRun).record == results.runs[1].record


def alone(**length: object) -> Production:
    own = {"recipe": "modern", "checkpoints": 6, "batch": 32, "sequence": 32, "clock": "none", **length}
    section = {"title": "One", "recordings": ["voice.wav"], "network": NETWORKS[1], "training": own}
    return Production.model_validate({"title": "One network", "section": [section]})


def test_a_training_made_longer_goes_on_from_the_shorter_one(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    results = Results(corpora=(made_up.corpus(place.store, 0),))
    train.run(alone(iterations=40), results, place)
    listener = Listener()
    longer = train.run(alone(iterations=60), results, replace(place, report=listener)).runs[0].record
    assert longer.iterations == 60
    assert any("goes on from iteration 24" in note for note in listener.notes)
    assert min(listener.done) >= 24


def test_a_training_made_shorter_is_part_of_the_longer_one_and_trains_nothing(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    results = Results(corpora=(made_up.corpus(place.store, 0),))
    long = train.run(alone(iterations=40), results, place).runs[0].record
    listener = Listener()
    short = train.run(alone(iterations=25), results, replace(place, report=listener)).runs[0].record
    assert not listener.done
    assert short.checkpoints == tuple(facts for facts in long.checkpoints if facts.iteration <= 25)


def test_a_training_with_another_seed_begins_anew(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    results = Results(corpora=(made_up.corpus(place.store, 0),))
    train.run(alone(iterations=40), results, place)
    listener = Listener()
    train.run(alone(iterations=60, seed=2), results, replace(place, report=listener))
    assert not any("goes on from" in note for note in listener.notes)


def test_an_interrupted_training_is_shortened_to_what_is_there_and_goes_on_later(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    results = Results(corpora=(made_up.corpus(place.store, 0),))
    with pytest.raises(KeyboardInterrupt):
        train.run(alone(iterations=400), results, replace(place, report=Listener(stop_at=250)))
    here = train.run(alone(iterations=60), results, place).runs[0].record
    assert len(here.checkpoints) >= 2
    assert here.iterations <= 60
    listener = Listener()
    whole = train.run(alone(iterations=400), results, replace(place, report=listener)).runs[0].record
    assert whole.iterations == 400
    assert min(listener.done) >= here.iterations


def test_a_network_left_open_is_chosen_told_and_stays(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    results = Results(corpora=(made_up.corpus(place.store, 0),))
    own = {"recipe": "modern", "batch": 16, "sequence": 32, "iterations": 4, "checkpoints": 2, "clock": "none"}
    section = {"title": "One", "recordings": ["voice.wav"], "network": "auto", "training": own}
    film = Production.model_validate({"title": "One network", "section": [section]})
    assert film.sections[0].corpus.sample_rate_hz == 8000
    listener = Listener()
    first = train.run(film, results, replace(place, report=listener)).runs[0]
    assert any("network = 'auto' is 64 neurons" in note for note in listener.notes)
    assert first.record.network["kind"] == "tiered-lstm"
    again = train.run(film, results, replace(place, report=(quiet := Listener()))).runs[0]
    assert again == first
    assert not quiet.done


def test_a_draft_trains_for_a_short_while_unless_the_whole_training_is_there(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    results = Results(corpora=(made_up.corpus(place.store, 0),))
    full = alone(iterations=40, clock="wall")
    (draft_piece,) = train.pieces(full.draft(), results)
    (full_piece,) = train.pieces(full, results)
    assert draft_piece.key != full_piece.key
    assert draft_piece.ingredients["training"]["minutes"] == train.DRAFT_MINUTES
    train.run(full, results, place)
    (draft_piece,) = train.pieces(full.draft(), results)
    assert draft_piece.key == full_piece.key


def test_minutes_for_the_whole_film_are_shared_by_its_sections() -> None:
    film = production().for_minutes(10, at_once=1)
    assert [section.training.minutes for section in film.sections] == [5, 5]
    assert [section.training.iterations for section in film.sections] == [None, None]
    assert [section.training.minutes for section in production().for_minutes(10, at_once=4).sections] == [10, 10]
