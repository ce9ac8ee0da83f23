"""Logs that may still be written to: whether the last line is whole.

Owns that one question. Readers say what they leave out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pipeline.store.files import disk_errors

_GZIP_MAGIC: Final = b"\x1f\x8b"
LEFT_OUT: Final = "the last line has no end, as if it were still being written, and is left out"


def is_unfinished(path: Path) -> bool:
    """Whether a text ends without a line break: half a number may stand there. Compressed files never do."""
    with disk_errors(path), path.open("rb") as file:
        packed = file.read(2) == _GZIP_MAGIC
        size = file.seek(0, 2)
        file.seek(max(size - 1, 0))
        return not packed and file.read(1) not in {b"\n", b"\r"}
