"""Text files of strangers: Shift-JIS, UTF-8 or UTF-16, bounded. It does not know what they say."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Final

from pipeline.errors import ProductionError
from pipeline.store.files import plain_reason

MOST_BYTES: Final = 8 << 20
_MARKS: Final = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def decoded(data: bytes) -> str:
    """Text in UTF-8 where it is valid, else in Shift-JIS; what is neither becomes a replacement character.

    Marks are joined to their letters (NFC).
    """
    return unicodedata.normalize("NFC", _text(data))


def _text(data: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp932", "replace")


def bounded_bytes(path: Path, where: str, what: str, most: int = MOST_BYTES) -> bytes:
    """Read a file that is not too large.

    Raises
    ------
    ProductionError
        Where it can't be read, or is larger.
    """
    try:
        if not path.is_file():
            raise ProductionError(f"There is no {what} here.", where=f"{where}: {path}", expected="a file")
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ProductionError(f"The {what} can't be read: {plain_reason(error)}.", where=f"{where}: {path}") from error
    if len(data) > most:
        raise ProductionError(
            f"The {what} is larger than {most >> 20} MiB.", where=f"{where}: {path}", expected="a smaller file"
        )
    return data
