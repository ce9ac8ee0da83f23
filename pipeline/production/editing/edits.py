"""What may be changed in a production: kinds of edits, and what each does to plain values.

A path names keys and, in lists, places counted from 0: `("section", 0, "storyboard", "seconds")`. This module does not
know TOML.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
Values = dict[str, Any]


class EditError(Exception):
    """An edit that these values have no place for."""


@dataclass(frozen=True)
class SetValue:
    """Set a key to a value; tables on the way are made where they are missing."""

    path: Path
    value: Any


@dataclass(frozen=True)
class Remove:
    """Remove a key, or an item of a list; what is not there is left alone."""

    path: Path


@dataclass(frozen=True)
class Insert:
    """Insert an item into a list, before the one at this place; the list is made where it is missing."""

    path: Path
    value: Any


@dataclass(frozen=True)
class Move:
    """Move an item of a list to another place in it, counted after it was taken out."""

    path: Path
    to: int


Edit = SetValue | Remove | Insert | Move


def applied(values: Values, edits: Sequence[Edit]) -> Values:
    """Apply edits to plain values, which stay as they are.

    Raises
    ------
    EditError
        Where a path leads to a value that can't hold what it names.
    """
    changed = deepcopy(values)
    for edit in edits:
        try:
            _apply(changed, edit)
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise EditError(f"nothing can be changed at {dotted(edit.path)}") from error
    return changed


def _apply(values: Values, edit: Edit) -> None:
    *way, last = edit.path
    if isinstance(edit, SetValue):
        _step_in(values, way, make=True)[last] = deepcopy(edit.value)
    elif isinstance(edit, Insert):
        listed = _step_in(values, way, make=True, leaf=[])
        if not isinstance(listed, list) or not isinstance(last, int) or not 0 <= last <= len(listed):
            raise TypeError
        listed.insert(last, deepcopy(edit.value))
    elif isinstance(edit, Move):
        listed = _step_in(values, way)
        item = listed.pop(last)
        if not 0 <= edit.to <= len(listed):
            raise IndexError
        listed.insert(edit.to, item)
    elif has(values, edit.path):
        holder = _step_in(values, way)
        del holder[last]
        if isinstance(holder, list) and not holder:
            _step_in(values, way[:-1]).pop(way[-1])  # TOML's lists of tables can't be empty


def _step_in(values: Any, way: Sequence[str | int], *, make: bool = False, leaf: Any = None) -> Any:
    at = values
    for number, step in enumerate(way):
        if make and isinstance(at, dict) and step not in at:
            at[step] = leaf if number == len(way) - 1 and leaf is not None else {}
        at = at[step]
    return at


def has(values: Any, path: Path) -> bool:
    """Whether there is something at a path."""
    try:
        _step_in(values, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def value_at(values: Any, path: Path) -> Any:
    """What is at a path; None where nothing is."""
    return _step_in(values, path) if has(values, path) else None


def dotted(path: Path) -> str:
    """A path in words, as people count: `section 1, storyboard.seconds`."""
    words: list[str] = []
    for step in path:
        if isinstance(step, int):
            words[-1:] = [f"{words[-1]} {step + 1}"] if words else [str(step + 1)]
        else:
            words.append(step)
    return ".".join(words)
