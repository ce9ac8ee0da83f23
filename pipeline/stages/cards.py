"""cards: templates and facts become the pictures of all cards, and the thumbnail."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from pipeline.errors import StageError, TemplateError
from pipeline.picture.cards.card import CardPicture
from pipeline.picture.cards.drawing import draw_card, former_names, load_card_template
from pipeline.picture.cards.elements.setting import ELEMENT_WORDS
from pipeline.picture.cards.facts import CardFacts
from pipeline.picture.cards.files import write_card
from pipeline.picture.cards.filling import fill
from pipeline.picture.cards.template import CardTemplate
from pipeline.picture.language import Language
from pipeline.picture.legibility import small_words_in_scenes, small_words_on_card
from pipeline.picture.text.template_checks import FormerName
from pipeline.picture.text.templating import PlainFacts
from pipeline.picture.text.typesetting import TextStyle, typesetter_for
from pipeline.picture.theme.theme import Theme, load_theme
from pipeline.picture.theme.toml_files import read_template_text
from pipeline.production.schema import Production
from pipeline.runtime.executor import Work
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.runtime.resources import find_template
from pipeline.runtime.wording.named_files import near_names
from pipeline.stages.shared.card_inputs import OF_ALL_SECTIONS, CardInputs, card_facts, card_ingredients, card_picture
from pipeline.stages.shared.card_names import OWN, RUN_CARD, SECTION_CARDS, CardOrigin, card_origin
from pipeline.stages.shared.checks import existing_file, own_captions
from pipeline.stages.shared.facts.film_language import check_language, language_notes, language_of
from pipeline.stages.shared.facts.former import note_former_names
from pipeline.stages.shared.facts.vocabulary import FILM_FACTS, SECTION_FACTS, film_facts, section_facts
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.scenes.grounds import check_ground, film_ground, first_picture, ground_piece, make_ground
from pipeline.stages.shared.scenes.layouts import section_layout
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import file_sha256
from pipeline.store.store import Json, Piece, Result, Store, write_record

STAGE: Final = "cards"
VERSION: Final = 6
THUMBNAIL: Final = "thumbnail"
THUMBNAIL_SIZE: Final = (1280, 720)


def pieces(production: Production, results: Results) -> list[Piece]:
    """One piece a card, and the thumbnail: determined by its template, theme, size and words."""
    sources = _Sources.of(production, results)
    ground = ground_piece(production, STAGE)
    return [
        *([] if ground is None else [ground]),
        *(_piece(production, results, name, sources) for name in _names(results)),
    ]


@dataclass(frozen=True)
class _Sources:
    """What all cards are made from, read and gathered once however many there are."""

    words: PlainFacts
    language: Language
    templates: Mapping[str, CardTemplate]
    """By the card's name: the template's own name, and the template."""
    theme: Theme

    @classmethod
    def of(cls, production: Production, results: Results, names: Sequence[str] | None = None) -> Self:
        """Gather the words and read the templates and the theme."""
        origins = {name: card_origin(production, name) for name in names or _names(results)}
        language = language_of(production)
        kinds = {_kind(origin): origin for origin in origins.values()}
        loaded = {kind: _template(production, origin) for kind, origin in kinds.items()}
        return cls(
            film_facts(production, results, language),
            language,
            {name: loaded[_kind(origin)] for name, origin in origins.items()},
            load_theme(production.video.theme, production.templates_folder),
        )

    def template(self, name: str) -> CardTemplate:
        """The template of a card."""
        return self.templates[name]

    def words_of(self, section: int | None) -> PlainFacts:
        """What a card may say: one of a section has that section's facts by their own name."""
        return self.words if section is None else section_facts(self.words, section)


def run(production: Production, results: Results, workplace: Workplace) -> Results:
    """Draw the cards that are not fresh."""
    names, sources = _names(results), _Sources.of(production, results)
    note_former_names(workplace.report, names_of_before(production))
    for note in language_notes(production, sources.language):
        workplace.report.note(note)
    _warn_of_small_words(production, results, sources, workplace)
    workplace.report.begin(WorkStart(STAGE, "cards", float(len(names)), "cards"))
    results = replace(results, ground=make_ground(production, STAGE, workplace))
    for fault in check_ground(production):
        workplace.report.warn(f"the theme '{production.video.theme}': {fault}")
    if not workplace.executor.works_here:
        _draw_elsewhere(production, results, sources, workplace)
        workplace = replace(workplace, force=workplace.force - {STAGE})
    cards = []
    for done, name in enumerate(names, start=1):
        cards.append(_card(production, results, name, sources, workplace))
        workplace.report.advance(float(done), name)
    return replace(results, cards=tuple(cards))


def names_of_before(production: Production) -> Iterator[FormerName]:
    """The names in the templates of all cards that are others now."""
    for name, is_of_section in dict.fromkeys(map(_kind, _origins(production))):
        yield from former_names(name, production.templates_folder, SECTION_FACTS if is_of_section else FILM_FACTS)


def _origins(production: Production) -> Iterator[CardOrigin]:
    """Where every card of the film comes from."""
    runs = [RUN_CARD] if any(section.run is not None for section in production.sections) else []
    yield from (CardOrigin(name, None) for name in ("title", "comparison", "credits", THUMBNAIL))
    yield from (CardOrigin(name, 0) for name in (*SECTION_CARDS, *runs))
    yield from (card_origin(production, f"{OWN}-{number + 1}") for number in range(len(production.cards)))


def run_one(production: Production, results: Results, name: str, workplace: Workplace) -> Results:
    """Draw one card where it is not fresh; the others stay as they are, there or not."""
    if results.ground is None:
        results = replace(results, ground=make_ground(production, STAGE, workplace))
    sources = _Sources.of(production, results, [name])
    card = _card(production, results, name, sources, workplace)
    others = tuple(one for one in results.cards if one.record.name != name)
    return replace(results, cards=(*others, card))


def ahead(production: Production, results: Results, workplace: Workplace, sections: Collection[int]) -> Results:
    """Draw the cards of some sections that say and show nothing of the others.

    Parameters
    ----------
    results
        With a timeline in which other sections may be placeholders.
    sections
        Those whose training has ended, counted from 0.

    Returns
    -------
    Results
        With these cards alone.
    """
    sources, cards = _Sources.of(production, results), []
    for clip in results.timeline.record.cards() if results.timeline is not None else ():
        reads = sources.template(clip.name).reads
        if card_origin(production, clip.name).section in sections and reads.isdisjoint(OF_ALL_SECTIONS):
            cards.append(_card(production, results, clip.name, sources, workplace))
    return replace(results, cards=tuple(cards))


def _warn_of_small_words(production: Production, results: Results, sources: _Sources, workplace: Workplace) -> None:
    video, timeline = production.video, results.timeline
    if timeline is None:
        return
    type_ = typesetter_for(sources.theme)
    found: dict[str, None] = {}
    for number, section in enumerate(timeline.record.sections):
        captions = [caption.text for caption in timeline.record.captions if caption.section == number]
        layout = section_layout(production, number)
        size = (video.width, video.height)
        found |= dict.fromkeys(map(str, small_words_in_scenes(captions, [section.title], type_, layout, size)))
    for words in found:
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
    for origin in _origins(production):
        _template(production, origin)
    check_ground(production)
    _check_caption_styles(production, theme)
    if production.video.picture:
        existing_file(production, production.video.picture, "video, picture")
        card_picture(production)
    type_ = typesetter_for(theme)
    check_language(production, lambda text: type_.measure(text, TextStyle(64.0)))
    for text in _own_words(production):
        type_.measure(text, TextStyle(64.0))


def _own_words(production: Production) -> Iterator[str]:
    """Every text of the production's own; captions with what is filled into them, which any font has."""
    yield from (production.title, production.subtitle, production.author, production.recording_credit)
    names = ["take", "recording", *(["run"] if any(section.run is not None for section in production.sections) else [])]
    for name in names:
        yield read_template_text(find_template(f"captions/{name}.txt", production.templates_folder))
    yield from (section.title for section in production.sections)
    yield from (text for text, _ in own_captions(production))


def _names(results: Results) -> list[str]:
    if results.timeline is None:
        raise StageError("There is no timeline to make cards for.", hint="Run build-video storyboard first.")
    return [*(clip.name for clip in results.timeline.record.cards()), THUMBNAIL]


def _size(production: Production, name: str) -> tuple[int, int]:
    width, height = production.video.width, production.video.height
    if name != THUMBNAIL:
        return width, height
    if not production.cut:
        return THUMBNAIL_SIZE
    longer = max(width, height)  # a cut's thumbnail has the cut's shape
    return THUMBNAIL_SIZE[0] * width // longer // 2 * 2, THUMBNAIL_SIZE[0] * height // longer // 2 * 2


def _kind(origin: CardOrigin) -> tuple[str, bool]:
    """What cards have in common that are made from one template: its name, and whether it may name a section."""
    return origin.template, origin.section is not None


def _template(production: Production, origin: CardOrigin) -> CardTemplate:
    names = FILM_FACTS if origin.section is None else SECTION_FACTS
    return load_card_template(origin.template, production.templates_folder, names)


def _check_caption_styles(production: Production, theme: Theme) -> None:
    for number, section in enumerate(production.sections, start=1):
        style = section.storyboard.caption_style
        if style and style not in theme.caption_styles:
            near = near_names(style, [*theme.caption_styles])
            raise TemplateError(
                f"The theme '{production.video.theme}' has no caption style '{style}'.",
                where=f"section {number} ({section.title}), storyboard.caption_style",
                expected=f"one of {', '.join(theme.caption_styles)}" if theme.caption_styles else "",
                hint=f"Did you mean '{near[0]}'?" if near else f"Add [caption_styles.{style}] to the theme.",
            )


def _piece(production: Production, results: Results, name: str, sources: _Sources) -> Piece:
    template, theme = sources.template(name), sources.theme
    origin = card_origin(production, name)
    section = origin.section
    words = CardFacts(sources.words_of(section), section, language=sources.language)
    where = f"cards/{origin.template}.toml"
    inputs = CardInputs(production, results, section, sources.language)
    ingredients: dict[str, Json] = {
        "template": template.model_dump(mode="json", exclude_defaults=True),
        "theme": theme.model_dump(mode="json"),
        "fonts": [file_sha256(path) for path in theme.font_files],
        **({} if theme.ground_file is None else {"ground": file_sha256(theme.ground_file)}),
        **({"pictures": [file_sha256(path) for path in template.pictures]} if template.pictures else {}),
        "size": list(_size(production, name)),
        "section": section,
        "words": [tuple(one.words.all_words()) for one in fill(template, words, where)],
        "drawn": card_ingredients(inputs, template.reads),
    }
    if identity := sources.language.identity(ELEMENT_WORDS):
        ingredients["language"] = identity
    return Piece(STAGE, production.piece_name(f"card-{name}"), VERSION, ingredients)


@dataclass(frozen=True)
class _CardTask:
    """One card to be drawn, by whichever process."""

    name: str
    piece: Piece
    template: CardTemplate
    file: str
    facts: CardFacts
    theme: Theme
    size: tuple[int, int]
    ground: npt.NDArray[np.uint8] | None
    store_root: Path


def _task(
    production: Production, results: Results, piece: Piece, *, name: str, sources: _Sources, root: Path
) -> _CardTask:
    template, origin = sources.template(name), card_origin(production, name)
    inputs = CardInputs(production, results, origin.section, sources.language)
    facts = card_facts(inputs, sources.words_of(origin.section), template.reads)
    file, size = f"cards/{origin.template}.toml", _size(production, name)
    ground = first_picture(film_ground(production, results.ground), size)
    return _CardTask(name, piece, template, file, facts, sources.theme, size, ground, root)


def _draw(task: _CardTask) -> list[str]:
    """Draw and keep one card; returns what is to be warned of."""
    drawn = draw_card(task.template, task.facts, task.theme, task.size, where=task.file, ground=task.ground)
    with Store(task.store_root).publish(task.piece) as folder:
        write_record(folder, write_card(drawn, folder, name=task.name, template=task.file))
    return [f"the card '{task.name}': {small}; shorten its words" for small in small_words_on_card(drawn, task.size)]


def _card(
    production: Production, results: Results, name: str, sources: _Sources, workplace: Workplace
) -> Result[CardPicture]:
    piece, store = _piece(production, results, name, sources), workplace.store
    if STAGE not in workplace.force and (found := store.result(piece, CardPicture)) is not None:
        return _named(found, name)
    for warning in _draw(_task(production, results, piece, name=name, sources=sources, root=store.root)):
        workplace.report.warn(warning)
    return _named(store.published(piece, CardPicture), name)


def _draw_elsewhere(production: Production, results: Results, sources: _Sources, workplace: Workplace) -> None:
    """Have the executor draw all cards that are not fresh."""
    store, report = workplace.store, workplace.report
    todo: dict[str, _CardTask] = {}
    for name in sources.templates:
        piece = _piece(production, results, name, sources)
        if STAGE in workplace.force or store.find(piece) is None:
            todo[piece.key] = _task(production, results, piece, name=name, sources=sources, root=store.root)
    drawn = workplace.executor.run(
        _draw,
        [
            Work(task, key, task.piece.name, place=partial(store.publish, task.piece), amount=1.0)
            for key, task in todo.items()
        ],
        jobs=workplace.jobs,
        on_loss=report.warn,
    )
    for warnings in drawn:
        for warning in warnings:
            report.warn(warning)


def _named(card: Result[CardPicture], name: str) -> Result[CardPicture]:
    """The card by the name that it has in this film: cards that look the same are one result."""
    return replace(card, record=card.record.model_copy(update={"name": name}))
