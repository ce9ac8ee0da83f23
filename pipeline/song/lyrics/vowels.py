"""Which of five vowels a spelling sounds most like, by rules for languages whose letters say it only in groups.

Owns rules for English, German and French; elsewhere the letters say it themselves. Each rule is a pattern of a
syllable's plain letters and a vowel, or two of a diphthong; the first that fits holds. Words that break the rules stand
in `assets/spelling/`, a file a language.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pipeline.runtime.resources import assets_folder

VOWELS: Final = ("a", "i", "u", "e", "o")
_C: Final = "[bcdfghjklmnpqrstvwxz]"

_ENGLISH_RULES: Final = (
    ("eigh", "ei"), ("igh", "ai"), ("air|are", "e"), ("ore|oar", "o"), ("ear[nlt]", "a"), ("oo", "u"),
    ("ee|ea|ie", "i"), ("ai|ay|ey|ei", "ei"), ("oa|oe", "ou"), ("oi|oy", "oi"), ("au|aw|al[lk]", "o"),
    ("ew|ue|ui", "u"), ("uy", "ai"), ("ion|iou", "a"), ("ou|ow", "au"), (f"a({_C}|st|ng)e", "ei"),
    (f"[iy]{_C}e", "ai"), (f"o{_C}e", "ou"), (f"u{_C}e", "u"), (f"e{_C}e", "i"), ("[eiuy]r", "a"),
    ("o$", "ou"), ("u$", "u"), ("u", "a"),
)  # fmt: skip
_GERMAN_RULES: Final = (("ie", "i"), ("[ea][iy]", "ai"), ("eu", "oi"), ("au", "au"), ("ae|oe", "e"), ("ue", "i"))
_FRENCH_RULES: Final = (
    ("eau|au", "o"), ("oin", "e"), ("o[iy]", "a"), ("ou", "u"), ("[ae][iy](?!l)", "e"), ("oe|eu", "e"), ("ill", "i"),
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


@dataclass(frozen=True)
class Exceptions:
    """Words that a language spells unlike their sounds.

    Parameters
    ----------
    words
        Their vowels, syllable by syllable.
    patterns
        Of longer words, with hyphens between their syllables, and the vowels of their last syllables; of the first ones
        where the pattern begins with ^.
    """

    words: Mapping[str, tuple[str, ...]]
    patterns: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]


@lru_cache(maxsize=8)
def exceptions(language: str) -> Exceptions:
    """The exceptions of a language (BCP 47); none where it has no file."""
    path = assets_folder() / "spelling" / f"{primary_tag(language)}.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8")) if primary_tag(language) in _RULES else {}
    words = {
        word: tuple(vowels.split("-"))
        for vowels, text in table.get("words", {}).items()
        for word in text.replace("'", "").split()
    }
    patterns = table.get("patterns", {})
    return Exceptions(words, tuple((re.compile(one), tuple(vowels.split("-"))) for one, vowels in patterns.items()))


def primary_tag(language: str) -> str:
    """The language of a tag (BCP 47), without region and script."""
    return language.partition("-")[0].lower()


def vowels_of(letters: str, at: int, language: str, *, is_word: bool = True) -> str:
    """The vowel that a syllable is sung on; of a diphthong also the one that it ends on.

    Parameters
    ----------
    letters
        Its plain letters.
    at
        Where its first vowel letter stands.
    language
        A tag (BCP 47), or empty.
    is_word
        Whether it may be a word of its own, which may break the rules.
    """
    tag = primary_tag(language)
    known = exceptions(tag).words.get(letters) if is_word else None
    if known is not None:
        return known[0]
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
