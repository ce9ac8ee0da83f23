"""What a build will take: from counts and speeds, told before the first long stage, remembered after it."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.build import estimate, forecast, song_amounts, speeds
from pipeline.build.estimate import TrainingAhead, film_seconds, side_by_side_s
from pipeline.build.films import survey_all, time_ahead
from pipeline.build.forecast import Ahead, works
from pipeline.build.speeds import BELIEVED, Speeds, cache_folder
from pipeline.build.stage_order import STAGES, build
from pipeline.cli.app import run
from pipeline.learning.models.network import parse_network
from pipeline.learning.recipes.recipe import TrainingSettings
from pipeline.production.schema import Production, load_production
from pipeline.runtime.progress.reporter import Silence, WorkStart, WorkTime, stage_seconds
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.faults.tiny import make_small
from tests.song.tunes import midi_bytes

SECTION = {"title": "One", "recordings": ["voice.wav"]}
LSTM = {"kind": "lstm", "layers": 2, "neurons": 128, "embedding": 64}


def production(*sections: dict[str, Any], **changes: Any) -> Production:
    return Production.model_validate(
        {"title": "A film", "section": [{**SECTION, **own} for own in sections], **changes}
    )


def workplace(folder: Path, **changes: Any) -> Workplace:
    return replace(Workplace(Store(folder / "work"), folder, device="cpu", jobs=2), **changes)


def ahead(train_bytes: float, **training: Any) -> TrainingAhead:
    return TrainingAhead(parse_network(LSTM), TrainingSettings.model_validate(training), train_bytes)


# Counts


@pytest.mark.parametrize(
    ("training", "iterations"),
    [
        ({"iterations": 500}, 500),
        ({"epochs": 2, "batch": 10, "sequence": 100}, 200),
        ({"epochs": 2, "iterations": 50, "batch": 10, "sequence": 100}, 50),
        ({"batch": 10, "sequence": 100}, 2000),  # 20 epochs
        ({"minutes": 5}, None),
        ({"minutes": 5, "iterations": 30}, 30),
    ],
)
def test_iterations_are_those_of_the_training(training: dict[str, Any], iterations: int | None) -> None:
    assert ahead(100_000, **training).iterations == iterations


def test_minutes_are_believed_where_nothing_ends_before() -> None:
    def time(**training: Any) -> WorkTime:
        return ahead(1e6, **training).time(Speeds(None), device="cpu", threads=1, core_flops=4e10)

    assert time(minutes=5) == WorkTime("train", 300.0, "set")
    assert time(minutes=5, iterations=10**8) == WorkTime("train", 300.0, "set")
    short = time(minutes=5, iterations=100, recipe="torch-rnn")
    assert (short.basis, short.stage) == ("guessed", "train")
    assert 6.0 < short.seconds < 30.0


@given(st.lists(st.floats(0.1, 1e4), min_size=1, max_size=8), st.integers(1, 4))
def test_side_by_side_takes_between_the_longest_and_all_after_one_another(seconds: list[float], workers: int) -> None:
    together = side_by_side_s(seconds, workers)
    assert together >= max(*seconds, sum(seconds) / workers) - 1e-6
    assert together <= sum(seconds) + 1e-6
    assert side_by_side_s(seconds, 1) == pytest.approx(sum(seconds))


def test_the_film_s_length_is_that_of_its_parts() -> None:
    film = production(
        {"storyboard": {"takes": 3, "seconds": 20, "card_seconds": 5, "recording_seconds": 4}},
        {"storyboard": {"take": [{"iteration": 1, "seconds": 3}, {"iteration": "last", "seconds": 4}]}},
        video={"title_seconds": 2, "comparison_seconds": 3, "credits_seconds": 4},
        insert=[{"file": "a.mp4", "seconds": 6}],
    )
    assert film_seconds(film) == (2 + 3 + 4) + (5 + 4 + 20) + (5 + 4 + 7) + 6


def test_songs_count_in_the_length_and_in_what_is_to_be_made(tmp_path: Path) -> None:
    path = make_small(tmp_path / "film")
    path.with_name("tune.mid").write_bytes(midi_bytes([[(0, 8, 60), (8, 8, 62)]], beats_per_minute=60))
    song = '\n[[song]]\ntitle = "It sings"\nmelody = "tune.mid"\n[[song.voice]]\nvoice = "recording 1"\n'
    plain = load_production(path)
    path.write_text(path.read_text() + song + "[[song.voice]]\nvoice = 'section 1'\n")
    film, place = load_production(path), workplace(tmp_path)
    assert song_amounts.film_seconds(film) == pytest.approx(film_seconds(plain) + 1 + 16 + 1.5)
    whole = works(Ahead(film, Results(), ("sample",), {}), place, Speeds(None))
    assert len(whole) == 2
    takes = len(works(Ahead(plain, Results(), ("sample",), {}), place, Speeds(None)))
    assert takes == 1
    (sung,) = works(
        Ahead(film, Results(), ("sample",), {"sample": (*[False] * 4, True, False, True)}), place, Speeds(None)
    )
    assert sung.seconds == pytest.approx(whole[1].seconds * 2 / 3)
    path.with_name("tune.mid").unlink()
    assert song_amounts.film_seconds(film) == film_seconds(plain)


def test_every_stage_is_estimated_in_the_order_of_the_works(tmp_path: Path) -> None:
    film = load_production(make_small(tmp_path / "film"))
    whole = Ahead(film, Results(), STAGES, {})
    told = works(whole, workplace(tmp_path), Speeds(None))
    assert list(stage_seconds(told)) == list(STAGES)
    assert all(one.seconds > 0 for one in told)
    assert sum(one.stage == "compose" for one in told) == 2
    cuts = Production.model_validate({**film.model_dump(by_alias=True), "cut": [{"name": "short", "seconds": 10}]}).cuts
    with_cut = works(replace(whole, cuts=cuts), workplace(tmp_path), Speeds(None))
    assert [one.stage for one in with_cut[len(told) :]] == ["storyboard", "cards", "render", "compose", "compose"]


def test_a_draft_trains_for_a_short_while_and_a_network_that_is_to_be_chosen_counts(tmp_path: Path) -> None:
    path = make_small(tmp_path / "film")
    path.write_text(path.read_text().replace('clock = "none"\n', "").replace("iterations = 40", "iterations = 9999999"))
    film = load_production(path)
    whole = works(Ahead(film, Results(), ("train",), {}), workplace(tmp_path), Speeds(None))
    draft = works(Ahead(film.draft(), Results(), ("train",), {}), workplace(tmp_path), Speeds(None))
    assert draft == [WorkTime("train", 120.0, "set")]
    assert whole[0].seconds > 1000
    open_ = film.model_copy(update={"sections": (film.sections[0].model_copy(update={"network": "auto"}),)})
    assert works(Ahead(open_, Results(), ("train", "sample"), {}), workplace(tmp_path), Speeds(None))[0].seconds > 1000


def test_what_is_fresh_takes_no_time_and_a_part_a_part_of_it(tmp_path: Path) -> None:
    film = load_production(make_small(tmp_path / "film"))
    place, known = workplace(tmp_path), Speeds(None)
    whole = works(Ahead(film, Results(), ("render",), {}), place, known)[0].seconds
    half = works(Ahead(film, Results(), ("render",), {"render": (True, False)}), place, known)[0].seconds
    assert half < whole
    assert works(Ahead(film, Results(), ("render",), {"render": (False, False)}), place, known) == []


# Speeds


def test_a_higher_speed_is_believed_at_once_and_a_lower_one_halfway(tmp_path: Path) -> None:
    first = Speeds(tmp_path / "cache")
    first.learn({"render/x264/web/": 100.0, "nonsense": float("inf"), "still": 0.0})
    again = Speeds(tmp_path / "cache")
    assert "render/x264/web/" in again
    assert again.of("render/x264/web/", 1.0) == 100.0
    assert again.of("still", 7.0) == 7.0
    again.learn({"render/x264/web/": 400.0})
    assert Speeds(tmp_path / "cache").of("render/x264/web/", 1.0) == pytest.approx(400.0)
    again.learn({"render/x264/web/": 100.0})
    assert Speeds(tmp_path / "cache").of("render/x264/web/", 1.0) == pytest.approx(200.0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[1, 2]",
        "[" * 100_000,
        '{"a": "fast", "b": null, "c": -1, "d": NaN, "e": Infinity, "f": 1e400}',
        '{"' + "x" * 5000 + '": 1}',
        "9" * 5000,
        '{"a": ' + "9" * 4000 + "}",
    ],
)
def test_a_file_that_holds_nonsense_is_no_memory(tmp_path: Path, text: str) -> None:
    (tmp_path / "speeds.json").write_text(text, encoding="utf-8")
    known = Speeds(tmp_path)
    assert known._known == {}
    known.learn({"render": 5.0})
    assert Speeds(tmp_path).of("render", 1.0) == 5.0


def test_the_memory_is_bounded_and_forgets_the_oldest(tmp_path: Path) -> None:
    known = Speeds(tmp_path)
    known.learn({f"train/{number}": 1.0 for number in range(500)})
    again = Speeds(tmp_path)
    assert len(again._known) == 200
    assert "train/499" in again
    assert "train/0" not in again


def test_a_place_that_can_t_be_written_is_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    Speeds(tmp_path / "file").learn({"render": 5.0})
    monkeypatch.setenv(speeds.FOLDER_VARIABLE, "")
    assert cache_folder() is None
    monkeypatch.setenv(speeds.FOLDER_VARIABLE, str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv(speeds.FOLDER_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder() == tmp_path / "build-video"
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert cache_folder() is None


# Told and remembered


class Listener(Silence):
    def __init__(self) -> None:
        self.heard: list[str] = []
        self.expected: list[tuple[WorkTime, ...]] = []

    def begin(self, work: WorkStart) -> None:
        self.heard.append(work.stage)

    def expect(self, works: Any) -> None:
        self.expected.append(tuple(works))

    def note(self, text: str) -> None:
        self.heard.append(text)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Production, Workplace, Listener, Path]:
    folder = tmp_path_factory.mktemp("told")
    path, listener = make_small(folder / "film"), Listener()
    path.write_text(path.read_text().replace('clock = "none"\n', ""))
    film = load_production(path)
    place = workplace(folder / "out", report=listener, jobs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(speeds.FOLDER_VARIABLE, str(folder / "cache"))
        patch.setattr(forecast, "_SHORTEST_S", 0.0)
        patch.setattr(estimate, "_PROCESS_START_S", 0.0)
        build(film, place)
    return film, place, listener, folder / "cache"


def test_one_line_before_the_first_long_stage_says_what_all_takes(told: Any) -> None:
    _, _, listener, _ = told
    lines = [line for line in listener.heard if line.startswith("This takes about ")]
    assert len(lines) == 1
    assert listener.heard.index(lines[0]) < listener.heard.index("train")
    for stage in ("train", "sample", "render", "compose"):
        assert f"{stage} " in lines[0]
    assert "guessed" in lines[0]
    first = [one.stage for one in listener.expected[0]]
    assert first[0] == "prepare"
    assert first[-1] == "compose"


def test_speeds_are_remembered_and_a_second_build_tells_no_guess(told: Any, tmp_path: Path) -> None:
    film, _, _, cache = told
    names = set(json.loads((cache / "speeds.json").read_text()))
    assert {"prepare", "compose/film"} <= names
    assert any(name.startswith("render/x264/") for name in names)
    assert any(name.startswith("sample/lstm/") for name in names)
    known = Speeds(cache)
    assert any(name.startswith("train/lstm/torch-rnn/") for name in names)
    again = works(
        Ahead(film, Results(), ("train", "sample", "render", "compose"), {}), workplace(tmp_path, jobs=1), known
    )
    assert {one.basis for one in again} == {"remembered"}


def test_a_fresh_film_takes_no_time(told: Any) -> None:
    film, place, _, _ = told
    listener = Listener()
    build(film, replace(place, report=listener))
    assert listener.expected == []
    assert not [line for line in listener.heard if line.startswith("This takes")]
    assert time_ahead(survey_all(film, place), film, place) == []


def test_only_what_is_stale_counts(told: Any) -> None:
    film, place, _, _ = told
    video = film.video.model_copy(update={"crf": 30})
    other = film.model_copy(update={"video": video})
    seconds = stage_seconds(time_ahead(survey_all(other, place), other, place))
    assert list(seconds) == ["render", "compose"]


def test_an_interrupted_training_counts_from_where_it_stands(told: Any, tmp_path: Path) -> None:
    film, place, _, _ = told
    store = Store(tmp_path / "work")
    watch = forecast.Forecast(film, replace(place, store=store), ("train",))
    from pipeline.stages import train  # noqa: PLC0415

    results = Results(corpora=build(film, place, "prepare").corpora)
    piece = train.pieces(film, results)[0]
    assert watch._trained_share(piece) == 0.0
    folder = store.partial(piece)
    (folder / "planned.json").write_text('{"checkpoints": [0, 50, 100], "cores": 1}')
    (folder / "weights-000050.json").write_text("{}")
    assert watch._trained_share(piece) == 0.5
    (folder / "planned.json").write_text("{}")
    assert watch._trained_share(piece) == 0.0


def test_a_dry_run_tells_the_time_by_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    film = make_small(tmp_path / "film")
    monkeypatch.chdir(tmp_path)
    assert run([str(film), "--dry-run"]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("This takes about ")
    assert "train " in line
    assert run([str(film), "--dry-run", "--json"]) == 0
    stages = {one["stage"]: one["seconds"] for one in json.loads(capsys.readouterr().out)}
    assert list(stages) == list(STAGES)
    assert stages["train"] > 0
    assert run(["status", str(film), "--json"]) == 0
    assert all("seconds" not in one for one in json.loads(capsys.readouterr().out))
    assert not (tmp_path / "out").exists()
    text = film.read_text(encoding="utf-8")
    film.write_text(text + '\n[[section.caption]]\ntext = "{{ nonsense }}"\nbelow_bits = 5\n', encoding="utf-8")
    assert run([str(film), "--dry-run"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_what_small_works_taught_is_believed_within_a_factor_of_four_of_the_guess(tmp_path: Path) -> None:
    speeds = Speeds(tmp_path)
    speeds.learn({"render/x264/web/": 1.0, "quick": 1e12})
    assert speeds.of("render/x264/web/", 100.0, within=BELIEVED) == 25.0
    assert speeds.of("quick", 100.0, within=BELIEVED) == 400.0
    assert speeds.of("unknown", 100.0, within=BELIEVED) == 100.0
