"""Where the tools read from and write to: files, standard input, standard output.

This module owns opening and the words for what can't be opened. A file is written under another name in its own folder
and renamed at the end: it exists whole or not at all.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from pipeline.errors import BuildVideoError, InputError, OutputError
from pipeline.store.files import plain_reason, translated_disk_error

STANDARD: Final = "-"


def input_name(path: str) -> str:
    """The name of an input for messages."""
    return "standard input" if path == STANDARD else path


@contextmanager
def open_input(path: str, error_type: type[InputError]) -> Iterator[BinaryIO]:
    """Open a file, or standard input for `-`, to be read.

    Raises
    ------
    error_type
        It is not there, it is a folder, or it can't be read.
    """
    if path == STANDARD:
        yield sys.stdin.buffer
        return
    try:
        file = Path(path).open("rb")  # noqa: SIM115  # the caller reads from it after this try
    except OSError as error:
        raise _unreadable(path, error, error_type) from error
    with file:
        yield file


def _unreadable(path: str, error: OSError, error_type: type[InputError]) -> InputError:
    if Path(path).is_dir():
        return error_type("This is a folder.", where=path, expected="a file, or - for standard input")
    if not Path(path).exists():
        return error_type("There is no such file.", where=path, expected="a file, or - for standard input")
    return error_type(f"The file can't be read: {plain_reason(error)}.", where=path)


@contextmanager
def new_file(path: str) -> Iterator[Path]:
    """Name a temporary file beside `path` that becomes `path` at a clean end, and vanishes otherwise.

    Raises
    ------
    OutputError
        The place can't be written.
    """
    goal = Path(path).resolve()  # a link stays a link, to the new content
    if goal.is_dir():
        raise OutputError("The output is a folder.", where=path, expected="the name of a file")
    replaced = goal.is_file() or not goal.exists()  # a device or a pipe can't be
    # The ending stays: libraries choose the format by it.
    temporary = goal.with_name(f".{goal.stem[:60]}.{os.getpid()}-{uuid.uuid4().hex[:8]}{goal.suffix}")
    try:
        yield temporary if replaced else goal
        if replaced:
            temporary.replace(goal)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def open_output(path: str) -> Iterator[BinaryIO]:
    """Open a file, or standard output for `-`, to be written.

    Raises
    ------
    OutputError
        The place can't be written.
    """
    if path == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with new_file(path) as temporary, temporary.open("wb") as file:
        yield file


def _unwritable(path: str, error: OSError) -> BuildVideoError:
    if not Path(path).parent.is_dir():
        return OutputError(
            "The folder of the output is not there.", where=path, hint=f"Make the folder '{Path(path).parent}' first."
        )
    translated = translated_disk_error(error, Path(path))
    if translated.exit_code == OutputError.exit_code or type(translated).__name__ == "DiskFullError":
        return translated
    return OutputError(f"The output can't be written: {plain_reason(error)}.", where=path)
