"""MusicXML, part by part, plain or compressed.

Owns pitches, durations, ties, chords, voices that go back in time, tempo and lyrics, of which each time through a
measure sings the next verse. XML of strangers is read without entities of its own, so that it can't grow, and a bounded
depth.

Source: W3C Community Group, "MusicXML 4.0".
"""

from __future__ import annotations

import io
import lzma
import math
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers import expat

from pipeline.errors import ProductionError
from pipeline.song.notes.repeats import playing_order
from pipeline.song.notes.texts import MOST_BYTES
from pipeline.song.notes.tune import MOST_NOTES, NO_TEMPO, STEPS, Note, TempoMap, Tune, tune_of

MARK: Final = re.compile(rb"<score-(partwise|timewise)|<!DOCTYPE\s+score-")
ZIP_MARK: Final = b"PK\x03\x04"
_DEEPEST: Final = 64
_MOST_ELEMENTS: Final = 1_500_000
_TICKS: Final = 960
_DYNAMICS: Final = {"ppp": 0.2, "pp": 0.3, "p": 0.45, "mp": 0.6, "mf": 0.72, "f": 0.85, "ff": 0.95, "fff": 1.0}
_LONGEST_BEATS: Final = 100_000.0
_PACKING: Final = (zlib.error, lzma.LZMAError, struct.error, KeyError)
"""What damaged archives end with, beside what `zipfile` says."""


def unpacked(data: bytes, where: str) -> bytes:
    """The score inside a compressed file."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [one for one in archive.namelist() if one.lower().endswith((".xml", ".musicxml"))]
            name = next(one for one in names if not one.startswith("META-INF"))
            with archive.open(name) as file:
                score = file.read(MOST_BYTES * 4 + 1)
    except (zipfile.BadZipFile, StopIteration, OSError, RuntimeError, ValueError, EOFError, *_PACKING) as e:
        raise _unusable(where, "there is no score in it") from e
    if len(score) > MOST_BYTES * 4:
        raise _unusable(where, "its score is too large")
    return score


def read_musicxml(data: bytes, where: str) -> Tune:
    """Read a score.

    Raises
    ------
    ProductionError
        Where it is no well-formed score by parts, or has no notes.
    """
    root = _parsed(data, where)
    if root.tag != "score-partwise":
        raise _unusable(where, "it is not written part by part (score-partwise)")
    names = {part.get("id", ""): _text(part, "part-name") for part in root.iterfind("part-list/score-part")}
    parts = [(names.get(part.get("id", ""), ""), part.findall("measure")) for part in root.iterfind("part")]
    orders = [playing_order(measures) for _, measures in parts]
    longest = max(orders, key=len, default=[])  # some programs write repeats into the first part alone
    played = sum(len(measures[at]) for _, measures in parts for at in longest if at < len(measures))
    if played > _MOST_ELEMENTS:
        raise _unusable(where, "its repeats are played too often")
    readers = [(name, _PartReader(measures, longest)) for name, measures in parts]
    tempos = [change for _, reader in readers for change in reader.tempos]
    law = TempoMap(_TICKS, tempos)
    return tune_of([(name, reader.notes(law)) for name, reader in readers], where, [] if tempos else [NO_TEMPO])


def _parsed(data: bytes, where: str) -> Element:
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    depth = elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if depth > _DEEPEST or elements > _MOST_ELEMENTS:
            raise _unusable(where, "it is nested too deeply, or too large")
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def refuse(*_: object) -> None:
        raise _unusable(where, "it declares entities")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ParseError, ValueError, AssertionError, LookupError) as error:
        raise _unusable(where, "it is no well-formed XML") from error


def _unusable(where: str, why: str) -> ProductionError:
    return ProductionError(f"The MusicXML file can't be used: {why}.", where=where, expected="a score by parts")


@dataclass
class _Placed:
    start: float
    ticks: float
    key: float
    velocity: float
    syllable: str


@dataclass
class _PartReader:
    """Reads one part, measure by measure."""

    measures: Sequence[Element]
    order: Sequence[int]
    tempos: list[tuple[float, float]] = field(default_factory=list)
    _placed: list[_Placed] = field(default_factory=list)
    _open: dict[float, _Placed] = field(default_factory=dict)
    _at: float = 0.0
    _divisions: float = 1.0
    _shift: float = 0.0
    """Semitones from what is written to what sounds."""
    _verse: str = ""
    _velocity: float = 0.72
    _last_start: float = 0.0

    def __post_init__(self) -> None:
        scales = list(self._scales())
        verses = list(dict.fromkeys(_verse(one) for measure in self.measures for one in measure.iterfind("note/lyric")))
        visits: Counter[int] = Counter()
        for number in (number for number in self.order if number < len(self.measures)):
            measure = self.measures[number]
            visits[number] += 1
            sung = {_verse(lyric) for lyric in measure.iterfind("note/lyric")}
            wanted = verses[min(visits[number], len(verses)) - 1] if verses else ""
            self._verse = wanted if wanted in sung else next((one for one in verses if one in sung), "")
            self._divisions, self._shift = scales[number]
            self._measure(measure)

    def _scales(self) -> Iterator[tuple[float, float]]:
        """What a beat and a step are worth where each measure begins, which a jump back goes back to."""
        divisions, shift = self._divisions, self._shift
        for measure in self.measures:
            yield divisions, shift
            for attributes in measure.iterfind("attributes"):
                divisions, shift = _scale(attributes, divisions, shift)

    def _measure(self, measure: Element) -> None:
        begin = furthest = self._at
        for element in measure:
            self._read(element)
            furthest = max(furthest, self._at)
        self._at = max(begin, furthest)

    def notes(self, law: TempoMap) -> list[Note]:
        """The part's notes in seconds."""
        return [
            Note(law.seconds(one.start), law.seconds(one.start + one.ticks), one.key, one.velocity, one.syllable)
            for one in self._placed
        ]

    def _read(self, element: Element) -> None:
        if element.tag == "attributes":
            self._divisions, self._shift = _scale(element, self._divisions, self._shift)
        elif element.tag in ("backup", "forward"):
            ticks = self._ticks(element)
            self._at = max(0.0, self._at - ticks) if element.tag == "backup" else self._at + ticks
        elif element.tag in ("direction", "sound"):
            self._direct(element)
        elif element.tag == "note":
            self._note(element)

    def _direct(self, element: Element) -> None:
        sounds = [element] if element.tag == "sound" else element.findall("sound")
        given = [_float(sound.get("tempo", "")) for sound in sounds if sound.get("tempo")]
        if not given and (metronome := element.find("direction-type/metronome")) is not None:
            given = [_number(metronome, "per-minute", 0.0)]
        self.tempos += [(self._at, 60 / beats) for beats in given if 1 <= beats <= 1000]  # noqa: PLR2004 - a tempo
        for mark in element.iterfind("direction-type/dynamics/*"):
            self._velocity = _DYNAMICS.get(mark.tag, self._velocity)

    def _note(self, element: Element) -> None:
        if element.find("grace") is not None or element.find("cue") is not None:
            return
        ticks = self._ticks(element)
        start = self._last_start if element.find("chord") is not None else self._at
        self._last_start = start
        self._at = max(self._at, start + ticks)
        key = _key(element, self._shift)
        if key is None or len(self._placed) > MOST_NOTES:
            return
        ties = {tie.get("type") for tie in (*element.iterfind("tie"), *element.iterfind("notations/tied"))}
        before = self._open.pop(key, None) if "stop" in ties else None
        if before is not None and math.isclose(before.start + before.ticks, start, abs_tol=1.0):
            before.ticks += ticks
            placed = before
        else:
            placed = _Placed(start, ticks, key, self._velocity, _syllable(element, self._verse))
            self._placed.append(placed)
        if "start" in ties:
            self._open[key] = placed

    def _ticks(self, element: Element) -> float:
        beats = _number(element, "duration", 0.0) / self._divisions
        return min(max(0.0, beats), _LONGEST_BEATS) * _TICKS


def _scale(attributes: Element, divisions: float, shift: float) -> tuple[float, float]:
    """Divisions of a beat and semitones of transposition, where attributes change them."""
    transpose = attributes.find("transpose")
    if transpose is not None:
        shift = _number(transpose, "chromatic", 0.0) + 12 * _number(transpose, "octave-change", 0.0)
    return max(1e-3, _number(attributes, "divisions", divisions)), shift


def _key(element: Element, shift: float) -> float | None:
    pitch = element.find("pitch")
    if pitch is None or _text(pitch, "step") not in STEPS:
        return None
    octave = min(max(_number(pitch, "octave", 4.0), -1), 9)
    return min(max(12 * (octave + 1) + STEPS[_text(pitch, "step")] + _number(pitch, "alter", 0.0) + shift, 0.0), 127.0)


def _verse(lyric: Element) -> str:
    return lyric.get("number", "1")[:40]


def _syllable(element: Element, verse: str) -> str:
    """A verse's text; a syllable that the word goes on after ends in a hyphen."""
    lyric = next((one for one in element.iterfind("lyric") if _verse(one) == verse), None)
    if lyric is None:
        return ""
    text = " ".join(" ".join(part.text or "" for part in lyric.iterfind("text")).split())[:100]
    return text + "-" if text and _text(lyric, "syllabic") in ("begin", "middle") else text


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


def _number(element: Element, name: str, usual: float) -> float:
    text = _text(element, name)
    return _float(text) if text else usual


def _float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and abs(value) < 1e9 else 0.0  # noqa: PLR2004 - hostile numbers
