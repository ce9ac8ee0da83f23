"""The files that describe a voice bank: `oto.ini`, where each sample's parts lie, and `prefix.map`, samples by pitch.

Owns what their numbers mean: milliseconds from the beginning of a file, except a cutoff that is positive, which counts
from its end. They may be Shift-JIS or UTF-8, and come from strangers: names lead nowhere outside their folder.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from pipeline.errors import ProductionError
from pipeline.song.notes.tune import STEPS

MOST_ENTRIES: Final = 50_000
_NUMBERS: Final = 5
_LONGEST_MS: Final = 600_000.0
_NOTE: Final = re.compile(r"([A-Ga-g])([#b]?)(-?\d)")


@dataclass(frozen=True)
class OtoEntry:
    """One line of an `oto.ini`.

    Parameters
    ----------
    file
        The sample, in the line's own folder.
    alias
        What it is called in lyrics.
    offset_ms, fixed_ms, cutoff_ms, preutterance_ms, overlap_ms
        As in the file: `offset_ms` from its beginning; the others from there, except a positive cutoff.
    """

    file: str
    alias: str
    offset_ms: float = 0.0
    fixed_ms: float = 0.0
    cutoff_ms: float = 0.0
    preutterance_ms: float = 0.0
    overlap_ms: float = 0.0

    @property
    def has_parts(self) -> bool:
        """Whether it says where the parts of its sample lie: editors write noughts where nobody has looked."""
        return any((self.fixed_ms, self.preutterance_ms, self.overlap_ms))

    def span_s(self, seconds: float) -> tuple[float, float]:
        """Where it begins and ends in its file, which lasts so long; at least 20 ms apart where there is room."""
        begin = min(max(0.0, self.offset_ms / 1000), max(0.0, seconds - 0.02))
        cut = self.cutoff_ms / 1000
        end = seconds - cut if cut >= 0 else begin - cut
        return begin, min(seconds, max(end, begin + 0.02))


def read_oto(text: str, where: str) -> list[OtoEntry]:
    """Read the lines of an `oto.ini`; those that name no file, or one elsewhere, are left out.

    Raises
    ------
    ProductionError
        Where there are too many.
    """
    entries = []
    for line in text.splitlines():
        name, equals, rest = line.strip().partition("=")
        if not equals or not name or not is_inside(name):
            continue
        alias, *values = rest.split(",")
        numbers = [_number(value) for value in values[:_NUMBERS]]
        numbers += [0.0] * (_NUMBERS - len(numbers))
        entries.append(OtoEntry(name, alias.strip()[:100] or PurePosixPath(name).stem, *numbers))
        check_entries(len(entries), where)
    return entries


def check_entries(lines: int, where: str) -> None:
    """Raise a ProductionError where a voice bank describes more samples than any singer has."""
    if lines > MOST_ENTRIES:
        raise ProductionError(f"It has more than {MOST_ENTRIES:,} lines.", where=where, expected="an oto.ini")


def is_inside(name: str) -> bool:
    """Whether a name of a file leads nowhere but into its own folder."""
    parts = name.replace("\\", "/").split("/")
    return bool(name) and ".." not in parts and parts[0] != "" and ":" not in name and "\0" not in name


def _number(text: str) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        return 0.0
    return min(max(value, -_LONGEST_MS), _LONGEST_MS) if math.isfinite(value) else 0.0


def read_prefixes(text: str) -> Mapping[int, tuple[str, str]]:
    """The letters before and after an alias for each key (MIDI number), from a `prefix.map`."""
    found = {}
    for line in text.splitlines()[:1000]:
        name, *letters = line.rstrip("\r\n").split("\t")
        note = _NOTE.fullmatch(name.strip())
        if note and any(letters):
            before, after = (*letters, "", "")[:2]
            key = 12 * (int(note[3]) + 1) + STEPS[note[1].upper()] + {"#": 1, "b": -1, "": 0}[note[2]]
            found[key] = (before.strip()[:40], after.strip()[:40])
    return found
