"""Lines of JSON that are alike are read many at once, and say the same as one by one."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.tables import json_rows
from pipeline.tables.json_shapes import shape_of
from pipeline.tables.json_table import read_json
from pipeline.tables.table import MOST_NUMBERS


def columns(text: str, most_shapes: int, keeps: Any = None) -> dict[str, Any]:
    """All columns, their kinds and what was odd about them."""
    before, json_rows._MOST_SHAPES = json_rows._MOST_SHAPES, most_shapes
    try:
        rows = read_json([text.encode()], MOST_NUMBERS, keeps)
    finally:
        json_rows._MOST_SHAPES = before
    dialect = rows.dialect
    wanted = [at for at, name in enumerate(dialect.names) if keeps is None or keeps(name)]
    dense, diagnostics = rows.dense(wanted, MOST_NUMBERS)
    found: dict[str, Any] = {dialect.names[at]: (dense[at].tolist(), diagnostics[at]) for at in wanted}
    return {"count": rows.count, "bad": rows.bad_lines, "kinds": dialect.columns, **found}


VALUES = st.one_of(
    st.integers(-(10**6), 10**6),
    st.floats(-1e6, 1e6).map(lambda value: round(value, 4)),
    st.sampled_from(
        [None, True, "train", "a, b", "2.5", float("nan"), 1e300, [1, 2], {"in": 3, "more": {"deep": 4.5}}]
    ),
)
ROWS = st.lists(st.dictionaries(st.sampled_from(["step", "loss", "a.b", 'q"', "time"]), VALUES, max_size=5), max_size=4)


@given(
    ROWS,
    st.lists(st.sampled_from(["", "cut {", '{"loss": 1} ', "[1, 2, 3]", '{"loss": 0x1}', '{"loss": -}']), max_size=2),
)
@settings(max_examples=60, deadline=None)
def test_lines_read_many_at_once_say_what_they_say_one_by_one(rows: list[dict[str, Any]], odd: list[str]) -> None:
    lines = [json.dumps({"step": 0, "loss": 1.5})]
    for number in range(3):  # the same shapes again, with other numbers
        lines += [
            json.dumps({name: value + number if type(value) is int else value for name, value in row.items()})
            for row in rows
        ]
        lines += odd
    text = "".join(f"{line}\n" for line in lines)
    fast, slow = columns(text, 16), columns(text, 0)
    np.testing.assert_equal(fast, slow)


def test_only_columns_that_are_wanted_are_held_and_all_are_named() -> None:
    text = "".join(json.dumps({"step": at, "loss": at / 8, "lr": 0.5, "host": "x"}) + "\n" for at in range(100))
    found = columns(text, 16, keeps=lambda name: name in {"step", "loss"})
    assert [(one.name, one.kind) for one in found["kinds"]] == [
        ("step", "number"),
        ("loss", "number"),
        ("lr", "number"),
        ("host", "words"),
    ]
    assert found["loss"][0] == [at / 8 for at in range(100)]
    assert "lr" not in found


@pytest.mark.parametrize(
    "line", ['{"a": [1]}', "[1]", '{"a": "x"}', '{"a": NaN, "b": 1}', "{}", '{"a": 1', '{"a": 01}', "1", "9" * 20_000]
)
def test_lines_with_lists_or_without_numbers_have_no_shape(line: str) -> None:
    assert shape_of(line, 4, 300) is None


def test_a_number_within_words_is_no_number_of_the_line() -> None:
    shape = shape_of('{"run 1": "2 of 3", "loss": -4.5e-3, "x": {"y": 7}}', 4, 300)
    assert shape is not None
    assert shape.names == ("loss", "x.y")
    assert shape.fixed == (("run 1", "2 of 3"),)
    assert shape.texts == (b'{"run 1": "2 of 3", "loss": ', b', "x": {"y": ', b"}}")
