"""The records of an event file: lengths, checksums and bytes, in streams of any length.

Owns the framing of TFRecord files (a length in 8 bytes, its checksum, the bytes, their checksum; all little-endian,
checksums CRC-32C, turned and offset). TensorBoard's own reader works without TensorFlow too, but believes any length
and takes minutes for the checksums of a sound. This module does not know what the records hold.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from pipeline.store.files import disk_errors

_HEADER: Final = struct.Struct("<QI")
_FOOTER: Final = struct.Struct("<I")
LARGEST_RECORD_BYTES: Final = 1 << 28
"""Half an hour of sound at 48 kHz and 24 bits; larger records are passed over."""
_MASK: Final = 0xFFFFFFFF
_DELTA: Final = 0xA282EAD8


def masked(checksum: int) -> int:
    """Turn a CRC-32C as TFRecord files store it."""
    return (((checksum >> 15) | (checksum << 17)) + _DELTA) & _MASK


def records(
    path: Path, crc32c: Callable[[bytes], int], notes: list[str], most_bytes: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yield each whole record and the place in the file where its bytes begin.

    Parameters
    ----------
    crc32c
        Computes the checksum.
    notes
        Is added to where the file ends early, is damaged, or holds more than is read.
    most_bytes
        How much is read; None: all.

    Raises
    ------
    BuildVideoError
        The file can't be read.
    """
    with disk_errors(path), path.open("rb") as file:
        size = file.seek(0, 2)
        at = file.seek(0)
        while most_bytes is None or at < most_bytes:
            header = file.read(_HEADER.size)
            if not header:
                return
            if len(header) < _HEADER.size:
                break
            length, check = _HEADER.unpack(header)
            if masked(crc32c(header[:8])) != check:
                notes.append(f"{path.name} is damaged at byte {at:,}: read up to there")
                return
            at += _HEADER.size
            if length > size - at - _FOOTER.size and (size := file.seek(0, 2)) - at - _FOOTER.size < length:
                break
            if length > LARGEST_RECORD_BYTES:
                notes.append(f"{path.name}: a record of {length:,} bytes is passed over")
                at = file.seek(at + length + _FOOTER.size)
                continue
            file.seek(at)
            data = file.read(length)
            footer = file.read(_FOOTER.size)
            if len(data) < length or len(footer) < _FOOTER.size:
                break
            if masked(crc32c(data)) == _FOOTER.unpack(footer)[0]:
                yield at, data
            else:
                notes.append(f"{path.name}: a record at byte {at:,} is damaged, and left out")
            at += length + _FOOTER.size
        else:
            notes.append(f"{path.name}: only the first {most_bytes:,} bytes were looked through")
            return
        notes.append(f"{path.name} ends in the middle of a record: it may be still growing; read up to there")
