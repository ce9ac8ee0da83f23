"""What is watched while an input is read: how it ends, how long it takes, what is written where, how much memory.

An input may end in success, or in one clear error of ours; anything else is a crash.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.errors import BuildVideoError

LONGEST_S: Final = 20.0
MOST_MEMORY_BYTES: Final = 2 << 30
LIBRARY_WORDS: Final = re.compile(
    r"Errno|Traceback|ffmpeg said|Invalid data found|moov atom|Error while|Error (opening|binding|splitting)"  # ffmpeg
    r"|cannot (identify|open resource)|image file is truncated|broken (PNG|data stream)|unknown file format|PIL\b"
    r"|Not a TrueType|TTLib|unpack requires|fontTools|[Ii]nvalid (pixel|outline|argument)"  # fonts
    r"|[Ss]afetensor(s_rust|Error)|HeaderToo|InvalidHeader|Error while deserializ"  # checkpoints
    r"|[Ii]nput should|[Ff]ield required|validation error|pydantic|Extra inputs|JSON: |at line \d+ column"  # records
    r"|Expecting (value|property|',')|Jinja2? error|'NoneType'|object has no|invalid literal|codec can't|allow_pickle"
    r"|<class |\b(Value|Type|Key|Index|OS|Runtime|Unicode\w+|Attribute|Syntax)Error\b"
)
"""What libraries say of files that they can't read; none of it helps the person who sent the file."""
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES: Final = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.truncate"}


class HangError(BaseException):
    """An input took longer than its limit; nothing may catch this."""


@dataclass(frozen=True)
class Ending:
    """How an input ended: `success`, `error` or `crash`, in how many seconds, and what was said."""

    how: str
    seconds: float
    said: str = ""


class _Door:
    """Listens to what this process opens for writing, and keeps what lies outside of where it may."""

    def __init__(self) -> None:
        self.allowed: tuple[str, ...] | None = None
        self.outside: list[str] = []
        self._installed = False

    def listen(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.allowed is None:
            return
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, str | bytes | os.PathLike) or not flags & _WRITING:
                return
        elif event not in _CHANGES or (isinstance(arguments[-1], int) and arguments[-1] >= 0):
            return  # beside a folder that is open: rmtree does so, and was told which folder before
        for path in arguments[: 2 if event in {"os.rename", "os.link"} else 1]:
            if isinstance(path, str | bytes | os.PathLike):
                self._check(os.fsdecode(path))

    def _check(self, path: str) -> None:
        full = os.path.realpath(path)
        is_device = full.startswith("/dev/") and not full.startswith("/dev/shm/")  # noqa: S108 - a disk in memory
        if path == os.devnull or "__pycache__" in full or is_device:
            return
        if not full.startswith(self.allowed or ()):
            self.outside.append(full)

    @contextlib.contextmanager
    def watched(self, *folders: Path) -> Iterator[list[str]]:
        if not self._installed:
            sys.addaudithook(self.listen)  # for ever: hooks can't be taken away
            self._installed = True
        self.outside = []
        before = tempfile.tempdir
        tempfile.tempdir = str(folders[0])
        self.allowed = tuple(os.path.realpath(folder) for folder in folders)
        try:
            yield self.outside
        finally:
            self.allowed = None
            tempfile.tempdir = before


door: Final = _Door()


def watch(read: Callable[[], object], writes: Path, *, longest_s: float = LONGEST_S) -> Ending:
    """Read an input, which may write into one folder alone."""

    def too_long(_number: int, _frame: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, longest_s)
    started = time.perf_counter()
    how, said = "success", ""
    outside: list[str] = []
    try:
        with door.watched(writes) as outside, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubt about what is spoiled is no crash
            read()
    except BuildVideoError as error:
        how, said = "error", f"{type(error).__name__}: {error}"
        if not error.what.strip() or len(str(error)) > 20_000:
            how = "crash"
        if found := LIBRARY_WORDS.search(said):
            how, said = "crash", f"a library's own words, '{found[0]}': {said}"
    except HangError:
        how, said = "crash", f"no end within {longest_s:g} s"
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        how, said = "crash", "".join(traceback.format_exception(error)[-12:])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if outside:
        how, said = "crash", f"written outside: {outside[0]}"
    return Ending(how, time.perf_counter() - started, said)


def most_memory_bytes() -> int:
    """The most that this process, or any child of it that has ended, has held at a time."""
    kib = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return kib * (1 if sys.platform == "darwin" else 1024)
