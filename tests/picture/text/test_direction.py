"""Hebrew and Arabic with names, numbers and brackets among them: each stands where a reader expects it."""

# ruff: noqa: RUF001

from __future__ import annotations

import fontpkg
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from pipeline.picture.text import typesetting
from pipeline.picture.text.direction import embedding_levels, mirrored, visual_runs
from pipeline.picture.text.fonts import HAS_RAQM, Face, FontSet, load_fonts
from pipeline.picture.text.typesetting import TextStyle, Typesetter, _seen, _turned

TYPE = Typesetter(load_fonts())
HEEBO = Face(next(face.path for face in load_fonts().fallbacks if "Heebo" in face.path.name))
PLAIN = ["-kern", "-liga", "-clig", "-calt"]
MIXED = st.text("abcLS אבגדה 0123456789 .,:%/+-()[]<>'", min_size=1, max_size=30)


def seen_from_the_left(text: str) -> str:
    """The line as its glyphs stand, from left to right."""
    shown, levels = _seen(text)
    runs = visual_runs([(None, shown)], levels)
    return "".join("".join(map(mirrored, reversed(run))) if turned else run for _, run, turned in runs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain (text), 12%", "plain (text), 12%"),
        ("הרשת (LSTM) לומדת", "תדמול (LSTM) תשרה"),
        ("A (שלום) B", "A (םולש) B"),
        ("שלום: 12.5% (3/4)", "(3/4) 12.5% :םולש"),
        ("שלום [a], עולם", "םלוע ,[a] םולש"),
        ("epoch: שלום, עולם (2)", "epoch: (2) םלוע ,םולש"),
        ("אובדן -0.25", "0.25- ןדבוא"),  # the annex's rule; a mark before the minus says otherwise
        ("אובדן \u200e-0.25", "-0.25 ןדבוא"),
        ("רשת LSTM 256 חדשה", "השדח LSTM 256 תשר"),
        ("נוסף ב-3,000 צעדים", "םידעצ 3,000-ב ףסונ"),
        ("الدورة 12 من 35", "35 نم 12 ةرودلا"),
        ("الدورة ١٢٫٥ هنا", "انه ١٢٫٥ ةرودلا"),
        ("קובץ train_loss.csv נקרא", "ארקנ train_loss.csv ץבוק"),
        ("\u200fLSTM לומדת", "תדמול LSTM"),
        ("\u200eשלום LSTM", "םולש LSTM"),
        ("see \u2067שלום 5\u2069 5", "see 5 םולש 5"),
        ("a ≤ ב > ג", "a ≤ ג < ב"),
    ],
)
def test_names_numbers_and_brackets_stand_where_a_reader_expects_them(text: str, expected: str) -> None:
    assert seen_from_the_left(text) == expected


@given(st.text(max_size=40))
@settings(deadline=None, max_examples=200)
def test_every_character_of_any_text_has_a_level_and_is_seen_once(text: str) -> None:
    levels = embedding_levels(text)
    assert len(levels) == len(text)
    assert sorted("".join(run for _, run, _ in visual_runs([(None, text)], levels))) == sorted(text)


def test_text_in_the_report_of_the_library_is_not_taken_for_its_levels() -> None:
    text = "Level(\n 7,\n)\n    levels: [ א"
    assert set(embedding_levels(text)) == {0, 1}


@pytest.mark.skipif(not HAS_RAQM, reason="without raqm, there is nothing to compare with")
@given(MIXED)
@example("א0//")
@settings(deadline=None, max_examples=60)
def test_a_line_in_one_font_looks_as_the_shaper_itself_draws_it(text: str) -> None:
    """The stretches are put in order here, and the whole line by raqm, which has an implementation of its own."""
    line = " ".join(text.split())
    with pytest.MonkeyPatch.context() as patch:  # the shaper guesses anew which script a run kerns by
        patch.setattr(typesetting, "_features", lambda _: PLAIN)
        ours = typesetting._rendered_anew(FontSet(HEEBO, HEEBO), line, TextStyle(40.0))
    picture = Image.new("L", (int(ours.advance_px) + 40, 100))
    ImageDraw.Draw(picture).text((20, 60), line, fill=255, font=HEEBO.at(40.0, 400), anchor="ls", features=PLAIN)
    theirs = np.asarray(picture)
    mine = np.zeros_like(theirs)
    x, y = ours.place(20, 60)
    height, width = ours.mask.shape
    mine[y : y + height, x : x + width] = ours.mask
    assert float(np.abs(blurred(mine) - blurred(theirs)).max(initial=0)) < 40


def blurred(picture: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Columns of ink, over the breadth of a thin stem: advances may be rounded differently by a part of a pixel."""
    ink = picture.astype(np.float64).sum(axis=0) / 30
    return np.convolve(ink, np.ones(9) / 9, "same")


@pytest.mark.parametrize("text", ["הרשת (LSTM) לומדת", "A (שלום) B", "שלום [3/4]"])
def test_without_a_shaper_hebrew_is_turned_round_before_it_is_drawn(text: str) -> None:
    shown, levels = _seen(text)
    runs = visual_runs([(HEEBO, shown)], levels)
    drawn = "".join(_turned(run, face) if turned else run for face, run, turned in runs)
    assert drawn == seen_from_the_left(text)
    assert _turned("שָׁלוֹם", HEEBO) == "םוֹלשָׁ", "marks stay behind their letters"


def test_the_second_line_reads_as_the_first_does() -> None:
    lines = TYPE.wrap("The word\u2028שלום (hello) is read", TextStyle(20.0), 400.0)
    assert seen_from_the_left(lines[1]) == "םולש (hello) is read"
    lines = TYPE.wrap("המילה\u2028hello (שלום) נקראת", TextStyle(20.0), 400.0)
    assert seen_from_the_left(lines[1]) == "תארקנ (םולש) hello"


def test_the_fonts_for_these_tests_are_installed() -> None:
    assert {"heebo", "noto-sans-arabic"} <= set(fontpkg.families())
    assert ImageFont.truetype(str(HEEBO.path), 20).getname()[0] == "Heebo"
