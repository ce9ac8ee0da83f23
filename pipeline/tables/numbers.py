"""Numbers out of bytes: whole columns of decimal numbers at once.

This module owns the arithmetic from digits to floats, vectorised. It does not know lines, files or what a column is.
Numbers of up to 15 digits come out as `float()` reads them; longer ones are off by at most one unit in the last place.
Thousands may be grouped: 1,234.5 or, with a decimal comma, 1.234,5; also by spaces and apostrophes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Floats = NDArray[np.float64]

_FIELDS_AT_ONCE: Final = 1 << 15
_LONGEST_PLAIN: Final = 19  # a sign, a point and 17 digits, or 18: what 64 bits hold
_LONGEST_FIELD: Final = 400  # no number is written longer than this
_POWERS: Final = 10.0 ** np.arange(_LONGEST_PLAIN + 1)
_BLANKS: Final = np.array([byte in b" \t\r" for byte in range(256)])
_ZERO, _NINE = ord("0"), 9
_MINUS, _PLUS = ord("-"), ord("+")
_GROUP: Final = rb"[' ]|\xc2\xa0|\xe2\x80\xaf|\xe2\x80\x89|\xe2\x80\x99"  # apostrophes, spaces that don't break
_GROUPED: Final = {
    point: re.compile(
        rb"[+-]?[1-9]\d{0,2}(" + re.escape(other) + rb"|" + _GROUP + rb")\d{3}(?:\1\d{3})*(?:"
        + re.escape(point.encode()) + rb"\d*)?(?:[eE][+-]?\d{1,4})?"
    )
    for point, other in ((".", b","), (",", b"."))
}  # fmt: skip
_MINUS_SIGN: Final = "\N{MINUS SIGN}".encode()
MISSING: Final = float(np.array(0x7FF8_0000_0000_00A5, dtype=np.uint64).view(np.float64))
"""Stands for a value that isn't there; a NaN, but another than that of a log which says NaN, as R tells them apart."""
MISSING_WORDS: Final = frozenset({b"", b"na", b"n/a", b"null", b"none", b"-", b"--", b"?"})


@dataclass
class ParseDiagnostics:
    """What a column holds besides finite numbers."""

    missing: int = 0  # empty, or a word such as NA
    not_a_number: int = 0
    infinite: int = 0
    words: int = 0  # anything else
    first_word: str = ""
    first_word_row: int = -1  # counted from 0 among the rows

    def add(self, other: ParseDiagnostics, rows_before: int) -> None:
        """Count what a later stretch of rows holds."""
        self.missing += other.missing
        self.not_a_number += other.not_a_number
        self.infinite += other.infinite
        self.words += other.words
        if self.first_word_row < 0 <= other.first_word_row:
            self.first_word, self.first_word_row = other.first_word, other.first_word_row + rows_before


def parse_numbers(
    data: Bytes, begins: Places, ends: Places, diagnostics: ParseDiagnostics, *, point: str = "."
) -> Floats:
    """Read the fields `data[begins[i]:ends[i]]` as numbers.

    Parameters
    ----------
    data
        Shape (bytes,); it must go on for at least `_LONGEST_PLAIN` bytes behind the last field.
    begins, ends
        Shape (fields,).
    diagnostics
        Is added to.
    point
        The decimal point.

    Returns
    -------
    Shape (fields,); NaN for what is missing or no number.
    """
    out = np.empty(begins.size)
    for start in range(0, begins.size, _FIELDS_AT_ONCE):
        part = slice(start, start + _FIELDS_AT_ONCE)
        first, last = _trimmed(data, begins[part], ends[part])
        values, is_other = _plain_numbers(data, first, last, ord(point))
        if is_other.any():
            places = np.flatnonzero(is_other)
            spans = np.stack([first[places], last[places]])
            values[places] = _other_numbers(data, spans, start + places, diagnostics, point)
        out[part] = values
    return out


def _trimmed(data: Bytes, begins: Places, ends: Places) -> tuple[Places, Places]:
    """Take blanks off both sides."""
    while (blank := _BLANKS[data[begins]] & (begins < ends)).any():
        begins = begins + blank
    while (blank := _BLANKS[data[ends - 1]] & (begins < ends)).any():
        ends = ends - blank
    return begins, ends


def _plain_numbers(data: Bytes, begins: Places, ends: Places, point: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Read numbers that consist of a sign, digits and a point; tell which fields are something else."""
    lead = data[begins]
    negative = lead == _MINUS
    begins = begins + (negative | (lead == _PLUS))
    lengths = ends - begins
    is_other = (lengths <= 0) | (lengths > _LONGEST_PLAIN)
    sizes = np.where(is_other, 0, lengths).astype(np.uint8)
    mantissa = np.zeros(begins.size, dtype=np.int64)
    decimals = np.zeros(begins.size, dtype=np.uint8)
    digits = np.zeros(begins.size, dtype=np.uint8)
    pointed = np.zeros(begins.size, dtype=np.bool_)
    for place in range(int(sizes.max(initial=0))):
        byte = data[begins + place]
        inside = sizes > place
        digit = byte - np.uint8(_ZERO)
        is_digit = (digit <= _NINE) & inside
        is_point = (byte == point) & inside
        is_other |= inside & ~is_digit & (~is_point | pointed)
        pointed |= is_point
        decimals += is_digit & pointed
        digits += is_digit
        np.multiply(mantissa, 10, out=mantissa, where=is_digit)
        np.add(mantissa, digit, out=mantissa, where=is_digit)
    is_other |= (digits == 0) | (digits >= _LONGEST_PLAIN)
    values = mantissa / _POWERS[decimals]
    np.negative(values, out=values, where=negative)
    return values, is_other


def _other_numbers(data: Bytes, spans: Places, rows: Places, diagnostics: ParseDiagnostics, point: str) -> Floats:
    """Read exponents, very long numbers, NaN and infinity; what is no number at all becomes NaN and is noted."""
    begins, ends = spans
    values = np.full(begins.size, MISSING)
    lengths = ends - begins
    diagnostics.missing += int(np.count_nonzero(lengths == 0))
    texts = np.flatnonzero((lengths > 0) & (lengths <= _LONGEST_FIELD))
    if texts.size:
        longest = int(lengths[texts].max())
        places = np.minimum(begins[texts, None] + np.arange(longest), data.size - 1)
        letters = np.where(np.arange(longest) < lengths[texts, None], data[places], 0).astype(np.uint8)
        words = np.ascontiguousarray(letters).view(f"S{longest}").ravel()
        values[texts] = _words_as_numbers(words, diagnostics, rows[texts], point)
    diagnostics.infinite += int(np.isinf(values).sum())
    for long in np.flatnonzero(lengths > _LONGEST_FIELD):
        _note_word(bytes(data[begins[long] : begins[long] + 40]), diagnostics, int(rows[long]))
    return values


def _words_as_numbers(words: NDArray[np.bytes_], diagnostics: ParseDiagnostics, rows: Places, point: str) -> Floats:
    try:
        if point != ".":
            raise ValueError  # noqa: TRY301  # only points can be read all at once
        values = words.astype(np.float64)
        diagnostics.not_a_number += int(np.isnan(values).sum())
    except ValueError:  # at least one is no number: one by one, then
        pairs = zip(words.tolist(), rows.tolist(), strict=True)
        values = np.array([_word_as_number(word, diagnostics, row, point) for word, row in pairs])
    return values


def _word_as_number(word: bytes, diagnostics: ParseDiagnostics, row: int, point: str) -> float:
    if word.startswith(b'"') and word.endswith(b'"') and len(word) > 1:
        return _word_as_number(word[1:-1].strip(), diagnostics, row, point)
    value = number_from(word, point)
    if value is not None:
        diagnostics.not_a_number += value != value  # noqa: PLR0124  # NaN alone differs from itself
        return value
    if word.lower() in MISSING_WORDS:
        diagnostics.missing += 1
    else:
        _note_word(word, diagnostics, row)
    return MISSING


def is_missing(values: Floats) -> NDArray[np.bool_]:
    """Tell values that aren't there from numbers, and from what a log itself calls NaN."""
    found: NDArray[np.bool_] = values.view(np.uint64) == np.float64(MISSING).view(np.uint64)
    return found


def number_from(word: bytes, point: str = ".") -> float | None:
    """Read one field without blanks around it as a number; None: it is none."""
    word = word.replace(_MINUS_SIGN, b"-")
    if found := _GROUPED[point].fullmatch(word):
        word = word.replace(found[1], b"")
    if point != ".":
        if b"." in word:
            return None
        word = word.replace(point.encode(), b".")
    if b"_" in word:
        return None
    try:
        return float(word)
    except ValueError:
        return None


def parse_words(
    data: Bytes, begins: Places, ends: Places, diagnostics: ParseDiagnostics, read: Callable[[str], float | None]
) -> Floats:
    """Read the fields `data[begins[i]:ends[i]]` one by one, as `read` understands them; None is no value.

    Parameters and result are those of `parse_numbers`.
    """
    out = np.full(begins.size, MISSING)
    text = data.tobytes()
    for row, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        word = text[begin : min(end, begin + _LONGEST_FIELD)].strip(b' \t\r"')
        value = read(word.decode("utf-8", "replace"))
        if value is not None:
            out[row] = value
        elif word.lower() in MISSING_WORDS:
            diagnostics.missing += 1
        elif word.lower() in {b"nan", b"nat"}:
            diagnostics.not_a_number += 1
            out[row] = np.nan
        else:
            _note_word(word, diagnostics, row)
    return out


def _note_word(word: bytes, diagnostics: ParseDiagnostics, row: int) -> None:
    diagnostics.words += 1
    if diagnostics.first_word_row < 0:
        diagnostics.first_word, diagnostics.first_word_row = word.decode("utf-8", "replace"), row
