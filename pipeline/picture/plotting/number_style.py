"""How the numbers of an axis are written in a film's language."""

from __future__ import annotations

from pipeline.picture.language import Language
from pipeline.picture.plotting.ticks import NumberStyle


def number_style(language: Language) -> NumberStyle:
    """The separators of a language, for ticks."""
    return NumberStyle(grouping=language.numerals.group, decimal=language.numerals.decimal)
