from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.errors import StageError
from pipeline.film.delivery.check import check_file
from pipeline.film.encoding.encoder import encode_frames, plan_encoder
from pipeline.film.timeline.segments import split
from pipeline.film.timeline.timeline import Segment, Timeline
from pipeline.production.schema import Production
from pipeline.stages import compose, storyboard
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.sidecars import write_sidecars
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Piece, Store, write_record
from tests.film.films import HEIGHT, draw_number, read_number
from tests.stages import made_up


def with_segments(production: Production, store: Store, results: Results, frames_missing: int = 0) -> Results:
    """Segments that show their frames' numbers."""
    assert results.timeline is not None
    segments = []
    for stretch in split(results.timeline.record):
        end = stretch.end_frame - frames_missing
        piece = Piece("render", stretch.name, 1, {"numbers": [stretch.start_frame, end]})
        with store.publish(piece) as folder:
            encode_frames(
                draw_number,
                start_frame=stretch.start_frame,
                end_frame=end,
                path=folder / "segment.mp4",
                plan=plan_encoder(production.video),
            )
            write_record(folder, Segment(start_frame=stretch.start_frame, end_frame=stretch.end_frame, encoder="x"))
        segments.append(store.published(piece, Segment))
    return replace(results, segments=tuple(segments))


def composed(production: Production, root: Path, **options: int) -> tuple[Workplace, Results]:
    store, results = made_up.results(root / "work")
    workplace = Workplace(store=store, output=root / "out")
    results = storyboard.run(production, results, workplace)
    results = with_segments(production, store, results, **options)
    return workplace, compose.run(production, results, workplace)


def credited(**changes: Any) -> Production:
    video = {"frame_rate": "30000/1001"}
    return made_up.production(author="Somebody", recording_credit="My own voice", video=video, **changes)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workplace, Results]:
    return composed(credited(), tmp_path_factory.mktemp("film"))


def test_the_film_has_every_frame_and_sound_as_long_as_the_picture(film: tuple[Workplace, Results]) -> None:
    production = credited()
    workplace, results = film
    assert results.film is not None
    assert results.timeline is not None
    timeline = results.timeline.record
    path = workplace.output / "film.mp4"
    with av.open(str(path)) as file:
        frames = list(file.decode(video=0))
        assert file.metadata["title"] == production.title
        assert file.metadata["artist"] == "Somebody"
        assert file.streams.audio[0].language == "eng"
        assert [c["metadata"]["title"] for c in file.chapters()] == [c.title for c in timeline.chapters]
    assert [read_number(frame.to_ndarray()[:HEIGHT]) for frame in frames] == list(range(timeline.total_frames))
    with av.open(str(path)) as file:
        sound = np.concatenate([block.to_ndarray() for block in file.decode(audio=0)], axis=1)
    assert abs(sound.shape[1] / 48000 - timeline.duration_s) < 0.022
    scene = timeline.scenes()[0]
    start, end = (timeline.clock.sample_at(frame) for frame in (scene.start_frame, scene.end_frame))
    assert np.sqrt(np.mean(sound[:, start:end] ** 2)) > 0.02
    assert np.abs(sound[:, 2000 : start - 2000]).max() < 1e-3
    assert results.film.record.sound_true_peak_dbtp is not None
    assert results.film.record.sound_true_peak_dbtp <= production.sound.true_peak_dbtp
    told = {finding.promise: finding for finding in check_file(path)}
    assert all(finding.holds for finding in told.values())
    assert {"loudness, LUFS", "loudness wanted", "true peak, dBTP"} <= told.keys()


def test_everything_that_goes_with_a_film_lies_beside_it(film: tuple[Workplace, Results]) -> None:
    workplace, results = film
    names = {path.name for path in workplace.output.iterdir()}
    assert {"film.mp4", "film.srt", "film.vtt", "description.txt", "timeline.json"} <= names
    assert results.film is not None
    assert names == set(results.film.record.files)
    words = (workplace.output / "description.txt").read_text()
    assert "A made-up film" in words
    assert "Section 2: LSTM, 2 \u00d7 16 neurons, 12,345 parameters" in words
    assert "My own voice" in words
    subtitles = (workplace.output / "film.srt").read_text()
    assert subtitles.startswith("1\n00:00:00,000 --> 00:00:00,968\nA made-up film\n\n2\n")
    assert "Section 1\nLSTM, 2 \u00d7 16 neurons, 12,345 parameters\n" in subtitles
    assert "Different sound is not equally hard to learn" in subtitles  # beside numbers that one would compare
    assert "Different sound is not equally hard to learn" in words
    timeline = Timeline.model_validate(json.loads((workplace.output / "timeline.json").read_text()))
    assert results.timeline is not None
    assert timeline == results.timeline.record


def test_networks_that_were_tried_on_the_same_sound_are_compared_without_a_caveat(tmp_path: Path) -> None:
    store, results = made_up.results(tmp_path / "work")
    results = replace(results, corpora=results.corpora[:1] * 2)
    results = storyboard.run(credited(), results, Workplace(store=store, output=tmp_path / "out"))
    write_sidecars(credited(), results, results.timeline.record, tmp_path / "film.mp4", lambda _: None)
    for name in ("film.srt", "film.vtt", "description.txt"):
        text = (tmp_path / name).read_text()
        assert "bits per byte" in text
        assert "Different sound" not in text


def test_a_deleted_film_comes_back_and_a_fresh_one_is_left_alone(film: tuple[Workplace, Results]) -> None:
    production = credited()
    workplace, results = film
    path = workplace.output / "film.mp4"
    before = path.read_bytes()
    stamp = path.stat()
    assert compose.run(production, results, workplace).film == results.film
    assert path.stat() == stamp
    path.unlink()
    compose.run(production, results, workplace)
    assert path.read_bytes() == before
    path.write_bytes(b"not the film")
    compose.run(production, results, workplace)
    assert path.read_bytes() == before


def test_the_same_production_gives_the_same_film_bit_for_bit(film: tuple[Workplace, Results], tmp_path: Path) -> None:
    again, _ = composed(credited(), tmp_path)
    one, two = ({path.name: path.read_bytes() for path in place.output.iterdir()} for place in (film[0], again))
    assert one == two


def test_a_film_that_lost_frames_is_refused_and_the_good_one_stays(film: tuple[Workplace, Results]) -> None:
    production = credited()
    workplace, results = film
    before = (workplace.output / "film.mp4").read_bytes()
    broken = with_segments(production, workplace.store, results, frames_missing=1)
    with pytest.raises(StageError, match="not as specified"):
        compose.run(production, broken, workplace)
    assert (workplace.output / "film.mp4").read_bytes() == before


def test_only_the_film_is_made_anew_when_words_beside_it_change(film: tuple[Workplace, Results]) -> None:
    workplace, results = film
    other = credited().model_copy(update={"author": "Another"})
    assert [workplace.store.state(piece).state for piece in compose.pieces(other, results)] == ["fresh", "stale"]
    louder = credited(sound={"loudness_lufs": -20})
    assert [workplace.store.state(piece).state for piece in compose.pieces(louder, results)] == ["stale", "stale"]


def test_the_recording_can_be_heard_under_its_card(tmp_path: Path) -> None:
    workplace, results = composed(made_up.production(sound={"under_cards": "recording"}), tmp_path)
    assert results.timeline is not None
    card = results.timeline.record.cards()[1]
    start, end = (results.timeline.record.clock.sample_at(frame) for frame in (card.start_frame, card.end_frame))
    with av.open(str(workplace.output / "film.mp4")) as film:
        sound = np.concatenate([block.to_ndarray() for block in film.decode(audio=0)], axis=1)
    assert np.abs(sound[:, start:end]).max() > 0.01


def test_the_templates_that_come_along_name_only_facts_that_there_are() -> None:
    compose.check(made_up.production())
