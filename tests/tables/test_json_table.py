import gzip
import json
import math
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import LogError
from pipeline.tables import json_values
from pipeline.tables import source as csv_source
from pipeline.tables.dialect import DialectOptions
from pipeline.tables.table import read_named_columns, read_table


def written(folder: Path, text: str, name: str = "log.json") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def trainer_state(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "best_metric": None,
        "epoch": 2.0,
        "global_step": 1000,
        "log_history": rows,
        "stateful_callbacks": {"TrainerControl": {"args": {"should_log": False}, "list": [1, [2]]}},
    }


HISTORY = [
    {"epoch": 0.5, "grad_norm": float("nan"), "loss": 3.0, "step": 10},
    {"epoch": 0.5, "eval_loss": 3.5, "step": 10},
    {"epoch": 1.0, "grad_norm": 1.5, "loss": 2.0, "step": 20},
]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_trainers_history_is_a_table(tmp_path: Path, indent: int | None) -> None:
    found = read_named_columns(written(tmp_path, json.dumps(trainer_state(HISTORY), indent=indent)))
    np.testing.assert_array_equal(found["step"], [10, 10, 20])
    np.testing.assert_array_equal(found["loss"], [3, np.nan, 2])
    np.testing.assert_array_equal(found["eval_loss"], [np.nan, 3.5, np.nan])
    np.testing.assert_array_equal(found["grad_norm"], [np.nan, np.nan, 1.5])
    assert "best_metric" not in found


@pytest.mark.parametrize(
    "text",
    [
        "".join(json.dumps(row) + "\n" for row in HISTORY),
        json.dumps(HISTORY),
        json.dumps(HISTORY, indent=1),
        "".join(json.dumps(row, indent=2) + "\n" for row in HISTORY),  # as jq writes
        "\n\n" + "\r\n".join(json.dumps(row) for row in HISTORY),
        "\ufeff" + json.dumps(HISTORY, indent="\t"),
    ],
)
def test_rows_may_be_written_in_many_ways(tmp_path: Path, text: str) -> None:
    found = read_named_columns(written(tmp_path, text), ["step", "loss", "line"])
    np.testing.assert_array_equal(found["step"], [10, 10, 20])
    np.testing.assert_array_equal(found["loss"], [3, np.nan, 2])
    np.testing.assert_array_equal(found["line"], [1, 2, 3])


def test_columns_as_lists_points_and_objects_within_objects_are_read(tmp_path: Path) -> None:
    for indent in (None, 2):
        path = written(tmp_path, json.dumps({"loss": [3, 2, 1], "val_loss": [4, 3]}, indent=indent))
        np.testing.assert_array_equal(read_named_columns(path)["val_loss"], [4, 3, np.nan])
    board = read_named_columns(written(tmp_path, json.dumps([[1.7e9, 10, 0.5], [1.7e9 + 1, 20, 0.25]])))
    assert {name: values.tolist() for name, values in board.items()} == {
        "Wall time": [1.7e9, 1.7e9 + 1],
        "Step": [10, 20],
        "Value": [0.5, 0.25],
    }
    nested = read_named_columns(written(tmp_path, '{"step": 1, "loss": {"train": 2, "words": ["a"]}}\n{"step": 2}\n'))
    assert list(nested) == ["step", "loss.train"]


def test_values_are_read_as_those_of_other_logs_are(tmp_path: Path) -> None:
    text = '{"t": "2026-01-01T00:00:00+02:00", "a": "2.5", "b": null, "c": true, "d": "x", "e": Infinity, "f": "NaN"}\n'
    table = read_table(written(tmp_path, text), DialectOptions(), lambda dialect: range(len(dialect.names)))
    kinds = {column.name: column.kind for column in table.dialect.columns}
    assert kinds == dict(
        zip("tabcdef", ("time", "number", "number", "words", "words", "number", "number"), strict=True)
    )
    assert table.dialect.columns[0].offset_s == 7200
    assert (table.columns[0][0], table.columns[1][0], table.columns[5][0]) == (1_767_218_400, 2.5, math.inf)
    assert (table.diagnostics[2].missing, table.diagnostics[6].not_a_number, table.diagnostics[4].first_word) == (
        1,
        1,
        "x",
    )


def test_a_line_cut_off_costs_one_row_and_is_noted(tmp_path: Path) -> None:
    path = written(tmp_path, '{"step": 1, "loss": 2}\nwarning: cold\n{"step": 2, "loss": 1}\n{"step": 3, "lo')
    table = read_table(path, DialectOptions(), lambda dialect: [dialect.find("step", "")])
    assert table.columns[0].tolist() == [1, 2]
    assert table.notes == ("2 lines are no JSON objects (warning: cold)",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{\n"log_history": [\n{"step": 1},\n', "ends in the middle"),
        ('{\n"log_history": [\n{"step": 1},\n{"step" 2}]}', "can't be read from"),
        ('{\n"log_history": []\n}', "no rows of numbers"),
        ("[]", "no rows of numbers"),
        ("{}", "no rows of numbers"),
        ('[1, 2,\n"x"]', "values that are no rows"),
        ("[" * 100_000, "can't be read"),
        ('{"a":' * 100_000, "can't be read"),
        ("[\n" * 5000 + "1" + "]" * 5000, "no rows|can't be read"),
        ('{\n"step": ' + "9" * 5000 + "}", "can't be read"),
        ('[\n{"step": 1}\n{"step": 2}]', "can't be read from"),
    ],
)
def test_broken_json_is_one_clear_error(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(LogError, match=told) as caught:
        read_named_columns(written(tmp_path, text))
    assert caught.value.exit_code == 2


def test_more_than_allowed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = written(tmp_path, '{"a": 1, "b": 2}\n' * 100)
    with pytest.raises(LogError, match="more than 150 numbers"):
        read_named_columns(rows, most_numbers=150)
    many = written(tmp_path, "".join(json.dumps({f"name{n}": 1}) + "\n" for n in range(10_001)))
    with pytest.raises(LogError, match="more than 10,000 columns"):
        read_named_columns(many)
    monkeypatch.setattr(json_values, "LONGEST_VALUE", 1 << 16)
    with pytest.raises(LogError, match="can't be read from"):
        read_named_columns(written(tmp_path, '[\n{"a":\n' + "\n" * (3 << 20) + " 1}]"))


def test_a_long_history_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "trainer_state.json.gz"
    with gzip.open(path, "wt", encoding="ascii", compresslevel=1) as file:
        file.write('{\n"log_history": [\n')
        file.write(
            ",\n".join(f'{{"step": {n}, "note": "{"x" * 400}{n * 7919}", "loss": {n / 7}}}' for n in range(20_000))
        )
        file.write('\n],\n"global_step": 1\n}\n')
    tracemalloc.start()
    try:
        found = read_named_columns(str(path), ["loss"])
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found["loss"].tolist() == [n / 7 for n in range(20_000)]
    assert most < 8 << 20  # the text has 9 MB


json_values_strategy = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.dictionaries(st.sampled_from(["step", "loss", "x.y", ""]), json_values_strategy), max_size=8),
    indent=st.sampled_from([None, 0, 2]),
    form=st.sampled_from(["lines", "list", "history"]),
    block=st.sampled_from([16, 1 << 20]),
)
def test_any_json_is_read_or_told(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], indent: int | None, form: str, block: int
) -> None:
    text = {
        "lines": "".join(json.dumps(row) + "\n" for row in rows),
        "list": json.dumps(rows, indent=indent),
        "history": json.dumps(trainer_state(rows), indent=indent),
    }[form]
    before = csv_source.BLOCK_BYTES
    csv_source.BLOCK_BYTES = block
    try:
        found = read_named_columns(written(tmp_path_factory.mktemp("logs"), text or "{}"))
    except LogError:
        return
    finally:
        csv_source.BLOCK_BYTES = before
    numbers = [row.get("step") for row in rows]
    if "step" in found and all(type(value) in {int, float} for value in numbers):
        np.testing.assert_array_equal(found["step"], [float(value) for value in numbers])  # type: ignore[arg-type]
