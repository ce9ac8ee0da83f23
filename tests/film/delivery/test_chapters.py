from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.film.delivery.chapters import metadata_text, platform_chapters
from pipeline.film.timeline.timeline import CardClip, Chapter, Timeline


def film(starts_s: list[int], end_s: int, titles: list[str] | None = None) -> Timeline:
    names = titles or [f"Part {index}" for index in range(len(starts_s))]
    return Timeline(
        title="Film",
        width=160,
        height=90,
        frame_rate=Fraction(30),
        total_frames=end_s * 30,
        clips=(CardClip(card="title", start_frame=0, end_frame=end_s * 30),),
        chapters=tuple(Chapter(frame=s * 30, title=name) for s, name in zip(starts_s, names, strict=True)),
    )


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_every_list_keeps_the_platforms_rules(lengths: list[int]) -> None:
    starts = [sum(lengths[:index]) for index in range(len(lengths))]
    chapters = platform_chapters(film(starts, sum(lengths)))
    told = [line.start_s for line in chapters.lines]
    if told:
        assert told[0] == 0
        assert len(told) >= 3
        assert all(b - a >= 10 for a, b in zip(told, [*told[1:], sum(lengths)], strict=True))
    else:
        assert "No chapter list" in chapters.note


def test_a_short_title_card_gives_its_time_to_the_first_section() -> None:
    titles = ["Title", "First", "Second", "Third", "Credits"]
    chapters = platform_chapters(film([0, 4, 40, 80, 120], 125, titles))
    assert [str(line) for line in chapters.lines] == ["0:00 First", "0:40 Second", "1:20 Third"]
    assert chapters.note == "Too short for a chapter of its own: Title, Credits."


def test_chapters_long_enough_are_left_alone() -> None:
    chapters = platform_chapters(film([0, 20, 3700], 3800))
    assert [str(line) for line in chapters.lines] == ["0:00 Part 0", "0:20 Part 1", "1:01:40 Part 2"]
    assert chapters.note == ""


def test_a_film_without_chapters_has_no_list() -> None:
    assert platform_chapters(film([], 30)).lines == ()


def test_nothing_in_a_title_can_be_taken_for_syntax() -> None:
    timeline = film([0], 10, ["a=b;c#d\\e\n[CHAPTER]\nf\x00g"])
    text = metadata_text(timeline, timeline.chapters, {"title": "x\ny=z"})
    assert text.count("\n[CHAPTER]\n") == 1
    assert r"title=a\=b\;c\#d\\e [CHAPTER] f g" in text
    assert r"title=x y\=z" in text
