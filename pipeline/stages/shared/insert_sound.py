"""What is heard of the user's footage: which inserts have sound, how much of it, and where it lies in the film.

This module joins footage and soundtrack for the stages. It mixes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.errors import FootageError
from pipeline.film.inputs.footage import LONGEST_S, Footage, probe, write_sound
from pipeline.film.timeline.timeline import InsertClip, Timeline
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import Reporter
from pipeline.sound.inputs.reading import MOST_CHANNELS
from pipeline.sound.inputs.sources import choose_source
from pipeline.sound.signal.mixing import count_odd
from pipeline.sound.soundtrack.placement import Placement


def insert_path(production: Production, number: int) -> Path:
    """Where the file of an insert lies, counted from 0."""
    return production.resolve(production.inserts[number].file, f"insert {number + 1}, file")


def _heard_inserts(production: Production, timeline: Timeline) -> Iterator[tuple[InsertClip, Footage]]:
    for clip in timeline.clips:
        if isinstance(clip, InsertClip) and production.inserts[clip.insert].sound:
            footage = probe(insert_path(production, clip.insert))
            if footage.has_sound:
                yield clip, footage


def insert_samples(production: Production, timeline: Timeline) -> int:
    """How many samples of footage's own sound are decoded beside the soundtrack."""
    clock = timeline.clock
    heard = (clip for clip, _ in _heard_inserts(production, timeline))
    return sum(clock.samples_between(clip.start_frame, clip.end_frame) for clip in heard)


def insert_placements(production: Production, timeline: Timeline, aside: Path, report: Reporter) -> Iterator[Placement]:
    """Decode the sound of every insert into a folder aside, and place it in the film."""
    for clip, footage in _heard_inserts(production, timeline):
        seconds = float(clip.frames / timeline.frame_rate)
        settings, out = production.inserts[clip.insert], aside / f"{clip.insert}.f32"
        source = choose_source(footage.path, listen_s=LONGEST_S, channels=MOST_CHANNELS, error=FootageError)
        sound = write_sound(footage, settings, seconds, out, source.track.number)
        source.report_notes(count_odd(sound), report.note, report.warn)
        yield Placement(
            start_sample=timeline.clock.sample_at(clip.start_frame),
            length_samples=timeline.clock.samples_between(clip.start_frame, clip.end_frame),
            source=sound,
            sample_rate_hz=FILM_RATE_HZ,
            kind="insert",
        )
