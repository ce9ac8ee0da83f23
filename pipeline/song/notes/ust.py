"""UST files, as UTAU and other editors of its kind write them.

Owns sections and keys: lengths in ticks of 480 a beat, tempo changes, lyrics, intensity, pitch points (mode 2), pitch
bend lists (mode 1) and vibrato. Text may be Shift-JIS or UTF-8; numbers may have decimals or be missing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

from pipeline.errors import ProductionError
from pipeline.song.notes.texts import decoded
from pipeline.song.notes.tune import NO_TEMPO, Note, TempoMap, Tune, Vibrato, tune_of

MARK: Final = re.compile(rb"\[#(VERSION|SETTING|\d{4,6}|PREV|NEXT)\]", re.IGNORECASE)
_TICKS: Final = 480
_RESTS: Final = frozenset({"", "r", "rest", "pau", "sil"})
_BREATHS: Final = re.compile(r"([-aiueon] )?(R|\u606f|\u5438|br)\d?", re.IGNORECASE)
"""A vowel's end or a breath, written on a rest: voices end and rest without being told."""
_HINT: Final = re.compile(r"^\?(?=.)|(?<=.)\[[^]]*\]$")
"""What is no lyric: a mark against prefix maps, and sounds in brackets."""
_USUAL_TEMPO: Final = 120.0
_TEMPOS: Final = (5.0, 1000.0)
_MOST_SECTIONS: Final = 200_000
_BEND_TICKS: Final = 5
"""Between two values of a list of pitch bends."""
_MOST_POINTS: Final = 2000
_LONGEST_TICKS: Final = 10_000_000.0
_KEYS: Final = (0.0, 127.0)
_VIBRATO_VALUES: Final = 3
_CENTS_OF_POINT: Final = 10.0
_FULL_INTENSITY: Final = 125.0


def read_ust(data: bytes, where: str) -> Tune:
    """Read a UST file.

    Raises
    ------
    ProductionError
        Where it has no notes.
    """
    sections = _sections(decoded(data))
    if len(sections) > _MOST_SECTIONS:
        raise ProductionError(f"The UST file has {len(sections):,} notes.", where=where, expected="a song")
    setting = next((keys for name, keys in sections if name == "SETTING"), {})
    changes = [(0.0, 60 / _tempo(setting, _USUAL_TEMPO))]
    placed, tick = [], 0.0
    for name, keys in sections:
        if not name.isdecimal() and name != "INSERT":
            continue
        if "Tempo" in keys:
            changes.append((tick, 60 / _tempo(keys, _USUAL_TEMPO)))
        ticks = min(max(0.0, _number(keys, "Length", 0.0)), _LONGEST_TICKS)
        placed.append((tick, tick + ticks, keys))
        tick += ticks
    law = TempoMap(_TICKS, changes)
    notes = [
        _note(law, start, end, keys)
        for start, end, keys in placed
        if "NoteNum" in keys and not _is_rest(keys.get("Lyric", "").strip())
    ]
    has_tempo = any("Tempo" in keys for _, keys in sections)
    return tune_of([(setting.get("ProjectName", "").strip() or "UST", notes)], where, [] if has_tempo else [NO_TEMPO])


def _is_rest(lyric: str) -> bool:
    return lyric.lower() in _RESTS or _BREATHS.fullmatch(lyric) is not None


def _sections(text: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("[#") and stripped.endswith("]"):
            found.append((stripped[2:-1].upper(), {}))
        elif found and "=" in stripped:
            key, _, value = stripped.partition("=")
            found[-1][1][key.strip()] = value.strip()
    return found


def _note(law: TempoMap, start: float, end: float, keys: Mapping[str, str]) -> Note:
    start_s, end_s = law.seconds(start), law.seconds(end)
    key = min(max(_number(keys, "NoteNum", 60.0), _KEYS[0]), _KEYS[1])
    return Note(
        start_s,
        end_s,
        key,
        min(1.0, max(0.0, _number(keys, "Intensity", 100.0)) / _FULL_INTENSITY),
        _HINT.sub("", keys.get("Lyric", "").strip()[:100]),
        bend=_bends(law, start, keys),
        glide=_glide(keys),
        vibrato=_vibrato(keys),
    )


def _glide(keys: Mapping[str, str]) -> tuple[tuple[float, float], ...]:
    """Pitch points: PBS begins (milliseconds; tenths of a semitone), PBW and PBY go on; the last stands on the key."""
    if "PBS" not in keys or "PBW" not in keys:
        return ()
    first = _numbers(keys["PBS"].replace(";", ","))
    widths, heights = _numbers(keys["PBW"]), _numbers(keys.get("PBY", ""))
    if not first or not widths:
        return ()
    at_ms, points = first[0], [(first[0] / 1000, _CENTS_OF_POINT * (first[1] if len(first) > 1 else 0.0))]
    for number, width in enumerate(widths):
        at_ms += max(0.0, width)
        is_last = number == len(widths) - 1
        height = 0.0 if is_last or number >= len(heights) else heights[number]
        points.append((at_ms / 1000, _CENTS_OF_POINT * height))
    return tuple(points) if all(abs(at) < 60 for at, _ in points) else ()  # noqa: PLR2004 - seconds


def _bends(law: TempoMap, start: float, keys: Mapping[str, str]) -> tuple[tuple[float, float], ...]:
    values = _numbers(keys.get("PitchBend", keys.get("Piches", "")))
    if "PBS" in keys or not any(values):
        return ()
    begin_s = law.seconds(start)
    return tuple((law.seconds(start + _BEND_TICKS * at) - begin_s, cents) for at, cents in enumerate(values))


def _vibrato(keys: Mapping[str, str]) -> Vibrato | None:
    values = _numbers(keys.get("VBR", ""))
    if len(values) < _VIBRATO_VALUES or values[0] <= 0 or values[1] <= 0:
        return None
    return Vibrato(min(200.0, max(0.0, values[2])), min(2.0, max(0.05, values[1] / 1000)), min(1.0, values[0] / 100))


def _tempo(keys: Mapping[str, str], usual: float) -> float:
    return min(max(_number(keys, "Tempo", usual), _TEMPOS[0]), _TEMPOS[1])


def _number(keys: Mapping[str, str], name: str, usual: float) -> float:
    found = _numbers(keys.get(name, "").replace(",", "."))
    return found[0] if found else usual


def _numbers(text: str) -> list[float]:
    """The numbers in a list; what is none counts as 0."""
    values = []
    for word in text.split(",")[:_MOST_POINTS] if text.strip() else []:
        try:
            value = float(word) if word.strip() else 0.0
        except ValueError:
            value = 0.0
        values.append(value if math.isfinite(value) and abs(value) < 1e6 else 0.0)  # noqa: PLR2004 - hostile numbers
    return values
