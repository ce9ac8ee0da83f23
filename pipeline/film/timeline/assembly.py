"""Putting a film together: cards, scenes and inserts one after the other, in whole frames.

This module is pure: lengths in, clips out, all in whole frames. It does not know words, networks or files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.audio.measures.record import VoiceMeasures
from pipeline.film.planning.own_cards import OwnCardSettings, Place, cards_after
from pipeline.film.planning.settings import InsertSettings
from pipeline.film.timeline.timeline import (
    CardClip,
    Chapter,
    Clip,
    InsertClip,
    KeyPoint,
    LyricSpan,
    SceneClip,
    SongClip,
    SoundClip,
)


@dataclass(frozen=True)
class PlacedTake:
    """One take and how long it is shown. `caption` is shown while it plays.

    `sound` says what plays: the take; or, where a run has left no sounds, its recording from `source_start_s` on, or
    nothing. `loss` is that of a run of another program.
    """

    iteration: int
    frames: int
    sound: Literal["take", "recording", "silence"] = "take"
    source_start_s: float = 0.0
    loss: float | None = None
    caption: str = ""
    epoch: float | None = None
    validation_loss_nats: float | None = None
    voice: VoiceMeasures | None = None


@dataclass(frozen=True)
class SectionPlan:
    """One section's lengths: its card, the excerpt of its recording, its takes, its recap. 0 leaves a part out."""

    title: str
    card_frames: int
    recording_frames: int
    takes: Sequence[PlacedTake]
    recording_start_s: float = 0.0
    recording_caption: str = ""
    recording_voice: VoiceMeasures | None = None
    recap_frames: int = 0


@dataclass(frozen=True)
class PlacedSong:
    """A song and what it follows; `number` counts the production's songs from 0, lines from the song's first frame."""

    number: int
    place: tuple[str, int | None]
    title: str
    frames: int
    lines: Sequence[LyricSpan] = ()
    translation_language: str = ""


@dataclass(frozen=True)
class FilmPlan:
    """The film's own parts: titles and lengths, 0 for none; `inserts` and `cards` are pairs of settings and lengths."""

    title: str
    title_frames: int
    comparison_frames: int
    credits_frames: int
    sections: Sequence[SectionPlan]
    inserts: Sequence[tuple[InsertSettings, int]] = ()
    cards: Sequence[tuple[OwnCardSettings, int]] = ()
    songs: Sequence[PlacedSong] = ()
    comparison_title: str = "Comparison"
    credits_title: str = "Credits"


class _Reel:
    """Grows by one clip after the other."""

    def __init__(self, plan: FilmPlan) -> None:
        self.clips: list[Clip] = []
        self.chapters: list[Chapter] = []
        self.at = 0
        self._plan = plan

    def chapter(self, title: str) -> None:
        if self.chapters and self.chapters[-1].frame == self.at:
            self.chapters.pop()
        self.chapters.append(Chapter(frame=self.at, title=title))

    def card(self, name: str, frames: int, chapter: str, section: int | None = None, *, own: int | None = None) -> None:
        if frames > 0:
            if chapter:
                self.chapter(chapter)
            values = {"card": name, "section": section, "start_frame": self.at, "end_frame": self.at + frames}
            values |= {} if own is None else {"own": own}
            self.clips.append(CardClip.model_validate(values))
            self.at += frames

    def follow(self, place: str, section: int | None = None) -> None:
        """Add what follows a part of the film: the user's footage, songs, then the user's cards."""
        for number, (settings, frames) in enumerate(self._plan.inserts):
            if settings.after == place and settings.section == section and frames > 0:
                if settings.title:
                    self.chapter(settings.title)
                self.clips.append(InsertClip(insert=number, start_frame=self.at, end_frame=self.at + frames))
                self.at += frames
                self.own_cards(Place("insert", number + 1))
        for song in self._plan.songs:
            if song.place == (place, section) and song.frames > 0:
                self.song(song)
                self.own_cards(Place("song", song.number + 1))
        self.own_cards(Place(place, section))

    def own_cards(self, place: Place) -> None:
        """Add the user's cards that follow something; those within scenes are added to the whole film."""
        for number in cards_after([card for card, _ in self._plan.cards], place):
            card, frames = self._plan.cards[number]
            self.card("own", frames, card.title or "", card.section, own=number)

    def song(self, song: PlacedSong) -> None:
        self.chapter(song.title)
        start = self.at
        lines = [
            line.model_copy(update={"start_frame": start + line.start_frame, "end_frame": start + line.end_frame})
            for line in song.lines
        ]
        self.clips.append(
            SongClip(
                song=song.number,
                title=song.title,
                start_frame=start,
                end_frame=start + song.frames,
                lines=tuple(lines),
                translation_language=song.translation_language,
            )
        )
        self.at += song.frames

    def scene(self, number: int, plan: SectionPlan) -> None:
        start, sounds = self.at, []
        if plan.recording_frames > 0:
            sounds.append(
                SoundClip(
                    kind="recording",
                    start_frame=start,
                    end_frame=start + plan.recording_frames,
                    source_start_s=plan.recording_start_s,
                    caption=plan.recording_caption,
                )
            )
        at = start + plan.recording_frames
        for take in plan.takes:
            sounds.append(
                SoundClip(
                    kind=take.sound,
                    source_start_s=take.source_start_s,
                    loss=take.loss,
                    iteration=take.iteration,
                    start_frame=at,
                    end_frame=at + take.frames,
                    caption=take.caption,
                    epoch=take.epoch,
                    validation_loss_nats=take.validation_loss_nats,
                    voice=take.voice,
                )
            )
            at += take.frames
        points = [KeyPoint(frame=s.start_frame, iteration=s.iteration) for s in sounds if s.iteration is not None]
        self.clips.append(
            SceneClip(
                section=number,
                start_frame=start,
                end_frame=at,
                sounds=tuple(sounds),
                key_points=tuple(points),
                recording_voice=plan.recording_voice,
            )
        )
        self.at = at


def assemble(plan: FilmPlan) -> tuple[tuple[Clip, ...], tuple[Chapter, ...]]:
    """Put all parts in order: title, sections with their cards, comparison, credits, and inserts where they belong."""
    reel = _Reel(plan)
    reel.follow("start")
    reel.card("title", plan.title_frames, plan.title)
    reel.follow("title")
    for number, section in enumerate(plan.sections):
        reel.card("section", section.card_frames, section.title, number)
        if section.card_frames == 0:
            reel.chapter(section.title)
        reel.own_cards(Place("section card", number + 1))
        reel.scene(number, section)
        reel.card("recap", section.recap_frames, "", number)  # part of its section's chapter
        reel.follow("section", number + 1)
    reel.card("comparison", plan.comparison_frames, plan.comparison_title)
    reel.follow("comparison")
    reel.card("credits", plan.credits_frames, plan.credits_title)
    reel.follow("end")
    chapters = tuple(reel.chapters)
    if chapters and chapters[0].frame > 0:
        chapters = (Chapter(frame=0, title=plan.title), *chapters)
    return tuple(reel.clips), chapters
