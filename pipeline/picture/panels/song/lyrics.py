"""The lyrics, line by line: the syllable that is sung is marked, and the translation stands beneath.

What has been sung of a line has the accent's colour, up to the place in the syllable that is sung now. This module does
not know notes.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from pipeline.picture.drawing.blend import blend_box, blend_sprite
from pipeline.picture.drawing.easing import smoothstep
from pipeline.picture.drawing.planes import Planes
from pipeline.picture.panels.panel import RenderContext, ScenePanel
from pipeline.picture.panels.scene_data import SongLine
from pipeline.picture.panels.settings import Size, TextPanelSettings
from pipeline.picture.text.typesetting import TextPicture, TextStyle, aligned

_FADE_S: Final = 0.3
_MARK_PX: Final = 0.09
"""Of the type's size: the line under the syllable that is sung."""
_GAP: Final = 0.35
"""Of the translation's size, between the two."""


class LyricsSettings(TextPanelSettings):
    """The line that is sung, its syllables marked, and its translation."""

    kind: Literal["lyrics"]
    text: Size = 0.052
    """Size of what is sung, a share of the frame's height."""
    translation_text: Size = 0.034
    """Size of the translation."""
    lines: Annotated[int, Field(ge=1, le=3)] = 2
    """At most so many; longer lines shrink."""
    align: Literal["left", "centre", "right"] = "centre"
    """Where in the panel's width."""


@dataclass(frozen=True)
class _Row:
    """One row of a line of lyrics: its picture, the pen's place, and which characters of the line it holds."""

    text: str
    picture: TextPicture
    pen_px: float
    baseline_px: float
    first: int

    @property
    def last(self) -> int:
        return self.first + len(self.text)


@dataclass(frozen=True)
class _SetLine:
    rows: tuple[_Row, ...]
    style: TextStyle
    translation: tuple[_Row, ...]
    is_from_right: bool


class LyricsPanel(ScenePanel[LyricsSettings]):
    """Draws the lyrics."""

    settings_type = LyricsSettings
    reads = frozenset({"song"})

    def __init__(self, context: RenderContext, settings: LyricsSettings) -> None:
        super().__init__(context, settings)
        self._style = context.style(settings.text, weight=600)
        self._small = context.style(settings.translation_text, weight=400)
        self._lines = context.data.song.lines
        self._has_translation = any(line.translation for line in self._lines)
        for line in self._lines:
            context.type.measure(line.text + line.translation, self._style)  # a missing glyph is an error at the start
        self._begins = [line.in_frame for line in self._lines]
        self._set = lru_cache(maxsize=4)(self._set_line)

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the line that belongs to the frame."""
        data = self._context.data
        now = frame - data.start_frame
        at = bisect_right(self._begins, now) - 1
        if at < 0 or now >= self._lines[at].out_frame:
            return
        line, found = self._lines[at], self._set(at)
        fade_frames = min(_FADE_S * float(data.frame_rate), (line.out_frame - line.in_frame) / 3)
        seen = min(smoothstep((now - line.in_frame) / fade_frames), smoothstep((line.out_frame - now) / fade_frames))
        for row in found.rows:
            corner = row.picture.place(row.pen_px, row.baseline_px)
            blend_sprite(planes, row.picture.mask, corner, self._context.ink("text"), seen)
            self._draw_sung(planes, found, row, self._sung(line, now), seen)
        for row in found.translation:
            corner = row.picture.place(row.pen_px, row.baseline_px)
            blend_sprite(planes, row.picture.mask, corner, self._context.ink("muted"), seen)

    def _sung(self, line: SongLine, now: float) -> tuple[float, tuple[int, int] | None]:
        """How many characters have been sung, fractions too, and which syllable is sung now."""
        done = 0.0
        for syllable in line.syllables:
            if now < syllable.start_frame:
                break
            long = max(1.0, syllable.end_frame - syllable.start_frame)
            share = min(1.0, (now - syllable.start_frame) / long)
            if now < syllable.end_frame:
                return syllable.first + share * (syllable.last - syllable.first), (syllable.first, syllable.last)
            done = float(syllable.last)
        return done, None

    def _draw_sung(
        self, planes: Planes, line: _SetLine, row: _Row, sung: tuple[float, tuple[int, int] | None], seen: float
    ) -> None:
        """Colour what has been sung of a row, and underline the syllable."""
        done, syllable = sung
        if done <= row.first:
            return
        accent = self._context.ink("accent")
        reach = self._pen(line, row, min(done, row.last))
        left, top = row.picture.place(row.pen_px, row.baseline_px)
        columns = int(np.clip(reach - left, 0, row.picture.mask.shape[1]))
        if line.is_from_right:
            blend_sprite(planes, row.picture.mask[:, columns:], (left + columns, top), accent, seen)
        else:
            blend_sprite(planes, row.picture.mask[:, :columns], (left, top), accent, seen)
        if syllable is None or syllable[1] <= row.first or syllable[0] >= row.last:
            return
        ends = [self._pen(line, row, min(max(at, row.first), row.last)) for at in syllable]
        thick = max(1.0, _MARK_PX * line.style.size_px)
        below = row.baseline_px + 0.2 * line.style.size_px
        blend_box(planes, (min(ends), below, max(ends), below + thick), accent, seen, radius_px=thick / 2)

    def _pen(self, line: _SetLine, row: _Row, characters: float) -> float:
        """Where the pen stands after so many characters of the line."""
        whole = int(characters)
        widths = [self._width(line, row, at) for at in (whole, min(whole + 1, row.last))]
        along = widths[0] + (characters - whole) * (widths[1] - widths[0])
        return row.pen_px + (row.picture.advance_px - along if line.is_from_right else along)

    def _width(self, line: _SetLine, row: _Row, last: int) -> float:
        """How far the pen moves over a row's characters up to one."""
        text = row.text[: max(0, last - row.first)]
        return min(row.picture.advance_px, self._context.type.measure(text, line.style)) if text else 0.0

    def _set_line(self, at: int) -> _SetLine:
        context, box, line = self._context, self.box, self._lines[at]
        small_px = (1 + _GAP) * self._small.size_px * 1.2 if self._has_translation else 0.0
        small_px = min(small_px, 0.45 * box.height)
        fitted = context.type.fit(
            line.text,
            self._style,
            box.width,
            box.height - small_px - 1,
            lines=self._settings.lines,
            smallest_px=context.legible_px,
        )
        cap = context.type.cap_height(fitted.style)
        span = fitted.baselines_px[-1] - fitted.baselines_px[0] if fitted.baselines_px else 0.0
        first = box.top + max(fitted.ascent_px, (box.height - small_px - span + cap) / 2)
        baselines = [first + one - fitted.baselines_px[0] for one in fitted.baselines_px]
        rows = self._rows(line.text, fitted.lines, fitted.style, baselines, is_from_right=fitted.right_to_left)
        translation: tuple[_Row, ...] = ()
        if line.translation:
            above = baselines[-1] + fitted.descent_px + _GAP * self._small.size_px
            under = context.type.fit(
                line.translation,
                self._small,
                box.width,
                max(1.0, box.bottom - above - 1),
                lines=self._settings.lines,
                smallest_px=context.legible_px,
            )
            tall = under.baselines_px[-1] - under.baselines_px[0]
            begin = min(above + under.ascent_px, box.bottom - under.descent_px - tall - 1)
            places = [begin + one - under.baselines_px[0] for one in under.baselines_px]
            translation = self._rows(
                line.translation, under.lines, under.style, places, is_from_right=under.right_to_left
            )
        return _SetLine(rows, fitted.style, translation, fitted.right_to_left)

    def _rows(
        self, text: str, lines: tuple[str, ...], style: TextStyle, baselines: list[float], *, is_from_right: bool
    ) -> tuple[_Row, ...]:
        rows, at = [], 0
        for line, baseline in zip(lines, baselines, strict=True):
            found = text.find(line.strip("\u200e\u200f\u2026 "), at)
            at = found if found >= 0 else at
            picture = self._context.type.render(line, style)
            spare = self.box.width - picture.advance_px
            pen = self.box.left + aligned(self._settings.align, spare, mirrored=is_from_right)
            rows.append(_Row(line, picture, pen, baseline, at))
            at += len(line)
        return tuple(rows)
