"""The language of a production's film."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pipeline.errors import GlyphError, ProductionError
from pipeline.picture.language import Language, load_language
from pipeline.picture.language.numerals import UNITS
from pipeline.picture.language.word_list import forms
from pipeline.production.schema import Production
from pipeline.runtime.wording.installing import extra_command

_EXTRA_OF: Final = {"ja": "cjk", "zh": "cjk", "ko": "cjk"}
"""The extra with the fonts of a language; `scripts` has those of the others."""
_MOST_NAMED: Final = 4


def language_of(production: Production) -> Language:
    """Load the words of a production's language.

    Raises
    ------
    TemplateError
        Where a word list can't be used.
    """
    return load_language(production.language, production.templates_folder)


def check_language(production: Production, measure: Callable[[str], object]) -> None:
    """Check that fonts have all characters of a film's language; `measure` measures a text in the theme's fonts.

    Raises
    ------
    TemplateError
        Where a word list can't be used.
    ProductionError
        Where fonts lack its script; with the extra that has them.
    """
    language = language_of(production)
    texts = [text for word in language.words.values() for text in forms(word).values()]
    try:
        for text in [*texts, *(language.with_unit(unit, "2") for unit in UNITS)]:
            measure(text)
    except GlyphError as error:
        extra = _EXTRA_OF.get(production.language.partition("-")[0], "scripts")
        raise ProductionError(
            f"No font at hand has the characters of the language '{production.language}'.",
            where="language",
            expected=f"the fonts of the extra '{extra}'",
            hint=f"Install them with  {extra_command(extra)}  or name a font file in the theme, in [fonts] files.",
        ) from error


def language_notes(production: Production, language: Language) -> Iterator[str]:
    """Say which words are English for want of others."""
    tag, count = production.language, len(language.missing)
    first = tag.partition("-")[0]
    if not count or first == "en":
        return
    file = f"{production.templates}/languages/{first}.toml"
    if language.has_no_list:
        yield f"There is no word list for '{tag}': the program's own words are English; {file} can have them."
        return
    named = ", ".join(language.missing[:_MOST_NAMED]) + ", ..." * (count > _MOST_NAMED)
    words = "1 word is" if count == 1 else f"{count} words are"
    yield f"{words} English for want of one in '{tag}': {named}; {file} can have {'it' if count == 1 else 'them'}."
