"""Builds that are killed or interrupted: nothing is lost, nothing is left running, the film is the same."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.end_to_end.conftest import Built
from tests.end_to_end.productions import ROOT, build_video, make_tiny


def start(production: Path, cwd: Path) -> subprocess.Popen[bytes]:
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from pipeline.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, str(ROOT), str(production), "--jobs", "2"],
        cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def members(group: int) -> list[int]:
    """Processes still in a process group, zombies left out."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def wait_until_nobody_is_left(group: int, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while members(group) and time.monotonic() < end:
        time.sleep(0.1)
    assert members(group) == []


def test_kills_at_random_moments_end_in_the_same_film(built: Built, tmp_path: Path) -> None:
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    print(f"KILL_SEED={seed}")  # noqa: T201 - shown where the test fails, to repeat it
    rng = random.Random(seed)
    production = make_tiny(tmp_path)
    for _ in range(4):
        building = start(production, tmp_path)
        time.sleep(rng.uniform(1.0, 9.0))
        building.send_signal(signal.SIGKILL)
        building.wait()
        wait_until_nobody_is_left(building.pid)
    build_video(production, "--jobs", "2", cwd=tmp_path)
    assert (tmp_path / "out" / "tiny" / "tiny.mp4").read_bytes() == built.film.read_bytes()


def test_ctrl_c_and_termination_stop_everything_with_the_agreed_exit_codes(tmp_path: Path) -> None:
    production = make_tiny(tmp_path)
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        building = start(production, tmp_path)
        time.sleep(3.5)
        assert building.poll() is None
        building.send_signal(number)
        assert building.wait(timeout=20) == code
        wait_until_nobody_is_left(building.pid)
