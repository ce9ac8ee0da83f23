"""A song in a film that is built already: sung, seen, exported, and changed in one syllable."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from pipeline.ffmpeg.process import run
from pipeline.film.delivery.check import check_file
from tests.end_to_end.conftest import Built
from tests.end_to_end.productions import say_here
from tests.sharing import made_once
from tests.song.tunes import midi_bytes

SONG = """
[[song]]
title = "And now it sings"
melody = "tune.mid"
lyrics = "lyrics.txt"
translation = "deutsch.txt"
translation_language = "de"
backing = "one.wav"
[[song.voice]]
voice = "recording 1"
[[song.voice]]
voice = "section 2"
transpose = -12
pan = 0.5
"""
CUT = """
[[cut]]
name = "sung"
width = 160
height = 90
seconds = 8
sections = [1]
cards = "none"
songs = "all"
"""
TUNE = [(0, 1, 55), (1, 1, 57), (3, 1, 59), (4, 1, 57)]


@pytest.fixture(scope="module")
def sung(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        shutil.copytree(built.folder, folder, dirs_exist_ok=True)
        with (folder / "tiny.toml").open("a", encoding="utf-8") as file:
            file.write(SONG + CUT)
        (folder / "tune.mid").write_bytes(midi_bytes([TUNE], beats_per_minute=240))
        (folder / "lyrics.txt").write_text("one two\nthree four\n", encoding="utf-8")
        (folder / "deutsch.txt").write_text("eins zwei\ndrei vier\n", encoding="utf-8")
        say_here(folder / "tiny.toml", "--cut", "sung", "--jobs", "1", cwd=folder)
        say_here("storyboard", folder / "tiny.toml", cwd=folder)
        say_here("export", "song", folder / "tiny.toml", cwd=folder)

    return made_once(tmp_path_factory, "film with a song", make)


def subtitles_in(film: Path) -> list[tuple[str, list[str]]]:
    """The language and the cues that are not empty of each subtitle track."""
    found = []
    with av.open(str(film)) as file:
        for number, stream in enumerate(file.streams.subtitles):
            written = run(["-i", str(film), "-map", f"0:s:{number}", "-f", "srt", "-"], timeout_s=30).stdout
            found.append((stream.metadata["language"], re.findall(r"-->.*\n(.+)\n", written.decode())))
    return found


def film_timeline(folder: Path) -> Any:
    """Of the whole film: the newest that has a comparison and a song."""
    records = sorted((folder / "out/tiny/work/storyboard").glob("*/record.json"), key=lambda path: path.stat().st_mtime)
    told = [json.loads(path.read_text(encoding="utf-8")) for path in records]
    return next(one for one in reversed(told) if {"card", "song"} <= {clip["kind"] for clip in one["clips"]})


def test_a_song_is_exported_as_mix_voices_and_midi(sung: Path) -> None:
    songs = sung / "out" / "tiny" / "songs"
    names = sorted(path.name for path in songs.iterdir())
    assert names == [f"tiny-song-1{end}" for end in ("-voice-1.flac", "-voice-2.flac", ".flac", ".mid", ".mp3")]
    mix, rate = soundfile.read(songs / "tiny-song-1.flac")
    assert (rate, mix.shape[1]) == (48_000, 2)
    assert 0.05 < np.abs(mix).max() <= 0.85
    voice, _ = soundfile.read(songs / "tiny-song-1-voice-2.flac")
    assert len(voice) == len(mix)
    assert np.abs(voice).max() > 0.01


def test_a_cut_takes_the_song_in_and_its_film_has_the_lyrics_in_both_languages(sung: Path) -> None:
    folder = sung / "out/tiny/sung"
    timeline = json.loads((folder / "timeline.json").read_text())
    assert timeline["total_frames"] == 8 * 30
    assert [clip["kind"] for clip in timeline["clips"]] == ["scene", "song"]
    (first, said), (second, translated) = subtitles_in(folder / "tiny-sung.mp4")
    assert (first, second) == ("eng", "deu")
    assert said[-2:] == ["one two", "three four"]
    assert translated[-2:] == ["eins zwei", "drei vier"]
    assert said[:-2] == translated[:-2] != []  # captions are the film's in both
    for ending in ("vtt", "srt"):
        assert "drei vier" in (folder / f"tiny-sung.de.{ending}").read_text(encoding="utf-8")
    assert all(finding.holds for finding in check_file(folder / "tiny-sung.mp4"))


def test_the_timeline_has_the_song_before_the_comparison_with_its_lines(sung: Path) -> None:
    timeline = film_timeline(sung)
    kinds = [clip["kind"] for clip in timeline["clips"]]
    song = next(clip for clip in timeline["clips"] if clip["kind"] == "song")
    assert timeline["clips"][kinds.index("song") + 1]["card"] == "comparison"
    assert [(line["text"], line["translation"]) for line in song["lines"]] == [
        ("one two", "eins zwei"),
        ("three four", "drei vier"),
    ]
    assert song["title"] in {chapter["title"] for chapter in timeline["chapters"]}


def test_a_frame_of_it_shows_its_notes(sung: Path) -> None:
    song = next(clip for clip in film_timeline(sung)["clips"] if clip["kind"] == "song")
    at = (song["start_frame"] + song["end_frame"]) / 2 / 30
    say_here("still", sung / "tiny.toml", "--at", f"{at:.2f}", "-o", sung / "still.png", cwd=sung)
    picture = np.asarray(Image.open(sung / "still.png").convert("RGB")).astype(int)
    roll = picture[20:140]
    assert ((roll[..., 2] - roll[..., 0]) > 60).sum() > 100  # the first voice's blue bars


def test_one_changed_syllable_sings_one_phrase_anew(sung: Path) -> None:
    folder = sung / "out/tiny/work/sample"

    def phrases() -> set[str]:
        return {path.parent.name for path in folder.glob("*/phrase.npy")}

    before = phrases()
    (sung / "lyrics.txt").write_text("one two\nthree sore\n", encoding="utf-8")
    say_here("sample", sung / "tiny.toml", cwd=sung)
    assert len(phrases() - before) == 2  # in each voice
