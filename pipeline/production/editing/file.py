"""A production file on disk, changed whole or not at all, and only where it is as whoever changes it has seen it.

What is written is checked as a production first. Two programs that change one file at once wait for each other; a
change made by another program in between is an error, and stays.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Final, Self

from filelock import FileLock, Timeout

from pipeline.errors import ProductionError
from pipeline.production.editing.editor import edited
from pipeline.production.editing.edits import Edit, EditError, SetValue, dotted
from pipeline.store.files import atomic_write_bytes, disk_errors

_BOM: Final = b"\xef\xbb\xbf"
_LONGEST_WAIT_S: Final = 5.0
_LARGEST_BYTES: Final = 1_000_000


class ChangedElsewhereError(ProductionError):
    """The file was changed by another program since it was read."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """Say so of a file; what was to be written is not."""
        return cls(
            "The production file was changed by another program meanwhile.",
            where=str(path),
            expected="the file as it was read",
            hint="Look at it as it is now, and make the change again.",
        )


@dataclass(frozen=True)
class FileText:
    """What a file says, and the mark of exactly these bytes."""

    text: str
    revision: str
    has_bom: bool = False

    @classmethod
    def of(cls, raw: bytes) -> FileText:
        """Take in a file's bytes; raises a UnicodeDecodeError where they are no UTF-8."""
        return cls(raw.removeprefix(_BOM).decode("utf-8"), revision_of(raw), raw.startswith(_BOM))

    def encoded(self, text: str) -> bytes:
        """Another text as this file's bytes."""
        return (_BOM if self.has_bom else b"") + text.encode("utf-8")


def revision_of(raw: bytes) -> str:
    """The mark of a file's bytes."""
    return sha256(raw).hexdigest()[:16]


def read_file(path: Path) -> FileText:
    """Read a production file as text.

    Raises
    ------
    ProductionError
        Where it is no text, or far too large.
    """
    with disk_errors(path), path.open("rb") as file:
        raw = file.read(_LARGEST_BYTES + 1)
    not_one = ProductionError("This is no production file.", where=str(path), expected="TOML in UTF-8")
    if len(raw) > _LARGEST_BYTES:
        raise not_one
    try:
        return FileText.of(raw)
    except UnicodeDecodeError as error:
        raise not_one from error


def edited_text(path: Path, before: FileText, edits: Sequence[Edit]) -> str:
    """What a production file says after some edits; nothing is written.

    Raises
    ------
    ProductionError
        Where the file is laid out in a way in which they can't be made.
    """
    try:
        return edited(before.text, edits)
    except (EditError, tomllib.TOMLDecodeError) as error:
        raise ProductionError(
            "This production file can't be edited without changing more of it.",
            where=str(path),
            expected="[[section]] tables",
            hint=f"Write it yourself: {_in_words(edits)}",
        ) from error


def _in_words(edits: Sequence[Edit]) -> str:
    return "; ".join(
        f"{dotted(edit.path)} = {_plain(edit.value)}" if isinstance(edit, SetValue) else dotted(edit.path)
        for edit in edits
    )


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def replace_text(path: Path, text: str, *, seen: str | None) -> FileText:
    """Write a production file.

    Parameters
    ----------
    seen
        The revision of the file as whoever writes it has read it; None to write in any case.

    Raises
    ------
    ChangedElsewhereError
        Where the file has another revision by now; it stays as it is.
    """
    path = path.resolve()
    with _held(path):
        before = read_file(path)
        if seen is not None and before.revision != seen:
            raise ChangedElsewhereError.of(path)
        mode = path.stat().st_mode
        raw = before.encoded(text)
        if raw != before.encoded(before.text):
            atomic_write_bytes(path, raw)
            path.chmod(mode)
    return FileText.of(raw)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold a production file while it is read and written."""
    lock = FileLock(Path(gettempdir()) / f"build-video-{sha256(str(path).encode()).hexdigest()[:16]}.lock")
    try:
        lock.acquire(timeout=_LONGEST_WAIT_S)
    except Timeout:
        raise ProductionError(
            "Another program is changing this production file.", where=str(path), hint="Try again in a moment."
        ) from None
    try:
        yield
    finally:
        lock.release()


def choose_candidate(path: Path, section: int, iteration: int, number: int) -> None:
    """Write into a production file which candidate is taken at an iteration.

    Parameters
    ----------
    path
        A production file that was loaded before.
    section
        Counted from 0.
    number
        The candidate's, counted from 1.

    Raises
    ------
    ProductionError
        Where the file is laid out in a way that can't be edited.
    """
    before = read_file(path)
    edit = SetValue(("section", section, "sampling", "choose", str(iteration)), number)
    replace_text(path, edited_text(path, before, [edit]), seen=before.revision)
