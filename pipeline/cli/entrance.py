"""What the two ways into the program share: the tools' names, how a command is stopped, and failures as words.

It loads nothing, because tools start quickly. It does not know what a command does.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import Final, NoReturn

from pipeline.errors import BuildVideoError, InputError
from pipeline.runtime.openmp import wait_briefly
from pipeline.store.disk_errnos import FAILED_WRITING

TOOLS: Final = frozenset({"graph", "to-text", "from-text"})
"""Commands that need nothing of the film."""
INTERRUPTED: Final = 130
_TERMINATED: Final = 143


_LEAST_SIZES: Final = {"COLUMNS": 20, "LINES": 4}


class _Terminator:
    """Handles SIGTERM, and keeps that it came: a library in between may take the interruption for one of its own."""

    def __init__(self) -> None:
        self.has_come = False

    def __call__(self, _number: int, _frame: object) -> NoReturn:
        """Interrupt the command."""
        self.has_come = True
        raise KeyboardInterrupt


def settle_in() -> None:
    """Ready this process for a command line: how it is stopped, where it prints, and how its threads wait."""
    wait_briefly()
    end_like_ctrl_c()
    print_any_name()
    forget_impossible_sizes()


def end_like_ctrl_c() -> None:
    """Let SIGTERM raise KeyboardInterrupt in this process from now on."""
    signal.signal(signal.SIGTERM, _Terminator())


def print_any_name() -> None:
    """Let standard output take names of files that are no text in its encoding: as their own bytes, or escaped."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and out.errors == "strict":
        is_utf8 = out.encoding.lower().replace("-", "") == "utf8"
        out.reconfigure(errors="surrogateescape" if is_utf8 else "backslashreplace")


def forget_impossible_sizes() -> None:
    """Forget what the environment says of the terminal's size where nothing could be read on it."""
    for name, least in _LEAST_SIZES.items():
        size = os.environ.get(name, "")
        if size.isdigit() and int(size) < least:
            del os.environ[name]


def stopped_exit_code() -> int:
    """The exit code of a command that was stopped: by Ctrl-C, or by SIGTERM."""
    handler = signal.getsignal(signal.SIGTERM)
    return _TERMINATED if isinstance(handler, _Terminator) and handler.has_come else INTERRUPTED


def check_working_folder() -> None:
    """Check that the folder in which the command was given is still there.

    Raises
    ------
    InputError
        Where it was deleted meanwhile.
    """
    try:
        os.getcwd()  # noqa: PTH109 - what it returns is not used
    except OSError as error:
        raise InputError(
            "The folder that you are in was deleted.",
            where="the working folder",
            expected="a folder that is there",
            hint="Change into another folder (cd), then give the command again.",
        ) from error


def as_our_error(error: Exception) -> BuildVideoError:
    """Put any failure into words that a person can act on."""
    if isinstance(error, BuildVideoError):
        return error
    if isinstance(error, OSError) and error.errno in FAILED_WRITING:
        from pathlib import Path  # noqa: PLC0415 - only where something went wrong

        from pipeline.store.files import translated_disk_error  # noqa: PLC0415

        return translated_disk_error(error, Path(os.devnull))
    if isinstance(error, MemoryError):
        return BuildVideoError("The memory is used up.", hint="Close other programs, or try --jobs 1.")
    if isinstance(error, ImportError) and not str(error.name).startswith("pipeline"):
        return BuildVideoError(
            f"A package that build-video needs can't be loaded: {error.name or error}.",
            expected="the packages that are installed with build-video",
            hint="build-video doctor says which are missing, and how to get them.",
        )
    return BuildVideoError(
        f"A fault in build-video itself: {type(error).__name__}: {error}",
        expected="no such fault: please report it",
        hint="Run again with --debug, and send what it prints; for a build, work/build.log too.",
    )
