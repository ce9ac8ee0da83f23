"""Sections that another program has trained, through the stages: what is made anew when a log or a sound changes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from pipeline.build.forecast import Ahead, works
from pipeline.build.speeds import Speeds
from pipeline.errors import ProductionError, RecordingError
from pipeline.production.schema import Production, load_production
from pipeline.runs.stored import RunLosses
from pipeline.stages import cards, prepare, render, sample, storyboard, train
from pipeline.stages.shared.delivery import graph_pictures
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store

RATE_HZ = 8000
PRODUCTION = """
title = "A run"
[video]
width = 160
height = 90
frame_rate = 10
title_seconds = 1
credits_seconds = 1
[[section]]
title = "First"
storyboard = {{ takes = {takes}, seconds = 20, card_seconds = 1 }}
[section.run]
log = {log}
takes = "{sounds}"
{more}
"""


@dataclass(frozen=True)
class Film:
    """A run's folder, and the production beside it."""

    folder: Path

    def log(self, *rows: str, name: str = "metrics.csv") -> None:
        (self.folder / name).write_text("step,train_loss,lr,val_loss\n" + "".join(f"{row}\n" for row in rows))

    def sound(self, step: int, pitch_hz: float = 300.0) -> None:
        tone = 0.4 * np.sin(2 * np.pi * pitch_hz * np.arange(RATE_HZ // 4) / RATE_HZ)
        soundfile.write(self.folder / f"step_{step}.wav", tone, RATE_HZ)

    def production(
        self, takes: int = 3, log: str = '"metrics.csv"', more: str = "", sounds: str = "step_{iteration}.wav"
    ) -> Production:
        path = self.folder / "production.toml"
        path.write_text(PRODUCTION.format(takes=takes, log=log, more=more, sounds=sounds))
        return load_production(path)

    def story(self, production: Production) -> Results:
        place = Workplace(store=Store(self.folder / "work"), output=self.folder / "out", jobs=1)
        results = Results()
        for stage in (prepare, train, sample, storyboard):
            results = stage.run(production, results, place)
        return results

    def segments(self, production: Production) -> set[str]:
        """What determines the segments of the picture."""
        place = Workplace(store=Store(self.folder / "work"), output=self.folder / "out", jobs=1)
        results = cards.run(production, self.story(production), place)
        return {piece.key for piece in render.pieces(production, results)}

    def keys(self, production: Production) -> dict[str, list[str]]:
        """What determines each piece of each stage."""
        results = self.story(production)
        found = {stage.__name__.rpartition(".")[2]: stage.pieces(production, results) for stage in (train, sample)}
        found |= {"storyboard": storyboard.pieces(production, results), "cards": cards.pieces(production, results)}
        found["graphs"] = graph_pictures.pieces(production, results)
        return {name: [piece.key for piece in pieces] for name, pieces in found.items()}


@pytest.fixture
def film(tmp_path: Path) -> Film:
    made = Film(tmp_path)
    made.log("100,3,0.1,3.5", "200,2,0.1,", "300,1,0.1,1.5")
    for step in (100, 200, 300):
        made.sound(step)
    return made


def test_a_column_that_is_not_drawn_makes_nothing_anew_but_the_reading(film: Film) -> None:
    before = film.keys(film.production())
    film.log("100,3,0.2,3.5", "200,2,0.2,", "300,1,0.2,1.5")
    after = film.keys(film.production())
    assert before.pop("train") != after.pop("train")
    assert before == after


def test_a_loss_that_changes_makes_its_pictures_anew_and_no_sound(film: Film) -> None:
    production = film.production()
    before, segments = film.keys(production), film.segments(production)
    film.log("100,3,0.1,3.5", "200,2.5,0.1,", "300,1,0.1,1.5")
    after = film.keys(production)
    assert before["sample"] == after["sample"]
    assert before["graphs"] != after["graphs"]
    kept = segments & film.segments(production)
    assert kept, "the title doesn't show it"
    assert kept < segments


def test_one_new_sound_makes_no_other_anew(film: Film) -> None:
    before = film.keys(film.production(takes=9))
    film.sound(250)
    after = film.keys(film.production(takes=9))
    assert len(after["sample"]) == len(before["sample"]) + 1
    assert set(before["sample"]) < set(after["sample"])
    assert before["train"] == after["train"]
    assert before["graphs"] == after["graphs"]
    film.sound(100, pitch_hz=500.0)
    changed = film.keys(film.production(takes=9))
    assert len(set(changed["sample"]) - set(after["sample"])) == 1


def test_a_sound_that_the_storyboard_leaves_out_makes_nothing_anew(film: Film) -> None:
    chosen = "[[section.take]]\niteration = 100\nseconds = 0.2\n[[section.take]]\niteration = 300\nseconds = 0.2"
    before = film.keys(film.production(more=chosen))
    film.sound(250)
    film.sound(200, pitch_hz=700.0)
    assert film.keys(film.production(more=chosen)) == before


def test_fewer_sounds_than_takes_are_all_heard(film: Film) -> None:
    results = film.story(film.production(takes=240))
    assert [take.record.iteration for take in results.takes[0]] == [100, 200, 300]


def test_runs_have_graph_pictures_with_all_their_curves(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_pictures, "picture_size", lambda _: (480, 270))
    production = film.production(more='training_loss = ["train_loss", "lr"]')
    results = film.story(production)
    place = Workplace(store=Store(film.folder / "work"), output=film.folder / "out")
    graph_pictures.run(production, results, place)
    names = sorted(path.name for path in (film.folder / "out" / "graphs").iterdir())
    assert names == sorted(
        f"section-1-{loss}-{time}.png" for loss in ("training", "validation") for time in ("linear", "logarithmic")
    )
    colours = {}
    for name in names:
        with Image.open(film.folder / "out" / "graphs" / name) as image:
            colours[name] = {tuple(colour) for _, colour in image.convert("RGB").getcolors(1 << 24) or ()}
    further = colours["section-1-training-linear.png"] - colours["section-1-validation-linear.png"]
    assert (0x4F, 0xD1, 0xA5) in further


def test_a_curve_in_two_logs_goes_on_from_one_to_the_other(film: Film) -> None:
    film.log("300,9,0.1,9", "400,0.5,0.1,0.7", name="later.csv")
    record = film.story(film.production(log='["metrics.csv", "later.csv"]')).runs[0].record
    assert isinstance(record, RunLosses)
    folder = film.story(film.production(log='["metrics.csv", "later.csv"]')).runs[0].folder
    training, validation = record.curves
    assert np.load(folder / training.iterations_file).tolist() == [100, 200, 300, 400]
    assert np.load(folder / training.values_file).tolist() == [3, 2, 9, 0.5]
    assert np.load(folder / validation.iterations_file).tolist() == [100, 300, 400]


def test_a_run_without_any_sound_that_can_be_used_is_an_error_that_names_it(film: Film) -> None:
    (film.folder / "step_200.wav").write_text("no sound at all")
    with pytest.raises(RecordingError, match="text file") as raised:
        film.story(film.production())
    assert "step_200.wav" in str(raised.value.where)


def test_reading_logs_and_decoding_sounds_is_foreseen(film: Film) -> None:
    production = film.production()
    place = Workplace(store=Store(film.folder / "work"), output=film.folder / "out", jobs=2)
    speeds = Speeds(film.folder / "cache")
    ahead = Ahead(production, Results(), ("train", "sample"), {"train": (True,), "sample": None})
    small = [(one.stage, one.seconds) for one in works(ahead, place, speeds)]
    assert [stage for stage, _ in small] == ["train", "sample"]
    film.log(*(f"{step},3,0.1,3.5" for step in range(20_000)))
    for step in range(1000, 1020):
        film.sound(step)
    large = [one.seconds for one in works(replace(ahead, production=film.production(takes=20)), place, speeds)]
    assert all(more > less for more, (_, less) in zip(large, small, strict=True))


@pytest.mark.parametrize(
    ("takes", "expected"),
    [
        ("stp_{iteration}.wav", r"Did you mean step_{iteration}.wav \(100, 200, 300\)"),
        ("run/../step_{iteration}.wav", "stays within"),
        ("step_*.wav", "{iteration} where the number stands"),
        ("step_{step}.wav", "{iteration} where the number stands"),
    ],
)
def test_takes_that_are_named_wrongly_are_told_what_there_is(film: Film, takes: str, expected: str) -> None:
    with pytest.raises(ProductionError) as raised:
        film.story(film.production(sounds=takes))
    assert re.search(expected, str(raised.value))
