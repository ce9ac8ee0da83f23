"""Log files as blocks of whole lines, in UTF-8, whatever they came in.

This module owns opening, gzip, encodings (byte order marks; without one, UTF-16 and Windows-1252, as spreadsheets write
them) and line ends. It does not know columns or numbers.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, cast

from pipeline.errors import InputError, LogError
from pipeline.store.endpoints import input_name, open_input
from pipeline.store.files import plain_reason

BLOCK_BYTES: Final = 1 << 20
LONGEST_LINE_BYTES: Final = 1 << 24
_GZIP_MAGIC: Final = b"\x1f\x8b"
_MOST_UNASKED_BYTES: Final = 1 << 26
_MOST_TIMES: Final = 200
"""Numbers shrink to a third or a tenth: what grows so many times, and large, is made to fill a memory."""
_MARKS: Final = (
    (codecs.BOM_UTF8, ""),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as the mark of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PROBE_BYTES: Final = 4096
_MANY: Final = 0.4
_WINDOWS: Final = "cp1252"
_NOT_IN_WINDOWS: Final = b"\x81\x8d\x8f\x90\x9d"
_ENCODING_NAMES: Final = {"cp1252": "Windows-1252 (Latin-1)", "iso8859-1": "Latin-1 (ISO 8859-1)"}


@dataclass
class LineBlocks:
    """A log as blocks of bytes that end where a line ends, and what was guessed about its encoding."""

    blocks: Iterator[bytes]
    notes: list[str] = field(default_factory=list)
    """Complete once the first block has come."""


class _Unpacked:
    """A compressed file as the bytes in it, as long as they are in proportion to the file."""

    def __init__(self, file: io.BufferedReader, name: str) -> None:
        self._file, self._name = file, name
        self._packed = self._unpacked = 0
        self._stream = gzip.GzipFile(fileobj=cast("io.BufferedReader", self))

    def read(self, size: int = -1) -> bytes:
        """Give compressed bytes to the one who unpacks them."""
        data = self._file.read(size)
        self._packed += len(data)
        return data

    def unpack(self, size: int) -> bytes:
        """Give bytes out of the file."""
        data = self._stream.read(size)
        self._unpacked += len(data)
        if self._unpacked > max(_MOST_UNASKED_BYTES, _MOST_TIMES * self._packed):
            raise LogError(
                f"The compressed file holds more than {_MOST_TIMES} times its size.",
                where=self._name,
                expected="a log",
                hint="If it is one after all, unpack it first.",
            )
        return data


@contextmanager
def open_lines(path: str, encoding: str = "") -> Iterator[LineBlocks]:
    """Open a log, `-` for standard input, as blocks of bytes that end where a line ends.

    Parameters
    ----------
    path
        The file's name.
    encoding
        What the text is written in; empty: UTF-8, or what it most likely is.

    Raises
    ------
    LogError
        It can't be opened, is empty, is no text, or its compression is damaged.
    InputError
        There is no such encoding.
    """
    if encoding:
        encoding = _known_encoding(encoding)
    with open_input(path, LogError) as file:
        buffered = cast("io.BufferedReader", file)
        packed = buffered.peek(2).startswith(_GZIP_MAGIC)
        read = _Unpacked(buffered, input_name(path)).unpack if packed else buffered.read
        try:
            lines = LineBlocks(iter(()))
            lines.blocks = _checked_lines(_text_blocks(read, input_name(path), encoding, lines.notes), input_name(path))
            yield lines
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise LogError(
                "The compressed file is damaged.", where=input_name(path), expected="a whole file"
            ) from error
        except OSError as error:
            if error.filename is not None:
                raise
            raise LogError(f"The file can't be read: {plain_reason(error)}.", where=input_name(path)) from error


def _known_encoding(encoding: str) -> str:
    try:
        found = codecs.lookup(encoding).name
        "1,2\n".encode(found)
    except (LookupError, UnicodeError, ValueError) as error:
        raise InputError(
            f"There is no encoding '{encoding}'.", where="--encoding", expected="such as utf-8, cp1252, utf-16, cp1251"
        ) from error
    return found


def _checked_lines(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    empty = True
    for block in _lines(blocks, name):
        if b"\0" in block:
            raise LogError(
                "The file is no text.",
                where=name,
                expected="numbers in columns: CSV, TSV, JSON, with or without gzip",
            )
        empty = False
        yield block
    if empty:
        raise LogError("The file is empty.", where=name, expected="numbers in columns")


def _text_blocks(read: Callable[[int], bytes], name: str, encoding: str, notes: list[str]) -> Iterator[bytes]:
    """Yield blocks without their byte order mark, recoded to UTF-8."""
    block = read(BLOCK_BYTES)
    marked = False
    for mark, coding in _MARKS:
        if block.startswith(mark):
            block, encoding, marked = block[len(mark) :], coding, True
            break
    if not marked and not encoding and (encoding := _guessed_encoding(block)):
        shown = _ENCODING_NAMES.get(encoding, encoding.upper())
        notes.append(f"the text is no UTF-8: read as {shown}; --encoding names another")
    recode = _recoder(encoding, name) if encoding else None
    while block:
        yield recode(block) if recode else block
        block = read(BLOCK_BYTES)


def _guessed_encoding(block: bytes) -> str:
    """What a text without a mark most likely is written in; empty: UTF-8.

    Western spreadsheets save CSV files in Windows-1252, of which Latin-1 is a part, and "Unicode text" in UTF-16: in
    there every other byte of digits and commas is 0.
    """
    probe = block[:_PROBE_BYTES]
    if b"\0" in probe:
        even, odd = probe[::2].count(0), probe[1::2].count(0)
        few, many = sorted((even, odd))
        if few == 0 and many > _MANY * len(probe):
            return "utf-16-le" if odd > even else "utf-16-be"
        return ""
    if block.isascii():
        return ""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(block)  # not final: the block may end within a character
    except UnicodeDecodeError:
        return _WINDOWS if not any(byte in block for byte in _NOT_IN_WINDOWS) else "iso8859-1"
    return ""


def _recoder(encoding: str, name: str) -> Callable[[bytes], bytes]:
    wrong = "replace" if encoding in _ENCODING_NAMES else "strict"
    decoder = codecs.getincrementaldecoder(encoding)(wrong)

    def recode(block: bytes) -> bytes:
        try:
            return decoder.decode(block).encode("utf-8", "replace")
        except UnicodeError as error:
            raise LogError(
                f"The file is no {encoding.upper()} text.", where=name, hint="Name another with --encoding."
            ) from error

    return recode


def _lines(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Cut blocks at line ends; a last line without one gets one."""
    kept = b""
    old_line_ends = False
    for number, raw in enumerate(blocks):
        block = raw
        if number == 0:
            old_line_ends = b"\r" in block and b"\n" not in block
        if old_line_ends:
            block = block.replace(b"\r", b"\n")
        end = block.rfind(b"\n") + 1
        if not end:
            kept += block
            if len(kept) > LONGEST_LINE_BYTES:
                raise LogError(
                    f"A line is longer than {LONGEST_LINE_BYTES >> 20} MiB.",
                    where=name,
                    expected="a log with a row a line",
                )
            continue
        yield kept + block[:end]
        kept = block[end:]
    if kept:
        yield kept + b"\n"
