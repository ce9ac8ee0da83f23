"""Words of a panel in a look of the theme: fitted into their box, with outline, shadow and a box behind them.

This module owns where each line, word or letter stands and what lies around it. It does not know what the words say,
nor when they are seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.drawing.blend import blend_box, blend_sprite
from pipeline.picture.drawing.marks import TextMark, TextMarks, around_letters
from pipeline.picture.drawing.pieces import cut_line
from pipeline.picture.drawing.planes import Planes, ink
from pipeline.picture.panels.settings import PixelBox
from pipeline.picture.text.typesetting import Align, FittedText, TextStyle, Typesetter, aligned
from pipeline.picture.theme.looks import CaptionLook
from pipeline.picture.theme.theme import Theme

Sprite = tuple[NDArray[np.uint8], int, int, str]
"""A mask, where its top left pixel goes, and its colour."""


class Place(NamedTuple):
    """A panel's box, how many lines there may be in it, their alignment, and the smallest legible type."""

    box: PixelBox
    lines: int
    align: Align
    smallest_px: float


@dataclass(frozen=True)
class Piece:
    """What enters as one: what lies around the letters comes first."""

    sprites: tuple[Sprite, ...]


@dataclass(frozen=True)
class StyledText:
    """A text where it belongs: its pieces in reading order, and the box behind them (left, top, right, bottom)."""

    pieces: tuple[Piece, ...]
    box: tuple[float, float, float, float]
    radius_px: float

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """The edges inside which all of it is drawn, once it is there."""
        sprites = [sprite for piece in self.pieces for sprite in piece.sprites]
        edges = [self.box, *((x, y, x + mask.shape[1], y + mask.shape[0]) for mask, x, y, _ in sprites)]
        lefts, tops, rights, bottoms = zip(*edges, strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)


class WordStyler:
    """Sets and draws the texts of one panel in one look.

    Parameters
    ----------
    typesetter, theme, look
        How.
    style
        Type of the panel's size and weight; the look changes it.
    place
        Where.
    """

    def __init__(
        self,
        typesetter: Typesetter,
        theme: Theme,
        look: CaptionLook,
        style: TextStyle,
        place: Place,
    ) -> None:
        self.typesetter, self.look, self.style, self._place = typesetter, look, styled(style, look), place
        self._colours = tuple(
            None if name is None else theme.colour(name)
            for name in (look.colour, look.outline_colour, look.shadow_colour, look.box)
        )
        self._set = lru_cache(maxsize=16)(self._fitted)  # by the text alone: looks and places are slow to compare

    def text(self, text: str) -> StyledText:
        """Set a text; the same text gives the same masks."""
        return self._set(_letters(text, self.look))

    def _fitted(self, text: str) -> StyledText:
        return _set(self.typesetter, text, self.style, self._place, (self.look, self._colours))

    def draw(self, planes: Planes, text: str, entered: tuple[float, ...], remain: float, rise_px: float = 0.0) -> None:
        """Draw a text on planes.

        Parameters
        ----------
        entered
            How far each piece has entered (0..1); the last value is for all that follow.
        remain
            How far all have not yet left (1..0).
        rise_px
            How far below its place a piece begins.
        """
        found = self.text(text)
        colour = self._colours[3]
        if colour is not None:
            seen = min(entered[0], remain) * self.look.box_opacity
            blend_box(planes, found.box, ink(colour), seen, radius_px=found.radius_px)
        for order, piece in enumerate(found.pieces):
            enter = entered[min(order, len(entered) - 1)]
            if enter <= 0:
                continue
            drop = (1 - enter) * rise_px
            for mask, left, top, paint in piece.sprites:
                blend_sprite(planes, mask, (left, top + drop), ink(paint), min(enter, remain))


def styled(style: TextStyle, look: CaptionLook) -> TextStyle:
    """A panel's type in a look."""
    return TextStyle(
        style.size_px,
        weight=style.weight if look.weight is None else look.weight,
        role=style.role,
        tabular=style.tabular,
        tracking_em=look.tracking or style.tracking_em,
        display=style.display,
        leading_em=style.leading_em,
        italic=look.italic,
    )


def _letters(text: str, look: CaptionLook) -> str:
    return text.upper() if look.uppercase else text


@lru_cache(maxsize=48)
def _set(
    typesetter: Typesetter,
    text: str,
    style: TextStyle,
    place: Place,
    how: tuple[CaptionLook, tuple[str | None, ...]],
) -> StyledText:
    (box, lines, align, smallest_px), (look, colours) = place, how
    pad = look.box_padding * style.size_px if look.box is not None else 0.0
    room = (box.width - 2 * pad, box.height - 1 - pad)  # a pixel to round baselines in
    fitted = typesetter.fit(text, style, *room, lines=lines, smallest_px=smallest_px)
    pad = look.box_padding * fitted.style.size_px if look.box is not None else 0.0
    cap = typesetter.cap_height(fitted.style)
    baselines = fitted.baselines_px
    span = baselines[-1] - baselines[0] if baselines else 0.0
    # Centred by capitals, as the eye does it, unless what hangs below would hang out.
    first = box.top + (box.height - span + cap) / 2
    first = max(min(first, box.bottom - 0.5 - fitted.descent_px - span), box.top + fitted.ascent_px)
    around = None
    if look.outline or look.shadow:
        around = TextMarks(look.outline, str(colours[1]), look.shadow, str(colours[2]))
    pieces: list[Piece] = []
    for index, line in enumerate(fitted.lines):
        spare = box.width - 2 * pad - typesetter.measure(line, fitted.style)
        pen_x = box.left + pad + aligned(align, spare, mirrored=fitted.right_to_left)
        mark = TextMark(pen_x, first + baselines[index] - baselines[0], line, fitted.style, str(colours[0]), around)
        cut = [[mark]] if look.reveal == "whole" else cut_line(mark, look.reveal, typesetter)
        pieces += [_piece(marks, typesetter) for marks in cut]
    if look.reveal == "whole":
        pieces = [Piece(tuple(sprite for piece in pieces for sprite in piece.sprites))]
    edges = _box(fitted, box, (pad, align), (first, span, cap))
    return StyledText(tuple(pieces), edges, look.box_radius * fitted.style.size_px)


def _piece(marks: list[TextMark], typesetter: Typesetter) -> Piece:
    sprites: list[Sprite] = []
    for mark in marks:
        picture = typesetter.render(mark.text, mark.style)
        sprites += around_letters(typesetter, mark)
        sprites.append((picture.mask, *picture.place(mark.x_px, mark.baseline_px), mark.colour))
    return Piece(tuple(sprites))


def _box(
    fitted: FittedText, box: PixelBox, pad_align: tuple[float, Align], lines: tuple[float, float, float]
) -> tuple[float, float, float, float]:
    """The box behind a text: as wide as its widest line, from its capitals to its descenders, and the padding."""
    (pad, align), (first, span, cap) = pad_align, lines
    spare = box.width - 2 * pad - fitted.width_px
    left = box.left + aligned(align, spare, mirrored=fitted.right_to_left)
    below = fitted.descent_px
    top, bottom = first - cap - below - 0.4 * pad, first + span + below + 0.4 * pad
    return left, max(box.top, top), left + fitted.width_px + 2 * pad, min(box.bottom, bottom)
