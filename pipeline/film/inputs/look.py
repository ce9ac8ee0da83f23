"""What ffmpeg reports of footage before it is shown: its length, its first picture, and where decoding can begin.

This module owns the reading of ffmpeg's words and lists of packets. It does not know what the footage is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

import ffmpeg

from pipeline.errors import FfmpegError, FootageError
from pipeline.ffmpeg.formats import MediaFormat, error_to_raise, open_media, run_on_file
from pipeline.ffmpeg.process import Process
from pipeline.film.inputs.colour import ColourSpace, colours_of

LOOK_S: Final = 60.0
_NULL: Final = "-"
_READ_BYTES: Final = 1 << 12
_UNKNOWN_DIGITS: Final = 19
"""The number that ffmpeg writes for an unknown time has so many digits: no time has."""
_STEPS_BACK_S: Final = (0, 2, 10, 60)
"""How much earlier entering is tried, where a format's own search misses; after them, from the beginning."""
_SQUAREST, _FLATTEST = Fraction(1, 16), Fraction(16)
"""Pixels of other shapes are taken for squares: nothing was ever filmed so."""
_ALPHA: Final = re.compile(r"yuva|ya\d|gbrap|ayuv|vuya|argb|abgr|rgba|bgra|pal8")


@dataclass(frozen=True)
class FirstPicture:
    """A decoded picture: upright, in the pixels in which it is stored.

    Parameters
    ----------
    size
        Width and height, in pixels.
    pixel_aspect
        How wide a pixel is, where its height is 1.
    has_alpha
        Whether some of it may be transparent.
    colours
        What its numbers mean.
    """

    size: tuple[int, int]
    pixel_aspect: Fraction = Fraction(1)
    has_alpha: bool = False
    colours: ColourSpace = field(default_factory=ColourSpace)


@dataclass(frozen=True)
class Facts:
    """What a video file is: when it starts and how long it lasts by its own clock, what is seen, what is heard."""

    start_s: Fraction
    duration_s: float
    has_sound: bool
    picture: FirstPicture


@dataclass(frozen=True)
class Entry:
    """Where decoding a part of footage begins.

    Parameters
    ----------
    seek_s
        The value of ffmpeg's `-ss`, counted from the file's start; None: it is read from the beginning.
    shown_s
        When the picture that is seen first begins, by the file's own clock; None where it is the file's first.
    stands
        Whether that picture is seen through all of the part.
    """

    seek_s: float | None
    shown_s: Fraction | None
    stands: bool = False

    @property
    def options(self) -> dict[str, object]:
        """Ffmpeg's input options for beginning to decode here: times stay the file's own."""
        return _entering(self.seek_s)


def look(path: Path, form: MediaFormat) -> Facts:
    """Decode the first picture, and read what ffmpeg reports of the file.

    Raises
    ------
    FootageError
        Where there is no picture, or it can't be shown.
    """
    error = FootageError(
        "This footage has no picture that can be read.",
        where=str(path),
        expected="a video, a GIF, or a PNG, JPEG or WebP picture",
        hint="Export it again as MP4 or PNG; sound alone goes into a section's recordings, or into sound.music.",
    )
    seen = open_media(path, form)["V:0"].filter("showinfo", checksum=0)
    shown = ffmpeg.output(seen, _NULL, format="null", loglevel="info", **{"frames:v": 1})
    words = run_on_file(ffmpeg.get_args(shown), timeout_s=LOOK_S, purpose=f"looking at {path.name}", file_error=error)
    picture = _picture(words, path)
    if picture is None:
        raise error
    start = re.search(r"^  Duration: .*?, start: (-?\d+\.\d+)", words, re.MULTILINE)
    sound = re.search(r"^  Stream #0:\S*: Audio: ", words, re.MULTILINE)
    return Facts(
        start_s=Fraction(start[1]) if start else Fraction(0),
        duration_s=_duration(words) or _measured_duration(path, form, error),
        has_sound=sound is not None,
        picture=picture,
    )


def _picture(words: str, path: Path) -> FirstPicture | None:
    found = re.search(r"pts_time:.*? fmt:(\w+) .*?sar:(\d{1,9})/(\d{1,9}) s:(\d{1,9})x(\d{1,9})", words)
    if found is None:
        return None
    tags = dict(re.findall(r"(color_(?:range|space|primaries|trc)):(\S+)", words[found.start() :]))
    size = int(found[4]), int(found[5])
    aspect = Fraction(int(found[2]), int(found[3])) if int(found[3]) else Fraction(1)
    light = re.search(r"MaxCLL=(\d{1,9})", words) or re.search(r"max_luminance=(\d{1,9})", words)
    try:
        colours = colours_of(found[1], tags, size, float(light[1]) if light else None)
    except ValueError as error:
        raise FootageError(
            f"The colours of this footage are stored as {error}, which can't be shown.",
            where=str(path),
            expected="colours stored as Y'CbCr or RGB",
            hint="Convert it to an ordinary MP4 in the program that made it.",
        ) from error
    return FirstPicture(
        size=size,
        pixel_aspect=aspect if _SQUAREST <= aspect <= _FLATTEST else Fraction(1),
        has_alpha=_ALPHA.match(found[1]) is not None,
        colours=colours,
    )


def _duration(words: str) -> float | None:
    found = re.search(r"^  Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", words, re.MULTILINE)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None


def _measured_duration(path: Path, form: MediaFormat, error: FootageError) -> float:
    """Read through a file without a length in its header: moving pictures, and what browsers record."""
    copied = ffmpeg.output(open_media(path, form)["V:0"], _NULL, format="null", c="copy", stats=None, loglevel="info")
    words = run_on_file(ffmpeg.get_args(copied), timeout_s=LOOK_S, purpose=f"measuring {path.name}", file_error=error)
    times = re.findall(r"time=(\d+):(\d\d):(\d\d(?:\.\d+)?)", words)
    if not times:
        raise FootageError(
            "The length of this footage is not known.", where=str(path), hint="Convert it to MP4, then name the MP4."
        )
    hours, minutes, seconds = times[-1]
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _entering(seek_s: float | None) -> dict[str, object]:
    sought = {} if seek_s is None else {"ss": f"{seek_s:.6f}", "noaccurate_seek": None}
    return {**sought, "copyts": None}


def find_entry(path: Path, form: MediaFormat, *, file_start_s: Fraction, begin_s: Fraction, end_s: Fraction) -> Entry:
    """Find where decoding a part of footage begins, so that the picture seen at its begin is decoded.

    That picture may have begun long before, and can be decoded only from a key frame on. Packets are read, and nothing
    is decoded.

    Parameters
    ----------
    file_start_s
        The file's own start, by its own clock.
    begin_s, end_s
        The part, counted from the file's start.
    """
    begin, end = file_start_s + begin_s, file_start_s + end_s
    for back in _STEPS_BACK_S:
        if begin_s > back:
            seek_s = float(begin_s - back)
            shown, later = _scan(path, form, seek_s, begin, end)
            if shown is not None:
                return Entry(seek_s, shown, stands=not later)
    shown, later = _scan(path, form, None, begin, end)
    return Entry(None, shown, stands=shown is not None and not later)


def _scan(
    path: Path, form: MediaFormat, seek_s: float | None, begin: Fraction, end: Fraction
) -> tuple[Fraction | None, bool]:
    """When the picture seen at a time begins (None: none that can be decoded), and whether another one follows."""
    source = open_media(path, form, **_entering(seek_s))["V:0"]
    listed = ffmpeg.output(source, _NULL, format="framecrc", c="copy", to=f"{float(end):.6f}")
    error = FootageError("The footage can't be read.", where=str(path), expected="a video that plays elsewhere")
    process = Process(ffmpeg.get_args(listed), reads=True, timeout_s=LOOK_S, purpose=f"looking into {path.name}")
    key: Fraction | None = None
    shown: Fraction | None = None
    later = False
    try:
        with process:
            for time, is_key in _packets(process):
                if key is None and not is_key:
                    continue
                key = time if key is None else key
                if key <= time <= begin:  # what precedes its key frame can't be decoded
                    shown = time if shown is None else max(shown, time)
                later |= time > begin
    except FfmpegError as failure:
        raise error_to_raise(failure, process, error) from failure
    return shown, later


def _packets(process: Process) -> Iterator[tuple[Fraction, bool]]:
    """Read times of packets, by the file's own clock, and whether they are key frames, from ffmpeg's `framecrc`."""
    unit = Fraction(0)
    rest = b""
    while part := process.read(_READ_BYTES):
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            if found := re.match(rb"#tb 0: (\d+)/(\d+)", line):
                unit = Fraction(int(found[1]), int(found[2]))
            elif found := re.match(rb"0, *(-?\d+|NOPTS), *(-?\d+|NOPTS),", line):
                times = [int(time) for time in (found[2], found[1]) if time != b"NOPTS" and len(time) < _UNKNOWN_DIGITS]
                if times:  # a decoding time stands in where there is no other
                    yield times[0] * unit, b"F=0x0" not in line
