"""One build at a time in one folder.

The lock is the operating system's own: it falls with the process that held it, so a lock left by a crash never blocks.
A note beside it says who holds it. Whoever only looks whether a folder is held tries a second lock, which a builder
holds besides the first: looking never keeps a builder out.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from pipeline.errors import OutputError
from pipeline.store.files import atomic_write_text, disk_errors, process_runs

_LOOK_EVERY_S: Final = 0.1
_LOCK: Final = "lock"
_SIGN: Final = "held.lock"
"""Held while the lock is; those who look try this one, for an instant."""
_LOOKS: Final = 5
"""As many at once, because another who looks may hold the second lock for that instant."""
_LONGEST_LOOK_S: Final = 5.0
"""Who looks for longer was stopped in the middle of it, and is not waited for."""
_UNNAMED: Final = "a process that has not written its name yet"


@contextmanager
def build_lock(folder: Path) -> Iterator[None]:
    """Hold a folder while building in it.

    Raises
    ------
    OutputError
        Where another process holds it (says which, where, since when), or where the folder can't be written.
    """
    note = folder / "lock.json"
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise OutputError(
                f"Another build works in this folder: {_holder(note)}.",
                where=str(folder),
                expected="one build at a time",
                hint="Wait until it is done, stop it, or choose another folder with -o.",
            ) from None
        except NotImplementedError:
            raise OutputError(
                "The file system of this folder can't lock files.",
                where=str(folder),
                expected="one build at a time, which only locks can promise",
                hint="Choose a folder on another disk with -o.",
            ) from None
    sign = FileLock(folder / _SIGN)
    try:
        with suppress(Timeout):
            sign.acquire(timeout=_LONGEST_LOOK_S, poll_interval=0.001)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        atomic_write_text(note, json.dumps({"process": os.getpid(), "host": socket.gethostname(), "since": since}))
        yield
    finally:
        with suppress(OSError):  # what stays behind says nothing while nobody holds the locks
            note.unlink(missing_ok=True)
            (folder / _SIGN).unlink(missing_ok=True)
        sign.release()
        lock.release()


@contextmanager
def sampling_lock(folder: Path) -> Iterator[None]:
    """Hold the making of takes in a folder; waits while a process that follows a training makes one."""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "takes.lock")
        lock.acquire(poll_interval=_LOOK_EVERY_S)
    try:
        yield
    finally:
        lock.release()


def is_held(folder: Path) -> bool:
    """Tell whether a build works in a folder; makes nothing there, and keeps no build out."""
    if not (folder / _SIGN).is_file():
        return False
    return not any(_is_free(folder / _SIGN) for _ in range(_LOOKS))


def _is_free(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0):
            return True
    except Timeout:
        return False
    except OSError:
        return True  # what can't be locked is held by nobody


def holder(folder: Path) -> str:
    """Say which other process works in a folder, where, and since when; nothing where none does."""
    note = folder / "lock.json"
    if not (folder / "lock").exists() or not is_held(folder) or _is_ours(note):
        return ""
    return _holder(note)


def noted_holder(folder: Path) -> str:
    """Say the same of a folder that is known to be held, without trying its locks."""
    return _holder(folder / "lock.json")


def _is_ours(note: Path) -> bool:
    try:
        noted = json.loads(note.read_text(encoding="utf-8"))
        return bool((noted["process"], noted["host"]) == (os.getpid(), socket.gethostname()))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _holder(note: Path) -> str:
    try:
        noted = json.loads(note.read_text(encoding="utf-8"))
        if noted["host"] == socket.gethostname() and not process_runs(int(noted["process"])):
            return _UNNAMED  # the note is that of a build that was killed; its follower is about to write its own
        return f"process {noted['process']} on {noted['host']}, since {noted['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return _UNNAMED
