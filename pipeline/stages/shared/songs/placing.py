"""Where songs stand in the film: how many frames they last, when their lines are shown, and what is heard of them."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.film.timeline.assembly import PlacedSong
from pipeline.film.timeline.clock import Clock
from pipeline.film.timeline.timeline import LyricSpan, Timeline
from pipeline.production.schema import Production
from pipeline.sound.soundtrack.placement import Placement
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.songs.record import SongRecord, read_flac


def placed_songs(production: Production, results: Results, clock: Clock) -> list[PlacedSong]:
    """The songs that were sung, in whole frames."""
    sections = len(production.sections)
    return [
        PlacedSong(
            number=number,
            place=settings.place(sections),
            title=settings.title,
            frames=max(1, clock.frames_within(song.record.seconds)),
            lines=lyric_spans(song.record, clock),
            translation_language=song.record.translation_language,
        )
        for number, (settings, song) in enumerate(zip(production.songs, results.songs, strict=False))
    ]


def lyric_spans(song: SongRecord, clock: Clock) -> list[LyricSpan]:
    """When each line is shown, in frames from the song's first; lines that last no frame are left out."""
    last = max(1, clock.frames_within(song.seconds))
    spans: list[LyricSpan] = []
    for line in song.lines:
        begin = max(round(line.start_s * clock.frame_rate), spans[-1].end_frame if spans else 0)
        end = min(last, round(line.end_s * clock.frame_rate))
        if end > begin:
            spans.append(LyricSpan(start_frame=begin, end_frame=end, text=line.text, translation=line.translation))
    return spans


def song_placements(timeline: Timeline, results: Results) -> Iterator[Placement]:
    """What is heard of each song."""
    for clip in timeline.songs():
        song = results.songs[clip.song]
        yield Placement(
            start_sample=timeline.clock.sample_at(clip.start_frame),
            length_samples=timeline.clock.samples_between(clip.start_frame, clip.end_frame),
            source=read_flac(song.path(song.record.sound_file)),
            sample_rate_hz=FILM_RATE_HZ,
            kind="song",
        )
