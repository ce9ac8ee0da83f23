"""PNG files written while they are painted: several stretches of rows at once, none kept longer than needed.

This module owns the file format (W3C PNG, third edition; RFC 1950 and 1951). It does not know what is painted. The
stretches are compressed apart from one another and joined at flush points, as pigz does.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.runtime.ordered_work import in_order
from pipeline.tools.graph.palette import Numbers

MOST_PIXELS_A_SIDE: Final = 65_535
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_STRETCH_BYTES: Final = 1 << 22
_FILTER_NONE, _FILTER_UP = 0, 2
_PALETTE, _COLOUR, _COLOUR_AND_OPACITY = 3, 2, 6  # the format's colour types
_OPAQUE: Final = 255
_ADLER: Final = 65_521  # the largest prime below 65,536


def write_png(
    file: BinaryIO,
    width: int,
    height: int,
    palette: Callable[[], NDArray[np.uint8]],
    paint: Callable[[int, int], Numbers],
) -> None:
    """Paint and write a picture.

    Parameters
    ----------
    file
        Where to.
    width, height
        In pixels, 1 to 65,535.
    palette
        Tells all colours, shape (colours, 4): red, green, blue, opacity. Of more than 256, colours of pixels are
        written instead of their numbers; then it is asked again after each stretch.
    paint
        Tells the numbers of the colours of rows from the first to the last (not included); called by several threads.
    """
    colours = palette()
    rows = max(1, _STRETCH_BYTES // width)
    sample = paint(0, 1)
    kind = _PALETTE if sample.dtype == np.uint8 else _COLOUR_AND_OPACITY if (colours[:, 3] < _OPAQUE).any() else _COLOUR
    file.write(_SIGNATURE)
    file.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)))
    if kind == _PALETTE:
        file.write(_chunk(b"PLTE", colours[:, :3].tobytes()))
        if (colours[:, 3] < _OPAQUE).any():
            file.write(_chunk(b"tRNS", colours[:, 3].tobytes()))

    def stretch(first: int) -> tuple[bytes, int, int]:
        last = min(first + rows, height)
        numbers = paint(first, last)
        channels = {_PALETTE: 0, _COLOUR: 3, _COLOUR_AND_OPACITY: 4}[kind]
        return _compressed(_pixels(numbers, palette, channels), last=last == height)

    checksum = 1
    begin = b"\x78\x01"  # zlib's header: deflate, a window of 32 KiB, compressed fast
    for data, adler, length in in_order(stretch, range(0, height, rows)):
        file.write(_chunk(b"IDAT", begin + data))
        checksum = _joined_adler(checksum, adler, length)
        begin = b""
    file.write(_chunk(b"IDAT", struct.pack(">I", checksum)))
    file.write(_chunk(b"IEND", b""))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pixels(numbers: Numbers, palette: Callable[[], NDArray[np.uint8]], channels: int) -> NDArray[np.uint8]:
    """Turn numbers into the bytes of pixels, shape (rows, bytes)."""
    if not channels:
        return numbers.astype(np.uint8, copy=False)
    colours = np.ascontiguousarray(palette()[:, :channels])
    return colours[numbers].reshape(len(numbers), -1)


def _compressed(pixels: NDArray[np.uint8], *, last: bool) -> tuple[bytes, int, int]:
    """Filter and compress rows; return them with the checksum and the length of what went in.

    Each row is its difference from the one above, which is mostly nothing, and nothing is compressed best, and
    fastest, as runs.
    """
    rows, length = pixels.shape
    filtered = np.empty((rows, length + 1), dtype=np.uint8)
    filtered[:, 0] = _FILTER_UP
    filtered[0, 0] = _FILTER_NONE  # the row above belongs to another stretch
    filtered[0, 1:] = pixels[0]
    np.subtract(pixels[1:], pixels[:-1], out=filtered[1:, 1:])
    packer = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    data = packer.compress(filtered.data) + packer.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)
    return data, zlib.adler32(filtered.data), filtered.size


def _joined_adler(first: int, second: int, second_length: int) -> int:
    """The checksum of two pieces, from the checksums of each (RFC 1950)."""
    low = (first & 0xFFFF) + (second & 0xFFFF) - 1
    high = (first >> 16) + (second >> 16) + second_length * ((first & 0xFFFF) - 1)
    return high % _ADLER << 16 | low % _ADLER
