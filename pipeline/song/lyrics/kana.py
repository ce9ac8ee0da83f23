"""Kana and how they are written in Latin letters (Hepburn)."""

from __future__ import annotations

from typing import Final

_ROWS: Final = {
    "": "あいうえお",
    "k": "かきくけこ",
    "g": "がぎぐげご",
    "s": "さ すせそ",
    "z": "ざ ずぜぞ",
    "t": "た  てと",
    "d": "だ  でど",
    "n": "なにぬねの",
    "h": "はひ へほ",
    "b": "ばびぶべぼ",
    "p": "ぱぴぷぺぽ",
    "m": "まみむめも",
    "y": "や ゆ よ",
    "r": "らりるれろ",
    "w": "わゐ ゑを",
}
_SINGLE: Final = {
    "し": "shi", "じ": "ji", "ち": "chi", "ぢ": "ji", "つ": "tsu", "づ": "zu", "ふ": "fu", "ん": "n", "ゔ": "vu",
    "っ": "", "ー": "", "ぁ": "a", "ぃ": "i", "ぅ": "u", "ぇ": "e", "ぉ": "o",
}  # fmt: skip
_SMALL: Final = {"ゃ": "ya", "ゅ": "yu", "ょ": "yo", "ぁ": "a", "ぃ": "i", "ぅ": "u", "ぇ": "e", "ぉ": "o", "ゎ": "wa"}
_SOFT: Final = ("sh", "ch", "j")
ROMAJI: Final = {
    kana: row + vowel
    for row, letters in _ROWS.items()
    for kana, vowel in zip(letters, "aiueo", strict=True)
    if kana != " "
} | _SINGLE
_SPELLED: Final = {letters: kana for kana, letters in reversed(ROMAJI.items()) if letters and kana not in _SMALL}
"""Kana by their letters."""
_KATAKANA: Final = (0x30A1, 0x30F6)
_KATAKANA_AHEAD: Final = 0x60


def hiragana(text: str) -> str:
    """Katakana as hiragana."""
    first, last = _KATAKANA
    return "".join(chr(ord(one) - _KATAKANA_AHEAD) if first <= ord(one) <= last else one for one in text)


def is_kana(character: str) -> bool:
    """Whether a character is hiragana, katakana, or the mark of a long vowel."""
    return hiragana(character) in ROMAJI or hiragana(character) in _SMALL


def joins_mora(character: str) -> bool:
    """Whether it is a small kana, which belongs to the one before it."""
    return hiragana(character) in _SMALL


def romaji(text: str) -> str:
    """Kana in Latin letters; what is none stays."""
    letters = ""
    for one in hiragana(text):
        small = _SMALL.get(one)
        if small is not None and letters:
            stem = letters[:-1]
            letters = stem + (small[-1] if stem.endswith(_SOFT) or small[0] in "aiueo" else small)
        else:
            letters += ROMAJI.get(one, one)
    return letters


def kana_of(letters: str) -> str:
    """The one mora that Latin letters (Hepburn) write, in hiragana; empty where they write none."""
    if letters in _SPELLED:
        return _SPELLED[letters]
    for small in "\u3083\u3085\u3087":  # ya, yu, yo
        for ending in (_SMALL[small], _SMALL[small][-1]):
            kana = _SPELLED.get(letters.removesuffix(ending) + "i", "") + small
            if letters.endswith(ending) and romaji(kana) == letters:
                return kana
    return ""
