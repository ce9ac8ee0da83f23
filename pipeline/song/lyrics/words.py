"""Words that are sung on several syllables: their vowels, where a syllable alone does not say them.

Owns the word around a syllable: "mo" is sung otherwise in mo-ney than in mo-ment. It knows no notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from pipeline.song.lyrics.sounds import plain_letters, sound_of
from pipeline.song.lyrics.text import Syllable
from pipeline.song.lyrics.vowels import exceptions

_SHORT: Final = 3
"""Letters: so short a syllable of a longer word is not a word of its own (my in ar-my)."""
_ENDINGS: Final = ("s", "d", "ed")


def said_vowels(syllables: Sequence[Syllable], language: str) -> list[str]:
    """What each syllable of a line is sung on where its word says it: a vowel, or two; empty for others."""
    return [vowels for word in _words(syllables) for vowels in vowels_of_word([one.text for one in word], language)]


def _words(syllables: Sequence[Syllable]) -> Iterator[list[Syllable]]:
    """Syllables that stand together without a space."""
    word = list(syllables[:1])
    for before, one in pairwise(syllables):
        if one.first != before.last:
            yield word
            word = []
        word.append(one)
    if word:
        yield word


def vowels_of_word(syllables: Sequence[str], language: str) -> list[str]:
    """What each syllable of a word is sung on where the word says it; empty for others."""
    table = exceptions(language)
    nothing = [""] * len(syllables)
    if len(syllables) == 1 or not table.words:
        return nothing
    letters = [plain_letters(one) for one in syllables]
    known = table.words.get(stem := "".join(letters))
    for ending in _ENDINGS:
        known = known or (table.words.get(stem.removesuffix(ending)) if stem.endswith(ending) else None)
    if known is not None and len(known) == len(syllables):
        return list(known)
    found = [_sung(one, language) if len(one) <= _SHORT and one in table.words else "" for one in letters]
    for pattern, vowels in table.patterns:
        if len(vowels) <= len(found) and pattern.search("-".join(letters)):
            first = 0 if pattern.pattern.startswith("^") else len(found) - len(vowels)
            found[first : first + len(vowels)] = vowels
    return found


def _sung(letters: str, language: str) -> str:
    sound = sound_of(letters, language, is_word=False)
    return sound.vowel + sound.glides_to
