"""The table that gives every byte a character, and tables of other people.

This module owns which character stands for which byte. It does not know files of any length, or sound.

Our table, stable for ever. Printable ASCII, bytes 20 to 7E, stays itself. Every other byte has a letter of its own:

    bytes     characters, one a byte
    00-1F     ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠ ΡΣΤΥΦΧΨΩαβγδεζηθ           the Greek alphabet from Alpha to small theta
    7F        ə
    80-9E     абвгдежзиклмнопр стуфхцчшщъыьэюя            the small Russian alphabet, without ё and й
    9F-BD     АБВГДЕЖЗИКЛМНОПР СТУФХЦЧШЩЪЫЬЭЮЯ            the same in capitals
    BE-C6     ђєѕіјљњћџ                                   further Cyrillic letters, small
    C7-CF     ЂЄЅІЈЉЊЋЏ                                   and capital
    D0-D5     ґҐүҮөӨ
    D6-E6     ικλμνξοπρςστυφχψ ω                          the rest of the Greek alphabet
    E7-FF     æÆðÐøØþÞßđĐħĦıĸł ŁŋŊœŒŧŦƒƏ                  Latin letters of several languages

(The blanks inside the rows only group sixteen characters; the plain space itself stands for byte 20.) 8-bit sound thus
reads as letters that rise and fall: silence, byte 80, is the Russian a, and what lies just below it ends in `z{|}~ə`.

Why these letters: each is one code point of category Lu or Ll, printable and not combining; it has no decomposition, so
NFC, NFD, NFKC and NFKD leave it alone; it is written from left to right, so a text is shown in its own order; it
takes two bytes of UTF-8; and it belongs to the Latin, Greek and Cyrillic letters that practically every font of
editors and consoles has. There are no line breaks, no control characters and no blanks but the plain space. Some of
the letters look like one another (Latin A, Greek Alpha, Cyrillic A): they are different code points, and a text that
is copied keeps them apart, but one that is typed off a screen does not. Changing small letters to capitals, or back,
does not survive.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import TextError
from pipeline.store.files import plain_reason

_BELOW_SPACE: Final = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθ"
_PRINTABLE: Final = "".join(map(chr, range(0x20, 0x7F)))
_ABOVE_TILDE: Final = (
    "ə"
    "абвгдежзиклмнопрстуфхцчшщъыьэюя"
    "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
    "ђєѕіјљњћџ"
    "ЂЄЅІЈЉЊЋЏ"
    "ґҐүҮөӨ"
    "ικλμνξοπρςστυφχψω"
    "æÆðÐøØþÞßđĐħĦıĸłŁŋŊœŒŧŦƒƏ"
)
STANDARD_CHARACTERS: Final = _BELOW_SPACE + _PRINTABLE + _ABOVE_TILDE

BYTES: Final = 256
_LARGEST_TABLE_BYTES: Final = 16 * 1024
_LONGEST_CHARACTER_BYTES: Final = 4
_NOTATION: Final = re.compile(r"U\+([0-9A-Fa-f]{4,6})")
_SURROGATES: Final = range(0xD800, 0xE000)


@dataclass(frozen=True)
class ByteTable:
    """256 distinct characters: the one at place b stands for byte b."""

    characters: str

    def __post_init__(self) -> None:
        fault = _fault(self.characters)
        if fault:
            raise TextError(f"The table can't be used: {fault}.", expected="256 distinct characters, one a byte")

    @cached_property
    def encoded(self) -> NDArray[np.uint8]:
        """UTF-8 of each byte's character, shape (256, 4), filled up with zeros."""
        rows = [character.encode().ljust(_LONGEST_CHARACTER_BYTES, b"\0") for character in self.characters]
        return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(BYTES, _LONGEST_CHARACTER_BYTES).copy()

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """How many bytes of UTF-8 each character takes, shape (256,)."""
        return np.array([len(character.encode()) for character in self.characters])

    @cached_property
    def inverse(self) -> NDArray[np.int16]:
        """The byte of each code point, -1 where it stands for none; shape (0x110000,)."""
        inverse = np.full(0x110000, -1, dtype=np.int16)
        inverse[[ord(character) for character in self.characters]] = np.arange(BYTES)
        return inverse


def _fault(characters: str) -> str:
    if len(characters) != BYTES:
        return f"it has {len(characters)} characters"
    first_seen: dict[str, int] = {}
    for byte, character in enumerate(characters):
        if ord(character) in _SURROGATES:
            return f"{describe(character)}, given for byte {byte}, is no character"
        if character in first_seen:
            return f"{describe(character)} stands for byte {first_seen[character]} and for byte {byte}"
        first_seen[character] = byte
    return ""


def describe(character: str) -> str:
    """Name a character so that it can be found: itself where it can be seen, its code point, its name."""
    name = unicodedata.name(character, "a control character or unnamed")
    shown = f"'{character}' " if character.isprintable() else ""
    return f"{shown}U+{ord(character):04X} ({name})"


STANDARD_TABLE: Final = ByteTable(STANDARD_CHARACTERS)


def read_table(path: Path) -> ByteTable:
    """Read a table of 256 lines; line n (counted from 0) holds the character of byte n, or its `U+XXXX`.

    Raises
    ------
    TextError
        Not such a file; names the line.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_TABLE_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = plain_reason(error) if isinstance(error, OSError) else "it is not UTF-8 text"
        raise TextError(f"The table can't be read: {reason}.", where=str(path)) from error
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    if len(lines) != BYTES or len(data) > _LARGEST_TABLE_BYTES:
        raise TextError(
            "The table has not one line a byte.",
            where=str(path),
            expected=f"{BYTES} lines, not {len(lines):,}",
            hint="Write line breaks and other control characters as U+000A.",
        )
    characters = [_character(line, f"{path}, line {number}") for number, line in enumerate(lines, 1)]
    try:
        return ByteTable("".join(characters))
    except TextError as error:
        raise TextError(error.what, where=str(path), expected=error.expected) from None


def _character(line: str, where: str) -> str:
    notation = _NOTATION.fullmatch(line)
    if notation and int(notation[1], 16) < 0x110000:  # noqa: PLR2004  # the end of Unicode
        return chr(int(notation[1], 16))
    if len(line) == 1:
        return line
    raise TextError(
        "The line is not one character.",
        where=where,
        expected="a single character, or U+ and its code point, such as U+000A",
    )


def table_text(table: ByteTable) -> str:
    """Write a table as the 256 lines that `read_table` reads."""
    return "".join(f"{c if c.isprintable() and c != ' ' else f'U+{ord(c):04X}'}\n" for c in table.characters)
