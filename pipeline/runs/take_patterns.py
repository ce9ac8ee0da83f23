"""Sounds named by a pattern: `samples/step_{iteration}.wav`.

Owns looking for them without ever leaving the folder that the pattern begins in. It opens no sound.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Final

from pipeline.errors import ProductionError
from pipeline.runs.record import RunTake
from pipeline.runs.settings import ITERATION, MOST_TAKES, check_pattern
from pipeline.runs.sounds import candidates
from pipeline.runtime.wording.plurals import counted
from pipeline.store.files import disk_errors

_MOST_ENTRIES: Final = 200_000
_LONGEST_PART: Final = 255
_SHOWN: Final = 6
_PARTS: Final = re.compile(r"(\{iteration\}|\*)")


def takes_of_pattern(root: Path, pattern: str, field: str, notes: list[str]) -> list[RunTake]:
    """Find the sounds of a pattern, in the order of their iterations, one each.

    Parameters
    ----------
    root
        The folder that the pattern begins in.
    pattern
        Names with `{iteration}` where the number stands, and `*` for anything within a name.
    notes
        Is added to where several files have the same iteration: the first by name counts.

    Raises
    ------
    ProductionError
        It leads out of the folder, or finds nothing, or too much; names the numbers that are there.
    """
    try:
        check_pattern(pattern)
    except ValueError as error:
        raise ProductionError(
            f"'{pattern}' is no pattern of takes: {error}.",
            where=field,
            expected=f"such as samples/step_{ITERATION}.wav",
        ) from None
    found: dict[int, Path] = {}
    again, inside = 0, _Inside(root)
    parts = [part for part in pattern.replace("\\", "/").split("/") if part not in {"", "."}]
    for number, path in _matching(root, parts):
        if number < 0 or not path.is_file():
            continue
        if path not in inside:
            raise ProductionError(
                f"'{path.name}' is a link that leads out of the folder.",
                where=f"{field}: {path}",
                expected=f"sounds inside {root}",
                hint="Copy the sounds into the folder.",
            )
        if number in found:
            again += 1
            found[number] = min(found[number], path)
        else:
            found[number] = path
        if len(found) > MOST_TAKES:
            raise ProductionError(
                f"The pattern finds more than {MOST_TAKES:,} sounds.", where=field, hint="Put fewer into its folder."
            )
    if not found:
        raise _nothing(root, parts, pattern, field)
    if again:
        notes.append(f"of each iteration the first sound by name is taken; left out: {counted(again, 'sound')}")
    return [RunTake(number, found[number]) for number in sorted(found)]


class _Inside:
    """A folder with all that lies in it, wherever links lead; each folder's own way is followed once."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._folders: dict[Path, bool] = {}

    def __contains__(self, path: Path) -> bool:
        if path.is_symlink():
            return path.resolve().is_relative_to(self._root)
        folder = path.parent
        if folder not in self._folders:
            self._folders[folder] = folder.resolve().is_relative_to(self._root)
        return self._folders[folder]


def _matching(folder: Path, parts: list[str], number: int = -1) -> Iterator[tuple[int, Path]]:
    """Yield the files that fit, and the number in their path."""
    if not parts:
        yield number, folder
        return
    first, *rest = parts
    if not _PARTS.search(first):
        if (folder / first).exists():
            yield from _matching(folder / first, rest, number)
        return
    pieces = _PARTS.split(first)
    for name in _names(folder):
        iteration = _fitting(name, pieces)
        if iteration is not None and (not rest or (folder / name).is_dir()):
            yield from _matching(folder / name, rest, iteration if iteration >= 0 else number)


def _fitting(name: str, pieces: list[str]) -> int | None:
    """The number in a name that fits, -1 where the pattern has none; None: it doesn't fit.

    All places where the pieces so far may end are kept, so that the time is bounded by the pieces times the length of
    the name, squared, whatever the pattern.
    """
    places: dict[int, int] = {0: -1}  # where the pieces so far may end, and the number then
    for piece in pieces:
        after: dict[int, int] = {}
        for at, number in places.items():
            if piece == "*":
                for end in range(at, len(name) + 1):
                    after.setdefault(end, number)
            elif piece == ITERATION:
                digits = re.match(r"[0-9]{1,15}(?![0-9])", name[at:])
                if digits and not (at and name[at - 1].isdigit()):
                    after.setdefault(at + digits.end(), int(digits[0]))
            elif name.startswith(piece, at):
                after.setdefault(at + len(piece), number)
        places = after
    return places.get(len(name))


def _names(folder: Path) -> list[str]:
    with disk_errors(folder), os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, _MOST_ENTRIES)]
    return sorted(name for name in names if not name.startswith(".") and len(name) <= _LONGEST_PART)


def _nothing(root: Path, parts: list[str], pattern: str, field: str) -> ProductionError:
    """What to say where a pattern finds nothing: what lies there instead."""
    folder = root
    for part in parts[:-1]:
        if _PARTS.search(part) or not (folder / part).is_dir():
            break
        folder /= part
    there = _names(folder) if folder.is_dir() else []
    shown = ", ".join(there[:_SHOWN]) + (f" and {len(there) - _SHOWN:,} more" if len(there) > _SHOWN else "")
    hint = f"In {folder} lie: {shown}." if there else f"There is nothing in {folder}."
    wanted = parts[len(folder.relative_to(root).parts)] if parts else ""
    numbered = [one.words for one in candidates([name for name in there if Path(name).suffix])]
    near = get_close_matches(wanted, there, 1) if not _PARTS.search(wanted) else []
    if near or numbered:
        hint += f" Did you mean {near[0] if near else ' or '.join(numbered)}?"
    return ProductionError(
        f"No sound fits '{pattern}'.",
        where=field,
        expected=f"files whose names differ in the number at {ITERATION}",
        hint=hint,
    )
