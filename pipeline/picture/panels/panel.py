"""What all panels share: the context in which they are rendered, and what a scene asks of a panel.

This module owns sizes, colours, text sprites and glyph atlases. It does not know any kind of panel.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import ClassVar, Final, Generic, TypeVar

import numpy as np

from pipeline.picture.drawing.blend import blend_box, blend_sprite
from pipeline.picture.drawing.ground import ground_planes
from pipeline.picture.drawing.moving_ground import Backdrop
from pipeline.picture.drawing.planes import Ink, Plane, Planes, ink, new_planes
from pipeline.picture.language import Language, english
from pipeline.picture.panels.scene_data import FRAME_FIELDS, SceneData
from pipeline.picture.panels.settings import SAFE_MARGIN, LayoutSettings, PanelSettings, PixelBox
from pipeline.picture.panels.styled_words import Place, WordStyler
from pipeline.picture.text.shrinking import LEGIBLE_SHARE
from pipeline.picture.text.typesetting import TextPicture, TextStyle, Typesetter, typesetter_for
from pipeline.picture.theme.looks import CaptionLook
from pipeline.picture.theme.theme import Theme
from pipeline.store.declared import readable

SCENE_WORDS: Final = "scene"
"""The table of a word list that panels draw from: the keys of rendered segments are made of it."""
Settings = TypeVar("Settings", bound=PanelSettings)


@dataclass(frozen=True)
class RenderContext:
    """Everything that panels need besides their own settings."""

    data: SceneData
    theme: Theme
    layout: LayoutSettings
    language: Language = field(default_factory=english)
    backdrop: Backdrop | None = None
    """What lies behind all panels, where it moves; by default the theme's ground stands still."""

    def reading(self, fields: Iterable[str]) -> RenderContext:
        """The same context, of whose scene only the frame and these fields can be read."""
        context = copy(self)
        object.__setattr__(context, "data", readable(self.data, {*FRAME_FIELDS, *fields}))
        return context

    @cached_property
    def type(self) -> Typesetter:
        """Sets text in the theme's fonts."""
        return typesetter_for(self.theme)

    def word(self, name: str, **values: object) -> str:
        """A word of the film's language that panels draw: those of the list's table `scene`."""
        return self.language.text(f"{SCENE_WORDS}.{name}", **values)

    @property
    def size_px(self) -> float:
        """What sizes of type and lines are shares of."""
        return self.data.height * self.layout.scale

    @property
    def legible_px(self) -> float:
        """The smallest type that can be read on a small screen."""
        return LEGIBLE_SHARE * self.size_px

    @cached_property
    def playhead_px(self) -> int:
        """The pixel edge at which now is."""
        return self.layout.playhead_px(self.data.width)

    @property
    def safe_px(self) -> tuple[int, int]:
        """The first and the last pixel edge of the area that is safe for text, across."""
        margin = int(np.ceil(self.data.width * SAFE_MARGIN))
        return margin, self.data.width - margin

    @property
    def background(self) -> Planes:
        """A frame of nothing but the background, for what fades into it: that of the frame which is drawn just now."""
        return self.still_background if self.backdrop is None else self.backdrop.planes

    @cached_property
    def still_background(self) -> Planes:
        """The theme's ground, where it doesn't move."""
        return ground_planes(self.theme, self.theme.colours.background, (self.data.width, self.data.height))

    @cached_property
    def panel_ground(self) -> Planes:
        """A frame of nothing but the panels' ground, for what fades into it."""
        return new_planes(self.data.width, self.data.height, self.ink("panel"))

    @property
    def plot_ink(self) -> Ink:
        """What graphs are plotted on: the ground where that is one colour, else the panels' own."""
        return self.ink("background" if self.theme.ground.is_plain else "panel")

    @property
    def plot_ground(self) -> Planes:
        """A frame of nothing but that."""
        return self.background if self.theme.ground.is_plain else self.panel_ground

    def ink(self, name: str) -> Ink:
        """A colour of the theme by its name."""
        return ink(getattr(self.theme.colours, name))

    def box(self, settings: PanelSettings) -> PixelBox:
        """A panel's place in pixels."""
        return settings.box(self.data.width, self.data.height)

    def styler(self, look: CaptionLook, style: TextStyle, place: Place) -> WordStyler:
        """Sets the words of a panel in a look."""
        return WordStyler(self.type, self.theme, look, style, place)

    def line_px(self, kind: str) -> float:
        """The width of a kind of line."""
        return self.theme.line_px(kind, self.size_px)  # type: ignore[arg-type]

    def style(self, share: float, *, weight: int = 400, tabular: bool = False, tracking_em: float = 0.0) -> TextStyle:
        """Type of a size given as a share."""
        return TextStyle(max(1.0, share * self.size_px), weight=weight, tabular=tabular, tracking_em=tracking_em)

    def draw_playhead(self, planes: Planes, top: int, bottom: int, now_px: float | None = None) -> None:
        """Draw the line that marks now, from one row to another; by default where the layout has it."""
        wide = self.line_px("playhead")
        width = float(round(wide / 2) * 2) if wide >= 2 else wide  # noqa: PLR2004  # whole pixels where there are two
        now = self.playhead_px if now_px is None else now_px
        box = (now - width / 2, top, now + width / 2, bottom)
        blend_box(planes, box, self.ink("playhead"), 0.9)


class ScenePanel(Generic[Settings]):
    """One panel of a scene. A kind of panel is a subclass, beside the class of its settings.

    A subclass names in `reads` the fields of `SceneData` that it reads beside the frame: no others can be read, and the
    keys of rendered segments are made of them.

    Parameters
    ----------
    context
        What it is rendered with.
    settings
        What the layout says of it.
    """

    settings_type: ClassVar[type[PanelSettings]]
    reads: ClassVar[frozenset[str]]

    covered: tuple[PixelBox, ...] = ()
    """The rectangles that `draw` paints over wholly in every frame, so that nobody needs to clear them."""
    origin_px: int | None = None
    """The column, counted from its left, from which it is wiped in at the scene's beginning; None: it fades in."""

    def __init__(self, context: RenderContext, settings: Settings) -> None:
        self._context, self._settings = context, settings
        self.box = context.box(settings)
        self.motion, self.delay_s = settings.motion, settings.delay

    def draw_base(self, base: Planes) -> None:
        """Draw, once, what never changes."""

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw what belongs to a frame, over the base."""

    def look(self, frame: int) -> Hashable | None:
        """All that `draw` depends on in a frame: where looks are equal, pictures are; None: it draws always anew."""
        del frame
        return () if type(self).draw is ScenePanel.draw else None

    def extent(self, frame: int) -> tuple[float, float, float, float]:
        """The edges (left, top, right, bottom) inside which `draw` draws in a frame."""
        del frame
        return self.box.left, self.box.top, self.box.right, self.box.bottom


class TextSprite:
    """One line of text that stands still, drawn once and blended often.

    Parameters
    ----------
    typesetter, text, style
        What to write, and how.
    """

    def __init__(self, typesetter: Typesetter, text: str, style: TextStyle) -> None:
        self.width_px = typesetter.measure(text, style)
        self._picture = typesetter.render(text, style)

    def draw(self, planes: Planes, pen: tuple[float, float], colour: Ink, opacity: float = 1.0) -> None:
        """Draw the text with its pen's start on the baseline at `pen` (x, y)."""
        left, top = self._picture.place(*pen)
        blend_sprite(planes, self._picture.mask, (left, top), colour, opacity)


class GlyphAtlas:
    """Numbers that change with every frame, put together from digits that were drawn once.

    Parameters
    ----------
    typesetter
        Draws the digits.
    style
        Tabular, so that digits keep their places.
    """

    def __init__(self, typesetter: Typesetter, style: TextStyle) -> None:
        self.style = style
        self.cap_px = typesetter.cap_height(style)
        self._typesetter = typesetter
        self._drawn: dict[str, tuple[TextPicture, float]] = {}
        self._laid = lru_cache(maxsize=32)(self._laid_out)  # most numbers stand still for many frames

    def _glyph(self, character: str) -> tuple[TextPicture, float]:
        known = self._drawn.get(character)
        if known is None:
            known = self._typesetter.render(character, self.style), self._typesetter.measure(character, self.style)
            self._drawn[character] = known
        return known

    def width_px(self, text: str) -> float:
        """How far the pen moves for a text."""
        return sum(self._glyph(character)[1] for character in text)

    def reach_px(self, text: str) -> tuple[int, int]:
        """The first row that a text touches, counted from its baseline, which is a whole row, and the one after all."""
        rows = [(picture.place(0.0, 0)[1], picture.mask.shape[0]) for picture, _ in map(self._glyph, text)]
        return min((top for top, _ in rows), default=0), max((top + height for top, height in rows), default=0)

    def draw(self, planes: Planes, text: str, pen: tuple[float, float], colour: Ink, opacity: float = 1.0) -> None:
        """Draw a text with its pen's start on the baseline at `pen`; the baseline may lie between pixels."""
        left = int(pen[0])
        above, before = round(self.style.size_px), round(self.style.size_px / 2)
        x, pens = pen[0] - left + before, []
        for character in text:
            pens.append(round(x))
            x += self._glyph(character)[1]
        blend_sprite(planes, self._laid(text, tuple(pens)), (left - before, pen[1] - above), colour, opacity)

    def _laid_out(self, text: str, pens_px: tuple[int, ...]) -> Plane:
        """The digits side by side, the baseline a size below the top; each begins at a column of its own."""
        above, before = round(self.style.size_px), round(self.style.size_px / 2)
        mask = np.zeros((above + before, int(self.width_px(text)) + 2 * before), dtype=np.uint8)
        for character, pen in zip(text, pens_px, strict=True):
            picture, _ = self._glyph(character)
            if picture.mask.size:
                # Digits stand apart, so nothing is lost by writing each over what is there.
                _lay(picture.mask, mask, *picture.place(pen, above))
        return mask


def _lay(glyph: Plane, mask: Plane, column: int, row: int) -> None:
    """Lay a glyph into a picture, as far as there is room: of type of a single pixel, some sticks out."""
    left, top = max(column, 0), max(row, 0)
    right = max(left, min(column + glyph.shape[1], mask.shape[1]))
    bottom = max(top, min(row + glyph.shape[0], mask.shape[0]))
    mask[top:bottom, left:right] = glyph[top - row : bottom - row, left - column : right - column]
