"""A network as a small diagram: its layers as columns of neurons, joined by fine lines, loops where state is kept.

This module owns the diagram's look. It does not know kinds of networks: only layers with names and sizes.
"""

from __future__ import annotations

import itertools
import math
from typing import ClassVar, Literal

import numpy as np

from pipeline.picture.cards.elements.element import CardElement, Content
from pipeline.picture.cards.elements.setting import MANY_LINES, SHRINK, Setting, natural_px, set_lines
from pipeline.picture.cards.facts import NetworkLayer
from pipeline.picture.drawing.marks import BoxMark, Drawing, LineMark, Mark, line_through
from pipeline.picture.text.shrinking import shrink_to_fit
from pipeline.picture.text.style import SMALLEST_PX
from pipeline.picture.text.typesetting import FittedText

FEWEST_DOTS, MOST_DOTS = 2, 9
_DOT_SHARE = 0.62
"""A dot's diameter as a share of the dots' pitch."""
_LABEL_SHARE = 0.92
"""Labels take at most this share of the columns' pitch."""
_LOOP_ROOM = 0.2
"""Share of the height kept for loops above recurrent layers."""
_NAN = float("nan")
_NATURAL_MODULES, _NATURAL_ASPECT = 0.36, 0.7
"""How high it would like to be."""
_MOST_LABELS = 0.5
"""Labels take at most this share of the height."""
_LEAST_LABELS = 0.3
"""Names are broken within a word rather than made smaller than this."""


def dots_for(size: int) -> int:
    """How many dots stand for `size` numbers: one more each time the size doubles."""
    return min(MOST_DOTS, max(FEWEST_DOTS, round(math.log2(max(size, 1)))))


class DiagramElement(CardElement):
    """The network as a row of layers."""

    reads: ClassVar[frozenset[str]] = frozenset({"layers"})
    is_read: ClassVar[bool] = False

    kind: Literal["diagram"]
    label_style: str = "label"
    """One of the card's styles."""

    def compose(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        """Draw the layers from left to right, their names and sizes beneath."""
        layers = content.facts.layers
        if not layers:
            return Drawing(width_px, 0.0)
        if not math.isfinite(height_px):
            return Drawing(width_px, natural_px(setting, width_px, _NATURAL_MODULES, _NATURAL_ASPECT))
        pitch = width_px / len(layers)
        setting, (labels, label_height), _ = shrink_to_fit(
            setting,
            lambda at: _labels(self, layers, at, pitch),
            lambda labels: labels[1] <= _MOST_LABELS * height_px,
            smaller=lambda at: at.scaled(SHRINK),
            goes_on=lambda at: at.text_style(self.label_style).size_px > SMALLEST_PX,
        )
        room = height_px - label_height
        loops = any(layer.kind == "recurrent" for layer in layers)
        head = _LOOP_ROOM * room if loops else 0.0
        step = min((room - head) / (MOST_DOTS + 0.5), 0.5 * pitch)
        used = head + step * (max(dots_for(layer.size) for layer in layers) + 0.5) + label_height
        top = (height_px - used) / 2
        middle = top + head + (used - head - label_height) / 2
        columns = [_column(layer, (index + 0.5) * pitch, middle, step) for index, layer in enumerate(layers)]
        marks: list[Mark] = [*_connections(columns, setting, step)]
        for layer, dots in zip(layers, columns, strict=True):
            marks += _layer(layer, dots, setting, step)
        return Drawing(width_px, height_px, (*marks, *(mark.moved(0.0, top + used - label_height) for mark in labels)))


def _column(layer: NetworkLayer, x: float, middle: float, step: float) -> list[tuple[float, float]]:
    count = dots_for(layer.size)
    return [(x, middle + (index - (count - 1) / 2) * step) for index in range(count)]


def _connections(columns: list[list[tuple[float, float]]], setting: Setting, step: float) -> list[LineMark]:
    xs: list[float] = []
    ys: list[float] = []
    for left, right in itertools.pairwise(columns):
        for x0, y0 in left:
            for x1, y1 in right:
                xs += [x0, x1, _NAN]
                ys += [y0, y1, _NAN]
    width = max(0.8, 0.045 * step)
    return [line_through(xs, ys, width, setting.colour("muted"), opacity=0.26)] if xs else []


def _layer(layer: NetworkLayer, dots: list[tuple[float, float]], setting: Setting, step: float) -> list[Mark]:
    x = dots[0][0]
    half = 0.62 * step
    top, bottom = dots[0][1] - 0.75 * step, dots[-1][1] + 0.75 * step
    colour = setting.colour("section") if layer.kind == "recurrent" else setting.colour("muted")
    line = max(1.0, 0.07 * step)
    frame = (x - half, top, x + half, bottom)
    marks: list[Mark] = [
        BoxMark(frame, setting.colour("panel"), radius_px=half),
        BoxMark(frame, colour, opacity=0.75, radius_px=half, line_px=line),
    ]
    radius = _DOT_SHARE * step / 2
    marks += [BoxMark((x - radius, y - radius, x + radius, y + radius), colour, radius_px=radius) for x, y in dots]
    return [*marks, *_loop(x, top, half, line, colour)] if layer.kind == "recurrent" else marks


def _loop(x: float, top: float, half: float, line: float, colour: str) -> list[Mark]:
    """An arrow that leaves the layer's head to the right and comes back to it from the left."""
    radius = 0.8 * half
    centre = top - 0.75 * half
    angles = np.radians(np.linspace(50.0, -230.0, 60))
    xs, ys = x + radius * np.cos(angles), centre + radius * np.sin(angles)
    head = 0.42 * half
    tip_x, tip_y = float(xs[-1]), float(ys[-1])
    barbs_x = [tip_x - 0.95 * head, tip_x, tip_x + 0.15 * head]
    barbs_y = [tip_y - 0.1 * head, tip_y, tip_y - 0.98 * head]
    return [line_through(xs, ys, line, colour), line_through(barbs_x, barbs_y, line, colour)]


def _labels(
    element: DiagramElement, layers: tuple[NetworkLayer, ...], setting: Setting, pitch: float
) -> tuple[list[Mark], float]:
    """Names and sizes beneath the columns, all in one size of type, and the height they take."""
    width = _LABEL_SHARE * pitch

    def fitted_at(at: Setting) -> list[tuple[FittedText, FittedText]]:
        return [
            (
                at.fit(layer.name, element.label_style, width, lines=MANY_LINES),
                at.fit(at.language.number(f"{layer.size:,}"), element.label_style, width, lines=MANY_LINES),
            )
            for layer in layers
        ]

    def fits(fitted: list[tuple[FittedText, FittedText]]) -> bool:
        """In two lines at most, no word of a name broken."""
        words = [(pair[0], layer.name.split()) for pair, layer in zip(fitted, layers, strict=True)]
        whole = all(word in " ".join(name.lines).split() for name, parts in words for word in parts)
        return whole and all(len(text.lines) <= 2 for pair in fitted for text in pair)  # noqa: PLR2004

    fitted = shrink_to_fit(
        setting,
        fitted_at,
        fits,
        smaller=lambda at: at.scaled(SHRINK),
        goes_on=lambda at: at.scale >= _LEAST_LABELS * setting.scale,
    ).result
    em = fitted[0][0].style.size_px
    name_height = max(pair[0].height_px for pair in fitted)
    marks: list[Mark] = []
    for index, (name, size) in enumerate(fitted):
        left = index * pitch + (pitch - width) / 2
        for text, top, colour in ((name, 0.7 * em, "muted"), (size, 0.7 * em + name_height, "text")):
            ink = setting.colour("muted" if colour == "muted" else "text")
            marks += set_lines(text, setting, ink, width_px=width, align="centre", left_px=left, top_px=top)
    return marks, 0.7 * em + name_height + max(pair[1].height_px for pair in fitted)
