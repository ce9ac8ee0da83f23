"""Builds that are killed or interrupted: nothing is lost, nothing is left running, the film is the same."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Reference, copy_before
from tests.faults.tiny import half_published, kill_session, left_running, members, results, run, stage_at_work, start


def test_kills_at_random_moments_end_in_the_same_film(reference: Reference, tmp_path: Path, rng: random.Random) -> None:
    output = tmp_path / "out"
    for _ in range(4):
        building = start(reference.production, "--jobs", "2", "-o", str(output), cwd=tmp_path)
        time.sleep(rng.uniform(0.8, 5.0))
        if building.poll() is None:
            os.killpg(building.pid, signal.SIGKILL)
        said, _ = building.communicate()
        assert building.returncode in {0, -signal.SIGKILL}, said
        assert left_running(building.pid) == {}
        assert half_published(output) == []
    code, said = run(reference.production, "--jobs", "2", "-o", str(output), cwd=tmp_path)
    assert code == 0, said
    assert results(output) == reference.results


@pytest.mark.parametrize(
    ("stage", "number", "code"),
    [("train", signal.SIGINT, 130), ("sample", signal.SIGTERM, 143), ("render", signal.SIGINT, 130)],
)
def test_ctrl_c_and_termination_stop_everything_and_say_what_is_kept(
    reference: Reference, tmp_path: Path, stage: str, number: signal.Signals, code: int
) -> None:
    output = copy_before(reference, stage, tmp_path)
    building = start(reference.production, "--jobs", "2", "-o", str(output), cwd=tmp_path)
    try:
        while building.poll() is None and stage_at_work(output) != stage:
            time.sleep(0.01)
        time.sleep(0.1)
        os.killpg(building.pid, number)  # as a terminal does: to everyone
        said, _ = building.communicate(timeout=30)
        assert building.returncode == code, said
        assert left_running(building.pid) == {}
    finally:
        kill_session(building.pid)
    *_, last = said.splitlines()
    assert last.startswith("build-video: interrupted. Kept: ")
    assert "prepare 1" in last
    assert "Traceback" not in said
    assert half_published(output) == []
    assert not list((output / "work" / "in-flight").glob("*"))


def test_a_helper_process_killed_for_want_of_memory_is_told_and_the_next_build_goes_on(
    reference: Reference, tmp_path: Path
) -> None:
    output = copy_before(reference, "render", tmp_path)
    building = start(reference.production, "--jobs", "2", "-o", str(output), cwd=tmp_path)
    victim = None
    while building.poll() is None and victim is None:
        working = list((output / "work" / "in-flight").glob("*/*.mp4")) if stage_at_work(output) == "render" else []
        helpers = [
            number for number, name in members(building.pid).items() if "python" in name and number != building.pid
        ]
        victim = max(helpers, key=_memory) if working and helpers else None
        time.sleep(0.01)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    said, _ = building.communicate(timeout=30)
    assert building.returncode == 1, said
    assert "A helper process died before its work was done" in said
    assert "--jobs 1" in said
    assert left_running(building.pid) == {}
    shutil.rmtree(output / "work" / "compose")
    code, said = run(reference.production, "--jobs", "2", "-o", str(output), cwd=tmp_path)
    assert code == 0, said
    assert results(output) == reference.results


def _memory(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def test_helpers_never_outlive_the_build_that_started_them(reference: Reference, tmp_path: Path) -> None:
    output = copy_before(reference, "train", tmp_path)
    building = start(reference.production, "--jobs", "2", "-o", str(output), cwd=tmp_path)
    while building.poll() is None and len(members(building.pid)) < 3:
        time.sleep(0.01)
    time.sleep(0.2)
    os.kill(building.pid, signal.SIGKILL)  # it alone, as the out-of-memory killer does
    building.communicate()
    assert left_running(building.pid) == {}


def test_ctrl_c_while_libraries_are_still_being_loaded_shows_no_traceback(reference: Reference, tmp_path: Path) -> None:
    for delay_s in (0.15, 0.4):
        building = start(reference.production, "-o", str(tmp_path / "out"), cwd=tmp_path)
        time.sleep(delay_s)
        os.killpg(building.pid, signal.SIGINT)
        said, _ = building.communicate(timeout=30)
        assert building.returncode in {130, -signal.SIGINT}  # the latter before a line of ours has run
        assert building.returncode < 0 or "Traceback" not in said
