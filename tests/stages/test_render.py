from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import ProductionError, StageError
from pipeline.ffmpeg.process import run
from pipeline.film.encoding.encoder import plan_encoder
from pipeline.film.planning.settings import VideoSettings
from pipeline.film.timeline.segments import split
from pipeline.film.timeline.timeline import SceneClip, Timeline
from pipeline.production.schema import Production
from pipeline.runtime.executor import ProcessExecutor
from pipeline.runtime.machine import usable_cores
from pipeline.runtime.progress.reporter import Part, Silence, WorkStart
from pipeline.stages import cards, compose, render, storyboard
from pipeline.stages.shared import drawers
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Result, Store
from tests.stages import made_up

VIDEO = {"width": 320, "height": 180, "quality": "web"}


class Listener(Silence):
    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.done = 0.0

    def begin(self, work: WorkStart) -> None:
        self.begun.append((work.stage, work.label))
        self.total, self.unit = work.total, work.unit

    def advance(self, done: float, detail: str = "") -> None:  # noqa: ARG002 - the protocol's name
        self.done = done

    def parts(self, parts: Sequence[Part], left_s: float | None) -> None:
        self.told, self.left_s = tuple(parts), left_s


def production(**changes: Any) -> Production:
    return made_up.production(video=VIDEO, **changes)


def until_cards(production: Production, root: Path, **options: Any) -> tuple[Workplace, Results]:
    store, results = made_up.results(root / "work", **options)
    workplace = Workplace(store=store, output=root / "out", report=Listener())
    results = storyboard.run(production, results, workplace)
    return workplace, cards.run(production, results, workplace)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workplace, Results]:
    workplace, results = until_cards(production(), tmp_path_factory.mktemp("film"))
    return workplace, render.run(production(), results, workplace)


def timeline_of(results: Results) -> Timeline:
    assert results.timeline is not None
    return results.timeline.record


def decoded(path: Path) -> list[np.ndarray[Any, Any]]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray() for frame in film.decode(video=0)]


def stale(workplace: Workplace, production: Production, results: Results) -> list[int]:
    pieces = render.pieces(production, results)
    return [number for number, piece in enumerate(pieces) if workplace.store.state(piece).state != "fresh"]


def test_segments_show_what_a_still_of_the_same_frame_shows(rendered: tuple[Workplace, Results]) -> None:
    _, results = rendered
    for segment_range, segment in zip(split(timeline_of(results)), results.segments, strict=True):
        frames = decoded(segment.path(segment.record.video_file))
        assert len(frames) == segment_range.frames
        for index in {0, segment_range.frames // 2, segment_range.frames - 1}:
            still = drawers.draw_still(production(), results, segment_range.start_frame + index)
            difference = np.abs(frames[index].astype(int) - still.astype(int))
            assert difference.mean() < 2.5, segment_range
            assert frames[index].std() > 1 or still.std() < 3


def test_the_whole_film_passes_its_check(rendered: tuple[Workplace, Results]) -> None:
    workplace, results = rendered
    film = compose.run(production(), results, workplace).film
    assert film is not None
    assert len(decoded(workplace.output / "film.mp4")) == timeline_of(results).total_frames
    assert (workplace.output / "thumbnail.png").stat().st_size < 2_000_000


def test_nothing_is_rendered_twice(rendered: tuple[Workplace, Results]) -> None:
    workplace, results = rendered
    listener = Listener()
    again = render.run(production(), results, replace(workplace, report=listener))
    assert again.segments == results.segments
    assert listener.begun == []


def test_progress_is_counted_in_frames(rendered: tuple[Workplace, Results]) -> None:
    workplace, _ = rendered
    listener = workplace.report
    assert isinstance(listener, Listener)
    assert ("render", "segments") in listener.begun
    assert {part.name: part.share for part in listener.told} == {"cards": 1.0, "section-1": 1.0, "section-2": 1.0}
    assert listener.left_s == 0.0


def test_a_changed_caption_redraws_only_the_segments_that_show_it(rendered: tuple[Workplace, Results]) -> None:
    workplace, results = rendered
    story = {
        "take": [
            {"iteration": i, "seconds": s, "caption": c}
            for i, s, c in ((0, 0.8, None), (5, 0.9, None), (20, 1.1, None), (80, 1.2, "Listen!"))
        ]
    }
    first = production(storyboard_1={**story})
    other = production(storyboard_1={"take": [*story["take"][:3], {**story["take"][3], "caption": "Listen now!"}]})
    one = cards.run(first, storyboard.run(first, results, workplace), workplace)
    two = cards.run(other, storyboard.run(other, results, workplace), workplace)
    before = {piece.name: piece.key for piece in render.pieces(first, one)}
    after = {piece.name: piece.key for piece in render.pieces(other, two)}
    timeline = timeline_of(two)
    (caption,) = [caption for caption in timeline.captions if caption.text == "Listen now!"]
    shown = {s.name for s in split(timeline) if s.start_frame < caption.out_frame and s.end_frame > caption.in_frame}
    assert {name for name in after if after[name] != before[name]} == shown
    assert 0 < len(shown) < len(after)


def test_a_changed_temperature_redraws_that_section_alone(rendered: tuple[Workplace, Results]) -> None:
    workplace, results = rendered
    _, others = made_up.results(workplace.store.root, temperatures=(1.0, 0.8))
    results = storyboard.run(production(), replace(results, takes=others.takes), workplace)
    sections = {
        segment_range.clip.section if isinstance(segment_range.clip, SceneClip) else None
        for number, segment_range in enumerate(split(timeline_of(results)))
        if number in stale(workplace, production(), results)
    }
    assert sections == {1}


def test_a_changed_theme_redraws_everything(rendered: tuple[Workplace, Results]) -> None:
    workplace, results = rendered
    paper = made_up.production(video={**VIDEO, "theme": "paper"})
    assert len(stale(workplace, paper, results)) == len(results.segments)


def film_with_inserts(folder: Path, order: tuple[int, ...] = (0, 1), **changes: Any) -> Production:
    """Two stills play after the title, of 0.5 and 0.8 s."""
    inserts = [{"file": f"{number}.png", "seconds": 0.5 + 0.3 * number, "title": f"Still {number}"} for number in order]
    video = {**VIDEO, "width": 160, "height": 90, **changes.pop("video", {})}
    film = made_up.production(video=video, insert=inserts, **changes)
    film._folder = folder
    return film


@pytest.fixture(scope="module")
def with_inserts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Workplace, Results]:
    folder = tmp_path_factory.mktemp("inserts")
    for number, colour in enumerate(((0, 160, 0), (160, 0, 0))):
        Image.new("RGB", (64, 36), colour).save(folder / f"{number}.png")
    workplace, results = until_cards(film_with_inserts(folder), folder)
    return folder, workplace, render.run(film_with_inserts(folder), results, workplace)


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"video": {"title_seconds": 1.5}}, {"card-title-01"}),
        ({"video": {"credits_seconds": 2}}, {"card-credits-01"}),
        ({"video": {"comparison_seconds": 0}}, set()),
        ({"order": (1, 0)}, set()),
        ({"order": (1,)}, set()),
        ({"order": (0, 0, 1)}, set()),
        ({"storyboard_1": {"card_seconds": 2}}, {"card-section-1-01"}),
        ({"storyboard_2": {"seconds": 5}}, {"card-section-2-01", "scene-2-01"}),
    ],
)
def test_only_what_looks_different_is_drawn_again(
    with_inserts: tuple[Path, Workplace, Results], changes: dict[str, Any], again: set[str]
) -> None:
    folder, workplace, results = with_inserts
    other = film_with_inserts(folder, **changes)
    results = cards.run(other, storyboard.run(other, results, workplace), workplace)
    drawn = {piece.name: piece for piece in render.pieces(other, results)}
    assert {name for name, piece in drawn.items() if workplace.store.state(piece).state != "fresh"} <= again
    listener = Listener()
    before = set((workplace.store.root / render.STAGE).glob("*/segment.mp4"))
    rendered = render.run(other, results, replace(workplace, report=listener))
    made_now = set((workplace.store.root / render.STAGE).glob("*/segment.mp4")) - before
    assert len(made_now) <= len(again)
    assert (
        sum(s.record.end_frame - s.record.start_frame for s in rendered.segments) == timeline_of(results).total_frames
    )


def test_a_scene_looks_the_same_wherever_it_stands_in_the_film(with_inserts: tuple[Path, Workplace, Results]) -> None:
    folder, workplace, results = with_inserts
    film, later = film_with_inserts(folder), film_with_inserts(folder, video={"title_seconds": 2.5})
    moved = cards.run(later, storyboard.run(later, results, workplace), workplace)
    for here, there in zip(timeline_of(results).scenes(), timeline_of(moved).scenes(), strict=True):
        assert there.start_frame - here.start_frame == 45
        for frame in range(0, here.frames, 17):
            one = drawers.draw_still(film, results, here.start_frame + frame)
            two = drawers.draw_still(later, moved, there.start_frame + frame)
            assert np.array_equal(one, two), frame


def test_a_segment_that_was_lost_is_rendered_alone_and_comes_back_the_same(rendered: tuple[Workplace, Results]) -> None:
    workplace, results = rendered
    lost = results.segments[2]
    path = lost.path(lost.record.video_file)
    before = path.read_bytes()
    path.write_bytes(before[:-10])
    listener = Listener()
    again = render.run(production(), results, replace(workplace, report=listener))
    assert listener.total == lost.record.end_frame - lost.record.start_frame == listener.done
    assert again.segments == results.segments
    assert path.read_bytes() == before


def test_several_processes_make_the_same_film_as_one(rendered: tuple[Workplace, Results], tmp_path: Path) -> None:
    _, results = rendered
    workplace, other = until_cards(production(), tmp_path)
    other = render.run(production(), other, replace(workplace, jobs=2))

    def hashes(segments: tuple[Result[Any], ...]) -> list[str]:
        return [segment.content_hash for segment in segments]

    assert hashes(other.segments) == hashes(results.segments)


def test_the_films_picture_is_seen_in_scenes_and_redraws_them_alone(tmp_path: Path) -> None:
    _, results = until_cards(production(), tmp_path)
    dressed = made_up.production(video={**VIDEO, "picture": "logo.png"})
    dressed._folder = tmp_path
    Image.new("RGBA", (40, 40), (255, 0, 0, 255)).save(tmp_path / "logo.png")
    before, after = ([piece.key for piece in render.pieces(one, results)] for one in (production(), dressed))
    scenes = [isinstance(segment_range.clip, SceneClip) for segment_range in split(timeline_of(results))]
    assert [one != two for one, two in zip(before, after, strict=True)] == scenes
    frame = next(clip for clip in timeline_of(results).clips if isinstance(clip, SceneClip)).start_frame + 60
    plain, with_logo = (drawers.draw_still(one, results, frame) for one in (production(), dressed))
    assert not np.array_equal(plain, with_logo)
    assert np.array_equal(plain[28:180], with_logo[28:180]), "only the title's row is changed"


def test_without_a_timeline_there_is_nothing_to_render() -> None:
    with pytest.raises(StageError, match="no timeline"):
        render.pieces(production(), Results())


def test_inserts_are_seen_and_heard_where_they_were_put(tmp_path: Path) -> None:
    tone = ["-f", "lavfi", "-i", "color=red:s=64x36:r=24:d=1", "-f", "lavfi", "-i", "sine=frequency=600:duration=1"]
    run([*tone, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-y", str(tmp_path / "b.mp4")], timeout_s=60)
    Image.new("RGB", (200, 100), (0, 160, 0)).save(tmp_path / "logo.png")
    inserts = [
        {"file": "logo.png", "after": "start", "seconds": 0.5, "fade_seconds": 0, "title": "Intro"},
        {"file": "b.mp4", "after": "section", "section": 2, "fade_seconds": 0},
    ]
    cards_off = {"comparison_seconds": 0, "credits_seconds": 0, "title_seconds": 0}
    film = made_up.production(
        video={**VIDEO, **cards_off}, insert=inserts, storyboard_1={"takes": 2, "seconds": 2}, storyboard_2={"takes": 1}
    )
    film._folder = tmp_path
    workplace, results = until_cards(film, tmp_path)
    results = compose.run(film, render.run(film, results, workplace), workplace)
    timeline = timeline_of(results)
    assert timeline.clips[0].kind == timeline.clips[-1].kind == "insert"
    frames = decoded(workplace.output / "film.mp4")
    still = drawers.draw_still(film, results, 3)
    assert np.abs(frames[3].astype(int) - still.astype(int)).mean() < 2
    red = frames[-5][:180].mean(), frames[-5][180 * 5 // 4 :].mean()
    assert red[0] == pytest.approx(63, abs=6)
    assert red[1] > 220
    with av.open(str(workplace.output / "film.mp4")) as file:
        sound = np.concatenate([block.to_ndarray() for block in file.decode(audio=0)], axis=1)
    assert np.abs(sound[:, -30000:-20000]).max() > 0.01
    with pytest.raises(ProductionError, match="no section 9"):
        storyboard.pieces(made_up.production(insert=[{"file": "b.mp4", "after": "section", "section": 9}]), results)


class NoteTaker(Listener):
    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_long_footage_is_rendered_in_pieces_that_are_kept_and_its_tone_mapping_is_told(tmp_path: Path) -> None:
    x265 = "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
    grey = "color=c=0x949494:s=64x36:r=10:d=32,format=yuv420p10le"
    named = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=smpte2084"
    told = ["-vf", named, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", x265]
    run(["-f", "lavfi", "-i", grey, *told, "-y", str(tmp_path / "hdr.mp4")], timeout_s=60)
    small = {"width": 160, "height": 90, "frame_rate": 10, "quality": "draft", "layout": "landscape"}
    off = {"comparison_seconds": 0, "credits_seconds": 0, "title_seconds": 0}
    film = made_up.production(video={**small, **off}, insert=[{"file": "hdr.mp4", "after": "start"}])
    film._folder = tmp_path
    workplace, results = until_cards(film, tmp_path)
    listener = NoteTaker()
    workplace = replace(workplace, report=listener)
    first = render.run(film, results, workplace)
    assert any("insert 1: hdr.mp4 is stored in PQ, BT.2020; it is tone-mapped" in note for note in listener.notes)
    of_insert = first.segments[:3]
    assert [segment.record.start_frame for segment in of_insert] == [0, 106, 213]
    lost = of_insert[1].path(of_insert[1].record.video_file)
    before = [np.stack(decoded(segment.path(segment.record.video_file))) for segment in of_insert]
    assert all(abs(frames[20, :90].mean() - (16 + 219 * 240 / 255)) < 3 for frames in before[1:])
    rmtree(of_insert[1].folder)
    assert stale(workplace, film, results) == [1]
    again = NoteTaker()
    render.run(film, results, replace(workplace, report=again))
    assert again.total == 107
    assert np.array_equal(np.stack(decoded(lost)), before[1])


def test_a_scene_is_certain_once_the_sections_have_ended_whose_losses_it_shows(tmp_path: Path) -> None:
    film = production()
    workplace, results = until_cards(film, tmp_path)
    timeline = timeline_of(results)
    second = next(scene for scene in timeline.scenes() if scene.section == 1)
    alike = replace(results, corpora=(results.corpora[1], results.corpora[1]))
    for shown, sections, certain in (
        (results, {1}, True),
        (results, {0}, False),
        (alike, {1}, False),
        (alike, {0, 1}, True),
    ):
        inputs = render.render_inputs(film, shown)
        assert render._is_certain(film, inputs, sections, second) is certain
    few = replace(results, cards=tuple(card for card in results.cards if card.record.name == "section-1"))
    inputs = render.render_inputs(film, few)
    certain_cards = [card.name for card in timeline.cards() if render._is_certain(film, inputs, {0}, card)]
    assert certain_cards == ["section-1"]
    assert render.ahead(film, few, replace(workplace, jobs=1), {0}) == 0, "an encoder keeps two cores busy"


class _Elsewhere(ProcessExecutor):
    """Workers whose machines may have other hardware."""

    @property
    def works_here(self) -> bool:
        return False


def test_a_hardware_encoder_works_on_the_machine_where_it_was_tried(tmp_path: Path) -> None:
    place = Workplace(Store(tmp_path), tmp_path, jobs=1000, executor=_Elsewhere())
    by_hardware, by_x264 = (plan_encoder(VideoSettings(), codec) for codec in ("h264_nvenc", "libx264"))
    here = render._place_for(by_hardware, place)
    assert here.executor.works_here
    assert here.jobs == usable_cores()
    assert render._place_for(by_x264, place) is place
    own = replace(place, executor=ProcessExecutor())
    assert render._place_for(by_hardware, own) is own
