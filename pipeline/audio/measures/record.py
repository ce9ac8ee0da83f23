"""The records of what was measured on a sound, and of findings about it; they need no large library."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.store.later_fields import WithLaterFields

FindingKind = Literal["copied", "pitch", "same_pitch", "pauses", "vowel"]


class VoiceMeasures(WithLaterFields):
    """What a sound is like as a voice.

    Parameters
    ----------
    seconds
        How much was measured.
    level_db
        Root mean square, decibels below full scale, of all that isn't silent; -96 where all is silent.
    loudness_range_db
        How far the level moves where it is not silent: from the 10th to the 95th percentile of windows of 10 ms.
    loudness_contour_db
        Its level over time: of each of sixteen equal parts, decibels below full scale, -96 at least; fewer parts of
        sounds below 0.16 s, and none of what was measured before there was this.
    silence_share
        Share of the time that is silent: more than 25 dB below the sound's own level, or below -60 dB.
    pauses
        How many silences of at least 0.1 s lie between sounds.
    pause_share
        Share of the time in these pauses.
    pause_s
        Their median length in seconds; 0 where there are none.
    clipped_share
        Share of the samples in flat tops near full scale.
    voiced_share
        Share of what is not silent that has a pitch.
    pitch_hz, pitch_low_hz, pitch_high_hz
        Median, 10th and 90th percentile where there is a pitch; None where there is none.
    vowel_share
        Share of what is not silent that has a pitch and two clear formants.
    formant_1_hz, formant_2_hz
        Medians of the first two formants in what is like a vowel; None where nothing is.
    bands_db
        Long-term spectrum: power in thirds of an octave from 100 to 4000 Hz, relative to the whole, -40 at least.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    later: ClassVar[frozenset[str]] = frozenset({"loudness_contour_db"})

    seconds: float = Field(ge=0.0)
    level_db: float
    loudness_range_db: float = 0.0
    loudness_contour_db: tuple[float, ...] = Field(default=(), max_length=64)
    silence_share: float = Field(ge=0.0, le=1.0)
    pauses: int = Field(default=0, ge=0)
    pause_share: float = Field(default=0.0, ge=0.0, le=1.0)
    pause_s: float = Field(default=0.0, ge=0.0)
    clipped_share: float = Field(default=0.0, ge=0.0, le=1.0)
    voiced_share: float = Field(default=0.0, ge=0.0, le=1.0)
    pitch_hz: float | None = None
    pitch_low_hz: float | None = None
    pitch_high_hz: float | None = None
    vowel_share: float = Field(default=0.0, ge=0.0, le=1.0)
    formant_1_hz: float | None = None
    formant_2_hz: float | None = None
    bands_db: tuple[float, ...] = Field(default=(), max_length=64)

    @property
    def sound_s(self) -> float:
        """Seconds that are not silent."""
        return self.seconds * (1.0 - self.silence_share)

    @property
    def voiced_s(self) -> float:
        """Seconds that have a pitch."""
        return self.sound_s * self.voiced_share

    @property
    def vowel_s(self) -> float:
        """Seconds that are like a vowel."""
        return self.sound_s * self.vowel_share


class Finding(BaseModel):
    """A fact about a take.

    Parameters
    ----------
    kind
        `pitch`: the first take with a pitch. `same_pitch`: the first whose pitch is the recording's, where the first
        pitch was another. `pauses`: the first that pauses as often and as long as the recording. `vowel`: the first
        with sounds like vowels. `copied`: it repeats the recording sample for sample.
    value, recording_value
        `pitch`, `same_pitch`: medians in Hz. `pauses`: their typical length in seconds. `vowel`: the first formant in
        Hz. `copied`: how many seconds are copied, and from where in what the network has learned from, in seconds.
    is_first
        Whether it is true for the first time; not where an earlier take had another finding.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FindingKind
    value: float
    recording_value: float
    is_first: bool = True
