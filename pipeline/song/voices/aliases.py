"""How samples are called in voice banks, and which names a syllable may have there.

Owns the customs of UTAU banks: a syllable alone ("ka"), after the vowel before it ("a ka", VCV), at a beginning
("- ka"), a vowel that ends ("a R", "a -") or goes over to the next consonant ("a k", CVVC). It does not know which are
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.song.lyrics.kana import hiragana, is_kana, kana_of, romaji
from pipeline.song.lyrics.sounds import Sound, plain_letters, sound_of

_ENDINGS: Final = ("R", "-", "L")
_NEAR: Final = {
    "l": "r", "v": "b", "th": "s", "c": "k", "q": "k", "qu": "k", "x": "s", "ph": "f", "f": "h", "wh": "w", "wr": "r",
    "kn": "n", "gn": "n", "ts": "s", "z": "s", "sch": "sh", "sh": "s", "ch": "t", "j": "z", "p": "b", "g": "k",
    "d": "t", "s": "sh", "t": "ch", "h": "f",
}  # fmt: skip
"""Consonants that a bank may lack, and those that sound most like them."""
_CLUSTER: Final = re.compile(r"^(sch|sh|ch|th|ph|wh|[^aeiouy])")


def is_syllable(name: str) -> bool:
    """Whether a name, without letters for its pitch, is a syllable's, not an ending's or a consonant's."""
    said = name.rpartition(" ")[2]
    return bool(re.search("[aeiouy]", plain_letters(said))) or plain_letters(said) == "n"


def spellings(syllable: str, before: str, sound: Sound | None) -> Iterator[str]:
    """How a syllable may be written in a bank, the likeliest first.

    Parameters
    ----------
    before
        The vowel that it follows, or "n"; "-" at a beginning.
    sound
        How it sounds where its word says that; None where its letters do.
    """
    if sound is None:
        raw = syllable.strip()
        kana = hiragana("".join(one for one in raw if is_kana(one)))
        letters = plain_letters(raw)
        names = [raw, raw.lower(), kana, romaji(kana), letters, kana_of(letters)]
    else:
        letters = sound.onset + sound.vowel
        names = [kana_of(letters), letters]
    plain = [one for one in dict.fromkeys(names) if one]
    yield from (one for one in plain[:1] if " " in one)
    for one in plain:
        yield f"{before} {one}"
    yield from plain
    for one in plain:
        yield f"- {one}"


def near_sounds(sound: Sound) -> Iterator[Sound]:
    """A syllable with a consonant that is alike, or with the last of several, the nearest first."""
    onset = sound.onset
    tried = {onset}
    while onset:
        onset = _NEAR.get(onset) or _CLUSTER.sub("", onset)
        if onset in tried:
            return
        tried.add(onset)
        if onset:
            yield Sound(onset, sound.vowel, sound.burst, sound.glides_to)


def ending_of(syllable: str, language: str, vowels: str = "") -> str:
    """What a syllable ends on, as names of samples have it: a vowel, "n", or "-" for no syllable."""
    letters = plain_letters(syllable)
    if not letters:
        return "-"
    if letters.endswith("n") and not vowels:
        return "n"
    if any(is_kana(one) for one in syllable):
        return letters[-1]
    sound = sound_of(syllable, language, vowels)
    return sound.glides_to or sound.vowel


def endings(vowel: str, onset: str) -> Iterator[str]:
    """How a vowel's end may be called: before a rest, or before the consonant of the next syllable."""
    yield from ((f"{vowel} {onset}",) if onset else (f"{vowel} {one}" for one in _ENDINGS))
