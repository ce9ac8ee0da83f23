"""The facts that templates may name, with their meaning and what they are in a production."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.outputs.looking import Look
from pipeline.picture.panels.template_text import NOW, NOW_FACTS
from pipeline.stages.shared.facts.film_language import language_of
from pipeline.stages.shared.facts.vocabulary import (
    FILM_FACTS,
    FORMER_OF_CAPTIONS,
    FORMER_OF_FILM,
    SHORT,
    film_facts,
    listed,
)


def facts_of(shown: Look) -> list[dict[str, Any]]:
    """Every fact: its name, its value, and what it means."""
    facts = film_facts(shown.production, shown.results, language_of(shown.production))
    return [{"name": name, "value": value, "meaning": meaning} for name, value, meaning in listed(facts, FILM_FACTS)]


def moment_facts() -> list[dict[str, str]]:
    """The facts that panels of text may name beside the others: those of the moment that is seen."""
    return [{"name": f"{NOW}.{name}", "meaning": shape.meaning} for name, shape in (NOW_FACTS.fields or {}).items()]


def former_names() -> dict[str, str]:
    """Names that facts had before, which go on working, each with what it is now."""
    return {**FORMER_OF_FILM, **FORMER_OF_CAPTIONS}


def as_lines(shown: Look) -> Iterator[str]:
    """A table for people."""
    rows = [(str(one["name"]), _shown(one["value"]), str(one["meaning"])) for one in facts_of(shown)]
    widths = [min(44, max(len(row[column]) for row in rows)) for column in range(2)]
    for name, value, text in rows:
        yield f"{name:<{widths[0]}}  {value:<{widths[1]}}  {text}".rstrip()
    yield ""
    yield "Where a section is at hand (its cards, captions, conditions), `section` is its own, and for short"
    yield f"{', '.join(SHORT)} are its parts. In captions and conditions `take` is the take that they are about."
    yield ""
    yield 'In a layout\'s panels of text (kind = "text") also what is heard and seen just then:'
    moments = moment_facts()
    width = max(len(one["name"]) for one in moments)
    for one in moments:
        yield f"{one['name']:<{width}}  {one['meaning']}"
    yield ""
    yield "Former names, which go on working:"
    names = former_names()
    width = max(map(len, names))
    for old, now in names.items():
        yield f"{old:<{width}}  now {now}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value is None or value == "" else str(value)
