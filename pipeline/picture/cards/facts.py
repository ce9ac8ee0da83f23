"""The facts that a card shows, and filling a template's texts with them.

This module owns the hand-over from whoever knows the film to the cards. It does not know where facts come from, nor
how they are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pipeline.errors import TemplateError
from pipeline.picture.cards.template import (
    BlocksElement,
    CardTemplate,
    Element,
    LegendElement,
    TableElement,
    TextElement,
    texts_of,
)
from pipeline.picture.text.templating import PlainFacts, check_text, render_text

MOST_LETTERS = 60_000
"""More than the credits of fifty networks; no card takes minutes to lay out."""
_SPACES = re.compile("[ \t]+")


@dataclass(frozen=True)
class NetworkLayer:
    """One layer of a network's diagram.

    Parameters
    ----------
    name
        Such as `LSTM`.
    size
        How many numbers come out of it.
    kind
        `bytes` at both ends, `dense`, or `recurrent` (drawn with a loop).
    """

    name: str
    size: int
    kind: Literal["bytes", "dense", "recurrent"] = "dense"


@dataclass(frozen=True, eq=False)
class LossCurve:
    """One network's losses for the comparison, bits per byte.

    Parameters
    ----------
    iterations, training_bits
        The training loss, shapes (n,), iterations ascending; may be empty.
    validation_iterations, validation_bits
        The validation loss at each checkpoint, shapes (m,).
    section
        Counted from 0: gives the colour.
    kind
        Losses on the same held-out sound are of the same kind: only those can be compared.
    measured_on
        What sound that is, in a few words.
    """

    iterations: npt.NDArray[np.int64]
    training_bits: npt.NDArray[np.float64]
    validation_iterations: npt.NDArray[np.int64]
    validation_bits: npt.NDArray[np.float64]
    section: int = 0
    kind: int = 0
    measured_on: str = ""


@dataclass(frozen=True, eq=False)
class Envelope:
    """How loud a recording is, stretch by stretch: peaks and mean squares, shapes (n,), full scale = 1."""

    peaks: npt.NDArray[np.float32]
    squares: npt.NDArray[np.float32]

    @classmethod
    def of(cls, samples: npt.NDArray[np.floating], stretches: int) -> Envelope:
        """Measure an array of samples, shape (n,), in at most `stretches` equal parts."""
        count = min(max(1, stretches), samples.size)
        if count == 0:
            return cls(np.zeros(0, np.float32), np.zeros(0, np.float32))
        starts = np.linspace(0, samples.size, count + 1).astype(np.int64)
        squares = np.add.reduceat(samples.astype(np.float32) ** 2, starts[:-1]) / np.diff(starts)
        peaks = np.maximum.reduceat(np.abs(samples), starts[:-1])
        return cls(peaks.astype(np.float32), squares.astype(np.float32))

    @classmethod
    def joined(cls, parts: Sequence[Envelope]) -> Envelope:
        """One recording after the other."""
        if not parts:
            return cls.of(np.zeros(0, np.float32), 1)
        return cls(np.concatenate([part.peaks for part in parts]), np.concatenate([part.squares for part in parts]))

    def levels(self, count: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Peak and root mean square of `count` equal stretches, both shape (count,), 0..1."""
        size = self.peaks.size
        if size == 0:
            return np.zeros(count, np.float32), np.zeros(count, np.float32)
        starts = np.minimum(np.linspace(0, size, count + 1).astype(np.int64)[:-1], size - 1)
        lengths = np.maximum(np.diff(np.append(starts, size)), 1)
        body = np.sqrt(np.add.reduceat(self.squares.astype(np.float64), starts) / lengths)
        return np.minimum(np.maximum.reduceat(self.peaks, starts), 1), np.minimum(body, 1).astype(np.float32)


def _silence() -> Envelope:
    return Envelope.of(np.zeros(0, np.float32), 1)


@dataclass(frozen=True, eq=False)
class CardFacts:
    """Everything that a card may show.

    Parameters
    ----------
    words
        What the template's texts may name: text, numbers, lists, tables.
    section
        The card's section, counted from 0; None for cards of the whole film.
    layers
        The section's network, in the order in which bytes pass through it.
    recording
        How loud the section's recording is, or all of them for cards of the whole film.
    curves
        All networks' losses.
    picture
        The user's image or logo: sRGB and opacity, uint8, shape (h, w, 4); None where there is none.
    """

    words: Mapping[str, Any]
    section: int | None = None
    layers: tuple[NetworkLayer, ...] = ()
    recording: Envelope = field(default_factory=_silence)
    curves: tuple[LossCurve, ...] = ()
    picture: npt.NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Rows:
    """A heading and facts."""

    heading: str
    rows: tuple[tuple[str, str], ...]
    section: int | None = None


@dataclass(frozen=True)
class FilledElement:
    """An element with its words filled in.

    `text` holds a text element's words, `blocks` the rows of a table, of a legend, or of headed blocks.
    """

    element: Element
    text: str = ""
    blocks: tuple[Rows, ...] = ()

    def all_words(self) -> list[str]:
        """Every word, in order: two fillings with the same words look the same."""
        rows = [text for block in self.blocks for text in (block.heading, *(t for row in block.rows for t in row))]
        return [self.text, *rows]


def check_template(template: CardTemplate, names: Sequence[str], where: str) -> None:
    """Check all texts of a template against the names that there are.

    Raises
    ------
    TemplateError
        With the element and the line.
    """
    for number, element in enumerate(template.element, start=1):
        for text, repeated in texts_of(element):
            check_text(text, [*names, "item"] if repeated else names, _place(where, number, element))


def fill(template: CardTemplate, facts: CardFacts, where: str) -> tuple[FilledElement, ...]:
    """Fill in all words of a template.

    Raises
    ------
    TemplateError
        With the element and the line.
    """
    words = facts.words if isinstance(facts.words, PlainFacts) else PlainFacts(facts.words)
    filled = tuple(
        _filled(element, words, _place(where, number, element))
        for number, element in enumerate(template.element, start=1)
    )
    length = sum(len(text) for one in filled for text in one.all_words())
    if length > MOST_LETTERS:
        raise TemplateError(
            f"The card says too much: {length:,} letters.", where=where, expected=f"at most {MOST_LETTERS:,} letters"
        )
    return filled


def _place(where: str, number: int, element: Element) -> str:
    return f"{where}, element {number} ({element.kind} in area '{element.area}')"


def _filled(element: Element, words: PlainFacts, where: str) -> FilledElement:
    if isinstance(element, TextElement):
        return FilledElement(element, text=_words(element.text, words, where))
    if isinstance(element, TableElement):
        return FilledElement(element, blocks=(Rows("", _rows(element.rows, words, where)),))
    if isinstance(element, LegendElement):
        return FilledElement(element, blocks=tuple(_legend(element, words, where)))
    if isinstance(element, BlocksElement):
        blocks: list[Rows] = []
        for block in element.blocks:
            for section, told in _repeated(block.each, words):
                heading = _words(block.heading, told, where)
                blocks.append(Rows(heading, _rows(block.rows, told, where), section))
        return FilledElement(element, blocks=tuple(block for block in blocks if block.rows or block.heading))
    return FilledElement(element)


def _repeated(each: str, words: PlainFacts) -> list[tuple[int | None, PlainFacts]]:
    if not each:
        return [(None, words)]
    items = words.get(each)
    found: Sequence[Any] = items if isinstance(items, list | tuple) else ()
    return [(index if each == "sections" else None, words.including("item", item)) for index, item in enumerate(found)]


def _legend(element: LegendElement, words: PlainFacts, where: str) -> list[Rows]:
    entries = []
    for section, told in _repeated("sections", words):
        name = _words("{{ item.title }}", told, where)
        entries.append(Rows(name, _rows([("", element.value)], told, where), section))
    return entries


def _rows(rows: Sequence[tuple[str, str]], words: PlainFacts, where: str) -> tuple[tuple[str, str], ...]:
    filled = [(_words(label, words, where), _words(value, words, where)) for label, value in rows]
    return tuple((label, value) for label, value in filled if value)


def _words(text: str, words: PlainFacts, where: str) -> str:
    """Fill one text in: line breaks written in the template are kept, other runs of spaces are one space."""
    lines = [_SPACES.sub(" ", line).strip(" ") for line in render_text(text, words, where).split("\n")]
    return "\n".join(line for line in lines if line)
