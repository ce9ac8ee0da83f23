"""The vocabulary of facts: one tree of names for cards, captions, conditions, descriptions and file names.

Its tables are in `film`, `section`, `trained` and `measured`: a fact is one method there, and nothing else names it.
This module owns what stands at the top of the tree, and the names that were there before.

Of the whole film there are `film`, `sections` and `machine`; where a section is at hand also `section`, and for short
its `network`, `training`, `recording` and `take`. In captions `take` is the take that they are about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipeline.picture.language import Language
from pipeline.picture.sandbox.values import CountedFacts, NamedFacts, NumberedFacts, UnknownFact, plain
from pipeline.picture.text.fact_shapes import Shape, within
from pipeline.picture.text.templating import PlainFacts
from pipeline.production.schema import Production
from pipeline.stages.shared.facts.film import FilmTable, MachineTable
from pipeline.stages.shared.facts.measured import HeardCheckpoint, TakeTable, VoiceTable
from pipeline.stages.shared.facts.section import SectionTable
from pipeline.stages.shared.facts.table import LateFacts, at
from pipeline.stages.shared.results import Results

SHORT: Final = ("network", "training", "recording", "take")
"""Parts of a section that stand at the top too."""

FORMER_OF_FILM: Final[Mapping[str, str]] = {
    **{name: f"film.{name}" for name in ("title", "subtitle", "author", "recording_credit", "language", "duration_s")},
    "software": "machine.software",
}
FORMER_OF_CAPTIONS: Final[Mapping[str, str]] = {
    "section_number": "section.number",
    "recording_seconds": "recording.duration_s",
    "sample_rate_hz": "recording.sample_rate_hz",
    "encoding": "recording.encoding",
    "parameters": "network.parameters",
    "iterations": "training.iterations",
    "epochs": "training.epochs",
    "elapsed_s": "training.elapsed_s",
    "first_loss_nats": "section.loss.first_nats",
    "last_loss_nats": "section.loss.last_nats",
    "best_loss_nats": "section.loss.best_nats",
    "takes": "take.of",
    **{
        name: f"take.{name}"
        for name in (
            *("seconds", "iteration", "epoch", "trained_s", "loss_nats", "training_loss_nats", "loss", "loss_unit"),
            *("temperature", "seed", "is_noise", "is_first_noise", "noise_lowered_db"),
            *("finding", "finding_is_first", "copied_s", "copied_from_s"),
        )
    },
    **{
        name: f"take.voice.{name}"
        for name in (
            *("voiced_share", "pitch_hz", "pause_share", "pause_s", "vowel_share", "formant_1_hz", "formant_2_hz"),
        )
    },
    **{
        f"recording_{name}": f"recording.voice.{name}"
        for name in ("voiced_share", "pitch_hz", "pause_s", "formant_1_hz")
    },
}
"""Names that stood at the top before there was one tree, each with where the fact is now. They go on working."""

_SECTION: Final = SectionTable.shape("The card's or caption's section.")
FILM_FACTS: Final = Shape(
    {
        "film": FilmTable.shape("The film."),
        "sections": Shape(items=SectionTable.shape(), meaning="All sections; it stands for how many there are."),
        "machine": MachineTable.shape("What the film is made with."),
    },
    None,
    FORMER_OF_FILM,
)
"""What every template may name."""
SECTION_FACTS: Final = Shape(
    {
        **(FILM_FACTS.fields or {}),
        "section": _SECTION,
        **{name: within(Shape({"section": _SECTION}), f"section.{name}") for name in SHORT},
    },
    None,
    FORMER_OF_FILM,
)
"""What templates of a section's cards may name too."""
CAPTION_FACTS: Final = Shape(SECTION_FACTS.fields, None, {**FORMER_OF_FILM, **FORMER_OF_CAPTIONS})
"""What captions and their conditions may name."""


def film_facts(production: Production, results: Results, language: Language) -> PlainFacts:
    """All facts of the whole film, as templates see them."""
    sections = [SectionTable(production, results, index, language) for index in range(len(production.sections))]
    facts = PlainFacts(
        {
            "film": FilmTable(production, results, sections).values(),
            "sections": CountedFacts([section.values() for section in sections]),
            "machine": MachineTable(language).values(),
        },
        language,
    )
    facts.update(_former(facts, FORMER_OF_FILM))
    return facts


def section_facts(facts: PlainFacts, index: int, heard: HeardCheckpoint | None = None) -> PlainFacts:
    """The same and those of a section, counted from 0; with a checkpoint, all that its captions may name."""
    section = facts["sections"][index]
    if heard is not None and heard.recording_voice is not None:  # known before the timeline, which keeps it, is there
        voice = plain(VoiceTable(heard.recording_voice).values())
        section = _with(section, recording=_with(section["recording"], voice=voice))
    more = facts.including("section", section)
    more.update({name: section[name] for name in SHORT})
    if heard is not None:
        take = TakeTable(heard)
        more["take"] = NumberedFacts(take.number, LateFacts(take))
        more.find_later(FORMER_OF_CAPTIONS, lambda old: at(more, FORMER_OF_CAPTIONS[old]))
    return more


def _with(facts: NamedFacts, **changes: Any) -> NamedFacts:
    return NamedFacts(facts.name, {**facts, **changes}, facts.former)


def _former(facts: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {old: at(facts, now) for old, now in names.items()}


def listed(facts: Any, shape: Shape, group: str = "") -> Iterator[tuple[str, Any, str]]:
    """Every fact by its dotted name, with its value and meaning; those of sections once for each."""
    for key, inner in (shape.fields or {}).items():
        name = f"{group}.{key}" if group else key
        value = facts.facts[key] if isinstance(facts, NumberedFacts) else facts[key]
        if isinstance(value, CountedFacts) and inner.items is not None:
            for place, one in enumerate(value):
                yield from listed(one, inner.items, f"{name}[{place}]")
        elif isinstance(value, Mapping | NumberedFacts) and inner.fields is not None:
            yield from listed(value, inner, name)
        else:
            yield name, None if isinstance(value, UnknownFact) else value, inner.meaning
