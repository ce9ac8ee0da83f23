"""Names and numbers in a line of a log, as the usual programs for training print them.

Owns what a line says, whose losses follow a mark or a heading (`| valid |`, `Test set:`, EVALUATION), and counters that
have no name. Every line costs time in proportion to its length. It does not know what becomes of the numbers.
"""

from __future__ import annotations

import re
from typing import Final

from pipeline.runs.names import kind_of, may_be_loss
from pipeline.tables.column_words import EPOCHS, STEPS, plain_name

BATCH: Final = "batch"
"""The counter within an epoch, where it has no name of its own."""
ITERATION: Final = "iteration"
_MOST_NAMES: Final = 1_000
_LONGEST_NAME: Final = 100
_NUMBER: Final = r"[+-]?(?:\d{1,3}(?:,\d{3})++|\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d{1,4}+)?+|[+-]?(?:nan|inf)\b"
_SIDE_WORD: Final = "train|training|val|valid|validation|eval|evaluation|test|dev"
_PAIR: Final = re.compile(
    r"(?<![\w/.@-])"
    r"((?:[A-Za-z]\w{0,40}[ ])?loss[ ][A-Za-z]\w{0,40}(?=[ \t]*+[:=])"  # Gen Loss Total : 3
    rf"|(?:(?:{_SIDE_WORD})[ \t]+)?[A-Za-z_][\w./@-]*+)"
    r"['\"]?[ \t]*+[:=]?[ \t]*+(?:(\[)|\()?[ \t]*+"
    rf"({_NUMBER})(?!\w|:\d)(?:[ ]?/[ ]?(\d{{1,15}}))?(,)?",
    re.IGNORECASE | re.ASCII,
)
"""A name, perhaps with whose it is before it; whether a list begins; its number; how many there are; a comma."""
_STEP_AND_LOSS: Final = re.compile(
    rf"((?:(?:{_SIDE_WORD})[ \t]+)?loss)[ \t]+(\d{{1,15}}):?[ \t]+(\d+\.\d+(?:[eE][+-]?\d{{1,4}})?)(?![\w/])",
    re.IGNORECASE | re.ASCII,
)
_WITHIN: Final = re.compile(r"\[[ \t]*+(\d{1,15})/(\d{1,15})", re.ASCII)
_BAR: Final = re.compile(r"\|[ ]*+(\d{1,15})/(\d{1,15})[ ]+\[[\d:?]{1,12}<", re.ASCII)
_LEADING: Final = re.compile(r"[ \t]*+(\d{1,15})/(\d{1,15})[ \t]*+\(epoch\b", re.ASCII | re.IGNORECASE)
_EPOCH_BEHIND: Final = re.compile(r"(?<![\w.])(\d{1,9})epoch(?![a-z])", re.ASCII)
_SIDE: Final = re.compile(
    rf"(?:^|[|\[(:-])[ \t]*+({_SIDE_WORD})(?:_inner)?(?:[ \t]+(?:set|summary|results?|performance))?[ \t]*+(?=[|\]):])",
    re.IGNORECASE | re.ASCII,
)
"""A part of a line that says whose losses follow it."""
_HEADING: Final = re.compile(rf"[\W_]*({_SIDE_WORD})(?:[ \t]+performance)?[\W_]*(?:\([^)]*\)?)?[\W_]*", re.IGNORECASE)
_LONGEST_HEADING: Final = 80
_BARE: Final = re.compile(rf"[ \t]*+(\d{{1,15}})[:,; \t][ \t]*+({_NUMBER})(?![\w.])", re.ASCII)
_OTHER_COUNTERS: Final = frozenset({"it", "itr"})
_HAS_SIDE: Final = re.compile(rf"(?i:{_SIDE_WORD})[ \t]+(.+)", re.ASCII)


def counts(name: str) -> bool:
    """Whether a name is that of a counter."""
    plain = plain_name(name)
    return plain in STEPS or plain in EPOCHS or plain == BATCH


class LineWords:
    """What the lines of one log say, one after another.

    Parameters
    ----------
    bare
        Whether lines are numbers without names: an iteration, and its loss.
    """

    def __init__(self, *, bare: bool = False) -> None:
        self._bare = bare
        self.side = ""
        """Whose losses follow, after a heading."""
        self.is_heading = False
        """Whether the last line was one."""
        self.totals: dict[str, float] = {}
        """How many there are of what is counted, by name."""

    def pairs(self, line: str) -> dict[str, float]:
        """The names and numbers of a line; of a name that stands there twice, the first number."""
        if self._bare:
            match = _BARE.match(line)
            return {ITERATION: float(match[1]), "loss": _float(match[2])} if match else {}
        heading = _HEADING.fullmatch(line) if len(line) < _LONGEST_HEADING else None
        self.is_heading = heading is not None
        if heading:
            self.side = _other_side(heading[1])
            return {}
        found: dict[str, float] = {}
        if "oss" in line:
            for match in _STEP_AND_LOSS.finditer(line):
                found.setdefault(ITERATION, float(match[2]))
                found.setdefault(" ".join(match[1].split()), float(match[3]))
        self._named(line, found)
        self._counters(line, found)
        return found

    def _named(self, line: str, found: dict[str, float]) -> None:
        sides = [(match.start(), _other_side(match[1])) for match in _SIDE.finditer(line)]
        for match in _PAIR.finditer(line):
            name, bracket, number, total, comma = match.groups()
            plain = self._counter(name, total)
            if not plain:
                if bracket and comma:
                    continue  # a list: its first number is not the whole
                side = next((side for at, side in reversed(sides) if at < match.start()), self.side)
                plain = _whose(" ".join(name.split()), side)
            elif plain_name(plain) in EPOCHS:
                self.side = ""
            if plain not in found and len(plain) <= _LONGEST_NAME:
                found[plain] = _float(number)
                self._count(plain, total)

    def _counter(self, name: str, total: str | None) -> str:
        """The name where it is that of a counter, without whose it is; else empty."""
        own = match[1] if (match := _HAS_SIDE.fullmatch(name)) else name
        plain = own.casefold()
        if plain in _OTHER_COUNTERS or (plain == "i" and total):
            return ITERATION
        return own if counts(own) else ""

    def _counters(self, line: str, found: dict[str, float]) -> None:
        """Counters without a name."""
        if "epoch" in line and (behind := _EPOCH_BEHIND.search(line)):
            found.setdefault("epoch", float(behind[1]))
        if "(" in line and (leading := _LEADING.match(line)):
            found.setdefault(ITERATION, float(leading[1]))
            self._count(ITERATION, leading[2])
        bar = _BAR.search(line) if "<" in line else None
        if bar is None and "[" in line and any(plain_name(name) in EPOCHS for name in found):
            bar = _WITHIN.search(line)
        if bar:
            found.setdefault(BATCH, float(bar[1]))
            self._count(BATCH, bar[2])

    def _count(self, name: str, total: str | None) -> None:
        if total and (name in self.totals or len(self.totals) < _MOST_NAMES):
            self.totals[name] = float(total)


def _whose(name: str, side: str) -> str:
    """The name with whose it is before it, unless it says so itself."""
    return f"{side} {name}" if side and may_be_loss(name) and kind_of(name) == "training" else name


def _other_side(word: str) -> str:
    """Whose losses they are, where they aren't the training's."""
    return "" if word.casefold().startswith("train") else word.casefold()


def _float(number: str) -> float:
    return float(number.replace(",", "") if "," in number else number)


def says_something(line: str) -> bool:
    """Whether a line has a name and its number."""
    return _PAIR.search(line) is not None


def is_bare(lines: list[str]) -> bool:
    """Whether most lines are two numbers: an iteration, and its loss."""
    filled = [line for line in lines if line.strip()]
    return bool(filled) and 2 * sum(_BARE.match(line) is not None for line in filled) > len(filled)
