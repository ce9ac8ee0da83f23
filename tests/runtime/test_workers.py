"""Helper processes: order is kept, errors travel whole, a death is told."""

import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from pipeline.errors import RecordingError, WorkerError
from pipeline.runtime.workers import run_parallel, send_to_parent


def environment_of(name: str) -> str | None:
    return os.environ.get(name)


def is_loaded(module: str) -> bool:
    return module in sys.modules


def double(value: int) -> int:
    return 2 * value


def refuse(value: int) -> int:
    raise RecordingError("It is silent.", where=f"take {value}", expected="sound", hint="Record again.")


def die(_value: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def warn(value: int) -> int:
    for number in range(3):
        send_to_parent(f"{value}.{number}:" + 100_000 * "x")  # more than a pipe takes at once
    return value


def warn_and_refuse(value: int) -> int:
    warn(value)
    return refuse(value)


@pytest.mark.parametrize("jobs", [1, 2])
def test_outcomes_come_in_the_order_of_the_items(jobs: int) -> None:
    done: dict[int, int] = {}
    assert run_parallel(double, [3, 1, 2], jobs=jobs, on_done=done.__setitem__) == [6, 2, 4]
    assert done == {0: 6, 1: 2, 2: 4}


def test_an_error_travels_between_processes_with_all_its_parts() -> None:
    with pytest.raises(RecordingError) as caught:
        run_parallel(refuse, [1, 2], jobs=2)
    assert caught.value.hint == "Record again."
    assert caught.value.where in {"take 1", "take 2"}


def test_helpers_see_the_environment_as_it_is_when_they_start(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["BUILD_VIDEO_ONE", "BUILD_VIDEO_TWO"]
    monkeypatch.setenv(names[0], "1")
    assert run_parallel(environment_of, names, jobs=2) == ["1", None]
    monkeypatch.delenv(names[0])
    monkeypatch.setenv(names[1], "2")
    assert run_parallel(environment_of, names, jobs=2) == [None, "2"]


@pytest.mark.skipif(sys.platform != "linux", reason="helpers are fresh processes elsewhere")
def test_what_helpers_need_is_imported_before_them() -> None:
    assert run_parallel(is_loaded, ["pipeline.learning.training.loop", "no.such.module"], jobs=2) == [True, False]


def test_a_killed_process_is_told_as_such() -> None:
    with pytest.raises(WorkerError):
        run_parallel(die, [1, 2], jobs=2)


@pytest.mark.parametrize("jobs", [1, 2])
def test_all_that_is_said_about_an_item_is_heard_before_it_is_done(jobs: int) -> None:
    heard: list[str] = []
    told: dict[int, int] = {}

    def note(index: int, _outcome: int) -> None:
        told[index] = sum(message.startswith(f"{index}.") for message in heard)

    run_parallel(warn, range(12), jobs=jobs, on_done=note, on_message=heard.append)
    assert told == dict.fromkeys(range(12), 3)
    assert len(heard) == 36


def test_what_was_said_before_an_error_is_heard() -> None:
    heard: list[str] = []
    with pytest.raises(RecordingError):
        run_parallel(warn_and_refuse, [1], jobs=1, on_message=heard.append)
    assert [message.partition(":")[0] for message in heard] == ["1.0", "1.1", "1.2"]


def test_a_long_name_of_the_folder_for_temporary_files_hinders_no_helper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert run_parallel(double, [1, 2, 3], jobs=2) == [2, 4, 6]
