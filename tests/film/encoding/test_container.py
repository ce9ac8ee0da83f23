from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import FfmpegError, FootageError, StageError
from pipeline.film.delivery.chapters import metadata_text
from pipeline.film.delivery.check import check_file, check_film, compare, inspect
from pipeline.film.delivery.delivery_spec import DeliverySpec
from pipeline.film.encoding.container import adts_packets, concat_list, encode_sound, join
from pipeline.film.encoding.encoder import encode_frames, timescale_for
from pipeline.film.timeline.timeline import Timeline
from tests.film.films import HEIGHT, draw_number, encode_parts, read_number, small_plan, small_timeline

RATES = ["24", "30000/1001", "50", "60", "24000/1001", "60000/1001"]


def make_film(folder: Path, timeline: Timeline, boundaries: list[int], click_frames: list[int]) -> Path:
    """A film with a click at the start of each frame named."""
    plan = small_plan(timeline.frame_rate)
    parts = encode_parts(folder, boundaries, plan)
    total_samples = timeline.clock.sample_at(timeline.total_frames)
    sound = np.zeros((total_samples, 2), dtype=np.float32)
    sound[[timeline.clock.sample_at(frame) for frame in click_frames]] = 0.9
    soundfile.write(folder / "sound.wav", sound, timeline.sample_rate_hz, subtype="FLOAT")
    encode_sound(folder / "sound.wav", folder / "sound.aac", total_samples=total_samples, kbit_per_s=192)
    join(
        parts,
        sound=folder / "sound.aac",
        metadata=metadata_text(timeline, timeline.chapters, {"title": timeline.title}),
        frame_rate=timeline.frame_rate,
        language="eng",
        out=folder / "film.mp4",
        workspace=folder,
    )
    return folder / "film.mp4"


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("edit_lists", ["honoured", "ignored"])
def test_joined_segments_lose_no_frame_and_clicks_fall_on_their_frames(
    tmp_path: Path, rate: str, edit_lists: str
) -> None:
    frame_rate = Fraction(rate)
    timeline = small_timeline(300, frame_rate)
    clicks = [12, 100, 177, 290]
    path = make_film(tmp_path, timeline, [0, 100, 177, 210, 211, 300], clicks)
    options = {"ignore_editlist": "1"} if edit_lists == "ignored" else {}
    with av.open(str(path), options=options) as film:
        frames = list(film.decode(video=0))
    assert [read_number(frame.to_ndarray()[:HEIGHT]) for frame in frames] == list(range(300))
    tick = timescale_for(frame_rate) / frame_rate
    assert [frame.pts for frame in frames] == [n * tick for n in range(300)]
    with av.open(str(path), options=options) as film:
        blocks = list(film.decode(audio=0))
    assert blocks[0].pts == 0
    sound = np.concatenate([block.to_ndarray()[0] for block in blocks])
    heard = np.flatnonzero(np.abs(sound) > 0.4)
    np.testing.assert_array_equal([int(at * frame_rate / 48000 + Fraction(1, 100)) for at in heard], clicks)
    assert abs(len(sound) / 48000 - timeline.duration_s) <= 1 / frame_rate


def test_a_film_in_segments_is_decoded_like_a_film_in_one_piece(tmp_path: Path) -> None:
    plan = replace(small_plan(), keyframe_seconds=0.5)
    parts = encode_parts(tmp_path, [0, 60, 120, 180], plan)
    join(
        parts,
        sound=None,
        metadata=";FFMETADATA1\n",
        frame_rate=plan.frame_rate,
        language="eng",
        out=tmp_path / "joined.mp4",
        workspace=tmp_path,
    )
    encode_frames(draw_number, start_frame=0, end_frame=180, path=tmp_path / "whole.mp4", plan=plan)
    decoded = []
    for name in ("joined.mp4", "whole.mp4"):
        with av.open(str(tmp_path / name)) as film:
            decoded.append(np.stack([frame.to_ndarray() for frame in film.decode(video=0)]))
    assert decoded[0].shape == decoded[1].shape
    assert np.abs(decoded[0].astype(int) - decoded[1].astype(int)).mean() < 0.5


def test_the_film_is_what_was_promised_and_the_index_comes_first(tmp_path: Path) -> None:
    timeline = small_timeline(120, title="Bits & bytes; = # \\ 'quoted' \u00e9\u4e2d")
    path = make_film(tmp_path, timeline, [0, 40, 120], [10])
    found, findings = check_film(path, timeline, DeliverySpec())
    assert all(finding.holds for finding in findings)
    assert found.index_first
    assert b"elst" not in path.read_bytes()
    with av.open(str(path)) as film:
        assert film.metadata["title"] == timeline.title
        told = [(c["metadata"]["title"], c["start"] * c["time_base"]) for c in film.chapters()]
    assert [title for title, _ in told] == ["Title", "First; try = #1"]
    assert [float(start) for _, start in told] == pytest.approx([0.0, 40 / 30], abs=0.001)


def test_chapters_stay_in_their_places_in_a_long_film(tmp_path: Path) -> None:
    timeline = small_timeline(300, Fraction(1))
    path = make_film(tmp_path, timeline, [0, 150, 300], [10])
    with av.open(str(path)) as film:
        starts = [float(chapter["start"] * chapter["time_base"]) for chapter in film.chapters()]
    assert starts == pytest.approx([0.0, 100.0], abs=0.001)


def test_the_same_parts_give_the_same_film_bit_for_bit(tmp_path: Path) -> None:
    films = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        films.append(make_film(tmp_path / name, small_timeline(90), [0, 30, 90], [5]).read_bytes())
    assert films[0] == films[1]


def test_a_film_unlike_its_timeline_is_refused_with_the_broken_promises(tmp_path: Path) -> None:
    path = make_film(tmp_path, small_timeline(120), [0, 120], [])
    other = small_timeline(150, title="Another film")
    with pytest.raises(StageError, match="frames in the file: 120 instead of 150"):
        check_film(path, other, DeliverySpec())
    broken = {finding.promise for finding in compare(other, inspect(path), DeliverySpec()) if not finding.holds}
    assert {"frames that can be decoded", "title", "chapters", "sound as long as picture"} <= broken


@pytest.mark.parametrize(
    ("loudness", "peak", "holds"),
    [(-16.0, -6.0, True), (-17.1, -1.6, True), (-17.1, -6.0, False), (-14.9, -1.6, False)],
)
def test_a_film_may_be_softer_than_wanted_only_where_its_peaks_allow_no_more(
    tmp_path: Path,
    loudness: float,
    peak: float,
    holds: bool,  # noqa: FBT001 - parametrised
) -> None:
    timeline = small_timeline(60)
    found = replace(inspect(make_film(tmp_path, timeline, [0, 60], [])), loudness_lufs=loudness, true_peak_dbtp=peak)
    promise = DeliverySpec(loudness_lufs=loudness, target_lufs=-16.0, true_peak_dbtp=-1.5)
    told = {finding.promise: finding.holds for finding in compare(timeline, found, promise)}
    assert told["loudness, LUFS"]
    assert told["true peak, dBTP"]
    assert told["loudness wanted"] == holds
    wanted = next(one for one in compare(timeline, found, promise) if one.promise == "loudness wanted")
    assert f"-16 LUFS asked for, {loudness:g} reached" in wanted.found
    is_held_down = holds and loudness < -16.5
    assert (f"its peaks ({peak:g} dBTP) are at their limit of -1.5" in wanted.found) == is_held_down


def test_the_promise_beside_a_film_is_kept_by_the_sound_too(tmp_path: Path) -> None:
    timeline = small_timeline(60)
    path = make_film(tmp_path, timeline, [0, 60], [5, 25, 45])
    (tmp_path / "timeline.json").write_text(timeline.model_dump_json())
    assert all(finding.holds for finding in check_file(path))
    (tmp_path / "promise.json").write_text(DeliverySpec(loudness_lufs=-10.0, true_peak_dbtp=-20.0).model_dump_json())
    assert {finding.promise for finding in check_file(path) if not finding.holds} == {
        "loudness, LUFS",
        "true peak, dBTP",
    }
    (tmp_path / "promise.json").write_text("{}[]")
    with pytest.raises(FootageError, match="delivery spec"):
        check_file(path)


def test_a_film_that_was_cut_off_or_is_no_film_is_refused(tmp_path: Path) -> None:
    timeline = small_timeline(120)
    whole = make_film(tmp_path, timeline, [0, 120], []).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(StageError):
        check_film(tmp_path / "cut.mp4", timeline, DeliverySpec())
    (tmp_path / "text.mp4").write_text("not a film at all, but long enough to have boxes")
    for name in ("text.mp4", "missing.mp4"):
        with pytest.raises(FootageError):
            check_film(tmp_path / name, timeline, DeliverySpec())


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=50), st.sampled_from(RATES))
def test_the_lengths_in_the_list_never_drift_by_more_than_a_microsecond(lengths: list[int], rate: str) -> None:
    text = concat_list([(Path(f"/x/{i}.mp4"), n) for i, n in enumerate(lengths)], Fraction(rate))
    told = [Fraction(line.split()[1]) for line in text.splitlines() if line.startswith("duration")]
    assert abs(sum(told) - sum(lengths) / Fraction(rate)) <= Fraction(1, 1_000_000)


def test_paths_with_quotes_are_quoted_in_the_list() -> None:
    assert r"file 'file:/a/it'\''s here.mp4'" in concat_list([(Path("/a/it's here.mp4"), 3)], Fraction(30))


@pytest.mark.parametrize("data", [b"x", b"\xff\xf1\x00\x00\x00\x00\x00", b"no stream of packets at all"])
def test_broken_packets_are_refused(data: bytes) -> None:
    with pytest.raises(FfmpegError, match="broken"):
        list(adts_packets(data))


@pytest.mark.parametrize(("encoder", "decoder"), [("x265", "hevc"), ("av1", "av1")])
def test_other_codecs_join_and_keep_their_promises_too(tmp_path: Path, encoder: str, decoder: str) -> None:
    timeline = small_timeline(90)
    plan = small_plan(encoder=encoder, preset="ultrafast")
    total = timeline.clock.sample_at(90)
    soundfile.write(tmp_path / "sound.wav", np.zeros((total, 2), dtype=np.float32), 48000, subtype="FLOAT")
    encode_sound(tmp_path / "sound.wav", tmp_path / "sound.aac", total_samples=total, kbit_per_s=192)
    join(
        encode_parts(tmp_path, [0, 30, 90], plan),
        sound=tmp_path / "sound.aac",
        metadata=metadata_text(timeline, timeline.chapters, {"title": timeline.title}),
        frame_rate=timeline.frame_rate,
        language="en",
        out=tmp_path / "film.mp4",
        workspace=tmp_path,
    )
    check_film(tmp_path / "film.mp4", timeline, DeliverySpec(codec=decoder))
    with av.open(str(tmp_path / "film.mp4")) as film:
        numbers = [read_number(frame.to_ndarray()[:HEIGHT]) for frame in film.decode(video=0)]
    assert numbers == list(range(90))


@pytest.mark.parametrize("rate", ["30000/1001", "60"])
def test_sound_and_picture_are_still_in_step_after_ten_minutes(tmp_path: Path, rate: str) -> None:
    frame_rate = Fraction(rate)
    ten_seconds = int(10 * frame_rate)
    minute = 6 * ten_seconds
    plan = replace(small_plan(frame_rate), preset="ultrafast", x264_extra="")
    ((part, frames),) = encode_parts(tmp_path, [0, ten_seconds], plan, draw_number)
    timeline = small_timeline(10 * minute, frame_rate)
    clicks = [minute * n + 5 for n in range(10)]
    sound = np.zeros((timeline.clock.sample_at(timeline.total_frames), 2), dtype=np.float32)
    sound[[timeline.clock.sample_at(frame) for frame in clicks]] = 0.9
    soundfile.write(tmp_path / "sound.wav", sound, 48000, subtype="PCM_16")
    encode_sound(tmp_path / "sound.wav", tmp_path / "sound.aac", total_samples=len(sound), kbit_per_s=192)
    out = tmp_path / "film.mp4"
    join(
        [(part, frames)] * 60,
        sound=tmp_path / "sound.aac",
        metadata=";FFMETADATA1\n",
        frame_rate=frame_rate,
        language="en",
        out=out,
        workspace=tmp_path,
    )
    with av.open(str(out), options={"ignore_editlist": "1"}) as film:
        times = sorted(packet.pts for packet in film.demux(video=0) if packet.pts is not None)
    tick = timescale_for(frame_rate) / frame_rate
    assert times == [n * tick for n in range(10 * minute)]
    for number in (0, 4, 9):
        with av.open(str(out)) as film:
            film.seek(int(clicks[number] / frame_rate * 1_000_000) - 200_000)
            seen = next(frame for frame in film.decode(video=0) if frame.pts == clicks[number] * tick)
        assert read_number(seen.to_ndarray()[:HEIGHT]) == 5
    with av.open(str(out), options={"ignore_editlist": "1"}) as film:
        heard = np.concatenate([block.to_ndarray()[0] for block in film.decode(audio=0)])
    loud = np.flatnonzero(np.abs(heard) > 0.4)
    np.testing.assert_array_equal([int(at * frame_rate / 48000 + Fraction(1, 100)) for at in loud], clicks)
