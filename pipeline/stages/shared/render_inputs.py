"""What a film is rendered from: results, settings and files, gathered once and small enough to send to processes.

This module knows where cards, takes, losses and footage lie. It does not know how frames are drawn or encoded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipeline.errors import StageError
from pipeline.film.inputs.chain import FootageChain
from pipeline.film.inputs.footage import content_hash, probe
from pipeline.film.planning.settings import InsertSettings
from pipeline.film.timeline.timeline import CardClip, Clip, InsertClip, SceneClip, SongClip, Timeline
from pipeline.picture.cards.card import CardPicture
from pipeline.picture.language import Language
from pipeline.picture.panels.panel import SCENE_WORDS
from pipeline.picture.text.templating import PlainFacts
from pipeline.picture.theme.theme import load_theme
from pipeline.production.schema import Production
from pipeline.stages.shared.facts.film_language import language_of
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.scenes.grounds import FilmGround, film_ground
from pipeline.stages.shared.scenes.layouts import layout_name, section_layout, song_layout, song_layout_name
from pipeline.stages.shared.scenes.texts import section_facts_of_scenes, take_facts_of_scenes, text_templates
from pipeline.stages.shared.sections.losses import Trained
from pipeline.stages.shared.sections.sounds import HeardRecording, HeardTake
from pipeline.stages.shared.songs.record import SongRecord
from pipeline.store.files import file_sha256
from pipeline.store.store import Json, Result, canonical_json


@dataclass(frozen=True)
class ShownSong:
    """A song that was sung, its layout and its picture."""

    song: Result[SongRecord]
    layout: str
    picture: Path | None


@dataclass(frozen=True)
class RenderInputs:
    """All that worker processes need to draw: plain values and the places of results."""

    timeline: Timeline
    theme: str
    layouts: tuple[str, ...]
    """Of each section's scene."""
    templates_folder: Path | None
    corpora: tuple[HeardRecording, ...]
    runs: tuple[Trained, ...]
    takes: tuple[tuple[HeardTake, ...], ...]
    cards: tuple[Result[CardPicture], ...]
    inserts: tuple[tuple[InsertSettings, Path], ...]
    picture: Path | None
    caption_styles: tuple[str, ...]
    """Of each section; empty for the theme's captions."""
    language: Language
    songs: tuple[ShownSong, ...]
    ground: FilmGround | None
    """Where the ground moves."""
    facts: tuple[PlainFacts, ...]
    take_facts: tuple[dict[int, Any], ...]
    """Of each section's scene, where a panel shows texts of one's own; else empty."""
    identity: str
    """Hash of everything above: films with the same one look the same."""


def inputs_of(inputs: RenderInputs, clip: Clip) -> RenderInputs:
    """What one clip is drawn from: what only others show is left out, so that little travels to who draws it."""
    if isinstance(clip, SongClip):
        return inputs
    if isinstance(clip, SceneClip):
        own = tuple(takes if number == clip.section else () for number, takes in enumerate(inputs.takes))
        return replace(inputs, takes=own, cards=())
    cards = (card_of(inputs, clip),) if isinstance(clip, CardClip) else ()
    return replace(inputs, takes=tuple(() for _ in inputs.takes), runs=(), cards=cards)


def render_inputs(production: Production, results: Results) -> RenderInputs:
    """Gather what a film is drawn from.

    Raises
    ------
    StageError
        Where there is no timeline yet.
    """
    if results.timeline is None:
        raise StageError("There is no timeline to render.", hint="Run build-video storyboard first.")
    video, language = production.video, language_of(production)
    hashes = [results.timeline.content_hash]
    hashes += [canonical_json(style_of(production, language, number)) for number in range(len(production.sections))]
    shown: list[Result[Any]] = [*results.corpora, *results.runs, *results.cards]
    hashes += [result.content_hash for result in shown]
    hashes += [result.content_hash for takes in results.takes for result in takes]
    hashes += [content_hash(path) for path in [production.picture_path] if path]
    styles = tuple(section.storyboard.caption_style or "" for section in production.sections)
    hashes += [canonical_json(list(styles))] if any(styles) else []
    songs = _shown_songs(production, results)
    hashes += [canonical_json([shown.song.content_hash, shown.layout, str(shown.picture)]) for shown in songs]
    shows_texts = any(text_templates(section_layout(production, number)) for number in range(len(production.sections)))
    facts = section_facts_of_scenes(production, results, language) if shows_texts else ()
    take_facts = take_facts_of_scenes(production, results, language) if shows_texts else ()
    hashes += [] if results.ground is None else [results.ground.content_hash]
    return RenderInputs(
        timeline=results.timeline.record,
        theme=video.theme,
        layouts=tuple(layout_name(production, number) for number in range(len(production.sections))),
        templates_folder=production.templates_folder,
        corpora=results.corpora,
        runs=results.runs,
        takes=results.takes,
        cards=results.cards,
        inserts=tuple(
            (insert, production.resolve(insert.file, f"insert {number}, file"))
            for number, insert in enumerate(production.inserts, start=1)
        ),
        picture=production.picture_path,
        caption_styles=styles,
        language=language,
        songs=songs,
        ground=film_ground(production, results.ground),
        facts=facts,
        take_facts=take_facts,
        identity=sha256("".join(hashes).encode()).hexdigest(),
    )


def _shown_songs(production: Production, results: Results) -> tuple[ShownSong, ...]:
    return tuple(
        ShownSong(
            song,
            song_layout_name(production, number),
            production.resolve(settings.picture, f"song {number + 1}, picture") if settings.picture else None,
        )
        for number, (song, settings) in enumerate(zip(results.songs, production.songs, strict=False))
    )


def style_of(
    production: Production, language: Language, section: int | None = None, *, song: int | None = None
) -> dict[str, Json]:
    """Everything that theme, fonts, layout and drawn words of a section (None: of the film) are, for a result's key."""
    theme = load_theme(production.video.theme, production.templates_folder)
    words = language.identity(SCENE_WORDS)
    layout = section_layout(production, section) if song is None else song_layout(production, song)
    return {
        **({"words": words} if words else {}),
        "theme": theme.model_dump(mode="json"),
        "fonts": [file_sha256(path) for path in theme.font_files],
        **({} if theme.ground_file is None else {"ground": file_sha256(theme.ground_file)}),
        **({"pictures": [file_sha256(path) for path in layout.pictures]} if layout.pictures else {}),
        "layout": layout.worded(language).model_dump(mode="json"),
        **({"mirrored": 1} if language.is_right_to_left else {}),
    }


def card_of(inputs: RenderInputs, clip: CardClip) -> Result[CardPicture]:
    """Find the picture of a card."""
    for card in inputs.cards:
        if card.record.name == clip.name:
            return card
    raise StageError(f"There is no card '{clip.name}'.", hint="Run build-video cards --force.")


def footage_of(inputs: RenderInputs, clip: InsertClip, workspace: Path) -> FootageChain:
    """Find the footage of an insert, and how it becomes frames; `workspace` is a folder for a table of its colours."""
    settings, path = inputs.inserts[clip.insert]
    timeline = inputs.timeline
    return FootageChain(
        footage=probe(path),
        settings=settings,
        size=(timeline.width, timeline.height),
        frame_rate=timeline.frame_rate,
        frames=clip.frames,
        workspace=workspace,
    )
