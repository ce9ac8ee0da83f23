"""Cards of the user's own within a section: its scene stops between two takes, a card is shown, and it goes on.

This module is pure: clips, captions and chapters of a film without such cards in, those of the film with them out, all
in whole frames. It does not know what a card shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.film.planning.own_cards import OwnCardSettings, Place, cards_after
from pipeline.film.timeline.timeline import Caption, CardClip, Chapter, Clip, KeyPoint, SceneClip, SoundClip


@dataclass(frozen=True)
class CutReel:
    """The clips, captions and chapters of a film."""

    clips: tuple[Clip, ...]
    captions: tuple[Caption, ...]
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True)
class _Stop:
    """A frame at which a scene stops for a card, counted without any such cards."""

    frame: int
    own: int
    section: int | None
    frames: int
    title: str


def with_interludes(reel: CutReel, cards: Sequence[tuple[OwnCardSettings, int]]) -> CutReel:
    """Add the cards that stand within sections.

    The graphs come to rest where the next take begins, and go on from there. A caption that a card would interrupt is
    shown on the side where it is shown for longer.

    Parameters
    ----------
    reel
        The film without them; a take that there is not is the section's last.
    cards
        All of the user's own, and how many frames each is shown.
    """
    stops = sorted(_stops(reel.clips, cards), key=lambda stop: stop.frame)
    if not stops:
        return reel
    map_ = _Map(stops)
    clips: list[Clip] = []
    for clip in reel.clips:
        inside = [stop for stop in stops if clip.start_frame < stop.frame <= clip.end_frame]
        if not isinstance(clip, SceneClip) or not inside:
            clips.append(map_.clip(clip))
            continue
        edges = sorted({clip.start_frame, clip.end_frame, *(stop.frame for stop in inside)})
        for start, end in pairwise(edges):
            clips.append(map_.part(clip, start, end))
            clips += map_.cards([stop for stop in inside if stop.frame == end])
    captions = tuple(map_.caption(caption) for caption in reel.captions)
    return CutReel(tuple(clips), captions, tuple(map_.chapters(reel.chapters)))


def _stops(clips: Sequence[Clip], cards: Sequence[tuple[OwnCardSettings, int]]) -> Iterator[_Stop]:
    settings = [card for card, _ in cards]
    places = dict.fromkeys(card.place for card in settings if card.place.is_within_a_scene)
    for place in places:
        scene = next((one for one in clips if isinstance(one, SceneClip) and one.section + 1 == place.number), None)
        frame = None if scene is None else _end_of(scene, place)
        if scene is None or frame is None:
            continue
        for number in cards_after(settings, place):
            card, frames = cards[number]
            if frames > 0:
                yield _Stop(frame, number, card.section, frames, card.title or "")


def _end_of(scene: SceneClip, place: Place) -> int | None:
    """The frame at which a scene's recording or a take of it has been heard; None where there is none."""
    if place.part == "recording":
        return next((sound.end_frame for sound in scene.sounds if sound.iteration is None), None)
    takes = [sound for sound in scene.sounds if sound.iteration is not None]
    return takes[min(place.take or 1, len(takes)) - 1].end_frame if takes else None


class _Map:
    """From frames of the film without cards within its scenes to those of the film with them."""

    def __init__(self, stops: Sequence[_Stop]) -> None:
        self._stops = stops

    def start(self, frame: int) -> int:
        """Where something begins."""
        return frame + sum(stop.frames for stop in self._stops if stop.frame <= frame)

    def end(self, frame: int) -> int:
        """Where something ends: before the cards that follow it."""
        return frame + sum(stop.frames for stop in self._stops if stop.frame < frame)

    def _span(self, start_frame: int, end_frame: int) -> dict[str, int]:
        return {"start_frame": self.start(start_frame), "end_frame": self.end(end_frame)}

    def clip(self, clip: Clip) -> Clip:
        """A clip that no card interrupts."""
        if isinstance(clip, SceneClip):
            return self.part(clip, clip.start_frame, clip.end_frame)
        moved = clip.model_copy(update=self._span(clip.start_frame, clip.end_frame))
        if moved.kind == "song":
            lines = [one.model_copy(update=self._span(one.start_frame, one.end_frame)) for one in moved.lines]
            return moved.model_copy(update={"lines": tuple(lines)})
        return moved

    def part(self, scene: SceneClip, start: int, end: int) -> SceneClip:
        """A scene from one edge to the next; its graphs rest at both."""
        sounds: list[SoundClip] = [
            one.model_copy(update=self._span(one.start_frame, one.end_frame))
            for one in scene.sounds
            if start <= one.start_frame < end
        ]
        moved = self.start(start) - start
        points = [
            KeyPoint(frame=one.frame + moved, iteration=one.iteration)
            for one in scene.key_points
            if start <= one.frame <= end
        ]
        whole = {"sounds": tuple(sounds), "key_points": tuple(points), **self._span(start, end)}
        return scene.model_copy(update=whole)

    def cards(self, stops: Sequence[_Stop]) -> Iterator[CardClip]:
        """The cards for which a scene stops at one frame, one after the other."""
        for number, stop in enumerate(stops):
            at = self.end(stop.frame) + sum(one.frames for one in stops[:number])
            yield CardClip(card="own", section=stop.section, own=stop.own, start_frame=at, end_frame=at + stop.frames)

    def caption(self, caption: Caption) -> Caption:
        """A caption, where it is shown for longest without a card."""
        inside = [one.frame for one in self._stops if caption.in_frame < one.frame < caption.out_frame]
        edges = [caption.in_frame, *inside, caption.out_frame]
        start, end = max(pairwise(edges), key=lambda pair: pair[1] - pair[0])
        return caption.model_copy(update={"in_frame": self.start(start), "out_frame": self.end(end)})

    def chapters(self, chapters: Sequence[Chapter]) -> list[Chapter]:
        """All chapters, those of the cards among them."""
        found = [one.model_copy(update={"frame": self.start(one.frame)}) for one in chapters]
        for number, stop in enumerate(self._stops):
            if stop.title:
                before = [one.frames for one in self._stops[:number] if one.frame == stop.frame]
                found.append(Chapter(frame=self.end(stop.frame) + sum(before), title=stop.title))
        return sorted(found, key=lambda chapter: chapter.frame)
