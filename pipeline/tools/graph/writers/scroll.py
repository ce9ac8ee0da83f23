"""Films that scroll along a graph, at a constant whole number of pixels a frame.

This module owns which part of the graph each frame shows. Titles, legends and the numbers of y stand still. It does not
know how frames are encoded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.film.encoding.encoder import encode_frames, plan_encoder
from pipeline.film.planning.settings import VideoSettings
from pipeline.picture.drawing.planes import Planes, planes_from_rgb, planes_of
from pipeline.runtime.progress.reporter import SILENT, Reporter, WorkStart
from pipeline.tools.graph.data.series import GraphData
from pipeline.tools.graph.layout import Layout, lay_out, text_size
from pipeline.tools.graph.options import TRANSPARENT, GraphOptions, ScrollOptions
from pipeline.tools.graph.theme import GraphTheme
from pipeline.tools.graph.writers.plot import Plot
from pipeline.tools.graph.writers.raster import make_plot

_LARGEST_STRIP_PIXELS: Final = 1 << 30
_LONGEST_STRIP_PX: Final = 1_000_000
_STRETCH_ROWS: Final = 64
_SMALLEST_SIDE: Final = 64


@dataclass(frozen=True)
class ScrollPlan:
    """How far the film moves: `step_px` each frame, until the graph's end is reached with the last one."""

    frames: int
    step_px: int
    graph_px: int


def plan_scroll(scroll: ScrollOptions, wanted_px: int) -> ScrollPlan:
    """Choose the step, even for the colours' sake, that makes the graph about as long as it is wanted."""
    frames = max(1, round(scroll.seconds * scroll.frame_rate))
    moves = max(frames - 1, 1)
    step = max(2, 2 * round((wanted_px - scroll.window_px) / moves / 2))
    return ScrollPlan(frames, step, scroll.window_px + step * (frames - 1))


def write_scroll(
    path: Path, data: GraphData, options: GraphOptions, theme: GraphTheme, report: Reporter = SILENT
) -> None:
    """Write a film that scrolls along the graph.

    Raises
    ------
    InputError
        A side is odd or too small, the background is transparent, or the graph would be too long.
    """
    scroll = options.scroll or ScrollOptions()
    plan = plan_scroll(scroll, options.width)
    _check(scroll, plan, options)
    window = replace(options, width=scroll.window_px)
    whole = replace(options, width=plan.graph_px, text_px=text_size(window))
    layout = _with_words_in_sight(lay_out(data, whole, theme), scroll.window_px)
    strip = _strip(make_plot(layout, whole, theme))
    settings = VideoSettings(width=scroll.window_px, height=options.height, frame_rate=Fraction(scroll.frame_rate))
    report.begin(WorkStart("graph", "film", plan.frames, "frames"))
    encode_frames(
        _painter(strip, layout, plan, scroll.window_px),
        start_frame=0,
        end_frame=plan.frames,
        path=path,
        plan=plan_encoder(settings),
        on_frame=report.advance,
    )


def _check(scroll: ScrollOptions, plan: ScrollPlan, options: GraphOptions) -> None:
    for name, side in (("--window", scroll.window_px), ("--height", options.height)):
        if side % 2 or side < _SMALLEST_SIDE:
            raise InputError(
                f"A film can't be {side} px wide or high.",
                where=name,
                expected=f"an even number from {_SMALLEST_SIDE} on",
            )
    if options.background == TRANSPARENT:
        raise InputError("A film can't be transparent.", where="--background")
    if plan.graph_px * options.height > _LARGEST_STRIP_PIXELS or plan.graph_px > _LONGEST_STRIP_PX:
        raise InputError(
            f"The graph of {plan.graph_px:,} by {options.height:,} px is too large for a film.",
            where="--width, --height, --scroll",
            expected=f"at most {_LONGEST_STRIP_PX:,} px long, and {_LARGEST_STRIP_PIXELS:,} pixels in all",
        )


def _with_words_in_sight(layout: Layout, window_px: int) -> Layout:
    """Bring the name of x, which stands in the graph's middle, to the window's."""
    panel = layout.panels[-1]
    end = panel.top + panel.height + 2 * layout.text_px
    labels = tuple(
        replace(one, x=(panel.left + window_px - one.width) / 2) if one.y > end else one for one in layout.labels
    )
    return replace(layout, labels=labels)


def _strip(plot: Plot) -> Planes:
    """Paint the whole graph as planes."""
    width, height = plot.width, plot.height
    strip = Planes(
        np.empty((height, width), dtype=np.uint8),
        np.empty((height // 2, width // 2), dtype=np.uint8),
        np.empty((height // 2, width // 2), dtype=np.uint8),
    )
    for first in range(0, height, _STRETCH_ROWS):
        last = min(first + _STRETCH_ROWS, height)
        numbers = plot.paint(first, last)
        part = planes_from_rgb(plot.palette.as_bytes()[:, :3][numbers])
        strip.part(0, first, width, last - first).copy_from(part)
    return strip


def _painter(
    strip: Planes, layout: Layout, plan: ScrollPlan, window_px: int
) -> Callable[[int, NDArray[np.uint8]], None]:
    left = layout.panels[0].left
    moving = [(panel.top, panel.height) for panel in layout.panels]
    below = moving[-1][0] + moving[-1][1]
    numbers_px = 2 * round(layout.text_px) if any(label.y > below for label in layout.labels) else 0
    moving[-1] = (moving[-1][0], min(moving[-1][1] + numbers_px, strip.height - moving[-1][0]) // 2 * 2)

    def paint(frame: int, out: NDArray[np.uint8]) -> None:
        picture = planes_of(out, window_px, strip.height)
        picture.copy_from(strip.part(0, 0, window_px, strip.height))
        shift = frame * plan.step_px
        for top, height in moving:
            seen = strip.part(left + shift, top, window_px - left, height)
            picture.part(left, top, window_px - left, height).copy_from(seen)

    return paint
