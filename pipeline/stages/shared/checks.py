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
        for rule in section.storyboard.caption:
            if rule.when is not None:
                yield rule.when, f"condition of a caption in section {number}"


def own_captions(production: Production) -> Iterator[tuple[str, str]]:
    """Every caption that the production file writes, templates all of them, and where: of a cut its lines too."""
    for number, section in enumerate(production.sections, start=1):
        written = [line.caption for line in section.storyboard.take if line.caption is not None]
        written += [rule.text for rule in section.storyboard.caption]
        yield from ((text, f"caption in section {number}") for text in written)
    for line in production.cut_lines:
        if line.caption is not None:
            yield line.caption, f"caption in the cut '{production.cut}'"
