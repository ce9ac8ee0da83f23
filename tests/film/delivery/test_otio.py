from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from pipeline.film.delivery.otio import as_otio
from pipeline.film.timeline.timeline import Caption, SectionFacts, Timeline
from tests.film.films import small_timeline


def told() -> Timeline:
    facts = SectionFacts(
        title="One",
        network="LSTM",
        parameters=1,
        iterations=1,
        epochs=1,
        elapsed_s=0,
        corpus_seconds=5,
        sample_rate_hz=8000,
        first_validation_nats=5,
        last_validation_nats=4,
        best_validation_nats=4,
    )
    captions = (Caption(text="almost \u00e9", in_frame=210, out_frame=280),)
    return small_timeline(300, Fraction(30000, 1001)).model_copy(update={"captions": captions, "sections": (facts,)})


def test_every_cut_and_marker_of_the_film_is_there() -> None:
    written = json.loads(as_otio(told(), "film.mp4"))
    video, audio = written["tracks"]["children"]
    assert [clip["name"] for clip in video["children"]] == ["card: title", "One: recording", "One: take at iteration 0"]
    assert sum(clip["source_range"]["duration"]["value"] for clip in video["children"]) == 300
    assert [clip["source_range"] for clip in audio["children"]] == [clip["source_range"] for clip in video["children"]]
    take = video["children"][2]
    assert [(m["name"], m["marked_range"]["start_time"]["value"]) for m in take["markers"]] == [
        ("iteration 0", 200.0),
        ("almost \u00e9", 210.0),
    ]
    assert take["media_references"]["DEFAULT_MEDIA"]["target_url"] == "film.mp4"


def test_the_library_itself_reads_it(tmp_path: Path) -> None:
    (tmp_path / "timeline.otio").write_text(as_otio(told(), "film.mp4"), encoding="utf-8")
    read = otio.adapters.read_from_file(str(tmp_path / "timeline.otio"))
    assert read.duration().to_frames() == 300
    assert [track.kind for track in read.tracks] == ["Video", "Audio"]
    last = list(read.find_clips())[2]
    assert last.media_reference.target_url == "film.mp4"
    assert last.trimmed_range_in_parent().start_time.to_frames() == 200
    assert [(marker.name, marker.color) for marker in last.markers] == [
        ("iteration 0", otio.schema.MarkerColor.CYAN),
        ("almost \u00e9", otio.schema.MarkerColor.YELLOW),
    ]
    assert last.markers[1].marked_range.end_time_exclusive().to_frames() == 280
    assert last.trimmed_range().contains(last.markers[1].marked_range)
    assert otio.adapters.write_to_string(read, "otio_json")
