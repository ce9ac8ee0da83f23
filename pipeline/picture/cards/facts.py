"""The facts that a card shows, as plain values and arrays.

Whoever knows the film fills these in. This module does not know where facts come from, nor how they are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pipeline.picture.language import Language, english
from pipeline.picture.plotting.named_losses import NamedLosses


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
    """One network's losses, as they are shown.

    Parameters
    ----------
    iterations, training_losses
        The training loss, shapes (n,), iterations ascending; may be empty.
    validation_iterations, validation_losses
        The validation loss at each checkpoint, shapes (m,).
    section
        Counted from 0: gives the colour.
    kind
        Losses on the same held-out sound are of the same kind: only those can be compared.
    measured_on
        What sound that is, in a few words.
    epochs
        Passes through the training data at each training loss, shape (n,); empty where that isn't known.
    unit
        What they are counted in; empty where nothing says.
    names
        What the log of another program calls the training's and the validation's loss; empty for networks of our own.
    further_training, further_validation
        More curves of such a log, in the same unit.
    """

    iterations: npt.NDArray[np.int64]
    training_losses: npt.NDArray[np.float64]
    validation_iterations: npt.NDArray[np.int64]
    validation_losses: npt.NDArray[np.float64]
    section: int = 0
    kind: int = 0
    measured_on: str = ""
    epochs: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    unit: str = "bits per byte"
    names: tuple[str, str] = ("", "")
    further_training: tuple[NamedLosses, ...] = ()
    further_validation: tuple[NamedLosses, ...] = ()

    @property
    def is_logged(self) -> bool:
        """Whether another program has logged it; NaN is a gap then."""
        return any(self.names)

    @property
    def judged(self) -> NamedLosses:
        """The loss that it is compared by: the validation loss, or of a log without one the training loss."""
        if self.is_logged and not self.validation_iterations.size:
            return NamedLosses(self.names[0], self.iterations, self.training_losses)
        return NamedLosses(self.names[1], self.validation_iterations, self.validation_losses)

    def further(self, series: Literal["training", "validation"]) -> tuple[NamedLosses, ...]:
        """The further curves of a series."""
        return self.further_training if series == "training" else self.further_validation


@dataclass(frozen=True, eq=False)
class Envelope:
    """How loud a recording is, part by part: peaks and mean squares, shapes (n,), full scale = 1."""

    peaks: npt.NDArray[np.float32]
    squares: npt.NDArray[np.float32]

    @classmethod
    def of(cls, samples: npt.NDArray[np.floating], parts: int) -> Envelope:
        """Measure an array of samples, shape (n,), in at most `parts` equal parts."""
        count = min(max(1, parts), samples.size)
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
        """Peak and root mean square of `count` equal parts, both shape (count,), 0..1."""
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
    """Everything that a card may show. Elements read only what they declare beside the words.

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
    curve
        The section's own; None for cards of the whole film.
    heard
        The iterations of the checkpoints that are heard in the section, ascending.
    picture
        The user's image or logo: sRGB and opacity, uint8, shape (h, w, 4); None where there is none.
    language
        Of the words and numbers that elements draw by themselves.
    """

    words: Mapping[str, Any]
    section: int | None = None
    layers: tuple[NetworkLayer, ...] = ()
    recording: Envelope = field(default_factory=_silence)
    curves: tuple[LossCurve, ...] = ()
    curve: LossCurve | None = None
    heard: tuple[int, ...] = ()
    picture: npt.NDArray[np.uint8] | None = None
    language: Language = field(default_factory=english)
