"""Language tags as people write them (BCP 47): checked and spelt as the standard recommends.

It does not know which word lists there are.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator

_WELL_FORMED: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_LONGEST: Final = 35
_NAMES_OF: Final = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "ru",
    "ja",
    "ar",
    "nl",
    "pl",
    "zh",
    "ko",
    "tr",
    "sv",
    "el",
    "he",
)


def language_tag(text: str) -> str:
    """Check a tag and spell it as usual: `pt-br` becomes `pt-BR`.

    Raises
    ------
    ValueError
        Where it is none; for the name of a language, with its tag.
    """
    if len(text) > _LONGEST or not _WELL_FORMED.fullmatch(text):
        found = _tag_of_name(text)
        meant = f"; {text.capitalize()} is '{found}'" if found else ""
        raise ValueError(f'the code of a language (BCP 47), such as "en" or "pt-BR"{meant}')
    first, *rest = text.split("-")
    return "-".join([first.lower(), *map(_spelt, rest)])


_SCRIPT_LETTERS: Final = 4
_REGION_LETTERS: Final = 2


def _spelt(part: str) -> str:
    if len(part) == _SCRIPT_LETTERS and part.isalpha():
        return part.capitalize()
    return part.upper() if len(part) == _REGION_LETTERS and part.isalpha() else part.lower()


def _tag_of_name(text: str) -> str:
    from babel import Locale  # noqa: PLC0415 - only mistakes need it

    wanted = text.strip().lower()
    for tag in _NAMES_OF:
        locale = Locale.parse(tag)
        if wanted in {str(locale.english_name).lower(), str(locale.display_name).lower()}:
            return tag
    return ""


LanguageTag: TypeAlias = Annotated[str, AfterValidator(language_tag)]
"""A tag as a setting."""
