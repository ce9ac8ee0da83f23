"""What an element of a card is: what its template says, its words, and its drawing.

This module owns what all kinds have in common. It does not know any kind, nor where on the card an element stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from pipeline.picture.cards.elements.setting import Setting, TemplatePart
from pipeline.picture.cards.facts import CardFacts
from pipeline.picture.drawing.marks import Drawing
from pipeline.picture.drawing.motion import Keyframes, Motion, Transition
from pipeline.picture.sandbox.values import CountedFacts
from pipeline.picture.text.templating import PlainFacts, render_text

_SPACES = re.compile("[ \t]+")


@dataclass(frozen=True)
class Rows:
    """A heading and facts."""

    heading: str
    rows: tuple[tuple[str, str], ...]
    section: int | None = None


@dataclass(frozen=True)
class FilledWords:
    """An element's words, filled in.

    `text` holds a text element's words, `blocks` the rows of a table, of a legend, or of headed blocks, `labels` the
    words within a picture.
    """

    text: str = ""
    blocks: tuple[Rows, ...] = ()
    labels: tuple[str, ...] = ()

    def all_words(self) -> list[str]:
        """Every word, in order: two fillings with the same words look the same."""
        rows = [text for block in self.blocks for text in (block.heading, *(t for row in block.rows for t in row))]
        return [self.text, *rows, *self.labels]


@dataclass(frozen=True)
class Content:
    """What an element shows: its words, and the facts that it declares to read."""

    words: FilledWords
    facts: CardFacts


class CardElement(TemplatePart):
    """One element of a card. A kind of element is a subclass with its own settings.

    A subclass names in `reads` the fields of `CardFacts` that it draws from, and in `fields` those that it needs as its
    template has set it: no others can be read, and a card's key is made of them.
    """

    reads: ClassVar[frozenset[str]] = frozenset()
    has_pages: ClassVar[bool] = False
    """Whether it goes on to further pages, so that it needs a set height."""
    is_read: ClassVar[bool] = True
    """Whether its words are there to be read, rather than labels of a picture."""

    kind: str
    """What it is: a text where nothing is said."""
    area: str = Field(min_length=1, max_length=40)
    """Where it stands: a name in the grid's areas."""
    align: Literal["left", "centre", "right"] = "left"
    """Where in its area's width."""
    valign: Literal["top", "middle", "bottom"] = "top"
    """Where in its area's height."""
    behind: bool = False
    """Whether it fills its area behind the other elements there, instead of standing below those before it."""
    delay: float = Field(default=0.0, ge=0, le=5)
    """Seconds after the card's beginning until it enters."""
    move: Annotated[float, Field(ge=-0.2, le=0.2)] = 0.014
    """How far below its place it begins, in modules."""
    enter: Transition | None = None
    """How it enters, by a preset's name or in full; by default a fade with a small rise."""
    exit: Transition | None = None
    """How it leaves; by default a fade."""
    keyframes: Keyframes = ()
    """Where it stands while it is seen; places in modules."""

    @property
    def motion(self) -> Motion | None:
        """All that it asks for of motion; None for the usual."""
        if self.enter is None and self.exit is None and not self.keyframes:
            return None
        return Motion(enter=self.enter, exit=self.exit, keyframes=self.keyframes)

    @property
    def fields(self) -> frozenset[str]:
        """The fields of `CardFacts` that it draws from, as it is set: by default all that its kind reads."""
        return type(self).reads

    def styles(self) -> tuple[str, ...]:
        """The names of the styles that it uses."""
        return tuple(getattr(self, name) for name in type(self).model_fields if name.split("_")[-1] == "style")

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield every Jinja text of it, and the name of the list for whose items it is filled in; "" for none."""
        return iter(())

    def filled(self, words: PlainFacts, where: str) -> FilledWords:  # noqa: ARG002 - for kinds with words
        """Fill in its words.

        Raises
        ------
        TemplateError
            With the element and the line.
        """
        return FilledWords()

    def compose(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        """Compose it into a drawing at most `width_px` x `height_px` large.

        An infinite height asks how high it would like to be. Words wrap, then shrink; they are never cut.
        """
        raise NotImplementedError

    def compose_pages(
        self, content: Content, setting: Setting, width_px: float, height_px: float
    ) -> tuple[Drawing, ...]:
        """Compose it into one drawing for each page that it needs: one, unless it `has_pages`."""
        return (self.compose(content, setting, width_px, height_px),)


def repeated(each: str, words: PlainFacts) -> list[tuple[int | None, PlainFacts]]:
    """The facts for each item of a list that they hold, and the section that it is; the facts alone without a list.

    `each` names the list, with dots where it lies within other facts.
    """
    if not each:
        return [(None, words)]
    items: Any = words
    for name in each.split("."):  # of lists within facts, such as section.run.facts
        items = items.get(name) if isinstance(items, Mapping) else None
    found: Sequence[Any] = items.items if isinstance(items, CountedFacts) else items if isinstance(items, list) else ()
    return [(index if each == "sections" else None, words.including("item", item)) for index, item in enumerate(found)]


def filled_rows(rows: Sequence[tuple[str, str]], words: PlainFacts, where: str) -> tuple[tuple[str, str], ...]:
    """Fill in labels and values; rows without a value are left out."""
    filled = [(filled_text(label, words, where), filled_text(value, words, where)) for label, value in rows]
    return tuple((label, value) for label, value in filled if value)


def filled_text(text: str, words: PlainFacts, where: str) -> str:
    """Fill one text in: line breaks written in the template are kept, other runs of spaces are one space."""
    lines = [_SPACES.sub(" ", line).strip(" ") for line in render_text(text, words, where).split("\n")]
    return "\n".join(line for line in lines if line)
