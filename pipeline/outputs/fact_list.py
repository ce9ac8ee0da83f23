"""The facts that templates may name, with their meaning and what they are in a production."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.outputs.looking import Look
from pipeline.stages.shared.facts.film_facts import film_facts
from pipeline.stages.shared.facts.film_language import language_of
from pipeline.stages.shared.facts.vocabulary import CAPTION_MEANINGS, OLD_CAPTION_NAMES, listed, meaning


def facts_of(shown: Look) -> list[dict[str, Any]]:
    """Every fact of cards: its name, its value, and what it means."""
    facts = film_facts(shown.production, shown.results, language_of(shown.production))
    return [{"name": name, "value": value, "meaning": meaning(name)} for name, value in listed(facts)]


def caption_names() -> list[dict[str, str]]:
    """What captions of takes may name beside that, and names that they had before."""
    new = [{"name": name, "meaning": text} for name, text in CAPTION_MEANINGS.items()]
    old = [{"name": name, "meaning": f"now {now}"} for name, now in OLD_CAPTION_NAMES.items()]
    return [*new, *old]


def as_lines(shown: Look) -> Iterator[str]:
    """A table for people."""
    rows = [(str(one["name"]), _shown(one["value"]), str(one["meaning"])) for one in facts_of(shown)]
    widths = [min(44, max(len(row[column]) for row in rows)) for column in range(2)]
    for name, value, text in rows:
        yield f"{name:<{widths[0]}}  {value:<{widths[1]}}  {text}".rstrip()
    yield ""
    yield "In cards of a section, `section` is its own. Captions have film, section and network as above, and:"
    width = max(len(one["name"]) for one in caption_names())
    for one in caption_names():
        yield f"{one['name']:<{width}}  {one['meaning']}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value is None or value == "" else str(value)
