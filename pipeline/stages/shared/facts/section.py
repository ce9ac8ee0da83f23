"""The facts of one section, from its results."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Final

from pipeline.audio.measures.record import VoiceMeasures
from pipeline.film.planning.nearest import loss_of
from pipeline.film.timeline.timeline import RunFacts, SceneClip, SoundClip
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.language import Language
from pipeline.production.schema import Production
from pipeline.runs.stored import RunLosses
from pipeline.runtime.wording.units import BITS_PER_BYTE, LossUnit
from pipeline.stages.shared.facts.measured import HeardCheckpoint, RecordingTable, TakeTable
from pipeline.stages.shared.facts.table import FactTable, fact
from pipeline.stages.shared.facts.trained import LossTable, NetworkTable, RunTable, SamplingTable, TrainingTable
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.runs.facts import in_nats, run_facts_of
from pipeline.stages.shared.sections.checkpoints import SectionCheckpoint, section_checkpoints
from pipeline.stages.shared.sections.losses import unit_of

_FORMER: Final[Mapping[str, str]] = {
    "corpus": "section.recording",
    "voice": "section.take.voice",
    "parameters": "section.network.parameters",
    "iterations": "section.training.iterations",
    "epochs": "section.training.epochs",
    "elapsed_s": "section.training.elapsed_s",
    "corpus_seconds": "section.recording.duration_s",
    "sample_rate_hz": "section.recording.sample_rate_hz",
    "first_validation_nats": "section.loss.first_nats",
    "last_validation_nats": "section.loss.last_nats",
    "best_validation_nats": "section.loss.best_nats",
}


class SectionTable(FactTable):
    """One network's part of the film."""

    stands_for: ClassVar[str] = "title"
    place: ClassVar[str] = "section"
    former: ClassVar[Mapping[str, str]] = _FORMER

    def __init__(self, production: Production, results: Results, index: int, language: Language) -> None:
        self._production, self._results, self._index, self._language = production, results, index, language

    @property
    def _trained(self) -> TrainingRun | None:
        record = self._results.runs[self._index].record
        return record if isinstance(record, TrainingRun) else None

    @cached_property
    def _checkpoints(self) -> list[SectionCheckpoint]:
        return list(section_checkpoints(self._production, self._index, self._results.runs[self._index]))

    @cached_property
    def _shown(self) -> tuple[RunFacts, LossUnit] | None:
        """The facts of a run of another program; None for a training of our own."""
        settings, losses = self._production.sections[self._index].run, self._results.runs[self._index].record
        if settings is None or not isinstance(losses, RunLosses):
            return None
        return run_facts_of(settings, losses, self._checkpoints, self._language)

    @cached_property
    def _scenes(self) -> list[SceneClip]:
        """Its scenes: several where cards stand between its takes."""
        timeline = self._results.timeline
        scenes = timeline.record.scenes() if timeline is not None else ()
        return [scene for scene in scenes if scene.section == self._index]

    @property
    def _heard_takes(self) -> list[SoundClip]:
        return [sound for scene in self._scenes for sound in scene.sounds if sound.kind == "take"]

    @property
    def _recording_voice(self) -> VoiceMeasures | None:
        return self._scenes[0].recording_voice if self._scenes else None

    @fact
    def number(self) -> int:
        """Which section it is, counted from 1."""
        return self._index + 1

    @fact
    def title(self) -> str:
        """Its title, for which `section` stands."""
        return self._production.sections[self._index].title

    @fact
    def takes(self) -> int:
        """How many takes are heard."""
        return len(self._results.takes[self._index]) if self._index < len(self._results.takes) else 0

    @fact
    def network(self) -> NetworkTable:
        """Its network."""
        named = {label.casefold(): value for label, value in self._shown[0].facts} if self._shown else {}
        return NetworkTable(self._trained, self._language, named.get("network", ""))

    @fact
    def recording(self) -> RecordingTable:
        """What the network learned from."""
        takes = self._results.takes[self._index] if self._index < len(self._results.takes) else ()
        rate_hz = takes[-1].record.sample_rate_hz if takes else None
        corpus = self._results.corpora[self._index].record
        return RecordingTable(corpus, self._language, self._recording_voice, rate_hz)

    @fact
    def training(self) -> TrainingTable:
        """Its training as a whole."""
        if self._trained is not None:
            return TrainingTable(self._trained, self._language, (), 0)
        losses = self._results.runs[self._index].record
        logged = losses.last_iteration if isinstance(losses, RunLosses) else 0
        last = max([logged, *(one.iteration for one in self._checkpoints)])
        return TrainingTable(None, self._language, self._checkpoints, last)

    @fact
    def loss(self) -> LossTable:
        """Its validation losses."""
        if (own := self._trained) is not None:
            return LossTable(
                own.first_validation_nats, own.last_validation_nats, own.best_validation_nats, own.best_iteration
            )
        shown, unit = self._shown or (None, BITS_PER_BYTE)
        best = min(self._checkpoints, key=lambda one: loss_of(one.point), default=None)
        known = (shown.first_loss, shown.last_loss, shown.best_loss) if shown else (None, None, None)
        first, last, lowest = (in_nats(one, unit) for one in known)
        return LossTable(first, last, lowest, best.iteration if best else None)

    @fact
    def sampling(self) -> SamplingTable:
        """How its takes were sampled."""
        return SamplingTable(self._production.sections[self._index], self._language)

    @fact
    def take(self) -> TakeTable:
        """The last take that is heard; in captions `take` is the one that they are about, in panels the one heard."""
        sounds = self._heard_takes
        return TakeTable(self._heard(sounds, sounds[-1]) if sounds else None)

    def takes_heard(self) -> dict[int, TakeTable]:
        """Every take that is heard, by its iteration."""
        return {one.iteration: self.take_of(one.iteration) for one in self._heard_takes if one.iteration is not None}

    def take_of(self, iteration: int) -> TakeTable:
        """The take of a checkpoint; without facts where it is not heard."""
        sounds = self._heard_takes
        own = next((sound for sound in sounds if sound.iteration == iteration), None)
        return TakeTable(self._heard(sounds, own) if own else None)

    def _heard(self, sounds: list[SoundClip], last: SoundClip) -> HeardCheckpoint | None:
        timeline = self._results.timeline
        checkpoint = next((one for one in self._checkpoints if one.iteration == last.iteration), None)
        takes = {take.record.iteration: take.record for take in self._results.takes[self._index]}
        noise = [one.iteration for one in sounds if one.iteration in takes and takes[one.iteration].facts.noise]
        if checkpoint is None or timeline is None:
            return None
        return HeardCheckpoint(
            checkpoint,
            [sound.iteration for sound in sounds if sound.iteration is not None],
            float(last.frames / timeline.record.frame_rate),
            takes.get(checkpoint.iteration),
            unit_of(self._results.runs[self._index]),
            bool(noise) and noise[0] == checkpoint.iteration,
            -self._production.sound.untrained_db,
            last.voice,
            self._recording_voice,
            last.finding,
        )

    @fact
    def run(self) -> RunTable | None:
        """What is known of a run of another program; nothing for networks of this one."""
        return RunTable(self._shown[0]) if self._shown else None
