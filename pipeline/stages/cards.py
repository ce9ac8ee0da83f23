"""cards: templates and facts become the pictures of all cards, and the thumbnail."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from pipeline.errors import StageError
from pipeline.film.inputs.footage import content_hash
from pipeline.film.inputs.stills import read_logo
from pipeline.learning.corpus import Corpus, comparable, load_bytes
from pipeline.learning.models.network import LstmSettings, TieredSettings, parse_network
from pipeline.learning.training.loss_log import read_columns
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.cards.card import CardPicture
from pipeline.picture.cards.drawing import draw_card, load_card_template
from pipeline.picture.cards.facts import CardFacts, Envelope, LossCurve, NetworkLayer, fill
from pipeline.picture.cards.files import write_card
from pipeline.picture.cards.template import CardTemplate
from pipeline.picture.legibility import small_words_in_scenes, small_words_on_card
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.plotting.ticks import NATS_PER_BIT
from pipeline.picture.text.number_words import compact, rate
from pipeline.picture.text.templating import PlainFacts
from pipeline.picture.text.typesetting import TextStyle, typesetter_for
from pipeline.picture.theme.template_files import read_template_text
from pipeline.picture.theme.theme import Theme, load_theme
from pipeline.production.schema import Production, Section
from pipeline.runtime.resources import find_template
from pipeline.sound.signal.quantise import dequantise
from pipeline.stages.shared.checks import existing_file, own_captions
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import file_sha256
from pipeline.store.store import Json, Piece, Result, write_record

STAGE: Final = "cards"
VERSION: Final = 2
THUMBNAIL: Final = "thumbnail"
THUMBNAIL_SIZE: Final = (1280, 720)
FACTS: Final = (
    *("title", "subtitle", "author", "recording_credit", "language", "film", "sections"),
    *("software", "machine"),
)
"""What the templates of all cards may name; those of sections also `section`."""

_SOFTWARE: Final = (("build-video", "build-video"), ("PyTorch", "torch"), ("NumPy", "numpy"))
_DEVICES: Final = {"cpu": "CPU", "cuda": "GPU"}
_ENCODINGS: Final = {"linear-u8": "linear", "mu-law": "\u00b5-law"}
_STRETCHES: Final = 2048
"""How finely loudness is measured: more than there are bars on any card."""
_SAMPLES_AT_ONCE: Final = 1 << 22


def pieces(production: Production, results: Results) -> list[Piece]:
    """One piece a card, and the thumbnail: determined by its template, theme, size and words."""
    sources = _Sources.of(production, results)
    return [_piece(production, results, name, sources) for name in _names(results)]


@dataclass(frozen=True)
class _Sources:
    """What all cards are made from, read and gathered once however many there are."""

    words: PlainFacts
    templates: Mapping[str, CardTemplate]
    theme: Theme

    @classmethod
    def of(cls, production: Production, results: Results) -> Self:
        """Gather the words and read the templates and the theme."""
        kinds = {_template_name(name) for name in _names(results)}
        return cls(
            PlainFacts(_words(production, results)),
            {kind: _template(production, kind) for kind in sorted(kinds)},
            load_theme(production.video.theme, production.templates_folder),
        )

    def template(self, name: str) -> CardTemplate:
        """The template of a card."""
        return self.templates[_template_name(name)]

    def words_of(self, section: int | None) -> PlainFacts:
        """What a card may say: one of a section has that section's facts by their own name."""
        return self.words if section is None else self.words.including("section", self.words["sections"][section])


def run(production: Production, results: Results, workplace: Workplace) -> Results:
    """Draw the cards that are not fresh."""
    names, sources = _names(results), _Sources.of(production, results)
    _warn_of_small_words(production, results, sources, workplace)
    workplace.report.begin(STAGE, "cards", float(len(names)), "cards")
    cards = []
    for done, name in enumerate(names, start=1):
        cards.append(_card(production, results, name, sources, workplace))
        workplace.report.advance(float(done), name)
    return replace(results, cards=tuple(cards))


def _warn_of_small_words(production: Production, results: Results, sources: _Sources, workplace: Workplace) -> None:
    video, timeline = production.video, results.timeline
    if timeline is not None:
        captions = [caption.text for caption in timeline.record.captions]
        titles = [section.title for section in timeline.record.sections]
        layout, type_ = load_layout(video.layout, production.templates_folder), typesetter_for(sources.theme)
        for words in small_words_in_scenes(captions, titles, type_, layout, (video.width, video.height)):
            workplace.report.warn(f"{words}; shorten it, or let the layout give it more room or lines")


def check(production: Production) -> None:
    """Check theme, card templates, and the film's own words and picture.

    Raises
    ------
    TemplateError
        The theme, or a card's template.
    GlyphError
        A title or caption with a character that no font at hand can draw.
    FootageError
        The film's own picture.
    """
    theme = load_theme(production.video.theme, production.templates_folder)
    for name in ("title", "section", "comparison", "credits", THUMBNAIL):
        load_card_template(name, production.templates_folder, _fact_names(name))
    if production.video.picture:
        existing_file(production, production.video.picture, "video, picture")
        _picture(production)
    type_ = typesetter_for(theme)
    for text in _own_words(production):
        type_.measure(text, TextStyle(64.0))


def _own_words(production: Production) -> Iterator[str]:
    """All that the production says in its own words; captions with what is filled into them, which any font has."""
    yield from (production.title, production.subtitle, production.author, production.recording_credit)
    for name in ("take", "recording"):
        yield read_template_text(find_template(f"captions/{name}.txt", production.templates_folder))
    yield from (section.title for section in production.sections)
    yield from (text for text, _ in own_captions(production))


def _names(results: Results) -> list[str]:
    if results.timeline is None:
        raise StageError("There is no timeline to make cards for.", hint="Run build-video storyboard first.")
    return [*(clip.name for clip in results.timeline.record.cards()), THUMBNAIL]


def _template_name(name: str) -> str:
    return "section" if name.startswith("section-") else name


def _fact_names(template: str) -> tuple[str, ...]:
    return (*FACTS, "section") if template == "section" else FACTS


def _size(production: Production, name: str) -> tuple[int, int]:
    width, height = production.video.width, production.video.height
    if name != THUMBNAIL:
        return width, height
    if not production.cut:
        return THUMBNAIL_SIZE
    longer = max(width, height)  # a cut's thumbnail has the cut's shape
    return THUMBNAIL_SIZE[0] * width // longer // 2 * 2, THUMBNAIL_SIZE[0] * height // longer // 2 * 2


def _section_of(name: str) -> int | None:
    return int(name.removeprefix("section-")) - 1 if name.startswith("section-") else None


def _template(production: Production, kind: str) -> CardTemplate:
    return load_card_template(kind, production.templates_folder, _fact_names(kind))


def _piece(production: Production, results: Results, name: str, sources: _Sources) -> Piece:
    own, template, theme = production.templates_folder, sources.template(name), sources.theme
    section = _section_of(name)
    words = CardFacts(sources.words_of(section), section)
    where = f"cards/{_template_name(name)}.toml"
    kinds = {element.kind for element in template.element}
    network = section is not None and "diagram" in kinds
    ingredients: dict[str, Json] = {
        "template": file_sha256(find_template(where, own)),
        "theme": theme.model_dump(mode="json"),
        "fonts": [file_sha256(path) for path in theme.font_files],
        "size": list(_size(production, name)),
        "section": section,
        "words": [tuple(one.all_words()) for one in fill(template, words, where)],
        "network": [[layer.name, layer.size, layer.kind] for layer in _layers(results, section)] if network else [],
        "recordings": [corpus.content_hash for corpus in _corpora(results, section)] if "waveform" in kinds else [],
        "losses": [trained.content_hash for trained in results.runs] if "graph" in kinds else [],
        "comparable": list(_kinds(results)) if "graph" in kinds else [],
    }
    if "picture" in kinds and (picture := production.picture_path):
        ingredients["picture"] = content_hash(picture)
    return Piece(STAGE, production.piece_name(f"card-{name}"), VERSION, ingredients)


def _card(
    production: Production, results: Results, name: str, sources: _Sources, workplace: Workplace
) -> Result[CardPicture]:
    piece = _piece(production, results, name, sources)
    if STAGE not in workplace.force and (found := workplace.store.result(piece, CardPicture)) is not None:
        return found
    template = sources.template(name)
    kinds = {element.kind for element in template.element}
    section = _section_of(name)
    facts = CardFacts(
        words=sources.words_of(section),
        section=section,
        layers=_layers(results, section),
        recording=_loudness(_corpora(results, section)) if "waveform" in kinds else CardFacts({}).recording,
        curves=tuple(_curve(results, index) for index in range(len(results.runs))) if "graph" in kinds else (),
        picture=_picture(production) if "picture" in kinds else None,
    )
    where = f"cards/{_template_name(name)}.toml"
    drawn = draw_card(template, facts, sources.theme, _size(production, name), where=where)
    for small in small_words_on_card(drawn, _size(production, name)):
        workplace.report.warn(f"the card '{name}': {small}; shorten its words")
    with workplace.store.publish(piece) as folder:
        write_record(folder, write_card(drawn, folder, name=name, template=where))
    return workplace.store.published(piece, CardPicture)


# What cards may say


def _words(production: Production, results: Results) -> Mapping[str, Any]:
    sections = [_section_words(production, results, index) for index in range(len(production.sections))]
    return {
        "title": production.title,
        "subtitle": production.subtitle,
        "author": production.author,
        "recording_credit": production.recording_credit,
        "language": production.language,
        "film": {
            "sections": len(sections),
            "is_comparable": len(set(_kinds(results))) == 1,
            "recordings_s": sum(corpus.record.duration_s for corpus in results.corpora),
            "parameters": sum(trained.record.parameters for trained in results.runs),
            "iterations": sum(trained.record.iterations for trained in results.runs),
            "training_s": sum(trained.record.elapsed_s for trained in results.runs),
            "takes": sum(len(takes) for takes in results.takes),
        },
        "sections": sections,
        "software": _software(),
        "machine": f"{os.cpu_count() or 1} CPU cores, {platform.system()} {platform.machine()}",
    }


def _section_words(production: Production, results: Results, index: int) -> Mapping[str, Any]:
    section, corpus, trained = production.sections[index], results.corpora[index].record, results.runs[index].record
    return {
        "number": index + 1,
        "title": section.title,
        "takes": len(results.takes[index]) if index < len(results.takes) else 0,
        "network": _network_words(trained),
        "corpus": _corpus_words(corpus),
        "training": _training_words(trained),
        "loss": {
            "first_nats": trained.first_validation_nats,
            "last_nats": trained.last_validation_nats,
            "best_nats": trained.best_validation_nats,
            "best_iteration": trained.best_iteration,
        },
        "sampling": _sampling_words(section),
    }


def _network_words(trained: TrainingRun) -> Mapping[str, Any]:
    network = parse_network(trained.network)
    size = f"{network.layers} \u00d7 {network.neurons} neurons" if network.layers > 1 else f"{network.neurons} neurons"
    common = network.model_dump(include={"kind", "layers", "neurons", "embedding", "dropout"})
    if isinstance(network, LstmSettings):
        return {**common, "name": f"LSTM, {size}", "parameters": trained.parameters, "tiers": ""}
    fast = f"{network.fast_layers + 1} \u00d7 {network.fast_neurons}"
    tiers = f"LSTM every {network.group} bytes; {fast} for each byte"
    return {**common, "name": f"tiered LSTM, {size}", "parameters": trained.parameters, "tiers": tiers}


def _corpus_words(corpus: Corpus) -> Mapping[str, Any]:
    return {
        "duration_s": corpus.duration_s,
        "sample_rate_hz": corpus.sample_rate_hz,
        "encoding": corpus.encoding,
        "encoding_name": _ENCODINGS[corpus.encoding],
        "samples": corpus.total_samples,
        "silence_share": corpus.silence_share,
        "recordings": [recording.name for recording in corpus.recordings],
    }


def _training_words(trained: TrainingRun) -> Mapping[str, Any]:
    recipe = trained.recipe
    return {
        "recipe": str(recipe.get("name", trained.training.get("recipe", ""))),
        **{name: recipe.get(name) for name in ("batch", "sequence", "learning_rate", "seed")},
        "iterations": trained.iterations,
        "epochs": trained.epochs,
        "elapsed_s": trained.elapsed_s,
        "checkpoints": len(trained.checkpoints),
        "device": trained.device,
        "device_name": _DEVICES.get(trained.device.split(":")[0], trained.device),
    }


def _sampling_words(section: Section) -> Mapping[str, Any]:
    temperatures = [temperature for _, temperature in section.sampling.curve()]
    low, high = min(temperatures), max(temperatures)
    told = compact(low) if low == high else f"{compact(low)} to {compact(high)}"
    return {"temperature": told, "seed": section.sampling.seed, "prime_s": section.sampling.prime_s}


def _software() -> list[str]:
    found = []
    for name, package in _SOFTWARE:
        try:
            found.append(f"{name} {version(package).split('+')[0]}")
        except PackageNotFoundError:
            continue  # run from its source, without being installed
    return [*found[:1], f"Python {platform.python_version()}", *found[1:]]


# What cards may draw


def _picture(production: Production) -> npt.NDArray[np.uint8] | None:
    return read_logo(production.picture_path) if production.picture_path else None


def _layers(results: Results, section: int | None) -> tuple[NetworkLayer, ...]:
    if section is None:
        return ()
    network = parse_network(results.runs[section].record.network)
    lstm = tuple(NetworkLayer("LSTM", network.neurons, "recurrent") for _ in range(network.layers))
    head, tail = NetworkLayer("embed", network.embedding), NetworkLayer("next", 256, "bytes")
    if not isinstance(network, TieredSettings):
        return (NetworkLayer("byte", 256, "bytes"), head, *lstm, tail)
    fast = tuple(NetworkLayer("fast", network.fast_neurons) for _ in range(network.fast_layers + 1))
    first = NetworkLayer("bytes", 256, "bytes")
    return (first, replace(head, size=network.group * network.embedding), *lstm, *fast, tail)


def _corpora(results: Results, section: int | None) -> Sequence[Result[Corpus]]:
    return results.corpora if section is None else results.corpora[section : section + 1]


def _loudness(corpora: Sequence[Result[Corpus]]) -> Envelope:
    """How loud the recordings are, one after the other, each as finely as it is long."""
    whole = sum(corpus.record.total_samples / corpus.record.sample_rate_hz for corpus in corpora)
    parts = []
    for corpus in corpora:
        share = corpus.record.total_samples / corpus.record.sample_rate_hz / whole
        parts += _measured(load_bytes(corpus.record, corpus.folder), corpus.record, max(1, round(_STRETCHES * share)))
    return Envelope.joined(parts)


def _measured(codes: npt.NDArray[np.uint8], corpus: Corpus, stretches: int) -> list[Envelope]:
    """Measure a corpus bit by bit: hours of it would not fit into memory as floats."""
    parts = -(-len(codes) // _SAMPLES_AT_ONCE)
    edges = np.linspace(0, len(codes), parts + 1).astype(np.int64)
    return [
        Envelope.of(dequantise(np.asarray(codes[first:last]), corpus.encoding), max(1, round(stretches / parts)))
        for first, last in pairwise(edges)
    ]


def _kinds(results: Results) -> tuple[int, ...]:
    return comparable([(corpus.record, corpus.folder) for corpus in results.corpora])


def _curve(results: Results, index: int) -> LossCurve:
    trained = results.runs[index]
    columns = read_columns(trained.path(trained.record.log_file))[:, (0, 4)]
    columns = columns[np.isfinite(columns).all(axis=1)]
    checkpoints, corpus = trained.record.checkpoints, results.corpora[index].record
    return LossCurve(
        iterations=columns[:, 0].astype(np.int64),
        training_bits=columns[:, 1] / NATS_PER_BIT,
        validation_iterations=np.array([point.iteration for point in checkpoints], np.int64),
        validation_bits=np.array([point.validation_loss_nats for point in checkpoints]) / NATS_PER_BIT,
        section=index,
        kind=_kinds(results)[index],
        measured_on=f"{_ENCODINGS[corpus.encoding]}, {rate(corpus.sample_rate_hz)}",
    )
