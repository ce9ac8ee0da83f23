"""Failures as words, wherever they come from."""

import errno
import os

import pytest

from pipeline.cli import app, workplace
from pipeline.cli.entrance import as_our_error
from pipeline.errors import DiskFullError


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_as_such_whatever_the_system_calls_it(number: int) -> None:
    assert isinstance(as_our_error(OSError(number, os.strerror(number))), DiskFullError)


def test_what_an_interrupted_command_kept_is_not_told_of_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_arguments: list[str]) -> int:
        raise KeyboardInterrupt

    workplace._kept.set("3 takes of a build before")
    monkeypatch.setattr(app, "_dispatch", interrupt)
    assert app.run(["status"]) == 130
    assert "3 takes" not in workplace.farewell()
