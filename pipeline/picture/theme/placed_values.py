"""The values of a template file, each with its file and line, so that files can be laid over one another.

This module owns nothing but the tree. It does not know what any value means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DEEPEST: Final = 60
"""Tables and lists inside one another."""


@dataclass(frozen=True)
class Place:
    """A file, and the line in it, counted from 1."""

    file: Path
    line: int | None = None

    def words(self, path: Sequence[str | int] = ()) -> str:
        """Say where: the file, the line where it is known, and the value's name."""
        parts = [str(self.file)] + ([f"line {self.line}"] if self.line is not None else [])
        return ", ".join([*parts, ".".join(str(part) for part in path)] if path else parts)


@dataclass
class PlacedValue:
    """A value and its place; tables and lists hold more of them."""

    place: Place
    value: Any

    @classmethod
    def of(
        cls, value: object, file: Path, lines: Mapping[tuple[str | int, ...], int], path: tuple[str | int, ...] = ()
    ) -> PlacedValue:
        """Take over what was read from a file; `lines` has the line of each path.

        Raises
        ------
        RecursionError
            Values inside values inside values, deeper than any template has them.
        """
        if len(path) > DEEPEST:
            raise RecursionError
        place = Place(file, lines.get(path, lines.get((*path, 0))))  # a list of tables begins with its first
        if isinstance(value, dict):
            return cls(place, {key: cls.of(one, file, lines, (*path, key)) for key, one in value.items()})
        if isinstance(value, list):
            return cls(place, [cls.of(one, file, lines, (*path, index)) for index, one in enumerate(value)])
        return cls(place, value)

    def plain(self) -> Any:
        """The values alone."""
        if isinstance(self.value, dict):
            return {key: one.plain() for key, one in self.value.items()}
        return [one.plain() for one in self.value] if isinstance(self.value, list) else self.value

    def place_of(self, path: Sequence[str | int]) -> Place:
        """The place of a value inside, or of what is nearest around it; steps that lead nowhere are left out."""
        here, place = self, self.place
        for step in path:
            inside = here.value
            steps = inside if isinstance(inside, dict) else range(len(inside)) if isinstance(inside, list) else ()
            if step not in steps:
                continue
            here = inside[step]
            place = here.place if here.place.line is not None or here.place.file != place.file else place
        return place

    def laid_over(self, base: PlacedValue | None) -> PlacedValue:
        """These values over others: tables are joined name by name, everything else replaces."""
        if base is None or not (isinstance(self.value, dict) and isinstance(base.value, dict)):
            return self
        joined = dict(base.value)
        for key, one in self.value.items():
            joined[key] = one.laid_over(joined.get(key))
        return PlacedValue(self.place, joined)

    def text(self, key: str) -> str:
        """The text under a name of a table; empty where there is none."""
        one = self.value.get(key) if isinstance(self.value, dict) else None
        return one.value if one is not None and isinstance(one.value, str) else ""
