"""One section of a film: which takes are heard for how long, and what is said of them when.

It joins the plan, the takes and the words of captions; it does not know other sections, nor where a caption finds room
beside others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from pipeline.audio.measures.record import Finding, VoiceMeasures
from pipeline.errors import ProductionError
from pipeline.film.planning.plan import CheckpointPoint, PlannedTake, choose_takes, fit_to_sound
from pipeline.film.planning.storyboard_settings import SHORTEST_CAPTION_S, CaptionRule
from pipeline.film.timeline.assembly import PlacedTake, SectionPlan
from pipeline.film.timeline.captions import CaptionWish, first_frame_at, first_reached, first_take, reading_s
from pipeline.film.timeline.clock import Clock
from pipeline.film.timeline.scroll import Axis, ScrollLaw
from pipeline.film.timeline.timeline import RunFacts, SceneClip, SectionFacts, SoundClip
from pipeline.learning.corpus import Corpus
from pipeline.learning.sampling.take import Take
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.language import Language
from pipeline.picture.text.templating import PlainFacts, holds, render_caption
from pipeline.production.schema import Production
from pipeline.runs.stored import RunLosses, RunRecording, RunSound
from pipeline.runtime.progress.reporter import Reporter
from pipeline.runtime.wording.units import LossUnit
from pipeline.stages.shared.facts.measured import HeardCheckpoint
from pipeline.stages.shared.facts.vocabulary import section_facts
from pipeline.stages.shared.facts.wording import run_facts
from pipeline.stages.shared.runs.facts import in_nats, run_facts_of
from pipeline.stages.shared.sections.checkpoints import SectionCheckpoint, section_checkpoints
from pipeline.stages.shared.sections.losses import Trained, is_run, unit_of
from pipeline.stages.shared.sections.sounds import HeardRecording, HeardTake
from pipeline.stages.shared.take_findings import heard_voice, recording_voice

_MOST_NAMED: Final = 6
"""Takes in one warning."""
_NEVER: Final = {
    "take": "no take that is heard meets its conditions",
    "playhead": "the graphs' playhead never comes to where its conditions hold",
}


@dataclass(frozen=True)
class SectionStory:
    """One section while the timeline is planned: its results, and its takes' captions.

    Parameters
    ----------
    number
        Counted from 0.
    learned
        What the network learned from, or a run's recording.
    run
        Its training, or a run's losses.
    take_results
        Its takes, by iteration.
    templates
        Of captions, by their names such as `captions/take.txt`.
    tree
        The facts of the whole film, as `film_facts` has them.
    """

    production: Production
    number: int
    learned: HeardRecording
    run: Trained
    take_results: Mapping[int, HeardTake]
    templates: Mapping[str, str]
    clock: Clock
    language: Language
    tree: PlainFacts

    @cached_property
    def corpus(self) -> Corpus | RunRecording:
        """The record of what the network learned from."""
        return self.learned.record

    @cached_property
    def takes(self) -> Mapping[int, Take | RunSound]:
        """The records of its takes, by iteration."""
        return {iteration: take.record for iteration, take in self.take_results.items()}

    @cached_property
    def where(self) -> str:
        """Where it stands in the production, for messages."""
        return f"section {self.number + 1} ({self.production.sections[self.number].title}), storyboard"

    @cached_property
    def points(self) -> tuple[CheckpointPoint, ...]:
        """All checkpoints and their losses."""
        return tuple(checkpoint.point for checkpoint in self.checkpoints.values())

    @cached_property
    def planned(self) -> tuple[PlannedTake, ...]:
        """The takes that are heard, in order."""
        settings, is_short = self.production.sections[self.number].storyboard, not self.production.has_own_length
        return choose_takes(self.points, settings, where=self.where, is_shortened=is_short)

    @cached_property
    def checkpoints(self) -> Mapping[int, SectionCheckpoint]:
        """All checkpoints, by iteration."""
        found = section_checkpoints(self.production, self.number, self.run)
        return {checkpoint.iteration: checkpoint for checkpoint in found}

    @cached_property
    def unit(self) -> LossUnit:
        """How its losses are shown."""
        return unit_of(self.run)

    @cached_property
    def is_silent(self) -> bool:
        """Whether it has no sounds: of a run that has left none."""
        return is_run(self.run) and not self.take_results

    @cached_property
    def has_no_losses(self) -> bool:
        """Whether it has no losses: of a run without logs."""
        return isinstance(self.run.record, RunLosses) and not self.run.record.curves

    @cached_property
    def frames(self) -> tuple[int, ...]:
        """How long each take is shown: as planned, or as its sound lasts; others make up for what one lacks."""
        if self.is_silent:
            return tuple(self._wanted)
        there = [self.clock.frames_within(self._take(planned.iteration).duration_s) for planned in self.planned]
        return fit_to_sound(self.planned, self._wanted, there)

    @cached_property
    def _wanted(self) -> list[int]:
        return [self.clock.frames_within(planned.seconds) for planned in self.planned]

    @cached_property
    def voices(self) -> Mapping[int, VoiceMeasures | None]:
        """What was measured on what is heard of each take."""
        return {
            planned.iteration: heard_voice(self.take_results[planned.iteration], float(frames / self.clock.frame_rate))
            for planned, frames in zip(self.planned, self.frames, strict=True)
            if planned.iteration in self.take_results
        }

    @cached_property
    def recording_voice(self) -> VoiceMeasures | None:
        """What was measured on the recording; None where there is no take to compare with it."""
        return recording_voice(self.learned) if any(self.voices.values()) else None

    @cached_property
    def _first_noise(self) -> int | None:
        """The first take that is noise, by its iteration: viewers are warned of it."""
        return next((one.iteration for one in self.planned if self._take(one.iteration).facts.noise), None)

    @cached_property
    def _heard(self) -> tuple[int, ...]:
        return tuple(take.iteration for take in self.planned)

    @property
    def section_facts(self) -> SectionFacts:
        """What the film tells of it."""
        trained, corpus = self.run.record, self.corpus
        title = self.production.sections[self.number].title
        if not isinstance(trained, TrainingRun):
            return self._run_section_facts(title, trained)
        return SectionFacts(
            title=title,
            **run_facts(trained, self.language),
            corpus_seconds=corpus.duration_s,
            sample_rate_hz=corpus.sample_rate_hz,
            first_validation_nats=trained.first_validation_nats,
            last_validation_nats=trained.last_validation_nats,
            best_validation_nats=trained.best_validation_nats,
        )

    @cached_property
    def _run_facts(self) -> tuple[RunFacts, LossUnit]:
        settings, losses = self.production.sections[self.number].run, self.run.record
        assert settings is not None and isinstance(losses, RunLosses)  # noqa: S101, PT018 - such is a run
        return run_facts_of(settings, losses, list(self.checkpoints.values()), self.language)

    def _run_section_facts(self, title: str, losses: RunLosses) -> SectionFacts:
        shown, unit = self._run_facts
        last = next(reversed([*self.checkpoints.values()]), None)
        rates = [take.sample_rate_hz for take in self.takes.values()]
        return SectionFacts(
            title=title,
            network=dict(shown.facts).get("Network", ""),
            parameters=None,
            iterations=max(losses.last_iteration, last.iteration if last else 0),
            epochs=last.epoch if last else None,
            elapsed_s=last.elapsed_s if last else None,
            corpus_seconds=self.corpus.duration_s,
            sample_rate_hz=max(rates, default=None),
            first_validation_nats=in_nats(shown.first_loss, unit),
            last_validation_nats=in_nats(shown.last_loss, unit),
            best_validation_nats=in_nats(shown.best_loss, unit),
            run=shown,
        )

    def facts(self, checkpoint: SectionCheckpoint, seconds: float, finding: Finding | None = None) -> PlainFacts:
        """All facts that a caption may name."""
        heard = HeardCheckpoint(
            checkpoint,
            self._heard,
            seconds,
            self.takes.get(checkpoint.iteration),
            self.unit,
            checkpoint.iteration == self._first_noise,
            -self.production.sound.untrained_db,
            self.voices.get(checkpoint.iteration),
            self.recording_voice,
            finding,
        )
        return section_facts(self.tree, self.number, heard)

    def _meets(self, rule: CaptionRule, iteration: int) -> bool:
        """Whether what a caption's own condition says is so of a checkpoint."""
        facts = self.facts(self.checkpoints[iteration], rule.seconds)
        return rule.when is None or holds(rule.when, facts, f"condition of a caption in {self.where}")

    def finding_words(self, sound: SoundClip, finding: Finding) -> str:
        """Say what was found in a take; nothing where a person has written its caption."""
        if any(take.iteration == sound.iteration and take.caption is not None for take in self.planned):
            return ""
        seconds = float(sound.frames / self.clock.frame_rate)
        facts = self.facts(self.checkpoints[sound.iteration or 0], seconds, finding)
        return render_caption(self.templates["captions/finding.txt"], facts, "finding.txt")

    def plan(self, report: Reporter) -> SectionPlan:
        """Turn seconds into frames, no longer than the sound there is."""
        section = self.production.sections[self.number]
        story = section.storyboard
        left_s = self.corpus.duration_s - story.recording_start_s
        if not is_run(self.run) or left_s < self.corpus.duration_s:
            story.check_excerpt(self.corpus.duration_s, self.where)
        first = next(iter(self.checkpoints.values()))
        return SectionPlan(
            title=section.title,
            card_frames=self.clock.frames_within(story.card_seconds),
            recording_frames=self.clock.frames_within(min(story.recording_seconds, max(0.0, left_s))),
            recording_start_s=story.recording_start_s,
            recording_caption=render_caption(
                self.templates["captions/recording.txt"], self.facts(first, story.recording_seconds), "recording.txt"
            ),
            recording_voice=self.recording_voice,
            takes=self._placed(report),
            recap_frames=self.clock.frames_within(0.0 if self.has_no_losses else story.recap_length_s),
        )

    def _placed(self, report: Reporter) -> list[PlacedTake]:
        """Place the takes, and tell which have less sound than planned."""
        if self.is_silent:
            return list(self._silent_takes())
        rate, takes = self.clock.frame_rate, [self._take(planned.iteration) for planned in self.planned]
        frames, wanted = self.frames, self._wanted
        short = [
            f"{take.iteration:,} ({float(shown / rate):.2f} of {planned.seconds:.2f} s)"
            for planned, take, shown, whole in zip(self.planned, takes, frames, wanted, strict=True)
            if shown < whole and not take.facts.cut_s  # dead air that was cut has a note already
        ]
        if short:
            named = ", ".join(short[:_MOST_NAMED]) + ", ..." * (len(short) > _MOST_NAMED)
            words = (
                f"section {self.number + 1}: {len(short)} of {len(takes)} takes have less sound than planned, and last "
                f"as long as it does: iteration {named}"
            )
            if is_run(self.run):
                report.note(words)
            else:
                report.warn(f"{words}; longer sampling.seconds, or none, give more")
        return [
            self._place(planned, planned.seconds if shown == whole else float(shown / rate), shown)
            for planned, shown, whole in zip(self.planned, frames, wanted, strict=True)
        ]

    def _silent_takes(self) -> Iterator[PlacedTake]:
        """Points of the curves of a run without sounds: its recording is heard on beneath them, as far as it goes."""
        story, at_s = self.production.sections[self.number].storyboard, 0.0
        at_s = story.recording_start_s + min(
            story.recording_seconds, max(0.0, self.corpus.duration_s - story.recording_start_s)
        )
        for planned, frames in zip(self.planned, self.frames, strict=True):
            seconds = float(frames / self.clock.frame_rate)
            placed = self._place(planned, seconds, frames)
            is_heard = at_s < self.corpus.duration_s
            yield (
                replace(placed, sound="recording", source_start_s=at_s)
                if is_heard
                else replace(placed, sound="silence")
            )
            at_s += seconds

    def _take(self, iteration: int) -> Take | RunSound:
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
        usual = "captions/run.txt" if is_run(self.run) else "captions/take.txt"
        text = self.templates[usual] if planned.caption is None else planned.caption
        return PlacedTake(
            iteration=planned.iteration,
            frames=frames,
            caption=render_caption(text, self.facts(checkpoint, seconds), f"caption of a take in {self.where}"),
            epoch=checkpoint.epoch,
            validation_loss_nats=None if is_run(self.run) else _finite(checkpoint.loss),
            loss=_finite(checkpoint.loss) if is_run(self.run) else None,
            voice=self.voices.get(planned.iteration),
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
                    report.warn(f"{self.where}: the caption {in_short(rule.text)} is never shown: {_NEVER[rule.on]}")
                continue
            checkpoint, at_frame, until_frame = found
            text = render_caption(rule.text, self.facts(checkpoint, rule.seconds), f"caption in {self.where}")
            wanted = self.clock.frames_within(rule.seconds)
            least = max(shortest, min(wanted, self.clock.frames_within(reading_s(text))))
            yield CaptionWish(text, at_frame, max(wanted, least), until_frame, least, section=self.number)

    def _fired(self, rule: CaptionRule, scene: SceneClip, scroll: Axis) -> tuple[SectionCheckpoint, int, int] | None:
        """The checkpoint of a rule's caption, and the frames at which it is due and no longer true."""
        if rule.on == "take":
            sounds = [one for one in scene.sounds if one.iteration is None or self._meets(rule, one.iteration)]
            take = first_take(rule, sounds, self.recording_voice, self.unit)
            return None if take is None else (self.checkpoints[take.iteration or 0], take.start_frame, take.end_frame)
        reached = first_reached(
            rule, self.points, self.unit, lambda point: rule.when is None or self._meets(rule, point.iteration)
        )
        if reached is None:
            return None
        law = ScrollLaw([(point.frame, point.iteration) for point in scene.key_points], axis=scroll)
        frames = range(scene.start_frame, scene.end_frame)
        at = first_frame_at(reached[1], frames, lambda span: law.iterations(span).tolist())
        return None if at is None else (self.checkpoints[reached[0].iteration], at, scene.end_frame)


def in_short(text: str) -> str:
    """A caption as messages name it."""
    return repr(text if len(text) <= 40 else text[:39] + "\u2026")  # noqa: PLR2004 - enough to know it by


def _finite(loss: float) -> float | None:
    return loss if math.isfinite(loss) else None
