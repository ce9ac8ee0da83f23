"""How a syllable sounds, as far as letters tell: what it begins with, and its vowel.

Owns letters and sounds of one syllable: vowels follow the rules of spelling of their language (`vowels`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.song.lyrics.kana import romaji
from pipeline.song.lyrics.vowels import umlaut_of, vowels_of

Burst = Literal["hiss", "hush", "stop", "murmur", "liquid", ""]
_CYRILLIC: Final = dict(zip("абвгдежзийклмнопрстуфхцчшщыэюяё", "a b v g d e zh z i i k l m n o p r s t u f h ts ch sh sh i e u a o".split(), strict=True))  # fmt: skip # noqa: E501, SIM905
_AFTER_VOWEL: Final = re.compile(r"^[-aiueon] (?=\S)")
"""What VCV banks write before a syllable: the vowel that it follows."""
_SILENT_U: Final = re.compile(r"(q(?=u[aeioy])|g(?=u[eiy]))u")
_HISS: Final = re.compile(r"^(sc?[ei]|s|z|ts|c[eiy])")
_HUSH: Final = re.compile(r"^(sh|sch|ch|j|h|f|v|th|ph|wh)")
_STOP: Final = re.compile(r"^([ptkbdgqxc])")
_MURMUR: Final = re.compile(r"^([mn]|[kg]n)")
_LIQUID: Final = re.compile(r"^([lr]|wr)")


@dataclass(frozen=True)
class Sound:
    """A syllable's beginning (letters before its vowel), its vowel, and what begins it: a kind of noise, or a murmur.

    `glides_to` is the vowel that a diphthong ends on; empty for others.
    """

    onset: str
    vowel: str
    burst: Burst
    glides_to: str = ""


def sound_of(syllable: str, language: str = "", vowels: str = "", *, is_word: bool = True) -> Sound:
    """Guess how a syllable of a language (BCP 47) sounds; without a vowel it is an "a".

    Parameters
    ----------
    vowels
        What it is sung on where its word says so (`words`); else empty.
    is_word
        Whether it may be a word of its own, which may break the rules of spelling.
    """
    letters = plain_letters(_AFTER_VOWEL.sub("", syllable))
    found = re.search(r"[aeiouy]+", _SILENT_U.sub(r"\1w", letters).removeprefix("y"))
    if found is None:
        return Sound(letters, vowels[:1] or "a", _burst(letters), vowels[1:])
    shift = 1 if letters.startswith("y") else 0
    at = found.start() + shift
    vowels = vowels or umlaut_of(syllable) or vowels_of(letters, at, language, is_word=is_word)
    return Sound(letters[:at], vowels[0], _burst(letters) if at else "", vowels[1:])


def plain_letters(syllable: str) -> str:
    """Latin letters of a syllable, small, without accents and punctuation."""
    text = romaji(syllable.lower())
    text = "".join(_CYRILLIC.get(one, one) for one in text)
    bare = unicodedata.normalize("NFKD", text)
    return re.sub(r"[^a-z]", "", bare)


def _burst(letters: str) -> Burst:
    kinds: list[tuple[re.Pattern[str], Burst]] = [
        (_MURMUR, "murmur"), (_LIQUID, "liquid"), (_HUSH, "hush"), (_HISS, "hiss"), (_STOP, "stop"),
    ]  # fmt: skip
    return next((kind for pattern, kind in kinds if pattern.match(letters)), "")
