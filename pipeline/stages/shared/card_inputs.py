"""What cards draw beside their words, and what determines it: each such field of `CardFacts` with its part of a key.

This module owns where the data of elements come from. The key of a card is made of the fields that its template's
elements read, so a field and its part of the key stand side by side in `SOURCES`. It does not know any element.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.samples import Samples
from pipeline.film.inputs.footage import content_hash
from pipeline.film.inputs.stills import read_logo
from pipeline.learning.corpus import Corpus
from pipeline.learning.models.network import parse_network
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.cards.facts import CardFacts, Envelope, LossCurve, NetworkLayer
from pipeline.picture.language import Language, english
from pipeline.picture.text.number_words import NumberWords
from pipeline.picture.text.templating import PlainFacts
from pipeline.production.schema import Production
from pipeline.stages.shared.facts.wording import encoding_name
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.sections.comparing import comparable_kinds
from pipeline.stages.shared.sections.losses import losses_key, section_losses
from pipeline.stages.shared.sections.pictures import loss_curve
from pipeline.stages.shared.sections.sounds import Heard, mono_samples_of
from pipeline.store.store import Json

WORD_FIELDS: Final = frozenset({"words", "section", "language"})
"""The fields of `CardFacts` that every card has, gathered elsewhere."""
OF_ALL_SECTIONS: Final = frozenset({"curves"})
"""Those that show something of every section, on whichever card."""
_PARTS: Final = 2048
"""How finely loudness is measured: more than there are bars on any card."""
_SAMPLES_AT_ONCE: Final = 1 << 22


@dataclass(frozen=True)
class CardInputs:
    """What a card's data come from; `section` is the card's, counted from 0, None for cards of the whole film."""

    production: Production
    results: Results
    section: int | None
    language: Language = field(default_factory=english)


@dataclass(frozen=True)
class CardSource:
    """Where one field of a card's facts comes from: `value` makes it, `key` returns what determines it."""

    value: Callable[[CardInputs], Any]
    key: Callable[[CardInputs], Json]


def card_facts(inputs: CardInputs, words: PlainFacts, fields: Collection[str]) -> CardFacts:
    """Gather what a card shows; fields that none of its elements reads stay empty."""
    return CardFacts(
        words, inputs.section, language=inputs.language, **{name: SOURCES[name].value(inputs) for name in fields}
    )


def card_ingredients(inputs: CardInputs, fields: Collection[str]) -> dict[str, Json]:
    """Return what determines these fields, for a result's key."""
    return {name: SOURCES[name].key(inputs) for name in sorted(fields)}


def card_picture(production: Production) -> npt.NDArray[np.uint8] | None:
    """Read the film's own picture, where there is one.

    Raises
    ------
    FootageError
        Where it can't be read.
    """
    return read_logo(production.picture_path) if production.picture_path else None


def _layers(inputs: CardInputs) -> tuple[NetworkLayer, ...]:
    if inputs.section is None:
        return ()
    trained = inputs.results.runs[inputs.section].record
    if not isinstance(trained, TrainingRun):
        return ()
    network = parse_network(trained.network)
    names = {
        name: inputs.language.text(f"element.{name}") for name in ("byte", "bytes", "embedding", "lstm", "fast", "next")
    }
    lstm = tuple(NetworkLayer(names["lstm"], network.neurons, "recurrent") for _ in range(network.layers))
    first = NetworkLayer(names["bytes" if network.group > 1 else "byte"], 256, "bytes")
    head = NetworkLayer(names["embedding"], network.group * network.embedding)
    fast = tuple(NetworkLayer(names["fast"], width) for width in network.fast_widths)
    return (first, head, *lstm, *fast, NetworkLayer(names["next"], 256, "bytes"))


def _voices(inputs: CardInputs) -> Sequence[Heard]:
    """What is heard of the sections first: their recordings, or of a run that has none its last sound."""
    results, section = inputs.results, inputs.section
    sections = range(len(results.corpora)) if section is None else (section,)
    found: list[Heard] = []
    for index in sections:
        takes = results.takes[index] if index < len(results.takes) else ()
        if results.corpora[index].record.duration_s > 0:
            found.append(results.corpora[index])
        elif takes:
            found.append(takes[-1])
    return found


def _loudness(voices: Sequence[Heard]) -> Envelope:
    """How loud the recordings are, one after the other, each as finely as it is long."""
    opened = [mono_samples_of(voice) for voice in voices]
    lengths = [len(samples) / voice.record.sample_rate_hz for samples, voice in zip(opened, voices, strict=True)]
    parts: list[Envelope] = []
    for samples, length in zip(opened, lengths, strict=True):
        parts += _measured(samples, max(1, round(_PARTS * length / sum(lengths))))
    return Envelope.joined(parts)


def _measured(samples: Samples, count: int) -> list[Envelope]:
    """Measure a sound bit by bit: hours of it would not fit into memory as floats."""
    parts = -(-len(samples) // _SAMPLES_AT_ONCE)
    edges = np.linspace(0, len(samples), parts + 1).astype(np.int64)
    return [
        Envelope.of(samples[int(first) : int(last)], max(1, round(count / parts))) for first, last in pairwise(edges)
    ]


def _curve(inputs: CardInputs, index: int) -> LossCurve:
    results, language = inputs.results, inputs.language
    corpus, kind = results.corpora[index].record, comparable_kinds(results.corpora, results.runs)[index]
    losses = section_losses(results.runs[index])
    if not isinstance(corpus, Corpus):
        return loss_curve(losses, index, kind, "")
    measured_on = language.text(
        "sound.measured_on",
        encoding=encoding_name(corpus.encoding, language),
        rate=NumberWords(language).rate(corpus.sample_rate_hz),
    )
    return loss_curve(losses, index, kind, measured_on)


def _heard(inputs: CardInputs) -> tuple[int, ...]:
    """The checkpoints of a section's takes, as the timeline has them."""
    timeline, section = inputs.results.timeline, inputs.section
    scenes = timeline.record.scenes() if timeline is not None else ()
    sounds = [sound for scene in scenes if scene.section == section for sound in scene.sounds]
    return tuple(sound.iteration for sound in sounds if sound.iteration is not None)


def _curve_key(results: Results, index: int) -> Json:
    return [results.runs[index].content_hash, results.corpora[index].content_hash]


SOURCES: Final[dict[str, CardSource]] = {
    "layers": CardSource(_layers, lambda inputs: [[layer.name, layer.size, layer.kind] for layer in _layers(inputs)]),
    "recording": CardSource(
        lambda inputs: _loudness(_voices(inputs)),
        lambda inputs: [voice.content_hash for voice in _voices(inputs)],
    ),
    "curves": CardSource(
        lambda inputs: tuple(_curve(inputs, section) for section in range(len(inputs.results.runs))),
        lambda inputs: {
            "losses": [losses_key(trained) for trained in inputs.results.runs],
            "measured on": [corpus.content_hash for corpus in inputs.results.corpora],
        },
    ),
    "curve": CardSource(
        lambda inputs: _curve(inputs, inputs.section) if inputs.section is not None else None,
        lambda inputs: _curve_key(inputs.results, inputs.section) if inputs.section is not None else None,
    ),
    "heard": CardSource(_heard, _heard),
    "picture": CardSource(
        lambda inputs: card_picture(inputs.production),
        lambda inputs: content_hash(inputs.production.picture_path) if inputs.production.picture_path else None,
    ),
}
"""Every field of `CardFacts` beside the words."""
