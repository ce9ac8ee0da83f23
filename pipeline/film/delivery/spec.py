"""Delivery: finished files are put where the user finds them, each whole or not at all.

This module knows nothing of what the files hold. Where the file system allows, a delivered file is the stored one under
a second name, and takes no room of its own.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pipeline.store.files import disk_errors, file_sha256


def deliver(source: Path, names: Iterable[str], target: Path) -> None:
    """Put files of one folder into another, in the order given; those that are there already are left alone.

    Raises
    ------
    OutputError
        Where the target can't be written.
    DiskFullError
        Where there is no room.
    """
    with disk_errors(target):
        target.mkdir(parents=True, exist_ok=True)
    for name in names:
        if not _is_there(source / name, target / name):
            _put(source / name, target / name)


def missing(source: Path, names: Iterable[str], target: Path) -> tuple[str, ...]:
    """Name the files that don't lie in the target, or lie there with another content."""
    return tuple(name for name in names if not _is_there(source / name, target / name))


def _is_there(source: Path, target: Path) -> bool:
    """Whether the target is the very file, or has its content."""
    with suppress(OSError):
        if target.samefile(source):
            return True
        same_size = target.stat().st_size == source.stat().st_size
        return same_size and file_sha256(target) == file_sha256(source)
    return False


def _put(source: Path, target: Path) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        with disk_errors(target):
            try:
                os.link(source, temporary)
            except OSError:
                shutil.copyfile(source, temporary)
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
