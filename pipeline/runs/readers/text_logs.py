"""Logs in words: `iter 100: loss 2.31`, `step 100 | loss 2.31 | val 2.4`, Keras' lines, or a person's own pattern.

Owns finding names and numbers in lines, and what counts where a log counts epochs and batches apart. Every line costs
time in proportion to its length.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import numpy as np

from pipeline.errors import LogError
from pipeline.runs.names import shown_names
from pipeline.runs.readers.growing import LEFT_OUT, is_unfinished
from pipeline.runs.readers.line_pattern import LinePattern
from pipeline.runs.readers.line_shapes import Shapes
from pipeline.runs.readers.line_words import BATCH, LineWords, counts, is_bare, says_something
from pipeline.runs.readers.registry import Wish, register
from pipeline.runs.record import Floats, Log, Series
from pipeline.tables.column_words import EPOCHS, STEPS, plain_name
from pipeline.tables.source import open_lines

_LONGEST_LINE: Final = 8192
_MOST_NAMES: Final = 1_000
_MOST_NUMBERS: Final = 60_000_000
_MOST_EPOCHS: Final = 0.5
_SHOWN: Final = 80
_GLOBAL: Final = "global_step"
PATTERN_HINT: Final = "log = { file = ..., pattern = '{iteration}: {loss}' }"
_PACE: Final = re.compile(rb"it/s|s/it")
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")


def _is_text_log(path: Path, head: bytes) -> bool:
    if path.is_dir() or b"\0" in head:
        return False
    lines = [line[:_LONGEST_LINE] for line in head.decode("utf-8", "replace").split("\n")]
    return any(map(says_something, lines)) or is_bare(lines)


@dataclass
class _Lines:
    """What the lines of a log say, row by row; a row is a line with at least one wanted number."""

    values: dict[str, tuple[array[int], array[float]]] = field(default_factory=dict)
    """By name: the rows, and the numbers."""
    first: str = ""
    """The first line with a number, for messages."""
    rows: int = 0
    held: int = 0
    names: dict[str, bool] = field(default_factory=dict)
    """All names, and whether they are kept."""

    def wants(self, name: str, wish: Wish, *, all_wanted: bool) -> bool:
        """Whether a name's numbers are kept: counters, and the curves that are wanted."""
        wanted = self.names.get(name)
        if wanted is None:
            wanted = all_wanted or counts(name) or name == wish.iteration or wish.keeps(name)
            if len(self.names) >= _MOST_NAMES:
                return False
            self.names[name] = wanted
        return wanted

    def add_row(self, names: Iterable[str], numbers: Iterable[float | bytes]) -> None:
        """Keep the numbers of a line, where it has any."""
        before = self.held
        for name, number in zip(names, numbers, strict=True):
            column = self.values.get(name)
            if column is None:
                column = self.values[name] = (array("q"), array("d"))
            column[0].append(self.rows)
            column[1].append(float(number))
            self.held += 1
        if self.held > _MOST_NUMBERS:
            raise LogError(f"The log holds more than {_MOST_NUMBERS:,} numbers.", hint="Name fewer curves.")
        self.rows += self.held > before

    def column(self, name: str) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Floats]:
        """A name's rows and numbers."""
        rows, values = self.values[name]
        return np.frombuffer(rows, dtype=np.int64), np.frombuffer(values)

    def carried(self, *names: str) -> Floats:
        """At each row the number of the first of these names that is in it, else the last one said before.

        Returns
        -------
        Shape (rows,); NaN before the first.
        """
        filled = np.full(self.rows, np.nan)
        for name in reversed(names):
            rows, values = self.column(name)
            filled[rows] = values
        known = ~np.isnan(filled)
        last = np.maximum.accumulate(np.where(known, np.arange(self.rows), -1))
        return np.where(last >= 0, filled[np.maximum(last, 0)], np.nan)


@register("text logs", _is_text_log, order=40)
def read_text_log(path: Path, wish: Wish) -> Log:
    """Read the losses that a log in words tells, by the iterations that it counts.

    Raises
    ------
    LogError
        It can't be read, or no line of it fits.
    """
    pattern = LinePattern(wish.pattern) if wish.pattern else None
    lines, words, notes = _read(path, wish, pattern, bare=False)
    if not lines.names and not pattern:
        lines, words, notes = _read(path, wish, pattern, bare=True)
    if not lines.names:
        raise LogError(
            f"No line fits '{wish.pattern}'." if pattern else "No line has a name and its number.",
            where=str(path),
            expected=f"lines such as '{lines.first}'" if pattern else "lines such as: iter 100: loss 2.31",
            hint="" if pattern else f"Say how they look, such as '{lines.first}': {PATTERN_HINT}",
        )
    iterations, epochs = _iterations(lines, words.totals, wish.iteration, path, notes)
    log = Log(names=[name for name in lines.names if not counts(name)], notes=notes)
    log.epochs_name = next((name for name in lines.values if plain_name(name) in EPOCHS and epochs is not None), "")
    for name in lines.values:
        if not counts(name) and name != wish.iteration:
            rows, values = lines.column(name)
            there = np.isfinite(iterations[rows])
            own = None if epochs is None else epochs[rows][there]
            log.series.append(Series(name, iterations[rows][there], values[there], own))
    return log


def _read(path: Path, wish: Wish, pattern: LinePattern | None, *, bare: bool) -> tuple[_Lines, LineWords, list[str]]:
    lines, words, notes = _Lines(), LineWords(bare=bare), list[str]()

    def parse(line: str, reader: LineWords | None = None) -> dict[str, float]:
        found = (pattern.match(line) or {}) if pattern else (reader or LineWords(bare=bare)).pairs(line)
        return {name: value for name, value in found.items() if lines.wants(name, wish, all_wanted=pattern is not None)}

    shapes = Shapes(parse)
    for raw in _raw_lines(path, wish.most_bytes, notes):
        if not words.side and (known := shapes.find(raw)) is not None:
            lines.add_row(*known)
            continue
        for line in _cleaned(raw):
            found = parse(line, words)
            if not lines.first and (found or any(map(str.isdigit, line))):
                lines.first = line.strip()[:_SHOWN]
            lines.add_row(found, found.values())
            if not (words.side or words.is_heading):
                shapes.learn(line, found)
    return lines, words, notes


def _raw_lines(path: Path, most_bytes: int | None, notes: list[str]) -> Iterator[bytes]:
    """Yield the whole lines of a log, without their ends."""
    held = b""
    read = 0
    with open_lines(str(path)) as opened:
        for block in opened.blocks:
            parts = (held + block).split(b"\n")
            held = parts[-2] + b"\n"  # the last line is held back: it may be unfinished
            for raw in parts[:-2]:
                yield raw.rstrip(b"\r")
            read += len(block)
            if most_bytes is not None and read >= most_bytes:
                notes.append(f"{path.name}: only the first {read:,} bytes were looked through")
                break
        notes += opened.notes
    if is_unfinished(path):
        notes.append(f"{path.name}: {LEFT_OUT}")
    else:
        yield held[:-1].rstrip(b"\r")


def _cleaned(raw: bytes) -> Iterator[str]:
    """Yield a line without what only a terminal shows; of one that was overwritten what stood there last.

    Bars that measure their pace (tqdm's) are written over at every update: there each one counts.
    """
    if b"\r" in raw and _PACE.search(raw):
        for part in raw.split(b"\r"):
            yield _plain(part[:_LONGEST_LINE])
        return
    line = raw[-_LONGEST_LINE:] if b"\r" in raw else raw[:_LONGEST_LINE]
    yield _plain(line.rpartition(b"\r")[2])


def _plain(line: bytes) -> str:
    text = line.decode("utf-8", "replace")
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def _iterations(
    lines: _Lines, totals: Mapping[str, float], named: str, path: Path, notes: list[str]
) -> tuple[Floats, Floats | None]:
    """Which iteration each row belongs to, and which epoch where the log says it; shape (rows,) each."""
    by_plain = {plain_name(name): name for name in reversed(lines.values)}
    epoch = next((by_plain[name] for name in EPOCHS if name in by_plain), "")
    epochs = lines.carried(epoch) if epoch else None
    if named and named not in lines.values:
        near = get_close_matches(named, list(lines.names), 1)
        raise LogError(
            f"The log counts no '{named}'.",
            where=str(path),
            expected=f"one of {shown_names(list(lines.names))}",
            hint=f"Did you mean '{near[0]}'?" if near else "",
        )
    counters = [named] if named else [by_plain[name] for name in STEPS if name in by_plain]
    counters = [name for name in counters if plain_name(name) == _GLOBAL] or counters  # others may begin anew
    counters = counters or [name for name in (BATCH,) if name in lines.values]
    if not counters:
        whole = epochs is not None and np.array_equal(epochs, np.rint(epochs), equal_nan=True)
        what = f"'{epoch}' stands" if whole else "the number of the line with a loss stands"
        notes.append(f"{path.name}: nothing counts iterations: {what} for them")
        return (epochs, None) if epochs is not None and whole else (np.arange(1.0, lines.rows + 1), epochs)
    counted = lines.carried(*counters)
    if epochs is None or counters == [epoch] or not _restarts_with_epochs(counted, epochs, within=counters == [BATCH]):
        return counted, epochs
    each = max(totals.get(counters[0], 0.0), float(np.nanmax(counted)))
    notes.append(f"{path.name}: '{counters[0]}' begins anew with each epoch: {each:,.0f} are counted for each before")
    return (epochs - np.nanmin(epochs)) * each + counted, epochs


def _restarts_with_epochs(counted: Floats, epochs: Floats, *, within: bool) -> bool:
    """Whether most epochs begin with smaller counts than those at the end of the epoch before.

    Counts that are `within` an epoch may be as large: of each its end alone may be logged.
    """
    known = ~np.isnan(counted) & ~np.isnan(epochs)
    counted, epochs = counted[known], epochs[known]
    if not counted.size:
        return False
    begins = np.append(0, np.flatnonzero(np.diff(epochs)) + 1)
    least, most = np.minimum.reduceat(counted, begins), np.maximum.reduceat(counted, begins)
    rises = np.diff(epochs[begins]) > 0
    begins_anew = least[1:] <= most[:-1] if within else least[1:] < most[:-1]
    return bool(rises.any() and begins_anew[rises].mean() > _MOST_EPOCHS)
