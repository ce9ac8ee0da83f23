"""Lines of lyrics and their syllables.

Owns the marks in a file of lyrics, those of the ABC notation as far as lyrics are typed by hand:

- a space parts words, `-` parts syllables within a word and is not shown; `--` is a hyphen that is shown;
- `_` sings the syllable before it on one more note; `~` joins two words, or two characters, on one note;
- kana are split by morae, other characters of Chinese and Korean stand for a syllable each;
- blank lines, lines in [square brackets] and lines that begin with # say nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.errors import ProductionError
from pipeline.song.lyrics.kana import is_kana, joins_mora
from pipeline.song.notes.texts import bounded_bytes, decoded

_MOST_BYTES: Final = 1 << 20
_MOST_LINES: Final = 5000
_LONGEST_LINE: Final = 300
_MARKS: Final = re.compile(r"--|[-_~]|[^-_~]+")


@dataclass(frozen=True)
class Syllable:
    """One syllable.

    Parameters
    ----------
    text
        As it is shown, with the punctuation that hangs on it.
    first, last
        Where it stands in its line: characters `first` to `last`, the last not included.
    notes
        On how many notes it is sung.
    """

    text: str
    first: int
    last: int
    notes: int = 1


@dataclass(frozen=True)
class LyricLine:
    """One line as it is shown, and its syllables."""

    text: str
    syllables: tuple[Syllable, ...]

    @property
    def notes(self) -> int:
        """How many notes it takes."""
        return sum(syllable.notes for syllable in self.syllables)


def read_lines(path: Path, where: str) -> Mapping[int, str]:
    """Read the lines of a file of lyrics that are sung, by their numbers in the file, in order.

    Raises
    ------
    ProductionError
        Where there are none, or one is too long.
    """
    text = decoded(bounded_bytes(path, where, "file of lyrics", _MOST_BYTES))
    lines = [" ".join(_printable(line).split()) for line in text.splitlines()]
    numbered = enumerate(lines, start=1)
    said = {number: line for number, line in numbered if line and line[0] != "#" and not re.fullmatch(r"\[.*\]", line)}
    place = f"{where}: {path}"
    if not said or len(said) > _MOST_LINES:
        raise ProductionError(
            f"The file has {len(said):,} lines of lyrics.", where=place, expected=f"1 to {_MOST_LINES:,}"
        )
    for number, line in said.items():
        if len(line) > _LONGEST_LINE:
            raise ProductionError(
                f"The line has {len(line)} characters.",
                where=f"{place}, line {number}",
                expected=f"at most {_LONGEST_LINE}",
            )
    return said


def _printable(line: str) -> str:
    return "".join(one if unicodedata.category(one)[0] != "C" else " " for one in line)


def lyric_line(text: str) -> LyricLine:
    """Split a line into its syllables."""
    line = _Line()
    for word in text.split():
        line.word()
        for mark in _MARKS.findall(word):
            line.mark(mark)
    return LyricLine(line.shown, tuple(line.syllables))


class _Line:
    """A line while it is read from the left."""

    def __init__(self) -> None:
        self.shown = ""
        self.syllables: list[Syllable] = []
        self._gap = ""
        self._joins = False

    def word(self) -> None:
        """Begin a word."""
        self._gap, self._joins = (" " if self.shown else ""), False

    def mark(self, mark: str) -> None:
        """Take a mark, or letters."""
        if mark == "--":
            self._hang("-")
        elif mark == "-":
            self._gap, self._joins = "", False
        elif mark == "_" and self.syllables:
            last = self.syllables[-1]
            self.syllables[-1] = Syllable(last.text, last.first, last.last, last.notes + 1)
        elif mark == "~":
            self._joins = True
        elif mark != "_":
            for piece in _pieces(mark):
                self._add(piece)

    def _add(self, piece: str) -> None:
        if not any(one.isalnum() for one in piece):
            self._hang(piece)
            return
        if self._joins and self.syllables:
            is_spaced = not (is_kana(piece[0]) or is_kana(self.shown[-1]))
            self._hang((" " if is_spaced else "") + piece)
        else:
            self.shown += self._gap
            self.syllables.append(Syllable(piece, len(self.shown), len(self.shown) + len(piece)))
            self.shown += piece
        self._gap, self._joins = "", False

    def _hang(self, text: str) -> None:
        """Show something that is no syllable of its own."""
        text, self._gap = (self._gap if self.shown else "") + text, ""
        self.shown += text
        if self.syllables:
            last = self.syllables[-1]
            self.syllables[-1] = Syllable(self.shown[last.first :], last.first, len(self.shown), last.notes)


def _pieces(text: str) -> list[str]:
    """Split what is written without spaces: morae of kana, single characters of Chinese and Korean."""
    pieces: list[str] = []
    for character in text:
        alone = is_kana(character) or _stands_alone(character)
        if joins_mora(character) and pieces:
            pieces[-1] += character
        elif alone or not pieces or (_ends(pieces[-1]) and character.isalnum()):
            pieces.append(character)
        else:
            pieces[-1] += character
    return pieces


def _ends(piece: str) -> bool:
    """Whether what follows begins a syllable of its own."""
    return is_kana(piece[0]) or _stands_alone(piece[0])


def _stands_alone(character: str) -> bool:
    return unicodedata.name(character, "").startswith(("CJK UNIFIED", "HANGUL SYLLABLE", "CJK COMPATIBILITY IDEO"))
