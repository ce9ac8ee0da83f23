"""Files written whole or not at all, hashed, flushed; how much room there is; the words for a disk that fails.

This module knows nothing of stages and results.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path
from typing import Final

from pipeline.errors import DiskFullError, OutputError, StoreError
from pipeline.store.disk_errnos import FORBIDDEN, FULL

_REASONS: Final = {
    errno.ENOENT: "there is no such file or folder",
    errno.EACCES: "you may not",
    errno.EPERM: "you may not",
    errno.EROFS: "the disk can only be read",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "a file stands where a folder should",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its links lead round in a circle",
    errno.ENOEXEC: "it is no program for this machine",
    errno.ENOSPC: "there is no room left",
    errno.EDQUOT: "there is no room left",
    errno.EFBIG: "it would be larger than a file may be",
    errno.EIO: "the disk fails",
    errno.ENXIO: "it is no file that can be read to its end",
    errno.ENODEV: "it is no file that can be read to its end",
    errno.ESPIPE: "it is no file that can be read from any place",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
    errno.ENOMEM: "the memory is used up",
    errno.ESTALE: "the disk of another machine has changed meanwhile",
    errno.ETIMEDOUT: "the disk of another machine doesn't answer",
    errno.EBUSY: "another program uses it",
    errno.ETXTBSY: "another program uses it",
}
_HARDLY_ANY_BYTES: Final = 1 << 20
"""Where a library tells of a failed write without saying why, and less than this is free, the disk is full."""
_STRAY: Final = re.compile(r"\..+\.(\d+)-[0-9a-f]{8}")
"""Names of files half-written: those of `temporary_beside`."""
_OF_PATHS: Final = {errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ELOOP}
_KEEPS_ROOM: Final = "Make room (build-video clean helps), then build again: what was finished is kept."


class AnyName(str):
    """A file's name that need not be text, for libraries that want to encode the words of what they are handed.

    As an argument of a program it is the name itself; `str` of it is text in any case.
    """

    __slots__ = ()

    def __str__(self) -> str:
        """Write it with what is no text escaped."""
        return self.encode("utf-8", "backslashreplace").decode("utf-8")


def plain_reason(error: OSError | ValueError) -> str:
    """Why the system refused to read, write or start something, as part of a sentence."""
    if not isinstance(error, OSError):
        return "a name holds a character that none may hold"
    if error.errno in _REASONS:
        return _REASONS[error.errno]
    return f"error {error.errno} of the system" if error.errno is not None else "the system gives no reason"


def file_sha256(path: Path) -> str:
    """Hash a file's content, in constant memory."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def remembered_sha256(path: Path) -> str:
    """Hash a file's content once a process, as long as its size and time of change stay."""
    status = path.stat()
    return _sha256_of_state(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8192)
def _sha256_of_state(path: Path, _size: int, _mtime_ns: int) -> str:
    return file_sha256(path)


def existing_parent(path: Path) -> Path:
    """The nearest folder above, or at, the path that exists."""
    path = path.absolute()
    while not path.is_dir():
        path = path.parent
    return path


def bytes_text(count: float) -> str:
    """A number of bytes as people read it: 12 bytes, 3.4 MiB."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} bytes"


def inode_of(path: Path) -> int | None:
    """Tell a file or folder from another of the same name; None where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def free_bytes(path: Path) -> int | None:
    """How much can be written there; None where the system does not know."""
    try:
        usage = shutil.disk_usage(existing_parent(path))
    except OSError:
        return None
    return usage.free if usage.total else None  # some file systems on a network report nothing


def require_room(folder: Path, needed_bytes: float, purpose: str) -> None:
    """Refuse work that will not find room, before it begins.

    Parameters
    ----------
    needed_bytes
        An estimate of what the work will write, rather too low than too high.
    purpose
        What it is: "for rendering 12 segments".

    Raises
    ------
    DiskFullError
        With what is needed and what is free.
    """
    free = free_bytes(folder)
    if free is not None and free < needed_bytes:
        raise DiskFullError(
            f"There is not enough room {purpose}.",
            where=str(folder),
            expected=f"about {bytes_text(needed_bytes)} of free space; {bytes_text(free)} are free",
            hint=_KEEPS_ROOM,
        )


def _size_of(path: Path) -> int:
    """Of a file, or of all files right in a folder; 0 where it can't be read."""
    try:
        files = [path] if path.is_file() else [file for file in path.iterdir() if file.is_file()]
        return sum(file.stat().st_size for file in files)
    except OSError:
        return 0


def disk_full_error(path: Path, needed_bytes: float | None = None, said: str = "") -> DiskFullError:
    """Say that there is no room left: how much was to be written, as far as is known, and how much is free."""
    free = free_bytes(path)
    written = _size_of(path)
    if needed_bytes:
        wanted = f"{bytes_text(needed_bytes)} of free space"
    else:
        wanted = (
            f"free space for more than the {bytes_text(written)} that were written" if written else "more free space"
        )
    return DiskFullError(
        f"There is no room left to write this.{said}",
        where=str(path),
        expected=wanted + (f"; {bytes_text(free)} are free there" if free is not None else ""),
        hint=_KEEPS_ROOM,
    )


def file_too_large_error(path: Path, needed_bytes: float | None = None, said: str = "") -> DiskFullError:
    """Say that a file reached the limit of its size, which the user or the file system sets."""
    size = f" for {bytes_text(needed_bytes)}" if needed_bytes else ""
    return DiskFullError(
        f"A file may not grow as large as this one must be.{said}",
        where=str(path),
        expected=f"room{size} below the limit of file sizes (see `ulimit -f`, and what the file system allows)",
        hint="Raise the limit or choose another folder with -o, then build again: what was finished is kept.",
    )


def _broken_link(path: Path) -> Path | None:
    """The link on a path, nearest to its beginning, that leads nowhere or round in a circle."""
    for part in reversed([path, *path.parents]):
        with suppress(OSError):
            if part.is_symlink() and not os.path.exists(part):  # noqa: PTH110 - it never fails, as links in circles do
                return part
    return None


def _path_error(error: OSError, where: str) -> OutputError | None:
    """Say what is wrong with a path, where it is that."""
    link = _broken_link(Path(where)) if error.errno in _OF_PATHS else None
    if link is not None:
        return OutputError(
            f"A link on this path leads nowhere: {link} -> {link.readlink()}.",
            where=where,
            expected="a folder, new or not",
            hint="Remove the link, or make the folder that it leads to; or choose another folder with -o.",
        )
    if error.errno == errno.ENAMETOOLONG:
        return OutputError(
            "A name on this path is too long for the disk.",
            where=where,
            expected="shorter names",
            hint="Choose another folder with -o.",
        )
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return OutputError(
            "Something on this path is a file, not a folder.",
            where=where,
            expected="a folder, new or not",
            hint="Choose another folder with -o.",
        )
    return None


def translated_disk_error(
    error: OSError, path: Path, needed_bytes: float | None = None
) -> DiskFullError | OutputError | StoreError:
    """Put an error of the operating system into words: what, where, and the next thing to do."""
    where = str(error.filename or path)
    free = free_bytes(path) if error.errno is None else None
    if error.errno in FULL or (free is not None and free < _HARDLY_ANY_BYTES):
        return disk_full_error(Path(where), needed_bytes)
    if error.errno == errno.EFBIG:
        return file_too_large_error(Path(where), needed_bytes)
    if error.errno in FORBIDDEN:
        return OutputError(
            "This place can't be written.",
            where=where,
            expected="a folder that you may write to",
            hint="Change its permissions, or choose another folder with -o.",
        )
    wrong = _path_error(error, where)
    if wrong is not None:
        return wrong
    return StoreError(
        f"Reading or writing failed: {plain_reason(error)}.",
        where=where,
        expected="a file that stays where it is" if error.errno == errno.ENOENT else "a working disk",
        hint="Check the disk, then build again: what was finished is kept.",
    )


@contextmanager
def disk_errors(path: Path, needed_bytes: float | None = None) -> Iterator[None]:
    """Turn errors of the operating system inside into errors that a person can read."""
    try:
        yield
    except OSError as error:
        raise translated_disk_error(error, path, needed_bytes) from error


def temporary_beside(path: Path) -> Path:
    """A new name beside a file, under which it is written before it takes its place."""
    return path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}")


def process_runs(number: int) -> bool:
    """Whether a process of this machine is there."""
    import psutil  # noqa: PLC0415 - tools start quickly

    try:
        return number > 0 and psutil.pid_exists(number)
    except OverflowError:
        return False


def remove_strays(folder: Path, *, of_the_living: bool = False) -> None:
    """Remove what kills have left of files half-written, in this folder alone.

    Parameters
    ----------
    of_the_living
        Also what processes that still run may be writing, where it is known that they aren't.
    """
    with disk_errors(folder), suppress(FileNotFoundError, NotADirectoryError):
        for path in folder.iterdir():
            stray = _STRAY.fullmatch(path.name)
            if stray and not path.is_dir() and (of_the_living or not process_runs(int(stray[1]))):
                path.unlink(missing_ok=True)


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; the folder must exist."""
    temporary = temporary_beside(path)
    try:
        with disk_errors(path, len(data)):
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        with suppress(OSError):  # what went wrong before is what counts
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


_MOST_RENAMES: Final = 10
DOOMED: Final = ".doomed-"
"""Stands in the names of folders that are being removed."""


def remove_tree(folder: Path) -> None:
    """Remove a folder in one visible move: it is renamed first, so that nobody sees half of it."""
    doomed = folder.with_name(f"{folder.name}{DOOMED}{uuid.uuid4().hex[:8]}")
    with disk_errors(folder), suppress(FileNotFoundError):
        folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def rename_over(folder: Path, final: Path) -> None:
    """Rename a folder to one that may be there, and that a process of another machine may rename to meanwhile."""
    for left in reversed(range(_MOST_RENAMES)):
        if final.exists():
            remove_tree(final)
        try:
            folder.rename(final)
        except OSError as error:
            if not left or error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
        else:
            return
