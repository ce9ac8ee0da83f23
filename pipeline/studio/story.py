"""The storyboard as the page shows it, and what its handles change in the production file.

Owns how a change of a take becomes edits: takes that were chosen by a rule become lines chosen by hand first, so that
all others stay as they are. It writes nothing itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline.errors import InputError
from pipeline.film.planning.nearest import nearest
from pipeline.film.planning.plan import CheckpointPoint
from pipeline.film.planning.storyboard_settings import TakeLine
from pipeline.film.timeline.timeline import CardClip, InsertClip, SongClip, SoundClip
from pipeline.outputs.looking import Look, timeline_of
from pipeline.production.editing.edits import Edit, Insert, Path, Remove, SetValue, has, value_at
from pipeline.runtime.wording.units import BITS_PER_NAT
from pipeline.stages.shared.scenes.layouts import section_layout
from pipeline.stages.shared.sections.checkpoints import section_checkpoints
from pipeline.studio.serving.replies import whole_in

_MOST_CAPTION: Final = 500
_LONGEST_S: Final = 3600.0


def story_values(shown: Look) -> dict[str, Any]:
    """The film's clips, takes and captions as plain values; times in frames."""
    timeline, production = timeline_of(shown.results), shown.production
    clips: list[dict[str, Any]] = []
    by_hand = [_by_hand(shown, number) for number in range(len(production.sections))]
    for clip in timeline.clips:
        values: dict[str, Any] = {"kind": clip.kind, "start": clip.start_frame, "end": clip.end_frame}
        if isinstance(clip, CardClip):
            values |= {"name": clip.name, "section": clip.section, "own": clip.own}
        elif isinstance(clip, InsertClip):
            insert = production.inserts[clip.insert]
            after = f"section {insert.section}" if insert.section is not None else insert.after
            values |= {"name": insert.file.rpartition("/")[2], "insert": clip.insert, "after": after}
        elif isinstance(clip, SongClip):
            after = production.songs[clip.song].after or f"section {len(production.sections)}"
            values |= {"name": clip.title, "song": clip.song, "after": after}
        else:
            values |= {
                "section": clip.section,
                "sounds": [_sound(shown, clip.section, sound, by_hand[clip.section]) for sound in clip.sounds],
            }
        clips.append(values)
    return {
        "frame_rate": float(timeline.frame_rate),
        "total": timeline.total_frames,
        "width": timeline.width,
        "height": timeline.height,
        "clips": clips,
        "captions": [
            {"text": one.text, "start": one.in_frame, "end": one.out_frame, "section": one.section}
            for one in timeline.captions
        ],
        "chapters": [{"frame": one.frame, "title": one.title} for one in timeline.chapters],
        "sections": [_section(shown, number) for number in range(len(production.sections))],
        "real": shown.is_real,
        "cuts": [cut.name for cut in production.cuts],
    }


def _by_hand(shown: Look, section: int) -> dict[int, TakeLine]:
    """The takes of a section that were chosen by hand, by the iteration that each means."""
    lines = shown.production.sections[section].storyboard.take
    points = _points(shown, section) if lines else ()
    return {nearest(points, line.iteration).iteration: line for line in reversed(lines)}


def _sound(shown: Look, section: int, sound: SoundClip, by_hand: Mapping[int, TakeLine]) -> dict[str, Any]:
    own = None if sound.iteration is None else by_hand.get(sound.iteration)
    return {
        "kind": sound.kind,
        "iteration": sound.iteration,
        "start": sound.start_frame,
        "end": sound.end_frame,
        "caption": sound.caption,
        "epoch": sound.epoch,
        "loss": _bits(sound.validation_loss_nats),
        "by_hand": own is not None,
        "fixed": own is not None and own.seconds is not None,
        "own_caption": None if own is None else own.caption,
        "best": own is not None and own.iteration == "best",
        "made_up": sound.iteration in shown.sounds[section] or shown.curves[section],
    }


def _bits(nats: float | None) -> float | None:
    return None if nats is None else round(nats * BITS_PER_NAT, 3)


def _section(shown: Look, number: int) -> dict[str, Any]:
    section = shown.production.sections[number]
    return {
        "title": section.title,
        "made_up": shown.curves[number],
        "by_hand": bool(section.storyboard.take),
        "caption_box": _caption_box(shown, number),
        "checkpoints": [] if shown.curves[number] else [point.iteration for point in _points(shown, number)],
    }


def _caption_box(shown: Look, number: int) -> dict[str, float] | None:
    """Where captions stand in a section's pictures, in shares of the frame."""
    panels = section_layout(shown.production, number).panel
    box = next((panel for panel in panels if panel.kind == "caption"), None)
    return None if box is None else {"left": box.left, "top": box.top, "width": box.width, "height": box.height}


def _points(shown: Look, section: int) -> tuple[CheckpointPoint, ...]:
    found = section_checkpoints(shown.production, section, shown.results.runs[section])
    return tuple(one.point for one in found)


@dataclass(frozen=True)
class Story:
    """A section's takes while they are changed.

    Parameters
    ----------
    shown
        The film as it is now.
    values
        What the production file says.
    """

    shown: Look
    values: Mapping[str, Any]

    def edits(self, change: Mapping[str, Any]) -> tuple[list[Edit], str]:
        """The edits that a change of the page asks for, and what they do in words.

        Raises
        ------
        InputError
            Where it is none, or the film's law forbids it.
        """
        kind = str(change.get("kind"))
        makers = {
            "seconds": self._seconds,
            "caption": self._caption,
            "remove": self._remove,
            "add": self._add,
            "best": self._best,
        }
        if kind not in makers:
            raise InputError("There is no such change.", where="request", expected=", ".join(makers))
        section = whole_in(change, "section", highest=len(self.shown.production.sections) - 1)
        if self.shown.curves[section]:
            raise InputError(
                "Nothing is trained yet in this section: its takes are made up.",
                where=f"section {section + 1}",
                hint="Build as far as the takes first; then they can be chosen.",
            )
        return makers[kind](section, whole_in(change, "iteration"), change)

    def _base(self, section: int) -> Path:
        inner: Path = ("section", section, "storyboard", "take")
        return inner if has(self.values, inner) else ("section", section, "take")

    def _heard(self, section: int) -> list[int]:
        """The iterations that are heard, in order."""
        scenes = [scene for scene in timeline_of(self.shown.results).scenes() if scene.section == section]
        return [sound.iteration for scene in scenes for sound in scene.sounds if sound.iteration is not None]

    def _lines(self, section: int) -> tuple[list[Edit], list[int]]:
        """Edits that choose by hand what is heard now, and the iteration of each line."""
        story = self.shown.production.sections[section].storyboard
        points = _points(self.shown, section)
        if story.take:
            return [], [nearest(points, line.iteration).iteration for line in story.take]
        heard, base = self._heard(section), self._base(section)
        return [Insert((*base, place), {"iteration": one}) for place, one in enumerate(heard)], heard

    def _line(self, section: int, iteration: int) -> tuple[list[Edit], Path]:
        """Edits that make a line of a take, and its path."""
        edits, iterations = self._lines(section)
        if iteration not in iterations:
            raise InputError(f"There is no take at iteration {iteration:,}.", where=f"section {section + 1}")
        return edits, (*self._base(section), iterations.index(iteration))

    def _seconds(self, section: int, iteration: int, change: Mapping[str, Any]) -> tuple[list[Edit], str]:
        edits, line = self._line(section, iteration)
        words = f"take {iteration:,}"
        if change.get("seconds") is None:
            return [*edits, Remove((*line, "seconds"))], f"{words}: its share of the time"
        try:
            seconds = round(float(change["seconds"]), 2)
        except (TypeError, ValueError):
            seconds = 0.0
        if not 0 < seconds <= _LONGEST_S:
            raise InputError("This is no length of a take.", where="request", expected=f"up to {_LONGEST_S:g} seconds")
        edits.append(SetValue((*line, "seconds"), seconds))
        fixed_s, free = self._lengths(section, int(line[-1]))
        return [*edits, *self._room(section, fixed_s + seconds, free)], f"{words}: {seconds:g} s"

    def _room(self, section: int, fixed_s: float, free: int) -> list[Edit]:
        """More time for the section, where takes with a length and others without would not fit any more."""
        story = self.shown.production.sections[section].storyboard
        least = fixed_s + free * story.shortest_take_seconds
        if story.seconds is None or least <= story.seconds:
            return []
        return [SetValue(("section", section, "storyboard", "seconds"), math.ceil(100 * least) / 100)]

    def _lengths(self, section: int, without: int | None = None) -> tuple[float, int]:
        """How long the takes with a length last together, and how many have none; but for one of them."""
        story = self.shown.production.sections[section].storyboard
        lengths = [line.seconds for line in story.take] if story.take else [None] * len(self._heard(section))
        others = [one for number, one in enumerate(lengths) if number != without]
        return sum(one for one in others if one is not None), sum(one is None for one in others)

    def _caption(self, section: int, iteration: int, change: Mapping[str, Any]) -> tuple[list[Edit], str]:
        text = change.get("text")
        if text is not None and (not isinstance(text, str) or len(text) > _MOST_CAPTION):
            raise InputError("This is no caption.", where="request", expected=f"up to {_MOST_CAPTION} characters")
        edits, line = self._line(section, iteration)
        if text is None:
            return [*edits, Remove((*line, "caption"))], f"take {iteration:,}: its usual caption"
        return [*edits, SetValue((*line, "caption"), text)], f"caption of take {iteration:,}"

    def _remove(self, section: int, iteration: int, _change: Mapping[str, Any]) -> tuple[list[Edit], str]:
        edits, line = self._line(section, iteration)
        if len(self._heard(section)) == 1:
            raise InputError("A section has at least one take.", where=f"section {section + 1}")
        if edits:
            base, heard = self._base(section), [one for one in self._heard(section) if one != iteration]
            edits = [Insert((*base, place), {"iteration": one}) for place, one in enumerate(heard)]
            return edits, f"take {iteration:,} taken out"
        return [Remove(line)], f"take {iteration:,} taken out"

    def _add(self, section: int, iteration: int, _change: Mapping[str, Any]) -> tuple[list[Edit], str]:
        points = _points(self.shown, section)
        at = nearest(points, iteration).iteration
        edits, iterations = self._lines(section)
        if at in iterations:
            raise InputError(f"The take at iteration {at:,} is in the film already.", where=f"section {section + 1}")
        place = sum(one < at for one in iterations)
        fixed_s, free = self._lengths(section)
        edits += [Insert((*self._base(section), place), {"iteration": at}), *self._room(section, fixed_s, free + 1)]
        return edits, f"take {at:,} taken in"

    def _best(self, section: int, _iteration: int, _change: Mapping[str, Any]) -> tuple[list[Edit], str]:
        best = nearest(_points(self.shown, section), "best").iteration
        edits, iterations = self._lines(section)
        if best in iterations:
            line: Path = (*self._base(section), iterations.index(best))
            return [*edits, SetValue((*line, "iteration"), "best")], f'take {best:,} is now "best"'
        place = sum(one < best for one in iterations)
        fixed_s, free = self._lengths(section)
        insert = Insert((*self._base(section), place), {"iteration": "best"})
        return [*edits, insert, *self._room(section, fixed_s, free + 1)], f'the best take, {best:,}, taken in as "best"'


def choice_edits(values: Mapping[str, Any], change: Mapping[str, Any]) -> tuple[list[Edit], str]:
    """The edits that choose a candidate, or leave the choice to the rule again.

    Parameters
    ----------
    change
        `section` and `iteration`; `number` of the candidate, counted from 1, or None.
    """
    sections = values.get("section")
    count = len(sections) if isinstance(sections, list) else 0
    section, iteration = whole_in(change, "section", highest=count - 1), whole_in(change, "iteration")
    path: Path = ("section", section, "sampling", "choose", str(iteration))
    if change.get("number") is None:
        chosen = value_at(values, path[:-1])
        last = isinstance(chosen, dict) and set(chosen) == {str(iteration)}
        return [Remove(path[:-1] if last else path)], f"take {iteration:,}: the rule chooses"
    number = whole_in(change, "number", lowest=1, highest=64)
    return [SetValue(path, number)], f"candidate {chr(ord('A') + number - 1)} of take {iteration:,}"


def favourite_edits(values: Mapping[str, Any], change: Mapping[str, Any]) -> tuple[list[Edit], str]:
    """The edits that mark a take as a favourite, or no longer; `section`, `iteration`, `on`."""
    sections = values.get("section")
    count = len(sections) if isinstance(sections, list) else 0
    section, iteration = whole_in(change, "section", highest=count - 1), whole_in(change, "iteration")
    path: Path = ("section", section, "favourites")
    now = value_at(values, path)
    kept = [one for one in now if one != iteration] if isinstance(now, list) else []
    if change.get("on"):
        return [SetValue(path, sorted([*kept, iteration]))], f"take {iteration:,} marked"
    return [SetValue(path, kept) if kept else Remove(path)], f"take {iteration:,} no longer marked"
