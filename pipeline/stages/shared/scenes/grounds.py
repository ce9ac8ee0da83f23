"""The moving ground of a film: a theme's clip decoded once to the film's size, or its gradient.

This module owns how a clip becomes pictures in the store, and how much of it. It does not know what stands on a ground.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

from pipeline.errors import FootageError
from pipeline.film.inputs.chain import CHAIN_VERSION, FootageChain
from pipeline.film.inputs.footage import Footage, content_hash, probe
from pipeline.film.inputs.frames import FootageFrames
from pipeline.film.planning.settings import InsertSettings
from pipeline.picture.drawing.clip_pictures import ClipPictures
from pipeline.picture.drawing.ground import ground_rgb
from pipeline.picture.drawing.moving_ground import ClipGround, GradientGround, Loop, MovingGround, picture_rate
from pipeline.picture.drawing.planes import planes_from_rgb, planes_of, rgb_from_planes
from pipeline.picture.theme.theme import Theme, check_ground_picture, load_theme, refuse_faults
from pipeline.production.schema import Production
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import bytes_text, require_room
from pipeline.store.store import Json, Piece, Result, write_record

MOST_BYTES: Final = 2 << 30
"""Pictures of a clip are kept as they are, so that drawing a frame costs no decoding; longer clips are cut."""
_VERSION: Final = 1
_SMALL: Final = (320, 180)
"""The size at which a ground's colours are checked."""

Frame = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class FilmGround:
    """Where the moving ground of a film comes from; small enough to send to processes."""

    theme: Theme
    size_px: tuple[int, int]
    frame_rate: Fraction
    clip: tuple[Path, int] | None = None
    """The pictures of a clip, and how many there are."""

    @property
    def loop(self) -> Loop:
        """Which picture belongs to which frame of the film."""
        if self.clip is None:
            return GradientGround.loop_of(self.theme.ground, self.frame_rate)
        rate = picture_rate(self.frame_rate, self.theme.ground.clip_pictures_per_s) / self.frame_rate
        return Loop(self.clip[1], rate, self.theme.ground.loop == "mirror")

    def opened(self) -> MovingGround:
        """The ground, to be drawn."""
        if self.clip is None:
            return GradientGround(self.theme.ground, self.size_px, self.frame_rate)
        return ClipGround(self.clip[0], self.size_px, self.loop)


def film_ground(production: Production, clip: Result[ClipPictures] | None) -> FilmGround | None:
    """The moving ground of a film; None where its ground stands still."""
    video = production.video
    theme = load_theme(video.theme, production.templates_folder)
    if not theme.ground.moves:
        return None
    pictures = None if clip is None else (clip.path(clip.record.pictures_file), clip.record.count)
    return FilmGround(theme, (video.width, video.height), Fraction(video.frame_rate), pictures)


def ground_piece(production: Production, stage: str) -> Piece | None:
    """The pictures of the theme's clip as a result of a stage; None where it has none."""
    theme = load_theme(production.video.theme, production.templates_folder)
    if theme.ground_file is None or not theme.ground.is_clip:
        return None
    video = production.video
    ingredients: dict[str, Json] = {
        "clip": content_hash(theme.ground_file),
        "ground": theme.ground.model_dump(mode="json", exclude={"file", "loop", "pictures_per_s"}),
        "under": theme.colours.background,
        "size": [video.width, video.height],
        "rate": str(picture_rate(Fraction(video.frame_rate), theme.ground.clip_pictures_per_s)),
        "most": MOST_BYTES,
        "chain": CHAIN_VERSION,
    }
    return Piece(stage, production.piece_name("ground"), _VERSION, ingredients)


def check_ground(production: Production) -> list[str]:
    """Check that the theme's picture or clip is one, and has what is asked of it.

    Returns
    -------
    list[str]
        The colours of words that can't be read on it, in words; of a clip, on its first picture.

    Raises
    ------
    FootageError
        Where the clip is none, or shorter.
    TemplateError
        Where the picture is none, or words can't be read on a strict theme's ground.
    """
    theme = load_theme(production.video.theme, production.templates_folder)
    if theme.ground_file is None:
        return []
    if theme.ground.is_clip:
        footage = probe(theme.ground_file)
        _looped_s(footage, theme)
        with TemporaryDirectory(prefix="build-video-") as aside:
            settings = InsertSettings(file=theme.ground.file, start_s=theme.ground.start_s, fade_seconds=0.0)
            chain = FootageChain(footage, settings, _SMALL, Fraction(25), 1, Path(aside))
            buffer = next(clip_pictures(chain, theme))
        picture = rgb_from_planes(planes_of(buffer, *_SMALL))
    else:
        picture = ground_rgb(theme, theme.colours.background, _SMALL)
    faults = list(check_ground_picture(theme, picture))
    refuse_faults(theme, faults, f"{theme.ground_file.name} of the theme '{production.video.theme}'")
    return faults


def make_ground(production: Production, stage: str, workplace: Workplace) -> Result[ClipPictures] | None:
    """Decode the theme's clip where that was not done before; None where it has none."""
    piece = ground_piece(production, stage)
    if piece is None:
        return None
    found = None if stage in workplace.force else workplace.store.result(piece, ClipPictures)
    if found is not None:
        return found
    theme, video = load_theme(production.video.theme, production.templates_folder), production.video
    assert theme.ground_file is not None  # noqa: S101 - it has a piece
    footage = probe(theme.ground_file)
    rate = picture_rate(Fraction(video.frame_rate), theme.ground.clip_pictures_per_s)
    wanted_s, picture_bytes = _looped_s(footage, theme), video.width * video.height * 3 // 2
    wanted = max(1, round(wanted_s * rate))
    count = min(wanted, max(1, MOST_BYTES // picture_bytes))
    if count < wanted:
        workplace.report.warn(
            f"the theme '{video.theme}': the first {float(count / rate):.1f} s of its clip are looped, "
            f"not {float(wanted_s):.1f} s: more than {bytes_text(MOST_BYTES)} of pictures are not kept"
        )
    require_room(workplace.store.root, count * picture_bytes, "for the ground's pictures")
    with workplace.store.publish(piece) as folder, TemporaryDirectory(prefix="build-video-") as aside:
        record = ClipPictures(count=count, width=video.width, height=video.height)
        settings = InsertSettings(file=theme.ground.file, start_s=theme.ground.start_s, fade_seconds=0.0)
        chain = FootageChain(footage, settings, (video.width, video.height), rate, count, Path(aside))
        with (folder / record.pictures_file).open("wb") as file:
            for picture in clip_pictures(chain, theme):
                file.write(picture.data)
        write_record(folder, record)
    return workplace.store.published(piece, ClipPictures)


def first_picture(ground: FilmGround | None, size_px: tuple[int, int]) -> Frame | None:
    """The ground at the film's first frame, for pictures that stand still: sRGB, shape (h, w, 3)."""
    if ground is None:
        return None
    picture = rgb_from_planes(ground.opened().at(0))
    return picture if size_px == ground.size_px else np.asarray(ImageOps.fit(Image.fromarray(picture), size_px))


def _looped_s(footage: Footage, theme: Theme) -> Fraction:
    """How much of a clip is looped, in seconds."""
    if footage.duration_s is None:
        return Fraction(0)
    left, wanted = footage.duration_s - theme.ground.start_s, theme.ground.seconds
    if left <= 0 or (wanted is not None and wanted > left + 0.05):  # containers round
        raise FootageError(
            f"The ground's clip lasts {footage.duration_s:.2f} s: less than the theme '{theme.name}' asks of it.",
            where=str(footage.path),
            expected=f"ground.start_s + ground.seconds at most {footage.duration_s:.2f}",
        )
    return Fraction(min(left, wanted) if wanted is not None else left).limit_denominator(1000)


def clip_pictures(chain: FootageChain, theme: Theme) -> Iterator[Frame]:
    """Decode a clip and mix it into what lies under it; a picture holds until the next is asked for."""
    width, height = chain.size
    under = planes_from_rgb(ground_rgb(theme.without_ground_file(), theme.colours.background, chain.size))
    share, blur_px = theme.ground.darken, theme.ground.blur * height
    buffer = np.empty((height * 3 // 2, width), np.uint8)
    planes = planes_of(buffer, width, height)
    with FootageFrames(chain) as frames:
        for number in range(chain.frames):
            frames.draw(number, buffer)
            for plane, beneath, radius in (
                (planes.luma, under.luma, blur_px),
                (planes.cb, under.cb, blur_px / 2),
                (planes.cr, under.cr, blur_px / 2),
            ):
                seen = _blurred(plane, radius).astype(np.float32) * np.float32(1 - share)
                plane[...] = np.rint(seen + beneath * np.float32(share)).astype(np.uint8)
            yield buffer


def _blurred(plane: Frame, radius_px: float) -> Frame:
    if radius_px < 0.5:  # noqa: PLR2004 (less is not seen)
        return plane
    return np.asarray(Image.fromarray(plane).filter(ImageFilter.GaussianBlur(radius_px)))
