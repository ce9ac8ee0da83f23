"""The note about names that facts had before: said once for each name, with what it is now."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.picture.text.template_checks import FormerName
from pipeline.runtime.progress.reporter import Reporter


def note_former_names(report: Reporter, names: Iterable[FormerName]) -> None:
    """Say which templates use names by which facts were called before; they go on working."""
    first: dict[str, FormerName] = {}
    for one in names:
        first.setdefault(one.name, one)
    for one in first.values():
        report.note(f"{one.where}: '{one.name}' is called '{one.now}' now; the former name goes on working")
