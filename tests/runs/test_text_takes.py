"""Takes that are text: what torch-rnn samples from a text that `to-text` made."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio.quantise import dequantise, quantise
from pipeline.byte_text.codec import bytes_to_text
from pipeline.byte_text.table import ByteTable, table_text
from pipeline.errors import ProductionError, TextError
from pipeline.runs.draft import found_lines, production_text
from pipeline.runs.reading import find_files, read_run
from pipeline.runs.settings import RunSettings
from pipeline.runs.sounds import write_sound
from pipeline.runs.survey import survey_run
from pipeline.runs.text_takes import is_sampled_text

Resolve = Callable[[str, str], Path]
TONE = 0.4 * np.sin(np.arange(4000) / 7)
OTHERS = ByteTable("".join(map(chr, range(0x4E00, 0x4F00))))


def _text(path: Path, *, begins: str = "", table: ByteTable | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = quantise(TONE, "linear-u8").tobytes()
    path.write_text(begins + (bytes_to_text(data, table) if table else bytes_to_text(data)) + "\n", encoding="utf-8")
    return path


def test_texts_become_sound_at_the_rate_that_is_named(tmp_path: Path, resolve: Resolve) -> None:
    for number in (1000, 2000):
        _text(tmp_path / "samples" / f"{number}.txt", begins="\n\n")
    text = {"sample_rate_hz": 22_050}
    run = read_run(RunSettings.model_validate({"takes": "samples/{iteration}.txt", "text": text}), resolve)
    assert [take.iteration for take in run.takes] == [1000, 2000]
    write_sound(run.takes[0], tmp_path / "take.wav")
    heard, rate = soundfile.read(tmp_path / "take.wav")
    assert rate == 22_050
    np.testing.assert_allclose(heard, dequantise(quantise(TONE, "linear-u8"), "linear-u8"), atol=1e-4)
    folder = read_run(RunSettings.model_validate({"takes": "samples", "text": text}), resolve)
    assert folder.takes == run.takes


def test_texts_of_another_table_are_read_by_it_and_it_counts(tmp_path: Path, resolve: Resolve) -> None:
    _text(tmp_path / "s_1.txt", table=OTHERS)
    _text(tmp_path / "s_2.txt", table=OTHERS)
    (tmp_path / "table.txt").write_text(table_text(OTHERS), encoding="utf-8")
    takes: dict[str, object] = {"takes": "s_{iteration}.txt"}
    text = {"sample_rate_hz": 8000, "encoding": "mu-law", "table": "table.txt"}
    settings = RunSettings.model_validate({**takes, "text": text})
    run = read_run(settings, resolve)
    write_sound(run.takes[1], tmp_path / "take.wav")
    heard = soundfile.read(tmp_path / "take.wav")[0]
    np.testing.assert_allclose(heard, dequantise(quantise(TONE, "linear-u8"), "mu-law"), atol=1e-4)
    assert find_files(settings, resolve)[0] == [tmp_path / "table.txt"]
    ours = RunSettings.model_validate({**takes, "text": {"sample_rate_hz": 8000}})
    with pytest.raises(TextError, match="4,000 characters of this text stand for no byte"):
        write_sound(read_run(ours, resolve).takes[0], tmp_path / "none.wav")


def test_texts_without_a_sample_rate_are_an_error_that_says_what_to_add(tmp_path: Path, resolve: Resolve) -> None:
    _text(tmp_path / "s_1.txt")
    with pytest.raises(ProductionError, match="is text") as caught:
        read_run(RunSettings.model_validate({"takes": "s_{iteration}.txt"}), resolve)
    assert "sample_rate_hz" in caught.value.hint
    (tmp_path / "s_1.txt").write_text("\n")
    run = read_run(
        RunSettings.model_validate({"takes": "s_{iteration}.txt", "text": {"sample_rate_hz": 8000}}), resolve
    )
    with pytest.raises(TextError, match="no sample"):
        write_sound(run.takes[0], tmp_path / "none.wav")


def test_a_folder_of_torch_rnn_needs_no_editing(tmp_path: Path, resolve: Resolve) -> None:
    for number in (1000, 2000):
        history = {"train_loss_history": [5.0] * number, "val_loss_history": [4.5], "val_loss_history_it": [number]}
        _text(tmp_path / "cv" / f"sample_{number}.txt")
        (tmp_path / "cv" / f"checkpoint_{number}.json").write_text(json.dumps({"opt": {"rnn_size": 680}, **history}))
    survey = survey_run(tmp_path / "cv")
    assert "texts: 2, iteration 1,000 to 2,000: sample_{iteration}.txt" in found_lines(survey)
    section = tomllib.loads(production_text(survey, "x", "cv/"))["section"][0]
    assert section["run"]["text"] == {"sample_rate_hz": 11025, "encoding": "linear-u8"}
    run = read_run(RunSettings.model_validate(section["run"]), resolve)
    assert run.takes[0].text is not None
    assert run.curves[0].iterations.size == 2000


def test_prose_and_logs_are_no_sampled_text(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    for text in ("plain words " * 100, "Слова и слова\n" * 100, "iter 1: loss 2\n" * 100, "я" * 50):
        path.write_text(text, encoding="utf-8")
        assert not is_sampled_text(path)
    assert is_sampled_text(_text(path))
