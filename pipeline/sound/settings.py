"""What a production file may say about sound: how a corpus is made, and how the film sounds.

Owns the names, units, bounds and defaults. It knows nothing of how any of it is done, and imports no array library.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipeline.audio.formats import Encoding

CORPUS_FIRST_VERSION: Final = frozenset({
    *("sample_rate_hz", "encoding", "normalise", "peak_dbfs", "trim_silence", "silence_below_dbfs"),
    *("longest_silence_s", "validation_share", "longest_s"),
})  # fmt: skip
"""Names of the corpus settings that have always determined a corpus, at their defaults too."""

_Db = Annotated[float, Field(allow_inf_nan=False)]


SHORTEST_S: Final = 5.0
"""A network learns nothing from less sound."""


class _SoundTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CorpusSettings(_SoundTable):
    """How recordings become the bytes that a network learns from."""

    sample_rate_hz: int = Field(
        11025, ge=4000, le=48000, description="Audio samples a second that the network is trained on."
    )
    encoding: Encoding = Field(
        "linear-u8",
        description="How 8 bits hold one sample: 'linear-u8' (128 is silence) or 'mu-law' (finer near silence).",
    )
    normalise: bool = Field(default=True, description="Bring the loudest sample to peak_dbfs.")
    peak_dbfs: _Db = Field(-0.5, ge=-40.0, le=0.0, description="Where the loudest sample ends, in dB of full scale.")
    trim_silence: bool = Field(default=False, description="Shorten long silences.")
    silence_below_dbfs: _Db = Field(
        -45.0, ge=-90.0, le=-10.0, description="What counts as silence, in dB below the recording's peak."
    )
    longest_silence_s: float = Field(
        0.4, ge=0.02, le=60.0, description="With trim_silence, longer silences are cut down to this."
    )
    validation_share: float = Field(
        0.1, gt=0.0, le=0.5, description="Share of the corpus, at its end, that is kept for validation."
    )
    longest_s: float = Field(
        6 * 3600.0, gt=5.0, le=48 * 3600.0, description="Refuse recordings that are longer than this altogether."
    )


class RecordingFile(_SoundTable):
    """One recording: a file, and which of its sound tracks."""

    file: str = Field(
        min_length=1,
        max_length=1000,
        description="Any file that ffmpeg reads, or a folder of them.",
        examples=["recordings/voice.m4a"],
    )
    track: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Which of the file's sound tracks, counted from 1; by default the first in which something sounds.",
        examples=[2],
    )


def _named_file(value: object) -> object:
    """Let a file's name stand for a recording."""
    if isinstance(value, str):
        return {"file": value}
    if not isinstance(value, dict | RecordingFile):
        raise ValueError('a recording is "FILE", or { file = "FILE", track = 2 }')  # noqa: TRY004 - pydantic reads ValueErrors
    return value


RecordingName = Annotated[RecordingFile, BeforeValidator(_named_file, json_schema_input_type=str | RecordingFile)]


class SoundSettings(_SoundTable):
    """How the film sounds."""

    sample_rate_hz: Literal[48000] = Field(48000, description="Audio samples a second of the film.")
    loudness_lufs: _Db = Field(-16.0, ge=-36.0, le=-9.0, description="Loudness of the whole film, integrated.")
    true_peak_dbtp: _Db = Field(-1.5, ge=-12.0, le=-0.5, description="The highest true peak that is allowed.")
    limiter_db: _Db = Field(
        6.0,
        ge=0.0,
        le=6.0,
        description="The most by which peaks are lowered for the film to reach its loudness; 0: none.",
    )
    stereo: Literal["centre", "apart"] = Field(
        "centre", description="'centre', or 'apart': the recording to the left, the network to the right."
    )
    fade_ms: float = Field(8.0, ge=0.0, le=500.0, description="Fade at both ends of each sound, so that none clicks.")
    match_loudness: bool = Field(
        default=True, description="Recordings, takes and your own footage become equally loud."
    )
    gain_limit_db: _Db = Field(12.0, ge=0.0, le=40.0, description="The most that matching may raise a sound.")
    quiet_below_lufs: _Db = Field(
        -50.0, ge=-70.0, le=-20.0, description="Sounds softer than this count as silence and are never raised."
    )
    untrained_db: _Db = Field(
        -9.0, ge=-40.0, le=0.0, description="How much lower the noise of untrained networks is held."
    )
    under_cards: Literal["silence", "recording", "music"] = Field("silence", description="What is heard under cards.")
    music: str | None = Field(
        None,
        max_length=500,
        description="Your own music, relative to the production file; it is heard under cards.",
        examples=["music.flac"],
    )
    music_db: _Db = Field(-6.0, ge=-40.0, le=6.0, description="Level of what is heard under cards, against the voices.")
    duck_db: _Db = Field(
        -80.0,
        ge=-80.0,
        le=0.0,
        description="How far music is lowered while voices are heard, in your own footage too; -60 and below: off.",
    )

    @model_validator(mode="before")
    @classmethod
    def _music_is_heard_under_cards(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("music") is not None and "under_cards" not in data:
            return {**data, "under_cards": "music"}
        return data

    @model_validator(mode="after")
    def _music_has_a_place(self) -> Self:
        if self.under_cards == "music" and self.music is None:
            raise ValueError("under_cards = 'music' needs music = \"FILE\"")
        if self.under_cards != "music" and self.music is not None:
            raise ValueError(f"music has no place where under_cards = '{self.under_cards}': leave out one of them")
        return self
