"""Any bytes to valid UTF-8 text, one character a byte, and exactly back.

So that sequence models which read nothing but text can learn from any file. This module owns streaming, what happens
to characters that stand for no byte, and the line break that editors and samplers add. The table lies in
`byte_table`; sound is turned into bytes elsewhere.

    text = bytes_to_text(b"...")            # whole, in memory
    data = text_to_bytes(text)
    convert_to_text(source, target)         # binary streams of any length, in constant memory
    convert_from_text(source, target)
"""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np

from pipeline.byte_text.table import BYTES, STANDARD_TABLE, ByteTable, describe
from pipeline.errors import TextError

_BLOCK_BYTES: Final = 1 << 20
_LONGEST_CHARACTER_BYTES: Final = 4
_BYTE_ORDER_MARK: Final = codecs.BOM_UTF8

SKIP: Final = "skip"
"""Leave characters out that stand for no byte."""
Unknown = int | str | None
"""What becomes of a character that stands for no byte: a byte in its place, `SKIP`, or (None) an error."""


@dataclass(frozen=True)
class Conversion:
    """What a conversion did."""

    bytes_in: int
    bytes_out: int
    unknown_characters: int = 0
    byte_order_mark: bool = False  # one was found at the beginning, and left out
    final_newline: bool = False  # one was added to the text, or taken off


def bytes_to_text(data: bytes, table: ByteTable = STANDARD_TABLE) -> str:
    """Give each byte its character."""
    return codecs.charmap_decode(data, "strict", table.characters)[0]


def text_to_bytes(text: str, table: ByteTable = STANDARD_TABLE, *, unknown: Unknown = None) -> bytes:
    """Give each character its byte.

    Raises
    ------
    TextError
        A character stands for no byte, and `unknown` is None.
    """
    source, target = io.BytesIO(text.encode("utf-8", "surrogatepass")), io.BytesIO()
    convert_from_text(source, target, table, unknown=unknown, where="the text")
    return target.getvalue()


def convert_to_text(
    source: BinaryIO, target: BinaryIO, table: ByteTable = STANDARD_TABLE, *, final_newline: bool = False
) -> Conversion:
    """Stream bytes into text; with `final_newline`, a line break that is no part of it ends the text."""
    from pipeline.byte_text import kernels  # noqa: PLC0415  # compiled code takes time to load

    short = int(table.lengths.max()) <= 2  # noqa: PLR2004  # encode_short's limit
    encode = kernels.encode_short if short else kernels.encode
    out = np.empty(_BLOCK_BYTES * (2 if short else _LONGEST_CHARACTER_BYTES), dtype=np.uint8)
    bytes_in = bytes_out = 0
    while block := source.read(_BLOCK_BYTES):
        written = encode(np.frombuffer(block, dtype=np.uint8), table.encoded, table.lengths, out)
        target.write(out[:written].data)
        bytes_in += len(block)
        bytes_out += written
    if final_newline:
        bytes_out += target.write(b"\n")
    return Conversion(bytes_in, bytes_out, final_newline=final_newline)


def convert_from_text(
    source: BinaryIO,
    target: BinaryIO,
    table: ByteTable = STANDARD_TABLE,
    *,
    unknown: Unknown = None,
    final_newline: bool = False,
    where: str = "",
) -> Conversion:
    """Stream text back into bytes.

    Parameters
    ----------
    source, target
        Binary streams. A byte order mark at the beginning, which some editors write, is left out.
    unknown
        What becomes of characters that the table doesn't have, and of bytes that are no UTF-8.
    final_newline
        Whether one line break at the very end is taken off, if there is one.
    where
        The source's name, for messages.

    Raises
    ------
    TextError
        With `unknown` None: the first such character, with its position.
    """
    decoder = _TextDecoder(target, table, unknown, where)
    kept = b""
    bytes_in, beginning, newline = 0, True, False
    while block := source.read(_BLOCK_BYTES):
        kept += block
        bytes_in += len(block)
        if beginning:
            if len(kept) < len(_BYTE_ORDER_MARK):
                continue
            kept = decoder.without_mark(kept)
            beginning = False
        usable = len(kept) - (_line_break_bytes(kept) if final_newline else 0)
        kept = kept[decoder.put(kept, usable) :]
    if final_newline and kept.endswith(b"\n"):
        newline = True
        kept = kept[: -_line_break_bytes(kept)]
    decoder.finish(kept)
    return Conversion(bytes_in, decoder.bytes_out, decoder.unmapped, decoder.marked, newline)


def _line_break_bytes(data: bytes) -> int:
    """How long the line break at the end is, or what may become one when more is read."""
    return 2 if data.endswith(b"\r\n") else int(data.endswith((b"\n", b"\r")))


class _TextDecoder:
    """From text to bytes, a block at a time."""

    def __init__(self, target: BinaryIO, table: ByteTable, unknown: Unknown, where: str) -> None:
        from pipeline.byte_text import kernels  # noqa: PLC0415  # compiled code takes time to load

        if isinstance(unknown, int) and not 0 <= unknown < BYTES:
            raise TextError(f"{unknown} is no byte.", where="the replacement", expected="a number from 0 to 255")
        self._decode = kernels.decode
        self._code = kernels.STOP if unknown is None else kernels.SKIP if unknown == SKIP else int(unknown)
        self._stops = unknown is None
        self._target, self._table, self._where = target, table, where
        self._out = np.empty(2 * _BLOCK_BYTES, dtype=np.uint8)
        self.used = self.bytes_out = self.unmapped = 0
        self.marked = False

    def without_mark(self, data: bytes) -> bytes:
        """Take a byte order mark off the text's beginning."""
        if data.startswith(_BYTE_ORDER_MARK) and "\ufeff" not in self._table.characters:
            self.marked = True
            self.used = len(_BYTE_ORDER_MARK)
            return data[len(_BYTE_ORDER_MARK) :]
        return data

    def put(self, data: bytes, usable: int) -> int:
        """Write what the first `usable` bytes of text stand for, and return how many of them were used."""
        source = np.frombuffer(data, dtype=np.uint8, count=usable)
        used, written, unmapped, first = self._decode(source, self._table.inverse, self._code, self._out)
        if unmapped and self._stops:
            raise self._error(data[first : first + _LONGEST_CHARACTER_BYTES], first, written)
        self._target.write(self._out[:written].data)
        self.used += used
        self.bytes_out += written
        self.unmapped += unmapped
        return int(used)

    def finish(self, data: bytes) -> None:
        """Write the last of the text, which may end within a character."""
        rest = data[self.put(data, len(data)) :]
        if rest:
            if self._stops:
                raise self._error(rest, 0, 0)
            self.unmapped += 1
            if self._code >= 0:
                self.bytes_out += self._target.write(bytes([self._code]))

    def _error(self, data: bytes, offset: int, characters_before: int) -> TextError:
        start = data.decode("utf-8", "replace")[0]
        if start == "\ufffd" and not data.startswith("\ufffd".encode()):
            what = f"The bytes {data.hex(' ').upper()} are no UTF-8 text."
        else:
            what = f"The character {describe(start)} stands for no byte."
        hint = "Leave such characters out with --skip, or put a byte in their place with --replace 128."
        if start in "\r\n":
            hint = f"Where it is the last line break only, take it off with --final-newline. {hint}"
        return TextError(
            what,
            where=f"{self._where or 'the text'}, character {self.bytes_out + characters_before + 1:,}"
            f" (byte {self.used + offset + 1:,})",
            expected="only the 256 characters of the table",
            hint=hint,
        )
