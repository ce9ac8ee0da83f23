"""Text to masks: measuring, breaking into lines, shrinking to fit, drawing.

This module owns how words become masks (0..255). It does not know colours, positions on the screen, or
what the words mean. Sizes are floats in pixels.

    type = typesetter_for(theme)                           # cached; or Typesetter(load_fonts())
    style = TextStyle(32.0, weight=600)
    picture = type.render("Iteration 3,000", style)        # TextPicture, cached
    x, y = picture.place(100.0, 200.0)                     # pen at x = 100, baseline at y = 200 -> top left pixel
    type.measure(text, style)                              # advance in px, in proportion at all sizes
    type.wrap(text, style, width_px)                       # lines
    type.fit(text, style, width_px, height_px, lines=2)    # FittedText: lines and the style that fits
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt

from pipeline.errors import TemplateError
from pipeline.picture.text.direction import (
    CONTROLS,
    LEFT_TO_RIGHT_MARK,
    RIGHT_TO_LEFT_MARK,
    embedding_levels,
    has_right_to_left_letters,
    mirrored,
    reads_right_to_left,
    visual_runs,
)
from pipeline.picture.text.fitting import ROUNDING, FittedText, Fitting
from pipeline.picture.text.fonts import FAMILIES, HAS_RAQM, INVISIBLE, Face, FontSet, Role, clusters, load_fonts
from pipeline.picture.text.linebreak import balanced, break_lines, letters
from pipeline.picture.text.mask_effects import slanted
from pipeline.picture.text.style import SMALLEST_PX, TextStyle
from pipeline.picture.theme.toml_files import named_at

if TYPE_CHECKING:
    from pipeline.picture.theme.theme import Theme

__all__ = ["Align", "FittedText", "TextPicture", "TextStyle", "Typesetter", "aligned", "typesetter_for"]

Align = Literal["left", "centre", "right"]

_REFERENCE_PX: Final = 64.0
"""Text is measured at this size and scaled, so that lines break at the same words in every resolution."""
_NEVER_SEEN: Final = frozenset("\u00ad\u200b\u2060\ufeff") | CONTROLS | (frozenset() if HAS_RAQM else INVISIBLE)
"""Soft hyphens and joiners; without a shaper, fonts would draw boxes for more of them."""
_BETWEEN_LINES_EM: Final = 0.03


@dataclass(frozen=True)
class TextPicture:
    """One line of drawn text: `mask` uint8 (h, w), just around its ink."""

    mask: npt.NDArray[np.uint8]
    left_px: int
    """From the pen's start to the first column (negative: the ink begins before the pen)."""
    baseline_px: int
    """Row of the baseline, counted from the first row (may lie outside the picture)."""
    advance_px: float
    """How far the pen moves on."""

    def place(self, pen_x_px: float, baseline_y_px: float) -> tuple[int, int]:
        """Where (x, y) the top left pixel of `mask` goes on the screen."""
        return round(pen_x_px) + self.left_px, round(baseline_y_px) - self.baseline_px


@dataclass(frozen=True)
class Typesetter:
    """Sets text with one set of fonts. Hashable, pure and cached."""

    fonts: FontSet

    def cap_height(self, style: TextStyle) -> float:
        """Height of capital letters, px: for centring text in a box by eye."""
        return _cap_share(_face(self.fonts, style), style.weight) * style.size_px

    def measure(self, text: str, style: TextStyle) -> float:
        """How far the pen moves for `text`, px.

        Raises
        ------
        GlyphError
            A character that no font at hand can draw.
        """
        return _em_width(self.fonts, text, replace(style, size_px=_REFERENCE_PX)) * style.size_px

    def render(self, text: str, style: TextStyle) -> TextPicture:
        """Draw one line of text. The same words in the same style give the same (read-only) picture.

        Raises
        ------
        GlyphError
            A character that no font at hand can draw.
        """
        return _rendered(self.fonts, text, style)

    def stretches(self, text: str, style: TextStyle) -> list[tuple[str, Face, float, float]]:
        """The stretches of a line that one face each draws, from left to right: text, face, pen before it, and width.

        The last two are in pixels.

        Raises
        ------
        GlyphError
            A character that no font at hand can draw.
        """
        pieces, advance = _pieces(self.fonts, text, style)
        ends = [*(piece.pen_px for piece in pieces[1:]), advance]
        return [(one.text, one.face, one.pen_px, end - one.pen_px) for one, end in zip(pieces, ends, strict=True)]

    def wrap(self, text: str, style: TextStyle, width_px: float, *, balance: bool = False) -> tuple[str, ...]:
        """Break `text` into lines at most `width_px` wide; with `balance`, lines of about equal length."""

        def measure(line: str) -> float:
            return self.measure(line, style) * ROUNDING

        breaker = balanced if balance else break_lines
        from_right = reads_right_to_left(text)
        mark = RIGHT_TO_LEFT_MARK if from_right else LEFT_TO_RIGHT_MARK  # before a line that would read the other way
        lines = breaker(text, measure, width_px)
        return tuple(line if reads_right_to_left(line) == from_right else mark + line for line in lines)

    def fit(
        self,
        text: str,
        style: TextStyle,
        width_px: float,
        height_px: float = float("inf"),
        *,
        lines: int = 1,
        balance: bool = True,
        smallest_px: float = SMALLEST_PX,
    ) -> FittedText:
        """Break `text` into at most `lines` lines inside width x height, shrinking it as far as that needs.

        Type never becomes smaller than `smallest_px`: there are more lines instead, and what the height then has no
        room for is left out, with an ellipsis in its place.
        """
        return Fitting(self, text, (width_px, height_px), lines).fit(style, smallest_px, balance=balance)

    def set_lines(self, text: str, style: TextStyle, width_px: float, *, balance: bool) -> FittedText:
        """Break a text into lines of one style; lines stand apart at least as far as its tallest letters need."""
        broken = self.wrap(text, style, width_px, balance=balance)
        widest = max((self.measure(line, style) for line in broken), default=0.0) * ROUNDING
        ascent, descent = _extent(self.fonts, text, style)
        if len(broken) > 1:
            reference = replace(style, size_px=_REFERENCE_PX, leading_em=1.0)
            style = replace(style, leading_em=max(style.leading_em, _tallest_em(self.fonts, text, reference)))
        return FittedText(broken, style, widest, ascent, descent, reads_right_to_left(text))


def aligned(align: Align, spare_px: float, *, mirrored: bool) -> float:
    """How far from the left of its room something stands; mirrored, left and right are exchanged."""
    if align == "centre":
        return spare_px / 2
    return spare_px if (align == "right") != mirrored else 0.0


def typesetter_for(theme: Theme) -> Typesetter:
    """The typesetter with a theme's fonts.

    Raises
    ------
    TemplateError
        A family that is not installed, with the line of the theme's file, or a file that is no font.
    """
    try:
        return Typesetter(load_fonts(theme.fonts.sans, theme.fonts.mono, theme.font_files))
    except TemplateError as error:
        family = theme.fonts.sans if f"'{theme.fonts.sans}'" in error.what else theme.fonts.mono
        if error.where == FAMILIES and theme.path is not None:
            error.where = f"{named_at(theme.path, family)}, {FAMILIES}"
        raise


def _role(style: TextStyle) -> Role:
    return "mono" if style.tabular and not HAS_RAQM else style.role


def _face(fonts: FontSet, style: TextStyle) -> Face:
    return fonts.faces(_role(style))[0]


def _cut(face: Face, text: str, style: TextStyle) -> Face:
    """The face's italics where they are asked for and have every character of a stretch, else the face."""
    italics = face.italics if style.italic else None
    return italics if italics is not None and all(map(italics.covers, text)) else face


@dataclass(frozen=True)
class _TextRun:
    """A stretch of one face and one direction, with the pen's position before it."""

    text: str
    face: Face
    direction: Literal["ltr", "rtl"] | None  # None: the shaper's choice
    pen_px: float


def _features(style: TextStyle) -> list[str] | None:
    if not HAS_RAQM:
        return None
    wanted = ["tnum"] if style.tabular else []
    if style.tracking_em:
        wanted += ["-liga", "-clig", "-calt"]
    return wanted or None


def _pieces(fonts: FontSet, text: str, style: TextStyle) -> tuple[list[_TextRun], float]:
    seen, levels = _seen(text)
    pieces = []
    pen = 0.0
    for face, stretch, from_right in visual_runs(fonts.runs(seen, _role(style)), levels):
        direction: Literal["ltr", "rtl"] | None = "ltr" if HAS_RAQM and any(levels) else None
        drawn = stretch
        if from_right and HAS_RAQM and has_right_to_left_letters(stretch):
            direction = "rtl"
        elif from_right:  # no shaper turns it round
            drawn = _turned(stretch, face)
        for part in _letters(drawn) if style.tracking_em else [drawn]:
            pieces.append(_TextRun(part, face, direction, pen))
            font = _cut(face, drawn, style).at(style.size_px, style.weight, display=style.display)
            length = font.getlength(part, direction=direction, features=_features(style))
            pen += length + style.tracking_em * style.size_px
    if style.tracking_em and pieces:
        pen -= style.tracking_em * style.size_px
    return pieces, max(0.0, pen)


def _seen(text: str) -> tuple[str, list[int]]:
    """What is drawn of a text, and each character's level.

    Composed characters, every kind of space one that all fonts have, and nothing that is never seen.
    """
    composed = unicodedata.normalize("NFC", text)
    spaced = "".join(" " if character.isspace() else character for character in composed)
    kept = [at for at, character in enumerate(spaced) if character not in _NEVER_SEEN]
    levels = embedding_levels(spaced)
    return "".join(spaced[at] for at in kept), [levels[at] for at in kept]


def _turned(stretch: str, face: Face) -> str:
    """A stretch from right to left as it is written from left to right; marks stay behind their letters."""
    turned = []
    for cluster in reversed(clusters(stretch)):
        other = mirrored(cluster[0])
        turned.append((other if face.covers(other) else cluster[0]) + cluster[1:])
    return "".join(turned)


def _letters(stretch: str) -> Sequence[str]:
    """Letters with their marks, and whole emoji; a script whose letters join is left whole."""
    if has_right_to_left_letters(stretch):
        return [stretch]
    return letters(stretch)


@lru_cache(maxsize=256)
def _cap_share(face: Face, weight: int) -> float:
    """Height of capital letters, a share of the type's size."""
    _, top, _, bottom = face.at(100.0, weight).getbbox("H", anchor="ls")
    return float(bottom - top) / 100.0


@lru_cache(maxsize=16384)
def _em_width(fonts: FontSet, text: str, style: TextStyle) -> float:
    return _pieces(fonts, text, style)[1] / style.size_px


@lru_cache(maxsize=4096)
def _tallest_em(fonts: FontSet, text: str, style: TextStyle) -> float:
    """Height of a text's ink from its lowest descender to its highest mark, in sizes, and a hair's breadth."""
    picture = _rendered_anew(fonts, text, style)
    return float(picture.mask.shape[0] / _REFERENCE_PX + _BETWEEN_LINES_EM)


def _extent(fonts: FontSet, text: str, style: TextStyle) -> tuple[float, float]:
    """The largest ascent and descent among the faces that draw `text` and the style's own."""
    faces = {_face(fonts, style), *(face for face, _ in fonts.runs(_seen(text)[0], _role(style)))}
    metrics = [face.at(_REFERENCE_PX, style.weight).getmetrics() for face in faces]
    scale = style.size_px / _REFERENCE_PX
    return max(ascent for ascent, _ in metrics) * scale, max(descent for _, descent in metrics) * scale


@lru_cache(maxsize=512)
def _rendered(fonts: FontSet, text: str, style: TextStyle) -> TextPicture:
    return _rendered_anew(fonts, text, style)


def _rendered_anew(fonts: FontSet, text: str, style: TextStyle) -> TextPicture:
    pieces, advance = _pieces(fonts, text, style)
    drawn = [_drawn(piece, style) for piece in pieces]
    drawn = [(mask, left, top) for mask, left, top in drawn if mask.size]
    if not drawn:
        return TextPicture(np.zeros((0, 0), np.uint8), 0, 0, advance)
    left = min(x for _, x, _ in drawn)
    top = min(y for _, _, y in drawn)
    right = max(x + mask.shape[1] for mask, x, _ in drawn)
    bottom = max(y + mask.shape[0] for mask, _, y in drawn)
    coverage = np.zeros((bottom - top, right - left), np.uint8)
    for mask, x, y in drawn:
        place = coverage[y - top : y - top + mask.shape[0], x - left : x - left + mask.shape[1]]
        np.maximum(place, mask, out=place)
    coverage.flags.writeable = False
    return TextPicture(coverage, left, -top, advance)


def _drawn(piece: _TextRun, style: TextStyle) -> tuple[npt.NDArray[np.uint8], int, int]:
    """Coverage of one stretch, and where its first column and row lie from the pen's start on the baseline."""
    face = _cut(piece.face, piece.text, style)
    font = face.at(style.size_px, style.weight, display=style.display)
    whole = int(np.floor(piece.pen_px))
    mask, (left, top) = font.getmask2(
        piece.text,
        mode="L",
        direction=piece.direction,
        features=_features(style),
        anchor="ls",
        start=(piece.pen_px - whole, 0.0),
    )
    width, height = mask.size
    coverage = np.frombuffer(bytes(mask), np.uint8).reshape(height, width)
    if style.italic and face is piece.face and coverage.size:
        coverage, further = slanted(coverage, int(top))
        left += further
    return coverage, whole + int(left), int(top)
