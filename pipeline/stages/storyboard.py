"""storyboard: takes and losses become the timeline: what is seen and heard in every frame, and its captions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.errors import FootageError
from pipeline.film.inputs.footage import content_hash, probe, shown_seconds
from pipeline.film.planning.storyboard_settings import SHORTEST_CAPTION_S
from pipeline.film.timeline.assembly import FilmPlan, assemble
from pipeline.film.timeline.captions import place_captions
from pipeline.film.timeline.clock import Clock
from pipeline.film.timeline.interludes import CutReel, with_interludes
from pipeline.film.timeline.scroll import Axis
from pipeline.film.timeline.timeline import Caption, Clip, SceneClip, Timeline
from pipeline.picture.text.template_checks import FormerName
from pipeline.picture.text.templating import check_text
from pipeline.picture.theme.toml_files import read_template_text
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import Reporter, WorkStart
from pipeline.runtime.resources import find_template
from pipeline.stages.shared.checks import existing_file, own_captions, own_conditions
from pipeline.stages.shared.facts.film_language import language_of
from pipeline.stages.shared.facts.former import note_former_names
from pipeline.stages.shared.facts.vocabulary import CAPTION_FACTS, film_facts
from pipeline.stages.shared.insert_sound import insert_path
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.scenes.layouts import section_layout
from pipeline.stages.shared.section_story import SectionStory, in_short
from pipeline.stages.shared.sections.losses import losses_key
from pipeline.stages.shared.songs.placing import placed_songs
from pipeline.stages.shared.take_findings import with_findings
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Json, Piece, write_record

STAGE: Final = "storyboard"
VERSION: Final = 3
WORDS: Final = ("caption", "chapter", "count", "finding", "list", "network", "unit")
"""The tables of a word list that the timeline is written with."""
CAPTION_TEMPLATES: Final = ("take", "recording", "finding")
RUN_TEMPLATE: Final = "captions/run.txt"
"""What is said of a run's takes."""


def pieces(production: Production, results: Results) -> list[Piece]:
    """Return the timeline, determined by the storyboards, the captions' templates, and the trainings and takes."""
    video = production.video.model_dump(
        mode="json",
        include={"width", "height", "frame_rate", "title_seconds", "comparison_seconds", "credits_seconds"},
    )
    scroll = section_layout(production).law
    sections: list[Json] = [
        {
            "title": section.title,
            "storyboard": section.storyboard.model_dump(mode="json"),
            **({"scroll": own} if (own := section_layout(production, number).law) != scroll else {}),
        }
        for number, section in enumerate(production.sections)
    ]
    upstream: Json = {
        "corpora": [corpus.content_hash for corpus in results.corpora],
        "runs": [losses_key(run) for run in results.runs],
        "takes": [[take.content_hash for take in takes] for takes in results.takes],
    }
    ingredients: dict[str, Json] = {
        "title": production.title,
        "video": video,
        "sections": sections,
        "inserts": [
            {**insert.model_dump(mode="json"), "content": content_hash(insert_path(production, number))}
            for number, insert in enumerate(production.inserts)
        ],
        **({"cards": [card.model_dump(mode="json") for card in production.cards]} if production.cards else {}),
        **({"songs": _songs_key(production, results)} if production.songs else {}),
        "captions": dict(_caption_templates(production)),
        "scroll": scroll,
        "made": upstream,
    }
    if identity := language_of(production).identity(*WORDS):
        ingredients["language"] = identity
    return [Piece(STAGE, production.piece_name("timeline"), VERSION, ingredients)]


def _songs_key(production: Production, results: Results) -> Json:
    places: list[Json] = [list(song.place(len(production.sections))) for song in production.songs]
    return {"places": places, "songs": [song.content_hash for song in results.songs]}


def run(production: Production, results: Results, workplace: Workplace) -> Results:
    """Make the timeline, unless it is fresh."""
    note_former_names(workplace.report, names_of_before(production))
    (piece,) = pieces(production, results)
    timeline = None if STAGE in workplace.force else workplace.store.result(piece, Timeline)
    if timeline is None:
        workplace.report.begin(WorkStart(STAGE, "timeline", 1, "timeline"))
        with workplace.store.publish(piece) as folder:
            write_record(folder, _timeline(production, results, workplace.report))
        workplace.report.advance(1)
        timeline = workplace.store.published(piece, Timeline)
    return replace(results, timeline=timeline)


def check(production: Production) -> None:
    """Check the templates of all captions, and that the user's own footage lasts as long as it is to be shown.

    Raises
    ------
    TemplateError
        With the file or the caption, and the line.
    FootageError
        With the insert, and how much there is.
    """
    tuple(names_of_before(production))
    for number, insert in enumerate(production.inserts, start=1):
        path = existing_file(production, insert.file, f"insert {number}")
        seconds = shown_seconds(probe(path), insert)
        if seconds * production.video.frame_rate < 1:
            raise FootageError(
                f"It is shown for {seconds:g} s, less than one frame.",
                where=f"insert {number}: {path}",
                expected=f"seconds of at least {float(1 / production.video.frame_rate):.3f}",
            )


def names_of_before(production: Production) -> Iterator[FormerName]:
    """Check all captions and their conditions; yields the names in them that are others now."""
    templates = ((text, name) for name, text in _caption_templates(production).items())
    for text, where in (*templates, *own_captions(production)):
        yield from check_text(text, CAPTION_FACTS, where)
    for text, where in own_conditions(production):
        yield from check_text(text, CAPTION_FACTS, where, is_condition=True)


def _caption_templates(production: Production) -> Mapping[str, str]:
    names = [f"captions/{name}.txt" for name in CAPTION_TEMPLATES]
    if any(section.run is not None for section in production.sections):
        names.append(RUN_TEMPLATE)
    return {name: read_template_text(find_template(name, production.templates_folder)) for name in names}


def _timeline(production: Production, results: Results, report: Reporter) -> Timeline:
    video = production.video
    clock = Clock(video.frame_rate, FILM_RATE_HZ)
    templates, language = _caption_templates(production), language_of(production)
    tree = film_facts(production, results, language)
    stories = [
        SectionStory(
            production=production,
            number=number,
            learned=results.corpora[number],
            run=results.runs[number],
            take_results={take.record.iteration: take for take in results.takes[number]},
            templates=templates,
            clock=clock,
            language=language,
            tree=tree,
        )
        for number in range(len(production.sections))
    ]
    plan = _film_plan(production, results, stories, report)
    _note_late_cards(plan, report)
    clips, chapters = assemble(plan)
    scroll = section_layout(production).law
    with_captions: list[Clip] = []
    captions: list[Caption] = []
    for clip in clips:
        if isinstance(clip, SceneClip):
            story, law = stories[clip.section], section_layout(production, clip.section).law
            clip = clip.model_copy(update={"scroll": law if law != scroll else None})  # noqa: PLW2901
            placed = _captions(story, clip, law, report)
            scene, new_captions = with_findings(clip, placed, story.takes, clock, story.finding_words)
            with_captions.append(scene)
            captions += new_captions
        else:
            with_captions.append(clip)
    reel = with_interludes(CutReel(tuple(with_captions), tuple(captions), chapters), plan.cards)
    return Timeline(
        title=production.title,
        width=video.width,
        height=video.height,
        frame_rate=video.frame_rate,
        scroll=scroll,
        total_frames=reel.clips[-1].end_frame,
        clips=reel.clips,
        captions=reel.captions,
        chapters=reel.chapters,
        sections=tuple(story.section_facts for story in stories),
    )


def _film_plan(production: Production, results: Results, stories: Sequence[SectionStory], report: Reporter) -> FilmPlan:
    """The film's parts and how long each is shown."""
    video, language = production.video, language_of(production)
    clock = Clock(video.frame_rate, FILM_RATE_HZ)
    return FilmPlan(
        title=production.title,
        title_frames=clock.frames_within(video.title_seconds),
        comparison_frames=clock.frames_within(video.comparison_seconds) if len(stories) > 1 else 0,
        credits_frames=clock.frames_within(video.credits_seconds),
        sections=[story.plan(report) for story in stories],
        cards=[(card, clock.frames_within(card.seconds)) for card in production.cards],
        songs=placed_songs(production, results, clock),
        comparison_title=language.text("chapter.comparison"),
        credits_title=language.text("chapter.credits"),
        inserts=[
            (insert, clock.frames_within(shown_seconds(probe(insert_path(production, number)), insert)))
            for number, insert in enumerate(production.inserts)
        ],
    )


def _note_late_cards(plan: FilmPlan, report: Reporter) -> None:
    """Say which cards stand after a section's last take, because it has fewer than the production says."""
    for number, (card, _) in enumerate(plan.cards, start=1):
        place = card.place
        if place.take is not None and card.section is not None:
            there = len(plan.sections[card.section].takes)
            if place.take > there:
                report.warn(
                    f"card {number} ({card.template}) stands after take {there} of section {place.number}, the last, "
                    f"not after take {place.take}: there are no more"
                )


def _captions(story: SectionStory, scene: SceneClip, scroll: Axis, report: Reporter) -> tuple[Caption, ...]:
    usual = [
        Caption(text=sound.caption, in_frame=sound.start_frame, out_frame=sound.end_frame, section=scene.section)
        for sound in scene.sounds
    ]
    shortest = story.clock.frames_within(SHORTEST_CAPTION_S)
    placed, left_out = place_captions(usual, list(story.wishes(scene, scroll, report)), scene.end_frame, shortest)
    for wish in left_out:
        hint = (
            "give its take more seconds" if wish.is_for_take else "it needs longer takes, or fewer captions beside it"
        )
        report.warn(
            f"{story.where}: the caption {in_short(wish.text)} finds no room, for a caption is shown at least "
            f"{float(wish.least_frames / story.clock.frame_rate):.2g} s: {hint}"
        )
    return placed
