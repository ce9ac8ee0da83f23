"""The inner loops between bytes and UTF-8, compiled to machine code.

This module knows tables as arrays only. Everything else of the byte-text converter lies in `byte_text`.
"""

# ruff: noqa: PLR2004  # the numbers are those of UTF-8 itself
from __future__ import annotations

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Parameters = ParamSpec("Parameters")
Outcome = TypeVar("Outcome")

STOP: Final = -2  # in place of a replacement byte: halt at the first character that the table doesn't have
SKIP: Final = -1  # leave such characters out


def _compiled(function: Callable[Parameters, Outcome]) -> Callable[Parameters, Outcome]:
    try:
        compiled: Callable[Parameters, Outcome] = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba finds no folder for its cache that it can write
        compiled = numba.njit(nogil=True)(function)
    return compiled


@_compiled
def encode(source: Bytes, characters: Bytes, lengths: NDArray[np.int64], out: Bytes) -> int:
    """Write each byte's character as UTF-8, and return how many bytes were written.

    `out` needs room for 4 bytes a source byte: each character is written whole, and the pen moves by its true length.
    """
    at = 0
    for byte in source:
        out[at] = characters[byte, 0]
        out[at + 1] = characters[byte, 1]
        out[at + 2] = characters[byte, 2]
        out[at + 3] = characters[byte, 3]
        at += lengths[byte]
    return at


@_compiled
def encode_short(source: Bytes, characters: Bytes, lengths: NDArray[np.int64], out: Bytes) -> int:
    """Do the same for tables in which no character is longer than 2 bytes; `out` needs room for 2 a source byte."""
    at = 0
    for byte in source:
        out[at] = characters[byte, 0]
        out[at + 1] = characters[byte, 1]
        at += lengths[byte]
    return at


@_compiled
def _code_point(source: Bytes, at: int) -> tuple[int, int]:
    """Read one character of UTF-8 (RFC 3629).

    Returns its code point and its length in bytes; code point -1 where the bytes are no character (length: how many
    to pass over), -2 where the source ends within a character.
    """
    first = int(source[at])
    if first < 0x80:
        return first, 1
    if first < 0xC2 or first > 0xF4:
        return -1, 1
    length = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    # The second byte's limits shut out needlessly long forms, surrogates and what lies beyond Unicode.
    least = 0xA0 if first == 0xE0 else 0x90 if first == 0xF0 else 0x80
    most = 0x9F if first == 0xED else 0x8F if first == 0xF4 else 0xBF
    value = first & (0x7F >> length)
    for place in range(1, length):
        if at + place >= source.size:
            return -2, place
        following = int(source[at + place])
        if following < least or following > most:
            return -1, place
        value = value << 6 | (following & 0x3F)
        least, most = 0x80, 0xBF
    return value, length


@_compiled
def _decode_short(source: Bytes, inverse: NDArray[np.int16], out: Bytes) -> tuple[int, int]:
    """Decode known characters of one or two bytes, up to the first other one or the source's last byte.

    There is nothing to guess in this loop but its end: sound changes between one and two bytes at random, and a
    processor that guesses wrong loses more time than the arithmetic takes.
    """
    at = 0
    written = 0
    while at + 1 < source.size:
        first = int(source[at])
        second = int(source[at + 1])
        double = first >> 7
        value = first + double * (((first & 0x1F) << 6 | (second & 0x3F)) - first)
        byte = inverse[value]
        malformed = double * (((first >> 5) ^ 6) | ((second >> 6) ^ 2) | (value < 0x80))
        if (malformed != 0) | (byte < 0):
            break
        out[written] = byte
        written += 1
        at += 1 + double
    return at, written


@_compiled
def decode(source: Bytes, inverse: NDArray[np.int16], unknown: int, out: Bytes) -> tuple[int, int, int, int]:
    """Turn UTF-8 into the bytes that its characters stand for.

    Parameters
    ----------
    source
        The text; it may end within a character.
    inverse
        The byte of each code point, -1 for none.
    unknown
        What stands for a character that the table doesn't have: a byte, SKIP or STOP.
    out
        Room for one byte a source byte.

    Returns
    -------
    Bytes of the source used, bytes written, characters met that the table doesn't have, and the place in the source
    of the first of these (-1 for none). The source is used up to a character that it doesn't hold whole or, with
    STOP, to the first unknown one.
    """
    at = 0
    written = 0
    unmapped = 0
    first_unmapped = -1
    while at < source.size:
        used, count = _decode_short(source[at:], inverse, out[written:])
        at += used
        written += count
        if at >= source.size:
            break
        value, length = _code_point(source, at)
        if value == -2:
            break
        byte = inverse[value] if value >= 0 else -1
        if byte < 0:
            if unmapped == 0:
                first_unmapped = at
            unmapped += 1
            if unknown == STOP:
                break
            byte = unknown
        if byte >= 0:
            out[written] = byte
            written += 1
        at += length
    return at, written, unmapped, first_unmapped
