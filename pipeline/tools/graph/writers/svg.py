"""Graphs as SVG files (W3C SVG 1.1, a subset that browsers, editors and TeX converters agree on).

This module owns the file format. It does not know how places and curves are found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.text.direction import has_right_to_left_letters
from pipeline.tools.graph.curves import CurveShapes, trace
from pipeline.tools.graph.layout import Label, Layout, PanelLayout
from pipeline.tools.graph.options import GraphOptions
from pipeline.tools.graph.outlines import band_outlines, line_runs
from pipeline.tools.graph.palette import Colour
from pipeline.tools.graph.theme import GraphTheme
from pipeline.tools.graph.writers.raster import grounds

_FAMILIES: Final = "Inter, 'Helvetica Neue', Arial, sans-serif"


def write_svg(path: Path, layout: Layout, options: GraphOptions, theme: GraphTheme) -> None:
    """Write a graph as an SVG file."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in _elements(layout, options, theme))


def _elements(layout: Layout, options: GraphOptions, theme: GraphTheme) -> Iterator[str]:
    background, ground = grounds(options, theme)
    size = f'width="{layout.width}" height="{layout.height}"'
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {layout.width} {layout.height}">'
    if options.title:
        yield f"<title>{escape(_legal(options.title))}</title>"
    if background[3]:
        yield f"<rect {size} {_fill(background)}/>"
    for number, panel in enumerate(layout.panels):
        yield f'<clipPath id="panel{number}"><rect width="{panel.width}" height="{panel.height}"/></clipPath>'
        yield f'<g transform="translate({panel.left} {panel.top})"><g clip-path="url(#panel{number})">'
        yield from _panel(panel, layout, options, theme, ground)
        yield "</g></g>"
    for box in layout.rectangles:
        place = f'x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}"'
        yield f"<rect {place} {_fill(box.colour)}/>"
    yield f'<g font-family="{_FAMILIES}">'
    for label in layout.labels:
        yield _text(label)
    yield "</g>"
    yield "</svg>"


def _panel(
    panel: PanelLayout, layout: Layout, options: GraphOptions, theme: GraphTheme, ground: Colour
) -> Iterator[str]:
    if ground[3]:
        yield f'<rect width="{panel.width}" height="{panel.height}" {_fill(ground)}/>'
    if options.grid:
        half = layout.hair_px % 2 / 2
        columns = [f"M{round(tick.position_px) + half:g} 0v{panel.height}" for tick in panel.x_ticks if tick.major]
        rows = [
            f"M0 {panel.height - round(tick.position_px) - half:g}h{panel.width}"
            for tick in panel.y_ticks
            if tick.major
        ]
        stroke = f'{_stroke(theme.grid)} stroke-width="{layout.hair_px}"'
        yield f'<path d="{"".join(columns + rows)}" fill="none" {stroke}/>'
    curves = trace(panel, options, theme, layout.line_px)
    for curve in curves:
        for band in curve.bands:
            outline = "".join(f"M{_points(points)}z" for points in band_outlines(band))
            yield f'<path d="{outline}" {_fill(band.colour)}/>'
    for curve in curves:
        yield from _line(curve)
        yield from _dots(curve)


def _line(curve: CurveShapes) -> Iterator[str]:
    if curve.line is not None:
        runs = "".join(f"M{_points(points)}" for points in line_runs(curve.line))
        pen = f'stroke-width="{curve.width_px:g}" stroke-linecap="round" stroke-linejoin="round"'
        yield f'<path d="{runs}" fill="none" {_stroke(curve.colour)} {pen}/>'


def _dots(curve: CurveShapes) -> Iterator[str]:
    """Strokes as long as nothing, drawn by the pen's round ends."""
    if curve.dots.size:
        runs = "".join(f"M{x:g} {y:g}h0" for x, y in np.round(curve.dots, 2).tolist())
        pen = f'stroke-width="{curve.dot_px:g}" stroke-linecap="round"'
        yield f'<path d="{runs}" fill="none" {_stroke(curve.colour)} {pen}/>'


def _points(points: NDArray[np.float64]) -> str:
    return " ".join(f"{x:g} {y:g}" for x, y in np.round(points, 2).tolist())


def _text(label: Label) -> str:
    place = f'x="{label.x:.1f}" y="{label.y:.1f}" font-size="{label.style.size_px:g}"'
    weight = f' font-weight="{label.style.weight}"' if label.style.weight != 400 else ""  # noqa: PLR2004  # regular
    order = ' unicode-bidi="plaintext"' if has_right_to_left_letters(label.text) else ""
    width = f' textLength="{label.width:.1f}" lengthAdjust="spacingAndGlyphs"'
    return f"<text {place}{weight}{order}{width} {_fill(label.colour)}>{escape(_legal(label.text))}</text>"


def _legal(text: str) -> str:
    """Leave out what XML has no way to write."""
    return "".join(character for character in text if character.isprintable())


def _fill(colour: Colour) -> str:
    return f'fill="{_hex(colour)}"' + (f' fill-opacity="{colour[3]:.3g}"' if colour[3] < 1 else "")


def _stroke(colour: Colour) -> str:
    return f'stroke="{_hex(colour)}"' + (f' stroke-opacity="{colour[3]:.3g}"' if colour[3] < 1 else "")


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in colour[:3])
