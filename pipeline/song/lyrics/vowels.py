"""Which of five vowels a spelling sounds most like, by rules for languages whose letters say it only in groups.

Owns tables for English, German and French; elsewhere the letters say it themselves. Each rule is a pattern of a
syllable's plain letters and a vowel, or two of a diphthong; the first that fits holds. The rules are ours; that of a
silent e, and the words that break it, are what every school book of English has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

VOWELS: Final = ("a", "i", "u", "e", "o")
_C: Final = "[bcdfghjklmnpqrstvwxz]"

_ENGLISH_WORDS: Final = {
    "a": "the one some come love dove glove done none blood flood does son won ton front month from of young touch "
    "double trouble are heart were her earth learn heard search world word work worth wor have has what was "
    "gone",
    "ai": "my by why sky cry fly high try dry sly shy thy fry spy sty pry sigh buy guy bye eye eyes i die lie tie pie "
    "lied died mind find kind wind bind blind hind wild child mild sign climb island isle aisle",
    "e": "said says head bread dead breath death deaf heav weath feath leath meas pleas treas wealth "
    "health sweat threat spread thread instead there where their bear wear pear swear tear heir friend any "
    "ma-ny every",
    "ei": "they great break steak",
    "i": "be he me we she ye been give live key these peo ski pret build built guilt",
    "u": "beau to do two who whom whose you your youth through threw shoe lose move prove tomb womb soup group "
    "route wound would could should put push pull full bush bull wolf wom true blue due sue glue fruit "
    "suit juice rule",
    "o": "four pour yours mourn court course fought thought bought brought sought door floor want wash watch war "
    "warm swan water wa all call fall tall wall ball small walk talk chalk salt",
    "ou": "oh own owe low know slow snow show grow flow glow blow throw bow row sow bowl soul though dough both "
    "most post ghost host old cold gold hold told sold fold bold roll toll folk don't won't",
}
_ENGLISH_RULES: Final = (
    ("eigh", "ei"), ("igh", "ai"), ("air|are", "e"), ("ore|oar", "o"), ("ear[nlt]", "a"), ("oo", "u"),
    ("ee|ea|ie", "i"), ("ai|ay|ey|ei", "ei"), ("oa|oe", "ou"), ("oi|oy", "oi"), ("au|aw|al[lk]", "o"),
    ("ew|ue|ui", "u"), ("uy", "ai"), ("ion|iou", "a"), ("ou|ow", "au"), (f"a({_C}|st|ng)e", "ei"),
    (f"[iy]{_C}e", "ai"), (f"o{_C}e", "ou"), (f"u{_C}e", "u"), (f"e{_C}e", "i"), ("[eiuy]r", "a"),
    ("o$", "ou"), ("u$", "u"), ("u", "a"),
)  # fmt: skip
_GERMAN_RULES: Final = (("ie", "i"), ("[ea][iy]", "ai"), ("eu", "oi"), ("au", "au"), ("ae|oe", "e"), ("ue", "i"))
_FRENCH_RULES: Final = (
    ("eau|au", "o"), ("o[iy]", "a"), ("ou", "u"), ("[ae][iy](?!l)", "e"), ("oe|eu", "e"), ("ill", "i"),
    ("[ea][mn](?![aeiouymn])", "a"), ("[iu][mn](?![aeiouymn])", "e"), ("u(?![aeiouy])", "i"),
)  # fmt: skip
_RULES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "en": _ENGLISH_RULES,
    "de": _GERMAN_RULES,
    "fr": _FRENCH_RULES,
}
_UMLAUTS: Final = dict(zip("\u00e4\u00f6\u00fc\u0153\u00f8\u00e5\u00e6\u00e9\u00e8\u00ea", "eeieeoeeee", strict=True))
_GLIDE: Final = re.compile(r"^[iuy](?=[aeo])")
_FALLING: Final = re.compile(r"[aeo][iuy](?![aeo])")
"""A diphthong that ends on its closer vowel, where letters say what is sung."""


@lru_cache(maxsize=1)
def _words() -> Mapping[str, str]:
    texts = ((vowel, text.replace("'", "").split()) for vowel, text in _ENGLISH_WORDS.items())
    return {word: vowel for vowel, words in texts for word in words}


def vowels_of(letters: str, at: int, language: str) -> str:
    """The vowel that a syllable is sung on; of a diphthong also the one that it ends on.

    Parameters
    ----------
    letters
        Its plain letters.
    at
        Where its first vowel letter stands.
    language
        A tag (BCP 47), or empty.
    """
    tag = language.partition("-")[0].lower()
    if tag == "en" and letters in _words():
        return _words()[letters]
    rest = letters[at:]
    if tag == "en" and rest == "e" and letters.endswith("le") and at > 1:
        return "u"  # lit-tle
    for pattern, vowels in _RULES.get(tag, ()):
        if re.match(pattern, rest):
            return vowels
    said = _GLIDE.sub("", rest)
    falls = _FALLING.match(said) if tag not in _RULES else None
    return (falls[0] if falls else said[0]).replace("y", "i")


def umlaut_of(syllable: str) -> str:
    """The vowel, or two, that a letter with an umlaut or an accent, or one joined of two, sounds like; or nothing."""
    small = syllable.lower()
    if "\u00e4u" in small:
        return "oi"
    return next((_UMLAUTS[one] for one in small if one in _UMLAUTS), "")
