"""Graphs as pictures of pixels.

This module owns turning a layout into a plot that can be painted. It does not know file formats.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.plotting.ticks import Tick
from pipeline.tools.graph.curves import Band, CurveShapes, trace
from pipeline.tools.graph.layout import Layout, PanelLayout
from pipeline.tools.graph.options import TRANSPARENT, GraphOptions
from pipeline.tools.graph.palette import Colour, parse_colour
from pipeline.tools.graph.theme import GraphTheme
from pipeline.tools.graph.writers.plot import MOST_BANDS, BandShape, Box, DotShape, LineShape, Panel, Plot, TextBitmap
from pipeline.tools.graph.writers.stroke import stroke

_CLEAR: Colour = (0.0, 0.0, 0.0, 0.0)


def grounds(options: GraphOptions, theme: GraphTheme) -> tuple[Colour, Colour]:
    """The colours behind everything, and behind the curves."""
    if options.background == TRANSPARENT:
        return _CLEAR, _CLEAR
    if options.background:
        colour = parse_colour(options.background)
        return colour, colour
    return theme.background, theme.panel


def make_plot(layout: Layout, options: GraphOptions, theme: GraphTheme) -> Plot:
    """Turn a layout into a picture that can be painted."""
    background, ground = grounds(options, theme)
    panels = [
        _panel(panel, trace(panel, options, theme, layout.line_px), options, (ground, theme.grid), layout.hair_px)
        for panel in layout.panels
    ]
    boxes = [Box(one.x, one.y, one.width, one.height, one.colour) for one in layout.rectangles]
    texts = []
    for label in layout.labels:
        picture = theme.typesetter.render(label.text, label.style)
        left, top = picture.place(label.x, label.y)
        texts.append(TextBitmap(left, top, picture.mask, label.colour))
    return Plot(layout.width, layout.height, background, panels, boxes=boxes, texts=texts)


def _panel(
    panel: PanelLayout,
    curves: Iterable[CurveShapes],
    options: GraphOptions,
    colours: tuple[Colour, Colour],
    hair_px: int,
) -> Panel:
    curves = tuple(curves)
    bands = [_band_shape(band, panel.height) for curve in curves for band in curve.bands][:MOST_BANDS]
    lines = [LineShape(stroke(one.line, one.width_px), one.colour) for one in curves if one.line is not None]
    dots = [DotShape(one.dots, one.dot_px, one.colour) for one in curves if one.dots.size]
    ticks_x, ticks_y = (panel.x_ticks, panel.y_ticks) if options.grid else ((), ())
    upside_down = _grid(ticks_y, panel.height, hair_px)
    return Panel(
        left=panel.left,
        top=panel.top,
        width=panel.width,
        height=panel.height,
        ground=colours[0],
        grid=colours[1],
        grid_rows=panel.height - 1 - upside_down,
        grid_columns=_grid(ticks_x, panel.width, hair_px),
        bands=tuple(bands),
        lines=tuple(lines),
        dots=tuple(dots),
    )


def _grid(ticks: Iterable[Tick], length: int, hair_px: int) -> NDArray[np.int64]:
    """Which rows or columns of pixels belong to the grid."""
    starts = np.array([min(round(tick.position_px), length - 1) for tick in ticks if tick.major], dtype=np.int64)
    places = (starts[:, None] + np.arange(hair_px) - hair_px // 2).ravel()
    return places[(places >= 0) & (places < length)]


def _band_shape(band: Band, height: int) -> BandShape:
    """Whole pixels: each that the band touches, and at least one."""
    there = ~np.isnan(band.top) & (band.bottom >= 0) & (band.top <= height)
    top = np.clip(np.floor(np.where(there, band.top, 0.0)), 0, height - 1)
    bottom = np.clip(np.maximum(np.ceil(np.where(there, band.bottom, 0.0)), top + 1), 0, height)
    bottom = np.where(there, bottom, top)
    return BandShape(top.astype(np.int32), bottom.astype(np.int32), band.colour)
