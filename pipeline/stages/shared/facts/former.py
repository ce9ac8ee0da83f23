"""The note about names that facts had before: said once for each name, with what it is now."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.picture.text.template_checks import FormerName
from pipeline.runtime.progress.reporter import Reporter


def former_names_in_words(names: Iterable[FormerName]) -> list[str]:
    """Say which templates use names by which facts were called before; they go on working."""
    first: dict[str, FormerName] = {}
    for one in names:
        first.setdefault(one.name, one)
    return [
        f"{one.where}: '{one.name}' is called '{one.now}' now; the former name goes on working"
        for one in first.values()
    ]


def note_former_names(report: Reporter, names: Iterable[FormerName]) -> None:
    """Note them, as a stage does that reads the templates."""
    for words in former_names_in_words(names):
        report.note(words)
