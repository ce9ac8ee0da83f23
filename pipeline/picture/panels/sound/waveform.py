"""The waveform panel: what was played, dim, left of the playhead; what is upcoming, bright, right of it.

Each pixel column shows the samples that fall into it: a pale bar from the lowest to the highest, and in it a body as
high as their root mean square. The scale is one for the whole section, that of its loud passages, so that takes are
seen to grow; a line marks a level of it. This module does not know what the sound says or where it comes from.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated, Final, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from pydantic import Field

from pipeline.picture.drawing.blend import blend_box, blend_spans, fade
from pipeline.picture.drawing.planes import Ink, Planes
from pipeline.picture.drawing.tile_cache import TileCache, tiles_in_view
from pipeline.picture.panels.panel import RenderContext, ScenePanel, TextSprite
from pipeline.picture.panels.scene_data import SceneSound, loud_level
from pipeline.picture.panels.settings import PanelSettings, PixelBox, Size, even
from pipeline.picture.panels.sound.time_scroll import TimeScroll, pixels_per_frame

Floats = NDArray[np.float32]

EDGE_RAMP: Final = 0.03  # of the frame's width: how soon labels fade before they leave the safe area
BODY_S: Final = 0.012  # half of what the body's root mean square is taken over
LOUD_S: Final = 0.06  # half of what loudness is judged over
LOUD_SOFTNESS_DB: Final = 0.5  # the colour turns over this range
PEAK_OPACITY: Final = 0.5
FULLEST: Final = 0.94  # of the room, at the peaks of loud passages; what is louder is cut off at the edge
MARK_STEP_DB: Final = 3.0  # levels that may be marked are multiples of this
QUIETEST_PEAK: Final = 0.02  # a scene quieter than this is not blown up further


@njit(cache=True, nogil=True, boundscheck=False)
def _column_levels(
    samples: Floats, first: int, ratio: tuple[int, int], halves: tuple[int, int], out: NDArray[np.float64]
) -> None:
    """Measure columns of a sound.

    `first` is the first column, counted from the sound's beginning; column c holds the samples from c * ratio on.
    `halves` are how many samples more on either side belong to the body and to the loudness. `out` has shape
    (columns, 4): lowest, highest, body, loudness (mean square).
    """
    count = samples.size
    for index in range(out.shape[0]):
        begin = (first + index) * ratio[0] // ratio[1]
        end = max((first + index + 1) * ratio[0] // ratio[1], begin + 1)
        lowest, highest = 0.0, 0.0
        if begin < count:
            lowest, highest = samples[begin], samples[begin]
            for at in range(max(begin - 1, 0), min(end, count)):
                lowest, highest = min(lowest, samples[at]), max(highest, samples[at])
        out[index, 0], out[index, 1] = lowest, highest
        for which in range(2):
            low, high = max(begin - halves[which], 0), min(end + halves[which], count)
            total = 0.0
            for at in range(low, high):
                total += samples[at] * samples[at]
            out[index, 2 + which] = total / (high - low) if high > low else 0.0
        out[index, 2] = math.sqrt(out[index, 2])


class WaveformSettings(PanelSettings):
    """The sound that was played and the upcoming sound, scrolling past the playhead."""

    kind: Literal["waveform"]
    text: Size = 0.028
    """Size of the type, a share of the frame's height."""
    look_ahead_s: Annotated[float, Field(gt=0, le=60)] = 3.0
    """At least this much of what is upcoming is in view, frame size allowing."""
    loud_dbfs: Annotated[float, Field(ge=-60, le=0)] = -12.0
    """Upcoming passages that are louder than this (RMS) are coloured."""
    labels: bool = True
    """Write the takes' labels at their beginnings, and the level that is marked."""
    level_mark: bool = True
    """Mark a level by lines, so that the scale can be seen."""


class WaveformPanel(ScenePanel[WaveformSettings]):
    """Draws the waveform panel."""

    settings_type = WaveformSettings
    reads = frozenset({"sounds"})

    def __init__(self, context: RenderContext, settings: WaveformSettings) -> None:
        super().__init__(context, settings)
        self.covered = (self.box,)
        self.origin_px = context.playhead_px - self.box.left
        self._style = context.style(settings.text)
        lane = 2.0 * self._style.size_px if settings.labels else 0.0
        self._lane_px = min(even(lane), self.box.height // 4 * 2)
        # Where the words of the lane stand, below its top.
        self._baseline_px = 0.55 * self._lane_px + context.type.cap_height(self._style) / 2
        room = max(2, self.box.right - context.playhead_px)
        self.law = TimeScroll(context.data, pixels_per_frame(context.data, room, settings.look_ahead_s))
        level = max(QUIETEST_PEAK, loud_level(context.data.sounds))
        self._gain = FULLEST / level
        self.marked_dbfs = MARK_STEP_DB * math.floor(20 * math.log10(level) / MARK_STEP_DB + 1e-9)
        for sound in context.data.sounds if settings.labels else ():
            context.type.measure(sound.label + sound.short_label, self._style)  # a missing glyph is an error here
        # What is upcoming is played later: each part is measured once for both.
        self._levels = lru_cache(maxsize=2 * tiles_in_view(self.box.width))(self._measured)
        self._played = TileCache(self.box.width, self.box.height, self._paint_played)
        self._upcoming = TileCache(self.box.width, self.box.height, self._paint_upcoming)
        self._mark, self._mark_px = self._level_words()
        after = self._mark_px + self._mark.width_px + self._style.size_px if self._mark else 0.0
        self._edges = safe_edges(context, self.box, after)

    def draw_base(self, base: Planes) -> None:
        """Draw the ground, for completeness: every frame covers it."""
        box = self.box
        base.part(*box).fill(self._context.ink("panel"))

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the columns around the playhead."""
        box = self.box
        now = min(max(self._context.playhead_px, box.left), box.right)
        column = self.law.column_at(frame) - self._context.playhead_px
        self._played.copy(planes, (box.left, box.top), now - box.left, column + box.left)
        self._upcoming.copy(planes, (now, box.top), box.right - now, column + now)
        if self._lane_px:
            for left, alphas in self._edges:
                fade(planes, self._context.panel_ground, (left, box.top), self._lane_px, alphas)
        if self._mark:
            pen = (self._mark_px, box.top + self._baseline_px)
            self._mark.draw(planes, pen, self._context.ink("muted"))
        self._context.draw_playhead(planes, box.top + self._lane_px, box.bottom)

    def _level_words(self) -> tuple[TextSprite | None, float]:
        """What names the marked level, at the left of the lane of labels, and where its pen starts."""
        context = self._context
        left = max(self.box.left, context.safe_px[0])
        if not (self._lane_px and self._settings.level_mark and context.data.sounds):
            return None, left
        number = f"{self.marked_dbfs:.0f}".replace("-", "\N{MINUS SIGN}")
        words = TextSprite(context.type, context.word("level", level=number), self._style)
        return (words, left) if words.width_px < (context.playhead_px - left) / 2 else (None, left)

    def _paint_played(self, tile: Planes, first: int) -> None:
        self._paint(tile, first, upcoming=False)

    def _paint_upcoming(self, tile: Planes, first: int) -> None:
        self._paint(tile, first, upcoming=True)

    def _paint(self, tile: Planes, first: int, *, upcoming: bool) -> None:
        ground = self._context.ink("panel")
        tile.fill(ground)
        middle = self._lane_px + (self.box.height - self._lane_px) / 2
        room = (self.box.height - self._lane_px) / 2
        thin = self._context.line_px("grid")
        marked = 10 ** (self.marked_dbfs / 20) * self._gain * room if self._settings.level_mark else 0.0
        for row in {middle - marked, middle, middle + marked}:
            blend_box(tile, (0, row - thin / 2, tile.width, row + thin / 2), self._context.ink("grid"))
        colour = self._context.ink("upcoming" if upcoming else "played")
        for sound, begin, start, end in self.law.sounds_between(first, first + tile.width):
            levels = self._levels(sound, start - begin, end - start) * [self._gain, self._gain, self._gain, 1.0]
            colours = self._colours(levels[:, 3], colour, upcoming=upcoming)
            highest = np.clip(levels[:, 1] * room, thin / 2, room)
            lowest = np.clip(levels[:, 0] * room, -room, -thin / 2)
            body = np.maximum(levels[:, 2] * room, thin / 2)
            body_top, body_bottom = np.minimum(body, highest), np.minimum(body, -lowest)
            bars = np.zeros((4, tile.width), dtype=np.float32)
            bars[:, start - first : end - first] = middle + np.array([-highest, -lowest, -body_top, body_bottom])
            inks = np.zeros((tile.width, 3), dtype=np.float32)
            inks[start - first : end - first] = colours
            blend_spans(tile, bars[0], bars[1], inks, PEAK_OPACITY)
            blend_spans(tile, bars[2], bars[3], inks)
        self._paint_boundaries(tile, first)

    def _measured(self, sound: SceneSound, first: int, count: int) -> NDArray[np.float64]:
        out = np.empty((count, 4), dtype=np.float64)
        halves = (int(BODY_S * sound.sample_rate_hz), int(LOUD_S * sound.sample_rate_hz))
        ratio = self.law.samples_per_column(sound)
        begin, reach = first * ratio[0] // ratio[1], halves[1] + ratio[0] // ratio[1] + 2
        # Only what is needed is read: the samples may be a memory map. Whole columns' worth, so that ratios stay exact.
        skipped = max(0, (begin - reach) * ratio[1] // ratio[0] // ratio[1] * ratio[1])
        offset = skipped * ratio[0] // ratio[1]
        last = (first + count) * ratio[0] // ratio[1] + reach
        window = np.ascontiguousarray(sound.samples[offset:last], dtype=np.float32)
        _column_levels(window, first - skipped, ratio, halves, out)
        return out

    def _colours(self, loudness: NDArray[np.float64], colour: Ink, *, upcoming: bool) -> Floats:
        plain = np.array(colour, dtype=np.float32)
        if not upcoming:
            return np.broadcast_to(plain, (loudness.size, 3))
        level_db = 10 * np.log10(np.maximum(loudness, 1e-12)) - self._settings.loud_dbfs
        alpha = np.clip(level_db / LOUD_SOFTNESS_DB + 0.5, 0, 1).astype(np.float32)[:, None]
        return np.asarray(plain + (np.array(self._context.ink("loud"), dtype=np.float32) - plain) * alpha)

    def _paint_boundaries(self, tile: Planes, first: int) -> None:
        """Draw the ticks where sounds begin, with their labels, wherever these reach into the tile."""
        context, data = self._context, self._context.data
        width = max(2.0, context.line_px("grid"))
        pad = 0.5 * self._style.size_px
        for index, sound in enumerate(data.sounds):
            at = self.law.column_at(sound.start_frame) - first
            until = data.sounds[index + 1].start_frame if index + 1 < len(data.sounds) else data.end_frame
            if at >= tile.width or self.law.column_at(until) <= first:
                continue
            blend_box(tile, (at - width / 2, self._lane_px, at + width / 2, tile.height), context.ink("muted"), 0.7)
            room = self.law.column_at(until) - first - at - pad
            label = self._fitting(sound, room) if self._lane_px else ""
            if label:
                words = TextSprite(context.type, label, self._style)
                words.draw(tile, (at + 0.3 * pad, self._baseline_px), context.ink("muted"))

    def _fitting(self, sound: SceneSound, room_px: float) -> str:
        labels = (sound.label, sound.short_label)
        return next((text for text in labels if text and self._context.type.measure(text, self._style) <= room_px), "")


def safe_edges(context: RenderContext, box: PixelBox, first_px: float = 0.0) -> list[tuple[int, Floats]]:
    """The columns of a lane of scrolling labels that lie near its ends: first column and alphas.

    Labels fade to nothing where they would leave the area that is safe for text, or reach left of `first_px`.
    """
    first, last = max(float(context.safe_px[0]), first_px), context.safe_px[1]
    ramp = max(2.0, EDGE_RAMP * context.data.width)
    columns = np.arange(box.left, box.right) + 0.5
    alphas = np.clip(np.minimum(columns - first, last - columns) / ramp, 0, 1).astype(np.float32)
    edges = []
    left = even(np.ceil(first + ramp)) + 2 - box.left
    right = even(np.floor(last - ramp)) - 2 - box.left
    if left > 0:
        edges.append((box.left, alphas[: min(left, box.width)].copy()))
    if right < box.width:
        edges.append((box.left + max(right, 0), alphas[max(right, 0) :].copy()))
    return edges
