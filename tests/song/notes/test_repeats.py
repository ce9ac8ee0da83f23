"""Scores with repeats, endings, jumps, verses and ties."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.song.notes.musicxml import read_musicxml
from pipeline.song.notes.repeats import MOST_MEASURES, playing_order

FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'
BACK = '<barline location="right"><repeat direction="backward"/></barline>'
THRICE = '<barline location="right"><repeat direction="backward" times="3"/></barline>'


def ending(number: str, *, back: bool = False, kind: str = "stop") -> str:
    repeat = '<repeat direction="backward"/>' if back else ""
    return (
        f'<barline location="left"><ending number="{number}" type="start"/></barline>'
        f'<barline location="right"><ending number="{number}" type="{kind}"/>{repeat}</barline>'
    )


def sound(name: str) -> str:
    return f'<direction><sound {name}="yes"/></direction>'


def measures(marks: Sequence[str]) -> list[Element]:
    return [fromstring(f"<measure>{mark}</measure>") for mark in marks]  # noqa: S314 - made here


@pytest.mark.parametrize(
    ("marks", "order"),
    [
        (["", "", ""], "012"),
        (["", BACK, ""], "01012"),
        (["", FORWARD, "", BACK, ""], "01231234"),
        (["", FORWARD + THRICE, ""], "01112"),
        (["", ending("1", back=True), ending("2"), ""], "01023"),
        (["", ending("1, 2", back=True), ending("3", kind="discontinue"), ""], "0101023"),
        (["", ending("1", back=True), ending("2"), "", BACK, ""], "010234345"),
        ([FORWARD, BACK, FORWARD, BACK], "01012323"),
        (["", sound("fine"), "", sound("dacapo")], "012301"),
        (["", sound("segno"), sound("tocoda"), sound("dalsegno"), sound("coda"), ""], "012312" + "45"),
        (["", BACK, sound("dacapo")], "01012" + "012"),
        (["", ending("1", back=True), ending("2"), sound("dacapo")], "01023" + "023"),
        ([sound("dacapo")], "00"),
        (["", sound("tocoda"), sound("dacapo")], "012" + "012"),
    ],
)
def test_measures_are_played_in_the_order_of_their_marks(marks: list[str], order: str) -> None:
    assert playing_order(measures(marks)) == [int(one) for one in order]


MARKS = st.sampled_from(
    ["", FORWARD, BACK, THRICE, ending("1", back=True), ending("2"), *map(sound, ("dacapo", "dalsegno", "fine"))]
)


@given(st.lists(MARKS, max_size=12))
def test_every_order_of_marks_ends(marks: list[str]) -> None:
    order = playing_order(measures(marks))
    assert len(order) <= min(MOST_MEASURES, 30 * max(1, len(marks)))
    assert set(order) <= set(range(len(marks)))


def note(step: str, beats: int = 1, more: str = "", **verses: str) -> str:
    words = "".join(f'<lyric number="{name[1:]}"><text>{text}</text></lyric>' for name, text in verses.items())
    pitch = f"<pitch><step>{step}</step><octave>4</octave></pitch>"
    return f"<note>{pitch}<duration>{beats}</duration>{more}{words}</note>"


def score(*found: str, other: Sequence[str] = ()) -> bytes:
    def part(name: str, contents: Sequence[str]) -> str:
        return f'<part id="{name}">' + "".join(f"<measure>{one}</measure>" for one in contents) + "</part>"

    return f"<score-partwise>{part('P1', found)}{part('P2', other)}</score-partwise>".encode()


def test_each_time_through_sings_its_verse_and_a_refrain_written_once_is_sung_each_time() -> None:
    verse = FORWARD + note("C", _1="one", _2="un") + note("D", _1="two", _2="deux")
    refrain = note("E", _1="la") + BACK
    (track,) = read_musicxml(score(verse, refrain), "x").tracks
    assert [one.syllable for one in track.line()] == ["one", "two", "la", "un", "deux", "la"]
    assert [one.start_s for one in track.line()] == [0, 0.5, 1, 1.5, 2, 2.5]


def test_a_note_that_a_verse_has_no_word_for_is_held() -> None:
    verse = note("C", _1="one", _2="un") + note("D", _1="two") + BACK
    (track,) = read_musicxml(score(verse), "x").tracks
    assert [one.syllable for one in track.line()] == ["one", "two", "un", ""]


def test_parts_without_repeats_of_their_own_are_repeated_with_the_first() -> None:
    first, second = read_musicxml(score(note("C") + BACK, other=[note("E")]), "x").tracks
    assert [one.start_s for one in second.notes] == [one.start_s for one in first.notes] == [0, 0.5]


def test_ties_over_barlines_are_one_note_by_sound_or_by_notation() -> None:
    for start, stop in (
        ('<tie type="start"/>', '<tie type="stop"/>'),
        ('<notations><tied type="start"/></notations>', '<notations><tied type="stop"/></notations>'),
    ):
        both = '<tie type="stop"/><tie type="start"/>' if "tied" not in start else start + stop
        (track,) = read_musicxml(
            score(note("C", more=start), note("C", more=both), note("C", 2, more=stop)), "x"
        ).tracks
        assert [(one.start_s, one.end_s) for one in track.notes] == [(0, 2)]


def test_a_jump_back_goes_back_to_the_divisions_and_the_key_that_were_there() -> None:
    def attributes(divisions: int, chromatic: int) -> str:
        moved = f"<transpose><chromatic>{chromatic}</chromatic></transpose>"
        return f"<attributes><divisions>{divisions}</divisions>{moved}</attributes>"

    (track,) = read_musicxml(score(attributes(1, -2) + note("C"), attributes(4, 0) + note("C", 4) + BACK), "x").tracks
    assert [(one.start_s, one.key) for one in track.notes] == [(0, 58), (0.5, 60), (1, 58), (1.5, 60)]
