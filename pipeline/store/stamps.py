"""How the files of a result look without being read: sizes and times."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from stat import S_ISREG
from typing import TypeAlias

Stamps: TypeAlias = tuple[tuple[int, int, int], ...]
"""Of each file: size in bytes, and when its content and its entry were changed, in nanoseconds."""


def stamps_of(folder: Path, sizes: Mapping[str, int]) -> Stamps | str:
    """The stamps of files that should have these sizes; or in words which of them is not as it was published."""
    stamps = []
    for name, size in sizes.items():
        try:
            stat = (folder / name).lstat()
        except OSError:
            return f"{name} is gone"
        plain = S_ISREG(stat.st_mode)  # not a link or a device, which might lead anywhere
        if not plain or stat.st_size != size:
            return f"{name} " + (f"has {stat.st_size} bytes instead of {size}" if plain else "is no plain file")
        stamps.append((stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))  # clocks jump, two rarely together
    return tuple(stamps)
