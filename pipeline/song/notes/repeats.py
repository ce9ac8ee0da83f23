"""In which order the measures of a score are played: repeats, endings, da capo and dal segno, coda and fine.

Owns what MusicXML says of that in barlines and in `sound`; it does not read notes. Words alone, such as "D.C." typed as
text, say nothing. After a jump back, repeats are not taken again, and of endings the last is played.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

MOST_MEASURES: Final = 20_000
_MOST_TIMES: Final = 12
_NUMBERS: Final = range(1, _MOST_TIMES + 1)
_TWICE: Final = 2


@dataclass
class _Marks:
    """What stands at a measure."""

    begins: bool = False
    """Whether a repeat begins here."""
    times: int = 0
    """How often what ends here is played; 0 where nothing ends."""
    endings: frozenset[int] = frozenset()
    """The passes that it is played in; empty: all."""
    last_ending: int = 0
    """The highest pass of the endings that it belongs to."""
    jumps: str = ""
    """`dacapo` or `dalsegno`."""
    signs: frozenset[str] = frozenset()
    """`segno`, `coda`, `tocoda` and `fine`."""


def playing_order(measures: Sequence[Element]) -> list[int]:
    """The numbers of measures as they are played, counted from 0; at most 20,000."""
    marks = _marked(measures)
    return _Player(marks).order() if any(one.times or one.jumps for one in marks) else list(range(len(marks)))


def _marked(measures: Sequence[Element]) -> list[_Marks]:
    found, running = [], frozenset[int]()
    for measure in measures:
        one = _Marks()
        ends = False
        for barline in measure.iterfind("barline"):
            repeat, ending = barline.find("repeat"), barline.find("ending")
            if repeat is not None and repeat.get("direction") == "forward":
                one.begins = True
            elif repeat is not None:
                one.times = _number(repeat.get("times", ""), _TWICE)
            if ending is not None and ending.get("type") == "start":
                running = frozenset(_number(word, 0) for word in ending.get("number", "").split(",")) & {*_NUMBERS}
            ends |= ending is not None and ending.get("type") in ("stop", "discontinue")
        one.endings = running
        running = frozenset() if ends else running
        for sound in (*measure.iterfind("sound"), *measure.iterfind("direction/sound")):
            one.signs |= {name for name in ("segno", "coda", "tocoda", "fine") if sound.get(name)}
            one.jumps = next((name for name in ("dacapo", "dalsegno") if sound.get(name)), one.jumps)
        found.append(one)
    group: list[_Marks] = []
    for one in [*found, _Marks()]:
        if one.endings:
            group.append(one)
            continue
        for member in group:
            member.last_ending = max(max(each.endings) for each in group)
        group = []
    return found


def _number(text: str, usual: int) -> int:
    word = text.strip()
    return min(int(word), _MOST_TIMES) if word.isdecimal() and len(word) < 9 else usual  # noqa: PLR2004 - digits


@dataclass
class _Player:
    """Goes through the measures."""

    marks: Sequence[_Marks]
    _at: int = 0
    _start: int = 0
    _pass: int = 1
    _has_jumped: bool = False
    _played: list[int] = field(default_factory=list)

    def order(self) -> list[int]:
        """Play to the end."""
        steps = 0
        while self._at < len(self.marks) and steps < MOST_MEASURES:
            steps += 1
            if not self._step(self.marks[self._at]):
                break
        return self._played

    def _step(self, here: _Marks) -> bool:
        """Play or skip a measure, and go to the next; False at the end."""
        if here.begins and self._start != self._at:
            self._start, self._pass = self._at, 1
        wanted = here.last_ending if self._has_jumped else self._pass
        if here.endings and wanted not in here.endings:
            self._at += 1
            return True
        self._played.append(self._at)
        if self._has_jumped and "fine" in here.signs:
            return False
        self._at = self._following(here)
        return True

    def _following(self, here: _Marks) -> int:
        after = self._at + 1
        coda = self._sign("coda")
        if self._has_jumped and "tocoda" in here.signs and coda is not None and coda >= after:
            return coda
        if here.times and not self._has_jumped and self._pass < max(here.times, here.last_ending):
            self._pass += 1
            return self._start
        ends_endings = here.endings and not (after < len(self.marks) and self.marks[after].endings)
        if here.times or ends_endings:
            self._start, self._pass = after, 1
        if here.jumps and not self._has_jumped:
            self._has_jumped = True
            return (self._sign("segno") or 0) if here.jumps == "dalsegno" else 0
        return after

    def _sign(self, name: str) -> int | None:
        return next((at for at, one in enumerate(self.marks) if name in one.signs), None)
