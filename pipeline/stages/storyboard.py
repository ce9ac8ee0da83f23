"""storyboard: takes and losses become the timeline: what is seen and heard in every frame, and what is said of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pipeline.errors import ProductionError
from pipeline.film.assembly import (
    SHORTEST_CAPTION_S,
    FilmPlan,
    PlacedTake,
    SectionPlan,
    assemble,
    first_frame_at,
    place_captions,
)
from pipeline.film.clock import Clock
from pipeline.film.footage import content_hash, probe, shown_seconds
from pipeline.film.plan import CheckpointPoint, PlannedTake, choose_takes
from pipeline.film.scroll import ScrollLaw
from pipeline.film.settings import CaptionRule
from pipeline.film.timeline import FILM_SAMPLE_RATE_HZ, Caption, SceneClip, SectionFacts, Timeline
from pipeline.learning.corpus import Corpus
from pipeline.learning.run import CheckpointFacts, TrainingRun
from pipeline.learning.take import Take
from pipeline.picture.template_files import read_template_text
from pipeline.picture.templating import check_text, render_caption
from pipeline.production import Production
from pipeline.progress import Reporter
from pipeline.resources import find_template
from pipeline.results import Made
from pipeline.store import Json, Piece, write_record
from pipeline.workplace import Workplace

STAGE: Final = "storyboard"
VERSION: Final = 1
CAPTION_TEMPLATES: Final = ("take", "recording")
CAPTION_FACTS: Final = (
    *("film", "section", "section_number", "sections", "recording_seconds", "sample_rate_hz", "encoding"),
    *("network", "parameters", "iterations", "epochs", "elapsed_s", "temperature", "seed"),
    *("first_loss_nats", "last_loss_nats", "best_loss_nats", "take", "takes", "seconds"),
    *("iteration", "epoch", "trained_s", "loss_nats", "training_loss_nats"),
)
"""The names that caption templates may use."""


def pieces(production: Production, made: Made) -> list[Piece]:
    """Return the timeline, determined by the storyboards, the captions' templates, and what was trained and said."""
    video = production.video.model_dump(
        mode="json",
        include={"width", "height", "frame_rate", "title_seconds", "comparison_seconds", "credits_seconds"},
    )
    sections: list[Json] = [
        {"title": section.title, "storyboard": section.storyboard.model_dump(mode="json")}
        for section in production.sections
    ]
    upstream: Json = {
        "corpora": [corpus.content_hash for corpus in made.corpora],
        "runs": [run.content_hash for run in made.runs],
        "takes": [[take.content_hash for take in takes] for takes in made.takes],
    }
    ingredients: dict[str, Json] = {
        "title": production.title,
        "video": video,
        "sections": sections,
        "inserts": [
            {**insert.model_dump(mode="json"), "content": content_hash(_insert_path(production, number))}
            for number, insert in enumerate(production.inserts)
        ],
        "captions": dict(_caption_templates(production)),
        "made": upstream,
    }
    return [Piece(STAGE, production.piece_name("timeline"), VERSION, ingredients)]


def run(production: Production, made: Made, workplace: Workplace) -> Made:
    """Make the timeline, unless it is fresh."""
    (piece,) = pieces(production, made)
    timeline = None if STAGE in workplace.force else workplace.store.result(piece, Timeline)
    if timeline is None:
        workplace.report.begin(STAGE, "timeline", 1, "timeline")
        with workplace.store.publish(piece) as folder:
            write_record(folder, _timeline(production, made, workplace.report))
        workplace.report.advance(1)
        timeline = workplace.store.made(piece, Timeline)
    return replace(made, timeline=timeline)


def check_captions(production: Production) -> None:
    """Check all captions' templates before anything is trained.

    Raises
    ------
    TemplateError
        With the file or the caption, and the line.
    """
    for name, text in _caption_templates(production).items():
        check_text(text, CAPTION_FACTS, name)
    for number, section in enumerate(production.sections, start=1):
        own = [line.caption for line in section.storyboard.take if line.caption is not None]
        for text in [*own, *(rule.text for rule in section.storyboard.caption)]:
            check_text(text, CAPTION_FACTS, f"caption in section {number}")


def _caption_templates(production: Production) -> Mapping[str, str]:
    names = [f"captions/{name}.txt" for name in CAPTION_TEMPLATES]
    return {name: read_template_text(find_template(name, production.templates_folder)) for name in names}


@dataclass(frozen=True)
class _SectionStory:
    """One section while it is told: what was made, and which take says what."""

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
    def planned(self) -> tuple[PlannedTake, ...]:
        points = [CheckpointPoint(c.iteration, c.validation_loss_nats) for c in self.run.checkpoints]
        return choose_takes(points, self.production.sections[self.number].storyboard, where=self.where)

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
            "network": network_words(self.run.network),
            "parameters": self.run.parameters,
            "iterations": self.run.iterations,
            "epochs": self.run.epochs,
            "elapsed_s": self.run.elapsed_s,
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
        if story.recording_seconds > 0 and left_s <= 0:
            raise ProductionError(
                f"The recording's excerpt begins at {story.recording_start_s:g} s, but there are only "
                f"{self.corpus.duration_s:.1f} s of it.",
                where=self.where,
                expected=f"recording_start_s below {self.corpus.duration_s:.1f}",
            )
        first = self.run.checkpoints[0]
        return SectionPlan(
            title=section.title,
            card_frames=self.clock.frames_within(story.card_seconds),
            recording_frames=self.clock.frames_within(min(story.recording_seconds, max(0.0, left_s))),
            recording_start_s=story.recording_start_s,
            recording_caption=render_caption(
                self.templates["captions/recording.txt"], self.facts(first, story.recording_seconds), "recording.txt"
            ),
            takes=[self._placed(take, report) for take in self.planned],
        )

    def _placed(self, planned: PlannedTake, report: Reporter) -> PlacedTake:
        checkpoint, take = self.checkpoints[planned.iteration], self.takes.get(planned.iteration)
        if take is None:
            raise ProductionError(
                f"The checkpoint at iteration {planned.iteration} has said nothing.",
                where=self.where,
                hint="Run build-video sample, then build again.",
            )
        frames = self.clock.frames_within(planned.seconds)
        there = self.clock.frames_within(take.duration_s)
        if there < frames:
            report.warn(
                f"section {self.number + 1}, iteration {planned.iteration}: the take has {take.duration_s:.2f} s of "
                f"the {planned.seconds:.2f} s planned; it is shown for as long as it lasts"
            )
        text = self.templates["captions/take.txt"] if planned.caption is None else planned.caption
        caption = render_caption(text, self.facts(checkpoint, planned.seconds), f"caption of a take in {self.where}")
        return PlacedTake(
            iteration=planned.iteration,
            frames=max(1, min(frames, there)),
            caption=caption,
            epoch=checkpoint.epoch,
            validation_loss_nats=_finite(checkpoint.validation_loss_nats),
        )

    def fired(self, scene: SceneClip, report: Reporter) -> Iterator[Caption]:
        """Captions whose conditions come true in this scene."""
        law = ScrollLaw([(point.frame, point.iteration) for point in scene.key_points])
        frames = range(scene.start_frame, scene.end_frame)
        for rule in self.production.sections[self.number].storyboard.caption:
            checkpoint = self._first_that_fits(rule)
            at = first_frame_at(
                max(checkpoint.iteration, rule.iteration or 0) if checkpoint else scene.key_points[-1].iteration + 1,
                frames,
                lambda span: law.positions(span).tolist(),
            )
            if checkpoint is None or at is None:
                if self.production.cut:
                    continue  # a cut need not come to it
                report.warn(f"{self.where}: the caption {rule.text[:40]!r} is never shown: its condition never holds")
                continue
            text = render_caption(rule.text, self.facts(checkpoint, rule.seconds), f"caption in {self.where}")
            out = min(at + max(1, self.clock.frames_within(rule.seconds)), scene.end_frame)
            yield Caption(text=text, in_frame=at, out_frame=out, section=self.number)

    def _first_that_fits(self, rule: CaptionRule) -> CheckpointFacts | None:
        """The first checkpoint that is good enough; for a rule of iterations alone, the last one before it."""
        reached = [c for c in self.run.checkpoints if rule.iteration is None or c.iteration <= rule.iteration]
        if rule.below_bits is None:
            return reached[-1] if reached and (rule.iteration or 0) <= self.run.iterations else None
        limit = rule.below_bits * math.log(2)
        return next((c for c in self.run.checkpoints if c.validation_loss_nats < limit), None)


def _timeline(production: Production, made: Made, report: Reporter) -> Timeline:
    video = production.video
    clock = Clock(video.frame_rate, FILM_SAMPLE_RATE_HZ)
    templates = _caption_templates(production)
    stories = [
        _SectionStory(
            production=production,
            number=number,
            corpus=made.corpora[number].record,
            run=made.runs[number].record,
            takes={take.record.iteration: take.record for take in made.takes[number]},
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
            (insert, clock.frames_within(shown_seconds(probe(_insert_path(production, number)), insert)))
            for number, insert in enumerate(production.inserts)
        ],
    )
    clips, chapters = assemble(plan)
    scenes = [clip for clip in clips if isinstance(clip, SceneClip)]
    fired = [caption for story, scene in zip(stories, scenes, strict=True) for caption in story.fired(scene, report)]
    return Timeline(
        title=production.title,
        width=video.width,
        height=video.height,
        frame_rate=video.frame_rate,
        total_frames=clips[-1].end_frame,
        clips=clips,
        captions=place_captions(_usual(scenes), fired, math.ceil(SHORTEST_CAPTION_S * video.frame_rate)),
        chapters=chapters,
        sections=tuple(_section_facts(story) for story in stories),
    )


def _usual(scenes: Sequence[SceneClip]) -> Iterator[Caption]:
    for scene in scenes:
        for sound in scene.sounds:
            yield Caption(
                text=sound.caption, in_frame=sound.start_frame, out_frame=sound.end_frame, section=scene.section
            )


def _insert_path(production: Production, number: int) -> Path:
    insert = production.inserts[number]
    where = f"insert {number + 1}"
    if insert.section is not None and insert.section > len(production.sections):
        raise ProductionError(
            f"There is no section {insert.section} for an insert to come after.",
            where=where,
            expected=f"1 to {len(production.sections)}",
        )
    return production.resolve(insert.file, f"{where}, file")


def _section_facts(story: _SectionStory) -> SectionFacts:
    trained, corpus = story.run, story.corpus
    return SectionFacts(
        title=story.production.sections[story.number].title,
        network=network_words(trained.network),
        parameters=trained.parameters,
        iterations=trained.iterations,
        epochs=trained.epochs,
        elapsed_s=trained.elapsed_s,
        corpus_seconds=corpus.duration_s,
        sample_rate_hz=corpus.sample_rate_hz,
        first_validation_nats=trained.first_validation_nats,
        last_validation_nats=trained.last_validation_nats,
        best_validation_nats=trained.best_validation_nats,
    )


def network_words(network: Mapping[str, Any]) -> str:
    """Say what a network is, in a few words: `LSTM, 3 x 680 neurons`."""
    kind = {"lstm": "LSTM", "tiered-lstm": "tiered LSTM"}.get(str(network.get("kind")), str(network.get("kind")))
    layers, neurons = network.get("layers", 1), network.get("neurons", 0)
    return f"{kind}, {layers} \u00d7 {neurons} neurons" if layers != 1 else f"{kind}, {neurons} neurons"


def _finite(loss: float) -> float | None:
    return loss if math.isfinite(loss) else None
