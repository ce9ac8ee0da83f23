"""Odd places and odd times: names of files, folders that can't be written, clocks that jump."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

from pipeline.cli.app import run as run_command
from tests.end_to_end.productions import voice_like
from tests.faults.conftest import Reference, copy_before
from tests.faults.tiny import ROOT, build_here, make_small, results

ODD = 'it\'s a "film"; $HOME & ünï 名 %d'


def listing(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir() if path.is_file()}


def test_the_same_production_in_an_odd_read_only_place_is_the_same_film_bit_for_bit(
    reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / ODD
    production = make_small(source)
    before = listing(source)
    for path in [*source.iterdir(), source]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    build_here(Path("..") / ODD / production.name, Path("-out") / ODD)
    assert results(tmp_path / "elsewhere" / "-out" / ODD) == reference.results
    assert listing(source) == before
    source.chmod(0o755)


@pytest.mark.parametrize("name", ["-y.wav", "--help", "a 'quoted' \"name\".wav", "pipe:0.wav", "%03d.wav", "ünï\n.wav"])
def test_recordings_may_have_any_name(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    production = make_small(tmp_path)
    text = production.read_text(encoding="utf-8").replace('"voice-1.wav"', json.dumps(name))
    production.write_text(text, encoding="utf-8")
    soundfile.write(tmp_path / name, voice_like(5.5, 8000), 8000, format="WAV")
    code = run_command(["prepare", str(production), "-o", str(tmp_path / "out")])
    assert code == 0, capsys.readouterr().err


def test_a_production_may_begin_with_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(tmp_path).rename(tmp_path / "-film.toml")
    monkeypatch.chdir(tmp_path)
    assert run_command(["prepare", "--", "-film.toml"]) == 0
    assert len(list(tmp_path.glob("out/*film/work/prepare/*/manifest.json"))) == 1


def test_clocks_that_jump_make_nothing_stale_and_break_nothing(
    reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = copy_before(reference, "cards", tmp_path)
    moments = itertools.cycle([0, 2**31 + 5, 86_400 * 365 * 80, 1])
    for path in [*(output / "work").rglob("*"), *reference.production.parent.iterdir()]:
        os.utime(path, (moment := next(moments), moment))
    now = itertools.count(int(time.time()), -1_000_000)
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    before = {path: path.stat().st_ino for path in (output / "work").glob("*/*/*")}
    assert run_command([str(reference.production), "-o", str(output)]) == 0, capsys.readouterr().err
    assert run_command(["status", str(reference.production), "-o", str(output), "--json"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert {one["state"] for one in json.loads(last)} == {"fresh"}
    assert {path: path.stat().st_ino for path in before} == before
    assert {**results(output), "delivered": ""} == {**reference.results, "delivered": ""}


def test_where_nothing_can_be_kept_compiled_functions_get_a_folder_of_their_own() -> None:
    program = (
        "import os; from pathlib import Path; from pipeline.runtime.machine_code import ensure_cache_folder as ensure\n"
        "ensure(Path('/proc/self')); folder = os.environ['NUMBA_CACHE_DIR']; assert os.path.isdir(folder)\n"
        "ensure(Path('/proc/self')); assert os.environ['NUMBA_CACHE_DIR'] == folder; print(folder)"
    )
    environment = {
        name: value for name, value in os.environ.items() if name not in {"XDG_CACHE_HOME", "NUMBA_CACHE_DIR"}
    }
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, env={**environment, "HOME": "/proc/self"}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert not Path(ran.stdout.strip()).exists()


def test_an_output_that_may_not_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    production = make_small(tmp_path)
    assert run_command([str(production), "-o", "/proc/nowhere/film"]) in {1, 2}
    told = capsys.readouterr().err
    assert told.startswith("build-video: ")
    assert "/proc/nowhere" in told
    assert "Traceback" not in told


def test_a_build_on_a_read_only_disk_is_told(
    reference: Reference, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = copy_before(reference, "cards", tmp_path)
    mount = shutil.which("mount") or "mount"
    bound = subprocess.run([mount, "--bind", output, output], check=False, capture_output=True)
    if bound.returncode != 0:
        pytest.skip("this user may not mount")
    try:
        subprocess.run([mount, "-o", "remount,ro,bind", output], check=True)
        assert run_command([str(reference.production), "-o", str(output)]) == 2
        assert "can't be written" in capsys.readouterr().err
        assert run_command(["status", str(reference.production), "-o", str(output)]) == 0
    finally:
        subprocess.run(["umount", "-l", output], check=True)
