"""Helper processes: order is kept, errors travel whole, a death is told."""

import os
import signal

import pytest

from pipeline.errors import RecordingError, WorkerError
from pipeline.workers import run_parallel


def double(value: int) -> int:
    return 2 * value


def refuse(value: int) -> int:
    raise RecordingError("It is silent.", where=f"take {value}", expected="sound", hint="Record again.")


def die(_value: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


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


def test_a_killed_process_is_told_as_such() -> None:
    with pytest.raises(WorkerError):
        run_parallel(die, [1, 2], jobs=2)
