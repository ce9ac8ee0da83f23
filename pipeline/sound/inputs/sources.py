"""Which of a file's sound is meant: its track, and what of its channels is mixed.

Owns the choice: the first track in which something sounds, unless one is named by hand. It keeps no samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.errors import InputError, RecordingError
from pipeline.sound.inputs.reading import RecordingStream, open_recording
from pipeline.sound.inputs.tracks import AudioTrack, tracks_of
from pipeline.sound.signal.mixing import ChannelSurvey, Mixdown, finite, odd_sample_warnings, plain_mixdown

_MOST_LISTENED: Final = 32  # tracks: more than any camera or recorder has
_STRETCH_S: Final = 3600.0  # a block at the lowest rate lasts a minute; what follows the part asked for is no error

Notify = Callable[[str], None]


def ignore(_text: str) -> None:
    """Ignore a note."""


@dataclass(frozen=True)
class SoundSource:
    """A track of a file, and how its channels are mixed.

    Parameters
    ----------
    path, track
        Where the sound is.
    mixdown
        How its channels become one; None where nobody had to listen for it: all are mixed alike.
    tracks
        How many sound tracks the file has.
    notes
        What a person should know about the choice, each a sentence without a full stop.
    """

    path: Path
    track: AudioTrack
    mixdown: Mixdown | None = None
    tracks: int = 1
    notes: tuple[str, ...] = ()

    def report_notes(self, odd_frames: int, note: Notify, warn: Notify) -> None:
        """Tell what a person should know of the choice, and of frames that were no numbers, with the file's name."""
        for text in self.notes:
            note(f"{self.path.name}: {text}")
        for text in odd_sample_warnings(odd_frames):
            warn(f"{self.path.name}: {text}")

    def mixdown_of(self, channels: int) -> Mixdown:
        """How the track's channels become one."""
        if self.mixdown is not None and len(self.mixdown.weights) == channels:
            return self.mixdown
        return plain_mixdown(channels, self.track.bass_channel)

    @contextmanager
    def opened(
        self, longest_s: float, *, error: type[InputError] = RecordingError, complaints: list[str] | None = None
    ) -> Iterator[RecordingStream]:
        """Open the track; see `open_recording` for the errors."""
        with open_recording(
            self.path, longest_s=longest_s, track=self.track.number, error=error, complaints=complaints
        ) as stream:
            yield stream


@dataclass(frozen=True)
class _TrackContent:
    """What one track sounds like."""

    track: AudioTrack
    is_heard: bool
    peak: float
    mixdown: Mixdown


def choose_source(
    path: Path,
    *,
    listen_s: float,
    track: int | None = None,
    channels: int = 1,
    error: type[InputError] = RecordingError,
) -> SoundSource:
    """Choose a file's track, and how its channels become fewer. It listens to the sound where there is a choice.

    Parameters
    ----------
    listen_s
        What comes later is not listened to.
    track
        The track that someone chose by hand, counted from 1.
    channels
        How many channels are wanted: where a track has as many, nothing has to be mixed.
    error
        What is raised where the file can't be used.

    Raises
    ------
    InputError
        Where the file can't be used (see `open_recording`), or has no such track.
    FfmpegError
        Where ffmpeg itself is missing or was killed.
    """
    listen = _Listening(path, listen_s, channels, error)
    tracks = tracks_of(path, error)
    if track is not None and not 1 <= track <= len(tracks):
        raise _no_such_track(path, track, len(tracks), error)
    if track is not None or len(tracks) == 1:
        chosen = tracks[(track or 1) - 1]
        if listen.may_be_skipped(chosen):
            return SoundSource(path, chosen, tracks=len(tracks))
        mixdown = listen.to(chosen).mixdown
        return SoundSource(path, chosen, mixdown, len(tracks), _notes(mixdown))
    heard = _first_with_sound(listen, tracks[:_MOST_LISTENED])
    note = f"{_named(heard.track)} of {len(tracks)} is taken"
    if heard.is_heard and (before := heard.track.number - 1):
        note += f", as {'the one before it is' if before == 1 else f'the {before} before it are'} silent"
    return SoundSource(path, heard.track, heard.mixdown, len(tracks), (note, *_notes(heard.mixdown)))


def _no_such_track(path: Path, number: int, there: int, error: type[InputError]) -> InputError:
    return error(
        f"There is no sound track {number} in this file: it has {there}.",
        where=str(path),
        expected="track = 1" if there == 1 else f"a track from 1 to {there}",
        hint="Correct the track, or leave it out: then the first one with sound is taken.",
    )


def _first_with_sound(listen: _Listening, tracks: Sequence[AudioTrack]) -> _TrackContent:
    """Listen to one track after the other; where none is heard, the one with the highest peak is the likeliest."""
    listened: list[_TrackContent] = []
    refused: InputError | None = None
    for track in tracks:
        try:
            heard = listen.to(track)
        except InputError as fault:  # a track that can't be read must not hide the one that can
            refused = refused or fault
            continue
        if heard.is_heard:
            return heard
        listened.append(heard)
    if not listened and refused is not None:
        raise refused
    return max(listened, key=lambda heard: heard.peak)


@dataclass(frozen=True)
class _Listening:
    """How the tracks of one file are listened to."""

    path: Path
    listen_s: float
    channels: int
    error: type[InputError]

    def may_be_skipped(self, track: AudioTrack) -> bool:
        """Whether nothing has to be mixed."""
        return track.channels is not None and track.channels <= self.channels

    def to(self, track: AudioTrack) -> _TrackContent:
        """Listen to a track: all of it, or until it sounds where that is all there is to know."""
        enough = self.may_be_skipped(track)
        longest_s = self.listen_s + _STRETCH_S
        with open_recording(self.path, longest_s=longest_s, track=track.number, error=self.error) as stream:
            survey = ChannelSurvey(stream.sample_rate_hz, stream.channels, track.bass_channel)
            for block in stream.blocks():
                survey.add(finite(block)[0])
                if stream.duration_s >= self.listen_s or (enough and survey.is_heard):
                    stream.stop()
                    break
        survey.finish()
        return _TrackContent(track, survey.is_heard, survey.peak, survey.mixdown())


def _notes(mixdown: Mixdown) -> tuple[str, ...]:
    return (mixdown.note,) if mixdown.note else ()


def _named(track: AudioTrack) -> str:
    return f"sound track {track.number}" + (f" ({track.title})" if track.title else "")
