"""The one chain of filters that makes frames of the film out of footage: ffmpeg does all of it in one process.

This module owns what the chain is: colours, shape, pace and fades. It does not know whether its frames are encoded or
drawn, nor where in the film they stand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import FootageError
from pipeline.ffmpeg.formats import open_media, recognise
from pipeline.film.inputs.colour import table_text
from pipeline.film.inputs.footage import Footage
from pipeline.film.inputs.look import FirstPicture, find_entry
from pipeline.film.inputs.stills import read_still
from pipeline.film.planning.settings import InsertSettings
from pipeline.store.files import atomic_write_text

CHAIN_VERSION: Final = 1
"""Raised with every change of what frames look like."""
TABLE_FILE: Final = "colours.cube"
_SCALING: Final = "bicubic+accurate_rnd+full_chroma_int"
EARLY_FRAMES: Final = Fraction(11, 100)
"""A picture is shown from the frame on that begins at most so much before it: times in files are rounded. Far from
where pictures of 24, 25, 30, 50 and 60 a second fall between frames, so that no rounding can tip them over."""
_MARGIN_S: Final = Fraction(1, 10)
"""Pictures from so long before the first one shown are kept: some formats tell when they are decoded only."""
_FRAME_TICKS: Final = 1000
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True)
class Shape:
    """How a picture is brought to the film's size: cut, scaled, then cut or padded to the pixel.

    Parameters
    ----------
    cut
        Width, height, left and top of what is used of the picture, in its pixels.
    scaled
        Width and height that it is scaled to.
    left, top
        Where the film's frame lies in what was scaled; negative where bars are added.
    """

    cut: tuple[int, int, int, int]
    scaled: tuple[int, int]
    left: int
    top: int


def shape_of(picture: FirstPicture, size: tuple[int, int], fit: str) -> Shape:
    """Decide how a picture comes to the film's size.

    With `crop`, what would be scaled only to be cut off is cut off before, but for two pixels.
    """
    stored = picture.size
    seen = Fraction(stored[0]) * picture.pixel_aspect, Fraction(stored[1])
    scales = [Fraction(want) / have for want, have in zip(size, seen, strict=True)]
    if fit == "crop":
        scale = max(scales)
        wanted = (size[0] / scale / picture.pixel_aspect, size[1] / scale)
        used = [min(have, 2 * math.ceil(want / 2)) for have, want in zip(stored, wanted, strict=True)]
        starts = [(have - use) // 4 * 2 for have, use in zip(stored, used, strict=True)]
        exact = used[0] * picture.pixel_aspect * scale, used[1] * scale
        scaled = tuple(max(want, round(side)) for want, side in zip(size, exact, strict=True))
    else:
        scale = min(scales)
        used, starts = list(stored), [0, 0]
        scaled = tuple(min(want, max(2, 2 * round(side * scale / 2))) for want, side in zip(size, seen, strict=True))
    left, top = ((have - want) // 4 * 2 for have, want in zip(scaled, size, strict=True))
    return Shape((used[0], used[1], starts[0], starts[1]), (scaled[0], scaled[1]), left, top)


@dataclass(frozen=True)
class FootageChain:
    """Footage as an insert of the film.

    Parameters
    ----------
    footage, settings
        What is shown, and how.
    size
        The film's width and height, in pixels.
    frame_rate
        The film's.
    frames
        How many frames the whole insert has.
    workspace
        A folder for a table of colours, where one is needed.
    """

    footage: Footage
    settings: InsertSettings
    size: tuple[int, int]
    frame_rate: Fraction
    frames: int
    workspace: Path

    def still(self) -> NDArray[np.uint8] | None:
        """Decode a still, which the chain reads from its input: sRGB, shape (height, width, 3); None for a video."""
        return read_still(self.footage.path) if self.footage.is_still else None

    def stream(self, first: int, end: int, still: NDArray[np.uint8] | None) -> Any:
        """Build the chain for a range of frames, counted from the insert's first, the end not included.

        Parameters
        ----------
        still
            What `still` returned.

        Returns
        -------
        ffmpeg.nodes.FilterableStream
            The film's frames in yuv420p, BT.709, limited range, from time 0 on.
        """
        if still is not None:
            size = still.shape[1], still.shape[0]
            raw = {"format": "rawvideo", "pix_fmt": "rgb24", "video_size": size}
            source = ffmpeg.input("pipe:0", **raw, framerate=self._rate)
            picture = FirstPicture(size, colours=self.footage.picture.colours)
            return self._finished(self._standing(self._shown(source, picture), first), first, end)
        path, begin = self.footage.path, Fraction(self.settings.start_s).limit_denominator(_MICROSECONDS)
        form = recognise(path, FootageError)
        early = EARLY_FRAMES / self.frame_rate
        entry = find_entry(
            path,
            form,
            file_start_s=self.footage.start_s,
            begin_s=begin + first / self.frame_rate + early,
            end_s=begin + end / self.frame_rate + early,
        )
        source = open_media(path, form, **entry.options)["V:0"]
        # by the insert's own time, in ticks of which a frame has a whole number, whatever was sought: every segment
        # rounds alike
        tick = 1 / (self.frame_rate * _FRAME_TICKS)
        zero = self.footage.start_s + begin + early + tick
        timed = source.filter("settb", f"{tick.numerator}/{tick.denominator}")
        timed = timed.filter("setpts", f"PTS-({round(zero / tick)})")
        if entry.shown_s is not None:
            margin = 0 if entry.stands else _MARGIN_S
            kept = entry.shown_s - zero - margin - Fraction(1, 2000)
            timed = timed.filter("trim", start=f"{float(kept):.6f}")
        shown = self._shown(timed, self.footage.picture)
        paced = self._standing(shown, first) if entry.stands else self._paced(shown, first)
        return self._finished(paced, first, end)

    @property
    def _rate(self) -> str:
        return f"{self.frame_rate.numerator}/{self.frame_rate.denominator}"

    def _shown(self, stream: Any, picture: FirstPicture) -> Any:
        """Bring a picture's colours and shape to the film's."""
        colours, shape = picture.colours, shape_of(picture, self.size, self.settings.fit)
        into: dict[str, object] = {"flags": _SCALING}
        if colours.matrix:
            into |= {"in_color_matrix": colours.matrix, "in_range": "pc" if colours.full_range else "tv"}
        if picture.has_alpha:  # laid on black before it is scaled, or the colours of what isn't seen would bleed
            deep = "gbrap16le" if colours.need_table else "gbrap"
            stream = stream.filter("scale", **into).filter("format", deep).filter("premultiply", inplace=1)
            into = {"flags": _SCALING}
        if shape.cut[:2] != picture.size:
            stream = stream.filter("crop", w=shape.cut[0], h=shape.cut[1], x=shape.cut[2], y=shape.cut[3])
        out = {"out_color_matrix": "bt709", "out_range": "tv"}
        width, height = shape.scaled
        if colours.need_table:
            table = self.workspace / TABLE_FILE
            if not table.exists():
                atomic_write_text(table, table_text(colours))
            stream = stream.filter("scale", w=width, h=height, **into).filter("format", "gbrp16le")
            stream = stream.filter("lut3d", file=str(table)).filter("scale", flags=_SCALING, **out)
        else:
            stream = stream.filter("scale", w=width, h=height, **into, **out)
        stream = stream.filter("format", "yuv420p")
        if self.settings.fit == "pad" and shape.scaled != self.size:
            place = {"x": -shape.left, "y": -shape.top}
            return stream.filter("pad", w=self.size[0], h=self.size[1], **place, color="black")
        if shape.scaled != self.size:
            stream = stream.filter("crop", w=self.size[0], h=self.size[1], x=shape.left, y=shape.top)
        return stream

    def _paced(self, stream: Any, first: int) -> Any:
        """Even pace from a frame on; the last picture stands where the footage is short.

        The start is given a tick early, because it is rounded up as times are.
        """
        start = float((first - Fraction(1, _FRAME_TICKS)) / self.frame_rate)
        even = stream.filter("fps", fps=self._rate, start_time=f"{start:.6f}", round="up")
        return even.filter("tpad", stop_mode="clone", stop=-1)

    def _standing(self, stream: Any, first: int) -> Any:
        """One picture for ever, made once."""
        looped = stream.filter("loop", loop=-1, size=1)
        return looped.filter("settb", f"1/({self._rate})").filter("setpts", f"N+{first}")

    def _finished(self, stream: Any, first: int, end: int) -> Any:
        """Fade where it is time for it, name the colours, and count from 0; nothing else is handed to the encoder."""
        wanted = Fraction(self.settings.fade_seconds).limit_denominator(1000) * self.frame_rate
        fade = min(wanted, Fraction(self.frames, 2))
        length = f"{float(fade / self.frame_rate):.6f}"
        if first < fade:
            stream = stream.filter("fade", type="in", start_time=0, duration=length)
        if end > self.frames - fade:
            begin = f"{float((self.frames - fade) / self.frame_rate):.6f}"
            stream = stream.filter("fade", type="out", start_time=begin, duration=length)
        named = {"range": "tv", "colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709"}
        stream = (
            stream.filter("setparams", field_mode="prog", **named).filter("setsar", "0").filter("sidedata", "delete")
        )
        return stream.filter("setpts", "PTS-STARTPTS")
