from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.cli.app import run


def test_import_says_what_it_has_found_and_writes_a_production(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "train.log").write_text("iter 1: loss 2.5\niter 2: loss 2.25\n")
    assert run(["import", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "log: train.log (text logs): loss, up to iteration 2" in out
    assert "validation loss: none found" in out
    assert (tmp_path / "run.toml").is_file()
    assert run(["import", "--help"]) == 0
    assert "training run" in capsys.readouterr().out
    assert run(["import", str(folder)]) == 2
    assert run(["import", str(folder), "--add", str(tmp_path / "run.toml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["file"].endswith("run.toml")


def test_a_folder_that_is_not_there_is_the_persons_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
