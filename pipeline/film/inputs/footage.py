"""The user's own footage and stills between parts of the film: what a file offers, and how it sounds.

This module owns how long footage is shown and heard. It does not know where in the film it stands, nor how its pictures
become frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.errors import FootageError
from pipeline.ffmpeg.formats import open_media, recognise, run_on_file
from pipeline.ffmpeg.process import file_argument
from pipeline.film.inputs.colour import ColourSpace
from pipeline.film.inputs.look import FirstPicture, look
from pipeline.film.inputs.stills import check_still, is_still
from pipeline.film.planning.settings import InsertSettings
from pipeline.store.files import remembered_sha256

STILL_S: Final = 4.0
"""How long a still is shown where nothing else is said."""
LONGEST_S: Final = 3600.0
SOUND_BYTES_PER_SAMPLE: Final = 8
"""Stereo in 32-bit floats."""
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
    picture
        The first picture, or what a still is decoded to.
    start_s
        When it begins, by its own clock.
    """

    path: Path
    duration_s: float | None
    has_sound: bool
    picture: FirstPicture
    start_s: Fraction = Fraction(0)

    @property
    def is_still(self) -> bool:
        """Whether nothing moves in it."""
        return self.duration_s is None

    @property
    def remark(self) -> str:
        """What a person should know about how it is shown; empty where nothing."""
        name = self.picture.colours.name
        if not name:
            return ""
        how = "tone-mapped to" if self.picture.colours.is_high_range else "brought into"
        return f"{self.path.name} is stored in {name}; it is {how} the film's BT.709."


def probe(path: Path) -> Footage:
    """Look at a file.

    Raises
    ------
    FootageError
        Where it is missing, unreadable, or neither a video nor a picture.
    """
    if is_still(path):
        size = check_still(path)
        return Footage(path, None, has_sound=False, picture=FirstPicture(size, colours=ColourSpace(matrix="")))
    facts = look(path, recognise(path, FootageError))
    return Footage(path, facts.duration_s, facts.has_sound, facts.picture, facts.start_s)


def content_hash(path: Path) -> str:
    """Hash a file's content, once as long as it doesn't change.

    Raises
    ------
    FootageError
        Where it is missing, unreadable, or neither a video nor a picture.
    """
    if not is_still(path):
        recognise(path, FootageError)  # before its content is read: it may be endless, or no footage at all
    return remembered_sha256(path)


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
    source = open_media(footage.path, recognise(footage.path, FootageError), ss=f"{settings.start_s:.6f}")
    # a sound that begins later than the picture does is heard later
    heard = source[f"a:{track - 1}"].filter("aresample", **{"async": 1}, first_pts=0)
    if fade > 0:
        heard = heard.filter("afade", type="in", duration=f"{fade:.3f}")
        heard = heard.filter("afade", type="out", start_time=f"{seconds - fade:.3f}", duration=f"{fade:.3f}")
    options: dict[str, object] = {"t": f"{seconds:.3f}", "ac": 2, "ar": FILM_RATE_HZ, "format": "f32le", "y": None}
    run_on_file(
        ffmpeg.get_args(ffmpeg.output(heard, file_argument(out), **options)),
        timeout_s=limit_s(seconds),
        purpose=f"decoding the sound of {footage.path.name}",
        file_error=FootageError("The footage's sound can't be decoded.", where=str(footage.path), hint=_WITHOUT_SOUND),
    )
    samples = out.stat().st_size // SOUND_BYTES_PER_SAMPLE
    return np.memmap(out, np.float32, "r", shape=(samples, 2)) if samples else np.zeros((1, 2), np.float32)


def limit_s(seconds: float) -> float:
    """How long decoding so much may take, on a slow machine that does other things too."""
    return 300 + 60 * seconds
