"""What a production says of a song: its tune, words, voices, backing and picture. It reads no file."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator, model_validator

from pipeline.film.planning.settings import FilmSettings
from pipeline.picture.language.tags import LanguageTag

_PLACES: Final = ("start", "title", "comparison", "end")
_SECTION: Final = re.compile(r"section ([1-9]\d{0,2})")
_LEARNED: Final = re.compile(r"(section|recording) ([1-9]\d{0,2})")
_File = Annotated[str, Field(min_length=1, max_length=1000)]


class SongVoiceSettings(FilmSettings):
    """One voice of a song: which notes it sings, whose voice it is, and how."""

    track: int | str = Field(
        default=1,
        description='Which notes: a track of the melody by its number among those with notes, by its name, or "channel '
        '2".',
        examples=[1],
    )
    part: int = Field(default=1, ge=1, le=12, description="Which note of a chord, counted from the highest.")
    voice: str = Field(
        min_length=1,
        max_length=1000,
        description='Whose voice: "section 3" (what its network learned), "recording 3" (what it learned from), or a '
        "folder of samples (a UTAU voice bank).",
        examples=["section 1"],
    )
    transpose: float = Field(default=0.0, ge=-36.0, le=36.0, description="Semitones up or down.")
    pan: float = Field(default=0.0, ge=-1.0, le=1.0, description="From -1, left, to 1, right.")
    gain_db: float = Field(default=0.0, ge=-40.0, le=12.0, description="Louder or softer than the other voices.")
    vibrato_cents: float = Field(default=25.0, ge=0.0, le=200.0, description="Depth of the vibrato to either side.")
    vibrato_hz: float = Field(default=5.6, gt=0.0, le=12.0, description="Rate of the vibrato.")
    portamento_ms: float = Field(default=60.0, ge=0.0, le=500.0, description="How long a change of pitch takes.")

    @field_validator("track")
    @classmethod
    def _is_a_track(cls, value: int | str) -> int | str:
        if (isinstance(value, int) and not 1 <= value <= 1024) or (isinstance(value, str) and not value.strip()):  # noqa: PLR2004
            raise ValueError('a number from 1, a name, or "channel 2"')
        return value

    @property
    def learned(self) -> tuple[Literal["section", "recording"], int] | None:
        """Which section's network or recording sings, counted from 1; None for a folder."""
        found = _LEARNED.fullmatch(self.voice)
        if found is None:
            return None
        return ("section" if found[1] == "section" else "recording"), int(found[2])


class SongSettings(FilmSettings):
    """A song in the film."""

    title: str = Field(min_length=1, max_length=200, description="Its title, and its chapter's.", examples=["It sings"])
    melody: _File = Field(description="The tune: a MIDI, UST or MusicXML file.", examples=["tune.mid"])
    after: str | None = Field(
        default=None,
        description='What it follows: "start", "title", "section 2", "comparison", "end"; by default the last section.',
        examples=["section 1"],
    )
    lyrics: _File | None = Field(
        default=None,
        description="A text file, a line of the song on each line; by default the words in the melody's file.",
        examples=["lyrics.txt"],
    )
    translation: _File | None = Field(
        default=None, description="The same lines in a second language.", examples=["english.txt"]
    )
    lyrics_language: LanguageTag | None = Field(
        default=None, description="Language of the lyrics (BCP 47); by default the film's.", examples=["ja"]
    )
    translation_language: LanguageTag = Field(default="en", description="Language of the translation (BCP 47).")
    backing: _File | None = Field(
        default=None, description="Instruments to sing to, any sound file.", examples=["off-vocal.flac"]
    )
    backing_db: float = Field(default=-3.0, ge=-40.0, le=20.0, description="Level of the backing against the voices.")
    offset_s: float = Field(
        default=0.0, ge=-600.0, le=600.0, description="How long after the backing's beginning the tune begins."
    )
    picture: _File | None = Field(
        default=None,
        description="A picture behind it, slowly moved; by default the theme's ground.",
        examples=["drawing.png"],
    )
    layout: str = Field(
        default="song", min_length=1, max_length=100, description="Its layout, a file in templates/layouts/."
    )
    voices: tuple[SongVoiceSettings, ...] = Field(
        alias="voice", min_length=1, max_length=12, description="Who sings; the first has the words."
    )

    @field_validator("after")
    @classmethod
    def _is_a_place(cls, value: str | None) -> str | None:
        if value is not None and value not in _PLACES and not _SECTION.fullmatch(value):
            raise ValueError('"start", "title", "section 1" with any section\'s number, "comparison" or "end"')
        return value

    @model_validator(mode="after")
    def _translates_something(self) -> SongSettings:
        if self.translation is not None and self.lyrics is None:
            raise ValueError("a translation needs lyrics: name their file too")
        return self

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """The files and folders that it names, each with its field."""
        named = [(field, getattr(self, field)) for field in ("melody", "lyrics", "translation", "backing", "picture")]
        named += [(f"voice {at}", one.voice) for at, one in enumerate(self.voices, start=1) if one.learned is None]
        return tuple((field, name) for field, name in named if name is not None)

    def place(self, sections: int) -> tuple[str, int | None]:
        """What it follows, and which of so many sections, counted from 1."""
        if self.after is None:
            return "section", sections
        found = _SECTION.fullmatch(self.after)
        return ("section", int(found[1])) if found else (self.after, None)
