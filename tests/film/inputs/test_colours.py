"""Footage of every make is seen in its own colours: decoded from the segment as a player decodes it."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from pipeline.ffmpeg.process import run
from pipeline.film.inputs.colour import ColourSpace, colours_of, to_film
from pipeline.film.inputs.footage import probe
from pipeline.film.inputs.frames import encode_footage
from pipeline.film.planning.settings import InsertSettings
from tests.film.films import drawn_pictures, footage_chain, small_plan

RED = (200, 40, 40)
SIZE = (160, 90)


def flat_video(path: Path, filters: str, *codec: str, size: str = "320x180", colour: str = "0xC82828") -> Path:
    source = f"color=c={colour}:s={size}:r=25:d=0.4,format=gbrp"
    told = codec or ("-c:v", "libx264", "-qp", "2")
    run(["-f", "lavfi", "-i", source, "-vf", filters, *told, "-y", str(path)], timeout_s=60)
    return path


def tags(matrix: str, primaries: str = "unknown", transfer: str = "unknown", colour_range: str = "tv") -> str:
    return f"setparams=range={colour_range}:colorspace={matrix}:color_primaries={primaries}:color_trc={transfer}"


def shown(path: Path, folder: Path, **changes: object) -> NDArray[np.int64]:
    """Encode a third of a second of it into a film, and decode the frame in the middle of that: sRGB."""
    told = InsertSettings.model_validate({"file": "x", "fade_seconds": 0, **changes})
    chain = footage_chain(path, told, folder, frames=10, size=SIZE)
    encode_footage(chain, first=0, end=10, path=folder / "segment.mp4", plan=small_plan(crf=2))
    with av.open(str(folder / "segment.mp4")) as film:
        context = film.streams.video[0].codec_context
        assert (context.colorspace, context.color_range, context.color_primaries, context.color_trc) == (1, 1, 1, 1)
        frames = list(film.decode(video=0))
    assert len(frames) == 10
    picture = frames[5].reformat(format="rgb24", src_colorspace="ITU709").to_ndarray().astype(int)
    drawn = drawn_pictures(chain, [5])[0]
    assert np.abs(picture - drawn)[10:-10, 10:-10].mean() < 3, "a still and the film show the same"
    return picture


LIMITED = {
    "untagged HD": ("bt709", "unknown", "1280x720"),
    "HD": ("bt709", "bt709", "1280x720"),
    "untagged SD": ("bt601", "unknown", "320x180"),
    "SD": ("bt601", "smpte170m", "320x180"),
    "PAL": ("bt601", "bt470bg", "720x576"),
    "BT.601 in HD": ("bt601", "smpte170m", "1280x720"),
    "BT.709 in SD": ("bt709", "bt709", "320x180"),
    "SMPTE 240M": ("smpte240m", "smpte240m", "1920x1080"),
}


@pytest.mark.parametrize("name", LIMITED)
@pytest.mark.parametrize("colour_range", ["tv", "pc"])
def test_a_patch_keeps_its_colour(tmp_path: Path, name: str, colour_range: str) -> None:
    matrix, told, size = LIMITED[name]
    stored = f"scale=out_color_matrix={matrix}:out_range={colour_range}:flags=accurate_rnd,format=yuv444p"
    known = "smpte170m" if told in {"smpte170m", "bt470bg"} else "bt709" if told == "bt709" else "unknown"
    filters = f"{stored},{tags(told, known, known, colour_range)}"
    path = flat_video(tmp_path / "clip.mp4", filters, size=size)
    assert np.abs(shown(path, tmp_path)[45, 80] - RED).max() <= 3


@pytest.mark.parametrize(
    "codec",
    [
        ("-c:v", "mjpeg", "-q:v", "1", "-pix_fmt", "yuvj420p"),
        ("-c:v", "png"),
        ("-c:v", "rawvideo", "-pix_fmt", "bgr24"),
        ("-c:v", "libx264rgb", "-qp", "0"),
        ("-c:v", "qtrle"),
        ("-c:v", "ffv1", "-pix_fmt", "gbrp10le"),
    ],
)
def test_a_patch_stored_as_rgb_or_as_pictures_keeps_its_colour(tmp_path: Path, codec: tuple[str, ...]) -> None:
    path = flat_video(tmp_path / "clip.mov", "null", *codec, size="1280x720")
    assert np.abs(shown(path, tmp_path)[45, 80] - RED).max() <= 3


@pytest.mark.parametrize(("grey", "colour_range"), [("gray", "pc"), ("gray10le", "pc"), ("gray", "tv")])
def test_grey_footage_keeps_its_grey(tmp_path: Path, grey: str, colour_range: str) -> None:
    filters = f"scale=out_range={colour_range},format={grey},setparams=range={colour_range}"
    path = flat_video(tmp_path / "clip.mkv", filters, "-c:v", "ffv1", colour="0x646464")
    assert np.abs(shown(path, tmp_path)[45, 80] - 100).max() <= 3


def high_range(path: Path, grey: float, transfer: str, *, bits: int = 10) -> Path:
    """A grey of a signal from 0 to 1, as HEVC of 10 bits, BT.2020."""
    code = round((16 + 219 * grey) * 2 ** (bits - 8))
    source = f"color=c=black:s=320x180:r=25:d=0.4,format=yuv420p{bits}le,geq=lum={code}:cb=512:cr=512"
    x265 = f"log-level=none:lossless=1:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    told = ["-vf", tags("bt2020nc", "bt2020", transfer), "-c:v", "libx265", "-x265-params", x265]
    run(["-f", "lavfi", "-i", source, *told, "-y", str(path)], timeout_s=60)
    return path


@pytest.mark.parametrize(("transfer", "signal"), [("smpte2084", 0.5806), ("arib-std-b67", 0.75)])
def test_reference_white_of_high_range_is_nearly_white_and_told(tmp_path: Path, transfer: str, signal: float) -> None:
    path = high_range(tmp_path / "hdr.mp4", signal, transfer)
    pixel = shown(path, tmp_path)[45, 80]
    assert 235 <= pixel.min() <= pixel.max() <= 248
    assert "tone-mapped" in probe(path).remark
    assert {"smpte2084": "PQ", "arib-std-b67": "HLG"}[transfer] in probe(path).remark


@pytest.mark.parametrize(("signal", "grey"), [(0.0, 0), (0.38, 111), (0.7518, 255)])
def test_dark_greys_of_pq_keep_their_light_and_the_peak_is_white(tmp_path: Path, signal: float, grey: int) -> None:
    # 0.38 of PQ is 28.3 cd/m2, and so 0.139 of reference white; on a display of gamma 2.4 that is 112 of 255
    assert np.abs(shown(high_range(tmp_path / "hdr.mp4", signal, "smpte2084"), tmp_path)[45, 80] - grey).max() <= 3


def test_wide_gamut_of_ordinary_range_is_brought_into_the_films(tmp_path: Path) -> None:
    stored = "scale=out_color_matrix=bt2020:out_range=tv:flags=accurate_rnd,format=yuv444p10le"
    path = flat_video(tmp_path / "wide.mkv", f"{stored},{tags('bt2020nc', 'bt2020', 'bt2020-10')}", "-c:v", "ffv1")
    wanted = to_film(np.array(RED) / 255, ColourSpace(primaries="bt2020", transfer="bt2020-10")) * 255
    assert np.abs(shown(path, tmp_path)[45, 80] - wanted).max() <= 3
    assert wanted[0] > RED[0] + 10
    assert "BT.2020" in probe(path).remark
    assert not probe(flat_video(tmp_path / "hd.mp4", "format=yuv420p", size="1280x720")).remark


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["smpte2084", "arib-std-b67", "bt709"]),
    st.sampled_from(["bt2020", "smpte432", "bt709"]),
    st.floats(203, 10_000),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_tone_mapping_is_monotone_keeps_greys_grey_and_stays_in_range(
    transfer: str, primaries: str, peak_nits: float, colour: list[float]
) -> None:
    kind = ColourSpace(matrix="bt2020", primaries=primaries, transfer=transfer, peak_nits=peak_nits)
    greys = to_film(np.repeat(np.linspace(0, 1, 400)[:, None], 3, axis=1), kind)
    assert (np.diff(greys[:, 0]) >= -1e-9).all()
    assert np.ptp(greys, axis=1).max() < 0.002
    found = to_film(np.array(colour), kind)
    assert (found >= 0).all()
    assert (found <= 1).all()


def test_colours_that_cannot_be_shown_are_an_error() -> None:
    with pytest.raises(ValueError, match="ictcp"):
        colours_of("yuv420p10le", {"color_space": "ictcp"}, (1920, 1080))


def moving(form: str, path: Path) -> Path:
    frames = [Image.new("RGB", (160, 90), (20 * n, 0, 200 - 20 * n)) for n in range(10)]
    frames[0].save(path, form, save_all=True, append_images=frames[1:], duration=100, loop=0)
    return path


@pytest.mark.parametrize(("form", "name"), [("GIF", "a.gif"), ("PNG", "a.png"), ("WEBP", "a.webp")])
def test_moving_pictures_move_as_footage_does(tmp_path: Path, form: str, name: str) -> None:
    path = moving(form, tmp_path / name)
    footage = probe(path)
    assert not footage.is_still
    assert footage.duration_s == pytest.approx(1.0, abs=0.01)
    told = InsertSettings(file="x", fade_seconds=0)
    pictures = drawn_pictures(footage_chain(path, told, tmp_path, frames=30, size=(160, 90)))
    for number, picture in enumerate(pictures):
        lossy = 12 if form == "WEBP" else 4
        assert np.abs(picture[45, 80] - (20 * (number // 3), 0, 200 - 20 * (number // 3))).max() <= lossy, number


def test_what_is_transparent_in_moving_pictures_is_black(tmp_path: Path) -> None:
    half = Image.new("RGBA", (160, 90), (255, 255, 255, 0))
    half.paste((0, 255, 0, 255), (80, 0, 160, 90))
    other = half.copy()
    other.paste((0, 0, 255, 255), (120, 0, 160, 90))
    half.save(tmp_path / "a.gif", save_all=True, append_images=[other], duration=200, loop=0, disposal=2)
    half.save(tmp_path / "a.png", save_all=True, append_images=[other], duration=200, loop=0)
    told = InsertSettings(file="x", fade_seconds=0)
    for name in ("a.gif", "a.png"):
        chain = footage_chain(tmp_path / name, told, tmp_path, frames=9, size=(160, 90))
        first, last = drawn_pictures(chain, [1, 8])
        assert first[45, 30].max() <= 3
        assert np.abs(first[45, 130] - (0, 255, 0)).max() <= 4
        assert last[45, 30].max() <= 3
        assert np.abs(last[45, 140] - (0, 0, 255)).max() <= 4


def test_a_gif_of_one_picture_is_a_still(tmp_path: Path) -> None:
    Image.new("RGB", (160, 90), RED).save(tmp_path / "a.gif")
    assert probe(tmp_path / "a.gif").is_still
    assert np.abs(shown(tmp_path / "a.gif", tmp_path)[45, 80] - RED).max() <= 3


def test_a_still_of_16_bits_is_a_ramp(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 65535, 320).astype(np.uint16), (180, 1))
    Image.fromarray(ramp).save(tmp_path / "grey.png")
    row = shown(tmp_path / "grey.png", tmp_path)[45]
    assert np.abs(row - np.linspace(0, 255, 160)[:, None]).max() <= 4


def swapped_profile() -> bytes:
    """The profile of sRGB with what red and green look like exchanged: its tags' places are read from its table."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data.replace(b"rXYZ", b"?XYZ", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"?XYZ", b"gXYZ", 1)


def test_a_still_with_a_profile_of_its_own_is_brought_into_srgb(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    profiles = {"swapped": (swapped_profile(), (40, 200, 40)), "odd": (lab, RED), "broken": (b"no profile", RED)}
    for name, (profile, wanted) in profiles.items():
        path = tmp_path / f"{name}.png"
        Image.new("RGB", SIZE, RED).save(path, icc_profile=profile)
        assert np.abs(shown(path, tmp_path)[45, 80] - wanted).max() <= 3, name


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "L", "RGB", "CMYK"])
def test_a_still_of_any_kind_keeps_its_colour(tmp_path: Path, mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    grey = mode in {"LA", "L"}
    wanted = (255, 255, 255) if mode == "1" else (100, 100, 100) if grey else RED
    Image.new("RGB", SIZE, wanted).convert(mode, palette=Image.Palette.ADAPTIVE).save(tmp_path / "still", form)
    assert np.abs(shown(tmp_path / "still", tmp_path)[45, 80] - wanted).max() <= 4


def test_transparency_of_footage_is_black_without_a_seam(tmp_path: Path) -> None:
    filters = "format=gbrap,geq=r=255:g=255:b=255:a='255*gte(X,160)'"
    path = flat_video(tmp_path / "clip.mov", filters, "-c:v", "qtrle", "-pix_fmt", "argb")
    picture = shown(path, tmp_path)[45]
    assert picture[:76].max() <= 6
    assert picture[84:].min() >= 249


@pytest.mark.parametrize("size", ["321x179", "33x17", "5x3"])
def test_odd_sizes_fill_the_frame(tmp_path: Path, size: str) -> None:
    path = flat_video(tmp_path / "odd.mkv", "null", "-c:v", "ffv1", "-pix_fmt", "gbrp", size=size)
    for fit in ("crop", "pad"):
        picture = shown(path, tmp_path, fit=fit)
        assert np.abs(picture[45, 80] - RED).max() <= 3
        if fit == "crop":
            assert np.abs(picture - RED).max() <= 6
