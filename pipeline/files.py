"""Files written whole or not at all, hashed, flushed; the words for a disk that is full or not writable.

This module knows nothing of stages and results.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path

from pipeline.errors import DiskFullError, OutputError, StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def file_sha256(path: Path) -> str:
    """Hash a file's content, in constant memory."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def existing_parent(path: Path) -> Path:
    """The nearest folder above, or at, the path that exists."""
    path = path.absolute()
    while not path.is_dir():
        path = path.parent
    return path


def translated_disk_error(error: OSError, path: Path) -> DiskFullError | OutputError | StoreError:
    """Put an error of the operating system into words: what, where, and the next thing to do."""
    where = str(error.filename or path)
    if error.errno in _FULL:
        free_mib = shutil.disk_usage(existing_parent(path)).free / 2**20
        return DiskFullError(
            "There is no room left to write this.",
            where=where,
            expected=f"more free space: {free_mib:.0f} MiB are left there",
            hint="Make room (build-video clean helps), then build again: what was finished is kept.",
        )
    if error.errno in _FORBIDDEN:
        return OutputError(
            "This place can't be written.",
            where=where,
            expected="a folder that you may write to",
            hint="Change its permissions, or choose another folder with -o.",
        )
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return OutputError(
            "Something on this path is a file, not a folder.",
            where=where,
            expected="a folder, new or not",
            hint="Choose another folder with -o.",
        )
    return StoreError(
        f"Reading or writing failed: {error.strerror or error}.",
        where=where,
        expected="a working disk",
        hint="Check the disk, then build again: what was finished is kept.",
    )


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn errors of the operating system inside into errors that a person can read."""
    try:
        yield
    except OSError as error:
        raise translated_disk_error(error, path) from error


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; the folder must exist."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        with disk_errors(path):
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def atomic_write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all; the folder must exist."""
    atomic_write_bytes(path, text.encode("utf-8"))


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.EBADF}:  # some file systems can't flush folders
            raise
    finally:
        os.close(descriptor)


def flush_tree(folder: Path, *, deep: bool = True) -> None:
    """Make sure that a folder, and with `deep` all that lies in it, has reached the disk."""
    if os.name == "nt":  # Windows can't open folders, and flushes files when they are closed
        return
    if deep:
        for path in sorted(folder.rglob("*"), reverse=True):
            _flush(path)
    _flush(folder)


def remove_tree(folder: Path) -> None:
    """Remove a folder in one visible move: it is renamed first, so that nobody sees half of it."""
    doomed = folder.with_name(f"{folder.name}.doomed-{uuid.uuid4().hex[:8]}")
    with suppress(FileNotFoundError), disk_errors(folder):
        folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
