"""What a card template says: elements, their texts and styles, and a grid of areas for each shape of frame.

This module owns the template's form, in which `templates/cards/*.toml` are written, and the list of kinds of elements.
It does not know facts or pixels.

A grid is drawn in letters, like CSS grid areas: each row names the area of each column, `.` is empty. Sizes of type,
gaps and margins are shares of the card's module: the frame's height, or 0.8 of its width where that is less, so that
text is equally large in all shapes.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from pipeline.picture.cards.elements.blocks import BlocksElement
from pipeline.picture.cards.elements.diagram import DiagramElement
from pipeline.picture.cards.elements.element import CardElement
from pipeline.picture.cards.elements.graph import GraphElement
from pipeline.picture.cards.elements.legend import LegendElement
from pipeline.picture.cards.elements.picture import PictureElement
from pipeline.picture.cards.elements.qr_code import QrElement
from pipeline.picture.cards.elements.rule import RuleElement
from pipeline.picture.cards.elements.setting import Module, Style, TemplatePart
from pipeline.picture.cards.elements.shape import ShapeElement
from pipeline.picture.cards.elements.table import TableElement
from pipeline.picture.cards.elements.text import TextElement
from pipeline.picture.cards.elements.waveform import WaveformElement
from pipeline.picture.drawing.motion import Transition, check_presets
from pipeline.picture.theme.picture_files import own_picture

Shape = Literal["landscape", "square", "portrait"]

WIDE, TALL = 1.2, 0.84
"""Width to height from which a frame counts as landscape, and up to which as portrait."""
TITLE_SAFE = 0.05
"""The outermost share of the frame, on each side, in which no text stands."""


ELEMENTS: Final[tuple[type[CardElement], ...]] = (
    TextElement,
    TableElement,
    BlocksElement,
    DiagramElement,
    WaveformElement,
    GraphElement,
    LegendElement,
    RuleElement,
    PictureElement,
    ShapeElement,
    QrElement,
)
"""Every kind of element."""

if TYPE_CHECKING:
    AnyElement: TypeAlias = CardElement
else:
    AnyElement = Annotated[reduce(or_, ELEMENTS), Field(discriminator="kind")]

RowSize = Literal["auto"] | Annotated[float, Field(gt=0, le=100)]


class Grid(TemplatePart):
    """Where areas lie. Rows are `auto` (as high as what stands in them) or shares of what is left."""

    areas: tuple[str, ...] = Field(min_length=1, max_length=40)
    """Row by row, a name for each column; `.` is empty, and one name over several rows and columns is one area."""
    columns: tuple[Annotated[float, Field(gt=0, le=100)], ...] = Field(default=(1.0,), min_length=1, max_length=12)
    """How wide columns are, as parts of the whole."""
    rows: tuple[RowSize, ...] = Field(min_length=1, max_length=40)
    """How high each row is: `auto`, or a part of what is left."""
    gap: Module = 0.03
    """Between rows, in modules."""
    column_gap: Module = 0.06
    """Between columns, in modules."""
    margin: Annotated[float, Field(ge=TITLE_SAFE, le=0.4)] = 0.08
    """Share of the frame's width and height that stays empty on each side."""

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """Area names, row by row."""
        return tuple(tuple(row.split()) for row in self.areas)

    @model_validator(mode="after")
    def _is_a_grid(self) -> Self:
        if len(self.rows) != len(self.areas):
            raise ValueError(f"{len(self.areas)} rows of areas need as many row sizes, not {len(self.rows)}")
        for row in self.cells:
            if len(row) != len(self.columns):
                raise ValueError(f"the row '{' '.join(row)}' should name {len(self.columns)} areas, one a column")
        for name, (top, left, bottom, right) in self.spans().items():
            inside = [self.cells[row][column] for row in range(top, bottom) for column in range(left, right)]
            if any(cell != name for cell in inside):
                raise ValueError(f"the area '{name}' is no rectangle")
        return self

    def spans(self) -> dict[str, tuple[int, int, int, int]]:
        """First row, first column, last row + 1 and last column + 1 of each area."""
        found: dict[str, list[tuple[int, int]]] = {}
        for row, names in enumerate(self.cells):
            for column, name in enumerate(names):
                if name != ".":
                    found.setdefault(name, []).append((row, column))
        return {
            name: (
                min(row for row, _ in places),
                min(column for _, column in places),
                max(row for row, _ in places) + 1,
                max(column for _, column in places) + 1,
            )
            for name, places in found.items()
        }


class CardTemplate(TemplatePart):
    """A whole card template."""

    background: Literal["background", "panel"] = "background"
    """Behind the card, where the theme's ground has nothing else."""
    style: dict[str, Style] = Field(min_length=1, max_length=40)
    """Styles of type by name, which elements ask for."""
    motion: dict[str, Transition] = Field(default={}, max_length=40)
    """Ways to enter and leave of its own, by name."""
    grid: dict[Shape, Grid] = Field(min_length=1)
    """Where areas lie, by the frame's shape: `landscape`, `square`, `portrait`."""
    element: tuple[AnyElement, ...] = Field(min_length=1, max_length=60)
    """What stands on the card."""

    @field_validator("element", mode="before")
    @classmethod
    def _text_by_default(cls, value: object) -> object:
        if isinstance(value, list):
            return [{"kind": "text", **part} if isinstance(part, dict) else part for part in value]
        return value

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for number, element in enumerate(self.element, start=1):
            for style in element.styles():
                if style not in self.style:
                    raise ValueError(
                        f"element {number} has an unknown style '{style}'; there are {', '.join(sorted(self.style))}"
                    )
        moving = [one for element in self.element for one in (element.enter, element.exit) if one is not None]
        check_presets([*self.motion.values(), *moving], self.motion)
        areas = [element.area for element in self.element]
        paged = next((one for one in self.element if one.has_pages and areas.count(one.area) > 1), None)
        if paged is not None:
            raise ValueError(f"what goes on to further pages stands alone: there are others in the area '{paged.area}'")
        for shape, grid in self.grid.items():
            missing = next((area for area in areas if area not in grid.spans()), None)
            if missing:
                raise ValueError(f"the {shape} grid has no area '{missing}'")
        return self

    @model_validator(mode="after")
    def _pages_have_a_height(self) -> Self:
        for number, element in enumerate(self.element, start=1):
            for shape, grid in self.grid.items():
                top, _, bottom, _ = grid.spans()[element.area]
                if element.has_pages and set(grid.rows[top:bottom]) == {"auto"}:
                    raise ValueError(
                        f"element {number} goes on to further pages, so it needs a row of a set height: "
                        f"in the {shape} grid, give '{element.area}' a row that is a number, not 'auto'"
                    )
        return self

    @property
    def pictures(self) -> tuple[Path, ...]:
        """The files of its own pictures."""
        return tuple(one.path for one in self.element if isinstance(one, PictureElement) and one.path is not None)

    def with_pictures(self, template: Path) -> Self:
        """The same with its pictures found; `template` is its file.

        Raises
        ------
        TemplateError
            Where one is not there, outside the templates folder, or no picture.
        """
        found: list[CardElement] = []
        for number, one in enumerate(self.element, start=1):
            if isinstance(one, PictureElement):
                path = own_picture(one.file, template, f"element {number}, file", "card")
                found.append(one.model_copy(update={"path": path}))
            else:
                found.append(one)
        return self.model_copy(update={"element": tuple(found)})

    @property
    def reads(self) -> frozenset[str]:
        """The fields of `CardFacts` that its elements read, beside the words."""
        return frozenset().union(*(element.fields for element in self.element))

    def grid_for(self, width_px: int, height_px: int) -> Grid:
        """The grid for a frame's shape, or the one that fits best."""
        ratio = width_px / height_px
        wanted: Shape = "landscape" if ratio >= WIDE else "portrait" if ratio <= TALL else "square"
        order: tuple[Shape, ...] = (wanted, "square", "landscape", "portrait")
        return next(self.grid[shape] for shape in order if shape in self.grid)


def module_px(width_px: int, height_px: int) -> float:
    """The card's module: what sizes of type are shares of."""
    return min(float(height_px), 0.8 * width_px)
