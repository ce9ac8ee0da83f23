import csv
import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.tables.quotes import LONGEST_RECORD_BYTES, whole_records

DELIMITERS = "\t;,| "


def joined(text: str, cut: int = 1 << 20) -> list[str]:
    lines = text.encode().splitlines(keepends=True)
    blocks = [b"".join(lines[at : at + cut]) for at in range(0, len(lines), cut)]
    return b"".join(whole_records(blocks, DELIMITERS, "#")).decode().splitlines()


words = st.text(st.sampled_from('ab\n",;# '), max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(words, words, st.integers(0, 99)), min_size=1, max_size=12), st.integers(1, 5))
def test_each_record_of_a_well_written_file_becomes_one_line(rows: list[tuple[str, str, int]], cut: int) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    expected = [[first.replace("\n", " "), second.replace("\n", " "), str(number)] for first, second, number in rows]
    assert list(csv.reader(joined(out.getvalue(), cut))) == expected


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('1,"a\nb",2\n3,"c",4\n', ['1,"a b",2', '3,"c",4']),
        ('1,"a\r\nb",2\r\n', ['1,"a  b",2 ']),
        ('1,"a\n\n\nb"\n2,x\n', ['1,"a   b"', "2,x"]),
        ('1,"a\nb","c\nd"\n', ['1,"a b","c d"']),
        ('1,"say ""hi\nyou"" there"\n', ['1,"say ""hi you"" there"']),
        ('1,2\n3,"4\n5,6\n', ["1,2", '3,"4', "5,6"]),  # one mark too many
        ('3,"4\n5,6\n7,"8\n', ['3,"4', "5,6", '7,"8']),  # two
        ('1,5" pipe\n2,6" pipe\n', ['1,5" pipe', '2,6" pipe']),
        ('# say "no\n1,"a\nb"\n# "\n', ['# say "no', '1,"a b"', '# "']),
        ('1,"4\n2,x\n3,"a\nb"\n', ['1,"4', "2,x", '3,"a b"']),
    ],
)
def test_a_field_that_goes_on_is_told_from_a_mark_too_many(text: str, lines: list[str]) -> None:
    for cut in (1, 2, 100):
        assert joined(text, cut) == lines


def test_a_mark_that_is_never_closed_costs_little_time_and_no_lines() -> None:
    text = '1,"x\n' + "2,3\n" * (LONGEST_RECORD_BYTES // 2)
    began = time.process_time()
    assert len(joined(text, 1000)) == text.count("\n")
    assert len(joined('1,"x\n' * 50_000, 1000)) == 50_000
    assert time.process_time() - began < 5.0
