"""The user's own footage and stills between parts of the film.

This module owns how long footage is and how it becomes frames of the film: decoded through the one door to ffmpeg (as
the format that its first bytes show, from the disk only) to the film's rate, then scaled, cropped and faded by MoviePy.
It does not know where in the film it stands.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import FootageError
from pipeline.ffmpeg import ffmpeg_path, file_argument
from pipeline.files import file_sha256
from pipeline.film.settings import InsertSettings
from pipeline.film.stills import check_still, is_still, read_still
from pipeline.media import MOST_PIXELS, input_arguments, recognise, run_on_file

if TYPE_CHECKING:
    from moviepy import VideoClip

STILL_S: Final = 4.0
"""How long a still is shown where nothing else is said."""
LONGEST_S: Final = 3600.0
_LOOK_S: Final = 60.0
_LARGEST_DETOUR: Final = 4
"""So many times the film's pixels a picture may grow to before it is cropped."""
_SOUND_RATE_HZ: Final = 48_000
_WITHOUT_SOUND: Final = "Set sound = false for this insert to show it without its sound."


@dataclass(frozen=True)
class Footage:
    """What a file offers.

    Parameters
    ----------
    path
        The file.
    duration_s
        How long it is, in seconds; None for a still.
    has_sound
        Whether something can be heard.
    """

    path: Path
    duration_s: float | None
    has_sound: bool

    @property
    def is_still(self) -> bool:
        """Whether nothing moves in it."""
        return self.duration_s is None


def probe(path: Path) -> Footage:
    """Look at a file.

    Raises
    ------
    FootageError
        Where it is missing, unreadable, or neither a video nor a picture.
    """
    if is_still(path):
        check_still(path)
        return Footage(path, None, has_sound=False)
    form = recognise(path, FootageError)
    told = FootageError(
        "This footage has no picture that can be read.",
        where=str(path),
        expected="a video, or a PNG, JPEG or WebP picture",
    )
    look = ["-map", "0:V:0", "-c", "copy", "-t", "0.1", "-f", "null", "-"]
    words = run_on_file(
        ["-loglevel", "info", *input_arguments(path, form), *look],
        timeout_s=_LOOK_S,
        purpose=f"looking at {path.name}",
        told=told,
    )
    size = re.search(r"^  Stream #0:\S*: Video: .*?, (\d{1,9})x(\d{1,9})[ ,]", words, re.MULTILINE)
    if size is None:
        raise told
    if int(size[1]) * int(size[2]) > MOST_PIXELS:
        raise FootageError(
            f"The footage's picture is far too large: {size[1]} x {size[2]} pixels.",
            where=str(path),
            expected=f"at most {MOST_PIXELS // 1_000_000} million pixels",
        )
    length = re.search(r"^  Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", words, re.MULTILINE)
    if length is None:
        raise FootageError(
            "The length of this footage is not known.", where=str(path), hint="Convert it to MP4, then name the MP4."
        )
    hours, minutes, seconds = length.groups()
    sound = re.search(r"^  Stream #0:\S*: Audio: ", words, re.MULTILINE) is not None
    return Footage(path, int(hours) * 3600 + int(minutes) * 60 + float(seconds), has_sound=sound)


def content_hash(path: Path) -> str:
    """Hash a file's content, once as long as it doesn't change.

    Raises
    ------
    FootageError
        Where it is missing, unreadable, or neither a video nor a picture.
    """
    if not is_still(path):
        recognise(path, FootageError)  # before its content is read: it may be endless, or no footage at all
    status = path.stat()
    return _hash_of_state(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1024)
def _hash_of_state(path: Path, _size: int, _mtime_ns: int) -> str:
    return file_sha256(path)


def shown_seconds(footage: Footage, settings: InsertSettings) -> float:
    """Return how long the footage is shown.

    Raises
    ------
    FootageError
        Where less of it is left than was asked for.
    """
    if footage.duration_s is None:
        return settings.seconds or STILL_S
    left = footage.duration_s - settings.start_s
    wanted = settings.seconds if settings.seconds is not None else left
    if left <= 0:
        raise FootageError(
            f"It lasts {footage.duration_s:.2f} s: from {settings.start_s:g} s on, pictures are not there.",
            where=str(footage.path),
            expected=f"start_s below {footage.duration_s:.2f}, and start_s + seconds at most as much",
        )
    if wanted > left + 0.05:  # containers round
        raise FootageError(
            f"It lasts {footage.duration_s:.2f} s; from {settings.start_s:g} s on, {wanted:.2f} s are not there.",
            where=str(footage.path),
            expected=f"start_s + seconds at most {footage.duration_s:.2f}",
        )
    if wanted > LONGEST_S:
        raise FootageError("The footage is longer than an hour.", where=str(footage.path), hint="Set its seconds.")
    return wanted


def write_sound(
    footage: Footage, settings: InsertSettings, seconds: float, out: Path, track: int = 1
) -> NDArray[np.float32]:
    """Decode one of the footage's sound tracks, counted from 1, into a file.

    Returns
    -------
    NDArray[np.float32]
        The file, mapped: stereo at 48 kHz, shape (n, 2), faded as the picture is.
    """
    fade = min(settings.fade_seconds, seconds / 2)
    fades = f"afade=t=in:d={fade:.3f},afade=t=out:st={seconds - fade:.3f}:d={fade:.3f}"
    source = ["-ss", f"{settings.start_s:.3f}", *input_arguments(footage.path, recognise(footage.path, FootageError))]
    shaped = ["-map", f"0:a:{track - 1}", "-t", f"{seconds:.3f}", "-af", fades if fade > 0 else "anull"]
    told = ["-ac", "2", "-ar", str(_SOUND_RATE_HZ), "-f", "f32le", "-y", file_argument(out)]
    run_on_file(
        [*source, *shaped, *told],
        timeout_s=_limit_s(seconds),
        purpose=f"decoding the sound of {footage.path.name}",
        told=FootageError("The footage's sound can't be decoded.", where=str(footage.path), hint=_WITHOUT_SOUND),
    )
    samples = out.stat().st_size // 8
    return np.memmap(out, np.float32, "r", shape=(samples, 2)) if samples else np.zeros((1, 2), np.float32)


class FootageFrames:
    """The footage as frames of the film. A context manager: it holds a decoder open.

    Parameters
    ----------
    footage, settings
        What to show, and how.
    size
        The film's width and height, in pixels.
    frame_rate
        The film's.
    frames
        How many frames are shown.
    workspace
        A folder for a helper file, which is removed.
    """

    def __init__(
        self,
        footage: Footage,
        settings: InsertSettings,
        *,
        size: tuple[int, int],
        frame_rate: Fraction,
        frames: int,
        workspace: Path,
    ) -> None:
        self._rate = frame_rate
        self._even_paced = workspace / "footage.mkv"
        if footage.is_still:
            base = _still_clip(footage.path)
        else:
            _pace_evenly(footage.path, settings.start_s, frame_rate, frames, self._even_paced)
            base = _video_clip(self._even_paced, footage.path)
        self._base = base
        self._clip = _shaped(base, settings, size, float(frames / frame_rate))

    def rgb(self, frame: int) -> NDArray[np.uint8]:
        """Return a frame, counted from the footage's first: sRGB, uint8, shape (height, width, 3)."""
        time = float((frame + Fraction(1, 4)) / self._rate)  # inside the frame's time: no rounding can miss it
        picture: NDArray[np.uint8] = np.ascontiguousarray(self._clip.get_frame(time)[..., :3].astype(np.uint8))
        return picture

    def close(self) -> None:
        """End the decoder and remove the helper file."""
        process = getattr(getattr(self._base, "reader", None), "proc", None)
        for pipe in (process.stdout, process.stderr) if process is not None and process.poll() is not None else ():
            pipe.close()  # MoviePy leaves the pipes of a decoder that has ended by itself open
        self._base.close()
        self._even_paced.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _moviepy() -> Any:
    """Import MoviePy with our ffmpeg: it reads the variable once, and would read a .env file where it is not set."""
    os.environ["FFMPEG_BINARY"] = str(ffmpeg_path())
    import moviepy  # noqa: PLC0415 - a second of importing, for inserts alone

    return moviepy


def _still_clip(path: Path) -> VideoClip:
    return _moviepy().ImageClip(read_still(path))


def _video_clip(path: Path, source: Path) -> VideoClip:
    try:
        return _moviepy().VideoFileClip(str(path), audio=False)
    except (OSError, KeyError, IndexError, ValueError) as error:  # what MoviePy says of a film without a frame
        raise FootageError(
            "No picture of this footage can be decoded.", where=str(source), expected="a video that plays elsewhere"
        ) from error


def _pace_evenly(path: Path, start_s: float, frame_rate: Fraction, frames: int, out: Path) -> None:
    """Decode footage of any pace to exactly so many frames at the film's rate; the last one stands if it is short."""
    rate = f"{frame_rate.numerator}/{frame_rate.denominator}"
    source = ["-ss", f"{start_s:.3f}", *input_arguments(path, recognise(path, FootageError))]
    filters = f"fps={rate},tpad=stop_mode=clone:stop=-1,format=yuv444p"
    paced = ["-map", "0:V:0", "-vf", filters, "-frames:v", str(frames)]
    told = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "4", "-bf", "0", "-f", "matroska"]
    run_on_file(
        [*source, *paced, *told, "-y", file_argument(out)],
        timeout_s=_limit_s(float(frames / frame_rate)),
        purpose=f"decoding {path.name}",
        told=FootageError("The footage can't be decoded.", where=str(path), expected="a video that plays elsewhere"),
    )


def _limit_s(seconds: float) -> float:
    """How long decoding so much may take, on a slow machine that does other things too."""
    return 300 + 60 * seconds


def _shaped(clip: VideoClip, settings: InsertSettings, size: tuple[int, int], duration_s: float) -> VideoClip:
    """Scale and crop (or pad) to the film's size, and fade from and to black."""
    moviepy = _moviepy()
    width, height = size
    if settings.fit == "crop":
        clip = _roughly_cropped(clip, size)
    scales = width / clip.w, height / clip.h
    scale = max(scales) if settings.fit == "crop" else min(scales)
    scaled_size = max(1, round(clip.w * scale)), max(1, round(clip.h * scale))
    shaped = clip.resized(scaled_size)
    if settings.fit == "crop":
        left, top = (scaled_size[0] - width) // 2, (scaled_size[1] - height) // 2
        shaped = shaped.cropped(x1=left, y1=top, width=width, height=height)
    elif scaled_size != size:
        shaped = shaped.with_background_color(size=size, color=(0, 0, 0), pos="center")
    shaped = shaped.with_duration(duration_s)
    fade = min(settings.fade_seconds, duration_s / 2)
    if fade > 0:
        shaped = shaped.with_effects([moviepy.vfx.FadeIn(fade), moviepy.vfx.FadeOut(fade)])
    return shaped


def _roughly_cropped(clip: VideoClip, size: tuple[int, int]) -> VideoClip:
    """Cut off what would be scaled up only to be cropped, where that is much: a picture of one column, say."""
    scale = max(size[0] / clip.w, size[1] / clip.h)
    if clip.w * clip.h * scale**2 <= _LARGEST_DETOUR * size[0] * size[1]:
        return clip
    width, height = (min(have, math.ceil(want / scale)) for have, want in zip((clip.w, clip.h), size, strict=True))
    return clip.cropped(x1=(clip.w - width) // 2, y1=(clip.h - height) // 2, width=width, height=height)
