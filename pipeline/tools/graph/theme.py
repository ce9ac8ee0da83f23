"""The colours and fonts of a theme as far as a graph needs them.

This module owns reading them without the film's own models, which take longer to load than a graph to draw. It does
not judge a theme: `pipeline.picture.theme.theme` does that when a film is built with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import TemplateError
from pipeline.picture.text.fonts import load_fonts
from pipeline.picture.text.typesetting import Typesetter
from pipeline.runtime.named_files import stored_path
from pipeline.runtime.resources import find_template
from pipeline.runtime.toml_text import TomlMistake, parse_toml
from pipeline.store.files import plain_reason
from pipeline.tools.graph.palette import Colour, parse_colour

_LARGEST_THEME_BYTES = 256 * 1024


@dataclass(frozen=True)
class GraphTheme:
    """What a graph takes from a theme."""

    background: Colour
    panel: Colour
    grid: Colour
    text: Colour
    muted: Colour
    series: tuple[Colour, ...]
    typesetter: Typesetter


def load_graph_theme(name: str, own: Path | None = None) -> GraphTheme:
    """Load `themes/<name>.toml` from the user's own templates folder, else the built-in one.

    Raises
    ------
    TemplateError
        There is no such theme, or it lacks a colour.
    """
    path = find_template(f"themes/{name}.toml", own)
    try:
        values = parse_toml(_text(path))
        colours = values["colours"]
        named = {key: _colour(colours[key]) for key in ("background", "panel", "grid", "text", "muted")}
        series = tuple(_colour(one) for one in colours["series"])
    except TomlMistake as mistake:
        where = f"{path}, {mistake.place}" if mistake.place else str(path)
        what = f"The theme '{name}' is not valid TOML: {mistake.what}."
        raise TemplateError(what, where=where, hint=mistake.hint) from mistake
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        reason = plain_reason(error) if isinstance(error, OSError) else reason
        raise TemplateError(f"The theme '{name}' can't be used: {reason}.", where=str(path)) from error
    if not series:
        raise TemplateError(f"The theme '{name}' has no colours for series.", where=f"{path}, colours.series")
    fonts = values.get("fonts", {})
    return GraphTheme(**named, series=series, typesetter=_typesetter(fonts if isinstance(fonts, dict) else {}, path))


def _text(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(_LARGEST_THEME_BYTES + 1)
    if len(data) > _LARGEST_THEME_BYTES:
        raise ValueError("it is too large")
    return data


def _colour(value: object) -> Colour:
    if not isinstance(value, str):
        raise TypeError(f"'{value}' is no colour")
    return parse_colour(value)


def _typesetter(fonts: dict[str, Any], path: Path) -> Typesetter:
    folder = path.parent.parent.resolve()
    named = fonts.get("files", ())
    try:
        files = tuple(stored_path(folder, str(name)).resolve() for name in (named if isinstance(named, list) else ()))
    except (OSError, ValueError, RuntimeError) as error:
        raise TemplateError("A font file's name is no path.", where=f"{path}, fonts.files") from error
    for file in files:
        if not file.is_relative_to(folder):
            raise TemplateError(f"The font file '{file.name}' lies outside the templates folder.", where=str(path))
    return Typesetter(load_fonts(str(fonts.get("sans", "inter")), str(fonts.get("mono", "jetbrains-mono")), files))
