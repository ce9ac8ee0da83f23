"""Every kind of error, provoked from the command line, and its words read: what, where, what was expected, what next.

Each row of `TOLD` is a command line in a folder that something is wrong with; the last test compares the kinds that were
provoked with the tree of `pipeline.errors`, so that none is forgotten.
"""

# ruff: noqa: E501  # a table has a row a line
from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pipeline import errors
from pipeline.ffmpeg import process as ffmpeg
from tests.end_to_end.conftest import Built
from tests.end_to_end.productions import ROOT, make_tiny, run_here
from tests.hostile.kinds import timeline_tree
from tests.sound.sounds import sine, write

Spoil = Callable[[Path], object]


@dataclass(frozen=True)
class Told:
    """A command line, how the folder is spoiled before it, and the words that must be said."""

    kind: str
    arguments: str
    words: tuple[str, ...]
    spoil: Spoil = lambda _folder: None
    code: int = 2


def edited(*pairs: tuple[str, str]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "production.toml"
        text = path.read_text(encoding="utf-8")
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")

    return spoil


def file(name: str, data: bytes | str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)

    return spoil


def sound(samples: np.ndarray, rate_hz: int = 8000) -> Spoil:
    return lambda folder: write(folder / "one.wav", samples.astype(np.float32), rate_hz)


def both(*spoils: Spoil) -> Spoil:
    return lambda folder: [spoil(folder) for spoil in spoils]


def _silent_film(path: Path) -> None:
    """A film without sound, under a recording's name."""
    graph = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=0.3", "-pix_fmt", "yuv420p"]
    ffmpeg.run([*graph, "-f", "mp4", "-y", ffmpeg.file_argument(path)], timeout_s=30)


def _beside_a_timeline(folder: Path, film: bytes | None) -> None:
    (folder / "timeline.json").write_text(json.dumps(timeline_tree()))
    if film is not None:
        (folder / "film.mp4").write_bytes(film)


def _sparse(path: Path, head: bytes, size: int) -> None:
    """A file that takes no room on the disk."""
    with path.open("wb") as out:
        out.write(head)
        out.truncate(size)


def alone(number: int) -> Spoil:
    """Keep one section alone: it is trained in this process."""

    def spoil(folder: Path) -> None:
        path = folder / "production.toml"
        head, *sections = path.read_text(encoding="utf-8").split("[[section]]")
        path.write_text(f"{head}[[section]]{sections[number - 1]}", encoding="utf-8")

    return spoil


def theme(old: str, new: str) -> Spoil:
    def spoil(folder: Path) -> None:
        text = (ROOT / "templates" / "themes" / "midnight.toml").read_text(encoding="utf-8")
        assert old in text
        file("templates/themes/midnight.toml", text.replace(old, new, 1))(folder)

    return spoil


def take_caption(text: str) -> Spoil:
    return file("templates/captions/take.txt", text)


LOG = "iteration,loss\n" + "".join(f"{n},{5 - n / 10}\n" for n in range(20))
INSERT = ('title = "Tiny"', 'title = "Tiny"\ninsert = [{file = "clip.mp4", after = "title"}]')
MUSIC = ('title = "Tiny"', 'title = "Tiny"\nsound = {under_cards = "music", music = "music.mp3"}')
ONE = '"one.wav"'
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def _tampered(folder: Path) -> None:
    """Change a stored record, and the hash that would tell."""
    assert run_here("prepare") == 0
    result = next((folder / "out").glob("*/work/prepare/*/record.json")).parent
    record = result / "record.json"
    record.write_text(record.read_text().replace('"total_samples"', '"samples"'))
    manifest = json.loads((result / "manifest.json").read_text())
    manifest["files"]["record.json"] = hashlib.sha256(record.read_bytes()).hexdigest()
    manifest["sizes"]["record.json"] = record.stat().st_size
    (result / "manifest.json").write_text(json.dumps(manifest))


COMMAND_LINE = (
    Told("InputError", "bild", ("no command 'bild'", "where: command line", "prepare", "build-video --help")),
    Told("InputError", "prepare --colour", ("--colour", "command line")),
    Told("InputError", "prepare --jobs 0", ("--jobs", "at least 1")),
    Told("InputError", "prepare --device tpu", ("no device 'tpu'", "auto, cpu, cuda or cuda:1")),
    Told("InputError", "prepare --cut short", ("cut", "where: --cut")),
    Told("InputError", "still --at noon", ("'noon' is not a time", "where: --at", "expected: 1:23")),
    Told("InputError", "graph", ("command line", "build-video graph")),
    Told("InputError", "graph log.csv", ("name of the picture is missing", "LOG... OUT")),
    Told("InputError", "graph log.csv out.bmp", ("no format", "'.bmp'", ".png")),
    Told("InputError", "graph log.csv out.png --size 9", ("'9' is no size", "where: --size", "16383x2048")),
    Told("InputError", "graph log.csv out.png --size 99999x10", ("width of 99,999 px", "65,535")),
    Told("InputError", "graph log.csv out.png --delimiter ab", ("'ab' can't stand between columns",)),
    Told("InputError", "graph log.csv out.png --x-range 1-2", ("'1-2' is no range", "0:4")),
    Told("InputError", "graph log.csv out.png --x-range 5:5", ("range can't be used", "rising order")),
    Told("InputError", "graph log.csv out.png -y loss,middle=most", ("'most' can't be used as middle", "median")),
    Told("InputError", "graph log.csv out.png --background sky", ("sky", "#rrggbb")),
    Told("InputError", "graph log.csv out.jpg --background transparent", ("JPEG", "PNG and WebP")),
    Told("InputError", "graph log.csv out.mp4", ("shows the graph scrolling", "--scroll SECONDS")),
    Told("InputError", "graph log.csv out.png --scroll 5", (".mp4",)),
    Told("InputError", "to-text log.csv", ("IN and OUT are both needed", "standard input")),
    Told("InputError", "to-text log.csv out --audio --sample-rate 3", ("sample rate of 3 Hz", "where: --sample-rate")),
)
MORE_OF_THE_TOOLS = (
    Told("InputError", "graph log.csv out.png -y loss,log=3", ("No series belongs to these logs", "log = 1, 2")),
    Told("LogError", "graph log.csv out.png --x-range 90:99", ("Panel 1 has nothing to show between 90 and 99",)),
    Told("InputError", "graph log.csv out.png --y-range 1:", ("range",), file("log.csv", "a,b\n1,0.5\n2,0.6\n")),
    Told("InputError", "graph log.csv out.mp4 --scroll 3 --background transparent", ("film can't be transparent",)),
    Told("InputError", "graph log.csv out.mp4 --scroll 3 --window 17", ("17 px", "even number")),
    Told("LogError", "graph . out.png", ("This is a folder", "standard input")),
    Told("LogError", "graph log.csv out.png", ("UTF-16-LE", "--encoding"), file("log.csv", b"\xff\xfe\0\xdca\0,\0")),
    Told("LogError", "graph log.csv out.png", ("longer than 16 MiB", "a row a line"), file("log.csv", b"1," * (9 << 20))),
    Told("LogError", "graph log.csv out.png -y b", ("All values of the column 'b' are missing", "Row 1 says 'x'"), file("log.csv", "a,b\n1,x\n2,y\n")),
    Told("LogError", "graph log.csv out.png", ("No row has both 'a' and 'b'",), file("log.csv", "a,b\n1,\n,2\n3,\n,4\n")),
    Told("LogError", "graph log.csv out.png", ("more than 200 times its size",), lambda f: (f / "log.csv").write_bytes(gzip.compress(b"1,2\n" * (17 << 20), 1))),
    Told("TextError", "from-text log.csv out --table absent.txt", ("table can't be read", "no such file")),
    Told("TemplateError", "graph log.csv out.png --templates templates", ("can't be used", "'colours' is missing"), file("templates/themes/midnight.toml", "x=1")),
    Told("TemplateError", "graph log.csv out.png --templates templates", ("outside the templates folder",), theme("name =", 'fonts = {files = ["../../x.ttf"]}\nname =')),
)  # fmt: skip
RECORDINGS = (
    Told(
        "RecordingError",
        "prepare",
        ("no plain file", "a sound or video file"),
        lambda f: ((f / "one.wav").unlink(), os.mkfifo(f / "one.wav")),
    ),
    Told("RecordingError", "prepare", ("holds no sound", "audio stream"), lambda f: _silent_film(f / "one.wav")),
    Told(
        "RecordingError", "prepare", ("no such file", "absent.wav", "put the file there"), edited((ONE, '"absent.wav"'))
    ),
    Told("RecordingError", "prepare", ("file is empty", "one.wav", "export it again"), file("one.wav", b"")),
    Told("RecordingError", "prepare", ("text file, whatever its name", "WAV, FLAC"), file("one.wav", "words\n" * 99)),
    Told("RecordingError", "prepare", ("playlist", "Name the sound file"), file("one.wav", "#EXTM3U\nx\n")),
    Told(
        "RecordingError", "prepare", ("known format", "Export the file as WAV"), file("one.wav", bytes(range(256)) * 9)
    ),
    Told(
        "RecordingError",
        "prepare",
        ("There is no recording", "sound or video", "words.txt"),
        both(file("empty/words.txt", "none"), edited((ONE, '"empty"'))),
    ),
    Told(
        "RecordingError",
        "prepare",
        ("can't be read", "FLAC", "damaged or cut off"),
        file("two.flac", b"fLaC" + bytes(90)),
    ),
    Told("RecordingError", "prepare", ("too short to learn from", "one.wav", "Record more"), sound(sine(300, 1, 8000))),
    Told("RecordingError", "prepare", ("silent", "-60 dB", "microphone"), sound(np.zeros(60_000))),
    Told(
        "RecordingError",
        "prepare",
        ("Without their long silences", "trim_silence = false"),
        both(
            edited(("sample_rate_hz = 8000", "sample_rate_hz = 8000, trim_silence = true")),
            sound(np.concatenate([sine(300, 1, 8000), np.zeros(60_000)])),
        ),
    ),
    Told(
        "RecordingError",
        "prepare",
        ("longer than the 6 s", "corpus.longest_s"),
        edited(("sample_rate_hz = 8000", "sample_rate_hz = 8000, longest_s = 6.0")),
    ),
    Told("RecordingError", "to-text log.csv out --audio", ("text file", "log.csv")),
)
PRODUCTIONS = (
    Told("ProductionError", "absent.toml", ("no such production file", "absent.toml", "build-video init")),
    Told("ProductionError", "prepare", ("not valid TOML", "line 1", "quotes"), file("production.toml", "title = x\n")),
    Told("ProductionError", "prepare", ("not valid TOML", "production.toml"), file("production.toml", b"\xff\xfe\0")),
    Told("ProductionError", "prepare", ("far too large", "1 MB"), file("production.toml", "#" * 1_000_001)),
    Told("ProductionError", "prepare", ("no setting 'neuron'", "section 1", "'neurons'?"), edited(("neurons", "neuron"))),
    Told("ProductionError", "prepare", ("'title' is missing", "expected: a line"), edited(('title = "Tiny"', ""))),
    Told("ProductionError", "prepare", ("no such kind of network", "tiered-lstm"), edited(('"lstm"', '"gru"'))),
    Told("ProductionError", "prepare", ("'video.width' can't be 9", "64"), edited(("width = 320", "width = 9"))),
    Told("ProductionError", "prepare", ("don't go together", "odd"), edited(("width = 320", "width = 321"))),
    Told("ProductionError", "prepare", ("outside the production's folder", "--allow-outside"), edited((ONE, '"/etc/x"'))),
    Told("ProductionError", "prepare", ("is not a path", "a file's path"), edited((ONE, '"a\\u0000b"'))),
    Told(
        "ProductionError",
        "train",
        ("can't be cut into groups", "training.sequence, network.group", "a multiple of"),
        both(alone(2), edited(("group = 4", "group = 5"))),
    ),
    Told("ProductionError", "train --device cuda", ("no GPU that torch can use", "NVIDIA", "device = 'auto'"), alone(1)),
)  # fmt: skip
TEMPLATES = (
    Told("TemplateError", "storyboard", ("no template", "themes/neon.toml", "midnight"), edited(("width", 'theme = "neon"\nwidth'))),
    Told("TemplateError", "storyboard", ("not valid TOML", "midnight.toml"), file("templates/themes/midnight.toml", "a=")),
    Told("TemplateError", "storyboard", ("unknown name", "fnts"), theme("name =", "fnts = 3\nname =")),
    Told("TemplateError", "storyboard", ("lacks a value", "colours"), file("templates/themes/midnight.toml", 'name="x"\n')),
    Told("TemplateError", "storyboard", ("can't be used", "colours.text"), theme("\ntext = ", '\ntext = "red" # ')),
    Told("TemplateError", "storyboard", ("can't be read by everybody", "contrast", "Change one"), theme('\n[colours]\nbackground = "#0b0f1a"', '\nstrict = true\n[colours]\nbackground = "#c0c0c0"')),
    Told("TemplateError", "storyboard", ("too large", "256 KiB"), file("templates/themes/midnight.toml", "#" * 300_000)),
    Told("TemplateError", "storyboard", ("not UTF-8", "byte 0"), file("templates/captions/take.txt", b"\xff")),
    Told("TemplateError", "storyboard", ("name that is not there: 'iteratoin'", "take.txt, line 1", "'take.iteration'"), take_caption("{{ iteratoin }}")),
    Told("TemplateError", "storyboard", ("syntax error", "line 2", "Jinja2"), take_caption("x\n{{ iteration")),
    Told("TemplateError", "storyboard", ("name that is not there: 'film.upper'", "take.txt, line 1"), take_caption("{{ film.upper() }}")),
    Told("TemplateError", "storyboard", ("font file", "is not there", "fonts.files"), theme("name =", 'fonts = {files = ["x.ttf"]}\nname =')),
    Told("TemplateError", "storyboard", ("'comic' is not installed", "inter", "pip install fontpkg-comic"), theme("name =", 'fonts = {sans = "comic"}\nname =')),
    Told("TemplateError", "storyboard", ("font file can't be used", "TrueType"), both(theme("name =", 'fonts = {files = ["x.ttf"]}\nname ='), file("templates/x.ttf", "no font"))),
    Told("TemplateError", "graph log.csv out.png --theme neon", ("no template", "neon")),
    Told("GlyphError", "storyboard", ("U+12000", "CUNEIFORM SIGN A", "font file"), edited(('"Tiny"', '"Tiny \U00012000"'))),
    Told("GlyphError", "storyboard", ("U+10330", "No font package"), edited(('title = "One"', 'title = "\U00010330"'))),
    Told("GlyphError", "graph log.csv out.png --title \U00012000", ("U+12000",)),
)  # fmt: skip
OUTPUTS = (
    Told("OutputError", "prepare -o log.csv", ("is a file, not a folder", "log.csv", "another folder with -o")),
    Told("OutputError", "init .", ("production file already", "Choose another folder")),
    Told("OutputError", "init log.csv", ("file, not a folder", "log.csv")),
    Told("OutputError", "graph log.csv here.png", ("output is a folder", "here.png"), lambda f: (f / "here.png").mkdir()),
    Told("OutputError", "graph log.csv no/out.png", ("folder of the output is not there", "Make the folder 'no'")),
    Told("LogError", "graph absent.csv out.png", ("no such file", "absent.csv")),
    Told("LogError", "graph empty.csv out.png", ("file is empty", "numbers in columns"), file("empty.csv", "")),
    Told("LogError", "graph log.csv out.png", ("no text", "CSV"), file("log.csv", b"1,2\n\0\0")),
    Told("LogError", "graph log.csv out.png", ("no rows",), file("log.csv", "# only a comment\n")),
    Told("LogError", "graph log.csv out.png", ("one column only", "--delimiter"), file("log.csv", "1\n2\n")),
    Told("LogError", "graph log.csv out.png -y lss", ("no column 'lss'", "Did you mean 'loss'?")),
    Told("LogError", "graph log.csv out.png", ("damaged", "whole file"), file("log.csv", b"\x1f\x8b\x08\0" + bytes(9))),
    Told("LogError", "graph log.csv out.png --y-scale log", ("no room for", "log1p"), file("log.csv", "a,b\n1,0\n2,1\n")),
    Told("LogError", "graph log.csv out.png", ("No column but that of x", "holds words"), file("log.csv", "a;b\n1;x,y\n2;z,w\n")),
    Told("TextError", "from-text absent out", ("no such file", "standard input")),
    Told("TextError", "from-text odd.txt out", ("stands for no byte", "character 2", "--skip"), file("odd.txt", "a\u4e00")),
    Told("TextError", "from-text odd.txt out", ("no UTF-8", "byte 2"), file("odd.txt", b"a\xff")),
    Told("TextError", "from-text log.csv out --table odd.txt", ("not one line a byte", "256 lines"), file("odd.txt", "a")),
    Told("TextError", "from-text log.csv out --table odd.txt", ("not one character", "line 1"), file("odd.txt", "ab\n" * 256)),
    Told("TextError", "from-text log.csv out --table odd.txt", ("stands for byte 0 and for byte 1",), file("odd.txt", "a\n" * 256)),
)  # fmt: skip
_HUGE = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (40_000).to_bytes(3, "little") * 2
FOOTAGE = (
    Told("FootageError", "storyboard", ("no such file", "clip.mp4", "put the file there"), edited(INSERT)),
    Told("FootageError", "storyboard", ("no such file", "music.mp3"), edited(MUSIC)),
    Told("FootageError", "train", ("playlist", "clip.mp4"), both(edited(INSERT), file("clip.mp4", "#EXTM3U\n"))),
    Told("FootageError", "train", ("known format", "music.mp3"), both(edited(MUSIC), file("music.mp3", bytes(range(256)) * 4))),
    Told("FootageError", "train", ("no picture that can be read", "sound alone goes into"), both(edited(INSERT), lambda f: shutil.copy(f / "one.wav", f / "clip.mp4"))),
    Told("FootageError", "train", ("picture can't be read", "clip.mp4"), both(edited(INSERT), file("clip.mp4", b"\x89PNG\r\n\x1a\n" + bytes(40)))),
    Told("FootageError", "storyboard", ("far too large", "40001 x 40001"), both(edited(("width", 'picture="l.webp"\nwidth')), file("l.webp", _HUGE))),
    Told("FootageError", "storyboard", ("is no picture", "PNG, JPEG or WebP"), both(edited(("width", 'picture="l.png"\nwidth')), file("l.png", "x"))),
    Told("FootageError", "check film.mp4", ("no timeline beside", "timeline.json"), file("film.mp4", b"x")),
    Told("FootageError", "check film.mp4", ("no MP4 with an index", "made by build-video"), lambda f: _beside_a_timeline(f, b"x" * 99)),
    Told("FootageError", "check film.mp4", ("film can't be read", "no such file"), lambda f: _beside_a_timeline(f, None)),
    Told("FootageError", "storyboard", ("file is far too large", "256 MiB"), both(edited(("width", 'picture="l.png"\nwidth')), lambda f: _sparse(f / "l.png", b"\x89PNG\r\n\x1a\n", 300 << 20))),
)  # fmt: skip
STAGES = (
    Told("FfmpegError", "prepare", ("BUILD_VIDEO_FFMPEG", "can't be executed", "unset it"), lambda _: _with_ffmpeg("/no/ffmpeg"), 1),
    Told("DiskFullError", "to-text log.csv /dev/full", ("no room left", "where: /dev/full", "free"), code=1),
    Told("TrainingError", "train", ("diverged at iteration", "learning_rate = 5"), both(alone(1), edited(("iterations = 24", "iterations = 24, learning_rate = 10"))), 1),
    Told("StoreError", "prepare", ("stored record can't be read", "record.json", "Corpus record", "--force"), _tampered, 1),
)  # fmt: skip
TOLD = (*COMMAND_LINE, *MORE_OF_THE_TOOLS, *RECORDINGS, *PRODUCTIONS, *TEMPLATES, *OUTPUTS, *FOOTAGE, *STAGES)
WITH_A_FILM = ("StageError", "WorkerError", "FootageError", "FfmpegError")
"""Provoked below on a film that is there."""


def _with_ffmpeg(path: str | Path) -> None:
    os.environ[ffmpeg.OVERRIDE_VARIABLE] = str(path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny production as `production.toml`, and a log."""
    make_tiny(tmp_path).rename(tmp_path / "production.toml")
    (tmp_path / "log.csv").write_text(LOG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(ffmpeg.OVERRIDE_VARIABLE, "")
    return tmp_path


@pytest.mark.parametrize("case", TOLD, ids=lambda case: f"{case.kind}: {case.words[0]}"[:60])
def test_an_error_is_told_in_words(case: Told, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case.spoil(folder)
    capsys.readouterr()
    arguments = case.arguments.split()
    if arguments[0] in {"init", "absent.toml"}:  # these in text, all others as other programs read them
        _check(case, run_here(*arguments), _last_words(capsys))
        return
    code = run_here(*arguments, "--json")
    event = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (event["event"], event["kind"], event["exit_code"]) == ("error", case.kind, case.code)
    told = "\n".join(f"{part}: {event[part]}" for part in ("what", "where", "expected", "next") if event[part])
    assert event["what"].endswith(".") or ": " in event["what"], event
    assert event["expected"] or event["next"] or event["where"]
    _check(case, code, f"build-video: {told}")


def _check(case: Told, code: int, said: str) -> None:
    assert said.count("build-video: ") == 1, said
    assert code == case.code, said
    assert "Traceback" not in said
    for word in case.words:
        assert word in said


def test_the_memory_that_is_used_up_is_told(folder: Path) -> None:
    program = (
        "import resource, sys; sys.path.insert(0, sys.argv.pop(1)); import numpy, PIL.Image, pipeline.tools.graph.writers.raster;"
        "from pipeline.cli.start import run_tool; now = int(open('/proc/self/statm').read().split()[0]) * 4096;"
        "resource.setrlimit(resource.RLIMIT_AS, (now + (300 << 20),) * 2); sys.exit(run_tool(sys.argv[1:]))"
    )
    wish = ["graph", "log.csv", "out.webp", "--size", "12000x12000", "--json"]
    ran = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), *wish], cwd=folder, capture_output=True, text=True, check=False
    )
    event = json.loads(ran.stdout)
    assert (event["kind"], event["exit_code"], ran.returncode) == ("BuildVideoError", 1, 1), ran.stderr
    assert "memory" in event["what"]
    assert event["next"]
    assert not (folder / "out.webp").exists()


# On a film that is there


TAKES = "storyboard = { takes = 3, seconds = 3, card_seconds = 1, recording_seconds = 1 }"
PLANS = (
    Told("ProductionError", "storyboard", ("take is asked for at iteration 99", "training ends at iteration 24"), edited((TAKES, "storyboard = {take = [{iteration = 99}]}"))),
    Told("ProductionError", "storyboard", ("take at iteration 0 stands after the one at iteration 24", "training order"), edited((TAKES, "storyboard = {take = [{iteration = 24}, {iteration = 0}]}"))),
    Told("ProductionError", "storyboard", ("leaves too little for the 1 others", "Set more seconds"), edited((TAKES, "storyboard = {seconds = 3, take = [{iteration = 0, seconds = 2.9}, {iteration = 24}]}"))),
    Told("ProductionError", "storyboard", ("excerpt begins at 99 s", "recording_start_s below 7.0"), edited((TAKES, "storyboard = {recording_start_s = 99}"))),
    Told("ProductionError", "storyboard", ("there is no section 3", "1 to 2"), both(edited(('title = "Tiny"', 'title = "Tiny"\ninsert = [{file = "logo.png", after = "section", section = 3}]')), file("logo.png", PNG))),
    Told("ProductionError", "sample", ("priming ends at 99 s", "lasts only 7.0 s"), edited(("seed = 3", "prime_from_s = 90, prime_s = 9"))),
    Told("TrainingError", "sample", ("no CUDA device", 'device = "auto"'), edited(("seed = 3", 'seed = 4, device = "cuda"')), 1),
    Told("FootageError", "storyboard", ("from 2 s on", "start_s + seconds at most"), both(edited(('title = "Tiny"', 'title = "Tiny"\ninsert = [{file = "clip.mp4", start_s = 2}]')), lambda f: _silent_film(f / "clip.mp4"))),
    Told("TemplateError", "storyboard", ("not there", "line 1"), file("templates/captions/take.txt", "{{ film.nome }}")),
    Told("InputError", "still --at 9:59", ("film is over by then", "where: --at", "a time below")),
    Told("InputError", "still --at 1 -o still.bmp", ("not a picture's name", ".png")),
    Told("InputError", "compose --cut short", ("no cut 'short'", "[[cut]]")),
    Told("InputError", "export loop --section 9", ("no section 9", "1 to 2")),
    Told("InputError", "export loop --to loop.bmp", ("not a name for such a loop",)),
    Told("InputError", "export sound --format mp3", ("no format 'mp3'", "wav or flac")),
    Told("InputError", "export sound --rate 44100", ("'44100' is not one of the rates", "original or 48000")),
)  # fmt: skip


@pytest.fixture(scope="module")
def shared(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tiny film that many rows may spoil one after the other."""
    folder = tmp_path_factory.mktemp("shared") / "tiny"
    shutil.copytree(built.folder, folder)
    (folder / "tiny.toml").rename(folder / "production.toml")
    return folder


@pytest.mark.parametrize("case", PLANS, ids=lambda case: f"{case.kind}: {case.words[0]}"[:60])
def test_an_error_of_a_later_stage_is_told_in_words(
    case: Told, shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shared)
    kept = (shared / "production.toml").read_bytes()
    try:
        case.spoil(shared)
        code = run_here(*case.arguments.split(), *(["-o", "out/tiny"] * (case.arguments[:5] != "still")))
        _check(case, code, _last_words(capsys))
    finally:
        (shared / "production.toml").write_bytes(kept)
        shutil.rmtree(shared / "templates", ignore_errors=True)


@pytest.fixture
def copy(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny film in a folder of its own."""
    shutil.copytree(built.folder, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def _wrapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Put a program in ffmpeg's place that may call it as "$REAL"."""
    real = ffmpeg.ffmpeg_path()
    script = tmp_path / "wrapped"
    script.write_text(f"#!/bin/sh\nREAL='{real}'\n{program}\n")
    script.chmod(0o755)
    monkeypatch.setenv(ffmpeg.OVERRIDE_VARIABLE, str(script))


def test_a_film_that_is_not_what_was_promised_is_told(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _wrapped(
        tmp_path,
        monkeypatch,
        'for word; do shift; [ "$word" = "+faststart+negative_cts_offsets" ] && word=+negative_cts_offsets;'
        ' set -- "$@" "$word"; done; exec "$REAL" "$@"',
    )
    shutil.rmtree(copy / "out" / "tiny" / "work" / "compose")
    code = run_here("compose", "tiny.toml")
    words = ("not as specified", "index first", "like its timeline", "--force")
    _check(Told("StageError", "", words, code=1), code, _last_words(capsys))


def test_a_helper_that_dies_is_told(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _wrapped(tmp_path, monkeypatch, f'[ $PPID = {os.getpid()} ] || kill -9 $PPID; exec "$REAL" "$@"')
    shutil.rmtree(copy / "out" / "tiny" / "work" / "render")
    code = run_here("render", "tiny.toml", "--jobs", "2")
    _check(Told("WorkerError", "", ("helper process died", "--jobs 1", "is kept"), code=1), code, _last_words(capsys))


def test_an_ffmpeg_that_fails_is_told_with_its_own_last_words(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _wrapped(
        tmp_path, monkeypatch, 'case "$*" in *adts*) echo \'no such codec today\' >&2; exit 3;; esac; exec "$REAL" "$@"'
    )
    shutil.rmtree(copy / "out" / "tiny" / "work" / "compose")
    code = run_here("compose", "tiny.toml")
    words = ("exit status 3", "no such codec today", "encoding the soundtrack", "build-video doctor")
    _check(Told("FfmpegError", "", words, code=1), code, _last_words(capsys))


def test_a_film_that_is_damaged_is_told(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = copy / "out" / "tiny" / "tiny.mp4"
    data = bytearray(film.read_bytes())
    film.unlink()  # it is the stored one under a second name
    at = data.index(b"mdat") + 4
    data[at : at + 4000] = struct.pack("<I", 0xDEADBEEF) * 1000
    film.write_bytes(data)
    code = run_here("check", str(film))
    _check(Told("FootageError", "", ("can't be decoded", "tiny.mp4", "made by build-video")), code, _last_words(capsys))


def _last_words(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr().err
    return said[said.rindex("build-video: ") :]


def test_no_kind_of_error_is_forgotten() -> None:
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert kinds - {"BuildVideoError"} == {case.kind for case in TOLD} | set(WITH_A_FILM)


def test_the_tree_at_the_head_of_its_file_is_the_tree() -> None:
    shown = [line.strip("|`- ").split() for line in (errors.__doc__ or "").splitlines() if "Error " in line]
    assert {words[0] for words in shown} == {
        name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)
    }
