"""Which of five vowels a spelling sounds most like, by rules for languages whose letters say it only in groups.

Owns tables for English, German and French; elsewhere the letters say it themselves. Each rule is a pattern of a
syllable's plain letters and a vowel; the first that fits holds. Diphthongs are sung on their first vowel, which lasts.
The rules are ours; that of a silent e, and the words that break it, are what every school book of English has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

VOWELS: Final = ("a", "i", "u", "e", "o")
_C: Final = "[bcdfghjklmnpqrstvwxz]"

_ENGLISH_WORDS: Final = {
    "a": "my by why sky cry fly high try dry sly shy thy fry spy sty pry sigh buy guy bye eye i die lie tie "
    "pie lied died the one once some come love dove glove done none blood flood does son won ton front "
    "month from of young touch double trouble are heart were her earth learn heard search world word work "
    "worth wor have has what was mind find kind wind bind blind hind wild child mild sign climb gone "
    "island isle aisle",
    "e": "said says head bread dead read-y breath death deaf heav weath feath leath meas pleas treas wealth "
    "health sweat threat spread thread instead they great break steak there where their bear wear pear "
    "swear tear heir friend any ma-ny every",
    "i": "be he me we she ye been give live key these peo ski pret build built guilt",
    "u": "to do two who whom whose you your youth through threw shoe lose move prove tomb womb soup group "
    "route wound would could should put push pull full bush bull wolf wom true blue due sue glue fruit "
    "suit juice rule",
    "o": "oh own owe low know slow snow show grow flow glow blow throw bow row sow bowl soul though dough four "
    "pour your-s mourn court course fought thought bought brought sought door floor both most post ghost "
    "host old cold gold hold told sold fold bold roll toll folk don't wont won't want wash watch war warm "
    "swan water wa all call fall tall wall ball small walk talk chalk salt",
}
_ENGLISH_RULES: Final = (
    ("eigh", "e"), ("igh|ear[nlt]", "a"), ("oo", "u"), ("ee|ea|ie", "i"), ("ai|ay|ey|ei", "e"),
    ("oa|oe|oi|oy|au|aw|al[lk]", "o"), ("ew|ue|ui", "u"), ("uy|ou|ow|ion|iou", "a"),
    (f"a({_C}|st|ng)e", "e"), (f"[iy]{_C}e", "a"), (f"o{_C}e", "o"), (f"u{_C}e", "u"), (f"e{_C}e", "i"),
    ("[eiuy]r", "a"), ("u$", "u"), ("u", "a"),
)  # fmt: skip
_GERMAN_RULES: Final = (("ie", "i"), ("[ea][iy]", "a"), ("eu", "o"), ("au", "a"), ("ae|oe", "e"), ("ue", "i"))
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


@lru_cache(maxsize=1)
def _words() -> Mapping[str, str]:
    texts = ((vowel, text.replace("-", "").replace("'", "").split()) for vowel, text in _ENGLISH_WORDS.items())
    return {word: vowel for vowel, words in texts for word in words}


def vowel_of(letters: str, at: int, language: str) -> str:
    """The vowel that a syllable is sung on.

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
    for pattern, vowel in _RULES.get(tag, ()):
        if re.match(pattern, rest):
            return vowel
    return _GLIDE.sub("", rest)[0].replace("y", "i")


def umlaut_of(syllable: str) -> str:
    """The vowel that a letter with an umlaut or an accent, or one joined of two, sounds like; empty for none."""
    small = syllable.lower()
    if "\u00e4u" in small:
        return "o"
    return next((_UMLAUTS[one] for one in small if one in _UMLAUTS), "")
