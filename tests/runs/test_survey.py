from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.tensorboard import SummaryWriter

from pipeline.errors import InputError
from pipeline.runs.draft import card_facts, found_lines, production_text, quoted
from pipeline.runs.reading import find_files, read_run
from pipeline.runs.record import Run
from pipeline.runs.settings import RunSettings
from pipeline.runs.survey import Survey, survey_run

Sound = Callable[[Path], Path]


def _read_back(survey: Survey) -> tuple[RunSettings, Run]:
    """Read the run as the production file written for it says."""
    told = tomllib.loads(production_text(survey, "x", f"{survey.folder.name}/"))
    settings = RunSettings.model_validate(told["section"][0]["run"])
    folder = survey.folder.parent
    assert find_files(settings, lambda name, _field: folder / name)[0]
    return settings, read_run(settings, lambda name, _field: folder / name)


def test_a_tts_run_needs_no_editing(tmp_path: Path, sound: Sound) -> None:
    folder = tmp_path / "tts run"
    with SummaryWriter(str(folder / "logs" / "version_0")) as writer:
        for step in range(0, 100, 10):
            writer.add_scalar("loss/g/total", 40 - step / 10, step)
            writer.add_scalar("val/loss", 41 - step / 10, step)
            writer.add_scalar("lr", 0.1, step)
    (folder / "logs" / "version_0" / "metrics.csv").write_text("epoch,step,train_loss\n0,10,3\n0,20,2\n")
    (folder / "config.json").write_text('{"model": {"name": "vits"}}')
    for step in (0, 50, 90):
        sound(folder / "samples" / f"step_{step}.wav")
    survey = survey_run(folder)
    assert survey.settings == {"model.name": "vits"}
    assert any("metrics.csv" in line for line in found_lines(survey))
    settings, run = _read_back(survey)
    assert settings.training_loss == ("loss/g/total",)
    assert [take.iteration for take in run.takes] == [0, 50, 90]
    assert [curve.name for curve in run.curves] == ["loss/g/total", "val/loss"]


def test_sounds_in_event_files_are_found_by_their_tag(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path / "run")) as writer:
        for step in range(3):
            writer.add_scalar("loss", 3 - step, step)
            writer.add_audio("voice", np.zeros((1, 100), dtype=np.float32), step, sample_rate=8000)
    survey = survey_run(tmp_path / "run")
    settings, run = _read_back(survey)
    assert settings.takes == "voice"
    assert len(run.takes) == 3


def test_a_run_of_torch_rnn_is_shown_in_bits(tmp_path: Path) -> None:
    (tmp_path / "cv").mkdir()
    (tmp_path / "cv" / "checkpoint_2.json").write_text(
        json.dumps({"opt": {"rnn_size": 680}, "train_loss_history": [5, 4], "val_loss_history": []})
    )
    survey = survey_run(tmp_path / "cv")
    _settings, run = _read_back(survey)
    assert run.curves[0].unit == "nats"
    assert survey.settings == {"rnn_size": "680"}
    assert any("sounds: none found" in line for line in found_lines(survey))


def test_sounds_with_two_numbers_are_shown_to_choose_from(tmp_path: Path, sound: Sound) -> None:
    for number in range(3):
        sound(tmp_path / "run" / f"a{number}_b{number * 7}.wav")
    survey = survey_run(tmp_path / "run")
    assert survey.takes is None
    text = production_text(survey, "x", "run/")
    assert '# takes = "run/a{iteration}_b*.wav"' in text
    assert '# takes = "run/a*_b{iteration}.wav"' in text
    tomllib.loads(text)
    assert sum("{iteration}" in line for line in found_lines(survey)) == 2


def test_a_folder_without_anything_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing\n")
    with pytest.raises(InputError, match="Neither losses nor sounds") as caught:
        survey_run(tmp_path)
    assert "notes.txt" in caught.value.hint
    with pytest.raises(InputError, match="no such folder"):
        survey_run(tmp_path / "none")


def test_bad_files_beside_a_log_are_notes(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("step,loss\n1,2\n2,1\n")
    (tmp_path / "bad.jsonl").write_bytes(b"\0\1\2")
    (tmp_path / "trainer_state.json").write_text("[" * 100_000)
    (tmp_path / "events.out.tfevents.1").write_bytes(b"\xff" * 100)
    (tmp_path / "loop").symlink_to(tmp_path)
    survey = survey_run(tmp_path)
    assert survey.best is not None
    assert survey.best.name == "metrics.csv"
    assert {note.split()[0] for note in survey.notes} >= {"bad.jsonl", "trainer_state.json"}


def test_of_several_runs_the_one_that_goes_furthest_is_taken_with_its_own_validation(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    for version, last in (("version_0", 5), ("version_1", 9), ("version_2", 3)):
        with SummaryWriter(str(folder / version)) as writer:
            for step in range(last):
                writer.add_scalar("train_loss", 9 - step, step)
                writer.add_scalar("val_loss", 10 - step, step)
    survey = survey_run(folder)
    assert survey.best is not None
    assert (survey.best.training, survey.best.validation) == ("version_1:train_loss", "version_1:val_loss")
    assert any("several runs: version_0, version_1, version_2" in line for line in found_lines(survey))
    assert _read_back(survey)[1].last_iteration == 8


def test_the_validation_may_be_in_a_log_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "train.csv").write_text("step,loss\n100,3\n200,2\n")
    (tmp_path / "run" / "val.csv").write_text("step,val_loss\n100,3.5\n200,2.5\n")
    survey = survey_run(tmp_path / "run")
    assert "validation loss: val_loss, in val.csv" in found_lines(survey)
    assert [curve.name for curve in _read_back(survey)[1].curves] == ["loss", "val_loss"]


def test_sounds_by_epoch_stand_at_the_epochs_of_the_log(tmp_path: Path, sound: Sound) -> None:
    (tmp_path / "run").mkdir()
    rows = [f"{step // 100},{step},{9 - step / 100}" for step in range(0, 400, 50)]
    (tmp_path / "run" / "metrics.csv").write_text("\n".join(["epoch,step,train_loss", *rows]) + "\n")
    for epoch in range(4):
        sound(tmp_path / "run" / "samples" / f"epoch_{epoch:03d}.wav")
    survey = survey_run(tmp_path / "run")
    settings, run = _read_back(survey)
    assert settings.iteration == "epoch"
    assert run.last_iteration == 3
    assert any("numbered by epochs" in line for line in found_lines(survey))


def test_sounds_far_beyond_the_log_are_noted(tmp_path: Path, sound: Sound) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "log.csv").write_text("step,loss\n1,3\n2,2\n")
    for step in (100, 200):
        sound(tmp_path / "run" / f"s_{step}.wav")
    assert any("ends at iteration 2" in line for line in found_lines(survey_run(tmp_path / "run")))


def test_facts_that_tell_most_stand_on_the_card() -> None:
    settings = {
        "a": "1",
        "path": "/x/y",
        "train.batch_size": "32",
        "model.hidden_channels": "192",
        "model.name": "VITS",
    }
    assert card_facts(settings) == {"Model": "VITS", "Hidden channels": "192", "Batch size": "32"}
    assert card_facts({"model": "/data/x.pt", "layers": ""}) == {}


def test_sounds_of_other_endings_are_noted(tmp_path: Path, sound: Sound) -> None:
    for name in ("step_1.wav", "step_2.wav", "step_3.flac", "target.wav"):
        sound(tmp_path / "run" / name)
    assert "note: 2 sounds of other names or endings are not among the takes" in found_lines(
        survey_run(tmp_path / "run")
    )


@given(st.text(max_size=40))
def test_any_text_is_written_so_that_toml_reads_it_again(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    assert tomllib.loads(f"x = {quoted(text)}")["x"] == text
