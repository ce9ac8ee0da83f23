"""Parts of a film as files of their own: a seamless loop of a take without sound, the soundtrack, the takes.

Nothing is rendered for them: frames are drawn, and sounds read, as the film itself draws and reads them. This module
owns where a loop begins and ends, and how its end runs into its beginning.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

import ffmpeg
import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.audio.formats import FILM_RATE_HZ, wav_container
from pipeline.errors import InputError
from pipeline.ffmpeg.process import Process, file_argument
from pipeline.ffmpeg.process import run as run_ffmpeg
from pipeline.film.encoding.encoder import BITEXACT, COLOUR_TAGS
from pipeline.film.timeline.timeline import SceneClip, SoundClip, Timeline
from pipeline.outputs.looking import Look, timeline_of
from pipeline.outputs.named import named_file
from pipeline.picture.drawing.planes import planes_of, rgb_from_planes
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.sound.inputs.sound_file import name_of, new_sound_file
from pipeline.sound.signal.resample import Resampler
from pipeline.stages import compose
from pipeline.stages.shared import drawers
from pipeline.stages.shared.sections.sounds import HeardTake, mono_samples_of
from pipeline.store.files import disk_errors, temporary_beside

STAGE: Final = "export"
LoopKind = Literal["gif", "mp4"]
SoundForm = Literal["wav", "flac"]

_PLACEHOLDER: Final = "-made-up"
"""In the names of files that show or sound like what is not there yet."""
_GIF_RATE: Final = Fraction(20)
"""GIF counts hundredths of a second: players show pictures of 5 of them evenly."""
_FADE_S: Final = Fraction(1, 2)
_FADE_SHARE: Final = 4
"""The end runs into the beginning over at most so many parts of a short loop."""
_BLOCK_SAMPLES: Final = 1 << 20

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class LoopWish:
    """What a loop is to show.

    Parameters
    ----------
    kind
        `gif`, or `mp4` without sound.
    section
        Counted from 1; by default the last one.
    take
        The iteration near which the take lies; by default the best.
    seconds
        Its length; less where the section is over before.
    width
        Pixels; by default the film's.
    """

    kind: LoopKind
    section: int | None = None
    take: int | None = None
    seconds: float = 6.0
    width: int | None = None


@dataclass(frozen=True)
class LoopSpan:
    """The frames of a loop: `frames` of the film from `start`, and before them the `fade` into which it ends."""

    section: int
    iteration: int
    start: int
    frames: int
    fade: int

    @property
    def name(self) -> str:
        """What its file is called, without an ending."""
        return f"section-{self.section + 1}-iteration-{self.iteration:06d}"


def write_loop(shown: Look, wish: LoopWish, to: Path | None) -> Path:
    """Write a loop and return its file; what is made up is marked in it, and in its name.

    Raises
    ------
    InputError
        Where there is no such section or take.
    """
    place, timeline = shown.place, timeline_of(shown.results)
    span = choose_span(timeline, wish)
    if to is not None and to.suffix.lower() != f".{wish.kind}":
        raise InputError(
            f"'{to.name}' is not a name for such a loop.", where="--to", expected=f"a name in .{wish.kind}"
        )
    placeholder = _PLACEHOLDER if shown.mark(span.start) else ""
    own = None if to is None else named_file(shown, to, span.start, "--to")
    path = own or place.output / "loops" / f"{shown.production.name}-{span.name}{placeholder}.{wish.kind}"
    rate = _GIF_RATE if wish.kind == "gif" else timeline.frame_rate
    place.report.begin(WorkStart(STAGE, path.name, float(span.frames / timeline.frame_rate), "s"))
    with _whole_file(path) as unfinished, drawers.open_film(shown.production, shown.results) as draw:

        def picture(frame: int) -> Picture:
            drawn = rgb_from_planes(planes_of(draw(frame), timeline.width, timeline.height))
            return shown.marked(drawn, frame)

        _encode(loop_pictures(span, timeline.frame_rate, rate, picture, place.report.advance), wish, rate, unfinished)
    return path


def choose_span(timeline: Timeline, wish: LoopWish) -> LoopSpan:
    """Choose which frames a loop shows: a take from its beginning; earlier where the section would end before."""
    scene, take = _take(_scenes(timeline, wish.section), wish.take)
    rate = timeline.frame_rate
    wanted = max(2, int(Fraction(wish.seconds).limit_denominator(1000) * rate))
    frames = min(wanted, scene.frames * _FADE_SHARE // (_FADE_SHARE + 1))
    fade = max(1, min(int(_FADE_S * rate), frames // _FADE_SHARE))
    begin = max(scene.start_frame, min(take.start_frame, scene.end_frame - frames - fade))
    return LoopSpan(scene.section, take.iteration or 0, begin + fade, frames, fade)


def loop_pictures(
    span: LoopSpan,
    film_rate: Fraction,
    rate: Fraction,
    picture: Callable[[int], Picture],
    on_progress: Callable[[float], None] = lambda _seconds: None,
) -> Iterator[Picture]:
    """Yield the pictures of a loop: its last ones fade into those that come before its first.

    Parameters
    ----------
    picture
        Gives any frame of the film: sRGB, shape (height, width, 3).
    """
    count = max(2, int(span.frames / film_rate * rate))
    fade = max(1, min(int(span.fade / film_rate * rate), count // 2))
    step = film_rate / rate
    for number in range(count):
        here = picture(span.start + int(number * step))
        into = number - (count - fade)
        if into >= 0:
            before = picture(span.start - max(1, int((fade - into) * step)))
            share = np.float32((into + 1) / (fade + 1))
            here = np.rint(here * (1 - share) + before * share).astype(np.uint8)
        yield here
        on_progress(float((number + 1) / rate))


def _scenes(timeline: Timeline, section: int | None) -> list[SceneClip]:
    """The scenes of a section, by default of the last: several where cards stand between its takes."""
    scenes = timeline.scenes()
    number = scenes[-1].section if section is None else section - 1
    found = [scene for scene in scenes if scene.section == number]
    if not found:
        count = len({scene.section for scene in scenes})
        raise InputError(f"There is no section {section}.", where="--section", expected=f"1 to {count}")
    return found


def _take(scenes: Sequence[SceneClip], iteration: int | None) -> tuple[SceneClip, SoundClip]:
    """The take nearest to an iteration, by default the best, and its scene."""
    takes = [(scene, sound) for scene in scenes for sound in scene.sounds if sound.iteration is not None]
    if iteration is None:
        return min(takes, key=lambda take: np.inf if (loss := take[1].judged_by) is None else loss)
    return min(takes, key=lambda take: abs((take[1].iteration or 0) - iteration))


def _encode(pictures: Iterator[Picture], wish: LoopWish, rate: Fraction, path: Path) -> None:
    first = next(pictures)
    height, width = first.shape[:2]
    size = min(wish.width or width, width) // 2 * 2
    raw = {"format": "rawvideo", "pix_fmt": "rgb24", "video_size": (width, height), "framerate": str(rate)}
    source = ffmpeg.input("pipe:0", **raw)
    scaling: dict[str, object] = {"w": size, "h": -2, "flags": "lanczos"}
    if wish.kind == "gif":
        shown = source.filter("scale", **scaling).split()
        palette = shown[0].filter("palettegen", stats_mode="full")
        dither = {"dither": "bayer", "bayer_scale": 5, "diff_mode": "rectangle"}
        drawn = ffmpeg.filter([shown[1], palette], "paletteuse", **dither)
        options: dict[str, object] = {"loop": 0, "format": "gif"}
    else:
        drawn = source.filter("scale", **scaling, out_color_matrix="bt709", out_range="tv").filter("format", "yuv420p")
        codec = {"c:v": "libx264", "preset": "slow", "crf": 18, "profile:v": "high", "bf": 2}
        options = {**COLOUR_TAGS, **codec, "movflags": "+faststart", "an": None, "format": "mp4"}
    arguments = ffmpeg.get_args(ffmpeg.output(drawn, file_argument(path), **options, **BITEXACT, y=None))
    with Process(arguments, writes=True, stall_s=600, purpose=f"encoding {path.name}") as process:
        process.write(np.ascontiguousarray(first).data)
        for picture in pictures:
            process.write(np.ascontiguousarray(picture).data)


def write_sounds(shown: Look, form: SoundForm, *, at_own_rate: bool) -> list[Path]:
    """Write the soundtrack, and for a film every take as its network made it, and return the files.

    Made-up takes are no takes: they are left out, and a soundtrack with them is named after that.

    Parameters
    ----------
    at_own_rate
        Takes at the sample rate of the network, 16 bit; otherwise at 48 kHz, 24 bit. The soundtrack is always of
        48 kHz, 24 bit.
    """
    place, name = shown.place, shown.production.name
    track = compose.soundtrack(shown.production, shown.results, place)
    folder = place.output / "sound"
    takes = [] if shown.production.cut else _real_takes(shown)
    place.report.begin(WorkStart(STAGE, "sound", len(takes) + 1, "files"))
    written = [folder / f"{name}-soundtrack{'' if shown.is_real else _PLACEHOLDER}.{form}"]
    _copy_sound(track.path(track.record.lossless_file), written[0])
    for done, (section, take) in enumerate(takes, 1):
        place.report.advance(done, written[-1].name)
        path = folder / f"{name}-section-{section}-iteration-{take.record.iteration:06d}.{form}"
        _write_take(take, path, None if at_own_rate else FILM_RATE_HZ)
        written.append(path)
    place.report.advance(len(takes) + 1, written[-1].name)
    return written


def write_songs(shown: Look, number: int | None = None) -> list[Path]:
    """Write songs (all, or one counted from 1): the mix as FLAC and MP3, each voice as FLAC, the MIDI file as sung.

    Raises
    ------
    InputError
        Where there is no such song.
    """
    songs = shown.results.songs
    if not songs or (number is not None and number > len(songs)):
        raise InputError(
            f"The {'cut' if shown.production.cut else 'film'} has no songs."
            if not songs
            else f"There is no song {number}.",
            where="--song",
            expected="a production with a [[song]]" if not songs else f"1 to {len(songs)}",
        )
    place, written = shown.place, list[Path]()
    chosen = [(at, song) for at, song in enumerate(songs, start=1) if number in {None, at}]
    if unsung := [at for at, song in chosen if song.record.is_placeholder]:
        raise InputError(
            f"Song {unsung[0]} is not sung yet: the takes that sing are not all there.",
            where=f"song {unsung[0]}",
            hint="Add --build to make them first.",
        )
    place.report.begin(WorkStart(STAGE, "songs", len(chosen), "songs"))
    for at, song in chosen:
        folder, stem = place.output / "songs", f"{shown.production.name}-song-{at}"
        record = song.record
        files = [(song.path(record.sound_file), folder / f"{stem}.flac")]
        files += [
            (song.path(voice.sound_file), folder / f"{stem}-voice-{one}.flac")
            for one, voice in enumerate(record.voices, start=1)
        ]
        files.append((song.path(record.midi_file), folder / f"{stem}.mid"))
        for source, path in files:
            with _whole_file(path) as unfinished:
                shutil.copyfile(source, unfinished)
        mp3 = folder / f"{stem}.mp3"
        _write_mp3(files[0][0], mp3, record.title)
        written += [files[0][1], mp3, *(path for _, path in files[1:])]
        place.report.advance(at, mp3.name)
    return written


def _write_mp3(source: Path, path: Path, title: str) -> None:
    with _whole_file(path) as unfinished:
        options = {"c:a": "libmp3lame", "b:a": "320k", **BITEXACT, "format": "mp3", "metadata": f"title={title}"}
        made = ffmpeg.output(ffmpeg.input(file_argument(source)), file_argument(unfinished), **options, y=None)
        run_ffmpeg(ffmpeg.get_args(made), timeout_s=3600, purpose=f"encoding {path.name}")


def _real_takes(shown: Look) -> list[tuple[int, HeardTake]]:
    """The takes that networks have said, each with its section's number."""
    return [
        (number, take)
        for number, (takes, invented) in enumerate(zip(shown.results.takes, shown.sounds, strict=True), start=1)
        for take in takes
        if take.record.iteration not in invented
    ]


def _copy_sound(source: Path, path: Path) -> None:
    with soundfile.SoundFile(name_of(source)) as read:
        blocks = read.blocks(_BLOCK_SAMPLES, dtype="int32", always_2d=True)
        _write_sound(path, blocks, read.samplerate, "PCM_24", (len(read), read.channels))


def _write_take(take: HeardTake, path: Path, rate_hz: int | None) -> None:
    record, samples = take.record, mono_samples_of(take)
    starts = range(0, len(samples), _BLOCK_SAMPLES)
    heard = (samples[at : at + _BLOCK_SAMPLES] for at in starts)
    if rate_hz is None:
        rounded = (np.clip(np.rint(block * 32768), -32768, 32767).astype(np.int16) for block in heard)
        _write_sound(path, rounded, record.sample_rate_hz, "PCM_16", (len(samples), 1))
    else:
        length = len(samples) * rate_hz // record.sample_rate_hz
        _write_sound(path, _resampled(heard, record.sample_rate_hz, rate_hz), rate_hz, "PCM_24", (length, 1))


def _resampled(blocks: Iterator[NDArray[np.float32]], from_hz: int, to_hz: int) -> Iterator[NDArray[np.float32]]:
    resampler = Resampler(from_hz, to_hz)
    for block in blocks:
        yield resampler.add(block)
    yield resampler.finish()


def _write_sound(
    path: Path, blocks: Iterator[NDArray[np.generic]], rate_hz: int, depth: str, shape: tuple[int, int]
) -> None:
    """Write a sound of a shape: samples, channels."""
    form = "FLAC" if path.suffix == ".flac" else wav_container(3 * shape[0] * shape[1])
    with (
        _whole_file(path) as unfinished,
        new_sound_file(unfinished, rate_hz, shape[1], depth, form) as file,
    ):
        for block in blocks:
            file.write(block)


@contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """Offer another name beside a file; what was written there takes its place when all is done."""
    unfinished = temporary_beside(path)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield unfinished
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
