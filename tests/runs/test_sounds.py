from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ProductionError
from pipeline.runs.reading import find_files, read_run
from pipeline.runs.settings import RunSettings
from pipeline.runs.sounds import candidates, choose, pattern_of_folder, write_sound
from pipeline.runs.take_patterns import takes_of_pattern

Resolve = Callable[[str, str], Path]
Sound = Callable[[Path], Path]


@pytest.mark.parametrize(
    ("names", "pattern", "numbers"),
    [
        (["a_1000.wav", "a_2000.wav"], "a_{iteration}.wav", (1000, 2000)),
        (["epoch=12-step=3400.flac", "epoch=13-step=3600.flac"], "epoch=*-step={iteration}.flac", (3400, 3600)),
        (["1000/sample.mp3", "2000/sample.mp3"], "{iteration}/sample.mp3", (1000, 2000)),
        (["G_20000/out.wav", "G_40000/out.wav"], "G_{iteration}/out.wav", (20000, 40000)),
        (["1000/s_1000.wav", "2000/s_2000.wav"], "*/s_{iteration}.wav", (1000, 2000)),
        (["step_0010_sent_0.wav", "step_0020_sent_1.wav"], "step_{iteration}_sent_*.wav", (10, 20)),
        (["mel-22khz_100.wav", "mel-22khz_200.wav"], "mel-22khz_{iteration}.wav", (100, 200)),
    ],
)
def test_the_number_that_varies_is_the_iteration(names: list[str], pattern: str, numbers: tuple[int, ...]) -> None:
    chosen = choose(candidates(names))
    assert chosen is not None
    assert chosen.numbers == numbers
    assert chosen.pattern in {pattern, pattern.replace("*/s_{iteration}", "{iteration}/s_*")}


def test_two_numbers_that_vary_are_an_error_that_shows_both(tmp_path: Path, sound: Sound) -> None:
    for number in range(3):
        sound(tmp_path / f"a{number}_b{number * 100}.wav")
    with pytest.raises(ProductionError, match="Several numbers vary") as caught:
        pattern_of_folder(tmp_path, "run, takes")
    assert "a{iteration}_b*.wav (0, 1, 2)" in caught.value.hint
    assert "a*_b{iteration}.wav (0, 100, 200)" in caught.value.hint


def test_sounds_without_losses_are_a_run(tmp_path: Path, sound: Sound, resolve: Resolve) -> None:
    for number in (100, 20, 3000):
        sound(tmp_path / "samples" / f"step_{number}.wav")
    settings = RunSettings.model_validate({"takes": "samples/step_{iteration}.wav"})
    run = read_run(settings, resolve)
    assert [take.iteration for take in run.takes] == [20, 100, 3000]
    assert run.curves == ()
    assert run.last_iteration == 3000
    assert find_files(settings, resolve)[1] == list(run.takes)
    folder = read_run(RunSettings.model_validate({"takes": "samples"}), resolve)
    assert folder.takes == run.takes


def test_losses_without_sounds_are_a_run(tmp_path: Path, resolve: Resolve) -> None:
    (tmp_path / "log.csv").write_text("step,loss\n1,2\n2,1\n")
    run = read_run(RunSettings.model_validate({"log": "log.csv"}), resolve)
    assert run.takes == ()
    assert len(run.curves) == 1


def test_listed_takes_are_sorted_and_missing_ones_named(tmp_path: Path, sound: Sound, resolve: Resolve) -> None:
    sound(tmp_path / "b.wav")
    sound(tmp_path / "a.wav")
    listed = [{"iteration": 5, "file": "b.wav"}, {"iteration": 1, "file": "a.wav"}]
    run = read_run(RunSettings.model_validate({"takes": listed}), resolve)
    assert [(take.iteration, take.path.name) for take in run.takes] == [(1, "a.wav"), (5, "b.wav")]
    with pytest.raises(ProductionError, match="no such sound"):
        read_run(RunSettings.model_validate({"takes": [*listed, {"iteration": 9, "file": "c.wav"}]}), resolve)
    write_sound(run.takes[0], tmp_path / "copy.wav")
    assert (tmp_path / "copy.wav").read_bytes() == (tmp_path / "a.wav").read_bytes()


def test_of_one_iteration_the_first_by_name_is_taken(tmp_path: Path, sound: Sound) -> None:
    for name in ("step_1_sent_0.wav", "step_1_sent_1.wav", "step_2_sent_0.wav"):
        sound(tmp_path / name)
    notes: list[str] = []
    takes = takes_of_pattern(tmp_path, "step_{iteration}_sent_*.wav", "takes", notes)
    assert [take.path.name for take in takes] == ["step_1_sent_0.wav", "step_2_sent_0.wav"]
    assert "left out: 1 sound" in notes[0]


def test_a_pattern_that_finds_nothing_says_what_lies_there(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "samples" / "take_7.wav")
    with pytest.raises(ProductionError, match="No sound fits") as caught:
        takes_of_pattern(tmp_path, "samples/step_{iteration}.wav", "takes", [])
    assert "take_7.wav" in caught.value.hint


def test_links_out_of_the_folder_are_refused(tmp_path: Path, sound: Sound) -> None:
    outside = sound(tmp_path / "outside" / "x.wav")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "step_1.wav").symlink_to(outside)
    with pytest.raises(ProductionError, match="leads out"):
        takes_of_pattern(tmp_path / "run", "step_{iteration}.wav", "takes", [])
    (tmp_path / "run" / "step_1.wav").unlink()
    (tmp_path / "run" / "1").symlink_to(outside.parent)
    with pytest.raises(ProductionError, match="leads out"):
        takes_of_pattern(tmp_path / "run", "{iteration}/x.wav", "takes", [])


@given(st.lists(st.text(alphabet="ab01_/", min_size=1, max_size=12), max_size=12))
def test_candidates_never_climb_and_each_has_its_number(names: list[str]) -> None:
    for one in candidates([f"{name.strip('/') or 'x'}.wav" for name in names]):
        assert one.pattern.count("{iteration}") == 1
        assert len(one.numbers) > 1


def test_a_pattern_of_many_stars_costs_no_time(tmp_path: Path) -> None:
    name = "a" * 240
    for number in range(6):
        (tmp_path / f"{name}{number}.wav").touch()
    began = time.process_time()
    with pytest.raises(ProductionError):
        takes_of_pattern(tmp_path, "*a" * 40 + "{iteration}b.wav", "takes", [])
    assert time.process_time() - began < 4


def test_an_unknown_tag_is_answered_with_those_that_exist(tmp_path: Path, resolve: Resolve) -> None:
    (tmp_path / "log.csv").write_text("step,loss\n1,2\n2,1\n")
    with pytest.raises(ProductionError) as caught:
        read_run(RunSettings.model_validate({"log": "log.csv", "takes": "audio"}), resolve)
    assert "neither a folder nor a tag" in caught.value.what
