"""The files that go with a film: subtitles, chapters, description, timeline texts, thumbnail.

This module joins the timeline with the words of templates. It does not know how the film itself is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from pipeline.film.delivery.chapters import platform_chapters
from pipeline.film.delivery.otio import as_otio
from pipeline.film.delivery.subtitles import Cue, as_subrip, as_webvtt, cues_of, translated_cues
from pipeline.film.timeline.timeline import Timeline
from pipeline.picture.text.fact_shapes import Shape, including, within
from pipeline.picture.text.template_checks import FormerName
from pipeline.picture.text.templating import check_text, render_text
from pipeline.picture.theme.toml_files import read_template_text
from pipeline.production.schema import Production
from pipeline.runtime.resources import find_template
from pipeline.stages.shared.facts.film_language import language_of
from pipeline.stages.shared.facts.vocabulary import FILM_FACTS, SECTION_FACTS, film_facts
from pipeline.stages.shared.results import Results
from pipeline.store.files import atomic_write_bytes, atomic_write_text

THUMBNAIL: Final = "thumbnail"
DESCRIPTION_TEMPLATE: Final = "captions/description.txt"
CARDS_TEMPLATE: Final = "captions/cards.txt"
"""What subtitles say while a card is shown: a card's own words are too many to be read twice."""
FACTS: Final = including(
    FILM_FACTS,
    chapters=Shape(
        items=Shape({"time": Shape(meaning="Where it begins."), "title": Shape(meaning="What it is called.")}),
        meaning="The chapters, in order.",
    ),
)
"""What the description may name."""
CARD_FACTS: Final = including(
    FACTS,
    section=within(SECTION_FACTS, "section"),
    card=Shape(meaning="Which card is shown: title, section, recap, comparison or credits."),
)
"""What subtitles of cards may name."""
WORDS: Final = ("caption", "count", "description", "list", "timeline", "unit")
"""The tables of a word list that these files are written with."""


def check_sidecars(production: Production) -> tuple[FormerName, ...]:
    """Check the templates, which raises a TemplateError; returns the names in them that are others now."""
    described = check_text(_template(production, DESCRIPTION_TEMPLATE), FACTS, DESCRIPTION_TEMPLATE)
    return described + check_text(_template(production, CARDS_TEMPLATE), CARD_FACTS, CARDS_TEMPLATE)


def sidecar_templates(production: Production) -> list[str]:
    """The templates' texts."""
    return [_template(production, name) for name in (DESCRIPTION_TEMPLATE, CARDS_TEMPLATE)]


def _template(production: Production, name: str) -> str:
    return read_template_text(find_template(name, production.templates_folder))


def write_sidecars(
    production: Production, results: Results, timeline: Timeline, film: Path, note: Callable[[str], None]
) -> tuple[tuple[Path, str], ...]:
    """Write the files that go with the film's own; what had to be done to its chapters is noted.

    Returns
    -------
    tuple[tuple[Path, str], ...]
        The subtitles that belong inside the film, WebVTT, each with its language: those of songs, whose words are
        heard; none where no song has any.
    """
    folder = film.parent
    language, chapters = language_of(production), platform_chapters(timeline)
    if chapters.note:
        note(chapters.note)
    facts = film_facts(production, results, language)
    lines = [str(line).partition(" ") for line in chapters.lines]
    facts["chapters"] = [{"time": time, "title": title} for time, _, title in lines]
    drawn = {one.record.name: list(one.record.text) for one in results.cards}
    on_cards, said = _template(production, CARDS_TEMPLATE), {}
    for card in timeline.cards():
        section = {} if card.section is None else facts["sections"][card.section]
        words = render_text(on_cards, facts.including("section", section).including("card", card.card), CARDS_TEMPLATE)
        said[card.name] = words.splitlines() if card.own is None else drawn.get(card.name, [])
    cues = cues_of(timeline, said)
    tracks = _write_subtitles(production, timeline, cues, film)
    atomic_write_text(folder / "timeline.json", timeline.model_dump_json(indent=1) + "\n")
    atomic_write_text(folder / "timeline.otio", as_otio(timeline, film.name, language))
    if chapters.lines:
        atomic_write_text(folder / "chapters.txt", "".join(f"{line}\n" for line in chapters.lines))
    description = render_text(_template(production, DESCRIPTION_TEMPLATE), facts, DESCRIPTION_TEMPLATE)
    atomic_write_text(folder / "description.txt", description)
    for picture in results.cards:
        if picture.record.name == THUMBNAIL:
            atomic_write_bytes(folder / "thumbnail.png", picture.path(picture.record.picture_file).read_bytes())
    return tracks


def subtitle_languages(production: Production, timeline: Timeline) -> tuple[str, ...]:
    """The languages of the subtitle tracks inside the film: that of the lyrics, then those that they are translated to.

    Captions and cards are in the film's language in all of them.
    """
    sung = [song for song in timeline.songs() if song.lines]
    if not sung:
        return ()
    first = production.songs[sung[0].song].lyrics_language or production.language
    return (first, *sorted({song.translation_language for song in sung} - {""}))


def _write_subtitles(
    production: Production, timeline: Timeline, cues: Iterable[Cue], film: Path
) -> tuple[tuple[Path, str], ...]:
    """Write subtitles as SubRip and WebVTT: as the film has them, and in each language that songs are translated to."""
    languages = subtitle_languages(production, timeline)
    versions = [(film.stem, tuple(cues))]
    versions += [(f"{film.stem}.{one}", translated_cues(timeline, cues, one)) for one in languages[1:]]
    for name, said in versions:
        atomic_write_text(film.with_name(f"{name}.srt"), as_subrip(said, timeline))
        atomic_write_text(film.with_name(f"{name}.vtt"), as_webvtt(said, timeline))
    files = (film.with_name(f"{name}.vtt") for name, _ in versions)
    return tuple(zip(files, languages, strict=False))
