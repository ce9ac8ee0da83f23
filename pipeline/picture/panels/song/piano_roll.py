"""The piano roll: a song's notes scroll to the playhead, as the waveform does; one colour a voice.

What is to come is bright, what has been is dim, and what is sung lights up. Lines mark each C. This module does not
know lyrics, nor what voices are.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from pipeline.picture.drawing.blend import blend_box
from pipeline.picture.drawing.planes import Planes, ink
from pipeline.picture.panels.panel import RenderContext, ScenePanel, TextSprite
from pipeline.picture.panels.scene_data import SongNote
from pipeline.picture.panels.settings import PanelSettings, Size
from pipeline.picture.panels.sound.time_scroll import pixels_per_frame

_LEAST_KEYS: Final = 14
"""Rows at least, so that a tune of three notes has no bars as thick as a hand."""
_ROOM: Final = 0.86
_PLAYED: Final = 0.42
_UPCOMING: Final = 0.85
_GLOW: Final = 0.3
_OCTAVE: Final = 12
_NAME_EDGE: Final = 0.4
"""Of a name's height: how far its ground reaches beyond it."""
_NAME_GROUND: Final = 0.9
"""Notes behind a name are all but covered, so that it can be read."""
_TALLEST: Final = 0.035
"""Of the frame's height: a bar is no taller."""


class PianoRollSettings(PanelSettings):
    """The notes that were sung and those to come, scrolling past the playhead."""

    kind: Literal["piano_roll"]
    look_ahead_s: Annotated[float, Field(gt=0, le=60)] = 3.0
    """At least this much of what is upcoming is in view, frame size allowing."""
    text: Size = 0.022
    """Size of the type, a share of the frame's height."""
    labels: bool = True
    """Name each C at its line."""


class PianoRollPanel(ScenePanel[PianoRollSettings]):
    """Draws the piano roll."""

    settings_type = PianoRollSettings
    reads = frozenset({"song"})

    def __init__(self, context: RenderContext, settings: PianoRollSettings) -> None:
        super().__init__(context, settings)
        self.covered = (self.box,)
        self.origin_px = context.playhead_px - self.box.left
        song = context.data.song
        keys = [note.key for note in song.notes] or [60.0]
        middle, span = (max(keys) + min(keys)) / 2, max(_LEAST_KEYS, max(keys) - min(keys) + 2)
        self._lowest, self._highest = middle - span / 2, middle + span / 2
        self._row_px = _ROOM * self.box.height / span
        self._bar_px = max(2.0, min(0.86 * self._row_px, _TALLEST * context.size_px))
        colours = context.theme.colours
        self._inks = [ink(colours.of_section(voice)) for voice in range(max(1, song.voices))]
        room = max(2, self.box.right - context.playhead_px)
        self._speed = pixels_per_frame(context.data, room, settings.look_ahead_s)
        self._longest = max((note.end_frame - note.start_frame for note in song.notes), default=0.0)
        self._starts = np.array([note.start_frame for note in song.notes])
        style = context.style(settings.text)
        self._names = {
            key: TextSprite(context.type, f"C{key // _OCTAVE - 1}", style)
            for key in range(0, 128, _OCTAVE)
            if settings.labels and self._lowest + 0.5 <= key <= self._highest - 0.5
        }
        self._cap_px = context.type.cap_height(style)

    def _middle(self, key: float) -> float:
        """The row of a key's middle."""
        centre = self.box.top + self.box.height / 2
        return centre + ((self._lowest + self._highest) / 2 - key) * self._row_px

    def draw_base(self, base: Planes) -> None:
        """Draw the ground, for completeness: every frame covers it."""
        base.part(*self.box).fill(self._context.ink("panel"))

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the notes around the playhead."""
        context, box = self._context, self.box
        part = planes.part(*box)
        part.fill(context.ink("panel"))
        thin = context.line_px("grid")
        for key in range(int(np.ceil(self._lowest)), int(self._highest) + 1):
            if key % _OCTAVE == 0:
                row = self._middle(key) - box.top
                blend_box(part, (0, row - thin / 2, part.width, row + thin / 2), context.ink("grid"))
        now = frame - context.data.start_frame
        for note in self._in_view(now):
            self._draw_note(part, note, now)
        left = max(context.safe_px[0], box.left) - box.left
        for key, name in self._names.items():
            above = self._middle(key) - box.top - 0.5 * self._cap_px
            pen = (left, max(above, 1.4 * self._cap_px))  # the highest may have no room above its line
            edge = _NAME_EDGE * self._cap_px
            ground = (left - edge, pen[1] - self._cap_px - edge, left + name.width_px + edge, pen[1] + edge)
            blend_box(part, ground, context.ink("panel"), _NAME_GROUND, radius_px=edge)
            name.draw(part, pen, context.ink("muted"))
        context.draw_playhead(planes, box.top, box.bottom)

    def _in_view(self, now: int) -> list[SongNote]:
        """The notes that are seen, in the order of their starts."""
        playhead = self._context.playhead_px
        first = now - (playhead - self.box.left) / self._speed - self._longest
        last = now + (self.box.right - playhead) / self._speed
        begin, end = np.searchsorted(self._starts, [first, last])
        return list(self._context.data.song.notes[int(begin) : int(end) + 1])

    def _draw_note(self, part: Planes, note: SongNote, now: int) -> None:
        playhead = self._context.playhead_px - self.box.left
        left, right = (playhead + (at - now) * self._speed for at in (note.start_frame, note.end_frame))
        right = max(left + 2.0, right - max(1.0, 0.12 * self._bar_px))  # notes of one pitch stay apart
        if right < 0 or left > part.width:
            return
        row, colour = self._middle(note.key) - self.box.top, self._inks[note.voice % len(self._inks)]
        is_sung = note.start_frame <= now < note.end_frame
        half, radius = self._bar_px / 2, 0.3 * self._bar_px
        if is_sung:
            swell = 0.35 * self._bar_px
            glow = (left - swell, row - half - swell, right + swell, row + half + swell)
            blend_box(part, glow, colour, _GLOW, radius_px=radius + swell)
        if is_sung or right <= playhead or left >= playhead:
            opacity = 1.0 if is_sung else _PLAYED if right <= playhead else _UPCOMING
            blend_box(part, (left, row - half, right, row + half), colour, opacity, radius_px=radius)
        if is_sung:
            self._draw_light(part, (left, row, min(playhead, right)), radius)

    def _draw_light(self, part: Planes, place: tuple[float, float, float], radius: float) -> None:
        """The part of a note that has been sung already is paler."""
        left, row, right = place
        half = self._bar_px / 2
        if right - left > 2 * radius:
            blend_box(part, (left, row - half, right, row + half), self._context.ink("text"), 0.45, radius_px=radius)
