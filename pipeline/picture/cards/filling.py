"""Filling a card template's texts with facts, and checking that they name no others than there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pipeline.errors import TemplateError
from pipeline.picture.cards.elements.element import CardElement, FilledWords
from pipeline.picture.cards.facts import CardFacts
from pipeline.picture.cards.template import CardTemplate
from pipeline.picture.text.fact_shapes import ANY, Names, including, table_of, within
from pipeline.picture.text.template_checks import FormerName
from pipeline.picture.text.templating import PlainFacts, check_text

MOST_LETTERS: Final = 60_000
"""More than the credits of fifty networks; no card takes minutes to lay out."""


@dataclass(frozen=True)
class FilledElement:
    """An element and its words, filled in."""

    element: CardElement
    words: FilledWords


def check_template(
    template: CardTemplate, names: Names, where: str, said_at: Callable[[int], str] | None = None
) -> tuple[FormerName, ...]:
    """Check all texts of a template against the names that there are; returns those that are others now.

    Parameters
    ----------
    said_at
        In which file and line an element, counted from 0, stands; asked where something is wrong.

    Raises
    ------
    TemplateError
        With the element and the line.
    """
    found: list[FormerName] = []
    for number, element in enumerate(template.element, start=1):
        place = _place(where, number, element)
        for text, each in element.texts():
            known = including(names, item=within(table_of(names), each).items or ANY) if each else names
            try:
                found += check_text(text, known, place)
            except TemplateError as error:
                if said_at is None:
                    raise
                at = error.where.replace(where, said_at(number - 1), 1)
                at = at if "\n" in text else at.removesuffix(", line 1")
                raise TemplateError(error.what, where=at, expected=error.expected, hint=error.hint) from error
    return tuple(found)


def fill(template: CardTemplate, facts: CardFacts, where: str) -> tuple[FilledElement, ...]:
    """Fill in all words of a template.

    Raises
    ------
    TemplateError
        With the element and the line.
    """
    words = facts.words if isinstance(facts.words, PlainFacts) else PlainFacts(facts.words, facts.language)
    filled = tuple(
        FilledElement(element, element.filled(words, _place(where, number, element)))
        for number, element in enumerate(template.element, start=1)
    )
    length = sum(len(text) for one in filled for text in one.words.all_words())
    if length > MOST_LETTERS:
        raise TemplateError(
            f"The card says too much: {length:,} letters.", where=where, expected=f"at most {MOST_LETTERS:,} letters"
        )
    return filled


def _place(where: str, number: int, element: CardElement) -> str:
    return f"{where}, element {number} ({element.kind} in area '{element.area}')"
