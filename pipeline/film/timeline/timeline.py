"""The timeline: what is seen and heard in every frame of the film, in whole frames, readable by a person.

This module owns the record that the storyboard writes and that rendering, the soundtrack, chapters and subtitles read.
It does not know pictures, sound or files.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.audio.measures.record import Finding, VoiceMeasures
from pipeline.film.planning.frame_rate import FrameRate
from pipeline.film.timeline.clock import Clock
from pipeline.store.later_fields import WithLaterFields
from pipeline.store.names import PlainName

MOST_FRAMES = 1_000_000_000
"""A film of 48 days: more than anyone makes, less than would fill the memory of who counts them."""
CardName = Literal["title", "section", "recap", "comparison", "credits", "own"]


class TimelineRecord(BaseModel):
    """What all records of the timeline share."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(TimelineRecord):
    """A part of the film: frames `start_frame` to `end_frame`, the end not included."""

    start_frame: int = Field(ge=0)
    end_frame: int = Field(gt=0, le=MOST_FRAMES)

    @model_validator(mode="after")
    def _is_a_stretch(self) -> Self:
        if self.end_frame <= self.start_frame:
            raise ValueError(f"frames {self.start_frame} to {self.end_frame} are no part of a film")
        return self

    @property
    def frames(self) -> int:
        """How many frames it lasts."""
        return self.end_frame - self.start_frame


class KeyPoint(TimelineRecord):
    """At this frame the graphs' playhead stands exactly on this iteration."""

    frame: int = Field(ge=0, le=MOST_FRAMES)
    iteration: int = Field(ge=0, le=10**12)


class SoundClip(WithLaterFields, Span):
    """What is heard: an excerpt of the section's recording, the take of one checkpoint, or nothing at one.

    `source_start_s` says where in that sound it begins (seconds); takes begin at 0. `voice` is what was measured on
    what is heard of a take, and `finding` the fact that a caption gives of it. `loss` is that of a run of another
    program, in the unit that it is logged in.
    """

    later = frozenset({"loss"})

    kind: Literal["recording", "take", "silence"]
    iteration: int | None = None
    source_start_s: float = Field(default=0.0, ge=0.0)
    caption: str = ""
    epoch: float | None = None
    validation_loss_nats: float | None = None
    voice: VoiceMeasures | None = None
    finding: Finding | None = None
    loss: float | None = None

    @property
    def judged_by(self) -> float | None:
        """The loss of its checkpoint in the unit that its section's are stored in; None where it is not known."""
        return self.validation_loss_nats if self.loss is None else self.loss


class CardClip(Span):
    """A full-screen card; `section` counts from 0, for cards of a section; `own` counts the user's own from 0."""

    kind: Literal["card"] = "card"
    card: CardName
    section: int | None = None
    own: int | None = Field(default=None, ge=0, exclude_if=lambda value: value is None)

    @property
    def name(self) -> str:
        """The card's name among stage results: `title`, `section-1`, `recap-1`, `comparison`, `credits`, `own-1`."""
        if self.own is not None:
            return f"own-{self.own + 1}"
        return self.card if self.section is None else f"{self.card}-{self.section + 1}"


class SceneClip(Span):
    """A section's scene: the recording's excerpt, then the takes, with the graphs scrolling beneath.

    Where cards stand between its takes, a section has several.

    `recording_voice` is what was measured on the recording. `scroll` is the axis along which its graphs move smoothly,
    where that is not the film's.
    """

    kind: Literal["scene"] = "scene"
    section: int = Field(ge=0)
    sounds: tuple[SoundClip, ...]
    key_points: tuple[KeyPoint, ...]
    recording_voice: VoiceMeasures | None = None
    scroll: Literal["linear", "log"] | None = None

    @model_validator(mode="after")
    def _sounds_fill_it(self) -> Self:
        _check_contiguous(self.sounds, self.start_frame, self.end_frame, "sounds")
        frames = [point.frame for point in self.key_points]
        iterations = [point.iteration for point in self.key_points]
        if not frames or any(b <= a for a, b in pairwise(frames)) or any(b < a for a, b in pairwise(iterations)):
            raise ValueError("key points must go forward in time and never back in training")
        return self


class InsertClip(Span):
    """The user's own footage; `insert` counts the production's inserts from 0."""

    kind: Literal["insert"] = "insert"
    insert: int = Field(ge=0)


class LyricSpan(Span):
    """A line of a song while it is shown; its translation may be empty."""

    text: str
    translation: str = ""


class SongClip(Span):
    """A song; `song` counts the production's songs from 0. Its lines are in order, without overlap."""

    kind: Literal["song"] = "song"
    song: int = Field(ge=0)
    title: str
    lines: tuple[LyricSpan, ...] = ()
    translation_language: str = ""


Clip = Annotated[CardClip | SceneClip | InsertClip | SongClip, Field(discriminator="kind")]


class Caption(TimelineRecord):
    """Words shown over the film from one frame to another, the end not included."""

    text: str
    in_frame: int = Field(ge=0, le=MOST_FRAMES)
    out_frame: int = Field(gt=0, le=MOST_FRAMES)
    section: int | None = None


class Chapter(TimelineRecord):
    """A place to jump to."""

    frame: int = Field(ge=0, le=MOST_FRAMES)
    title: str


class RunFacts(TimelineRecord):
    """The facts of a run of another program.

    Parameters
    ----------
    facts
        Labels and values, in the order of the card.
    first_loss, last_loss, best_loss
        As they are shown; None where the run has none.
    loss_unit
        Empty where they have no unit.
    loss_name
        As the log calls it.
    """

    facts: tuple[tuple[str, str], ...] = ()
    first_loss: float | None = None
    last_loss: float | None = None
    best_loss: float | None = None
    loss_unit: str = ""
    loss_name: str = ""


class SectionFacts(WithLaterFields, TimelineRecord):
    """The facts of a section, for people and for the files beside the film.

    Of a run of another program much may not be known; `run` holds what is.
    """

    later = frozenset({"run"})

    title: str
    network: str
    parameters: int | None
    iterations: int
    epochs: float | None
    elapsed_s: float | None
    corpus_seconds: float
    sample_rate_hz: int | None
    first_validation_nats: float | None
    last_validation_nats: float | None
    best_validation_nats: float | None
    run: RunFacts | None = None


class Timeline(TimelineRecord):
    """The whole film, in frames. Clips are contiguous and cover it from frame 0 to `total_frames`."""

    title: str
    width: int = Field(gt=0, le=1 << 16)
    height: int = Field(gt=0, le=1 << 16)
    frame_rate: FrameRate
    sample_rate_hz: int = Field(default=FILM_RATE_HZ, gt=0, le=10**6)
    scroll: Literal["linear", "log"] = "linear"
    """The time axis along which graphs move smoothly through the key points."""
    total_frames: int = Field(gt=0, le=MOST_FRAMES)
    clips: tuple[Clip, ...]
    captions: tuple[Caption, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    sections: tuple[SectionFacts, ...] = ()

    @model_validator(mode="after")
    def _clips_cover_it(self) -> Self:
        _check_contiguous(self.clips, 0, self.total_frames, "clips")
        if self.sections and any(scene.section >= len(self.sections) for scene in self.scenes()):
            raise ValueError("a scene belongs to a section that the timeline does not have")
        for caption in self.captions:
            if not caption.in_frame < caption.out_frame <= self.total_frames:
                raise ValueError(f"the caption {caption.text!r} does not lie in the film")
        return self

    @property
    def clock(self) -> Clock:
        """The film's clock, in audio samples of the soundtrack."""
        return Clock(self.frame_rate, self.sample_rate_hz)

    @property
    def duration_s(self) -> Fraction:
        """How long the film lasts."""
        return self.total_frames / self.frame_rate

    def scenes(self) -> tuple[SceneClip, ...]:
        """All scenes, in the film's order."""
        return tuple(clip for clip in self.clips if isinstance(clip, SceneClip))

    def cards(self) -> tuple[CardClip, ...]:
        """All cards, in the film's order."""
        return tuple(clip for clip in self.clips if isinstance(clip, CardClip))

    def songs(self) -> tuple[SongClip, ...]:
        """All songs, in the film's order."""
        return tuple(clip for clip in self.clips if isinstance(clip, SongClip))

    def clip_at(self, frame: int) -> Clip:
        """The clip that shows a frame."""
        for clip in self.clips:
            if clip.start_frame <= frame < clip.end_frame:
                return clip
        raise IndexError(f"the film has frames 0 to {self.total_frames - 1}, not {frame}")

    def scroll_of(self, scene: SceneClip) -> Literal["linear", "log"]:
        """The time axis along which a scene's graphs move smoothly."""
        return scene.scroll or self.scroll


def _check_contiguous(spans: tuple[Span, ...], start_frame: int, end_frame: int, what: str) -> None:
    at = start_frame
    for span in spans:
        if span.start_frame != at:
            raise ValueError(f"the {what} leave a gap or overlap at frame {at}")
        at = span.end_frame
    if at != end_frame:
        raise ValueError(f"the {what} end at frame {at}, not {end_frame}")


class Segment(TimelineRecord):
    """A part of silent video, encoded in closed groups of pictures. Its file is relative to the record's folder."""

    video_file: PlainName = "segment.mp4"
    start_frame: int
    """Frames are counted from the first of the clip that is shown, which may stand anywhere in the film."""
    end_frame: int
    encoder: str
    """The encoder that made it, as ffmpeg calls it: `libx264`."""

    @property
    def frames(self) -> int:
        """How many frames it lasts."""
        return self.end_frame - self.start_frame


class Film(TimelineRecord):
    """The finished film. Files are relative to the record's folder, and to the output folder alike."""

    video_file: PlainName
    files: tuple[PlainName, ...]
    """Everything that goes with it, the video first."""
    width: int
    height: int
    frame_rate: FrameRate
    total_frames: int
    duration_s: float
    size_bytes: int
    video_codec: str
    sound_loudness_lufs: float | None = None
    sound_true_peak_dbtp: float | None = None
