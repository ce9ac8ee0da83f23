"""What is wrong with TOML is told by its line, in words that need no knowledge of a parser."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.runtime.wording.toml_text import TomlMistake, parse_toml

PARSERS_WORDS = re.compile(r"illegal|invalid|expected|unclosed|unterminated|codec|scalar|declare|namespace|\bkey")


def mistake(text: str | bytes) -> TomlMistake:
    with pytest.raises(TomlMistake) as caught:
        parse_toml(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ('a = 1\ntitle = "x\nb = 2', "not closed on its line", 'line 2: title = "x'),
        ("title = x", "no value", "line 1: title = x"),
        ("title =", "no value after the equals sign", "line 1: title ="),
        ("title = \u201cMy film\u201d", "\u201c is no quotation mark", "line 1: title = \u201cMy film\u201d"),
        ("a = True", "neither true nor false", "line 1: a = True"),
        ("= 3", "begins with what is no name", "line 1: = 3"),
        ("title: 'x'", "equals sign", "line 1: title: 'x'"),
        ("a = 1\na = 2", "second value", "line 2: a = 2"),
        ("a = {b = 1, b = 2}", "second value", "line 1: a = {b = 1, b = 2}"),
        ("[a]\n[a]", "heading stands there twice", "line 2: [a]"),
        ("[[section]", "closing bracket of a heading", "line 1: [[section]"),
        ("a = [1, 2", "list is not closed", "line 1: a = [1, 2"),
        ("a = [1,, 2]", "missing before a comma", "line 1: a = [1,, 2]"),
        ("a = {b = 1\n}", "table is not closed", "line 1: a = {b = 1"),
        ("a = 1 2", "behind a value", "line 1: a = 1 2"),
        ('a = """x', "text is not closed", 'line 1: a = """x'),
        ("a = 2020-02-31T00:00:00", "no such date", "line 1: a = 2020-02-31T00:00:00"),
        ('a = "\x07"', "can't be seen", 'line 1: a = "?"'),
        ("a = " + "9" * 5000, "too many digits", ""),
        ("a = " + "[" * 100_000, "nested too deeply", ""),
        (b"# one\na = '\xe9'", "not UTF-8", "line 2"),
    ],
)
def test_each_mistake_is_told_by_its_line(text: str | bytes, what: str, place: str) -> None:
    told = mistake(text)
    assert what in told.what
    assert told.place == place
    assert told.hint


@pytest.mark.parametrize("path", [r"C:\Users\me\v.wav", r"C:\voices\me.wav", r"D:\x.wav"])
def test_a_path_with_backslashes_is_told_how_to_be_written(path: str) -> None:
    told = mistake(f'recordings = ["{path}"]')
    assert "backslash" in told.what
    assert "forward slashes" in told.hint
    assert "single quotes" in told.hint


def test_text_with_a_mark_at_its_beginning_is_read() -> None:
    assert parse_toml(b'\xef\xbb\xbftitle = "x"\r\n') == {"title": "x"}


PIECES = st.sampled_from(
    ["a", "[", "]", "[[", "]]", "=", '"', "'", '"""', "\\", "\\u12", "{", "}", ",", ".", "#", " ", "\n", "\r", "\x00",
     "1", "0x", "true", "inf", "2020-02-31", "ä", "\ud7ff"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_word_of_the_parser_reaches_a_person(text: str) -> None:
    try:
        values = tomllib.loads(text)
    except ValueError:
        told = mistake(text)
        assert not PARSERS_WORDS.search(told.what.lower())
        assert told.what != "this can't be read"
        assert re.match(r"line \d+", told.place)
    else:
        assert parse_toml(text) == values
