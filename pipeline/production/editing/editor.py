"""Edits of a TOML text, in which all stays that they are not about: comments, order, layout.

Values are set by tomlkit. Whole tables of a list, and new keys, are put in and taken out as lines, because these stay
where their author's comments need them. Each edit is checked: the text must say exactly what the edit says of plain
values, and hold every comment that stood outside what was removed. This module does not know what a production says.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array

from pipeline.production.editing.edits import (
    Edit,
    EditError,
    Insert,
    Move,
    Path,
    Remove,
    SetValue,
    applied,
    has,
    value_at,
)
from pipeline.production.editing.toml_blocks import Block, blocks_of, comments_of, leading_comments

_FAULTS: Final = (TOMLKitError, tomllib.TOMLDecodeError, KeyError, TypeError, IndexError, AttributeError, ValueError)


def edited(text: str, edits: Sequence[Edit]) -> str:
    """Apply edits to a TOML text.

    Parameters
    ----------
    text
        Valid TOML; its lines may end as those of Windows do.

    Raises
    ------
    EditError
        Where an edit has no place, or can't be made without changing more than it is about.
    """
    of_windows = text.count("\r\n") == text.count("\n") > 0
    if of_windows:  # lines that are put between others end as they do
        text = text.replace("\r\n", "\n")
    for edit in edits:
        text = _edited(text, edit)
    return text.replace("\n", "\r\n") if of_windows else text


def _edited(text: str, edit: Edit) -> str:
    values = tomllib.loads(text)
    expected = applied(values, [edit])
    if isinstance(edit, Remove | Move) and expected == values:
        return text  # it is not there, or there already
    for way in (_by_lines, _in_its_block, _by_tomlkit):
        try:
            changed = way(text, values, edit)
            if changed is not None and tomllib.loads(changed) == expected and _keeps_comments(text, changed, edit):
                return changed
        except _FAULTS:
            continue
    raise EditError("this can't be changed without changing more of the file")


def _keeps_comments(before: str, after: str, edit: Edit) -> bool:
    """Whether all comments are there still, but for those in what was removed or replaced as a whole."""
    if isinstance(edit, Remove) or (isinstance(edit, SetValue) and isinstance(edit.value, dict | list)):
        return True
    return not comments_of(before) - comments_of(after)


def _by_lines(text: str, values: dict[str, Any], edit: Edit) -> str | None:
    """Edit whole tables of lists, and add keys, as lines; None for what is no such thing."""
    blocks = blocks_of(text)
    if isinstance(edit, SetValue):
        return _with_key(text, values, blocks, edit) if not has(values, edit.path) else None
    lines = text.split("\n")
    if isinstance(edit, Insert):
        return _with_item(text, values, blocks, edit)
    own = [block for block in blocks if block.path[: len(edit.path)] == edit.path and block.path]
    if not own or not any(block.is_item and block.path == edit.path for block in own):
        return None
    if isinstance(edit, Remove):
        for block in reversed(own):
            del lines[block.start : block.last_key]
            if block.start < len(lines) and not lines[block.start].strip() and not lines[block.start - 1].strip():
                del lines[block.start]
        return "\n".join(lines)
    return _moved(text, own, edit)


def _moved(text: str, own: Sequence[Block], edit: Move) -> str | None:
    """Move a list's table, and the tables in it, before another of the same list, or behind the last one."""
    lines = text.split("\n")
    start, end = _extent(text, own)
    if any(not start <= block.start < end for block in own):
        return None
    taken = lines[start:end]
    rest = lines[:start] + lines[end:]
    left = "\n".join(rest)
    listed = edit.path[:-1]
    others = [block for block in blocks_of(left) if block.is_item and block.path[:-1] == listed]
    place = next((block for block in others if block.path[-1] == edit.to), None)
    if place is not None:
        at = leading_comments(left, place.start)
    else:
        last = [block for block in blocks_of(left) if block.path[: len(listed) + 1] == (*listed, len(others) - 1)]
        at = _end_of(left, last[-1])
    while taken and not taken[-1].strip():
        taken.pop()
    before, after = rest[:at], rest[at:]
    return "\n".join([*before, *([""] if before and before[-1].strip() else []), *taken, "", *_trimmed(after)])


def _trimmed(lines: list[str]) -> list[str]:
    """Without the empty lines at their beginning; one is left where nothing else is."""
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    return lines[first:]


def _extent(text: str, own: Sequence[Block]) -> tuple[int, int]:
    """The lines of a table of a list, with the comments right above it and those that follow it."""
    return leading_comments(text, own[0].start), _end_of(text, own[-1])


def _end_of(text: str, block: Block) -> int:
    """Where a block's own lines end: before the comments right above the header that follows."""
    count = len(text.split("\n"))
    return block.end if block.end >= count else max(block.last_key, leading_comments(text, block.end))


def _with_item(text: str, values: dict[str, Any], blocks: Sequence[Block], edit: Insert) -> str | None:
    """Put a new table into a list: behind the one before it, or at the end of the table that holds the list."""
    listed, place = edit.path[:-1], edit.path[-1]
    if not isinstance(edit.value, dict) or not isinstance(place, int):
        return None
    there = [block for block in blocks if block.is_item and block.path[:-1] == listed]
    if not there and has(values, listed):
        return None  # a list of inline tables
    lines = text.split("\n")
    names = ".".join(_key(step) for step in listed if isinstance(step, str))
    own = [f"[[{names}]]", *(f"{_key(key)} = {_toml(value)}" for key, value in edit.value.items())]
    if place < len(there):
        at = leading_comments(text, there[place].start)
        return "\n".join([*lines[:at], *own, "", *lines[at:]])
    around = (*listed, place - 1) if there else _holder(listed)
    last = [block for block in blocks if block.path[: len(around)] == around][-1]
    at = last.last_key if there else _end_of(text, last)
    while at > 0 and not lines[at - 1].strip():
        at -= 1
    return "\n".join([*lines[:at], *([""] if at else []), *own, *([""] if at == len(lines) else []), *lines[at:]])


def _holder(listed: Path) -> Path:
    """The table of a list in which a list stands: `("section", 0)` for its takes; nothing at the top."""
    for end in range(len(listed), 0, -1):
        if isinstance(listed[end - 1], int):
            return listed[:end]
    return ()


def _with_key(text: str, values: dict[str, Any], blocks: Sequence[Block], edit: SetValue) -> str | None:
    """Write a new key on a line of its own, in the innermost table that has a header."""
    holders = [block for block in blocks if edit.path[: len(block.path)] == block.path]
    block = max(holders, key=lambda one: len(one.path))
    way = edit.path[len(block.path) :]
    if any(isinstance(step, int) for step in way):
        return None
    inner = edit.path[: len(block.path) + 1]
    if has(values, inner) and len(way) > 1 and not _is_dotted(text, block, str(way[0])):
        return None  # an inline table
    there = next(count for count in range(len(way)) if not has(values, edit.path[: len(block.path) + count + 1]))
    key, value = ".".join(_key(step) for step in way[: there + 1]), _nested(way[there + 1 :], edit.value)
    lines, at = text.split("\n"), _line_for(text, block, way)
    return "\n".join([*lines[:at], f"{key} = {_toml(value)}", *lines[at:]])


def _nested(way: Sequence[str | int], value: Any) -> Any:
    for step in reversed(way):
        value = {str(step): value}
    return value


def _is_dotted(text: str, block: Block, key: str) -> bool:
    lines = text.split("\n")[block.start : block.last_key]
    return any(line.lstrip().startswith(f"{key}.") for line in lines)


def _line_for(text: str, block: Block, way: Sequence[str | int]) -> int:
    """Behind the last key of the block that begins alike, else behind its last key."""
    lines = text.split("\n")
    alike = [
        number
        for number in range(block.start, block.last_key)
        if len(way) > 1 and lines[number].lstrip().startswith(f"{way[0]}.")
    ]
    return alike[-1] + 1 if alike else block.last_key


def _in_its_block(text: str, _values: dict[str, Any], edit: Edit) -> str | None:
    """Edit a value within the innermost table that has a header: tomlkit moves tables of a list that stand apart."""
    holders = [
        one for one in blocks_of(text) if edit.path[: len(one.path)] == one.path and len(edit.path) > len(one.path)
    ]
    block = max(holders, key=lambda one: len(one.path))
    lines, start = text.split("\n"), block.start + bool(block.path)
    body = "\n".join(lines[start : block.last_key])
    changed = _by_tomlkit(body, tomllib.loads(body), replace(edit, path=edit.path[len(block.path) :]))
    return None if changed is None else "\n".join([*lines[:start], *changed.split("\n"), *lines[block.last_key :]])


def _by_tomlkit(text: str, values: dict[str, Any], edit: Edit) -> str | None:
    """Edit a value where it stands."""
    document = tomlkit.parse(text)
    *way, last = edit.path
    holder: Any = document
    for number, step in enumerate(way, start=1):
        if isinstance(edit, SetValue | Insert) and isinstance(step, str) and step not in holder:
            is_list = isinstance(edit, Insert) and number == len(way)
            holder[step] = tomlkit.array() if is_list else tomlkit.inline_table()
        holder = holder[step]
    if isinstance(edit, SetValue):
        holder[last] = _inline(edit.value)
    elif isinstance(edit, Insert):
        holder.insert(last, _inline(edit.value))
    elif isinstance(edit, Move):
        if isinstance(holder, AoT):
            return None
        item = holder.pop(last)
        holder.insert(edit.to, item)
    elif has(values, edit.path):
        del holder[last]
        if isinstance(holder, Array | AoT) and not len(holder):
            way_in: Any = value_at(document, tuple(way[:-1]))
            del way_in[way[-1]]
    return tomlkit.dumps(document)


def _inline(value: Any) -> Any:
    """A value as it stands on one line."""
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update({str(key): _inline(one) for key, one in value.items()})
        return table
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        array.extend([_inline(one) for one in value])
        return array
    return tomlkit.item(value)


def _toml(value: Any) -> str:
    return str(_inline(value).as_string())


def _key(name: str | int) -> str:
    return str(tomlkit.key(str(name)).as_string())
