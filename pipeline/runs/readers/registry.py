"""The list of readers, what they are asked, and choosing one for a file.

A reader registers itself with the test that tells its files. This module knows no format.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.errors import LogError
from pipeline.runs.names import kind_of, may_be_loss
from pipeline.runs.record import Kind, Log
from pipeline.runtime.wording.named_files import absent_hint
from pipeline.store.files import plain_reason

_HEAD_BYTES: Final = 1 << 16
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31  # zlib's word for: as large as there is, with gzip's header


@dataclass(frozen=True)
class Wish:
    """What is wanted of a log.

    Parameters
    ----------
    iteration
        The column that counts; empty: the one whose name says so.
    curves
        Names of columns or tags.
    open_kinds
        Kinds of losses of which none is named: all that may be such are kept.
    pattern
        How the lines of a text log look.
    most_bytes
        How much of it is read; None: all.
    """

    iteration: str = ""
    curves: frozenset[str] = frozenset()
    open_kinds: frozenset[Kind] = frozenset({"training", "validation"})
    pattern: str = ""
    most_bytes: int | None = None

    def keeps(self, name: str) -> bool:
        """Whether a curve of this name is kept."""
        if may_be_loss(name) and kind_of(name) in self.open_kinds:
            return True
        folded = {curve.casefold() for curve in self.curves}
        return name.casefold() in folded or any(one.endswith(f":{name.casefold()}") for one in folded)


@dataclass(frozen=True)
class Reader:
    """One format: its name for people, whether a file is of it, and reading it."""

    name: str
    recognises: Callable[[Path, bytes], bool]
    """Given the path and the first 64 KiB, unpacked; of a folder none."""
    read: Callable[[Path, Wish], Log]
    files: Callable[[Path], list[Path]]
    """The files that a log consists of, where it may be a folder."""
    order: int
    """Lower ones are asked first."""


_READERS: Final[list[Reader]] = []


def _itself(path: Path) -> list[Path]:
    return [path]


def register(
    name: str,
    recognises: Callable[[Path, bytes], bool],
    *,
    order: int,
    files: Callable[[Path], list[Path]] = _itself,
) -> Callable[[Callable[[Path, Wish], Log]], Callable[[Path, Wish], Log]]:
    """Register the function that reads a format."""

    def add(read: Callable[[Path, Wish], Log]) -> Callable[[Path, Wish], Log]:
        _READERS.append(Reader(name, recognises, read, files, order))
        _READERS.sort(key=lambda reader: reader.order)
        return read

    return add


def reader_for(path: Path) -> Reader:
    """Choose the reader of a log.

    Raises
    ------
    LogError
        It is not there, can't be read, is empty, or of no known format.
    """
    from pipeline.runs.readers import event_files, tables, text_logs, torch_rnn  # noqa: F401, PLC0415 - they register

    head = b""
    if not path.is_dir():
        if not path.is_file():
            what = "This is no plain file." if path.exists() else "There is no such log."
            raise LogError(what, where=str(path), expected="a log of losses", hint=absent_hint(path))
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
        except OSError as error:
            raise LogError(f"The log can't be read: {plain_reason(error)}.", where=str(path)) from error
        if head.startswith(_GZIP_MAGIC):
            with suppress(zlib.error):  # a damaged one is reported by whoever reads it
                head = zlib.decompressobj(_GZIP_WINDOW).decompress(head, _HEAD_BYTES)
        if not head:
            raise LogError("The log is empty.", where=str(path), expected="a log of losses")
    found = next((reader for reader in _READERS if reader.recognises(path, head)), None)
    if found is None:
        what = "No log that can be read lies in this folder." if path.is_dir() else "This is no log that can be read."
        raise LogError(
            what,
            where=str(path),
            expected=", ".join(reader.name for reader in _READERS),
            hint="Name the file itself." if path.is_dir() else "",
        )
    return found
