"""The row of numbers beneath a loss graph: it moves with the graph, always sharp, and steps aside while that runs.

Averaging a number over the way that it moves in a frame would leave a grey blob. A number that passes too fast to be
read fades instead, and comes back as the graph slows down. This module owns that row. It does not know losses.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.picture.drawing.blend import fade
from pipeline.picture.drawing.easing import smoothstep
from pipeline.picture.drawing.planes import Planes
from pipeline.picture.drawing.tile_cache import TileCache
from pipeline.picture.panels.panel import RenderContext, TextSprite
from pipeline.picture.panels.settings import PixelBox
from pipeline.picture.panels.sound.waveform import safe_edges
from pipeline.picture.plotting.ticks import Tick
from pipeline.picture.text.typesetting import TextStyle

FADE_FROM: Final = 0.6  # graph widths a second: slower numbers are read with ease
GONE_FROM: Final = 1.5


class TickLane:
    """Draws the row.

    Parameters
    ----------
    context, style
        The scene, and the numbers' type.
    box
        The row's place: as wide as the graph above it; no height where there is no room for it.
    ticks
        What to write where along the graph.
    title
        The axis's name, and the pixel at which it begins; numbers keep clear of it.
    foot_px
        The row of the frame at which the graph ends.
    """

    def __init__(
        self,
        context: RenderContext,
        style: TextStyle,
        box: PixelBox,
        ticks: tuple[Tick, ...],
        *,
        title: tuple[str, float],
        foot_px: int,
    ) -> None:
        self._context, self._style, self._box, self._ticks = context, style, box, ticks
        self._title, self._title_px = TextSprite(context.type, title[0], style), title[1]
        self._baseline = foot_px - box.top + 0.35 * style.size_px + context.type.cap_height(style)
        named = self._title.width_px + style.size_px if title[0] else 0.0
        self._edges = safe_edges(context, box, self._title_px + named)
        self._tiles = TileCache(box.width, box.height, self._paint) if box.height else None

    def draw(self, planes: Planes, position: float, speed_px: float) -> None:
        """Draw the row.

        Parameters
        ----------
        planes
            The frame.
        position
            The graph's column, with its fraction, at the row's left end.
        speed_px
            How far the graph moves in a frame.
        """
        box, context = self._box, self._context
        if self._tiles is None:
            return
        alpha = 1 - smoothstep(self._widths_a_second(speed_px), FADE_FROM, GONE_FROM)
        if alpha > 0:
            self._tiles.scroll(planes, (box.left, box.top), box.width, position, 0.0)
            for left, alphas in self._edges:
                fade(planes, context.background, (left, box.top), box.height, alphas)
        else:
            planes.part(*box).copy_from(context.plot_ground.part(*box))
        if 0 < alpha < 1:
            alphas = np.full(box.width, alpha, dtype=np.float32)
            fade(planes, context.plot_ground, (box.left, box.top), box.height, alphas)
        self._title.draw(planes, (self._title_px, box.top + self._baseline), context.ink("muted"))

    def _widths_a_second(self, speed_px: float) -> float:
        return speed_px * float(self._context.data.frame_rate) / self._box.width

    def _paint(self, tile: Planes, first: int) -> None:
        context = self._context
        tile.fill(context.plot_ink)
        for tick in self._ticks:
            at = tick.position_px - first
            if tick.major and -0.5 * self._box.width < at < tile.width + 0.5 * self._box.width:
                words = TextSprite(context.type, tick.label, self._style)
                words.draw(tile, (at - words.width_px / 2, self._baseline), context.ink("muted"))
