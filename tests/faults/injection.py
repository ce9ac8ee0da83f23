"""A disk that fails: the n-th time that something is written below a folder, the operating system says no.

Nothing in the program knows of this. Python tells an audit hook before it opens, makes, renames, links or cuts a file;
an error raised there is the operation's own. Raw writes and fsync, of which it tells nothing, are stood in for.
"""

from __future__ import annotations

import builtins
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = {"os.mkdir", "os.rename", "os.link", "os.truncate"}
_true_open, _true_fsync = io.open, os.fsync


@dataclass
class Disk:
    """A disk that counts what is written below a folder, and fails once.

    Parameters
    ----------
    root
        The folder.
    fail_at
        The operation that fails, counted from 1; never where 0.
    number
        The error's number.
    """

    root: Path
    fail_at: int = 0
    number: int = 0
    done: int = 0
    failed: str = ""
    kinds: list[str] = field(default_factory=list)

    def count(self, kind: str, path: object) -> None:
        """Count an operation, or let it fail."""
        if not isinstance(path, str | bytes | os.PathLike) or not os.fsdecode(path).startswith(str(self.root)):
            return
        self.done += 1
        self.kinds.append(f"{kind} {Path(os.fsdecode(path)).name}")
        if self.done == self.fail_at:
            self.failed = f"{kind} {os.fsdecode(path)}"
            raise OSError(self.number, os.strerror(self.number), os.fsdecode(path))


_disk: Disk | None = None
_is_hooked = False


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _disk is None:
        return
    if event in _CHANGES:
        _disk.count(event, arguments[0])
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        _disk.count("open", arguments[0])


class _FailingFile(io.FileIO):
    def write(self, data: Any, /) -> int:
        if _disk is not None:
            _disk.count("write", self.name)
        return super().write(data)


def _open(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **options: Any) -> Any:
    ours = _disk is not None and isinstance(file, str | os.PathLike) and str(file).startswith(str(_disk.root))
    if not ours or not set(mode) & set("wax+") or "opener" in options:
        return _true_open(file, mode, buffering, *rest, **options)
    raw = _FailingFile(os.fspath(file), mode.replace("b", "").replace("t", ""))
    if buffering == 0:
        return raw
    buffer = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
    if "b" in mode:
        return buffer
    return io.TextIOWrapper(buffer, *rest, **options)


def _fsync(descriptor: int) -> None:
    if _disk is not None:
        _disk.count("fsync", Path(f"/proc/self/fd/{descriptor}").readlink())
    _true_fsync(descriptor)


@contextmanager
def failing_disk(disk: Disk) -> Iterator[Disk]:
    """Let a disk count, and fail, while the body runs."""
    global _disk, _is_hooked  # noqa: PLW0603 - there is one operating system
    if not _is_hooked:
        sys.addaudithook(_hear)
        _is_hooked = True
    _disk = disk
    io.open = builtins.open = _open  # type: ignore[assignment]
    os.fsync = _fsync
    try:
        yield disk
    finally:
        _disk = None
        io.open = builtins.open = _true_open
        os.fsync = _true_fsync
