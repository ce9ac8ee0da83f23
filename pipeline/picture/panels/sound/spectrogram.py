"""The spectrogram panel: the spectrum of what sounds, scrolling with the waveform, each tile computed once.

Frequency rises upwards on the mel scale, so that a voice's harmonics and formants get the room that ears give them.
Colours come from the theme, from silent to loud. This module does not know what sounds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from pipeline.picture.drawing.level_colours import LEVELS, ColourTable, colour_table, dimmed, paint_levels
from pipeline.picture.drawing.planes import Plane, Planes, ink
from pipeline.picture.drawing.tile_cache import TileCache, tiles_in_view
from pipeline.picture.panels.panel import RenderContext, ScenePanel
from pipeline.picture.panels.scene_data import SceneSound
from pipeline.picture.panels.settings import PanelSettings
from pipeline.picture.panels.sound.time_scroll import TimeScroll, pixels_per_frame

WINDOW_S: Final = 0.04  # a Hann window of this length resolves a voice's harmonics and still follows its syllables
EVERY_PX: Final = 2  # a spectrum every second column; those between are interpolated
PLAYED_SHARE: Final = 0.5  # what was played keeps this much of its colour
LOWEST_HZ: Final = 30.0


def mel(frequency_hz: ArrayLike) -> NDArray[np.float64]:
    """Frequencies on the mel scale (O'Shaughnessy, 1987)."""
    return np.asarray(2595 * np.log10(1 + np.asarray(frequency_hz, dtype=np.float64) / 700))


class SpectrogramSettings(PanelSettings):
    """The spectrum of the same sound, scrolling with the waveform."""

    kind: Literal["spectrogram"]
    look_ahead_s: Annotated[float, Field(gt=0, le=60)] = 3.0
    """At least this much of what is upcoming is in view, frame size allowing."""
    floor_dbfs: Annotated[float, Field(ge=-120, le=-20)] = -70.0
    """What is as dark as silence."""
    ceiling_dbfs: Annotated[float, Field(ge=-60, le=0)] = -16.0
    """What is brightest."""
    highest_hz: Annotated[float, Field(ge=500, le=96_000)] = 8000.0
    """At the top, at most half the sample rate."""


class SpectrogramPanel(ScenePanel[SpectrogramSettings]):
    """Draws the spectrogram panel."""

    settings_type = SpectrogramSettings
    reads = frozenset({"sounds"})

    def __init__(self, context: RenderContext, settings: SpectrogramSettings) -> None:
        super().__init__(context, settings)
        self.covered = (self.box,)
        self.origin_px = context.playhead_px - self.box.left
        room = max(2, self.box.right - context.playhead_px)
        self.law = TimeScroll(context.data, pixels_per_frame(context.data, room, settings.look_ahead_s))
        colours = [ink(colour) for colour in context.theme.colours.spectrum]
        table = colour_table(colours)
        dim = dimmed(table, colours[0], PLAYED_SHARE)
        rates = [sound.sample_rate_hz for sound in context.data.sounds]
        self._highest_hz = min([settings.highest_hz, *(max(rates) / 2 for _ in rates[:1])])
        # What is upcoming is played later: each part is transformed once for both.
        self._levels = lru_cache(maxsize=2 * tiles_in_view(self.box.width))(self._transformed)
        self._played = TileCache(self.box.width, self.box.height, lambda tile, first: self._paint(tile, first, dim))
        self._upcoming = TileCache(self.box.width, self.box.height, lambda tile, first: self._paint(tile, first, table))

    def draw_base(self, base: Planes) -> None:
        """Draw silence."""
        base.part(*self.box).fill(ink(self._context.theme.colours.spectrum[0]))

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the columns around the playhead."""
        box = self.box
        now = min(max(self._context.playhead_px, box.left), box.right)
        column = self.law.column_at(frame) - self._context.playhead_px
        self._played.copy(planes, (box.left, box.top), now - box.left, column + box.left)
        self._upcoming.copy(planes, (now, box.top), box.right - now, column + now)
        self._context.draw_playhead(planes, box.top, box.bottom)

    def _paint(self, tile: Planes, first: int, table: ColourTable) -> None:
        levels = np.zeros((tile.height, tile.width), dtype=np.uint8)
        for sound, begin, start, end in self.law.sounds_between(first, first + tile.width):
            levels[:, start - first : end - first] = self._levels(sound, start - begin, end - start)
        paint_levels(tile, levels, table)

    def _transformed(self, sound: SceneSound, first: int, count: int) -> Plane:
        """Levels of columns, counted from the sound's beginning: uint8, shape (rows, count)."""
        top, bottom = self.law.samples_per_column(sound)
        size = 1 << max(5, round(np.log2(WINDOW_S * sound.sample_rate_hz)))
        marks = np.arange(first // EVERY_PX, (first + count) // EVERY_PX + 2) * EVERY_PX
        centres = (2 * marks + 1) * top // (2 * bottom)
        low, high = int(centres[0]) - size // 2, int(centres[-1]) + size // 2
        window = np.zeros(high - low, dtype=np.float32)
        inside = sound.samples[max(low, 0) : max(high, 0)]
        begin = max(low, 0) - low
        window[begin : begin + inside.size] = inside
        shape = np.hanning(size + 1)[:size].astype(np.float32)
        pieces = np.lib.stride_tricks.sliding_window_view(window, size)[centres - centres[0]]
        power = np.abs(np.fft.rfft(pieces * shape, axis=1)) ** 2 / (shape.sum() / 2) ** 2
        level_db = 10 * np.log10(self._rows_of(size, sound.sample_rate_hz) @ power.T.astype(np.float32) + 1e-12)
        settings = self._settings
        share = (level_db - settings.floor_dbfs) / (settings.ceiling_dbfs - settings.floor_dbfs)
        at = (first + np.arange(count)) / EVERY_PX - first // EVERY_PX
        left = at.astype(np.int64)
        right_share = at - left
        between = share[:, left] * (1 - right_share) + share[:, left + 1] * right_share
        return np.asarray(np.clip(between, 0, 1) * (LEVELS - 1) + 0.5).astype(np.uint8)

    def _rows_of(self, size: int, sample_rate_hz: int) -> NDArray[np.float32]:
        """How much of each of the spectrum's lines goes into each row, shape (rows, size // 2 + 1)."""
        rows = self.box.height
        edges = np.linspace(mel(self._highest_hz), mel(LOWEST_HZ), rows + 1)
        lines_mel = mel(np.arange(size // 2 + 1) * (sample_rate_hz / size))
        middle, height = (edges[:-1] + edges[1:]) / 2, edges[0] - edges[1]
        spacing = np.gradient(lines_mel)
        # Triangles at least as wide as the lines lie apart: low rows interpolate between lines, high rows average them.
        reach = np.maximum(height, np.interp(middle, lines_mel, spacing))[:, None]
        weights = np.maximum(0, 1 - np.abs(middle[:, None] - lines_mel[None, :]) / reach)
        return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9), dtype=np.float32)
