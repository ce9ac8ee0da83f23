from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, LogError
from pipeline.tables.dialect import DialectOptions
from pipeline.tables.table import Table, read_named_columns, read_table


def every(tmp_path: Path, text: str | bytes, **options: object) -> Table:
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_table(str(path), DialectOptions(**options), lambda dialect: range(len(dialect.names)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("step;loss;temp\n1;2,5;20\n2;1,5;21\n", [[1, 2], [2.5, 1.5], [20, 21]]),
        ("1;2,5;20,1\n2;1,5;21,2\n", [[1, 2], [2.5, 1.5], [20.1, 21.2]]),
        ("step\tloss\n1\t0,999\n2\t0,998\n", [[1, 2], [0.999, 0.998]]),
        ("step loss\n1 2,5\n2 1,5\n", [[1, 2], [2.5, 1.5]]),
        ('step,loss\n1,"1.234,5"\n2,"999,5"\n', [[1, 2], [1234.5, 999.5]]),
        ("step;tokens;loss\n1;1.000;2,5\n2;12.000;1,5\n", [[1, 2], [1000, 12_000], [2.5, 1.5]]),
        ('step,tokens\n1,"1,234.5"\n2,"999.5"\n', [[1, 2], [1234.5, 999.5]]),
        ('step,tokens\n"1,000","2,000,000"\n"2,000",5\n', [[1000, 2000], [2_000_000, 5]]),
        ("step;loss;acc\n1;2,5;0.5\n2;1,5;0.75\n", [[1, 2], [2.5, 1.5], [0.5, 0.75]]),  # each as it is written
        ("step;loss\n1;1 234,5\n2;1\u202f234,5\n3;1\u00a0234,5\n", [[1, 2, 3], [1234.5] * 3]),
        ("step;loss\n1;1'234.5\n2;1\u2019234.5\n", [[1, 2], [1234.5] * 2]),
        ("step,loss\n1,\u22122.5\n2,-1.5\n", [[1, 2], [-2.5, -1.5]]),
    ],
)
def test_numbers_are_read_in_the_dialect_they_are_written_in(
    tmp_path: Path, text: str, columns: list[list[float]]
) -> None:
    table = every(tmp_path, text)
    for index, expected in enumerate(columns):
        np.testing.assert_array_equal(table.columns[index], expected)


def test_a_guessed_decimal_comma_is_noted(tmp_path: Path) -> None:
    assert every(tmp_path, "step;loss\n1;2,5\n").notes == ("decimal commas in 'loss' are read as such",)
    assert every(tmp_path, "step;loss\n1;2,5\n", decimal_comma=True).notes == ()


def test_a_comma_that_may_mean_either_names_both_flags(tmp_path: Path) -> None:
    text = "step;loss\n1;2,345\n2;1,999\n"
    with pytest.raises(LogError, match="'2,345' in the column 'loss'") as caught:
        every(tmp_path, text)
    assert "--decimal-comma" in caught.value.hint
    assert "--decimal-point" in caught.value.hint
    assert every(tmp_path, text, decimal_comma=True).columns[1].tolist() == [2.345, 1.999]
    assert every(tmp_path, text, decimal_comma=False).columns[1].tolist() == [2345, 1999]


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30),
    decimals=st.integers(1, 4),
    comma=st.booleans(),
    grouped=st.booleans(),
)
def test_grouped_numbers_mean_what_they_say(
    tmp_path_factory: pytest.TempPathFactory, *, values: list[int], decimals: int, comma: bool, grouped: bool
) -> None:
    texts = [f"{value / 10**decimals:{',' if grouped else ''}.{decimals}f}" for value in values]
    if comma:
        texts = [text.translate(str.maketrans(",.", ".,")) for text in texts]
    text = "n;v\n" + "".join(f"{number};{one}\n" for number, one in enumerate(texts))
    table = every(tmp_path_factory.mktemp("logs"), text, decimal_comma=comma)
    np.testing.assert_allclose(table.columns[1], [value / 10**decimals for value in values], rtol=1e-12)
    assert table.diagnostics[1].words == 0


def test_times_are_columns_of_seconds(tmp_path: Path) -> None:
    table = every(tmp_path, "when,took,loss\n2026-01-01T00:00:00Z,0:10,3\n,1:00:00,2\n2026-01-01T00:10:00Z,x,1\n")
    assert [column.kind for column in table.dialect.columns] == ["time", "span", "number"]
    np.testing.assert_array_equal(table.columns[0], [1_767_225_600, np.nan, 1_767_226_200])
    np.testing.assert_array_equal(table.columns[1], [10, 3600, np.nan])
    assert (table.diagnostics[0].missing, table.diagnostics[1].first_word, table.diagnostics[1].first_word_row) == (
        1,
        "x",
        2,
    )


def test_line_breaks_in_quotes_lose_no_rows(tmp_path: Path) -> None:
    table = every(tmp_path, 'step,note,loss\n1,"a\nb",2\n2,"c",1\n3,"d\ne",0.5\n')
    assert (table.rows, table.short_rows) == (3, 0)
    assert table.columns[2].tolist() == [2, 1, 0.5]
    everywhere = every(tmp_path, '"st\nep","note",loss\n' + "".join(f'{n},"x\n{n}\n,",{n / 2}\n' for n in range(500)))
    assert everywhere.dialect.names == ("st ep", "note", "loss")
    assert everywhere.columns[2].tolist() == [n / 2 for n in range(500)]


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        ("step,Größe\n1,2\n".encode("latin-1"), "Größe", "Windows-1252"),
        ("step,Verlust \u2013 é\n1,2\n".encode("cp1252"), "Verlust \u2013 é", "Windows-1252"),
        ("step\tGröße\r\n1\t2\r\n".encode("utf-16-le"), "Größe", "UTF-16-LE"),
        ("step\tGröße\r\n1\t2\r\n".encode("utf-16-be"), "Größe", "UTF-16-BE"),
    ],
)
def test_other_encodings_are_read_and_said(tmp_path: Path, data: bytes, name: str, said: str) -> None:
    table = every(tmp_path, data)
    assert table.dialect.names[1] == name
    assert table.columns[1].tolist() == [2]
    (note,) = table.notes
    assert said in note
    assert "--encoding" in note


def test_an_encoding_may_be_named(tmp_path: Path) -> None:
    table = every(tmp_path, "шаг,потеря\n1,2\n".encode("cp1251"), encoding="cp1251")
    assert table.dialect.names == ("шаг", "потеря")
    assert table.notes == ()
    with pytest.raises(InputError, match="no encoding 'klingon'"):
        every(tmp_path, b"a,b\n1,2\n", encoding="klingon")
    with pytest.raises(LogError, match="no ASCII text"):
        every(tmp_path, "a,ü\n1,2\n", encoding="ascii")


def test_rows_with_more_fields_than_names_are_noted(tmp_path: Path) -> None:
    assert every(tmp_path, "step,loss\n1,2,5\n2,1,5\n").notes == ("the rows have 3 fields, the header names 2",)
    assert every(tmp_path, "step,loss\n1,2,\n2,1,\n").notes == ()


def test_columns_are_given_by_name(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("step,note,loss\n1,a,3\n2,b,\n")
    found = read_named_columns(str(path))
    assert list(found) == ["step", "loss"]
    np.testing.assert_array_equal(found["loss"], [3, np.nan])
    assert list(read_named_columns(str(path), ["loss", "line"])) == ["loss", "line"]
    with pytest.raises(LogError, match="no column 'los'"):
        read_named_columns(str(path), ["los"])
