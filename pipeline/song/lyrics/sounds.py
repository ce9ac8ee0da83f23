"""How a syllable sounds, as far as letters tell: what it begins with, and its vowel.

Owns letters and sounds; it knows no dictionary, so that English vowels are guessed by their letters.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.song.lyrics.kana import romaji

Burst = Literal["hiss", "hush", "stop", ""]
VOWELS: Final = ("a", "i", "u", "e", "o")
_CYRILLIC: Final = dict(zip("абвгдежзийклмнопрстуфхцчшщыэюяё", "a b v g d e zh z i i k l m n o p r s t u f h ts ch sh sh i e u a o".split(), strict=True))  # fmt: skip # noqa: E501, SIM905
_SPELT: Final = (("ee", "i"), ("ea", "i"), ("ie", "i"), ("oo", "u"), ("ou", "u"), ("ai", "e"), ("ay", "e"))
_HISS: Final = re.compile(r"^(sc?[ei]|s|z|ts|c[eiy])")
_HUSH: Final = re.compile(r"^(sh|sch|ch|j|h|f|v|th|ph|wh)")
_STOP: Final = re.compile(r"^([ptkbdgqxc])")


@dataclass(frozen=True)
class Sound:
    """A syllable's beginning (letters before its vowel), its vowel, and which kind of noise begins it."""

    onset: str
    vowel: str
    burst: Burst


def sound_of(syllable: str) -> Sound:
    """Guess how a syllable sounds; without a vowel it is an "a"."""
    letters = plain_letters(syllable)
    found = re.search(r"[aeiouy]+", letters.removeprefix("y"))
    if found is None:
        return Sound(letters, "a", _burst(letters))
    shift = 1 if letters.startswith("y") else 0
    onset, vowels = letters[: found.start() + shift], found[0]
    spelt = next((sound for spelling, sound in _SPELT if vowels.startswith(spelling)), "")
    return Sound(onset, spelt or vowels[0].replace("y", "i"), _burst(letters) if onset else "")


def plain_letters(syllable: str) -> str:
    """Latin letters of a syllable, small, without accents and punctuation."""
    text = romaji(syllable.lower())
    text = "".join(_CYRILLIC.get(one, one) for one in text)
    bare = unicodedata.normalize("NFKD", text)
    return re.sub(r"[^a-z]", "", bare)


def _burst(letters: str) -> Burst:
    if _HUSH.match(letters):
        return "hush"
    if _HISS.match(letters):
        return "hiss"
    return "stop" if _STOP.match(letters) else ""
