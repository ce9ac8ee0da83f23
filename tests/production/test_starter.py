"""A film that begins with recordings: what is made of them, where, and what is refused."""

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import InputError, OutputError, RecordingError
from pipeline.production.recordings import gather_recordings, natural_order, recordings_in
from pipeline.production.schema import load_production
from pipeline.production.starter import are_recordings, film_of, place_for_film, start_production
from tests.end_to_end.productions import Said, say_here, voice_like


def record(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, voice_like(6, 8000, seed=seed), 8000)
    return path


def refused(ran: Said, *words: str) -> None:
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    for word in words:
        assert word in ran.stderr


def test_a_film_begins_beside_its_recordings_and_is_found_again(tmp_path: Path) -> None:
    voice, other = record(tmp_path / "my voice.wav"), record(tmp_path / "b" / "my voice.wav", seed=1)
    results, is_new = film_of([voice, other])
    assert is_new
    assert results == tmp_path / "my-voice-film" / "production.toml"
    paths = load_production(results).recording_paths(0)
    assert [path.read_bytes() for path in paths] == [voice.read_bytes(), other.read_bytes()]
    assert film_of([voice, other]) == (results, False)
    with pytest.raises(InputError, match="other recordings"):
        film_of([record(voice, seed=2)])


def test_the_starter_is_commented_and_given_in_minutes(tmp_path: Path) -> None:
    results = start_production(tmp_path / "film", recordings=[record(tmp_path / "voice.flac")])
    assert results.read_text(encoding="utf-8").count("#") > 10
    section = load_production(results).sections[0]
    assert section.recordings == ()
    assert section.training.minutes is not None


def test_a_folder_gives_its_recordings_in_the_order_that_people_expect(tmp_path: Path) -> None:
    for name in ("take-10.wav", "take-2.flac", "Take-1.wav"):
        record(tmp_path / name)
    (tmp_path / "notes.txt").write_text("words", encoding="utf-8")
    (tmp_path / ".hidden.wav").write_bytes((tmp_path / "take-10.wav").read_bytes())
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / "me.jpg")
    (tmp_path / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    assert [path.name for path in recordings_in(tmp_path)] == ["Take-1.wav", "take-2.flac", "take-10.wav"]
    assert place_for_film([tmp_path]) == tmp_path.parent / f"{tmp_path.name}-film"


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=9)


@given(names=st.lists(NAMES), random=st.randoms())
def test_any_names_have_one_order(names: list[str], random: Random) -> None:
    paths = [Path(name) for name in names]
    shuffled = random.sample(paths, len(paths))
    assert sorted(paths, key=natural_order) == sorted(shuffled, key=natural_order)


def test_what_is_no_recording_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "voice.m4a").write_text("this is no sound\n" * 50, encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for wrong in ("voice.m4a", "empty", "nothing.wav"):
        with pytest.raises(RecordingError):
            film_of([tmp_path / wrong])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "voice.m4a"]


def test_a_picture_is_told_as_one_and_nothing_is_begun_of_it(tmp_path: Path) -> None:
    picture = Image.new("RGB", (8, 8))
    for name in ("me.gif", "me.png", "me.webp", "me.jpg", "me.bmp", "me.tiff"):
        picture.save(tmp_path / name)
        assert are_recordings([tmp_path / name])  # and so no production file with mistakes
        with pytest.raises(RecordingError, match=r"This is an? .*picture"):
            film_of([tmp_path / name])
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_a_production_is_no_recording(tmp_path: Path) -> None:
    results = start_production(tmp_path / "film")
    (tmp_path / "film.conf").write_text("title = 'x'", encoding="utf-8")
    record(tmp_path / "speech.wav").rename(tmp_path / "speech")
    assert not are_recordings([results])
    assert not are_recordings([tmp_path / "film"])
    assert not are_recordings([tmp_path / "film.conf"])
    assert not are_recordings([tmp_path / "nothing.toml"])
    assert are_recordings([tmp_path / "speech"])
    assert are_recordings([tmp_path])


def test_another_recording_of_the_same_name_is_not_overwritten(tmp_path: Path) -> None:
    mine = record(tmp_path / "film" / "recordings" / "voice.wav").read_bytes()
    with pytest.raises(OutputError, match="another recording"):
        start_production(tmp_path / "film", recordings=[record(tmp_path / "voice.wav", seed=1)])
    assert (tmp_path / "film" / "recordings" / "voice.wav").read_bytes() == mine
    assert not (tmp_path / "film" / "production.toml").exists()


def test_a_section_without_recordings_hears_all_that_lie_beside_the_production(tmp_path: Path) -> None:
    results = start_production(tmp_path)
    with pytest.raises(RecordingError, match="no recording"):
        load_production(results).recording_paths(0)
    record(tmp_path / "recordings" / "b.wav")
    record(tmp_path / "recordings" / "a.wav")
    assert [path.name for path in load_production(results).recording_paths(0)] == ["a.wav", "b.wav"]
    (tmp_path / "recordings" / "out.wav").symlink_to(record(tmp_path.parent / "elsewhere.wav"))
    with pytest.raises(InputError, match="outside"):
        load_production(results).recording_paths(0)


def test_missing_files_are_told_with_those_that_are_there(tmp_path: Path) -> None:
    results = start_production(tmp_path)
    record(tmp_path / "recordings" / "en.wav")
    (tmp_path / "recordings" / "words.txt").write_text("words", encoding="utf-8")
    results.write_text(
        'title = "x"\n[[section]]\ntitle = "y"\nrecordings = ["recordings/voice.wav"]\n', encoding="utf-8"
    )
    ran = say_here("status", cwd=tmp_path, check=False)
    refused(ran, "voice.wav", "en.wav")
    assert "words.txt" not in ran.stderr
    with pytest.raises(RecordingError) as caught:
        gather_recordings([tmp_path / "recordings" / "enn.wav"])
    assert "en.wav" in caught.value.hint


def test_init_takes_recordings(tmp_path: Path) -> None:
    record(tmp_path / "voice.wav")
    record(tmp_path / "others" / "one.wav")
    ran = say_here("init", "my film", "voice.wav", "others", cwd=tmp_path)
    assert ran.stdout.strip() == str(Path("my film", "production.toml"))
    assert "build-video 'my film'" in ran.stderr
    assert sorted(path.name for path in (tmp_path / "my film" / "recordings").iterdir()) == ["one.wav", "voice.wav"]
    assert say_here("init", "voice.wav", cwd=tmp_path).stdout.strip() == str(Path("voice-film", "production.toml"))
    refused(say_here("init", "other", "nothing.wav", cwd=tmp_path, check=False), "nothing.wav", "voice.wav")
    assert not (tmp_path / "other").exists()


def test_recordings_on_the_command_line_are_a_film(tmp_path: Path) -> None:
    record(tmp_path / "voice.wav")
    told = say_here("--dry-run", "voice.wav", cwd=tmp_path).stderr
    assert "voice-film" in told
    assert not (tmp_path / "voice-film").exists()
    refused(say_here("prepare", "voice.wav", cwd=tmp_path, check=False), "no film of this recording", "init")
    say_here("init", "voice.wav", cwd=tmp_path)
    states = json.loads(say_here("--json", "--dry-run", "voice.wav", cwd=tmp_path).stdout.splitlines()[-1])
    assert states[0]["stage"] == "prepare"
    assert json.loads(say_here("status", "voice.wav", "--json", cwd=tmp_path).stdout)[0]["state"] == "missing"
    refused(say_here("voice.wav", "voice-film", cwd=tmp_path, check=False), "not all recordings")


def test_where_the_demo_is_meant_it_is_said_first(tmp_path: Path) -> None:
    for command in (["status"], ["--dry-run"], ["clean", "--dry-run"], ["prepare", "--dry-run"]):
        assert "demo" in say_here(*command, cwd=tmp_path).stdout.splitlines()[0]
    told = say_here("status", "--json", cwd=tmp_path)
    assert json.loads(told.stdout)
    assert "demo" in told.stderr.splitlines()[0]
    for command in (["still"], ["export", "gif", "--to", "x.txt"], ["storyboard", "--sheet", "sheet.txt"]):
        ran = say_here(*command, "-o", "x", "--cut", "none", cwd=tmp_path, check=False)
        assert "demo" in ran.stderr.splitlines()[0], ran.stderr
    begun = record(tmp_path / "recordings" / "a.wav")
    (tmp_path / "production.toml").write_text('title = "x"\n[[section]]\ntitle = "y"\n', encoding="utf-8")
    assert begun.exists()
    assert "demo" not in say_here("status", cwd=tmp_path).stdout
