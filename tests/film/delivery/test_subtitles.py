from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ffmpeg.process import run
from pipeline.film.delivery.subtitles import Cue, as_subrip, as_webvtt, cues_of
from pipeline.film.timeline.timeline import Caption
from tests.film.films import small_timeline

TIMELINE = small_timeline(300, Fraction(30000, 1001))


def test_cards_and_captions_are_read_in_the_films_order() -> None:
    timeline = TIMELINE.model_copy(update={"captions": (Caption(text="almost", in_frame=210, out_frame=280),)})
    cues = cues_of(timeline, {"title": ("A small film", "", "in two lines")})
    assert [cue.text for cue in cues] == ["A small film\nin two lines", "almost"]
    assert as_subrip(cues, timeline).startswith("1\n00:00:00,000 --> 00:00:03,337\nA small film\nin two lines\n\n2\n")
    assert as_webvtt(cues, timeline).startswith("WEBVTT\n\n00:00:00.000 --> 00:00:03.337\nA small film\n")


@settings(deadline=None, max_examples=150)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
def test_no_words_can_break_a_cue(texts: list[str]) -> None:
    captions = tuple(Caption(text=text, in_frame=i * 10, out_frame=i * 10 + 9) for i, text in enumerate(texts))
    cues = cues_of(TIMELINE.model_copy(update={"captions": captions}), {})
    for text, mark in ((as_subrip(cues, TIMELINE), ","), (as_webvtt(cues, TIMELINE), ".")):
        arrows = re.findall(rf"^\d\d:\d\d:\d\d\{mark}\d\d\d --> \d\d:\d\d:\d\d\{mark}\d\d\d$", text, re.MULTILINE)
        assert len(arrows) == text.count("-->") == len(cues)
    blocks = [block for block in as_subrip(cues, TIMELINE).split("\n\n") if block]
    assert len(blocks) == len(cues)
    assert [block.split("\n")[0] for block in blocks] == [str(n + 1) for n in range(len(cues))]


def test_marks_of_markup_are_written_as_words() -> None:
    assert "a &lt;b&gt; &amp; c" in as_webvtt([Cue("a <b> & c", 0, 30)], TIMELINE)


def test_another_program_reads_the_same_cues_out_of_both_formats(tmp_path: Path) -> None:
    captions = tuple(
        Caption(text=text, in_frame=i * 40, out_frame=i * 40 + 35)
        for i, text in enumerate(["almost", "two\nlines", "caf\u00e9 \u4e2d", "it's -- fine"])
    )
    cues = cues_of(TIMELINE.model_copy(update={"captions": captions}), {})
    (tmp_path / "a.srt").write_text(as_subrip(cues, TIMELINE), encoding="utf-8")
    (tmp_path / "a.vtt").write_text(as_webvtt(cues, TIMELINE), encoding="utf-8")
    read = {
        name: run(["-f", name, "-i", str(tmp_path / f"a.{end}"), "-f", "srt", "-"], timeout_s=30).stdout.decode()
        for name, end in (("srt", "srt"), ("webvtt", "vtt"))
    }
    assert read["srt"] == read["webvtt"]
    assert read["srt"].replace("\r", "").strip() == as_subrip(cues, TIMELINE).strip()
