"""Word lists: one language's words by their names, as a template file has them, checked against the English ones.

This module owns the form of a word list and its errors. It does not know which list belongs to which film.

A word is a text, or one text for each plural category of its language (`one`, `few`, `other` ...; Unicode CLDR). A name
in braces, `{count}`, stands for what is filled in.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from pipeline.errors import TemplateError
from pipeline.picture.theme.placed_values import PlacedValue
from pipeline.picture.theme.toml_files import read_placed

Forms: TypeAlias = Mapping[str, str]
"""Texts by plural category; `other` is always there."""
Word: TypeAlias = str | Forms

CATEGORIES: Final = ("zero", "one", "two", "few", "many", "other")
"""The plural categories of CLDR (Unicode Technical Standard 35, part 3)."""
LONGEST_WORD: Final = 400
COUNT: Final = "count"
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")


def placeholders(word: Word) -> frozenset[str]:
    """The names in braces of a word, of all its plural forms."""
    return frozenset(name for text in forms(word).values() for name in _PLACEHOLDER.findall(text))


def forms(word: Word) -> Forms:
    """A word's plural forms: one that has none has `other` alone."""
    return {"other": word} if isinstance(word, str) else word


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with what its braces stand for; a name without a value stays as it is."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def tree(words: Mapping[str, Word]) -> dict[str, Any]:
    """Words by their dotted names as tables within tables."""
    nested: dict[str, Any] = {}
    for name, word in words.items():
        *groups, last = name.split(".")
        table = nested
        for group in groups:
            table = table.setdefault(group, {})
        table[last] = word if isinstance(word, str) else dict(word)
    return nested


def read_word_list(path: Path, known: Mapping[str, Word] | None, categories: frozenset[str]) -> dict[str, Word]:
    """Read a word list.

    Parameters
    ----------
    path
        The file.
    known
        The English words, which say what names and placeholders there are; None where these are the English words.
    categories
        The plural categories of the list's language.

    Returns
    -------
    dict[str, Word]
        Words by their dotted names, such as `scene.iteration`.

    Raises
    ------
    TemplateError
        No TOML, a name that is not there, a placeholder that is not there, a plural category that the language doesn't
        have, or a text that is too long; with the nearest name.
    """
    words: dict[str, Word] = {}
    for name, one in _flattened(read_placed(path), ""):
        where = one.place.words((name,))
        if known is not None and name not in known:
            raise _unknown(name, known, where)
        word = _checked(one.plain(), where)
        if known is not None:
            _check_placeholders(word, known[name], where)
        _check_forms(word, categories, where)
        words[name] = word
    return words


def _flattened(table: PlacedValue, group: str) -> Iterator[tuple[str, PlacedValue]]:
    for key, one in table.value.items():
        name = f"{group}.{key}" if group else key
        if isinstance(one.value, dict) and not (one.value and one.value.keys() <= set(CATEGORIES)):
            yield from _flattened(one, name)
        else:
            yield name, one


def _checked(value: Any, where: str) -> Word:
    texts = list(value.values()) if isinstance(value, dict) else [value]
    for text in texts:
        if not isinstance(text, str):
            raise TemplateError("A word of the list is no text.", where=where, expected='a text, such as "iteration"')
        if len(text) > LONGEST_WORD:
            raise TemplateError(
                "A word of the list is too long.", where=where, expected=f"at most {LONGEST_WORD} characters"
            )
        if "{" in (bare := _PLACEHOLDER.sub("", text)) or "}" in bare:
            raise TemplateError(
                "A brace in the list is no placeholder.", where=where, expected="a name between braces, such as {count}"
            )
    return value if isinstance(value, str) else dict(value)


def _unknown(name: str, known: Mapping[str, Word], where: str) -> TemplateError:
    near = difflib.get_close_matches(name, known, n=1)
    groups = sorted({one.partition(".")[0] for one in known})
    return TemplateError(
        f"The word list has an unknown name '{name}'.",
        where=where,
        expected=f"perhaps '{near[0]}'" if near else f"a name of templates/languages/en.toml: {', '.join(groups)} ...",
    )


def _check_placeholders(word: Word, known: Word, where: str) -> None:
    there = placeholders(known)
    for used in sorted(placeholders(word) - there - ({COUNT} if isinstance(known, Mapping) else set())):
        near = difflib.get_close_matches(used, there, n=1)
        listed = f"there are {', '.join(f'{{{one}}}' for one in sorted(there))}" if there else "this word has none"
        raise TemplateError(
            f"The word has an unknown placeholder '{{{used}}}'.",
            where=where,
            expected=(f"perhaps '{{{near[0]}}}'; " if near else "") + listed,
        )
    if not isinstance(word, str) and isinstance(known, str) and COUNT not in there:
        raise TemplateError(
            "The word has plural forms, but nothing in it is counted.", where=where, expected="one text"
        )


def _check_forms(word: Word, categories: frozenset[str], where: str) -> None:
    if isinstance(word, str):
        return
    listed = ", ".join(one for one in CATEGORIES if one in categories)
    if "other" not in word:
        raise TemplateError("The word lacks its plural form 'other'.", where=where, expected=f"forms of {listed}")
    for form in word:
        if form not in categories:
            raise TemplateError(
                f"The language has no plural form '{form}'.", where=where, expected=f"forms of {listed} (Unicode CLDR)"
            )
