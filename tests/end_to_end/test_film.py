"""A whole build, from recordings to MP4, checked by decoding what came out."""

import json
import os
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from tests.end_to_end.conftest import Built
from tests.end_to_end.productions import build_video, make_tiny, say_here
from tests.faults.tiny import make_small


def timeline_of(output: Path) -> dict[str, object]:
    loaded = json.loads((output / "timeline.json").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def count_frames(film: Path) -> int:
    with av.open(str(film)) as container:
        return sum(1 for _ in container.decode(video=0))


def audio_seconds(film: Path) -> float:
    with av.open(str(film)) as container:
        return sum(frame.samples for frame in container.decode(audio=0)) / 48000


def test_the_film_has_the_frames_and_the_sound_that_the_timeline_promises(built: Built) -> None:
    timeline = timeline_of(built.output)
    frames = count_frames(built.film)
    assert frames == timeline["total_frames"]
    assert abs(audio_seconds(built.film) - frames / 30) < 1 / 30 + 2 * 1024 / 48000


def test_the_film_is_tagged_as_players_expect(built: Built) -> None:
    with av.open(str(built.film)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        context = video.codec_context
        assert (video.width, video.height, video.average_rate) == (320, 180, Fraction(30))
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (int(context.colorspace), int(context.color_range), int(context.color_primaries)) == (1, 1, 1)
        assert (audio.codec_context.name, audio.rate) == ("aac", 48000)
        titles = [chapter["metadata"]["title"] for chapter in container.chapters()]
    assert any("One" in title for title in titles)
    assert any("Two" in title for title in titles)
    head = built.film.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")


def test_every_section_goes_from_card_to_recording_to_takes_in_training_order(built: Built) -> None:
    clips = timeline_of(built.output)["clips"]
    assert isinstance(clips, list)
    assert [clip.get("card", clip["kind"]) for clip in clips] == [
        "title", "section", "scene", "section", "scene", "comparison", "credits",
    ]  # fmt: skip
    for clip in clips:
        if clip["kind"] == "scene":
            iterations = [sound["iteration"] for sound in clip["sounds"] if sound["kind"] == "take"]
            assert clip["sounds"][0]["kind"] == "recording"
            assert iterations == sorted(iterations)
            assert iterations[0] == 0


def test_a_second_build_makes_nothing_again(built: Built) -> None:
    before = built.film.stat().st_mtime_ns
    assert {one["state"] for one in status(built.production, built.folder)} == {"fresh"}
    say_here(built.production, cwd=built.folder)
    assert built.film.stat().st_mtime_ns == before


def status(production: Path, cwd: Path, *options: str) -> list[dict[str, object]]:
    found = json.loads(say_here("status", production, "--json", *options, cwd=cwd).stdout)
    assert isinstance(found, list)
    return found


def copy_of(built: Built, folder: Path) -> Built:
    shutil.copytree(built.folder, folder)
    return Built(folder, folder / built.production.name, folder / "out" / "tiny")


def stale_pieces(production: Path, cwd: Path) -> dict[str, list[str]]:
    return {
        str(one["stage"]): [piece["name"] for piece in one["pieces"] if piece["state"] != "fresh"]  # type: ignore[attr-defined]
        for one in status(production, cwd)
    }


def edit(production: Path, old: str, new: str) -> None:
    text = production.read_text(encoding="utf-8")
    assert old in text
    production.write_text(text.replace(old, new), encoding="utf-8")


def test_deleting_the_film_only_composes(built: Built, tmp_path: Path) -> None:
    copy = copy_of(built, tmp_path / "copy")
    original = copy.film.read_bytes()
    copy.film.unlink()
    stale = stale_pieces(copy.production, copy.folder)
    assert [stage for stage, names in stale.items() if names] == ["compose"]
    say_here(copy.production, cwd=copy.folder)
    assert copy.film.read_bytes() == original


def test_a_changed_caption_redraws_only_the_segments_that_show_it(built: Built, tmp_path: Path) -> None:
    copy = copy_of(built, tmp_path / "copy")
    with copy.production.open("a", encoding="utf-8") as file:
        file.write('[[section.caption]]\ntext = "Hello there"\niteration = 15\nseconds = 1.0\n')
    stale = stale_pieces(copy.production, copy.folder)
    assert stale["prepare"] == stale["train"] == stale["sample"] == stale["cards"] == []
    redrawn = stale["render"]
    everything = json.loads((copy.output / "timeline.json").read_text())["clips"]
    assert 1 <= len(redrawn) <= 2
    assert len(everything) > len(redrawn)
    say_here(copy.production, cwd=copy.folder)
    assert count_frames(copy.film) == timeline_of(copy.output)["total_frames"]


def test_another_temperature_touches_one_section_alone(built: Built, tmp_path: Path) -> None:
    copy = copy_of(built, tmp_path / "copy")
    edit(copy.production, "temperature = 0.9", "temperature = 0.7")
    stale = stale_pieces(copy.production, copy.folder)
    assert stale["prepare"] == stale["train"] == []
    assert stale["sample"]
    assert all(name.startswith("section-2/") for name in stale["sample"])
    first = {name for name, _ in _segments_of(copy.output, section=0)}
    say_here("render", copy.production, cwd=copy.folder)
    assert first <= {name for name, _ in _segments_of(copy.output, section=0)}


def _segments_of(output: Path, section: int) -> list[tuple[str, int]]:
    """Folders of the segments that show a section's scene, with the time at which they were made."""
    clips = json.loads((output / "timeline.json").read_text())["clips"]
    scene = next(clip for clip in clips if clip["kind"] == "scene" and clip["section"] == section)
    found = []
    for record in (output / "work" / "render").glob("*/record.json"):
        told = json.loads(record.read_text())
        if scene["start_frame"] <= told["start_frame"] < scene["end_frame"]:
            found.append((record.parent.name, record.stat().st_mtime_ns))
    return found


def test_dry_run_makes_nothing_and_notes_names_of_before(tmp_path: Path) -> None:
    production = make_tiny(tmp_path)
    text = production.read_text(encoding="utf-8")
    production.write_text(text.replace("recipe = ", "rescues = 2, recipe = ", 1), encoding="utf-8")
    for name, words in {"take": "{{ epoch }}", "description": "{{ title }}", "cards": "{{ subtitle }}"}.items():
        (tmp_path / "templates" / "captions").mkdir(parents=True, exist_ok=True)
        (tmp_path / "templates" / "captions" / f"{name}.txt").write_text(words, encoding="utf-8")
    ran = say_here(production, "--dry-run", cwd=tmp_path)
    assert "prepare" in ran.stdout
    for old in ("training.rescues", "'epoch'", "'title'", "'subtitle'"):
        assert ran.stderr.count(f"{old}") == 1, ran.stderr
    told = say_here(production, "--dry-run", "--json", cwd=tmp_path)
    assert json.loads(told.stdout)[0]["stage"] == "prepare"
    assert "'epoch'" in told.stderr
    assert "'title'" not in say_here("storyboard", production, "--dry-run", cwd=tmp_path).stderr
    assert not (tmp_path / "out").exists()


def test_a_still_is_a_frame_of_the_film(built: Built, tmp_path: Path) -> None:
    picture = tmp_path / "still.png"
    say_here("still", built.production, "--at", "0:03.5", "-o", picture, cwd=built.folder)
    still = np.asarray(Image.open(picture).convert("RGB"), dtype=float)
    with av.open(str(built.film)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index == 105:
                decoded = frame.to_ndarray(format="rgb24").astype(float)
                break
    assert still.shape == decoded.shape
    assert np.abs(still - decoded).mean() < 6


def test_a_sheet_shows_every_card_insert_and_take_in_order(built: Built, tmp_path: Path) -> None:
    production = make_tiny(tmp_path)
    shutil.copytree(built.output, tmp_path / "out" / "tiny")
    Image.new("RGB", (64, 36), (240, 0, 240)).save(tmp_path / "logo.png")
    insert = '[[insert]]\nfile = "logo.png"\nafter = "title"\nseconds = 1.5\n'
    production.write_text(production.read_text() + insert)
    say_here("storyboard", production, "--sheet", "sheet.png", cwd=tmp_path)
    with Image.open(tmp_path / "sheet.png") as image:
        sheet = np.asarray(image.convert("RGB")).astype(int)
    seen = (np.abs(sheet - (240, 0, 240)) < 12).all(axis=2)
    assert seen.sum() > 20_000, "the insert is there"
    assert np.flatnonzero(seen.any(axis=1)).min() < 60, "in the first row, after the title"


def test_a_draft_is_small_and_shares_training_and_takes(built: Built, tmp_path: Path) -> None:
    copy = copy_of(built, tmp_path / "copy")
    edit(copy.production, "width = 320\nheight = 180", "width = 960\nheight = 540")
    stale = {one["stage"]: one["state"] for one in status(copy.production, copy.folder, "--draft")}
    assert stale["prepare"] == stale["train"] == stale["sample"] == "fresh"
    say_here(copy.production, "--draft", cwd=copy.folder)
    with av.open(str(copy.output / "draft" / "tiny.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (640, 360)
    assert copy.film.exists()


def test_an_exact_broadcast_rate_works_all_the_way(built: Built, tmp_path: Path) -> None:
    copy = copy_of(built, tmp_path / "copy")
    edit(copy.production, "frame_rate = 30", 'frame_rate = "30000/1001"')
    say_here(copy.production, cwd=copy.folder)
    with av.open(str(copy.film)) as container:
        assert container.streams.video[0].average_rate == Fraction(30000, 1001)
    frames = count_frames(copy.film)
    assert frames == timeline_of(copy.output)["total_frames"]
    assert abs(audio_seconds(copy.film) - frames * 1001 / 30000) < 1 / 29 + 2 * 1024 / 48000


def test_a_folder_whose_name_is_no_text_takes_a_film(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    make_small(tmp_path / "here").parent.rename(folder)
    production = folder / "small.toml"
    Image.new("RGB", (64, 36), (0, 100, 0)).save(folder / "logo.png")
    text = production.read_text(encoding="utf-8") + '[[insert]]\nfile = "logo.png"\nseconds = 1\n'
    production.write_text(text, encoding="utf-8")
    output = folder / "out"
    strict = {"PYTHONIOENCODING": "utf-8:strict"}
    ran = build_video(production, "--draft", "-o", output, cwd=tmp_path, env=strict)
    assert (output / "draft" / "small.mp4").is_file()
    assert os.fsencode(ran.stdout.strip()) == os.fsencode(output / "draft" / "small.mp4")
    told = build_video(production, "--draft", "-o", output, "--json", cwd=tmp_path, env=strict).stdout.splitlines()
    assert json.loads(told[-1])["film"] == str(output / "draft" / "small.mp4")
