"""The quick way through a log's lines says what the careful one says."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.runs.readers.line_pattern import LinePattern
from pipeline.runs.readers.line_shapes import Shapes
from pipeline.runs.readers.line_words import LineWords

WORDS = [
    "loss",
    "step",
    "iter",
    "epoch",
    "val",
    "loss_1",
    "lr",
    "ms",
    "train loss",
    "|",
    "[",
    "]",
    "(",
    ")",
    ",",
    ":",
    "=",
]
KINDS = [
    st.integers(0, 3_000_000).map(str),
    st.integers(-5, 99).map(str),
    st.floats(-9, 9).map("{:.3f}".format),
    st.floats(1e-9, 9).map("{:.1e}".format),
    st.integers(1, 99).map("{}/100".format),
    st.integers(1, 99).map("{} / 100".format),
    st.integers(1, 9999).map("{:,}".format),
    st.integers(1, 99).map("{}ms".format),
    st.integers(10, 31).map("2021-07-{}".format),
    st.sampled_from(["nan", "12:30:01", "1e5", "00", "1.2.3", "7"]),
]


@st.composite
def _alike(draw: st.DrawFn) -> list[str]:
    """Lines that differ in their numbers only."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6))
    gaps = draw(st.lists(st.sampled_from(["", " ", ": ", "=", "  ", "/"]), min_size=len(words), max_size=len(words)))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=len(words), max_size=len(words)))
    rows = draw(st.lists(st.tuples(*kinds), min_size=6, max_size=9))
    return [
        " ".join(f"{word}{gap}{number}" for word, gap, number in zip(words, gaps, row, strict=True)) for row in rows
    ]


def _careful(line: str) -> dict[str, float]:
    return LineWords().pairs(line)


@given(_alike())
@example(["loss 1", "loss 2", "loss 3", "loss 4.5", "loss -4.5", "loss  7", "loss 1e3", "loss nan"])
@example([f"step {n}/100 | loss {n}.5" for n in range(9)] + ["step 1/200 | loss 3.5"])
def test_known_shapes_say_what_careful_reading_says(lines: list[str]) -> None:
    shapes = Shapes(_careful)
    for line in lines:
        expected = _careful(line)
        quick = shapes.find(line.encode())
        if quick is not None:
            assert {name: float(number) for name, number in zip(*quick, strict=True)} == expected
        shapes.learn(line, expected)


@pytest.mark.parametrize(
    "line", ["iter {0}: loss {0}.5, time {0}.04ms", "step   {0}/100 | loss {0}.5 | val -{0}.4", "it {0} x g={0}e-05;"]
)
def test_lines_that_are_alike_are_read_with_care_three_times(line: str) -> None:
    pattern = LinePattern("it {it} * g={g}")
    parse = pattern.match if line.startswith("it ") else _careful
    shapes = Shapes(parse)
    with patch.object(shapes, "learn", wraps=shapes.learn) as learn:
        for number in range(1, 1000):
            text = line.format(number)
            if shapes.find(text.encode()) is None:
                shapes.learn(text, parse(text) or {})
    assert learn.call_count == 3


def test_a_log_of_many_shapes_keeps_a_few() -> None:
    shapes = Shapes(_careful)
    for number in range(3000):
        word = "".join(chr(97 + int(digit)) for digit in str(number))
        for _ in range(3):
            shapes.learn(f"{word} loss {number}.5", {"loss": number + 0.5})
    assert len(shapes._shapes) <= 16
    assert len(shapes._seen) <= 500
