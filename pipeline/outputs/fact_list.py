"""The facts that templates may name, with their meaning and what they are in a production."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from pipeline.outputs.looking import Look
from pipeline.picture.language import english
from pipeline.picture.panels.template_text import NOW, NOW_FACTS
from pipeline.picture.text.number_words import filters_for
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


def own_filters() -> list[dict[str, str]]:
    """The filters that templates have beside Jinja's own, and what they make of a fact in English."""
    return [{"name": name, "meaning": inspect.getdoc(one) or ""} for name, one in filters_for(english()).items()]


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
    yield from _in_columns([(one["name"], one["meaning"]) for one in moment_facts()])
    yield ""
    yield "Filters, as in {{ film.training_s | duration }}, written in the film's language, beside Jinja's own:"
    yield from _in_columns([(one["name"], one["meaning"]) for one in own_filters()])
    yield ""
    yield "Words of the film's language, as {{ words.scene.iteration }}: build-video schema --for language --text"
    yield ""
    yield "Former names, which go on working:"
    yield from _in_columns([(old, f"now {now}") for old, now in former_names().items()])


def _in_columns(rows: list[tuple[str, str]]) -> Iterator[str]:
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        yield f"{name:<{width}}  {text}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value is None or value == "" else str(value)
