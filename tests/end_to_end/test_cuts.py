"""Cuts beside the tiny film, and parts of it as files of their own: all from the same takes."""

import json
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from pipeline.build.films import build_all, build_one, check_cut, survey_all
from pipeline.errors import FootageError, InputError
from pipeline.film.delivery.check import check_file
from pipeline.film.delivery.found import films_in
from pipeline.outputs.clips import film_clip
from pipeline.outputs.exports import LoopWish, write_loop, write_sounds
from pipeline.outputs.looking import Look, look
from pipeline.outputs.preview import write_still
from pipeline.production.schema import Production, load_production
from pipeline.runtime.progress.reporter import Silence, WorkStart
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.cleaner import CleaningRules, choose_results
from pipeline.store.store import Store
from tests.end_to_end.conftest import Built
from tests.end_to_end.productions import say_here

CUTS = """
[[cut]]
name = "short"
seconds = 5
title_seconds = 1
[[cut]]
name = "teaser"
layout = "square"
width = 128
height = 128
seconds = 3
sections = "best"
cards = "none"
theme = "paper"
title = "A teaser"
"""


class Listener(Silence):
    def __init__(self) -> None:
        self.begun: list[str] = []
        self.notes: list[str] = []

    def begin(self, work: WorkStart) -> None:
        self.begun.append(f"{work.stage} {work.label}")

    def note(self, text: str) -> None:
        self.notes.append(text)


def looked(cuts: "WithCuts", cut: str | None = None) -> AbstractContextManager[Look]:
    return look(cuts.production, cuts.workplace, cut, beside=False)


@dataclass(frozen=True)
class WithCuts:
    film: Built
    production: Production
    workplace: Workplace
    begun: list[str]
    notes: list[str]


@pytest.fixture(scope="module")
def cuts(built: Built, tmp_path_factory: pytest.TempPathFactory) -> WithCuts:
    folder = tmp_path_factory.mktemp("cuts") / "film"
    shutil.copytree(built.folder, folder)
    with (folder / "tiny.toml").open("a", encoding="utf-8") as file:
        file.write(CUTS)
    production, listener = load_production(folder / "tiny.toml"), Listener()
    output = folder / "out" / "tiny"
    workplace = Workplace(Store(output / "work"), output, listener)
    build_all(production, workplace)
    return WithCuts(Built(folder, folder / "tiny.toml", output), production, workplace, listener.begun, listener.notes)


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def test_cuts_are_as_long_and_as_large_as_asked_with_everything_beside_them(cuts: WithCuts) -> None:
    for name, frames, size in (("short", 150, (180, 320)), ("teaser", 90, (128, 128))):
        folder = cuts.film.output / name
        timeline = json.loads((folder / "timeline.json").read_text())
        assert timeline["total_frames"] == frames
        shown = frames_of(folder / f"tiny-{name}.mp4")
        assert len(shown) == frames
        assert shown[0].shape == (size[1], size[0], 3)
        beside = {path.name for path in folder.iterdir()}
        assert {f"tiny-{name}.srt", f"tiny-{name}.vtt", "description.txt", "timeline.otio", "thumbnail.png"} <= beside
        assert all(finding.holds for finding in check_file(folder / f"tiny-{name}.mp4"))
        with Image.open(folder / "thumbnail.png") as thumbnail:
            assert max(thumbnail.size) == 1280
            assert thumbnail.width / thumbnail.height == pytest.approx(size[0] / size[1], abs=0.01)


def test_a_folder_is_checked_with_the_film_and_all_its_cuts(cuts: WithCuts, tmp_path: Path) -> None:
    assert [film.name for film in films_in(cuts.film.output)] == ["tiny.mp4", "tiny-short.mp4", "tiny-teaser.mp4"]
    with pytest.raises(FootageError, match="no film"):
        films_in(tmp_path)


def test_a_cut_is_told_under_its_own_title_and_theme(cuts: WithCuts) -> None:
    assert (cuts.film.output / "teaser" / "description.txt").read_text().startswith("A teaser\n")
    assert frames_of(cuts.film.output / "teaser" / "tiny-teaser.mp4")[45].mean() > 128  # paper is light
    assert frames_of(cuts.film.output / "short" / "tiny-short.mp4")[45].mean() < 128


def test_the_best_section_is_told_where_others_were_tried_on_other_sound(cuts: WithCuts) -> None:
    (told,) = [note for note in cuts.notes if "best" in note]
    assert 'sections = "best" shows section 2: section 1 was tried on other sound' in told
    assert "sections = [1]" in told


def test_nothing_is_trained_or_said_for_a_cut_and_the_film_stays(built: Built, cuts: WithCuts) -> None:
    assert {word.partition(":")[0] for word in cuts.begun if "takes" not in word} >= {"render short", "render teaser"}
    assert not [word for word in cuts.begun if word.startswith(("prepare", "train", "sample"))]
    assert cuts.film.film.read_bytes() == built.film.read_bytes()
    takes = {path.parent.name for path in (cuts.film.output / "work" / "sample").glob("*/record.json")}
    assert takes == {path.parent.name for path in (built.output / "work" / "sample").glob("*/record.json")}


def test_a_second_build_of_film_and_cuts_makes_nothing(cuts: WithCuts) -> None:
    surveys = survey_all(cuts.production, cuts.workplace)
    assert [one.cut for one in surveys if one.stage == "compose"] == ["", "short", "teaser"]
    assert {one.state for one in surveys} == {"fresh"}
    before = {path: path.stat() for path in cuts.film.output.rglob("*") if path.is_file()}
    build_all(cuts.production, cuts.workplace)
    assert {path: path.stat() for path in cuts.film.output.rglob("*") if path.is_file()} == before


def test_cleaning_keeps_what_the_film_and_its_cuts_stand_on(cuts: WithCuts) -> None:
    assert choose_results(cuts.workplace.store, CleaningRules()) == []


def test_a_cut_can_be_asked_for_alone(cuts: WithCuts, tmp_path: Path) -> None:
    with looked(cuts, "short") as shown:
        assert shown.is_real
        write_still(shown, tmp_path / "still.png", at="2.5")
    with Image.open(tmp_path / "still.png") as still:
        assert still.size == (180, 320)
        drawn = np.asarray(still.convert("RGB"), dtype=float)
    assert np.abs(frames_of(cuts.film.output / "short" / "tiny-short.mp4")[75] - drawn).mean() < 6
    with pytest.raises(InputError, match="no cut 'shrot'") as raised:
        build_one(cuts.production, cuts.workplace, cut="shrot")
    assert "short, teaser" in raised.value.expected
    with pytest.raises(InputError, match="'train' is the film's"):
        check_cut("train", "short")
    told = say_here("status", cuts.film.production, "--cut", "teaser", cwd=cuts.film.folder).stdout
    assert "cut teaser:" in told
    assert "cut short:" not in told


def test_cuts_wait_for_the_films_takes(cuts: WithCuts, tmp_path: Path) -> None:
    empty = Workplace(Store(tmp_path / "work"), tmp_path)
    waiting = {one.stage: one.why for one in survey_all(cuts.production, empty, cut="short") if one.cut}
    assert waiting == dict.fromkeys(("storyboard", "cards", "render", "compose"), "waits for prepare")


@pytest.mark.parametrize(("kind", "rate"), [("gif", Fraction(20)), ("mp4", Fraction(30))])
def test_a_loop_ends_where_it_begins(cuts: WithCuts, kind: str, rate: Fraction, tmp_path: Path) -> None:
    wish = LoopWish("gif" if kind == "gif" else "mp4", section=1, take=23, seconds=2.0, width=160)
    with looked(cuts) as shown:
        path = write_loop(shown, wish, None)
    assert path.name == f"tiny-section-1-iteration-000024.{kind}"
    with av.open(str(path)) as file:
        assert not file.streams.audio
        assert file.streams.video[0].average_rate == rate
    pictures = [frame.astype(float) for frame in frames_of(path)]
    assert len(pictures) == 2 * rate
    assert pictures[0].shape == (90, 160, 3)
    steps = [np.abs(one - other).mean() for one, other in pairwise(pictures)]
    assert np.abs(pictures[-1] - pictures[0]).mean() < 2 * max(steps[: len(steps) // 2])
    assert np.abs(pictures[-1] - pictures[0]).mean() < np.abs(pictures[len(pictures) // 2] - pictures[0]).mean()
    with looked(cuts, "teaser") as shown:
        named = write_loop(shown, wish, tmp_path / f"mine.{kind}")
    assert frames_of(named)[0].shape[:2] == (128, 128)  # never larger than it was drawn


def test_a_cut_is_a_clip_for_other_films_too(cuts: WithCuts) -> None:
    with film_clip(cuts.film.production, cut="short", output=cuts.film.output) as clip:
        assert clip.duration == 5.0
        assert clip.size == (180, 320)
        np.testing.assert_allclose(
            clip.get_frame(2.5), frames_of(cuts.film.output / "short" / "tiny-short.mp4")[75], atol=60
        )


def test_a_loop_of_what_is_not_there_is_refused(cuts: WithCuts, tmp_path: Path) -> None:
    with looked(cuts) as shown:
        with pytest.raises(InputError, match="no section 7"):
            write_loop(shown, LoopWish("gif", section=7), None)
        with pytest.raises(InputError, match="not a name for such a loop"):
            write_loop(shown, LoopWish("gif"), tmp_path / "loop.mp4")


@pytest.mark.parametrize(("form", "own_rate"), [("wav", True), ("flac", False)])
def test_the_soundtrack_and_every_take_can_be_had_as_sounds(cuts: WithCuts, form: str, own_rate: bool) -> None:  # noqa: FBT001 - parametrised
    chosen = "wav" if form == "wav" else "flac"
    with looked(cuts) as shown:
        written = write_sounds(shown, chosen, at_own_rate=own_rate)
    names = [path.name for path in written]
    assert names[0] == f"tiny-soundtrack.{form}"
    assert f"tiny-section-2-iteration-000020.{form}" in names
    assert len(names) == 7
    assert {path.name for path in written[0].parent.iterdir() if path.suffix == f".{form}"} == set(names)
    timeline = json.loads((cuts.film.output / "timeline.json").read_text())
    track = soundfile.info(written[0])
    assert (track.samplerate, track.channels, track.subtype) == (48000, 2, "PCM_24")
    assert track.frames == timeline["total_frames"] * 1600
    take = soundfile.info(written[-1])
    assert (take.samplerate, take.subtype) == ((8000, "PCM_16") if own_rate else (48000, "PCM_24"))
    (folder,) = [path for path in cuts.film.output.glob("work/sample/*") if take_of(path) == (20, 0.9)]
    assert take.duration == pytest.approx(len(np.load(folder / "take.npy")) / 8000, abs=0.001)
    if own_rate:
        heard, _ = soundfile.read(folder / "take.wav", dtype="int16")
        np.testing.assert_array_equal(soundfile.read(written[-1], dtype="int16")[0], heard)


def take_of(folder: Path) -> tuple[int, float]:
    record = folder / "record.json"
    told = json.loads(record.read_text()) if record.is_file() else {}
    return told.get("iteration", -1), told.get("temperature", 0)


def test_a_fault_in_a_cuts_words_is_told_before_anything_is_trained(cuts: WithCuts, tmp_path: Path) -> None:
    text = cuts.film.production.read_text(encoding="utf-8")
    empty = Workplace(Store(tmp_path / "work"), tmp_path)
    for line, word in (
        ('[[cut.take]]\niteration = 0\ncaption = "{{ iteraton }}"\n', "iteraton"),
        ('[[cut]]\nname = "third"\ntheme = "midnite"\n', "midnite"),
        ('[[cut]]\nname = "fourth"\ntitle = "\\U00013000"\n', "U\\+13000"),
    ):
        other = cuts.film.folder / "other.toml"
        other.write_text(text + line, encoding="utf-8")
        with pytest.raises(InputError, match=word):
            build_all(load_production(other), empty)
        assert not list(tmp_path.iterdir())
