"""Line breaks inside quotation marks: blocks of lines become blocks of records, one a line.

This module owns telling a quoted field that goes on in the next line (RFC 4180) from a quotation mark too many. It does
not know numbers, names or how a line is cut into fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

LONGEST_RECORD_BYTES: Final = 1 << 17
"""A mark that isn't closed within so many bytes is one too many: it must not swallow the lines after it."""
_QUOTE, _LINE_BREAK = ord('"'), ord("\n")


def whole_records(blocks: Iterable[bytes], delimiters: str, comment: str) -> Iterator[bytes]:
    """Turn line breaks inside quoted fields into spaces, so that each record is one line.

    Parameters
    ----------
    blocks
        Bytes that end where a line ends.
    delimiters
        What may stand before and after a quoted field, besides a line's ends.
    comment
        Lines that begin so may hold any marks.
    """
    closed = _closed_pattern(delimiters)
    kept = b""
    for block in blocks:
        if not kept and b'"' not in block:
            yield block
            continue
        joined, end = _join(kept + block, closed, comment.encode())
        kept = joined[end:]
        if len(kept) > LONGEST_RECORD_BYTES:
            joined, end = _join(joined, closed, comment.encode(), last=True)
            kept = b""
        if end:
            yield joined[:end]
    if kept:
        yield _join(kept, closed, comment.encode(), last=True)[0]


def _closed_pattern(delimiters: str) -> re.Pattern[bytes]:
    """Text in which each field that begins with a quotation mark ends with one.

    Every alternative begins differently and gives nothing back, so that the time is in proportion to the text.
    """
    around = re.escape(delimiters.encode())
    quoted = rb"(?<![^\n" + around + rb'])"(?:[^"]|"")*+"(?![^\r\n' + around + rb"])"
    return re.compile(rb'(?:[^"]++|' + quoted + rb")*+")


def _join(block: bytes, closed: re.Pattern[bytes], comment: bytes, *, last: bool = False) -> tuple[bytes, int]:
    """Join the lines of each record; tell where one begins that goes on in the next block, else the block's end."""
    data = np.frombuffer(block, dtype=np.uint8)
    breaks = np.flatnonzero(data == _LINE_BREAK)
    starts = np.concatenate([[0], breaks[:-1] + 1])
    marks = np.concatenate([[0], np.cumsum(data == _QUOTE, dtype=np.int64)])
    odd = np.flatnonzero((marks[breaks + 1] - marks[starts]) & 1)
    lines = list(zip(starts[odd].tolist(), (breaks[odd] + 1).tolist(), strict=True))
    records, end = _records(block, lines, closed, comment, last=last)
    if not records:
        return block, end
    parts, at = [], 0
    for begin, stop in records:
        parts += [block[at:begin], block[begin : stop - 1].replace(b"\r", b" ").replace(b"\n", b" "), b"\n"]
        at = stop
    return b"".join([*parts, block[at:]]), end


def _records(
    block: bytes, odd: Sequence[tuple[int, int]], closed: re.Pattern[bytes], comment: bytes, *, last: bool
) -> tuple[list[tuple[int, int]], int]:
    """Find records of several lines: a line with an odd number of marks opens one, the next such line closes it."""
    records: list[tuple[int, int]] = []
    number = 0
    while number < len(odd):
        begin = odd[number][0]
        if comment and block.startswith(comment, begin):
            number += 1
            continue
        if number + 1 == len(odd):
            return records, len(block) if last else begin
        stop = odd[number + 1][1]
        if stop - begin <= LONGEST_RECORD_BYTES and closed.fullmatch(block, begin, stop):
            records.append((begin, stop))
            number += 1
        number += 1
    return records, len(block)
