"""From a panel's series to shapes in pixels: bands and lines, exact in every column.

This module owns how values become heights. It does not know how shapes are painted or written.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.columns import Binning, Columns, column_quantiles
from pipeline.tools.graph.data.series import GraphSeries
from pipeline.tools.graph.layout import PanelLayout, series_colour
from pipeline.tools.graph.options import GraphOptions
from pipeline.tools.graph.palette import Colour
from pipeline.tools.graph.theme import GraphTheme

Floats = NDArray[np.float64]

_POINT, _LONE = 2.6, 3.6  # diameters of one of many points, and of one without neighbours, in widths of the line
_LARGEST_DOT_PX: Final = 64.0  # but for lines that are wider themselves
_SHORT_PX: Final = 2  # a stretch of a line of so few columns is a point
_DENSE: Final = 1.5  # points a column; where there are fewer, the line itself tells everything
_SHARED_OPACITY: Final = 0.6  # of each of two bands, as a share of one band's: the line must stand out from both


@dataclass(frozen=True)
class Band:
    """A filled band: heights counted downwards from the panel's top, shape (columns,), NaN where there is none."""

    top: Floats
    bottom: Floats
    colour: Colour


@dataclass(frozen=True)
class CurveShapes:
    """A series as shapes: bands from below to above, a line (heights as in `Band`), and points without neighbours."""

    bands: tuple[Band, ...]
    line: Floats | None
    colour: Colour
    width_px: float
    dots: Floats
    """Centres, shape (dots, 2): columns from the left, and heights as in `Band`."""
    dot_px: float


def trace(panel: PanelLayout, options: GraphOptions, theme: GraphTheme, line_px: float) -> tuple[CurveShapes, ...]:
    """Turn a panel's series into shapes."""
    return tuple(_curve(one, panel, options, series_colour(one, theme), line_px) for one in panel.series)


def _curve(one: GraphSeries, panel: PanelLayout, options: GraphOptions, colour: Colour, line_px: float) -> CurveShapes:
    gap_px = {"auto": None, "all": math.inf, "none": 0.0}[options.join]
    bins = Binning(panel.x_axis)
    bins.add(one.x, one.y)
    cuts = None if options.join == "all" else one.gaps
    columns = bins.line(gap_px, panel.y_axis, cuts=cuts)
    bands = []
    red, green, blue, opacity = colour
    shared = _SHARED_OPACITY if one.options.percentiles else 1.0
    faint = (red, green, blue, opacity * one.options.opacity * shared)
    dense = _is_dense(columns)
    if one.options.band and one.band is not None:
        bands.append(_logged_band(one, panel, gap_px, cuts, faint))
    elif one.options.band and (dense or one.options.middle == "none"):
        bands.append(_band(columns.lowest, columns.highest, panel.y_axis, faint))
    if one.options.percentiles is not None and dense:
        low, high = (share / 100 for share in one.options.percentiles)
        quantiles = column_quantiles(one.x, one.y, panel.x_axis, [low, high])
        bands.append(_band(quantiles[0], quantiles[1], panel.y_axis, faint))
    width_px = one.options.width_px or line_px
    if options.join == "none" and not dense:
        points = _points(one, panel)
        return CurveShapes(
            tuple(bands), None, colour, width_px, points, _dot_px(_POINT if len(points) > 1 else _LONE, width_px)
        )
    line = _line(one, columns, panel, gap_px, cuts)
    return CurveShapes(tuple(bands), line, colour, width_px, _lone(line), _dot_px(_LONE, width_px))


def _logged_band(
    one: GraphSeries, panel: PanelLayout, gap_px: float | None, cuts: Floats | None, colour: Colour
) -> Band:
    """The band between the two ends that the log itself gives."""
    ends = []
    for values in one.band or ():
        bins = Binning(panel.x_axis)
        bins.add(one.x, values)
        ends.append(bins.line(gap_px, panel.y_axis, cuts=cuts))
    return _band(ends[0].lowest, ends[1].highest, panel.y_axis, colour)


def _dot_px(widths: float, width_px: float) -> float:
    return max(width_px, min(widths * width_px, _LARGEST_DOT_PX))


def _points(one: GraphSeries, panel: PanelLayout) -> Floats:
    """All points of a series that lie in the panel."""
    x, heights = panel.x_axis.position_px(one.x), panel.height - panel.y_axis.position_px(one.y)
    inside = (x >= 0) & (x <= panel.width) & (heights >= 0) & (heights <= panel.height)
    return np.stack([x[inside], heights[inside]], axis=1)


def _lone(line: Floats | None) -> Floats:
    """The middles of stretches that are too short to be seen as lines."""
    if line is None:
        return np.empty((0, 2))
    changes = np.flatnonzero(np.diff(np.concatenate([[False], ~np.isnan(line), [False]]).astype(np.int8)))
    begins, ends = changes[::2], changes[1::2]
    short = ends - begins <= _SHORT_PX
    begins, ends = begins[short], ends[short]
    return np.stack([(begins + ends) / 2, (line[begins] + line[ends - 1]) / 2], axis=1)


def _is_dense(columns: Columns) -> bool:
    occupied = np.count_nonzero(columns.count)
    return bool(columns.count.sum() > _DENSE * occupied)


def _line(
    one: GraphSeries, columns: Columns, panel: PanelLayout, gap_px: float | None, cuts: Floats | None
) -> Floats | None:
    """The heights of the line over the band."""
    if one.options.middle == "none":
        return None
    if one.mean_line is not None:
        return _heights(one.mean_line(one.x, one.y, panel.x_axis), panel.y_axis)
    if one.options.middle == "ema" and one.smooth is not None:
        bins = Binning(panel.x_axis)
        bins.add(one.x, one.smooth)
        columns = bins.line(gap_px, panel.y_axis, cuts=cuts)
    if one.options.middle != "median":
        return _heights(columns.mean, panel.y_axis)
    median = _heights(column_quantiles(one.x, one.y, panel.x_axis, [0.5])[0], panel.y_axis)
    known = np.flatnonzero(~np.isnan(median))
    crossed = np.flatnonzero(columns.filled & np.isnan(median))
    if known.size:
        median[crossed] = np.interp(crossed, known, median[known])
    return median


def _band(lowest: Floats, highest: Floats, axis: Axis, colour: Colour) -> Band:
    return Band(_heights(highest, axis), _heights(lowest, axis), colour)


def _heights(values: Floats, axis: Axis) -> Floats:
    """Heights counted downwards from the top; far outside, just outside."""
    heights: Floats = np.clip(axis.length_px - axis.position_px(values), -2.0 * axis.length_px, 3.0 * axis.length_px)
    return heights
