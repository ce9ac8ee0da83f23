from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from pipeline.picture.drawing.planes import planes_of, rgb_from_planes
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.panels.scene import Scene
from pipeline.picture.panels.scene_data import (
    LossHistory,
    SceneData,
    SceneSong,
    SceneSound,
    SongLine,
    SongNote,
    SongSyllable,
)
from pipeline.picture.theme.theme import load_theme
from tests.conftest import Golden

SIZES = {"song": (320, 180), "song-portrait": (180, 320), "song-square": (240, 240)}
NOTES = (SongNote(0, 10, 40, 60), SongNote(1, 10, 70, 55), SongNote(0, 40, 70, 64))
SYLLABLES = (SongSyllable(0, 3, 10, 40), SongSyllable(4, 7, 40, 70))
LINE = SongLine("one two", "eins zwei", 5, 80, SYLLABLES)
SOUNDS = (SceneSound(0, 200, np.zeros(1600, np.float32), 240, "take"),)
PICTURE = np.full((40, 60, 4), (200, 40, 40, 255), np.uint8)


def data(layout: str, **changes: object) -> SceneData:
    width, height = SIZES[layout]
    song = SceneSong(NOTES, 2, (LINE,))
    usual = SceneData(0, 200, Fraction(30), width, height, SOUNDS, LossHistory(), np.zeros(201), song=song)
    return replace(usual, section_title="Song", **changes)


def drawn(layout: str, frame: int, theme: str = "midnight", **changes: object) -> np.ndarray:
    width, height = SIZES[layout]
    out = np.zeros((height * 3 // 2, width), np.uint8)
    Scene(data(layout, **changes), load_theme(theme), load_layout(layout)).draw(frame, out)
    return rgb_from_planes(planes_of(out, width, height)).astype(int)


def rows(layout: str, kind: str) -> slice:
    panel = next(panel for panel in load_layout(layout).panel if panel.kind == kind)
    box = panel.box(*SIZES[layout])
    return slice(box.top, box.bottom)


@pytest.mark.parametrize("layout", SIZES)
@pytest.mark.parametrize("theme", ["midnight", "paper", "phosphor"])
def test_what_has_been_sung_of_a_line_has_another_colour(layout: str, theme: str) -> None:
    lyrics = rows(layout, "lyrics")
    frames = [drawn(layout, frame, theme, song_picture=PICTURE)[lyrics] for frame in (30, 45, 62)]
    changed = [np.flatnonzero((frames[0] != later).any(axis=(0, 2))) for later in frames[1:]]
    assert len(changed[0]) > 0
    assert (frames[1] != frames[2]).any()
    assert len(changed[1]) > 0


@pytest.mark.parametrize("layout", SIZES)
def test_notes_reach_the_playhead_when_they_are_sung(layout: str) -> None:
    playhead = load_layout(layout).playhead_px(SIZES[layout][0])
    roll = rows(layout, "piano_roll")
    sung, after, later = (
        drawn(layout, frame, song_picture=PICTURE)[roll, playhead + 3 : playhead + 5] for frame in (45, 100, 110)
    )
    assert (sung != after).any(axis=2).sum() > 4
    assert (after == later).all()


def test_the_picture_fills_its_room_and_moves_and_without_one_the_notes_have_it() -> None:
    room = rows("song", "song_picture")
    half = np.where(np.arange(60)[None, :, None] < 30, PICTURE, 255 - PICTURE + [0, 0, 0, 255]).astype(np.uint8)
    early, later = (drawn("song", frame, song_picture=half)[room] for frame in (30, 60))
    assert (early[..., 0] > 150).any()
    assert (early != later).any()
    alone = drawn("song", 45)
    assert len(np.unique(alone[room.start + 4 : room.stop, :, 2])) > 1
    assert not ((alone[room][..., 0] > 150) & (alone[room][..., 2] < 90)).any()


@pytest.mark.parametrize("layout", SIZES)
@pytest.mark.parametrize("theme", ["midnight", "paper", "phosphor"])
def test_a_song_looks_like_its_golden_picture(layout: str, theme: str, golden: Golden) -> None:
    down, across = np.mgrid[0:40, 0:60]
    evening = np.stack([80 + 3 * down, 40 + 2 * across, 120 - 2 * down, np.full_like(down, 255)], axis=2)
    golden(f"{layout}-{theme}", drawn(layout, 45, theme, song_picture=evening.astype(np.uint8)).astype(np.uint8))


def test_a_song_without_a_picture_looks_like_its_golden_picture(golden: Golden) -> None:
    golden("song-alone", drawn("song", 62).astype(np.uint8))


def test_the_name_of_the_highest_line_stands_inside_the_roll() -> None:
    def rows_with_text(highest: int) -> int:
        song = SceneSong((SongNote(0, 10, 40, highest - 30), SongNote(0, 40, 70, highest)), 1, ())
        scene = replace(data("song"), width=1280, height=720, song=song, song_picture=PICTURE)
        out = np.zeros((1080, 1280), np.uint8)
        Scene(scene, load_theme("midnight"), load_layout("song")).draw(120, out)
        box = next(panel for panel in load_layout("song").panel if panel.kind == "piano_roll").box(1280, 720)
        names = planes_of(out, 1280, 720).luma[box.top : box.bottom, 64:100].astype(int)
        return int((np.ptp(names, axis=1) > 30).sum())

    assert rows_with_text(60) == rows_with_text(63)  # C4 is the highest line; with room above it


def test_the_name_of_a_line_can_be_read_over_notes() -> None:
    def luma(notes: tuple[SongNote, ...]) -> np.ndarray:
        song = SceneSong((SongNote(0, 0, 1, 48), SongNote(0, 0, 1, 72), *notes), 1, ())
        scene = replace(data("song"), width=1280, height=720, song=song, song_picture=PICTURE)
        out = np.zeros((1080, 1280), np.uint8)
        Scene(scene, load_theme("midnight"), load_layout("song")).draw(120, out)
        box = next(panel for panel in load_layout("song").panel if panel.kind == "piano_roll").box(1280, 720)
        return planes_of(out, 1280, 720).luma[box.top : box.bottom, 64:86].astype(int)

    empty, behind = luma(()), luma((SongNote(0, 0, 119, 60), SongNote(0, 0, 119, 61)))
    middle = len(empty) // 2
    name = middle - 20 + np.flatnonzero(np.ptp(empty[middle - 20 : middle - 3], axis=1) > 30)
    assert len(name) > 5
    assert np.abs(empty - behind)[name].max() < 0.2 * np.ptp(empty[name])


@pytest.mark.parametrize(("words", "rows_of_text"), [("one two", 3), ("one two " * 9, 4)])
def test_a_long_translation_has_more_lines_and_stays_inside(words: str, rows_of_text: int) -> None:
    line = SongLine(words.strip(), "eine lange Zeile der Uebersetzung, die nicht auf eine passt", 5, 80, ())
    song = SceneSong(NOTES, 2, (line,))
    out = np.zeros((960, 360), np.uint8)
    Scene(
        replace(data("song-portrait"), width=360, height=640, song=song),
        load_theme("paper"),
        load_layout("song-portrait"),
    ).draw(40, out)
    box = next(panel for panel in load_layout("song-portrait").panel if panel.kind == "lyrics").box(360, 640)
    luma = planes_of(out, 360, 640).luma.astype(int)
    written = np.ptp(luma[box.top - 8 : box.bottom + 8], axis=1) > 25
    assert np.diff(written.astype(int)).clip(0).sum() == rows_of_text
    assert not written[:8].any()
    assert not written[-8:].any()
