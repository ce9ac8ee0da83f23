"""Log files as blocks of whole lines, in UTF-8, whatever they came in.

This module owns opening, gzip, byte order marks, UTF-16 (what some spreadsheets call Unicode text) and line ends. It
does not know columns or numbers.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, cast

from pipeline.errors import LogError
from pipeline.files import plain_reason
from pipeline.tools.endpoints import input_name, open_input

BLOCK_BYTES: Final = 1 << 20
LONGEST_LINE_BYTES: Final = 1 << 24
_GZIP_MAGIC: Final = b"\x1f\x8b"
_MOST_UNASKED_BYTES: Final = 1 << 26
_MOST_TIMES: Final = 200
"""Numbers shrink to a third or a tenth: what grows so many times, and large, is made to fill a memory."""
_MARKS: Final = ((codecs.BOM_UTF8, ""), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


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
def open_lines(path: str) -> Iterator[Iterator[bytes]]:
    """Open a log, `-` for standard input, as blocks of bytes that end where a line ends.

    Raises
    ------
    LogError
        It can't be opened, is empty, is no text, or its compression is damaged.
    """
    with open_input(path, LogError) as file:
        buffered = cast("io.BufferedReader", file)
        packed = buffered.peek(2).startswith(_GZIP_MAGIC)
        read = _Unpacked(buffered, input_name(path)).unpack if packed else buffered.read
        try:
            yield _checked_lines(read, input_name(path))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise LogError(
                "The compressed file is damaged.", where=input_name(path), expected="a whole file"
            ) from error
        except OSError as error:
            if error.filename is not None:
                raise
            raise LogError(f"The file can't be read: {plain_reason(error)}.", where=input_name(path)) from error


def _checked_lines(read: Callable[[int], bytes], name: str) -> Iterator[bytes]:
    empty = True
    for block in _lines(_text_blocks(read, name), name):
        if b"\0" in block:
            raise LogError(
                "The file is no text.", where=name, expected="numbers in columns: CSV, TSV, with or without gzip"
            )
        empty = False
        yield block
    if empty:
        raise LogError("The file is empty.", where=name, expected="numbers in columns")


def _text_blocks(read: Callable[[int], bytes], name: str) -> Iterator[bytes]:
    """Yield blocks without their byte order mark, recoded to UTF-8."""
    block = read(BLOCK_BYTES)
    encoding = ""
    for mark, coding in _MARKS:
        if block.startswith(mark):
            block, encoding = block[len(mark) :], coding
            break
    recode = _recoder(encoding, name) if encoding else None
    while block:
        yield recode(block) if recode else block
        block = read(BLOCK_BYTES)


def _recoder(encoding: str, name: str) -> Callable[[bytes], bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()

    def recode(block: bytes) -> bytes:
        try:
            return decoder.decode(block).encode()
        except UnicodeError as error:
            raise LogError(f"The file is no {encoding.upper()} text, as it says itself.", where=name) from error

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
