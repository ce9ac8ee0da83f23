import hashlib
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.byte_text import table as byte_table
from pipeline.byte_text.table import STANDARD_CHARACTERS, STANDARD_TABLE, ByteTable, read_table, table_text
from pipeline.errors import TextError
from pipeline.picture.text.fonts import load_fonts

LETTERS = [character for character in STANDARD_CHARACTERS if not character.isascii()]


def test_the_table_never_changes() -> None:
    digest = hashlib.sha256(STANDARD_CHARACTERS.encode()).hexdigest()
    assert digest == "c7435720901f8080678b7f145fe95280e843a7b3e1c59c52e8a2ee07272b2711"


def test_each_byte_has_one_code_point_of_its_own() -> None:
    assert len(STANDARD_CHARACTERS) == 256
    assert len(set(STANDARD_CHARACTERS)) == 256


def test_printable_ascii_stays_itself_and_nothing_else_is_ascii() -> None:
    for byte in range(256):
        if 0x20 <= byte <= 0x7E:
            assert STANDARD_CHARACTERS[byte] == chr(byte)
        else:
            assert ord(STANDARD_CHARACTERS[byte]) > 0x7F


def test_the_other_bytes_have_printable_letters_that_do_not_combine() -> None:
    for letter in LETTERS:
        assert unicodedata.category(letter) in {"Lu", "Ll"}
        assert letter.isprintable()
        assert unicodedata.combining(letter) == 0


@pytest.mark.parametrize("form", ["NFC", "NFKC", "NFD", "NFKD"])
def test_no_normalisation_changes_the_characters_alone_or_in_any_pair(form: str) -> None:
    assert unicodedata.normalize(form, STANDARD_CHARACTERS) == STANDARD_CHARACTERS
    pairs = "".join(first + second for first in LETTERS for second in STANDARD_CHARACTERS)
    assert unicodedata.normalize(form, pairs) == pairs


def test_the_letters_are_written_from_left_to_right() -> None:
    assert {unicodedata.bidirectional(letter) for letter in LETTERS} == {"L"}


def test_the_only_white_space_is_the_plain_space_and_there_are_no_line_breaks() -> None:
    assert [character for character in STANDARD_CHARACTERS if character.isspace()] == [" "]
    assert STANDARD_CHARACTERS.splitlines() == [STANDARD_CHARACTERS]
    assert not any(
        unicodedata.category(character).startswith(("C", "Z")) for character in STANDARD_CHARACTERS if character != " "
    )


def test_the_letters_take_two_bytes() -> None:
    assert {len(letter.encode()) for letter in LETTERS} == {2}


def test_the_fonts_that_ship_with_the_program_have_every_character() -> None:
    fonts = load_fonts()
    for face in (fonts.sans, fonts.mono):
        assert [character for character in STANDARD_CHARACTERS if not face.covers(character)] == []


def test_the_documented_rows_are_the_table() -> None:
    rows = re.findall(r"^    ([0-9A-F]{2})(?:-([0-9A-F]{2}))?  +(\S+(?: \S+)?)", byte_table.__doc__ or "", re.MULTILINE)
    assert len(rows) == 9
    for first, last, characters in rows:
        begin, end = int(first, 16), int(last or first, 16)
        assert characters.replace(" ", "") == STANDARD_CHARACTERS[begin : end + 1]


def test_a_written_table_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    path.write_text(table_text(STANDARD_TABLE), encoding="utf-8")
    assert len(path.read_text(encoding="utf-8").splitlines()) == 256
    assert read_table(path) == STANDARD_TABLE


@settings(deadline=None, max_examples=20)
@given(st.lists(st.characters(exclude_categories=["Cs"]), min_size=256, max_size=256, unique=True))
def test_any_table_of_distinct_characters_is_read_back(characters: list[str]) -> None:
    table = ByteTable("".join(characters))
    lines = table_text(table).removesuffix("\n").split("\n")
    assert len(lines) == 256
    read = [byte_table._character(line, "") for line in lines]
    assert "".join(read) == table.characters


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: lines[:255], "not one line a byte"),
        (lambda lines: [*lines, "x"], "not one line a byte"),
        (lambda lines: ["ab", *lines[1:]], "not one character"),
        (lambda lines: ["", *lines[1:]], "not one character"),
        (lambda lines: [lines[1], *lines[1:]], "stands for byte 0 and for byte 1"),
        (lambda lines: ["U+D800", *lines[1:]], "is no character"),
        (lambda lines: ["U+110000", *lines[1:]], "not one character"),
    ],
)
def test_a_broken_table_is_told(tmp_path: Path, change: object, told: str) -> None:
    path = tmp_path / "table.txt"
    lines = table_text(STANDARD_TABLE).splitlines()
    path.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(TextError, match=told) as caught:
        read_table(path)
    assert str(path) in caught.value.where


def test_a_table_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "table.bin"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(TextError, match="not UTF-8"):
        read_table(path)
    with pytest.raises(TextError, match="can't be read"):
        read_table(tmp_path / "none")
