import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.byte_text import codec as byte_text
from pipeline.byte_text.codec import SKIP, bytes_to_text, convert_from_text, convert_to_text, text_to_bytes
from pipeline.byte_text.table import STANDARD_CHARACTERS, STANDARD_TABLE, ByteTable
from pipeline.errors import TextError

EVERY_LENGTH = ByteTable(
    "".join(chr(0x10000 * (n % 4 == 0) + 0x900 * (n % 4 == 1) + 0x100 * (n % 4 == 2) + n) for n in range(256))
)


def to_text(data: bytes, table: ByteTable = STANDARD_TABLE, *, final_newline: bool = False) -> bytes:
    target = io.BytesIO()
    done = convert_to_text(io.BytesIO(data), target, table, final_newline=final_newline)
    assert (done.bytes_in, done.bytes_out) == (len(data), len(target.getvalue()))
    return target.getvalue()


def from_text(text: bytes, table: ByteTable = STANDARD_TABLE, **options: object) -> bytes:
    target = io.BytesIO()
    done = convert_from_text(io.BytesIO(text), target, table, **options)  # type: ignore[arg-type]
    assert (done.bytes_in, done.bytes_out) == (len(text), len(target.getvalue()))
    return target.getvalue()


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=5000))
def test_bytes_come_back_exactly(data: bytes) -> None:
    text = bytes_to_text(data)
    assert len(text) == len(data)
    assert text_to_bytes(text) == data
    assert to_text(data) == text.encode()
    assert from_text(text.encode()) == data


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=600), st.integers(4, 9))
def test_block_boundaries_leave_no_trace(data: bytes, block: int) -> None:
    before = byte_text._BLOCK_BYTES
    byte_text._BLOCK_BYTES = block
    try:
        for table in (STANDARD_TABLE, EVERY_LENGTH):
            text = to_text(data, table)
            assert text.decode() == bytes_to_text(data, table)
            assert from_text(text, table) == data
    finally:
        byte_text._BLOCK_BYTES = before


def test_megabytes_of_every_byte_come_back() -> None:
    data = np.random.default_rng(0).integers(0, 256, 3_500_000, dtype=np.uint8).tobytes()
    assert from_text(to_text(data)) == data


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_whatever_is_no_text_is_skipped_as_python_would(data: bytes) -> None:
    characters = [c for c in data.decode("utf-8", "ignore") if c in STANDARD_CHARACTERS]
    assert from_text(data, unknown=SKIP) == bytes(STANDARD_CHARACTERS.index(c) for c in characters)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_whatever_is_no_text_is_replaced_as_python_would(data: bytes) -> None:
    characters = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    expected = bytes(STANDARD_CHARACTERS.index(c) if c in STANDARD_CHARACTERS else 128 for c in characters)
    assert from_text(data, unknown=128) == expected


def test_an_unknown_character_is_told_with_its_position() -> None:
    with pytest.raises(TextError, match=r"'日' U\+65E5 \(CJK UNIFIED IDEOGRAPH-65E5\) stands for no byte") as caught:
        text_to_bytes(bytes_to_text(b"\x80" * 1_400_000) + "日")
    assert "character 1,400,001 (byte 2,800,001)" in caught.value.where
    assert "--skip" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("data", "shown"), [(b"ab\xff", "FF"), (b"ab\xd0", "D0"), (b"ab\xed\xa0\x80", "ED A0 80")])
def test_bytes_that_are_no_text_are_told(data: bytes, shown: str) -> None:
    with pytest.raises(TextError, match=f"The bytes {shown} are no UTF-8 text") as caught:
        from_text(data)
    assert "character 3 (byte 3)" in caught.value.where


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_a_line_break_at_the_end_is_taken_off_when_asked(line_break: str) -> None:
    text = f"abc{line_break}".encode()
    assert from_text(text, final_newline=True) == b"abc"
    assert from_text(b"abc", final_newline=True) == b"abc"
    with pytest.raises(TextError, match=r"U\+000[AD]") as caught:
        from_text(text)
    assert "--final-newline" in caught.value.hint


def test_only_one_line_break_at_the_very_end_is_taken_off() -> None:
    with pytest.raises(TextError, match=r"U\+000A"):
        from_text(b"abc\n\n", final_newline=True)
    with pytest.raises(TextError, match=r"U\+000A"):
        from_text(b"a\nbc\n", final_newline=True)


def test_a_line_break_is_added_when_asked() -> None:
    assert to_text(b"\x00a", final_newline=True) == f"{STANDARD_CHARACTERS[0]}a\n".encode()
    assert from_text(to_text(b"\x00a", final_newline=True), final_newline=True) == b"\x00a"


def test_a_byte_order_mark_is_left_out() -> None:
    text = b"\xef\xbb\xbfabc"
    assert from_text(text) == b"abc"
    assert convert_from_text(io.BytesIO(text), io.BytesIO()).byte_order_mark
    assert from_text(b"\xef\xbb\xbf") == b""


def test_a_replacement_is_a_byte() -> None:
    with pytest.raises(TextError, match="256 is no byte"):
        text_to_bytes("a", unknown=256)


def test_nothing_becomes_nothing() -> None:
    assert to_text(b"") == b""
    assert from_text(b"") == b""


def test_tokens_of_torch_rnn_map_one_to_one_to_bytes() -> None:
    data = os.urandom(4000) + bytes(range(256))
    text = to_text(data)
    # scripts/preprocess.py of torch-rnn: every new code point of the decoded file gets the next token, from 1 on.
    token_to_idx: dict[str, int] = {}
    for character in text.decode("utf-8"):
        if character not in token_to_idx:
            token_to_idx[character] = len(token_to_idx) + 1
    tokens = [token_to_idx[character] for character in text.decode("utf-8")]
    assert len(tokens) == len(data)
    assert len(token_to_idx) == 256
    byte_of_token = dict(zip(tokens, data, strict=True))
    assert len(byte_of_token) == len(set(byte_of_token.values())) == 256
    assert bytes(byte_of_token[token] for token in tokens) == data
    # sample.lua writes idx_to_token of each sampled token to standard output, and a line break after the last.
    idx_to_token = {token: character for character, token in token_to_idx.items()}
    sample = "".join(idx_to_token[token] for token in reversed(tokens)) + "\n"
    assert from_text(sample.encode(), final_newline=True) == data[::-1]


def test_text_survives_an_editor_that_splits_and_joins_words_at_spaces(tmp_path: Path) -> None:
    data = bytes(range(256)) * 3
    path = tmp_path / "text.txt"
    path.write_text(bytes_to_text(data), encoding="utf-8")
    assert text_to_bytes(path.read_text(encoding="utf-8")) == data
