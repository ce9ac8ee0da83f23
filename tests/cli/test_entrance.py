"""Failures as words, wherever they come from."""

import errno
import os

import pytest

from pipeline.cli.entrance import as_our_error
from pipeline.errors import DiskFullError


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_as_such_whatever_the_system_calls_it(number: int) -> None:
    assert isinstance(as_our_error(OSError(number, os.strerror(number))), DiskFullError)
