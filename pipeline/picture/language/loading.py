"""Finding the word lists of a film's language: a person's own file shadows and completes the one that comes along.

This module owns which lists a tag means and in which order they count: `de-CH` is `de-CH.toml`, then `de.toml`, then
English, of each the person's own file first, word by word.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from pipeline.picture.language.language import BETWEEN, ENGLISH, LAST_OF_LIST, Language, english
from pipeline.picture.language.numerals import UNITS, known_locale, plural_categories
from pipeline.picture.language.word_list import Word, read_word_list
from pipeline.runtime.resources import builtin_templates_folder

FOLDER: Final = "languages"
OPTIONAL: Final = frozenset({*(f"unit.{unit}" for unit in UNITS), BETWEEN, LAST_OF_LIST})
"""Words that CLDR has where a list hasn't."""


def load_language(tag: str = ENGLISH, own: Path | None = None) -> Language:
    """Load a language's words.

    Parameters
    ----------
    tag
        BCP 47, such as `de` or `de-CH`.
    own
        The user's own templates folder.

    Raises
    ------
    TemplateError
        Where a word list can't be used; with the name and what was expected.
    """
    return _builtin(tag, builtin_templates_folder()) if own is None else _loaded(tag, own)


@lru_cache(maxsize=32)
def _builtin(tag: str, _folder: Path) -> Language:
    """The words of a list that comes along, which stays as it is while the program runs."""
    return _loaded(tag, None)


def _loaded(tag: str, own: Path | None) -> Language:
    usual = english()
    words: dict[str, Word] = {}
    found = [(part, path) for part in _parts(tag) for path in _lists(part, own)]
    for part, path in found:
        known = usual.words
        for name, word in read_word_list(path, known, plural_categories(locale_of(part))).items():
            words.setdefault(name, word)
    if not found:
        own_english = dict(usual.words)
        for path in _lists(ENGLISH, own):
            own_english.update(read_word_list(path, usual.words, plural_categories(ENGLISH)))
        return Language(
            tag, ENGLISH, own_english, missing=tuple(sorted(usual.words.keys() - OPTIONAL)), has_no_list=True
        )
    needed = {name: word for name, word in usual.words.items() if name not in OPTIONAL}
    return Language(tag, locale_of(tag), {**needed, **words}, tuple(sorted(needed.keys() - words.keys())))


def shipped_languages() -> tuple[str, ...]:
    """The tags of the word lists that come along."""
    return tuple(sorted(path.stem for path in (builtin_templates_folder() / FOLDER).glob("*.toml")))


def locale_of(tag: str) -> str:
    """The CLDR locale that is nearest to a tag; English where CLDR doesn't know its language."""
    return next(filter(None, map(known_locale, _parts(tag))), ENGLISH)


def _parts(tag: str) -> Iterator[str]:
    """A tag and what it falls back to, such as `de-CH` and `de`."""
    parts = tag.split("-")
    for count in range(len(parts), 0, -1):
        yield "-".join(parts[:count])


def _lists(tag: str, own: Path | None) -> Iterator[Path]:
    """The lists of one tag, the person's own first; their names may be written in any case."""
    for folder in (own, builtin_templates_folder()):
        place = folder / FOLDER if folder is not None else None
        if place is not None and place.is_dir():
            yield from sorted(path for path in place.glob("*.toml") if path.stem.lower() == tag.lower())
