"""A film's parts as MoviePy clips, picture and sound, for people who cut them into films of their own; and back again.

    from pipeline.outputs.clips import card_clip, film_clip, section_clip, write_insert

    with section_clip("production.toml", 2) as clip:            # the second section: its card and its scene
        clip.subclipped(3, 10).write_videofile("excerpt.mp4")

    with film_clip("production.toml") as clip: ...               # all of it
    with card_clip("production.toml", "credits") as clip: ...    # title, section-1, recap-1, comparison, credits

    write_insert(clip, "opening.mkv")                            # any clip of MoviePy's, for an [[insert]] of a film

Frames are drawn when MoviePy asks for them, as sharp as they are before any encoding. What they need (corpora,
networks, takes, cards, soundtrack) is taken from the store, and made first where it is not there yet.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import ffmpeg
import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.build.films import build_one
from pipeline.errors import InputError, StageError
from pipeline.ffmpeg.process import Process, ffmpeg_path, file_argument
from pipeline.film.encoding.encoder import COLOUR_TAGS
from pipeline.film.inputs.footage import LONGEST_S
from pipeline.film.timeline.timeline import CardClip, Timeline
from pipeline.outputs.owner import record_owner
from pipeline.picture.drawing.planes import planes_of, rgb_from_planes
from pipeline.production.schema import load_production
from pipeline.runtime.progress.reporter import SILENT, Reporter
from pipeline.sound.inputs.sound_file import name_of
from pipeline.stages import compose
from pipeline.stages.shared import drawers
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import disk_errors, temporary_beside
from pipeline.store.lock import build_lock
from pipeline.store.store import Store

if TYPE_CHECKING:
    from moviepy import VideoClip

__all__ = ["card_clip", "film_clip", "section_clip", "write_insert"]

_HIGHEST_RATE: Final = 240
_CHUNK_SAMPLES: Final = 1 << 16


@contextmanager
def film_clip(
    production: str | Path,
    *,
    cut: str | None = None,
    output: str | Path | None = None,
    jobs: int = 1,
    report: Reporter = SILENT,
) -> Iterator[VideoClip]:
    """Offer the whole film, or one of its cuts, as a clip.

    Parameters
    ----------
    production
        A production file, or its folder.
    cut
        The name of one of its cuts.
    output
        The folder of the film; by default `out/<production>`, as on the command line.
    jobs
        How many processes may work at once, where something has to be made first.
    report
        Who listens to that.

    Raises
    ------
    BuildVideoError
        As a build does.
    """
    with _opened(Path(production), output, jobs, report, cut) as film:
        yield film.clip(0, film.timeline.total_frames)


@contextmanager
def section_clip(
    production: str | Path,
    section: int,
    *,
    card: bool = True,
    output: str | Path | None = None,
    jobs: int = 1,
    report: Reporter = SILENT,
) -> Iterator[VideoClip]:
    """Offer one section as a clip: its scene, and with `card` the card before it and its recap.

    Parameters
    ----------
    section
        Counted from 1, as in the production file.
    production, output, jobs, report
        As for `film_clip`.

    Raises
    ------
    InputError
        Where there is no such section.
    """
    with _opened(Path(production), output, jobs, report) as film:
        scenes = [scene for scene in film.timeline.scenes() if scene.section == section - 1]
        if not scenes:
            count = len({scene.section for scene in film.timeline.scenes()})
            raise InputError(f"There is no section {section}.", where=str(production), expected=f"1 to {count}")
        cards = [clip for clip in film.timeline.cards() if card and clip.section == section - 1]
        yield film.clip(
            min(clip.start_frame for clip in (*scenes, *cards)), max(clip.end_frame for clip in (*scenes, *cards))
        )


@contextmanager
def card_clip(
    production: str | Path,
    name: str,
    *,
    output: str | Path | None = None,
    jobs: int = 1,
    report: Reporter = SILENT,
) -> Iterator[VideoClip]:
    """Offer one card as a clip: `title`, `section-1`, `recap-1`, `comparison`, `credits`.

    Parameters
    ----------
    name
        The card's name.
    production, output, jobs, report
        As for `film_clip`.

    Raises
    ------
    InputError
        Where there is no such card.
    """
    with _opened(Path(production), output, jobs, report) as film:
        cards: dict[str, CardClip] = {clip.name: clip for clip in film.timeline.cards()}
        if name not in cards:
            raise InputError(f"There is no card '{name}'.", where=str(production), expected=", ".join(cards))
        yield film.clip(cards[name].start_frame, cards[name].end_frame)


def write_insert(clip: VideoClip, path: str | Path, *, frame_rate: Fraction | float | None = None) -> Path:
    """Write any clip of MoviePy's as footage for an `[[insert]]`: in colours that are named, and without visible loss.

    Parameters
    ----------
    clip
        With a duration; its sound comes along.
    path
        The file to write, in `.mkv`; what is there is replaced.
    frame_rate
        Frames a second; by default the clip's own, else 30.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        Where the clip has no end, is longer than an hour, or its pictures can't be stored; or the name doesn't fit.
    """
    path = Path(path)
    rate = Fraction(frame_rate or clip.fps or 30).limit_denominator(1001)
    if path.suffix.lower() != ".mkv":
        raise InputError(f"'{path.name}' is not a name for such a file.", where=str(path), expected="a name in .mkv")
    if not clip.duration or not 0 < clip.duration <= LONGEST_S:
        raise InputError(
            "The clip's duration can't be used.", where=str(path), expected="more than 0 s, at most an hour"
        )
    if not 1 <= rate <= _HIGHEST_RATE:
        raise InputError(
            "The frame rate can't be used.", where=str(path), expected=f"1 to {_HIGHEST_RATE} frames a second"
        )
    unfinished = temporary_beside(path)
    with disk_errors(path), TemporaryDirectory(prefix="build-video-") as aside:
        try:
            _write_footage(clip, rate, unfinished, Path(aside))
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    return path


def _write_footage(clip: VideoClip, rate: Fraction, out: Path, aside: Path) -> None:
    width, height = clip.size
    raw = {"format": "rawvideo", "pix_fmt": "rgb24", "video_size": (width, height), "framerate": str(rate)}
    scaled = ffmpeg.input("pipe:0", **raw).filter(
        "scale", out_color_matrix="bt709", out_range="tv", flags="accurate_rnd"
    )
    streams = [scaled.filter("format", "yuv444p")]
    if clip.audio is not None:
        streams.append(ffmpeg.input(file_argument(_written_sound(clip.audio, aside / "sound.wav")))["a:0"])
    codecs = {"c:v": "libx264", "preset": "veryfast", "crf": 4, "c:a": "flac", "format": "matroska", "y": None}
    arguments = ffmpeg.get_args(ffmpeg.output(*streams, file_argument(out), **COLOUR_TAGS, **codecs))
    with Process(arguments, writes=True, stall_s=600, purpose=f"encoding {out.name}") as process:
        for number in range(max(1, round(Fraction(clip.duration).limit_denominator(10**6) * rate))):
            picture = np.ascontiguousarray(np.asarray(clip.get_frame(float(number / rate)))[..., :3].astype(np.uint8))
            if picture.shape != (height, width, 3):
                raise InputError(
                    f"A picture of the clip has the shape {picture.shape}.", expected=f"{height}, {width}, 3"
                )
            process.write(picture.data)


def _written_sound(audio: Any, path: Path) -> Path:
    with soundfile.SoundFile(name_of(path), "w", FILM_RATE_HZ, audio.nchannels, "PCM_24") as file:
        for chunk in audio.iter_chunks(chunksize=_CHUNK_SAMPLES, fps=FILM_RATE_HZ):
            file.write(np.clip(np.asarray(chunk, dtype=np.float32), -1, 1))
    return path


@dataclass(frozen=True)
class _OpenFilm:
    timeline: Timeline
    draw: Callable[[int], NDArray[np.uint8]]
    sound: soundfile.SoundFile

    def clip(self, start_frame: int, end_frame: int) -> VideoClip:
        """Make a clip of a stretch of the film."""
        # MoviePy reads the variable once, and would read a file `.env` where it is not set
        os.environ.setdefault("FFMPEG_BINARY", str(ffmpeg_path()))
        from moviepy import AudioClip, VideoClip  # noqa: PLC0415 - a second of importing

        timeline = self.timeline
        rate, frames = float(timeline.frame_rate), end_frame - start_frame
        first_sample = timeline.clock.sample_at(start_frame)

        def picture(seconds: float) -> NDArray[np.uint8]:
            number = min(max(int(seconds * rate + 1e-6), 0), frames - 1)
            planes = planes_of(self.draw(start_frame + number), timeline.width, timeline.height)
            return rgb_from_planes(planes)

        def heard(seconds: Any) -> NDArray[np.float32]:
            return self._heard(first_sample + np.rint(np.asarray(seconds) * timeline.sample_rate_hz).astype(np.int64))

        clip = VideoClip(picture, duration=frames / rate).with_fps(rate)
        return clip.with_audio(AudioClip(heard, duration=frames / rate, fps=timeline.sample_rate_hz))

    def _heard(self, samples: NDArray[np.int64]) -> NDArray[np.float32]:
        """The soundtrack at some samples: shape (2,) for one, (n, 2) for several; silence beyond its ends."""
        asked = np.atleast_1d(samples)
        inside = np.clip(asked, 0, self.sound.frames - 1)
        low, high = int(inside.min()), int(inside.max())
        self.sound.seek(low)
        block = self.sound.read(high - low + 1, dtype="float32", always_2d=True)
        found: NDArray[np.float32] = block[inside - low] * (asked == inside)[:, None]
        return found if samples.ndim else found[0]


@contextmanager
def _opened(
    path: Path, output: str | Path | None, jobs: int, report: Reporter, cut: str | None = None
) -> Iterator[_OpenFilm]:
    production = load_production(path)
    folder = Path(output) if output is not None else Path("out") / production.name
    workplace = Workplace(store=Store(folder / "work", warn=report.warn), output=folder, report=report, jobs=jobs)
    with build_lock(workplace.store.root):
        record_owner(workplace.store.root, production.file)
        shown, results = build_one(production, workplace, "cards", cut)
        sound = compose.soundtrack(shown, results, workplace)
    if results.timeline is None:
        raise StageError("There is no timeline.")
    with (
        drawers.open_film(shown, results) as draw,
        soundfile.SoundFile(name_of(sound.path(sound.record.lossless_file))) as heard,
    ):
        yield _OpenFilm(results.timeline.record, draw, heard)
