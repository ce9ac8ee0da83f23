"""Hostile folders through the real command line: exit code 0 or 2, one clear message, nothing outside `out`."""

from __future__ import annotations

import random
import re
import struct
import zlib
from pathlib import Path

import pytest

from tests.end_to_end.productions import make_tiny, run_here
from tests.hostile import seeds
from tests.hostile.spoiling import as_toml, spoiled_bytes, spoiled_tree
from tests.hostile.watching import HangError, door, watch

SPOILED = 12


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny production as `production.toml`, and the folder of its film."""
    make_tiny(tmp_path).rename(tmp_path / "production.toml")
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> tuple[int, str]:
    """Run a command line in this process, watched; return its exit code and what it said."""
    codes: list[int] = []
    ending = watch(lambda: codes.append(run_here(*arguments)), folder / "out", longest_s=60)
    assert ending.how == "success", ending.said  # the command line tells errors itself: none may come through
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "A fault in build-video itself" not in said, said
    return codes[0], said


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "production.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


ATTACKS = {
    "a path out of the folder": ("prepare", '"one.wav"', '"../one.wav"', "outside"),
    "an absolute path": ("prepare", '"one.wav"', '"/etc/passwd"', "outside"),
    "a device": ("prepare", '"one.wav"', '"/dev/zero"', "outside"),
    "a playlist": ("prepare", '"one.wav"', '"list.wav"', "playlist"),
    "an option": ("prepare", '"one.wav"', '"-y"', "no such file"),
    "an address": ("prepare", '"one.wav"', '"http://127.0.0.1:9/a.wav"', "no such file"),
    "a protocol": ("prepare", '"one.wav"', '"concat:one.wav|two.flac"', "no such file"),
    "a theme elsewhere": ("storyboard", "width = 320", 'theme = "../../secret"\nwidth = 320', "no template"),
    "a theme without a name": ("storyboard", "width = 320", 'theme = "a\\u0000b"\nwidth = 320', "no template"),
    "a caption that climbs": (
        "storyboard",
        "takes = 3,",
        "take = [{iteration=0, caption='{{ x.__class__ }}'}],",
        "'x'",
    ),
    "a caption without an end": (
        "storyboard",
        "takes = 3,",
        "take = [{iteration=0, caption='{{ 9**(9**9) }}'}],",
        "too large",
    ),
    "a rate without an end": ("prepare", "frame_rate = 30", 'frame_rate = "1e999999999"', "frame rate"),
    "a number without an end": ("prepare", "frame_rate = 30", "frame_rate = " + "9" * 5000, "TOML"),
    "a frame without an end": ("prepare", "width = 320", "width = 1000000", "8192"),
    "a title of control characters": ("storyboard", 'title = "Tiny"', 'title = "\\u001b[2J"', "can draw"),
    "a picture beyond measure": ("storyboard", "width = 320", 'picture = "huge.png"\nwidth = 320', "too large"),
    "a picture that is a playlist": ("storyboard", "width = 320", 'picture = "list.wav"\nwidth = 320', "no picture"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_told_in_words_with_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    command, old, new, words = ATTACKS[name]
    (folder / "list.wav").write_bytes(b"#EXTM3U\nfile:/etc/passwd\n")
    head = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(head))
    (folder / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\x0d" + head + crc + b"\0\0\0\0IDAT" + bytes(99))
    edit(folder, old, new)
    code, said = told(capsys, folder, command)
    assert code == 2, said
    assert re.search(words, said, re.IGNORECASE), said
    assert said.startswith("build-video: ")
    assert not list(folder.glob("out/**/manifest.json"))


@pytest.mark.parametrize("number", range(SPOILED))
def test_spoiled_folders_are_taken_or_told_with_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    rng = random.Random(f"command line {number}")
    match number % 3:
        case 0:
            tree = spoiled_tree(seeds.production_trees()[0], rng)
            (folder / "production.toml").write_text(as_toml(tree), encoding="utf-8", errors="replace")
        case 1:
            (folder / "one.wav").write_bytes(spoiled_bytes((folder / "one.wav").read_bytes(), rng))
        case _:
            (folder / "two.flac").write_bytes(spoiled_bytes((folder / "two.flac").read_bytes(), rng))
    code, said = told(capsys, folder, "prepare", "--jobs", "1")
    assert code in {0, 2}, said
    assert code == 0 or said.count("build-video: ") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["graph", "spoiled.csv", "out/graph.png"],
        ["from-text", "spoiled.csv", "out/bytes", "--replace", "0"],
        ["to-text", "spoiled.csv", "out/text", "--audio"],
        ["check", "spoiled.mp4"],
        ["status", "spoiled.csv"],
        ["still", "--at", "1e999", "-o", "out/still.png"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_spoiled_files_of_the_tools_are_taken_or_told(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    rng = random.Random(arguments[0])
    (folder / "spoiled.csv").write_bytes(spoiled_bytes(seeds.LOG.encode(), rng))
    (folder / "spoiled.mp4").write_bytes(spoiled_bytes(seeds.films()["mp4"], rng))
    code, said = told(capsys, folder, *arguments)
    assert code in {0, 2}, said


def test_the_watch_itself_sees_what_is_written_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert watch(lambda: (tmp_path / "out" / "in").write_text("x"), tmp_path / "out").how == "success"
    assert "outside" in watch(lambda: (tmp_path / "beside").write_text("x"), tmp_path / "out").said
    assert "outside" in watch((tmp_path / "beside").unlink, tmp_path / "out").said
    assert "no end" in watch(_for_ever, tmp_path / "out", longest_s=0.2).said
    assert door.allowed is None
    assert issubclass(HangError, BaseException)


def _for_ever() -> None:
    while True:
        pass
