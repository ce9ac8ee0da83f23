"""One GPU of several is chosen by its number."""

from __future__ import annotations

import os

import pytest

from pipeline.errors import InputError
from pipeline.runtime import gpus
from pipeline.runtime.executor import Needs, ProcessExecutor, Work


def seen(_item: int) -> str:
    return os.environ["CUDA_VISIBLE_DEVICES"]


@pytest.mark.parametrize(("chosen", "names"), [("", ()), ("0,2", ("0", "2")), ("GPU-a, 1,-1,3", ("GPU-a", "1"))])
def test_what_the_environment_shows_is_what_there_is(
    monkeypatch: pytest.MonkeyPatch, chosen: str, names: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert gpus.visible_gpus() == names


def test_a_numbered_device_is_one_of_those_that_are_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    assert gpus.use_one_gpu("cuda") == "cuda"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "4,7"
    assert gpus.use_one_gpu("cuda:1") == "cuda"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "7"
    with pytest.raises(InputError) as caught:
        gpus.use_one_gpu("cuda:1")
    assert "cuda:0" in caught.value.expected


def test_pieces_for_gpus_are_pinned_to_them_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    works = [Work(number, needs=Needs(gpus=1)) for number in range(2)]
    executor = ProcessExecutor()
    assert executor.at_once(Needs(gpus=1), 1) == 6
    found = executor.run(seen, works, jobs=2, on_message=lambda _message: None)
    assert set(found) <= {"0", "1"}
    assert executor.at_once(Needs(gpus=2), 8) == 1, "one network has both to itself"
    both = [Work(number, needs=Needs(gpus=2)) for number in range(2)]
    assert executor.run(seen, both, jobs=1, on_message=lambda _message: None) == ["0,1", "0,1"]
    assert executor.at_once(Needs(cores=2), 5) == 2
    assert executor.at_once(Needs(cores=2), 1) == 1
