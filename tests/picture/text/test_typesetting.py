from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import GlyphError, TemplateError
from pipeline.picture.text.fonts import HAS_RAQM, load_fonts
from pipeline.picture.text.linebreak import balanced, break_lines
from pipeline.picture.text.typesetting import TextStyle, Typesetter

TYPE = Typesetter(load_fonts())
SCRIPTS = {
    "Latin": "abcdefghij ÄÖÜßéèñçøåŁžı",
    "Greek": "αβγδεζηθ ΆΈΩϊΰς",
    "Cyrillic": "абвгдежз ЁЙЩЪыэюя",
    "Vietnamese": "Ấằẫộửữỳỵ đơưÂê",
}
TEXTS = st.sampled_from(sorted(SCRIPTS)).flatmap(lambda name: st.text(SCRIPTS[name], min_size=1, max_size=200))


def _letters(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def one_letter_a_unit(text: str) -> float:
    return float(len(text))


@given(TEXTS, st.floats(8, 80), st.floats(20, 900))
@settings(deadline=None, max_examples=25)
def test_lines_are_never_wider_than_asked_for(text: str, size: float, width: float) -> None:
    fitted = TYPE.fit(text, TextStyle(size), max(width, 3 * size), lines=4)
    assert len(fitted.lines) <= 4
    for line in fitted.lines:
        picture = TYPE.render(line, fitted.style)
        assert picture.advance_px <= max(width, 3 * size) + 0.5


@given(TEXTS, st.integers(3, 40))
@settings(deadline=None, max_examples=60)
def test_breaking_lines_loses_no_letter(text: str, width: int) -> None:
    for breaker in (break_lines, balanced):
        lines = breaker(text, one_letter_a_unit, width)
        assert _letters("".join(lines)) == _letters(text)
        assert all(len(line) <= width for line in lines)


@given(TEXTS, st.integers(8, 40))
@settings(deadline=None, max_examples=60)
def test_balanced_lines_are_as_few_as_plain_ones(text: str, width: int) -> None:
    assert len(balanced(text, one_letter_a_unit, width)) <= len(break_lines(text, one_letter_a_unit, width))


@pytest.mark.parametrize(
    ("word", "width", "lines"),
    [
        ("abcdefghij", 6, ["abcde-", "fghij"]),
        ("abcdefghijk", 4, ["abc-", "def-", "ghi-", "jk"]),
        ("λέξη123456", 6, ["λέξη12", "3456"]),
        ("0123456789", 6, ["012345", "6789"]),
        ("ab", 1, ["a", "b"]),
        ("日本語日本語", 4, ["日本語日", "本語"]),
        ("say abcdefghij", 6, ["say", "abcde-", "fghij"]),
    ],
)
def test_a_word_wider_than_the_line_goes_on_after_a_hyphen(word: str, width: int, lines: list[str]) -> None:
    assert break_lines(word, one_letter_a_unit, width) == lines


@pytest.mark.parametrize("letters", [60, 120, 300])
def test_long_words_fill_lines_of_type_that_can_be_read_and_end_in_an_ellipsis_at_the_worst(letters: int) -> None:
    word = "Donaudampfschiff" * 20
    fitted = TYPE.fit(word[:letters], TextStyle(36), 400.0, 110.0, lines=2, smallest_px=20.0)
    assert fitted.style.size_px >= 20
    assert fitted.height_px <= 110
    assert fitted.is_cut == (letters > 150)
    assert all(line.endswith("-") for line in fitted.lines[:-1])
    assert fitted.lines[-1].endswith("…" if fitted.is_cut else word[letters - 1])
    assert max(TYPE.render(line, fitted.style).advance_px for line in fitted.lines) <= 400


def test_a_word_a_little_too_wide_is_shrunk_and_not_parted() -> None:
    style = TextStyle(40)
    wide = TYPE.measure("Unsupervised", style)
    fitted = TYPE.fit("Unsupervised learning", style, 0.85 * wide, lines=3)
    assert fitted.lines == ("Unsupervised", "learning")
    assert 0.8 * 40 <= fitted.style.size_px <= 0.85 * 40
    assert TYPE.fit("Unsupervised learning", style, 0.6 * wide, lines=4).lines[0].endswith("-")


def test_lines_break_after_hyphens_and_between_ideographs_but_not_before_their_points() -> None:
    assert break_lines("torch-rnn", one_letter_a_unit, 6) == ["torch-", "rnn"]
    assert break_lines("日本語、語", one_letter_a_unit, 3) == ["日本", "語、語"]
    assert break_lines("10\u00a0s of sound", one_letter_a_unit, 7) == ["10\u00a0s of", "sound"]


@pytest.mark.parametrize(
    "glued",
    [
        *(
            "10\u202f000",
            "10\u00a0s",
            "a\u2060b",
            "a\u2007b",
            "1,234.5",
            "\u20ac5",
            "50%",
            "(a)",
            "\u00abmot\u00bb",
            "it\u2019s",
        ),
        *(
            "3\u202f%",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "\U0001f44d\U0001f3fd",
            "\U0001f1e9\U0001f1ea",
            "n\u0303o",
        ),
    ],
)
def test_what_belongs_together_stays_on_one_line(glued: str) -> None:
    assert break_lines(f"aa {glued} bb", one_letter_a_unit, len(glued) + 1) == ["aa", glued, "bb"]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("see https://example.org/ab", 12, ["see https://", "example.org/", "ab"]),
        ("he left\u2014then came", 9, ["he left\u2014", "then came"]),
        ("zero\u200bwidth", 5, ["zero\u200b", "width"]),
        ("「学ぶ」、話す", 4, ["「学", "ぶ」、話", "す"]),
        ("ちょっとラーメン", 3, ["ちょっ", "とラー", "メン"]),
        ("สวัสดีชาวโลก", 8, ["สวัสดี", "ชาวโลก"]),
        ("soft\u00adhyphen", 7, ["soft-", "hyphen"]),
        ("soft\u00adhyphen", 20, ["soft\u00adhyphen"]),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f44d\U0001f3fd",
            3,
            ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd"],
        ),
    ],
)
def test_lines_end_where_unicode_says_that_they_may(text: str, width: int, lines: list[str]) -> None:
    assert break_lines(text, one_letter_a_unit, width) == lines


@given(st.text(max_size=60), st.integers(1, 12))
@settings(deadline=None, max_examples=200)
def test_any_text_at_all_is_broken_without_loss(text: str, width: int) -> None:
    def bare(letters: str) -> str:
        return "".join(letter for letter in letters if not letter.isspace() and letter not in "-\u00ad")

    for breaker in (break_lines, balanced):
        assert bare("".join(breaker(text, one_letter_a_unit, width))) == bare(text)


def test_a_caption_of_half_a_character_is_told_as_a_missing_glyph() -> None:
    with pytest.raises(GlyphError, match="U\\+D800"):
        TYPE.fit("half \ud800", TextStyle(20.0), 400.0)


@pytest.mark.parametrize("written", ["\n", "\r\n", "\u2028", "\u2029", "\x85"])
def test_written_line_breaks_are_kept(written: str) -> None:
    assert break_lines(f"one{written}two words", one_letter_a_unit, 20) == ["one", "two words"]


@pytest.mark.parametrize("role", ["sans", "mono"])
def test_tabular_digits_are_equally_wide(role: str) -> None:
    style = TextStyle(40.0, role=role, tabular=True)  # type: ignore[arg-type]
    assert len({round(TYPE.measure(str(digit) * 8, style), 3) for digit in range(10)}) == 1


def test_text_keeps_its_proportions_at_all_sizes() -> None:
    text = "Iteration 3,000 \u00b7 2.31 bits per byte"
    shapes = {round(TYPE.measure(text, TextStyle(size)) / size, 6) for size in (9.0, 24.0, 61.5, 140.0)}
    assert len(shapes) == 1
    for size in (9.0, 24.0, 61.5):
        style = TextStyle(size)
        assert TYPE.render(text, style).advance_px == pytest.approx(TYPE.measure(text, style), rel=0.005)


def test_bold_text_is_wider_and_has_more_ink() -> None:
    thin, bold = (TYPE.render("weight", TextStyle(60.0, weight=weight)) for weight in (300, 800))
    assert bold.advance_px > thin.advance_px
    assert bold.mask.sum() > 1.3 * thin.mask.sum()


def test_a_text_stands_on_its_baseline() -> None:
    picture = TYPE.render("HHH", TextStyle(50.0))
    x, y = picture.place(10.0, 100.0)
    assert y + picture.mask.shape[0] == pytest.approx(100, abs=1)
    assert x == pytest.approx(10, abs=6)
    assert picture.mask.max() == 255


def test_spaces_draw_nothing_but_take_room() -> None:
    picture = TYPE.render("   ", TextStyle(30.0))
    assert picture.mask.size == 0
    assert picture.advance_px > 0


def test_every_kind_of_space_and_invisible_joiners_can_be_drawn() -> None:
    plain = TYPE.render("a b", TextStyle(30.0)).mask
    for text in ("a\tb", "a\u2003b", "a b\u200b", "a\ufeff b"):
        assert np.array_equal(TYPE.render(text, TextStyle(30.0)).mask, plain)


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("速い", "U+901F", "noto-cjk-sans-jp-regular"),
        ("voice \U00010330", "U+10330", "No font package is known to have it"),
        ("bell\x07", "U+0007", "Remove"),
    ],
)
def test_a_missing_glyph_is_named_with_a_way_to_get_it(text: str, code: str, hint: str) -> None:
    without_extras = Typesetter(type(TYPE.fonts)(TYPE.fonts.sans, TYPE.fonts.mono))
    with pytest.raises(GlyphError) as caught:
        without_extras.measure(text, TextStyle(20.0))
    assert code in caught.value.what
    assert hint in caught.value.hint
    assert "\x07" not in str(caught.value)


def test_a_character_is_drawn_by_the_first_face_that_has_it() -> None:
    fonts = load_fonts()
    sans_only = next(c for c in "\u2780\u24ff\u2b61\u1d7ff\u25d6\u21e7" if fonts.sans.covers(c) != fonts.mono.covers(c))
    first = fonts.sans if fonts.sans.covers(sans_only) else fonts.mono
    assert fonts.runs(sans_only, "sans")[0][0] == fonts.runs(sans_only, "mono")[0][0] == first


@pytest.mark.skipif(not HAS_RAQM, reason="without raqm, text is not shaped")
def test_marks_are_placed_on_their_letters() -> None:
    assert TYPE.measure("e\u0301", TextStyle(40.0)) == pytest.approx(TYPE.measure("é", TextStyle(40.0)))
    assert TYPE.measure("x\u0302", TextStyle(40.0)) == pytest.approx(TYPE.measure("x", TextStyle(40.0)), rel=0.05)


def test_a_family_that_is_not_installed_is_named() -> None:
    with pytest.raises(TemplateError, match="no-such-family") as caught:
        load_fonts("no-such-family")
    assert "inter" in caught.value.expected
    assert "pip install fontpkg-no-such-family" in caught.value.hint


def test_a_file_that_is_no_font_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("fonts") / "font.ttf"
    path.write_bytes(b"\x00\x01\x00\x00 this is no font" * 40)
    with pytest.raises(TemplateError, match="can't be used"):
        load_fonts("inter", "jetbrains-mono", (path,))
