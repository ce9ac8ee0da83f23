"""An ffmpeg that is missing, fails, talks nonsense, hangs or dies: one clear error, and the same film afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.app import run as run_command
from pipeline.errors import BuildVideoError, FfmpegError
from pipeline.ffmpeg.process import OVERRIDE_VARIABLE, ffmpeg_path
from tests.faults.conftest import Reference, copy_before
from tests.faults.tiny import build_here, half_published, results


def stand_in(folder: Path, script: str) -> str:
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 1", "ffmpeg failed with exit status 1"),
        ("echo nonsense", "does not answer as ffmpeg does"),
        ("kill -9 $$", "ended by signal 9"),
        ("sleep 60", "took longer than"),
        ("exec /nowhere/at/all", "exit status 127"),
        (None, OVERRIDE_VARIABLE),
    ],
)
def test_a_broken_or_missing_ffmpeg_is_told_before_anything_is_trained(
    reference: Reference, tmp_path: Path, script: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = copy_before(reference, "train", tmp_path)
    named = str(tmp_path / "nowhere") if script is None else stand_in(tmp_path, script)
    monkeypatch.setenv(OVERRIDE_VARIABLE, named)
    monkeypatch.setattr("pipeline.ffmpeg.health._PATIENCE_S", 1.0)
    with pytest.raises(FfmpegError) as caught:
        build_here(reference.production, output)
    assert words in str(caught.value)
    assert not list(output.glob("work/train/*/*.safetensors"))


BREAKS = ["exit 1", "echo nonsense nonsense nonsense", "head -c 300000 /dev/zero", "kill -9 $$"]


@pytest.mark.parametrize("script", BREAKS)
@pytest.mark.parametrize("stage", ["prepare", "render", "compose"])
def test_an_ffmpeg_that_breaks_later_is_told_in_one_error(
    reference: Reference, tmp_path: Path, stage: str, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = copy_before(reference, stage, tmp_path)
    wrapped = f'case "$*" in *-version*) exec "{ffmpeg_path()}" "$@";; esac\n{script}'
    monkeypatch.setenv(OVERRIDE_VARIABLE, stand_in(tmp_path, wrapped))
    with pytest.raises(BuildVideoError) as caught:
        build_here(reference.production, output, stage)
    assert caught.value.where
    assert half_published(output) == []
    assert not list(output.glob("work/in-flight/*"))


def test_an_ffmpeg_that_dies_in_the_middle_of_a_segment_costs_that_segment(
    reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = copy_before(reference, "render", tmp_path)
    real = ffmpeg_path()
    flags = tmp_path / "calls"
    flags.mkdir()
    third = f'[ $(ls "{flags}" | wc -l) = 3 ] && {{ head -c 60000 > /dev/null; kill -9 $$; }}'
    dying = f'case "$*" in *rawvideo*) touch "{flags}/$$"; {third};; esac\nexec "{real}" "$@"'
    monkeypatch.setenv(OVERRIDE_VARIABLE, stand_in(tmp_path, dying))
    command = [str(reference.production), "-o", str(output), "--jobs", "1"]
    assert run_command(command) == 1
    assert "ended by signal 9" in capsys.readouterr().err
    made = {path: path.stat().st_ino for path in output.glob("work/render/*/segment.mp4")}
    assert len(made) == 2
    assert half_published(output) == []
    assert not list(output.glob("work/in-flight/*"))
    assert run_command(command) == 0, capsys.readouterr().err
    assert {path: path.stat().st_ino for path in made} == made
    assert results(output) == reference.results
