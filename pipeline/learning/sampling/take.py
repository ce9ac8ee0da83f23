"""The record of a take: the audio that was generated from one checkpoint, and how.

This module owns the record. Nothing measured by a clock stands in it: the same checkpoint and settings give the same
record.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipeline.audio.formats import Encoding
from pipeline.audio.measures.record import VoiceMeasures
from pipeline.learning.sampling.traces import TraceFiles
from pipeline.store.names import PlainName


class TakeFacts(BaseModel):
    """What was measured on a take.

    Parameters
    ----------
    silence_share
        Share of its time more than 30 dB below the recording's level.
    clipped_share
        Share of its samples at either end of the scale.
    noise
        Whether its spectrum is as flat as noise, where the recording's is not.
    copied_samples
        Length of the longest run of bytes that stands in the training data too; 0 where none has 63 bytes or more.
    copied_from_sample
        Where in the corpus that run begins.
    copied_at_sample
        Where in the take it begins; None in records made before this was kept.
    cut_s
        How much dead air was cut out of it, before the rest was measured.
    voice
        Its pitch, pauses and vowels, of its first minute; None in records made before these were measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    silence_share: float = 0.0
    clipped_share: float = 0.0
    noise: bool = False
    copied_samples: int = 0
    copied_from_sample: int = 0
    copied_at_sample: int | None = None
    cut_s: float = 0.0
    voice: VoiceMeasures | None = None


class CandidateFacts(BaseModel):
    """One of the takes among which a checkpoint's take was chosen.

    Parameters
    ----------
    bytes_file, listen_file
        Its bytes and the same to listen to, relative to the folder of the candidates.
    temperature
        At its beginning.
    distance
        How far its loudness and spectrum are from the recording's; smaller is closer.
    level_db
        Its loudness, root mean square, in decibels below full scale.
    flatness
        Spectral flatness, from 0 (a tone) to 1 (white noise).
    facts
        What else was measured.
    samples
        Its length; None where nothing was cut and it is as long as was asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes_file: PlainName
    listen_file: PlainName
    temperature: float
    distance: float
    level_db: float
    flatness: float
    facts: TakeFacts = TakeFacts()
    samples: int | None = None


class CandidateSet(BaseModel):
    """All the takes of one checkpoint among which one is chosen.

    Parameters
    ----------
    candidates
        In their order; people count them from 1.
    closest
        What the rule chooses, counted from 1.
    processor
        The kind of processor or GPU on which they were made; older records name none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    candidates: tuple[CandidateFacts, ...]
    closest: int
    processor: str = ""


class Take(BaseModel):
    """The audio that was generated from one checkpoint.

    Parameters
    ----------
    bytes_file
        uint8 array, shape = (samples,), as the network generated it.
    listen_file
        The same to listen to: WAV, 16 bit, at the take's own rate.
    iteration
        Of the checkpoint.
    samples
        Length in samples; divide by `sample_rate_hz` for seconds.
    encoding
        What the bytes mean.
    temperature
        At the beginning of the take.
    precision
        The dtype in which the weights were held.
    candidates
        All the candidates where there were several; empty otherwise.
    chosen
        Which candidate this is, counted from 1.
    chosen_by
        The rule, or a person.
    facts
        What was measured on it.
    traces
        What was recorded of the network while it was generated; None where nothing was.
    processor
        The kind of processor or GPU on which it was made; older records name none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes_file: PlainName = "take.npy"
    listen_file: PlainName = "take.wav"
    iteration: int
    samples: int
    sample_rate_hz: int
    encoding: Encoding
    seed: int
    temperature: float
    precision: str
    primed_samples: int = 0
    candidates: tuple[CandidateFacts, ...] = ()
    chosen: int = 1
    chosen_by: Literal["rule", "hand"] = "rule"
    facts: TakeFacts = TakeFacts()
    traces: TraceFiles | None = None
    processor: str = ""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate_hz
