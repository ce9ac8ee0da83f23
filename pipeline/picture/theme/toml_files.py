"""Reading template files as text and as TOML, within bounds, with errors that a person can act on.

This module loads no models: tools that draw a graph in the time of loading them read themes with it. It does not know
what any template means.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.errors import TemplateError
from pipeline.picture.theme.placed_values import PlacedValue
from pipeline.runtime.wording.named_files import absent_hint, stored_path, swallowed_escape
from pipeline.runtime.wording.toml_lines import line_numbers
from pipeline.runtime.wording.toml_text import TomlMistake, parse_toml
from pipeline.store.files import plain_reason

LARGEST_TEMPLATE_BYTES = 256 * 1024
"""More than any hand-written template needs; less than would hurt to parse."""


def read_template_text(path: Path) -> str:
    """Read a template file as UTF-8, refusing what no template can be.

    Raises
    ------
    TemplateError
        Unreadable, too large, or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_TEMPLATE_BYTES + 1)
    except OSError as error:
        raise TemplateError(f"The template can't be read: {plain_reason(error)}.", where=str(path)) from error
    if len(data) > LARGEST_TEMPLATE_BYTES:
        raise TemplateError(
            "The template is too large.",
            where=str(path),
            expected=f"at most {LARGEST_TEMPLATE_BYTES // 1024} KiB",
        )
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise TemplateError("The template is not UTF-8 text.", where=f"{path}, byte {error.start}") from error


def read_placed(path: Path) -> PlacedValue:
    """Read a template file as TOML: its values, each with its line.

    Raises
    ------
    TemplateError
        Unreadable, too large, or not TOML; names the line.
    """
    text = read_template_text(path)
    try:
        values, lines = _parsed(text)
    except TomlMistake as mistake:
        where = f"{path}, {mistake.place}" if mistake.place else str(path)
        what = f"The template is not valid TOML: {mistake.what}."
        raise TemplateError(what, where=where, hint=mistake.hint) from mistake
    try:
        return PlacedValue.of(values, path, lines)
    except RecursionError as error:
        raise TemplateError("The template is nested too deeply.", where=str(path), hint="Flatten it.") from error


def named_at(path: Path, value: str) -> str:
    """Where a template file says a value: the file, and the line where the file itself says it."""
    found = _line_naming(read_placed(path), value)
    return f"{path}, line {found}" if found is not None else str(path)


def _line_naming(placed: PlacedValue, value: str) -> int | None:
    inside = placed.value
    if isinstance(inside, dict | list):
        parts = inside.values() if isinstance(inside, dict) else inside
        return next((line for part in parts if (line := _line_naming(part, value)) is not None), None)
    return placed.place.line if inside == value else None


@lru_cache(maxsize=256)
def _parsed(text: str) -> tuple[dict[str, Any], dict[tuple[str | int, ...], int]]:
    """The values of a TOML text and their lines; a build reads the same templates again and again.

    What it returns is shared: whoever calls may not change it.
    """
    return parse_toml(text), line_numbers(text)


def theme_font_files(names: Sequence[str], theme: Path) -> tuple[Path, ...]:
    """Find the font files that a theme's file names, inside its templates folder.

    Raises
    ------
    TemplateError
        Where one is not there, or lies elsewhere.
    """
    return tuple(theme_file(name, theme, "fonts.files", "font file") for name in names)


def theme_file(name: str, theme: Path, field: str = "ground.file", what: str = "picture", owner: str = "theme") -> Path:
    """Find a file that a theme's file, or another template, names, inside its templates folder.

    Raises
    ------
    TemplateError
        Where it is not there, or lies elsewhere.
    """
    folder = theme.parent.parent.resolve()
    inside = True
    try:
        file = stored_path(folder, name).resolve()
        inside = file.is_relative_to(folder)
        there = inside and file.is_file()
        hint = absent_hint(file) if inside and not there else ""
    except (OSError, ValueError, RuntimeError):  # no name that a file can have, or links in a circle
        file, there, hint = folder, False, ""
    if swallowed := swallowed_escape(name):
        hint = swallowed[-1]
    if not there:
        raise TemplateError(
            f"The {owner}'s {what} {name[:100]!r} is not there."
            if inside
            else f"The {owner}'s {what} {name[:100]!r} lies outside the templates folder.",
            where=f"{named_at(theme, name)}, {field}",
            expected=f"a {what} inside {folder}",
            hint=hint,
        )
    return file
