"""What the checks of several stages share: files that a production names, and the captions that it writes itself.

This module looks and makes nothing. It does not know what a stage does with a file or a caption.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import FootageError
from pipeline.production.schema import Production
from pipeline.runtime.wording.named_files import absent_hint


def existing_file(production: Production, name: str, field: str) -> Path:
    """Find a file of the user's own, which must be there.

    Parameters
    ----------
    name, field
        As the production has it, and where.

    Raises
    ------
    FootageError
        Where there is no such file; with the names that are like it.
    """
    path = production.resolve(name, field)
    if not path.is_file():
        raise FootageError(
            "There is no such file.",
            where=f"{field}: {path}",
            expected="a file beside the production",
            hint=absent_hint(path),
        )
    return path


def own_conditions(production: Production) -> Iterator[tuple[str, str]]:
    """Every condition of a caption that is an expression of facts, and where."""
    for number, section in enumerate(production.sections, start=1):
        for index, rule in enumerate(section.storyboard.caption):
            if rule.when is not None:
                place = production.place("section", number - 1, "caption", index, "when")
                yield rule.when, _after(place, f"condition of a caption in section {number}")


def own_captions(production: Production) -> Iterator[tuple[str, str]]:
    """Every caption that the production file writes, templates all of them, and where: of a cut its lines too."""
    for number, section in enumerate(production.sections, start=1):
        where, here = f"caption in section {number}", ("section", number - 1)
        for index, line in enumerate(section.storyboard.take):
            if line.caption is not None:
                yield line.caption, _after(production.place(*here, "take", index, "caption"), where)
        for index, rule in enumerate(section.storyboard.caption):
            yield rule.text, _after(production.place(*here, "caption", index, "text"), where)
    for own in production.cut_lines:
        if own.caption is not None:
            yield own.caption, f"caption in the cut '{production.cut}'"


def _after(place: str, where: str) -> str:
    """Where something stands, after its line in the production file where that is known."""
    return f"{place}: {where}" if place else where
