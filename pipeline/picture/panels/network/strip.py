"""What panels share that scroll with the sound and show its network: a title, tiles, and what is bright.

What was played is bright, what is upcoming dim: the network lights up as its sound is played. This module does not know
what is drawn.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.picture.drawing.blend import blend_box
from pipeline.picture.drawing.planes import Planes
from pipeline.picture.drawing.tile_cache import TileCache
from pipeline.picture.panels.panel import RenderContext, ScenePanel, TextSprite
from pipeline.picture.panels.settings import PanelSettings, PixelBox, Size, Words, even
from pipeline.picture.panels.sound.time_scroll import TimeScroll, pixels_per_frame

UPCOMING_SHARE: Final = 0.42  # what is upcoming has this much of its light
TITLE_LANE: Final = 1.7  # the title's row, in sizes of its type


class NetworkStripSettings(PanelSettings):
    """What the panels of this folder are set with."""

    word_fields: ClassVar[frozenset[str]] = frozenset({"title"})

    title: Words = ""
    """What stands above it; nothing where empty."""
    text: Size = 0.026
    """Size of the title, a share of the frame's height."""
    look_ahead_s: Annotated[float, Field(gt=0, le=60)] = 3.0
    """At least this much of what is upcoming is in view, frame size allowing."""


Strip = TypeVar("Strip", bound=NetworkStripSettings)


class NetworkStripPanel(ScenePanel[Strip], Generic[Strip]):
    """Draws what scrolls. A subclass paints tiles of `strip`'s height."""

    def __init__(self, context: RenderContext, settings: Strip) -> None:
        super().__init__(context, settings)
        lane = even(TITLE_LANE * settings.text * context.size_px) if settings.title else 0
        lane = lane if lane + 2 <= self.box.height // 2 else 0
        self.strip = PixelBox(self.box.left, self.box.top + lane, self.box.width, self.box.height - lane)
        self.covered = (self.strip,)
        self.origin_px = context.playhead_px - self.box.left
        room = max(2, self.box.right - context.playhead_px)
        self.law = TimeScroll(context.data, pixels_per_frame(context.data, room, settings.look_ahead_s))
        self._style = context.style(settings.text, weight=500)
        if settings.title:
            context.type.measure(settings.title, self._style)  # a missing glyph is an error here
        width, height = self.strip.width, self.strip.height
        self._played = TileCache(width, height, lambda tile, first: self.paint(tile, first, upcoming=False))
        self._upcoming = TileCache(width, height, lambda tile, first: self.paint(tile, first, upcoming=True))

    def paint(self, tile: Planes, first: int, *, upcoming: bool) -> None:
        """Paint the columns from `first` on."""
        raise NotImplementedError

    def draw_base(self, base: Planes) -> None:
        """Draw the ground, and the title above it."""
        context, lane = self._context, self.strip.top - self.box.top
        base.part(*self.box).fill(context.ink("panel"))
        if lane:
            baseline = self.box.top + lane / 2 + context.type.cap_height(self._style) / 2
            left = max(self.box.left + 0.5 * self._style.size_px, float(context.safe_px[0]))
            TextSprite(context.type, self._settings.title, self._style).draw(
                base, (left, baseline), context.ink("muted")
            )

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the columns around the playhead."""
        strip = self.strip
        now = min(max(self._context.playhead_px, strip.left), strip.right)
        column = self.law.column_at(frame) - self._context.playhead_px
        self._played.copy(planes, (strip.left, strip.top), now - strip.left, column + strip.left)
        self._upcoming.copy(planes, (now, strip.top), strip.right - now, column + now)
        self._context.draw_playhead(planes, strip.top, strip.bottom)

    def samples_at(self, sound_index: int, columns: range) -> NDArray[np.float64]:
        """The samples, with fractions, at the middles of columns that are counted from a sound's beginning."""
        top, bottom = self.law.samples_per_column(self._context.data.sounds[sound_index])
        return np.asarray((np.arange(columns.start, columns.stop) + 0.5) * top / bottom)

    def paint_boundaries(self, tile: Planes, first: int) -> None:
        """Draw a fine line where each sound begins."""
        width = max(2.0, self._context.line_px("grid"))
        for sound in self._context.data.sounds:
            at = self.law.column_at(sound.start_frame) - first
            if -width < at < tile.width + width:
                blend_box(tile, (at - width / 2, 0, at + width / 2, tile.height), self._context.ink("muted"), 0.5)
