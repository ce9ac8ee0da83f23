"""Songs before anybody sings: what determines each phrase, and what cuts make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.build.cutting import _moved
from pipeline.errors import BuildVideoError, ProductionError
from pipeline.production.schema import Production, load_production
from pipeline.runtime.resources import assets_folder
from pipeline.song.settings import SongSettings
from pipeline.stages.sample import check
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.songs.plan import song_plan
from pipeline.stages.shared.songs.singing import song_pieces
from tests.song.tunes import midi_bytes

FILM = """
title = "Songs"
[[section]]
title = "One"
recordings = ["voice.wav"]
[[song]]
title = "It sings"
melody = "tune.mid"
lyrics = "words.txt"
translation = "other.txt"
[[song.voice]]
voice = "bank"
[[song.voice]]
voice = "bank"
transpose = -12
"""
TUNE = [(0, 1, 60), (1, 1, 62), (4, 1, 64), (5, 1, 65), (8, 2, 67)]


def film(folder: Path, words: str = "one two\nthree four\nfive", **files: str) -> Production:
    (folder / "bank").mkdir(exist_ok=True)
    tone = 0.3 * np.sin(2 * np.pi * 200 * np.arange(8000) / 16000)
    soundfile.write(folder / "bank" / "a.wav", tone, 16000)
    soundfile.write(folder / "voice.wav", tone, 16000)
    (folder / "tune.mid").write_bytes(midi_bytes([TUNE]))
    (folder / "words.txt").write_text(words)
    (folder / "other.txt").write_text("eins\nzwei\ndrei")
    (folder / "production.toml").write_text(FILM + files.get("more", ""))
    return load_production(folder)


def keys(production: Production) -> dict[str, str]:
    return {piece.name: piece.key for piece in song_pieces(production, Results(), {})}


def changed(folder: Path, words: str) -> set[str]:
    before, after = keys(film(folder)), keys(film(folder, words))
    return {name for name in before if before[name] != after[name]}


def test_one_changed_syllable_sings_one_phrase_of_each_voice_anew(tmp_path: Path) -> None:
    both = {"song-1/voice-1/phrase-002", "song-1/voice-2/phrase-002", "song-1/song"}
    assert changed(tmp_path, "one two\nthree sore\nfive") == both
    assert changed(tmp_path, "one two\nthree four\nfive") == set()


def test_a_phrase_moved_in_time_is_not_sung_anew(tmp_path: Path) -> None:
    before = keys(film(tmp_path))
    moved = [(beat + 2 * (beat > 3), length, key) for beat, length, key in TUNE]
    (tmp_path / "tune.mid").write_bytes(midi_bytes([moved]))
    after = keys(load_production(tmp_path))
    assert {name for name in before if before[name] != after[name]} == {"song-1/song"}


def test_a_changed_translation_sings_nothing_anew(tmp_path: Path) -> None:
    before = keys(film(tmp_path))
    (tmp_path / "other.txt").write_text("uno\ndue\ntre")
    after = keys(load_production(tmp_path))
    assert {name for name in before if before[name] != after[name]} == {"song-1/song"}


def test_lyrics_that_do_not_fit_are_an_error_at_their_line_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ProductionError, match="The lyrics have 6 syllables, and the melody has 5 notes") as caught:
        check(film(tmp_path, "# by me\none two\n\nthree four\nfive six"))
    assert caught.value.where.endswith("song 1, lyrics: words.txt, line 5")
    with pytest.raises(ProductionError, match="The translation has 3 lines, and the lyrics have 2") as caught:
        check(film(tmp_path, "one two\nthree four five"))
    assert caught.value.where.endswith("song 1, translation: other.txt, line 3")


def test_a_cut_that_is_too_short_for_its_songs_is_an_error_before_anything_is_made(tmp_path: Path) -> None:
    check(film(tmp_path, more='[[cut]]\nname = "a"\nseconds = 12\ncards = "none"\nsongs = "all"\n'))
    with pytest.raises(ProductionError, match=r"songs last 7\.5 s.* needs 9\.1 s") as caught:
        check(film(tmp_path, more='[[cut]]\nname = "a"\nseconds = 9\ncards = "none"\nsongs = [1]\n'))
    assert "seconds = 10" in caught.value.hint


@pytest.mark.parametrize(
    ("after", "shown", "place"),
    [
        ("section 2", [1, 3], "section 1"),
        ("section 3", [1, 3], "section 1"),
        ("section 4", [1, 3], "section 2"),
        ("section 1", [1, 3], "section 1"),
        (None, [0, 2], "section 2"),
        ("comparison", [0], "comparison"),
    ],
)
def test_in_a_cut_a_song_follows_what_its_section_became(after: str | None, shown: list[int], place: str) -> None:
    song = SongSettings.model_validate({"title": "x", "melody": "y", "after": after, "voice": [{"voice": "z"}]})
    assert _moved(song, 5, shown).after == place


@pytest.mark.parametrize("field", ["picture", "backing"])
def test_what_is_no_picture_or_no_sound_is_an_error_before_anything_is_made(field: str, tmp_path: Path) -> None:
    film(tmp_path)
    for name in ("words.txt", "absent.x"):
        path = tmp_path / "production.toml"
        path.write_text(FILM.replace('lyrics = "words.txt"', f'lyrics = "words.txt"\n{field} = "{name}"'))
        production = load_production(tmp_path)
        with pytest.raises(BuildVideoError) as caught:
            check(production)
        assert f"song 1, {field}: " in caught.value.where
        assert caught.value.where.endswith(name)


def test_the_song_that_is_shipped_has_a_word_and_a_line_of_translation_for_each_note() -> None:
    shipped = load_production(assets_folder() / "song" / "song.toml", allow_outside=True)
    check(shipped)
    plan = song_plan(shipped, 0)
    assert [bool(line.text and line.translation) for line in plan.lines()] == [True] * 4
    assert len(plan.voices) == 3
