"""A panel for any text template: facts of the film and its section, and of what is heard and seen just now.

This module owns the facts of a moment, and when the text is filled in anew. It does not know where facts come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from pipeline.picture.drawing.planes import Planes
from pipeline.picture.panels.counters import passed
from pipeline.picture.panels.panel import RenderContext, ScenePanel
from pipeline.picture.panels.scene_data import LossHistory, SceneData
from pipeline.picture.panels.settings import Size, TextPanelSettings
from pipeline.picture.panels.styled_words import Place, styled
from pipeline.picture.sandbox.values import plain
from pipeline.picture.text.fact_shapes import Shape
from pipeline.picture.text.templating import PlainFacts, render_caption
from pipeline.picture.text.typesetting import TextStyle

TIMES_PER_S: Final = 10
"""So often a text is filled in anew: digits that change faster can't be read."""
NOW: Final = "now"
TAKE: Final = "take"
_MEANINGS: Final = {
    "iteration": "Of the checkpoint that is heard, or where the playhead stands.",
    "epoch": "Passes over the training bytes up to it; nothing where that isn't known.",
    "trained_s": "Seconds of training up to it; nothing where that isn't known.",
    "loss": "The validation loss at the last checkpoint up to it, in the unit of its log.",
    "loss_unit": "That unit.",
    "take": "Which of the section's takes is heard, counted from 1; 0 while the recording is.",
    "takes": "How many takes are heard in the section.",
    "seconds": "Seconds since the scene began.",
    "share": "How far the scene has come, 0 to 1.",
}
NOW_FACTS: Final = Shape({name: Shape(meaning=text) for name, text in _MEANINGS.items()}, meaning="What is seen now.")
"""What a panel's template may name as `now.iteration` and so on."""
_DIGIT: Final = re.compile(r"\d")


class TextPanelTemplate(TextPanelSettings):
    """A text of one's own, with facts in it that may change from moment to moment: `now.iteration`."""

    kind: Literal["text"]
    template: Annotated[str, Field(min_length=1, max_length=1000)]
    """Filled in ten times a second, with all facts of a section's card, those of `now`, and `take`: the one heard."""
    text: Size = 0.03
    """Size of the type, a share of the frame's height."""
    lines: Annotated[int, Field(ge=1, le=8)] = 1
    """At most so many; longer texts shrink."""
    align: Literal["left", "centre", "right"] = "left"
    """Where in the panel's width."""
    style: Annotated[str, Field(max_length=60)] = ""
    """One of the theme's caption styles; by default that of titles."""


class TemplateTextPanel(ScenePanel[TextPanelTemplate]):
    """Draws a text that is filled in anew as the film goes on; its type is as large at every moment."""

    settings_type = TextPanelTemplate
    reads = frozenset({"facts", "history", "iteration", "sounds", "take_facts"})

    def __init__(self, context: RenderContext, settings: TextPanelTemplate) -> None:
        super().__init__(context, settings)
        theme = context.theme
        look = theme.caption_styles.get(settings.style, theme.titles)
        self._texts: dict[int, str] = {}
        style = context.style(settings.text, weight=500)
        place = Place(self.box, settings.lines, settings.align, context.legible_px)
        sized = self._size(style, context, styled(style, look))
        self._styler = context.styler(look, sized, place)

    def _size(self, style: TextStyle, context: RenderContext, as_drawn: TextStyle) -> TextStyle:
        """The type in which the text fits at every moment that is tried, whatever its digits are."""
        data, settings = context.data, self._settings
        last = data.end_frame - 1
        moments = {data.start_frame, last, *(sound.start_frame for sound in data.sounds)}
        room = (self.box.width, self.box.height - 1)
        sizes = [
            context.type.fit(
                _DIGIT.sub("8", text), as_drawn, *room, lines=settings.lines, smallest_px=context.legible_px
            ).style.size_px
            for text in {self.text_at(min(max(frame, data.start_frame), last)) for frame in moments}
            if text
        ]
        return replace(style, size_px=min([style.size_px, *sizes]))

    def text_at(self, frame: int) -> str:
        """What it says in a frame."""
        data = self._context.data
        moment = moment_of(data, frame)
        if moment not in self._texts:
            self._texts[moment] = filled_at(self._settings.template, data, moment)
        return self._texts[moment]

    def look(self, frame: int) -> str:
        """Its text."""
        return self.text_at(frame)

    def extent(self, frame: int) -> tuple[float, float, float, float]:
        """The words' own edges."""
        text = self.text_at(frame)
        return self._styler.text(text).extent if text else (0.0, 0.0, 0.0, 0.0)

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the text of the frame."""
        text = self.text_at(frame)
        if text:
            self._styler.draw(planes, text, (1.0,), 1.0)


def moment_of(data: SceneData, frame: int) -> int:
    """The frame whose facts are shown in a frame."""
    step = max(1, round(data.frame_rate / TIMES_PER_S))
    return data.start_frame + (frame - data.start_frame) // step * step


def filled_at(template: str, data: SceneData, frame: int) -> str:
    """Fill a template in with the facts of a frame.

    Raises
    ------
    TemplateError
        Where it can't be.
    """
    facts = PlainFacts(data.facts or {}) if not isinstance(data.facts, PlainFacts) else data.facts
    facts = facts.including(NOW, plain(now_facts(data, frame)))
    heard = _last_heard(data, frame)
    if heard is not None and heard in data.take_facts:
        facts = facts.including(TAKE, data.take_facts[heard])
    return render_caption(template, facts, "panel text")


def _last_heard(data: SceneData, frame: int) -> int | None:
    """The iteration of the take that is heard, or was last; before all takes, of the first."""
    takes = [(sound.start_frame, sound.iteration) for sound in data.sounds if sound.iteration is not None]
    return next((iteration for start, iteration in reversed(takes) if start <= frame), takes[0][1] if takes else None)


def texts_between(templates: Iterable[str], data: SceneData, frames: range) -> list[list[str]]:
    """Everything that templates say in some frames: what determines how they look there."""
    moments = sorted({moment_of(data, frame) for frame in frames})
    found = []
    for template in templates:
        texts = [filled_at(template, data, moment) for moment in moments]
        found.append([text for at, text in enumerate(texts) if at == 0 or text != texts[at - 1]])
    return found


def now_facts(data: SceneData, frame: int) -> dict[str, Any]:
    """What is heard and seen in a frame."""
    iteration, history = data.iteration_at(frame), data.history
    takes = [sound for sound in data.sounds if sound.iteration is not None]
    heard = data.take_at(frame)
    return {
        "iteration": int(iteration + 1e-6),
        "epoch": passed(iteration, history.iterations, history.epochs_at, history.epochs),
        "trained_s": passed(iteration, history.iterations, history.elapsed_at, history.elapsed_s),
        "loss": _loss(history, iteration),
        "loss_unit": history.unit.words,
        "take": 0 if heard is None else heard.number or takes.index(heard) + 1,
        "takes": max((sound.of for sound in data.sounds), default=0) or len(takes),
        "seconds": float((frame - data.start_frame) / data.frame_rate),
        "share": (frame - data.start_frame) / (data.end_frame - data.start_frame),
    }


def _loss(history: LossHistory, iteration: float) -> float | None:
    """The validation loss at the last checkpoint up to an iteration, as it is shown."""
    passed_by = [
        float(loss)
        for at, loss in zip(history.validation_iterations, history.validation_losses, strict=True)
        if at <= iteration + 1e-6 and loss == loss  # noqa: PLR0124 (no number is left out)
    ]
    return passed_by[-1] * history.unit.factor if passed_by else None
