"""The log of a build: good enough to send with a report, and nothing personal in it."""

import errno
import re
from pathlib import Path

import pytest

from pipeline.cli.app import run
from pipeline.runtime.progress import build_log
from pipeline.runtime.progress.build_log import BuildLog, without_personal_paths
from pipeline.runtime.progress.reporter import SILENT, WorkStart
from tests.faults.tiny import make_small


def test_the_log_tells_versions_settings_and_timings_and_nobody_s_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / 'home "of"' / "alicia"
    production = make_small(home / "films of mine")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LOGNAME", "alicia")
    monkeypatch.setattr(build_log.platform, "node", lambda: "alicias-laptop")
    monkeypatch.chdir(home)
    output = tmp_path / "disk-of-alicia" / "out"
    assert run(["prepare", str(production), "-o", str(output)]) == 0
    (production.parent / "voice-1.wav").write_bytes(b"no sound")
    assert run(["prepare", str(production), "-o", str(output)]) == 2
    text = (output / "work" / "build.log").read_text(encoding="utf-8")
    for word in ("versions: python ", "torch 2", "numpy ", "machine: ", "cores", "settings: {", 'hz":4000'):
        assert word in text
    assert re.search(r"timings: prepare \d+\.\d s, altogether \d+\.\d s", text)
    assert "build done" in text
    assert "build ended by RecordingError" in text
    assert "voice-1.wav" in text
    for secret in ("alicia", "films of mine", str(tmp_path), "laptop"):
        assert secret not in text, secret
    capsys.readouterr()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("at 30000/1001 frames/s and 4/3", "at 30000/1001 frames/s and 4/3"),
        ("/mnt/her-disk/voice.wav is short", "<...>/voice.wav is short"),
        ("file:/data/x/y/film.mp4: failed", "file:<...>/film.mp4: failed"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
        (r"C:\Users\bob\film", r"C:\Users\<user>\film"),
    ],
)
def test_paths_lose_what_is_personal_and_numbers_stay(text: str, kept: str) -> None:
    assert without_personal_paths(text) == kept


def test_a_log_that_can_t_be_written_stops_no_build(tmp_path: Path) -> None:
    log = BuildLog(tmp_path / "build.log", SILENT)
    log._file.close()
    full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - the log closes it
    log._file = full
    log.note("a fact")
    log.begin(WorkStart("train", "section-1", 1.0, "iterations"))
    log.close_build(OSError(errno.ENOSPC, "No space left on device"))
    assert full.closed
