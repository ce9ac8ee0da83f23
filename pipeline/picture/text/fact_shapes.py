"""What is known of facts before there are values: which names there are, and what lies within them.

Templates are checked against shapes before anything is trained. This module does not know which facts there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias


@dataclass(frozen=True)
class Shape:
    """A fact, or a table or list of facts.

    Parameters
    ----------
    fields
        What a table has, by name; None where it is no table, or one that may have anything.
    items
        What each item of a list is; None where it is no list.
    former
        Names that a table had before, each with where the fact is now, counted from the root: `film.title`.
    meaning
        What it is, in a sentence.
    """

    fields: Mapping[str, Shape] | None = None
    items: Shape | None = None
    former: Mapping[str, str] = field(default_factory=dict)
    meaning: str = ""


ANY: Final = Shape()
"""A fact of which nothing more is known."""

Names: TypeAlias = Sequence[str] | Shape
"""The names that a template may use: alone, or with what is within them."""


def table_of(names: Names) -> Shape:
    """The names as a table."""
    return names if isinstance(names, Shape) else Shape(fields=dict.fromkeys(names, ANY))


def including(names: Names, **more: Shape) -> Shape:
    """The same names and some more."""
    table = table_of(names)
    return Shape({**(table.fields or {}), **more}, None, table.former, table.meaning)


def within(table: Shape, path: str) -> Shape:
    """What lies at a dotted path within a table; ANY where that isn't known."""
    found = table
    for name in path.split("."):
        found = (found.fields or {}).get(name, ANY)
    return found
