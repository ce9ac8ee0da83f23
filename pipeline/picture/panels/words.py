"""The panels made of words: the caption, the section's title, the speed hint.

This module owns how words are fitted into their boxes and how they enter and exit. It does not know what they say.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.picture.drawing.blend import blend_mask, blend_sprite, stroke
from pipeline.picture.drawing.easing import smoothstep
from pipeline.picture.drawing.planes import Planes
from pipeline.picture.panels.panel import GlyphAtlas, RenderContext, ScenePanel
from pipeline.picture.panels.settings import PixelBox, Size, TextPanelSettings
from pipeline.picture.text.typesetting import Align, TextStyle, Typesetter, aligned

CAPTION_FADE_S: Final = 0.35
CAPTION_RISE: Final = 0.3  # of the type's size: how far a caption moves while it enters
HINT_FROM: Final = 1.6  # times the usual pace: where the speed hint begins to show
HINT_FULL: Final = 2.4
HINT_SMOOTH_S: Final = 0.12  # the pace is averaged over this (a Gaussian's standard deviation)


@lru_cache(maxsize=32)
def _set_lines(
    typesetter: Typesetter, text: str, style: TextStyle, box: PixelBox, setting: tuple[int, Align, float]
) -> tuple[tuple[NDArray[np.uint8], int, int], ...]:
    """Fit a text into a box: each line's mask and where its top left pixel goes.

    `setting` is how many lines there may be, how they are aligned, and the smallest type that can be read, px.
    """
    lines, align, smallest_px = setting
    room = (box.width, box.height - 1)  # a pixel to round baselines in
    fitted = typesetter.fit(text, style, *room, lines=lines, smallest_px=smallest_px)
    cap = typesetter.cap_height(fitted.style)
    baselines = fitted.baselines_px
    span = baselines[-1] - baselines[0] if baselines else 0.0
    # Centred by capitals, as the eye does it, unless what hangs below would hang out.
    first = box.top + (box.height - span + cap) / 2
    first = max(min(first, box.bottom - 0.5 - fitted.descent_px - span), box.top + fitted.ascent_px)
    placed = []
    for index, line in enumerate(fitted.lines):
        picture = typesetter.render(line, fitted.style)
        spare = box.width - typesetter.measure(line, fitted.style)
        pen_x = box.left + aligned(align, spare, mirrored=fitted.right_to_left)
        baseline = first + baselines[index] - baselines[0]
        placed.append((picture.mask, *picture.place(pen_x, baseline)))
    return tuple(placed)


class CaptionSettings(TextPanelSettings):
    """The captions, one at a time."""

    kind: Literal["caption"]
    text: Size = 0.042
    lines: Annotated[int, Field(ge=1, le=6)] = 2
    align: Literal["left", "centre", "right"] = "centre"


class CaptionPanel(ScenePanel[CaptionSettings]):
    """Draws the caption panel."""

    settings_type = CaptionSettings
    reads = frozenset({"captions"})

    def __init__(self, context: RenderContext, settings: CaptionSettings) -> None:
        super().__init__(context, settings)
        self._style = context.style(settings.text, weight=500)
        for span in context.data.captions:
            context.type.measure(span.text, self._style)  # a missing glyph is an error at the start

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the caption that belongs to the frame."""
        data, settings = self._context.data, self._settings
        for span in data.captions:
            if not span.in_frame <= frame < span.out_frame or not span.text.strip():
                continue
            seconds = (span.out_frame - span.in_frame) / float(data.frame_rate)
            fade_frames = min(CAPTION_FADE_S, seconds / 3) * float(data.frame_rate)
            enter = smoothstep((frame - span.in_frame) / fade_frames)
            remain = smoothstep((span.out_frame - frame) / fade_frames)
            drop = (1 - enter) * CAPTION_RISE * self._style.size_px
            for mask, left, top in _set_lines(
                self._context.type,
                span.text,
                self._style,
                self.box,
                (settings.lines, settings.align, self._context.legible_px),
            ):
                blend_sprite(planes, mask, (left, top + drop), self._context.ink("text"), min(enter, remain))


class TitleSettings(TextPanelSettings):
    """The section's title."""

    kind: Literal["title"]
    text: Size = 0.034
    lines: Annotated[int, Field(ge=1, le=4)] = 1
    align: Literal["left", "centre", "right"] = "left"


class TitlePanel(ScenePanel[TitleSettings]):
    """Draws the section's title."""

    settings_type = TitleSettings
    reads = frozenset({"section_title"})

    def __init__(self, context: RenderContext, settings: TitleSettings) -> None:
        super().__init__(context, settings)
        self._style = context.style(settings.text, weight=600)

    def draw_base(self, base: Planes) -> None:
        """Draw the title."""
        title, settings = self._context.data.section_title, self._settings
        if title.strip():
            for mask, left, top in _set_lines(
                self._context.type,
                title,
                self._style,
                self.box,
                (settings.lines, settings.align, self._context.legible_px),
            ):
                blend_sprite(base, mask, (left, top), self._context.ink("text"))


def pace(positions: NDArray[np.float64], frame_rate: Fraction) -> NDArray[np.float32]:
    """How many times its usual speed a graph at positions (frames + 1,) moves in each frame, shape (frames,)."""
    speed = np.diff(positions)
    moving = speed[speed > 0]
    if not moving.size:
        return np.zeros(speed.size, dtype=np.float32)
    sigma = HINT_SMOOTH_S * float(frame_rate)
    reach = int(3 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = np.pad(speed / np.median(moving), reach, mode="edge")
    return np.asarray(np.convolve(padded, kernel / kernel.sum(), mode="valid"), dtype=np.float32)


class SpeedSettings(TextPanelSettings):
    """A hint that the graphs run faster than usual."""

    kind: Literal["speed"]
    text: Size = 0.03
    align: Literal["left", "right"] = "right"


class SpeedPanel(ScenePanel[SpeedSettings]):
    """Draws the speed hint: chevrons, and how many times the usual pace."""

    settings_type = SpeedSettings
    reads = frozenset({"iteration"})

    def __init__(self, context: RenderContext, settings: SpeedSettings) -> None:
        super().__init__(context, settings)
        size = min(settings.text, 0.7 * self.box.height / context.size_px)
        self._figures = GlyphAtlas(context.type, context.style(size, weight=600, tabular=True))
        data = context.data
        self._pace = pace(
            data.iteration if context.layout.law == "linear" else np.log1p(data.iteration), data.frame_rate
        )

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the hint where the graph runs fast."""
        context, box = self._context, self.box
        times = float(self._pace[frame - context.data.start_frame])
        opacity = smoothstep(times, HINT_FROM, HINT_FULL)
        if opacity <= 0:
            return
        text = f"{times:.0f}\N{MULTIPLICATION SIGN}"
        cap = self._figures.cap_px
        signs = 2.0 * cap
        width = signs + self._figures.width_px(text)
        if width > box.width:
            return
        left = box.left if self._settings.align == "left" else box.right - width
        baseline = round(box.top + (box.height + cap) / 2)
        mask = np.zeros((round(cap) + 4, round(signs) + 2), dtype=np.float32)
        for index in range(2):
            x = 2 + index * 0.7 * cap
            xs = np.array([x, x + 0.5 * cap, x], dtype=np.float32)
            ys = np.array([0.08 * cap, cap / 2, 0.92 * cap], dtype=np.float32) + np.float32(2)
            stroke(mask, xs, ys, max(0.6, 0.075 * cap), opacity)
        blend_mask(planes, mask, (round(left), baseline - round(cap) - 2), context.ink("accent"))
        self._figures.draw(planes, text, (left + signs, baseline), context.ink("accent"), opacity)
