"""The film as an OpenTimelineIO file: cards, scenes, takes and captions, for editors that read it.

This module owns that file format's words (schema names as of OpenTimelineIO 0.17) and writes them as JSON without the
library. The media is named relative to the file.

Source: https://opentimelineio.readthedocs.io/en/stable/tutorials/otio-serialized-schema.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from pipeline.film.timeline.timeline import Caption, CardClip, SceneClip, SongClip, Timeline
from pipeline.picture.language import Language, english

Json = dict[str, Any]

_CHECKPOINT_COLOUR: Final = "CYAN"
_CAPTION_COLOUR: Final = "YELLOW"


def as_otio(timeline: Timeline, video_file: str, language: Language | None = None) -> str:
    """Write the timeline, its picture and sound cut from the finished film.

    Parameters
    ----------
    timeline
        The film.
    video_file
        The film's file, relative to where this text will be saved.
    language
        In which clips and markers are named; by default English.
    """
    words = language or english()
    stack = {
        **_object("Stack.1", "tracks"),
        "source_range": None,
        "children": [_track(timeline, video_file, kind, words) for kind in ("Video", "Audio")],
    }
    written = {
        **_object("Timeline.1", timeline.title),
        "global_start_time": _time(0, timeline.frame_rate),
        "tracks": stack,
    }
    return json.dumps(written, indent=1, ensure_ascii=False) + "\n"


def _object(schema: str, name: str) -> Json:
    common: Json = {"OTIO_SCHEMA": schema, "name": name, "metadata": {}}
    if schema in {"Stack.1", "Track.1", "Clip.2"}:
        common |= {"effects": [], "markers": [], "enabled": True}
    return common


def _time(frame: int, rate: Fraction) -> Json:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(frame)}


def _range(start: int, frames: int, rate: Fraction) -> Json:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(start, rate), "duration": _time(frames, rate)}


def _track(timeline: Timeline, video_file: str, kind: str, words: Language) -> Json:
    rate = timeline.frame_rate
    media = {
        **_object("ExternalReference.1", video_file),
        "available_image_bounds": None,
        "available_range": _range(0, timeline.total_frames, rate),
        "target_url": video_file,
    }
    clips = []
    for name, start, end, markers in _parts(timeline, words):
        clips.append(
            {
                **_object("Clip.2", name),
                "source_range": _range(start, end - start, rate),
                "markers": markers if kind == "Video" else [],
                "media_references": {"DEFAULT_MEDIA": media},
                "active_media_reference_key": "DEFAULT_MEDIA",
            }
        )
    return {**_object("Track.1", kind), "source_range": None, "children": clips, "kind": kind}


def _parts(timeline: Timeline, words: Language) -> Iterator[tuple[str, int, int, list[Json]]]:
    """The film's cuts: cards, inserts, and every recording and take of a scene, with their markers."""
    for clip in timeline.clips:
        if isinstance(clip, SceneClip):
            titles = [section.title for section in timeline.sections]
            section = titles[clip.section] if titles else words.text("timeline.section", number=clip.section + 1)
            for sound in clip.sounds:
                name = words.text(f"timeline.{sound.kind}", section=section, iteration=str(sound.iteration))
                markers = _captions(timeline, sound.start_frame, sound.end_frame)
                if sound.iteration is not None:
                    label = words.text("timeline.checkpoint", iteration=str(sound.iteration))
                    markers.insert(0, _marker(label, sound.start_frame, 0, timeline.frame_rate, _CHECKPOINT_COLOUR))
                yield name, sound.start_frame, sound.end_frame, markers
        else:
            if isinstance(clip, CardClip):
                name = words.text("timeline.card", name=clip.name)
            elif isinstance(clip, SongClip):
                name = clip.title
            else:
                name = words.text("timeline.insert", number=clip.insert + 1)
            yield name, clip.start_frame, clip.end_frame, _captions(timeline, clip.start_frame, clip.end_frame)


def _captions(timeline: Timeline, start_frame: int, end_frame: int) -> list[Json]:
    """Markers for captions that begin in a range of frames."""
    begin: list[Caption] = [c for c in timeline.captions if start_frame <= c.in_frame < end_frame]
    rate = timeline.frame_rate
    return [_marker(c.text, c.in_frame, min(c.out_frame, end_frame) - c.in_frame, rate, _CAPTION_COLOUR) for c in begin]


def _marker(name: str, frame: int, frames: int, rate: Fraction, colour: str) -> Json:
    return {**_object("Marker.2", name), "color": colour, "comment": "", "marked_range": _range(frame, frames, rate)}
