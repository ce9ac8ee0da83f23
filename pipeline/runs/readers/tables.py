"""Tables: CSV and TSV of any dialect, JSON lines, trainers' JSON, and what TensorBoard and W&B export.

Owns which columns count, and which hold epochs and time. Fields are read by `pipeline.tables`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from pipeline.errors import LogError
from pipeline.runs.readers.growing import LEFT_OUT, is_unfinished
from pipeline.runs.readers.registry import Wish, register
from pipeline.runs.readers.trainer_settings import settings_beside
from pipeline.runs.record import Floats, Log, Series
from pipeline.store.files import disk_errors
from pipeline.tables.column_words import EPOCHS, STEPS, plain_name
from pipeline.tables.dialect import LINE_NUMBER, Dialect, DialectOptions
from pipeline.tables.numbers import is_missing
from pipeline.tables.table import Table, read_table

_CLOCKS: Final = (
    "_runtime", "elapsed_s", "elapsed", "time_elapsed", "total_time", "relative_time_(process)", "wall_time",
    "_timestamp", "timestamp", "time",
)  # fmt: skip
"""What columns with a clock in seconds are called, the best first."""
_BOARD: Final = {"wall_time", "step", "value"}
_EXPORTED: Final = re.compile(r"(?:run-(?P<run>.*?)-?tag-)(?P<tag>.+)")
_JSON: Final = re.compile(rb'\s*(?:\{\s*"|\[\s*(?:\{\s*"|\[\s*[\d"-]))')
_SUMMARY: Final = "train_runtime"  # transformers' last row, with the mean of all losses as train_loss
_SUFFIXES: Final = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson"})
_SAMPLE_LINES: Final = 50
_LEAST_ROWS: Final = 2
_ROW: Final = -1  # in place of a column: the number of the row
_HEAD_BYTES: Final = 1024
_IN_MILLISECONDS: Final = 1e11  # the year 5138 in seconds, 1973 in milliseconds


def _is_table(path: Path, head: bytes) -> bool:
    if path.is_dir() or b"\0" in head[:4]:
        return False
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes and (suffixes[-1] in _SUFFIXES or (suffixes[-1] == ".gz" and suffixes[0] in _SUFFIXES)):
        return True
    return _JSON.match(head) is not None or _looks_like_rows(head)


def _looks_like_rows(head: bytes) -> bool:
    """Whether text is a header and rows of as many fields; a log in sentences is not."""
    lines = [line for line in head.split(b"\n")[:_SAMPLE_LINES] if line.strip() and not line.startswith(b"#")]
    if len(lines) <= _LEAST_ROWS:
        return False
    for delimiter in (b"\t", b",", b";", None):  # None: any run of blanks
        header, *rows = [line.strip().split(delimiter) for line in lines[:-1]]
        if (
            len(header) > 1
            and {len(row) for row in rows} == {len(header)}
            and all(re.fullmatch(rb'\s*"?[A-Za-z_][\w /.-]*"?\s*', field) for field in header)
            and any(re.fullmatch(rb'\s*"?[+-]?\d[\d.,eE+-]*"?\s*', field) for field in rows[0])
        ):
            return True
    return False


@register("CSV, TSV, JSON or JSON lines", _is_table, order=30)
def read_columns(path: Path, wish: Wish) -> Log:
    """Read the columns of losses of a table, and those that tell iterations, epochs and time.

    Raises
    ------
    LogError
        The log can't be read, or lacks the column that counts.
    """
    chosen = _Chosen(wish, path)
    try:
        table = read_table(str(path), DialectOptions(), chosen.choose, keeps=chosen.may_be_chosen)
    except LogError as error:
        hint = "" if "--" in error.hint or "-x" in error.hint else error.hint  # options of another command
        raise LogError(error.what, where=error.where, expected=error.expected, hint=hint) from error
    columns = _whole_rows(path, table, chosen)
    if chosen.iteration in chosen.epochs_as_iterations and not _are_whole(columns[chosen.iteration]):
        chosen.epochs, chosen.iteration = chosen.iteration, _ROW
        columns[_ROW] = np.arange(1.0, columns[chosen.epochs].size + 1)
        chosen.notes = ["no column counts iterations: the number of the row stands for them"]
    log = Log(names=chosen.others, notes=[*table.notes, *chosen.notes], settings=settings_beside(path))
    log.epochs_name = "" if chosen.epochs is None else chosen.name(chosen.epochs)
    iterations = columns[chosen.iteration]
    for at in chosen.curves:
        there = ~is_missing(columns[at]) & np.isfinite(iterations)
        epochs, clock = (None if one is None else columns[one][there] for one in (chosen.epochs, chosen.clock))
        log.series.append(Series(chosen.name(at), iterations[there], columns[at][there], epochs, clock))
    log.series = [_in_seconds(series) for series in log.series if series.values.size]
    return log


class _Chosen:
    """Which columns of a table are read, once its header is known."""

    def __init__(self, wish: Wish, path: Path) -> None:
        self._wish, self._path = wish, path
        self._names: tuple[str, ...] = ()
        self.iteration = -1
        self.epochs: int | None = None
        self.clock: int | None = None
        self.curves: list[int] = []
        self.others: list[str] = []
        self.notes: list[str] = []
        self.epochs_as_iterations: list[int] = []
        """The column of epochs where no other counts, and nobody names it."""

    def name(self, at: int) -> str:
        """A column's name; of TensorBoard's exports, which all have the same ones, the tag in the file's name."""
        name = self._names[at]
        if {plain_name(one) for one in self._names} != _BOARD:
            return name
        stem = self._path.name.removesuffix(".gz").rpartition(".")[0]
        exported = _EXPORTED.fullmatch(stem)
        return exported["tag"] if exported else stem

    def may_be_chosen(self, name: str) -> bool:
        """Whether `choose` may choose a column of this name, whatever other columns there are."""
        plain = plain_name(name)
        counts = plain in EPOCHS or not {plain, re.split(r"[/.]", plain)[-1]}.isdisjoint(STEPS)
        wanted = self._wish.iteration
        named = wanted.isdecimal() or wanted.casefold() == name.strip().casefold()  # or by the column's number
        return counts or named or plain in _CLOCKS or plain in _BOARD or self._wish.keeps(name)

    def choose(self, dialect: Dialect) -> Sequence[int]:
        """Choose columns by their names."""
        self._names = dialect.names
        numeric = [at for at in dialect.readable if dialect.columns[at].kind == "number"]
        plain = {at: plain_name(dialect.names[at]) for at in dialect.readable}
        self.epochs = next((at for at in numeric if plain[at] in EPOCHS), None)
        self.clock = next((at for name in _CLOCKS for at in plain if plain[at] == name), None)
        self.iteration = self._counting(dialect, numeric, plain)
        if self.epochs == self.iteration:
            self.epochs = None
        aside = {self.iteration, self.epochs, self.clock}
        values = [at for at in numeric if at not in aside]
        self.others = [self.name(at) for at in values]
        exported = set(plain.values()) == _BOARD
        self.curves = [at for at in values if exported or self._wish.keeps(self.name(at))]
        if _SUMMARY in dialect.names and "loss" in dialect.names and "train_loss" not in self._wish.curves:
            self.curves = [at for at in self.curves if dialect.names[at] != "train_loss"]
        return [at for at in (self.iteration, self.epochs, self.clock, *self.curves) if at is not None]

    def _counting(self, dialect: Dialect, numeric: Sequence[int], plain: dict[int, str]) -> int:
        """The column of iterations: the one named, one that counts updates, epochs, or the number of the row."""
        if self._wish.iteration:
            return dialect.find(self._wish.iteration, str(self._path))
        for wanted in STEPS:
            for at in numeric:
                if wanted in {plain[at], re.split(r"[/.]", plain[at])[-1]}:
                    return at
        if self.epochs is not None:
            self.notes.append(f"no column counts iterations: '{dialect.names[self.epochs]}' stands for them")
            self.epochs_as_iterations = [self.epochs]
            return self.epochs
        self.notes.append("no column counts iterations: the number of the row stands for them")
        return dialect.find(LINE_NUMBER, str(self._path))


def _whole_rows(path: Path, table: Table, chosen: _Chosen) -> dict[int, Floats]:
    """The columns without a last row whose line has no end: a log that grows may have half a number there."""
    columns = table.columns
    if chosen.iteration < 0:
        columns = {**columns, chosen.iteration: np.arange(1.0, table.rows + 1)}  # not lines: a header is none
    if _is_json(path) or table.rows < _LEAST_ROWS or not is_unfinished(path):
        return columns
    chosen.notes.append(f"{path.name}: {LEFT_OUT}")
    return {at: column[:-1] for at, column in columns.items()}


def _are_whole(column: Floats) -> bool:
    known = column[np.isfinite(column)]
    return bool((known == np.rint(known)).all())


def _in_seconds(series: Series) -> Series:
    """TensorBoard's JSON and some loggers write milliseconds since 1970."""
    if series.seconds is None or not series.seconds.size:
        return series
    thousandths = bool(np.nanmax(series.seconds, initial=0.0) > _IN_MILLISECONDS)
    return replace(series, seconds=series.seconds / 1000 if thousandths else series.seconds)


def _is_json(path: Path) -> bool:
    """Whether a table is JSON, whose last value is dropped by its reader where it is cut off."""
    with disk_errors(path), path.open("rb") as file:
        return file.read(_HEAD_BYTES).lstrip()[:1] in {b"{", b"["}
