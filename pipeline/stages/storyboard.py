"""storyboard: takes and losses become the timeline: what is seen and heard in every frame, and its captions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.errors import FootageError, ProductionError
from pipeline.film.inputs.footage import content_hash, probe, shown_seconds
from pipeline.film.planning.plan import CheckpointPoint, PlannedTake, choose_takes, fit_to_sound
from pipeline.film.planning.settings import SHORTEST_CAPTION_S, CaptionRule
from pipeline.film.timeline.assembly import FilmPlan, PlacedTake, SectionPlan, assemble
from pipeline.film.timeline.captions import (
    CaptionWish,
    first_frame_at,
    first_reached,
    first_take,
    place_captions,
    reading_s,
)
from pipeline.film.timeline.clock import Clock
from pipeline.film.timeline.scroll import Axis, ScrollLaw
from pipeline.film.timeline.timeline import Caption, SceneClip, SectionFacts, Timeline
from pipeline.learning.corpus import Corpus
from pipeline.learning.sampling.take import Take
from pipeline.learning.training.run import CheckpointFacts, TrainingRun
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.text.templating import check_text, render_caption
from pipeline.picture.theme.toml_files import read_template_text
from pipeline.production.schema import Production
from pipeline.runtime.progress import Reporter, WorkStart
from pipeline.runtime.resources import find_template
from pipeline.stages.shared.checks import existing_file, own_captions
from pipeline.stages.shared.film_facts import run_facts
from pipeline.stages.shared.insert_sound import insert_path
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Json, Piece, write_record

STAGE: Final = "storyboard"
VERSION: Final = 3
CAPTION_TEMPLATES: Final = ("take", "recording")
CAPTION_FACTS: Final = (
    *("film", "section", "section_number", "sections", "recording_seconds", "sample_rate_hz", "encoding"),
    *("network", "parameters", "iterations", "epochs", "elapsed_s", "temperature", "seed"),
    *("first_loss_nats", "last_loss_nats", "best_loss_nats", "take", "takes", "seconds"),
    *("iteration", "epoch", "trained_s", "loss_nats", "training_loss_nats"),
)
"""The names that caption templates may use."""
_MOST_NAMED: Final = 6
"""Takes in one warning."""
_NEVER: Final = {
    "take": "no take that is heard meets its conditions",
    "playhead": "the graphs' playhead never comes to where its conditions hold",
}


def pieces(production: Production, results: Results) -> list[Piece]:
    """Return the timeline, determined by the storyboards, the captions' templates, and the trainings and takes."""
    video = production.video.model_dump(
        mode="json",
        include={"width", "height", "frame_rate", "title_seconds", "comparison_seconds", "credits_seconds"},
    )
    sections: list[Json] = [
        {"title": section.title, "storyboard": section.storyboard.model_dump(mode="json")}
        for section in production.sections
    ]
    upstream: Json = {
        "corpora": [corpus.content_hash for corpus in results.corpora],
        "runs": [run.content_hash for run in results.runs],
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
        "captions": dict(_caption_templates(production)),
        "scroll": _scroll(production),
        "made": upstream,
    }
    return [Piece(STAGE, production.piece_name("timeline"), VERSION, ingredients)]


def run(production: Production, results: Results, workplace: Workplace) -> Results:
    """Make the timeline, unless it is fresh."""
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
    templates = ((text, name) for name, text in _caption_templates(production).items())
    for text, where in (*templates, *own_captions(production)):
        check_text(text, CAPTION_FACTS, where)
    for number, insert in enumerate(production.inserts, start=1):
        path = existing_file(production, insert.file, f"insert {number}")
        seconds = shown_seconds(probe(path), insert)
        if seconds * production.video.frame_rate < 1:
            raise FootageError(
                f"It is shown for {seconds:g} s, less than one frame.",
                where=f"insert {number}: {path}",
                expected=f"seconds of at least {float(1 / production.video.frame_rate):.3f}",
            )


def _caption_templates(production: Production) -> Mapping[str, str]:
    names = [f"captions/{name}.txt" for name in CAPTION_TEMPLATES]
    return {name: read_template_text(find_template(name, production.templates_folder)) for name in names}


@dataclass(frozen=True)
class _SectionStory:
    """One section while the timeline is planned: its results, and its takes' captions."""

    production: Production
    number: int
    corpus: Corpus
    run: TrainingRun
    takes: Mapping[int, Take]
    templates: Mapping[str, str]
    clock: Clock

    @cached_property
    def where(self) -> str:
        return f"section {self.number + 1} ({self.production.sections[self.number].title}), storyboard"

    @cached_property
    def points(self) -> tuple[CheckpointPoint, ...]:
        return tuple(CheckpointPoint(c.iteration, c.validation_loss_nats) for c in self.run.checkpoints)

    @cached_property
    def planned(self) -> tuple[PlannedTake, ...]:
        settings, is_short = self.production.sections[self.number].storyboard, not self.production.has_own_length
        return choose_takes(self.points, settings, where=self.where, is_shortened=is_short)

    @cached_property
    def checkpoints(self) -> Mapping[int, CheckpointFacts]:
        return {checkpoint.iteration: checkpoint for checkpoint in self.run.checkpoints}

    def facts(self, checkpoint: CheckpointFacts, seconds: float) -> Mapping[str, Any]:
        """All facts that a caption may name."""
        iterations = [take.iteration for take in self.planned]
        take = self.takes.get(checkpoint.iteration)
        section = self.production.sections[self.number]
        return {
            "film": self.production.title,
            "section": section.title,
            "section_number": self.number + 1,
            "sections": len(self.production.sections),
            "recording_seconds": self.corpus.duration_s,
            "sample_rate_hz": self.corpus.sample_rate_hz,
            "encoding": self.corpus.encoding,
            **run_facts(self.run),
            "temperature": take.temperature if take else None,
            "seed": take.seed if take else None,
            "first_loss_nats": self.run.first_validation_nats,
            "last_loss_nats": self.run.last_validation_nats,
            "best_loss_nats": self.run.best_validation_nats,
            "take": sum(iteration <= checkpoint.iteration for iteration in iterations),
            "takes": len(iterations),
            "seconds": seconds,
            "iteration": checkpoint.iteration,
            "epoch": checkpoint.epoch,
            "trained_s": checkpoint.elapsed_s,
            "loss_nats": checkpoint.validation_loss_nats,
            "training_loss_nats": checkpoint.training_loss_nats,
        }

    def plan(self, report: Reporter) -> SectionPlan:
        """Turn seconds into frames, no longer than the sound there is."""
        section = self.production.sections[self.number]
        story = section.storyboard
        left_s = self.corpus.duration_s - story.recording_start_s
        story.check_excerpt(self.corpus.duration_s, self.where)
        first = self.run.checkpoints[0]
        return SectionPlan(
            title=section.title,
            card_frames=self.clock.frames_within(story.card_seconds),
            recording_frames=self.clock.frames_within(min(story.recording_seconds, max(0.0, left_s))),
            recording_start_s=story.recording_start_s,
            recording_caption=render_caption(
                self.templates["captions/recording.txt"], self.facts(first, story.recording_seconds), "recording.txt"
            ),
            takes=self._placed(report),
        )

    def _placed(self, report: Reporter) -> list[PlacedTake]:
        """The takes, each as long as planned or as its sound lasts; the others make up for what one lacks."""
        rate, takes = self.clock.frame_rate, [self._take(planned.iteration) for planned in self.planned]
        wanted = [self.clock.frames_within(planned.seconds) for planned in self.planned]
        there = [self.clock.frames_within(take.duration_s) for take in takes]
        frames = fit_to_sound(self.planned, wanted, there)
        short = [
            f"{take.iteration:,} ({float(shown / rate):.2f} of {planned.seconds:.2f} s)"
            for planned, take, shown, whole in zip(self.planned, takes, frames, wanted, strict=True)
            if shown < whole and not take.facts.cut_s  # of dead air that was cut one has been told
        ]
        if short:
            named = ", ".join(short[:_MOST_NAMED]) + ", ..." * (len(short) > _MOST_NAMED)
            report.warn(
                f"section {self.number + 1}: {len(short)} of {len(takes)} takes have less sound than planned, and last "
                f"as long as it does: iteration {named}; longer sampling.seconds, or none, give more"
            )
        return [
            self._place(planned, planned.seconds if shown == whole else float(shown / rate), shown)
            for planned, shown, whole in zip(self.planned, frames, wanted, strict=True)
        ]

    def _take(self, iteration: int) -> Take:
        take = self.takes.get(iteration)
        if take is None:
            raise ProductionError(
                f"The checkpoint at iteration {iteration} has no take.",
                where=self.where,
                hint="Run build-video sample, then build again.",
            )
        return take

    def _place(self, planned: PlannedTake, seconds: float, frames: int) -> PlacedTake:
        checkpoint = self.checkpoints[planned.iteration]
        text = self.templates["captions/take.txt"] if planned.caption is None else planned.caption
        return PlacedTake(
            iteration=planned.iteration,
            frames=frames,
            caption=render_caption(text, self.facts(checkpoint, seconds), f"caption of a take in {self.where}"),
            epoch=checkpoint.epoch,
            validation_loss_nats=_finite(checkpoint.validation_loss_nats),
        )

    def wishes(self, scene: SceneClip, scroll: Axis, report: Reporter) -> Iterator[CaptionWish]:
        """The captions of this scene beside the takes' own, and when they are due."""
        shortest = self.clock.frames_within(SHORTEST_CAPTION_S)
        written = {take.iteration for take in self.planned if take.caption is not None}
        for sound in scene.sounds:
            if sound.iteration in written:
                yield CaptionWish(
                    text=sound.caption,
                    at_frame=sound.start_frame,
                    frames=sound.frames,
                    until_frame=sound.end_frame,
                    least_frames=shortest,
                    is_for_take=True,
                    section=self.number,
                )
        for rule in self.production.sections[self.number].storyboard.caption:
            found = self._fired(rule, scene, scroll)
            if found is None:
                if not self.production.cut:  # a cut need not come to it
                    report.warn(f"{self.where}: the caption {_short(rule.text)} is never shown: {_NEVER[rule.on]}")
                continue
            checkpoint, at_frame, until_frame = found
            text = render_caption(rule.text, self.facts(checkpoint, rule.seconds), f"caption in {self.where}")
            wanted = self.clock.frames_within(rule.seconds)
            least = max(shortest, min(wanted, self.clock.frames_within(reading_s(text))))
            yield CaptionWish(text, at_frame, max(wanted, least), until_frame, least, section=self.number)

    def _fired(self, rule: CaptionRule, scene: SceneClip, scroll: Axis) -> tuple[CheckpointFacts, int, int] | None:
        """The checkpoint of a rule's caption, and the frames at which it is due and no longer true."""
        if rule.on == "take":
            take = first_take(rule, scene.sounds)
            return None if take is None else (self.checkpoints[take.iteration or 0], take.start_frame, take.end_frame)
        reached = first_reached(rule, self.points)
        if reached is None:
            return None
        law = ScrollLaw([(point.frame, point.iteration) for point in scene.key_points], axis=scroll)
        frames = range(scene.start_frame, scene.end_frame)
        at = first_frame_at(reached[1], frames, lambda span: law.iterations(span).tolist())
        return None if at is None else (self.checkpoints[reached[0].iteration], at, scene.end_frame)


def _timeline(production: Production, results: Results, report: Reporter) -> Timeline:
    video = production.video
    clock = Clock(video.frame_rate, FILM_RATE_HZ)
    templates = _caption_templates(production)
    stories = [
        _SectionStory(
            production=production,
            number=number,
            corpus=results.corpora[number].record,
            run=results.runs[number].record,
            takes={take.record.iteration: take.record for take in results.takes[number]},
            templates=templates,
            clock=clock,
        )
        for number in range(len(production.sections))
    ]
    plan = FilmPlan(
        title=production.title,
        title_frames=clock.frames_within(video.title_seconds),
        comparison_frames=clock.frames_within(video.comparison_seconds) if len(stories) > 1 else 0,
        credits_frames=clock.frames_within(video.credits_seconds),
        sections=[story.plan(report) for story in stories],
        inserts=[
            (insert, clock.frames_within(shown_seconds(probe(insert_path(production, number)), insert)))
            for number, insert in enumerate(production.inserts)
        ],
    )
    clips, chapters = assemble(plan)
    scenes = [clip for clip in clips if isinstance(clip, SceneClip)]
    scroll = _scroll(production)
    captions = [
        caption
        for story, scene in zip(stories, scenes, strict=True)
        for caption in _captions(story, scene, scroll, report)
    ]
    return Timeline(
        title=production.title,
        width=video.width,
        height=video.height,
        frame_rate=video.frame_rate,
        scroll=scroll,
        total_frames=clips[-1].end_frame,
        clips=clips,
        captions=tuple(captions),
        chapters=chapters,
        sections=tuple(_section_facts(story) for story in stories),
    )


def _scroll(production: Production) -> Axis:
    return load_layout(production.video.layout, production.templates_folder).law


def _captions(story: _SectionStory, scene: SceneClip, scroll: Axis, report: Reporter) -> tuple[Caption, ...]:
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
            f"{story.where}: the caption {_short(wish.text)} finds no room, for a caption is shown at least "
            f"{float(wish.least_frames / story.clock.frame_rate):.2g} s: {hint}"
        )
    return placed


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "\u2026")  # noqa: PLR2004 - enough to know it by


def _section_facts(story: _SectionStory) -> SectionFacts:
    trained, corpus = story.run, story.corpus
    return SectionFacts(
        title=story.production.sections[story.number].title,
        **run_facts(trained),
        corpus_seconds=corpus.duration_s,
        sample_rate_hz=corpus.sample_rate_hz,
        first_validation_nats=trained.first_validation_nats,
        last_validation_nats=trained.last_validation_nats,
        best_validation_nats=trained.best_validation_nats,
    )


def _finite(loss: float) -> float | None:
    return loss if math.isfinite(loss) else None
