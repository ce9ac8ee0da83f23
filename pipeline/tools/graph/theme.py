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
from pipeline.picture.theme.inheritance import joined_template
from pipeline.picture.theme.toml_files import theme_font_files
from pipeline.tools.graph.palette import Colour, parse_colour


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
    template = joined_template(f"themes/{name}.toml", own)
    path, values = template.file, template.values
    try:
        colours = values["colours"]
        named = {key: _colour(colours[key]) for key in ("background", "panel", "grid", "text", "muted")}
        series = tuple(_colour(one) for one in colours["series"])
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise TemplateError(f"The theme '{name}' can't be used: {reason}.", where=str(path)) from error
    if not series:
        raise TemplateError(f"The theme '{name}' has no colours for series.", where=f"{path}, colours.series")
    fonts = values.get("fonts", {})
    return GraphTheme(**named, series=series, typesetter=_typesetter(fonts if isinstance(fonts, dict) else {}, path))


def _colour(value: object) -> Colour:
    if not isinstance(value, str):
        raise TypeError(f"'{value}' is no colour")
    return parse_colour(value)


def _typesetter(fonts: dict[str, Any], path: Path) -> Typesetter:
    named = fonts.get("files", ())
    files = theme_font_files([str(name) for name in named] if isinstance(named, list) else (), path)
    return Typesetter(load_fonts(str(fonts.get("sans", "inter")), str(fonts.get("mono", "jetbrains-mono")), files))
