"""What a MIDI file would cost to read, counted before it is read: events, tracks, and numbers that never end.

mido makes an object of each event and a number of whatever follows bits that say "more": a file of strangers may hold
millions, or one number of megabytes. Owns that walk over the bytes; it gives no event a meaning.
"""

from __future__ import annotations

from typing import Final

MOST_TRACKS: Final = 1024
MOST_EVENTS: Final = 400_000
_HEADER: Final = 8
_TRACK: Final = b"MTrk"
_LONGEST_NUMBER: Final = 4
"""Bytes, by the standard."""
_META, _SYSEX = 0xFF, (0xF0, 0xF7)
_STATUS: Final = 0x80
_ONE_BYTE: Final = range(0xC0, 0xE0)
"""Programs and channel pressure have one byte of data."""
_CHANNELS: Final = range(0x80, 0xF0)


class _DamagedError(Exception):
    """The bytes are no events."""


def tracks_alone(data: bytes) -> bytes:
    """A file without the chunks that are no tracks, which the standard tells readers to pass over."""
    at = _HEADER + int.from_bytes(data[4:8], "big")
    parts = [data[:at]]
    while at + _HEADER <= len(data):
        after = at + _HEADER + int.from_bytes(data[at + 4 : at + _HEADER], "big")
        if data[at : at + 4] == _TRACK:
            parts.append(data[at:after])
        at = after
    return b"".join(parts)


def fault_of(data: bytes) -> str:
    """Say why a file that begins as a MIDI file can't be read; empty where it can, or where reading it finds out."""
    at = _HEADER + int.from_bytes(data[4:8], "big")
    events = tracks = 0
    try:
        while at + _HEADER <= len(data):
            size = int.from_bytes(data[at + 4 : at + _HEADER], "big")
            tracks += 1
            if tracks > MOST_TRACKS:
                return f"it has more than {MOST_TRACKS} tracks"
            events += _events(data, at + _HEADER, min(len(data), at + _HEADER + size), MOST_EVENTS - events)
            if events > MOST_EVENTS:
                return f"it has more than {MOST_EVENTS:,} events"
            at += _HEADER + size
    except _DamagedError:
        return "it is damaged"
    return ""


def _events(data: bytes, at: int, end: int, most: int) -> int:
    """Count the events of a track, at most one more than allowed."""
    count = status = 0
    while at < end and count <= most:
        at = _after_number(data, at, end)[0]
        if at >= end:
            raise _DamagedError
        kind = data[at] if data[at] >= _STATUS else status
        at += data[at] >= _STATUS
        if kind == _META or kind in _SYSEX:
            at, length = _after_number(data, at + (kind == _META), end)
            at += length
        else:
            at += (1 if kind in _ONE_BYTE else 2) if kind in _CHANNELS else 0
        status = status if kind == _META else kind
        count += 1
    if at > end:
        raise _DamagedError
    return count


def _after_number(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Where a number of variable length ends, and the number."""
    value = 0
    for place in range(at, min(end, at + _LONGEST_NUMBER)):
        value = value << 7 | data[place] & 0x7F
        if data[place] < _STATUS:
            return place + 1, value
    raise _DamagedError
