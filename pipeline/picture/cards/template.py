"""What a card template says: elements, their texts and styles, and a grid of areas for each shape of frame.

This module owns the template's form; `templates/cards/*.toml` are written in it. It does not know facts or pixels.

A grid is drawn in letters, like CSS grid areas: each row names the area of each column, `.` is empty. Sizes of type,
gaps and margins are shares of the card's module: the frame's height, or 0.8 of its width where that is less, so that
text is equally large in all shapes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Shape = Literal["landscape", "square", "portrait"]
ColourRole = Literal[
    "background", "panel", "grid", "text", "muted", "accent", "heard", "ahead", "loud", "validation", "section"
]
"""A colour of the theme; `section` is the series colour of the card's section."""
TextColour = Literal["text", "muted", "accent"]
"""The colours that every theme keeps readable on its background and on its panels."""
Text = Annotated[str, Field(max_length=4000)]
Module = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

WIDE, TALL = 1.2, 0.84
"""Width to height from which a frame counts as landscape, and up to which as portrait."""
TITLE_SAFE = 0.05
"""The outermost share of the frame, on each side, in which no text stands."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Style(_Part):
    """How a text looks. `size` is a share of the module."""

    size: float = Field(gt=0, le=0.5, allow_inf_nan=False)
    weight: int = Field(default=400, ge=100, le=900)
    colour: TextColour = "text"
    font: Literal["sans", "mono"] = "sans"
    tabular: bool = False
    tracking: float = Field(default=0.0, ge=-0.1, le=0.5, allow_inf_nan=False)
    leading: float = Field(default=1.3, ge=0.9, le=3, allow_inf_nan=False)
    display: bool = False
    lines: int = Field(default=1, ge=1, le=40)
    """At most so many lines; longer text shrinks."""


class _Element(_Part):
    area: str = Field(min_length=1, max_length=40)
    align: Literal["left", "centre", "right"] = "left"
    valign: Literal["top", "middle", "bottom"] = "top"
    delay: float = Field(default=0.0, ge=0, le=5)
    """Seconds after the card's beginning until it enters."""
    move: Annotated[float, Field(ge=-0.2, le=0.2)] = 0.014
    """How far below its place it begins, in modules."""


class TextElement(_Element):
    """TextSprite. An empty text takes no room."""

    kind: Literal["text"] = "text"
    text: Text
    style: str


class TableElement(_Element):
    """Facts: a label and a value a row. Rows whose value is empty are left out."""

    kind: Literal["table"]
    rows: tuple[tuple[Text, Text], ...] = Field(min_length=1, max_length=60)
    label_style: str = "label"
    value_style: str = "value"
    ruled: bool = True
    """Whether fine lines part the rows."""


class Block(_Part):
    """A heading and rows of facts; with `each`, repeated for every item of a list of facts."""

    heading: Text = ""
    rows: tuple[tuple[Text, Text], ...] = Field(default=(), max_length=60)
    each: str = ""
    """The name of a list of facts; within the block, `item` is one of them."""


class BlocksElement(_Element):
    """Many facts in columns, like the end of a film; goes on to further pages where one has no room."""

    kind: Literal["blocks"]
    blocks: tuple[Block, ...] = Field(min_length=1, max_length=20)
    columns: int = Field(default=3, ge=1, le=6)
    heading_style: str = "heading"
    label_style: str = "label"
    value_style: str = "value"
    smallest: float = Field(default=0.0215, gt=0, le=0.1)
    """Type never gets smaller than this (in modules): there are more pages instead."""


class DiagramElement(_Element):
    """The network as a row of layers."""

    kind: Literal["diagram"]
    label_style: str = "label"


class WaveformElement(_Element):
    """The section's recording as an envelope."""

    kind: Literal["waveform"]
    colour: ColourRole = "ahead"


class GraphElement(_Element):
    """The losses of all networks over their training."""

    kind: Literal["graph"]
    label_style: str = "label"


class LegendElement(_Element):
    """Which line of the graph is whose."""

    kind: Literal["legend"]
    name_style: str = "name"
    value_style: str = "value"
    value: Text = ""
    """What stands beneath each name; `item` is the section."""


class RuleElement(_Element):
    """A fine line across its area, or a short thick mark with `length`."""

    kind: Literal["rule"]
    colour: ColourRole = "grid"
    thickness: float = Field(default=0.0014, gt=0, le=0.05)
    length: float | None = Field(default=None, gt=0, le=2)


class PictureElement(_Element):
    """The film's own picture or logo. Where there is none, it takes no room."""

    kind: Literal["picture"]
    height: Annotated[float, Field(gt=0, le=1)] = 0.1
    """In modules; less where a wide picture has no room for it."""


Element = Annotated[
    TextElement
    | TableElement
    | BlocksElement
    | DiagramElement
    | WaveformElement
    | GraphElement
    | LegendElement
    | RuleElement
    | PictureElement,
    Field(discriminator="kind"),
]

RowSize = Literal["auto"] | Annotated[float, Field(gt=0, le=100)]


class Grid(_Part):
    """Where areas lie. Rows are `auto` (as high as what stands in them) or shares of what is left."""

    areas: tuple[str, ...] = Field(min_length=1, max_length=40)
    columns: tuple[Annotated[float, Field(gt=0, le=100)], ...] = Field(default=(1.0,), min_length=1, max_length=12)
    rows: tuple[RowSize, ...] = Field(min_length=1, max_length=40)
    gap: Module = 0.03
    column_gap: Module = 0.06
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


class CardTemplate(_Part):
    """A whole card template."""

    background: Literal["background", "panel"] = "background"
    style: dict[str, Style] = Field(min_length=1, max_length=40)
    grid: dict[Shape, Grid] = Field(min_length=1)
    element: tuple[Element, ...] = Field(min_length=1, max_length=60)

    @field_validator("element", mode="before")
    @classmethod
    def _text_unless_said(cls, value: object) -> object:
        if isinstance(value, list):
            return [{"kind": "text", **part} if isinstance(part, dict) else part for part in value]
        return value

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for number, element in enumerate(self.element, start=1):
            for style in styles_of(element):
                if style not in self.style:
                    raise ValueError(
                        f"element {number} has an unknown style '{style}'; there are {', '.join(sorted(self.style))}"
                    )
        areas = [element.area for element in self.element]
        twice = next((area for area in areas if areas.count(area) > 1), None)
        if twice:
            raise ValueError(f"two elements stand in the area '{twice}'")
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
                if element.kind == "blocks" and set(grid.rows[top:bottom]) == {"auto"}:
                    raise ValueError(
                        f"element {number} goes on to further pages, so it needs a row of a set height: "
                        f"in the {shape} grid, give '{element.area}' a row that is a number, not 'auto'"
                    )
        return self

    def grid_for(self, width_px: int, height_px: int) -> Grid:
        """The grid for a frame's shape, or the one that fits best."""
        ratio = width_px / height_px
        wanted: Shape = "landscape" if ratio >= WIDE else "portrait" if ratio <= TALL else "square"
        order: tuple[Shape, ...] = (wanted, "square", "landscape", "portrait")
        return next(self.grid[shape] for shape in order if shape in self.grid)


def styles_of(element: Element) -> tuple[str, ...]:
    """The style names that an element uses."""
    names = ("style", "label_style", "value_style", "heading_style", "name_style")
    return tuple(getattr(element, name) for name in names if hasattr(element, name))


def texts_of(element: Element) -> Iterator[tuple[str, bool]]:
    """Every Jinja text of an element, and whether it is filled in once for each item of a list."""
    if isinstance(element, TextElement):
        yield element.text, False
    elif isinstance(element, TableElement):
        yield from ((text, False) for row in element.rows for text in row)
    elif isinstance(element, LegendElement):
        yield element.value, True
    elif isinstance(element, BlocksElement):
        for block in element.blocks:
            yield from ((text, bool(block.each)) for text in (block.heading, *(t for row in block.rows for t in row)))


def module_px(width_px: int, height_px: int) -> float:
    """The card's module: what sizes of type are shares of."""
    return min(float(height_px), 0.8 * width_px)
