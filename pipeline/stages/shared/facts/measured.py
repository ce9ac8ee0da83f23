"""The facts of sounds: what was measured of a voice, a recording, and a take with its checkpoint."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.audio.measures.record import Finding, VoiceMeasures
from pipeline.learning.corpus import Corpus
from pipeline.learning.sampling.take import Take
from pipeline.picture.language import Language
from pipeline.runs.stored import RunRecording, RunSound
from pipeline.runtime.wording.units import BITS_PER_BYTE, LossUnit
from pipeline.stages.shared.facts.table import FactTable, fact
from pipeline.stages.shared.facts.wording import encoding_name
from pipeline.stages.shared.sections.checkpoints import SectionCheckpoint


class VoiceTable(FactTable):
    """What was measured of a sound as a voice; nothing of what was never measured."""

    former: ClassVar[Mapping[str, str]] = {"recording": "section.recording.voice"}

    def __init__(self, measures: VoiceMeasures | None, recording: VoiceMeasures | None = None) -> None:
        self._measures, self._recording = measures, recording

    def _of(self, name: str) -> float | None:
        value: float | None = getattr(self._measures, name, None)
        return value

    def values(self) -> Any:
        """Its facts; those of the recording by their former name too."""
        facts = super().values()
        recording = {} if self._recording is None else {"recording": VoiceTable(self._recording).values()}
        return facts | recording

    @fact
    def voiced_share(self) -> float | None:
        """Share of what is not silent that has a pitch, 0 to 1."""
        return self._of("voiced_share")

    @fact
    def pitch_hz(self) -> float | None:
        """Median pitch, Hz."""
        return self._of("pitch_hz")

    @fact
    def pitch_low_hz(self) -> float | None:
        """Low end of the pitch (10th percentile), Hz."""
        return self._of("pitch_low_hz")

    @fact
    def pitch_high_hz(self) -> float | None:
        """High end of the pitch (90th percentile), Hz."""
        return self._of("pitch_high_hz")

    @fact
    def pause_share(self) -> float | None:
        """Share of the time in pauses, 0 to 1."""
        return self._of("pause_share")

    @fact
    def pause_s(self) -> float | None:
        """Median length of its pauses, seconds."""
        return self._of("pause_s")

    @fact
    def loudness_range_db(self) -> float | None:
        """From its quiet to its loud parts, decibels."""
        return self._of("loudness_range_db")

    @fact
    def loudness_contour_db(self) -> list[float] | None:
        """Its level over time: of each of sixteen equal parts, decibels below full scale."""
        return None if self._measures is None else [*self._measures.loudness_contour_db] or None

    @fact
    def vowel_share(self) -> float | None:
        """Share of what is not silent that is like a vowel, 0 to 1."""
        return self._of("vowel_share")

    @fact
    def formant_1_hz(self) -> float | None:
        """Median first formant, Hz."""
        return self._of("formant_1_hz")

    @fact
    def formant_2_hz(self) -> float | None:
        """Median second formant, Hz."""
        return self._of("formant_2_hz")

    @fact
    def silence_share(self) -> float | None:
        """Share of the time that is silent, 0 to 1."""
        return self._of("silence_share")

    @fact
    def clipped_share(self) -> float | None:
        """Share of the samples that are clipped, 0 to 1."""
        return self._of("clipped_share")


class RecordingTable(FactTable):
    """What a network learned from."""

    place: ClassVar[str] = "section.recording"
    former: ClassVar[Mapping[str, str]] = {"recordings": "section.recording.files"}
    stands_for: ClassVar[str] = "name"

    def __init__(
        self,
        corpus: Corpus | RunRecording,
        language: Language,
        voice: VoiceMeasures | None,
        rate_hz: int | None,
    ) -> None:
        self._corpus, self._language, self._voice, self._rate_hz = corpus, language, voice, rate_hz

    @property
    def _own(self) -> Corpus | None:
        return self._corpus if isinstance(self._corpus, Corpus) else None

    @fact
    def name(self) -> str:
        """Names of its files, for which `recording` stands."""
        return ", ".join(self.files)

    @fact
    def files(self) -> list[str]:
        """The names of its files."""
        return [recording.name for recording in self._corpus.recordings]

    @fact
    def duration_s(self) -> float:
        """Its length, seconds."""
        return self._corpus.duration_s

    @fact
    def sample_rate_hz(self) -> int | None:
        """Samples a second, as the network learned them."""
        return self._own.sample_rate_hz if self._own else self._rate_hz

    @fact
    def encoding(self) -> str:
        """How samples became bytes: linear-u8 or mu-law."""
        return self._own.encoding if self._own else ""

    @fact
    def encoding_name(self) -> str:
        """What viewers call that."""
        return encoding_name(self._own.encoding, self._language) if self._own else ""

    @fact
    def samples(self) -> int | None:
        """How many samples it has."""
        return self._own.total_samples if self._own else None

    @fact
    def silence_share(self) -> float | None:
        """Share of its samples that is silent, 0 to 1."""
        return self._own.silence_share if self._own else None

    @fact
    def voice(self) -> VoiceTable:
        """What was measured of its first minute."""
        return VoiceTable(self._voice)


@dataclass(frozen=True)
class HeardCheckpoint:
    """A checkpoint and what is heard of it: all that a take's facts come from.

    Parameters
    ----------
    heard
        The iterations of all takes of the section, in training order.
    seconds
        How long it, or the caption about it, is shown.
    take
        None where the checkpoint is not heard.
    is_first_noise
        Whether it is the first take of its section that is noise.
    noise_lowered_db
        By how much such a take is lowered.
    """

    checkpoint: SectionCheckpoint
    heard: Sequence[int]
    seconds: float
    take: Take | RunSound | None = None
    unit: LossUnit = BITS_PER_BYTE
    is_first_noise: bool = False
    noise_lowered_db: float = 0.0
    voice: VoiceMeasures | None = None
    recording_voice: VoiceMeasures | None = None
    finding: Finding | None = None


class TakeTable(FactTable):
    """A take and its checkpoint; nothing where there is none yet."""

    stands_for: ClassVar[str] = "number"

    def __init__(self, heard: HeardCheckpoint | None) -> None:
        self._heard = heard

    @property
    def _checkpoint(self) -> SectionCheckpoint | None:
        return self._heard.checkpoint if self._heard else None

    @property
    def _take(self) -> Take | RunSound | None:
        return self._heard.take if self._heard else None

    @property
    def _in_nats(self) -> bool:
        return self._heard is not None and self._heard.unit.factor != 1.0

    @fact
    def number(self) -> int:
        """Which of its section's takes it is, counted from 1; `take` stands for it."""
        if self._heard is None:
            return 0
        return bisect_right(self._heard.heard, self._heard.checkpoint.iteration)

    @fact
    def of(self) -> int | None:
        """How many takes its section has."""
        return len(self._heard.heard) if self._heard else None

    @fact
    def seconds(self) -> float | None:
        """How long it is shown, seconds."""
        return self._heard.seconds if self._heard else None

    @fact
    def iteration(self) -> int | None:
        """The iteration of its checkpoint."""
        return self._checkpoint.iteration if self._checkpoint else None

    @fact
    def epoch(self) -> float | None:
        """Passes over the training data up to it."""
        return self._checkpoint.epoch if self._checkpoint else None

    @fact
    def trained_s(self) -> float | None:
        """Seconds of training up to it."""
        return self._checkpoint.elapsed_s if self._checkpoint else None

    @fact
    def loss_nats(self) -> float | None:
        """Its validation loss, nats per byte (the filter `bits` turns it into bits)."""
        return self._checkpoint.loss if self._checkpoint and self._in_nats else None

    @fact
    def training_loss_nats(self) -> float | None:
        """Its training loss, nats per byte."""
        return self._checkpoint.training_loss if self._checkpoint and self._in_nats else None

    @fact
    def loss(self) -> float | None:
        """Its validation loss in the unit in which it is shown: bits per byte, or that of a log."""
        return self._checkpoint.loss * self._heard.unit.factor if self._checkpoint and self._heard else None

    @fact
    def loss_unit(self) -> str:
        """That unit."""
        return self._heard.unit.words if self._heard else ""

    @fact
    def sample_rate_hz(self) -> int | None:
        """Its samples a second."""
        return self._take.sample_rate_hz if self._take else None

    @fact
    def temperature(self) -> float | None:
        """At which it was sampled."""
        return self._take.temperature if isinstance(self._take, Take) else None

    @fact
    def seed(self) -> int | None:
        """Of its draws."""
        return self._take.seed if isinstance(self._take, Take) else None

    @fact
    def is_noise(self) -> bool:
        """Whether it is plain noise."""
        return self._take is not None and self._take.facts.noise

    @fact
    def is_first_noise(self) -> bool:
        """Whether it is the first such take of its section."""
        return self._heard is not None and self._heard.is_first_noise

    @fact
    def noise_lowered_db(self) -> float:
        """By how much noise is lowered, decibels; 0 where it is not."""
        return self._heard.noise_lowered_db if self._heard else 0.0

    @fact
    def finding(self) -> str | None:
        """What was found in it: copied, pitch, same_pitch, pauses or vowel."""
        return self._heard.finding.kind if self._heard and self._heard.finding else None

    @fact
    def finding_is_first(self) -> bool | None:
        """Whether no take before it had that."""
        return self._heard.finding.is_first if self._heard and self._heard.finding else None

    @fact
    def copied_s(self) -> float | None:
        """Seconds of it that are copied from the recording."""
        finding = self._heard.finding if self._heard else None
        if finding is not None and finding.kind == "copied":
            return finding.value
        return self._take.facts.copied_samples / self._take.sample_rate_hz if self._take else None

    @fact
    def copied_from_s(self) -> float | None:
        """Where in the recording they are, seconds from its beginning."""
        return self._take.facts.copied_from_sample / self._take.sample_rate_hz if self._take else None

    @fact
    def voice(self) -> VoiceTable:
        """What was measured of it as a voice."""
        return VoiceTable(*((self._heard.voice, self._heard.recording_voice) if self._heard else (None,)))
