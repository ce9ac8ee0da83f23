import codecs
import csv
import gzip
import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import LogError
from pipeline.tables import source as csv_source
from pipeline.tables.dialect import DialectOptions
from pipeline.tables.table import Table, read_table

numbers = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.4f}"),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:+.3e}"),
    st.sampled_from(["0", "-0", "+1", ".5", "5.", "-.25", "1e5", "1E-5", "007", "123456789012345678901234567890"]),
)
fields = st.one_of(numbers, st.sampled_from(["", " ", "nan", "inf", "-inf", "NA", "null"]))


def every(path: Path, options: DialectOptions | None = None) -> Table:
    return read_table(str(path), options or DialectOptions(), lambda dialect: range(len(dialect.names)))


def written(tmp_path: Path, text: str | bytes, name: str = "log.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def slow_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


@settings(deadline=None, max_examples=80)
@given(
    rows=st.lists(st.tuples(fields, fields, fields), min_size=1, max_size=40),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    line_break=st.sampled_from(["\n", "\r\n", "\r"]),
    block=st.sampled_from([7, 64, 1 << 20]),
)
def test_numbers_are_read_as_python_reads_them(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, str]],
    delimiter: str,
    line_break: str,
    block: int,
) -> None:
    path = tmp_path_factory.mktemp("logs") / "log.csv"
    lines = [delimiter.join(row) for row in [("a", "b", "c"), *rows]]
    path.write_bytes(line_break.join(lines).encode())
    before = csv_source.BLOCK_BYTES
    csv_source.BLOCK_BYTES = block
    try:
        table = every(path, DialectOptions(delimiter=delimiter, header=True))
    finally:
        csv_source.BLOCK_BYTES = before
    assert table.rows == len(rows)
    for column in range(3):
        expected = [slow_number(row[column]) for row in rows]
        np.testing.assert_allclose(table.columns[column], expected, rtol=3e-16, atol=0)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-(10**15) + 1, 10**15 - 1), min_size=1, max_size=50), st.integers(0, 15))
def test_numbers_of_fifteen_digits_are_exact(values: list[int], decimals: int) -> None:
    from pipeline.tables.numbers import ParseDiagnostics, parse_numbers  # noqa: PLC0415

    texts = [f"{value / 10**decimals:.{decimals}f}" for value in values]
    data = np.frombuffer(" ".join([*texts, " " * 32]).encode(), dtype=np.uint8)
    ends = np.cumsum([len(text) + 1 for text in texts]) - 1
    begins = ends - [len(text) for text in texts]
    found = parse_numbers(data, begins, ends, ParseDiagnostics())
    assert found.tolist() == [float(text) for text in texts]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8), min_size=2, max_size=4
        ),
        max_size=20,
    )
)
def test_any_quoted_fields_leave_the_numbers_alone(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("logs") / "log.csv"
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["x", "y", "words"])
    for number, words in enumerate(rows):
        writer.writerow([number, number / 2, *words])
    writer.writerow([99, 100, ""])
    path.write_text(out.getvalue(), encoding="utf-8")
    table = read_table(str(path), DialectOptions(delimiter=","), lambda _: [0, 1])
    assert table.columns[0].tolist() == [*range(len(rows)), 99]
    assert table.columns[1].tolist() == [*(number / 2 for number in range(len(rows))), 100]


@pytest.mark.parametrize(
    ("text", "names", "columns"),
    [
        ("a,b\n1,2\n3,4\n", ("a", "b"), [[1, 3], [2, 4]]),
        ("1;2\n3;4", ("1", "2"), [[1, 3], [2, 4]]),
        ("a\tb\n1\t\n3\t4\n", ("a", "b"), [[1, 3], [math.nan, 4]]),
        ("step loss\n1   2\n  3 4  \n", ("step", "loss"), [[1, 3], [2, 4]]),
        ("# made today\n# step loss\n1 2\n3 4\n", ("step", "loss"), [[1, 3], [2, 4]]),
        ("a,b\n1,2\n# a pause\n\n3,4\n", ("a", "b"), [[1, 3], [2, 4]]),
        ('"a, b",c\n"1","2"\n"3",4\n', ("a, b", "c"), [[1, 3], [2, 4]]),
        ("a,b\n1,2\n3\n5,6,7\n", ("a", "b", "3"), [[1, 3, 5], [2, math.nan, 6], [math.nan, math.nan, 7]]),
        ("a|b\n 1 | 2 \n3|4\n", ("a", "b"), [[1, 3], [2, 4]]),
        ("näm,b\n1,2\n", ("näm", "b"), [[1], [2]]),
        (",b\n1,2\n", ("1", "b"), [[1], [2]]),
    ],
)
def test_logs_are_understood_as_they_are_written(
    tmp_path: Path, text: str, names: tuple[str, ...], columns: list[list[float]]
) -> None:
    table = every(written(tmp_path, text))
    assert table.dialect.names == names
    for index, expected in enumerate(columns):
        np.testing.assert_array_equal(table.columns[index], expected)


def test_decimal_commas_are_read_when_asked(tmp_path: Path) -> None:
    table = every(written(tmp_path, "a;b\n1,5;-0,25\n2,5;1,5e3\n"), DialectOptions(decimal_comma=True))
    np.testing.assert_array_equal(table.columns[0], [1.5, 2.5])
    np.testing.assert_array_equal(table.columns[1], [-0.25, 1500])


def test_quoted_decimal_commas_between_commas_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,b\n"1,5","2,5"\n3,"4,5"\n')
    table = every(path, DialectOptions(delimiter=",", decimal_comma=True))
    np.testing.assert_array_equal(table.columns[1], [2.5, 4.5])


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16-le", "utf-16-be"])
def test_byte_order_marks_of_spreadsheets_are_understood(tmp_path: Path, coding: str) -> None:
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(coding, b"")
    table = every(written(tmp_path, mark + "Größe\tb\r\n1\t2\r\n".encode(coding)))
    assert table.dialect.names == ("Größe", "b")
    assert table.columns[1].tolist() == [2]


def test_compressed_logs_are_read(tmp_path: Path) -> None:
    table = every(written(tmp_path, gzip.compress(b"a,b\n1,2\n"), "log.csv.gz"))
    assert table.columns[1].tolist() == [2]


def test_line_numbers_are_a_column_of_every_log(tmp_path: Path) -> None:
    path = written(tmp_path, "# comment\nloss\n5\n\n6\n")
    table = read_table(str(path), DialectOptions(), lambda _: [-1, 0])
    assert table.columns[-1].tolist() == [3, 5]


def test_what_is_odd_is_counted(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1,\n2,nan\n3,inf\n4,oops\n5,NA\n6,-inf\n7\n8,1\n")
    odd = every(path).diagnostics[1]
    assert (odd.missing, odd.not_a_number, odd.infinite, odd.words) == (3, 1, 2, 1)
    assert (odd.first_word, odd.first_word_row) == ("oops", 3)


def test_a_header_can_be_denied_and_asserted(tmp_path: Path) -> None:
    path = written(tmp_path, "1,2\n3,4\n")
    assert every(path, DialectOptions(header=True)).rows == 1
    words = written(tmp_path, "a,2\n3,4\n", "words.csv")
    assert every(words, DialectOptions(header=False)).rows == 2


def test_columns_are_found_by_name_and_by_number(tmp_path: Path) -> None:
    dialect = every(written(tmp_path, "Iteration,loss nats,2\n1,2,3\n")).dialect
    assert dialect.find("iteration", "") == 0
    assert dialect.find("loss nats", "") == 1
    assert dialect.find("2", "") == 2  # a name before a number
    assert dialect.find("3", "") == 2
    assert dialect.find("line", "") == -1
    with pytest.raises(LogError, match="no column 'los nats'") as caught:
        dialect.find("los nats", "log.csv")
    assert "Did you mean 'loss nats'?" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (codecs.BOM_UTF8, "is empty"),
        (b"\n\n# nothing\n", "holds no rows"),
        (b"a,b\n", "holds no rows"),
        (b"\0\1\2\n", "is no text"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8\x00\xd8\n\x00", "is no UTF-16-LE text"),
        (gzip.compress(b"a,b\n1,2\n" * 99999)[:-20], "compressed file is damaged"),
        (b"\x1f\x8bnonsense", "compressed file is damaged"),
        (b'"' + b"x" * 200_000 + b'",1\n', "quoted field"),
    ],
)
def test_a_broken_log_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(LogError, match=told):
        every(written(tmp_path, content))


def test_a_quotation_mark_too_many_costs_one_row(tmp_path: Path) -> None:
    table = every(written(tmp_path, 'a,b\n1,2\n3,"4\n5,6\n'))
    np.testing.assert_array_equal(table.columns[0], [1, 3, 5])


def test_a_line_without_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_source, "LONGEST_LINE_BYTES", 1 << 21)
    with pytest.raises(LogError, match="line is longer than"):
        every(written(tmp_path, b"1" * (1 << 22)))


def test_more_numbers_than_allowed_are_told(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="more than 10 numbers"):
        read_table(str(written(tmp_path, "1,2\n" * 6)), DialectOptions(), lambda _: [0, 1], most_numbers=10)


@pytest.mark.parametrize("name", ["", "missing.csv"])
def test_a_folder_and_a_missing_file_are_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(LogError, match=r"is a folder|no such file"):
        every(tmp_path / name)


def test_a_small_file_that_unpacks_to_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(80):
            file.write(b"1,2\n" * (1 << 18))
    with pytest.raises(LogError, match="200 times its size"):
        read_table(str(path), DialectOptions(), lambda _: [0])


def test_a_log_that_shrinks_as_logs_do_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    with gzip.open(path, "wt", encoding="ascii") as file:
        file.writelines(f"{n},{n / 7:.6f}\n" for n in range(20_000))
    assert read_table(str(path), DialectOptions(), lambda _: [0]).rows == 20_000
