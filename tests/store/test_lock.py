"""One build at a time in one folder."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from pipeline.errors import OutputError
from pipeline.store.lock import build_lock, is_held

HOLD = (
    "import sys, time; from pathlib import Path; from pipeline.store.lock import build_lock\n"
    "with build_lock(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
)


LOOK = (
    "import sys; from pathlib import Path; from pipeline.store.lock import is_held\n"
    "print('looking', flush=True)\n"
    "while True: is_held(Path(sys.argv[1]))\n"
)


def hold(folder: Path) -> "subprocess.Popen[str]":
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "held"
    return holder


def test_a_second_build_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    try:
        with pytest.raises(OutputError, match=f"process {holder.pid} on .* since 20"), build_lock(tmp_path):
            pass
    finally:
        holder.kill()
        holder.communicate()


def test_looking_keeps_no_build_out(tmp_path: Path) -> None:
    with build_lock(tmp_path):
        assert is_held(tmp_path)
    looker = subprocess.Popen([sys.executable, "-c", LOOK, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert looker.stdout is not None
    assert looker.stdout.readline().strip() == "looking"
    try:
        for _ in range(200):
            with build_lock(tmp_path):
                pass
    finally:
        looker.kill()
        looker.communicate()
    assert not is_held(tmp_path)


def test_looking_at_a_folder_that_nobody_built_in_makes_nothing_there(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    assert not is_held(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_build_holds_nothing(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    assert is_held(tmp_path)
    holder.kill()
    holder.communicate()
    assert not is_held(tmp_path)


def test_a_lock_left_by_a_killed_build_does_not_block(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    assert (tmp_path / "lock.json").exists()
    time.sleep(0.05)
    with build_lock(tmp_path):
        pass


def test_a_note_left_behind_that_names_another_living_process_does_not_block(tmp_path: Path) -> None:
    told = {"process": os.getppid(), "host": socket.gethostname(), "since": "2001-01-01T00:00:00+00:00"}
    (tmp_path / "lock.json").write_text(json.dumps(told), encoding="utf-8")  # its number was given to another program
    (tmp_path / "lock").touch()
    with build_lock(tmp_path):
        assert json.loads((tmp_path / "lock.json").read_text(encoding="utf-8"))["process"] == os.getpid()
    assert not (tmp_path / "lock.json").exists()


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (
            {"process": 12, "host": "elsewhere", "since": "2030-01-01"},
            "process 12 on elsewhere, since",
        ),
        ({"process": 999_999_999, "host": socket.gethostname(), "since": "2030-01-01"}, "has not written its name"),
        ({"process": "x"}, "has not written its name"),
        (None, "has not written its name"),
    ],
)
def test_a_stale_note_accuses_nobody_of_holding_the_folder(
    tmp_path: Path, note: dict[str, object] | None, words: str
) -> None:
    with FileLock(tmp_path / "lock"):
        if note is not None:
            (tmp_path / "lock.json").write_text(json.dumps(note), encoding="utf-8")
        program = "import sys; from pathlib import Path; from pipeline.store.lock import build_lock\n"
        program += "with build_lock(Path(sys.argv[1])): pass"
        ran = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
        )
    assert words in ran.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_written_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="can't be written"), build_lock(tmp_path / "inside"):
        pass


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="not a folder"), build_lock(tmp_path / "out" / "film"):
        pass
