"""Attacks that have a name: what each would do elsewhere, and that it does nothing here."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import struct
import time
import zipfile
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import pipeline
from pipeline.errors import FootageError, InputError, ProductionError, RecordingError, StoreError, TemplateError
from pipeline.ffmpeg import process as ffmpeg
from pipeline.ffmpeg.formats import recognise, run_on_file
from pipeline.film.delivery.chapters import metadata_text, one_line
from pipeline.film.delivery.check import check_file
from pipeline.film.delivery.otio import as_otio
from pipeline.film.inputs.footage import content_hash, probe, write_sound
from pipeline.film.inputs.frames import encode_footage
from pipeline.film.inputs.stills import read_logo, read_still
from pipeline.film.planning.frame_rate import parse_frame_rate
from pipeline.film.planning.settings import InsertSettings, VideoSettings
from pipeline.film.timeline.timeline import Chapter, Film, Timeline
from pipeline.learning.corpus import map_bytes
from pipeline.learning.sampling import generation
from pipeline.picture.text.fonts import load_fonts
from pipeline.picture.theme.theme import load_theme
from pipeline.production.schema import load_production, parse_production
from pipeline.runtime.resources import find_template
from pipeline.runtime.wording.named_files import safe_file_name
from pipeline.sound.inputs import reading, tracks
from pipeline.sound.inputs.decode import decode, load_music
from pipeline.store.store import Piece, Store, read_record, write_record
from pipeline.tools.graph.theme import load_graph_theme
from tests.end_to_end.productions import make_tiny
from tests.film.films import drawn_pictures, footage_chain, small_plan
from tests.hostile import seeds
from tests.hostile.kinds import timeline_tree
from tests.hostile.watching import MOST_MEMORY_BYTES, most_memory_bytes
from tests.picture.panels.made_scenes import frame_of, layout_of, scene, scene_data
from tests.sound.sounds import sine, write

SOURCES = sorted(Path(pipeline.__file__).parent.rglob("*.py"))
SHORT_WAV = b"RIFF" + b"\xff" * 4 + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data"


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def soon(seconds: float = 10.0) -> float:
    return time.perf_counter() + seconds


# Media


def test_a_wav_header_that_claims_4_gib_gives_the_kilobyte_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "liar.wav"
    path.write_bytes(SHORT_WAV + b"\xff\xff\xff\xff" + bytes(range(250)) * 4)
    limit = soon()
    assert len(decode(path, sample_rate_hz=8000)) == 500
    assert time.perf_counter() < limit


@pytest.mark.parametrize(("channels", "rate_hz"), [(65535, 8000), (0, 8000), (1, 0), (1, 0xFFFFFFFF), (255, 768_000)])
def test_impossible_channels_and_rates_are_refused(tmp_path: Path, channels: int, rate_hz: int) -> None:
    path = tmp_path / "odd.wav"
    form = struct.pack("<IHHIIHH", 16, 1, channels, rate_hz, 16000, 2 * channels & 0xFFFF, 16)
    path.write_bytes(SHORT_WAV[:12] + b"fmt " + form + b"data" + b"\xff\xff\xff\x7f" + bytes(4000))
    with pytest.raises(RecordingError):
        decode(path, sample_rate_hz=8000)


PLAYLISTS = {
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:/etc/passwd\n#EXT-X-ENDLIST\n",
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "sdp": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n",
    "dash": b'<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1:9/</BaseURL></MPD>',
    "metadata": b";FFMETADATA1\ntitle=x\n",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "subtitles": b"1\n00:00:00,000 --> 00:00:01,000\nwords\n",
    "lavfi": b"movie=/etc/passwd\n",
}
DOORS = {
    "recording": lambda path: decode(path, sample_rate_hz=8000),
    "music": lambda path: load_music(path, 48_000),
    "footage": probe,
    "its hash": content_hash,
    "logo": read_logo,
    "film": check_file,
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_playlists_and_the_like_reach_ffmpeg_through_no_door(tmp_path: Path, kind: str, door: str) -> None:
    path = tmp_path / "innocent.mp4"
    path.write_bytes(PLAYLISTS[kind])
    (tmp_path / "timeline.json").write_text(json.dumps(timeline_tree()))
    with pytest.raises(InputError):
        DOORS[door](path)


@pytest.mark.parametrize("door", sorted(DOORS.keys() - {"its hash"}))
def test_a_gif_of_impossible_size_is_refused_at_every_door(tmp_path: Path, door: str) -> None:
    path = tmp_path / "innocent.mp4"
    path.write_bytes(b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\x80\0\0" + bytes(6) + b"\x2c" + bytes(20))
    (tmp_path / "timeline.json").write_text(json.dumps(timeline_tree()))
    with pytest.raises(InputError):
        DOORS[door](path)
    assert most_memory_bytes() < MOST_MEMORY_BYTES


@pytest.mark.parametrize(
    "name", ["-i.wav", "concat:a|b.wav", "http:x.wav", "img%03d.wav", "pipe:0", "a b';\"$(x)`.wav", "\n.wav", "file:x"]
)
def test_names_that_ffmpeg_would_take_for_something_else_are_files(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "plain.wav", sine(300, 0.5, 8000), 8000).rename(tmp_path / name)
    assert recognise(path).demuxer == "wav"
    assert len(decode(path, sample_rate_hz=8000)) == 4000


def test_an_audio_book_with_a_picture_of_impossible_size_in_it_is_heard_or_refused(tmp_path: Path) -> None:
    picture = _png(60_000, 60_000)
    frame = b"\0image/png\0\x03\0" + picture
    tag = b"APIC" + struct.pack(">I", len(frame)) + b"\0\0" + frame
    size = bytes(len(tag) >> shift & 0x7F for shift in (21, 14, 7, 0))
    path = tmp_path / "book.mp3"
    path.write_bytes(b"ID3\x03\0\0" + size + tag + seeds.sounds()["mp3"])
    limit = soon()
    assert len(decode(path, sample_rate_hz=8000)) > 2000
    assert time.perf_counter() < limit


@pytest.fixture
def sleeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in ffmpeg's place that does nothing for very long."""
    script = tmp_path / "sleeper"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o755)
    monkeypatch.setenv(ffmpeg.OVERRIDE_VARIABLE, str(script))
    return write(tmp_path / "voice.wav", sine(300, 0.5, 8000), 8000)


def test_a_decoder_that_hangs_is_stopped(sleeper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracks, "_LOOK_S", 0.3)
    monkeypatch.setattr(reading, "_STALL_S", 0.3)
    limit = soon()
    with pytest.raises(RecordingError, match="far too long"):
        decode(sleeper, sample_rate_hz=8000)
    with pytest.raises(RecordingError, match="far too long"), reading.open_recording(sleeper, longest_s=10):
        pass
    told = FootageError("broken", where="here")
    with pytest.raises(FootageError, match="far too long"):
        run_on_file(["-i", "x"], timeout_s=0.3, purpose="looking", file_error=told)
    assert time.perf_counter() < limit


# Pictures


def _png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), *chunks]
    parts += [(b"IDAT", zlib.compress(bytes(width + 1 if width * height < 10**6 else 1000))), (b"IEND", b"")]
    told = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(told)


def _webp(width: int, height: int) -> bytes:
    canvas = b"VP8X\x0a\0\0\0\x02\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas


@pytest.mark.parametrize(
    "data",
    [_png(60_000, 60_000), _png(1, 2**31 - 1), _webp(16384, 16384), _webp(1 << 24, 9)],
    ids=["square", "tall", "webp", "wide"],
)
def test_pictures_beyond_measure_are_refused_by_their_header(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(data)
    for door in (probe, read_still, read_logo):
        with pytest.raises(FootageError, match="far too large"):
            door(path)


def test_text_in_a_picture_that_unpacks_to_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(8, 8, (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50 << 20), 1))))
    with pytest.raises(FootageError):
        probe(path)
    assert most_memory_bytes() < MOST_MEMORY_BYTES


@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize("size", [(1, 100_000), (100_000, 1), (1, 1)])
def test_a_picture_of_one_column_or_row_fills_a_frame(tmp_path: Path, size: tuple[int, int], fit: str) -> None:
    path = tmp_path / "thin.png"
    Image.new("RGB", size, (10, 200, 30)).save(path)
    settings = InsertSettings(file="x", fade_seconds=0, fit=fit)
    picture = drawn_pictures(footage_chain(path, settings, tmp_path, frames=2, size=(320, 180)), [1])[0]
    assert np.abs(picture[90, 160] - (10, 200, 30)).max() <= 3
    assert most_memory_bytes() < MOST_MEMORY_BYTES


def test_footage_of_impossible_size_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "huge.avi"
    graph = ["-f", "lavfi", "-i", "color=s=64x48:r=10:d=0.2", "-c:v", "rawvideo", "-pix_fmt", "bgr24"]
    ffmpeg.run([*graph, "-y", ffmpeg.file_argument(path)], timeout_s=30)
    data = path.read_bytes()
    assert data.count(struct.pack("<IIi", 40, 64, -48)) + data.count(struct.pack("<IIi", 40, 64, 48)) == 1
    for height in (48, -48):
        data = data.replace(struct.pack("<IIi", 40, 64, height), struct.pack("<IIi", 40, 20_000, 20_000))
    path.write_bytes(data)
    with pytest.raises(FootageError):
        probe(path)


def test_damaged_sound_of_footage_is_the_footages_fault(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(seeds.films()["mp4"])
    footage = probe(path)
    path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    with pytest.raises(FootageError, match="sound can't be decoded"):
        write_sound(footage, InsertSettings(file="x"), 0.3, tmp_path / "sound.f32")


# Ways out of the folder


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A folder that someone sent; what is beside it is not theirs."""
    folder = tmp_path / "theirs"
    make_tiny(folder).rename(folder / "production.toml")
    write(tmp_path / "mine.wav", sine(300, 6, 8000), 8000)
    (tmp_path / "templates").mkdir()
    return folder


@pytest.mark.parametrize(
    ("old", "new", "link"),
    [
        ('"one.wav"', '"../mine.wav"', ""),
        ('"one.wav"', '"sub/../../mine.wav"', ""),
        ('"one.wav"', '"linked.wav"', "linked.wav"),
        ('title = "Tiny"', 'title = "Tiny"\ntemplates = "../templates"', ""),
        ('title = "Tiny"', 'title = "Tiny"\ntemplates = "linked"', "linked"),
        ('title = "Tiny"', 'title = "Tiny"\nsound = {music = "linked.wav", under_cards = "music"}', "linked.wav"),
        ("width = 320", 'picture = "../mine.wav"\nwidth = 320', ""),
    ],
)
def test_no_path_leaves_the_productions_folder_unless_it_is_allowed(
    stranger: Path, old: str, new: str, link: str
) -> None:
    path = stranger / "production.toml"
    path.write_text(path.read_text().replace(old, new, 1))
    if link:
        goal = stranger.parent / ("mine.wav" if link.endswith(".wav") else "templates")
        (stranger / link).symlink_to(goal)

    def named(*, allowed: bool) -> None:
        found = load_production(path, allow_outside=allowed)
        if found.sound.music is not None:
            found.resolve(found.sound.music, "sound.music")

    with pytest.raises(ProductionError, match="outside"):
        named(allowed=False)
    named(allowed=True)


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "loop", "/" * 3000 + "x"])
def test_names_that_no_file_can_have_are_told(stranger: Path, name: str) -> None:
    (stranger / "loop").symlink_to(stranger / "loop")
    production = load_production(stranger)
    with pytest.raises((ProductionError, RecordingError)):
        recognise(production.resolve(name, "recordings"))
    with pytest.raises(TemplateError):
        find_template(f"themes/{name}.toml", stranger)
    with pytest.raises(ProductionError):
        load_production(stranger / name)


def test_fonts_and_templates_that_are_links_out_of_the_folder_are_not_read(tmp_path: Path) -> None:
    own = tmp_path / "templates"
    (own / "themes").mkdir(parents=True)
    (tmp_path / "font.ttf").write_bytes(seeds.font())
    (own / "font.ttf").symlink_to(tmp_path / "font.ttf")
    text = seeds.template_texts("themes")[0].decode()
    (own / "themes" / "mine.toml").write_text(text + '\n[fonts]\nfiles = ["font.ttf"]\n')
    with pytest.raises(TemplateError, match="outside the templates folder"):
        load_theme("mine", own)
    (tmp_path / "secret.toml").write_text(text)
    (own / "themes" / "linked.toml").symlink_to(tmp_path / "secret.toml")
    with pytest.raises(TemplateError, match="no template"):
        find_template("themes/linked.toml", own)
    with pytest.raises(TemplateError, match="no template"):
        find_template("themes/../../secret.toml", own)


def test_a_font_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(seeds.font()[:2000])
    with pytest.raises(TemplateError, match="can't be used"):
        load_fonts(files=(tmp_path / "font.ttf",))


NAMES = st.text(max_size=60) | st.sampled_from(
    ["..", ".", "-rf", "con", "NUL.mp4", "a/b", "a\\b", "\0", "\u202efdp.exe"]
)


@given(NAMES)
def test_names_that_become_files_are_safe_everywhere(text: str) -> None:
    name = safe_file_name(text)
    assert name
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert not name.startswith((".", "-"))
    assert name.split(".")[0].lower() not in {"con", "prn", "aux", "nul", "com1", "lpt1"}
    assert len(name) <= 85


# Words that would become commands


HOSTILE_WORDS = [
    ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=9\ntitle=mine",
    "a=b;c#d\\e\\\nf",
    "-y -f lavfi",
    "%{localtime} [v]drawtext=text=x'",
    "\u2028[STREAM]\u2029x\x85y\x1b[2J",
]


@pytest.mark.parametrize("words", HOSTILE_WORDS)
def test_titles_become_tags_and_nothing_else(tmp_path: Path, words: str) -> None:
    timeline = Timeline.model_validate(timeline_tree())
    chapters = (Chapter(frame=0, title=words), Chapter(frame=30, title="Two"))
    path = tmp_path / "metadata.txt"
    path.write_text(metadata_text(timeline, chapters, {"title": words, "artist": words}), encoding="utf-8")
    source = ["-f", "lavfi", "-i", "anullsrc=d=0.1", "-f", "ffmetadata", "-i", ffmpeg.file_argument(path)]
    out = tmp_path / "tagged.mka"
    ffmpeg.run([*source, "-map", "0:a", "-map_metadata", "1", "-map_chapters", "1", "-y", str(out)], timeout_s=20)
    import av  # noqa: PLC0415

    with av.open(str(out)) as found:
        assert found.metadata["title"] == one_line(words)
        assert len(found.chapters()) == 2
        assert {name.lower() for name in found.metadata} <= {"title", "artist", "encoder"}


def test_no_words_are_ever_drawn_by_ffmpeg_or_read_by_a_shell() -> None:
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert "drawtext" not in text, path
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call):
                shell = [word.value for word in node.keywords if word.arg == "shell"]
                assert not any(not isinstance(value, ast.Constant) or value.value for value in shell), path
                name = ast.unparse(node.func)
                assert name not in {"os.system", "os.popen", "subprocess.getoutput", "subprocess.call"}, path


@pytest.mark.parametrize(
    "rate", ["1e999999999", "1e-999999999", "9" * 5000, "1/0", "nan", "0x10", "1_0", "٣", "30 fps"]
)
def test_frame_rates_that_take_for_ever_to_work_out_are_refused(rate: str) -> None:
    limit = soon(2)
    with pytest.raises(ValueError, match="frame"):
        parse_frame_rate(rate)
    assert time.perf_counter() < limit


@pytest.mark.parametrize("text", ["x = " + "9" * 5000, "x = " + "[" * 5000, "x = 1979-99-99", "\ud800", "x = \0"])
def test_numbers_and_lists_that_no_parser_likes_are_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "production.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ProductionError, match="not valid TOML"):
        load_production(path)


def test_a_production_that_an_editor_has_marked_as_utf_8_is_read(stranger: Path) -> None:
    path = stranger / "production.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_production(path).title == "Tiny"


@pytest.mark.parametrize(
    "change",
    [
        {"sampling": {"prime_from_s": 1e308}},
        {"storyboard": {"recording_start_s": 1e308}},
        {"training": {"learning_rate": 1e308}},
        {"corpus": {"longest_s": float("inf")}},
    ],
)
def test_numbers_that_no_film_needs_are_refused(change: dict[str, object]) -> None:
    section = {"title": "x", "recordings": ["x.wav"], **change}
    with pytest.raises(ProductionError):
        parse_production({"title": "x", "section": [section]}, where="here")
    assert VideoSettings(frame_rate=30).frame_rate == 30


# What is kept


def _film(*files: str) -> dict[str, object]:
    size = {"width": 64, "height": 48, "frame_rate": "30/1", "total_frames": 30, "duration_s": 1.0, "size_bytes": 9}
    return {"video_file": "film.mp4", "files": list(files), **size, "video_codec": "libx264"}


@pytest.mark.parametrize(
    "name", ["../../.bashrc", "/etc/cron.d/x", "a/../../b", "..", ".hidden", "a\\..\\b", "a\0b", ""]
)
def test_a_record_can_not_name_a_file_elsewhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "record.json").write_text(json.dumps(_film("film.mp4", name)))
    with pytest.raises(StoreError, match="record can't be read"):
        read_record(tmp_path, Film)


@pytest.mark.parametrize("change", ["device", "link", "outside", "zero"])
def test_a_manifest_can_not_make_us_read_elsewhere(tmp_path: Path, change: str) -> None:
    store, piece = Store(tmp_path / "work"), Piece("compose", "film", 1, {})
    with store.publish(piece) as folder:
        write_record(folder, Film.model_validate(_film("film.mp4")))
        (folder / "film.mp4").write_bytes(b"x" * 9)
    folder = store.folder(piece)
    manifest = json.loads((folder / "manifest.json").read_text())
    if change == "link":
        (tmp_path / "secret").write_bytes(b"x" * 9)
        (folder / "film.mp4").unlink()
        (folder / "film.mp4").symlink_to(tmp_path / "secret")
    else:
        name = {"device": "/dev/zero", "outside": "../../../secret", "zero": "a\0b"}[change]
        manifest["files"][name], manifest["sizes"][name] = "0" * 64, 0
        (folder / "manifest.json").write_text(json.dumps(manifest))
    limit = soon()
    assert Store(store.root).result(piece, Film) is None
    assert time.perf_counter() < limit


def test_an_array_with_objects_in_it_is_not_unpickled(tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "hacked"),)

    np.save(tmp_path / "bytes.npy", np.array([Attack()], dtype=object), allow_pickle=True)
    with pytest.raises(StoreError, match="can't be read"):
        map_bytes(tmp_path / "bytes.npy")
    assert not (tmp_path / "hacked").exists()


def test_a_memory_that_unpacks_to_gigabytes_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "memory.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("done.npy", seeds.arrays()["bytes.npy"])
    assert len(generation._saved_state(path)) == 1
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 24  # where its table says how large the part becomes
    data[at : at + 4] = b"\xff\xff\xff\x7f"
    path.write_bytes(data)
    assert generation._saved_state(path) == {}
    assert most_memory_bytes() < MOST_MEMORY_BYTES


def test_every_array_is_read_without_pickles() -> None:
    readers = {"np.load", "numpy.load", "np.lib.format.read_array"}
    forbidden = {"torch.load", "joblib.load", "yaml.load", "marshal.loads", "shelve.open", "np.fromregex", "dill.load"}
    seen = 0
    for path in SOURCES:
        for node in ast.walk(_tree(path)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            name = ast.unparse(node.func)
            assert name not in forbidden, f"{path}:{node.lineno}"
            if name in readers:
                seen += 1
                told = {word.arg: ast.unparse(word.value) for word in node.keywords}
                assert told.get("allow_pickle") == "False", f"{path}:{node.lineno}"
    assert seen > 2


# What spoiled inputs have found


@pytest.mark.parametrize(
    "header", [b"{'descr': '|u1'", b"(}", b"\0", b"{'descr': '|u1', 'fortran_order': False, 'shape': (1 << 60,), }"]
)
def test_an_array_with_a_broken_header_is_told(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "bytes.npy"
    path.write_bytes(b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + bytes(100))
    with pytest.raises(StoreError, match="can't be read"):
        map_bytes(path)


def test_footage_without_a_single_frame_is_told(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    whole = seeds.films()["mkv"]
    path.write_bytes(whole)
    chain = footage_chain(path, InsertSettings(file="x"), tmp_path, frames=2)
    path.write_bytes(whole[: whole.index(b"\x1f\x43\xb6\x75")])  # up to its first pictures
    with pytest.raises(FootageError, match="can be read"):
        probe(path)
    with pytest.raises(FootageError, match=r"can't be (decoded|read)"):
        drawn_pictures(chain)
    with pytest.raises(FootageError, match=r"can't be (decoded|read)"):
        encode_footage(chain, first=0, end=2, path=tmp_path / "out.mp4", plan=small_plan())


def test_music_of_one_sample_does_not_begin_again_for_ever(tmp_path: Path) -> None:
    path = write(tmp_path / "music.wav", sine(300, 0.0002, 8000), 8000)
    with pytest.raises(FootageError, match=r"lasts .* s only|no sound"):
        load_music(path, 48_000)


@pytest.mark.parametrize("files", ["5", '"x"', '["a\\u0000b"]', "[[]]"])
def test_odd_font_files_in_a_theme_are_told_or_left_out(tmp_path: Path, files: str) -> None:
    (tmp_path / "themes").mkdir()
    text = seeds.template_texts("themes")[0].decode() + f"\n[fonts]\nfiles = {files}\n"
    (tmp_path / "themes" / "mine.toml").write_text(text)
    with contextlib.suppress(TemplateError):
        load_graph_theme("mine", tmp_path)
    with pytest.raises(TemplateError):
        load_theme("mine", tmp_path)


def test_type_of_less_than_a_pixel_is_drawn_as_nothing_or_as_a_dot() -> None:
    tiny = {"kind": "validation_loss", "left": 0.0, "top": 0.0, "width": 1.0, "height": 1.0, "text": 1e-300}
    data = scene_data(160, 90)
    frame_of(scene(data, layout=layout_of(tiny)), data, 200)


def test_a_timeline_without_sections_and_chapters_is_told_of_without_them() -> None:
    timeline = Timeline.model_validate({**timeline_tree(), "sections": [], "chapters": []})
    assert "section 1: take" in as_otio(timeline, "film.mp4")
    assert "CHAPTER" not in metadata_text(timeline, (), {})
    tree = timeline_tree()
    tree["clips"][1]["section"] = 7
    with pytest.raises(ValueError, match="does not have"):
        Timeline.model_validate(tree)
