"""The panels made of words: the caption, the section's title, the speed hint.

This module owns how words are fitted into their boxes and how they enter and exit. It does not know what they say.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.picture.drawing.blend import blend_mask
from pipeline.picture.drawing.canvas import stroke
from pipeline.picture.drawing.easing import smoothstep
from pipeline.picture.drawing.planes import Planes
from pipeline.picture.panels.panel import GlyphAtlas, RenderContext, ScenePanel
from pipeline.picture.panels.scene_data import CaptionSpan
from pipeline.picture.panels.settings import Size, TextPanelSettings
from pipeline.picture.panels.styled_words import Place

CAPTION_FADE_S: Final = 0.35
CAPTION_RISE: Final = 0.3  # of the type's size: how far a caption moves while it enters
REVEAL_S: Final = {"whole": 0.0, "word": 0.16, "letter": 0.03}
"""From one piece of a caption to the next."""
REVEAL_SHARE: Final = 0.5
"""All pieces of a caption are there after this share of its time."""
HINT_FROM: Final = 1.6  # times the usual pace: where the speed hint begins to show
HINT_FULL: Final = 2.4
HINT_SMOOTH_S: Final = 0.12  # the pace is averaged over this (a Gaussian's standard deviation)


class CaptionSettings(TextPanelSettings):
    """The captions, one at a time."""

    kind: Literal["caption"]
    text: Size = 0.042
    """Size of the type, a share of the frame's height."""
    lines: Annotated[int, Field(ge=1, le=6)] = 2
    """At most so many; longer captions shrink."""
    align: Literal["left", "centre", "right"] = "centre"
    """Where in the panel's width."""


class CaptionPanel(ScenePanel[CaptionSettings]):
    """Draws the caption panel."""

    settings_type = CaptionSettings
    reads = frozenset({"captions"})

    def __init__(self, context: RenderContext, settings: CaptionSettings) -> None:
        super().__init__(context, settings)
        style = context.style(settings.text, weight=500)
        self._rise_px = CAPTION_RISE * style.size_px
        looks = {"": context.theme.captions, **context.theme.caption_styles}
        place = Place(self.box, settings.lines, settings.align, context.legible_px)
        self._stylers = {
            span.style: context.styler(looks.get(span.style, looks[""]), style, place) for span in context.data.captions
        }
        for span in context.data.captions:
            styler = self._stylers[span.style]
            context.type.measure(span.text, styler.style)  # a missing glyph is an error at the start

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the caption that belongs to the frame."""
        for span, entered, remain in self.look(frame):
            self._stylers[span.style].draw(planes, span.text, entered, remain, self._rise_px)

    def extent(self, frame: int) -> tuple[float, float, float, float]:
        """The words' own edges."""
        shown = [self._stylers[span.style].text(span.text).extent for span, _, _ in self.look(frame)]
        lefts, tops, rights, bottoms = zip(*(shown or [(0.0, 0.0, 0.0, 0.0)]), strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms) + self._rise_px + 1

    def look(self, frame: int) -> tuple[tuple[CaptionSpan, tuple[float, ...], float], ...]:
        """What is said, how far each piece of it has entered, and how far it has not left."""
        data, shown = self._context.data, []
        for span in data.captions:
            if not span.in_frame <= frame < span.out_frame or not span.text.strip():
                continue
            styler = self._stylers[span.style]
            seconds = (span.out_frame - span.in_frame) / float(data.frame_rate)
            fade_frames = min(CAPTION_FADE_S, seconds / 3) * float(data.frame_rate)
            pieces = len(styler.text(span.text).pieces)
            wait = min(REVEAL_S[styler.look.reveal], REVEAL_SHARE * seconds / pieces) * float(data.frame_rate)
            since = frame - span.in_frame
            entered = tuple(smoothstep((since - order * wait) / fade_frames) for order in range(pieces))
            shown.append((span, entered, smoothstep((span.out_frame - frame) / fade_frames)))
        return tuple(shown)


class TitleSettings(TextPanelSettings):
    """The section's title."""

    kind: Literal["title"]
    text: Size = 0.034
    """Size of the type, a share of the frame's height."""
    lines: Annotated[int, Field(ge=1, le=4)] = 1
    """At most so many; longer titles shrink."""
    align: Literal["left", "centre", "right"] = "left"
    """Where in the panel's width."""


class TitlePanel(ScenePanel[TitleSettings]):
    """Draws the section's title."""

    settings_type = TitleSettings
    reads = frozenset({"section_title"})

    def __init__(self, context: RenderContext, settings: TitleSettings) -> None:
        super().__init__(context, settings)
        style = context.style(settings.text, weight=600)
        place = Place(self.box, settings.lines, settings.align, context.legible_px)
        self._styler = context.styler(context.theme.titles, style, place)

    def draw_base(self, base: Planes) -> None:
        """Draw the title."""
        title = self._context.data.section_title
        if title.strip():
            self._styler.draw(base, title, (1.0,), 1.0)


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
    """Size of the type, a share of the frame's height."""
    align: Literal["left", "right"] = "right"
    """Where in the panel's width."""


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

    def look(self, frame: int) -> tuple[float, float]:
        """How many times as fast as usual the graph runs, and how far that is seen."""
        times = float(self._pace[frame - self._context.data.start_frame])
        opacity = smoothstep(times, HINT_FROM, HINT_FULL)
        return (times, opacity) if opacity > 0 else (0.0, 0.0)

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the hint where the graph runs fast."""
        context, box = self._context, self.box
        times, opacity = self.look(frame)
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
