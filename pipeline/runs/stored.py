"""What is kept of a run in the store: its losses, its recording, and each of its sounds that is heard.

Owns the records. Arrays are files beside them. It reads no log and decodes no sound.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from pipeline.learning.corpus import RecordingFacts
from pipeline.learning.sampling.take import TakeFacts
from pipeline.runs.record import Kind
from pipeline.store.names import PlainName


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredTrack(_Stored):
    """Numbers at iterations that rise.

    Parameters
    ----------
    iterations_file
        int64, shape = (points,).
    values_file
        float64, shape = (points,); NaN is a gap.
    """

    iterations_file: PlainName
    values_file: PlainName


class StoredCurve(StoredTrack):
    """A loss over iterations, in its unit: "nats", another, or empty where nothing says which."""

    name: str
    kind: Kind
    unit: str = ""


class LoggedSound(_Stored):
    """A sound within an event file: its place there in bytes, and the file's name in the production's folder."""

    iteration: int = Field(ge=0)
    file: str
    start: int = Field(ge=0)
    length: int = Field(ge=1)


class RunLosses(_Stored):
    """What was read of a run's logs; stands where a training of our own has its record.

    Parameters
    ----------
    curves
        Those that are drawn, the first of each kind the one that is counted by.
    losses_sha256
        Of all curves and tracks: what graphs depend on.
    sounds
        Sounds that lie within the logs, in the order of their iterations.
    settings
        What the logs say of the network and its training.
    last_iteration
        Of the curves; 0 where there are none.
    """

    curves: tuple[StoredCurve, ...] = ()
    epochs: StoredTrack | None = None
    elapsed_s: StoredTrack | None = None
    losses_sha256: str = ""
    sounds: tuple[LoggedSound, ...] = ()
    settings: dict[str, str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    last_iteration: int = 0


class RunSamples(_Stored):
    """Sound of a run at its own rate: float32, shape = (samples,), or (samples, 2) for stereo; full scale = 1."""

    samples_file: PlainName = "samples.npy"
    listen_file: PlainName = "sound.wav"
    sample_rate_hz: int = Field(ge=1)
    channels: int = Field(ge=1, le=2)
    samples: int = Field(ge=0)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate_hz


class RunRecording(RunSamples):
    """What is heard before a run's takes, one recording after the other; no samples where there is none."""

    recordings: tuple[RecordingFacts, ...] = ()


class RunSound(RunSamples):
    """The sound of one iteration."""

    iteration: int
    facts: TakeFacts = TakeFacts()
