"""What a song's scene shows, and what determines it: each field of `SceneData` that panels of a song may read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.film.inputs.footage import content_hash
from pipeline.film.inputs.stills import read_logo
from pipeline.film.timeline.timeline import SongClip
from pipeline.picture.panels.scene_data import (
    LossHistory,
    SceneData,
    SceneSong,
    SceneSound,
    SongLine,
    SongNote,
    SongSyllable,
)
from pipeline.stages.shared.render_inputs import RenderInputs
from pipeline.stages.shared.scene_inputs import SceneSource
from pipeline.stages.shared.songs.record import SongRecord, read_flac
from pipeline.store.store import Json

_IN_VIEW_S: Final = 12.0
"""Of notes before and after a frame, so much is in view at most."""
_LONGEST_PX: Final = 4096
_DRAWN: Final = 3
"""Raised when the same song would look otherwise."""


def song_data(inputs: RenderInputs, clip: SongClip) -> SceneData:
    """Gather what a song shows; its frames are counted from its own first."""
    timeline = inputs.timeline
    return SceneData(
        start_frame=0,
        end_frame=clip.frames,
        frame_rate=timeline.frame_rate,
        width=timeline.width,
        height=timeline.height,
        history=LossHistory(),
        iteration=np.zeros(clip.frames + 1),
        **{name: source.value(inputs, clip) for name, source in SOURCES.items()},
    )


def song_ingredients(inputs: RenderInputs, clip: SongClip, frames: range, fields: Collection[str]) -> dict[str, Json]:
    """Return what determines these fields in some of a song's frames, for a result's key."""
    return {name: SOURCES[name].key(inputs, clip, frames) for name in sorted(fields) if name in SOURCES}


def _record(inputs: RenderInputs, clip: SongClip) -> SongRecord:
    return inputs.songs[clip.song].song.record


def _sounds(inputs: RenderInputs, clip: SongClip) -> tuple[SceneSound, ...]:
    song = inputs.songs[clip.song].song
    samples: NDArray[np.float32] = read_flac(song.path(song.record.sound_file)).mean(axis=1, dtype=np.float32)
    return (SceneSound(0, clip.frames, samples, FILM_RATE_HZ, "take"),)


def _song(inputs: RenderInputs, clip: SongClip) -> SceneSong:
    record, rate = _record(inputs, clip), float(inputs.timeline.frame_rate)
    notes = [
        SongNote(number, start * rate, end * rate, key)
        for number, voice in enumerate(record.voices)
        for start, end, key in voice.notes
    ]
    notes.sort(key=lambda note: (note.start_frame, -note.voice))
    placed = iter(record.lines)
    lines = []
    for span in clip.lines:
        own = next((line for line in placed if line.text == span.text), None)
        found = own.syllables if own is not None else ()
        lines.append(
            SongLine(
                text=span.text,
                translation=span.translation,
                in_frame=span.start_frame - clip.start_frame,
                out_frame=span.end_frame - clip.start_frame,
                syllables=tuple(
                    SongSyllable(one.first, one.last, one.start_s * rate, one.end_s * rate) for one in found
                ),
            )
        )
    return SceneSong(tuple(notes), len(record.voices), tuple(lines))


def _song_key(inputs: RenderInputs, clip: SongClip, frames: range) -> Json:
    """The notes in view, the rows of the roll, and the lines that are seen."""
    record, rate = _record(inputs, clip), float(inputs.timeline.frame_rate)
    first_s, last_s = frames.start / rate - _IN_VIEW_S, frames.stop / rate + _IN_VIEW_S
    keys = [key for voice in record.voices for _, _, key in voice.notes]
    notes: list[Json] = [
        [number, *note]
        for number, voice in enumerate(record.voices)
        for note in voice.notes
        if note[1] > first_s and note[0] < last_s
    ]
    lines: list[Json] = [
        line.model_dump(mode="json")
        for line in record.lines
        if line.end_s >= frames.start / rate - 1 and line.start_s <= frames.stop / rate + 1
    ]
    longest = max((end - start for voice in record.voices for start, end, _ in voice.notes), default=0.0)
    has_second = any(line.translation for line in record.lines)
    return [_DRAWN, len(record.voices), min(keys), max(keys), longest, has_second, notes, lines]


def _picture(inputs: RenderInputs, clip: SongClip) -> NDArray[np.uint8] | None:
    path = inputs.songs[clip.song].picture
    return read_logo(path, _LONGEST_PX) if path else None


SOURCES: Final[dict[str, SceneSource[SongClip]]] = {
    "sounds": SceneSource(_sounds, lambda inputs, clip, _: inputs.songs[clip.song].song.content_hash),
    "song": SceneSource(_song, _song_key),
    "song_picture": SceneSource(
        _picture,
        lambda inputs, clip, _: content_hash(path) if (path := inputs.songs[clip.song].picture) else None,
    ),
    "section_title": SceneSource(lambda _, clip: clip.title, lambda _, clip, __: clip.title),
    "section_number": SceneSource(
        lambda inputs, clip: inputs.timeline.songs().index(clip),
        lambda inputs, clip, _: inputs.timeline.songs().index(clip),
    ),
    "section_count": SceneSource(
        lambda inputs, _: len(inputs.timeline.songs()), lambda inputs, _, __: len(inputs.timeline.songs())
    ),
    "picture": SceneSource(
        lambda inputs, _: read_logo(inputs.picture) if inputs.picture else None,
        lambda inputs, _, __: content_hash(inputs.picture) if inputs.picture else None,
    ),
}
"""Every field of `SceneData` that a song has, beside the frame; other panels have nothing to show."""
