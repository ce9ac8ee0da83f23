# ruff: noqa: RUF001 - other scripts
"""Words and letters of a line in every kind of script."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.picture.drawing.canvas import Canvas
from pipeline.picture.drawing.marks import TextMark
from pipeline.picture.drawing.pieces import cut_line, text_pieces
from pipeline.picture.text.typesetting import TextStyle, typesetter_for
from pipeline.picture.theme.theme import load_theme

TYPE = typesetter_for(load_theme("midnight"))
STYLE = TextStyle(30.0)
LINES = {
    "english": ("After 8.0 epochs: 5.19 bits", 5, 23),
    "arabic": ("بعد 8.0 دورات تدريب: 5.19 بت (LSTM)", 7, 7),
    "hebrew": ("אחרי 8.0 מעברים: (5.19) ל-MB, סוף.", 6, 6),
    "thai": ("สวัสดีชาวโลก เสียงแรก", 5, 17),
    "hindi": ("प्रशिक्षण के बाद", 3, 3),
}


def ink(marks: list[TextMark]) -> np.ndarray:
    canvas = Canvas(640, 60)
    for mark in marks:
        canvas.text(TYPE.render(mark.text, mark.style), mark.x_px, mark.baseline_px, "#ffffff")
    return canvas.rgba()[..., 3].astype(float)


@pytest.mark.parametrize("by", ["word", "letter"])
@pytest.mark.parametrize("script", LINES)
def test_all_pieces_together_are_the_line(script: str, by: str) -> None:
    text, words, letters = LINES[script]
    mark = TextMark(20.0, 42.0, text, STYLE, "#ffffff", None)
    pieces = cut_line(mark, by, TYPE)  # type: ignore[arg-type]
    assert len(pieces) == (words if by == "word" else letters)
    assert "".join(piece for _, piece in text_pieces(text, by)) == text.replace(" ", "")  # type: ignore[arg-type]
    whole, together = ink([mark]), ink([one for piece in pieces for one in piece])
    assert together.sum() == pytest.approx(whole.sum(), rel=0.02)
    columns = [np.flatnonzero(seen.sum(axis=0) > 60) for seen in (whole, together)]
    assert abs(columns[0][0] - columns[1][0]) <= 1
    assert abs(columns[0][-1] - columns[1][-1]) <= 2


def test_words_that_read_from_right_to_left_enter_from_the_right() -> None:
    for script in ("arabic", "hebrew"):
        mark = TextMark(20.0, 42.0, LINES[script][0], STYLE, "#ffffff", None)
        first, *_, last = cut_line(mark, "word", TYPE)
        assert first[0].x_px > last[0].x_px
    together = cut_line(TextMark(0.0, 0.0, "ל-MB סוף", STYLE, "#ffffff", None), "word", TYPE)
    assert [len(piece) for piece in together] == [2, 1], "a word that reads both ways is still one"


def test_words_of_scripts_without_spaces_are_those_of_a_dictionary() -> None:
    text = "エポック8.0の後：録音と同じ声。"
    assert [piece for _, piece in text_pieces(text, "word")] == [
        "エポック",
        "8.0",
        "の",
        "後：",
        "録音",
        "と",
        "同じ",
        "声。",
    ]
    assert all(text[begin:].startswith(piece) for begin, piece in text_pieces(text, "word"))
