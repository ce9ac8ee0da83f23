"""Where this user's programs keep what can be made again, and whether a folder can be written.

It loads nothing else, because whatever is compiled asks here first.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path


def personal_cache() -> Path | None:
    """The user's cache folder, as each system has it; None where it is unknown.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/ for Linux.
    """
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or ""
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")  # noqa: PTH111 - it never fails
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(base) if Path(base).is_absolute() else None


def first_writable(folders: Iterable[Path]) -> Path | None:
    """The first folder in which files can be made, which is made itself where it is missing; None where none is."""
    return next((folder for folder in folders if _can_write(folder)), None)


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
