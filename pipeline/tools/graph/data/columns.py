"""Which columns of a log are drawn, and over what, where nobody says.

This module owns what the names of columns mean, as the usual tools for training write them. It reads no numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.errors import LogError
from pipeline.tables.column_words import EPOCHS, HIGH, LOW, STEPS, is_loss, is_time_name, plain_name
from pipeline.tables.dialect import LINE_NUMBER, Dialect
from pipeline.tools.graph.options import GraphOptions, SeriesOptions

LINE: Final = -1
_SUMMARY: Final = "train_runtime"  # transformers' last row, with the mean of all losses as train_loss
_TIME_HELP: Final = (
    "Times are read as 2026-01-31 23:59:59 (ISO 8601), as seconds since 1970, or as h:mm:ss. "
    f"Choose another column with -x, or number the lines with  -x {LINE_NUMBER}."
)


@dataclass(frozen=True)
class ChosenSeries:
    """A column to draw, and the columns of its band's ends, where the log has them."""

    options: SeriesOptions
    index: int
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True)
class Choice:
    """What is drawn of a log."""

    x: int
    series: tuple[ChosenSeries, ...]
    notes: tuple[str, ...] = ()

    @property
    def indices(self) -> list[int]:
        """All columns that are needed."""
        ends = [end for one in self.series for end in (one.low, one.high) if end is not None]
        return [self.x, *(one.index for one in self.series), *ends]


def choose_columns(options: GraphOptions, dialect: Dialect, number: int, path: str) -> Choice:
    """Find the columns of x and of the series in one log.

    Parameters
    ----------
    options
        What was asked for.
    dialect
        The log's columns.
    number
        The log's own number, counted from 1.
    path
        Its name, for messages.

    Raises
    ------
    LogError
        There is no such column, no column for x, or none of numbers.
    """
    if len(dialect.names) == 1 and options.x != LINE_NUMBER:
        raise LogError(
            "The log has one column only.",
            where=path,
            expected="a column of x, and at least one of values",
            hint=f"Number the lines with  -x {LINE_NUMBER}  or name what stands between the columns with --delimiter.",
        )
    x, notes = (dialect.find(options.x, path), []) if options.x else _default_x(dialect, path)
    if options.series:
        asked = [(one, dialect.find(one.column, path)) for one in options.series if one.log in {0, number}]
    else:
        found, more = _default_series(dialect, x, path)
        asked = [(SeriesOptions(dialect.names[index]), index) for index in found]
        notes += more
    return Choice(x, tuple(_with_band(one, index, dialect) for one, index in asked), tuple(notes))


def _default_x(dialect: Dialect, path: str) -> tuple[int, list[str]]:
    """The column that counts updates, else the first one, as long as it is no loss and can be read."""
    names = [plain_name(name) for name in dialect.names]
    readable = dialect.readable
    counting = [at for at in readable if dialect.columns[at].kind == "number"]
    for wanted in STEPS:
        for spelled in (str, lambda name: re.split(r"[/.]", name)[-1]):
            found = [at for at in counting if spelled(names[at]) == wanted]
            if found:
                return found[0], []
    first = dialect.columns[0]
    if 0 in readable and not is_loss(first.name):
        return 0, []
    epochs = [at for at in counting if names[at] in EPOCHS]
    if epochs:
        return epochs[0], []
    timed = [at for at in readable if dialect.columns[at].kind != "number" or is_time_name(dialect.names[at])]
    others = [at for at in readable if at and not is_loss(dialect.names[at])]
    if first.kind != "words":
        return (timed[0], []) if timed else (LINE, [f"no column counts anything: x is the number of the {LINE_NUMBER}"])
    if timed or (len(others) > 1 and not is_time_name(first.name)) or _leaves_losses(dialect, others):
        x = (timed or others)[0]
        return x, [f"x is '{dialect.names[x]}': '{first.name}' holds words ('{first.first_word[:40]}')"]
    raise LogError(
        f"The column '{first.name}' can't be x: it holds neither numbers nor times, but '{first.first_word[:40]}'.",
        where=path,
        expected="a column of numbers or times for x, and another one that holds numbers",
        hint=_TIME_HELP,
    )


def _leaves_losses(dialect: Dialect, others: Sequence[int]) -> bool:
    """Whether one column can be x, and losses are left to be drawn."""
    first = dialect.columns[0].name
    losses = [at for at in dialect.readable if is_loss(dialect.names[at])]
    return len(others) == 1 and bool(losses) and not is_time_name(first) and not others[0] > losses[0]


def _default_series(dialect: Dialect, x: int, path: str) -> tuple[list[int], list[str]]:
    """The columns whose names contain a word for loss, else all numbers but those that count or are times."""
    names = dialect.names
    known = set(names)
    ends = {name for name in names if name[-len(LOW) :].casefold() in {LOW, HIGH} and name[: -len(LOW)] in known}
    numeric = [
        at for at in dialect.readable if at != x and names[at] not in ends and dialect.columns[at].kind != "time"
    ]
    losses = [at for at in numeric if is_loss(names[at])]
    notes = []
    if _SUMMARY in known and "loss" in known and "train_loss" in known:
        losses = [at for at in losses if names[at] != "train_loss"]
        notes.append("'train_loss' is the mean at the end, and not drawn;  -y train_loss  draws it")
    unread = [one for one in dialect.columns if one.kind == "words" and is_loss(one.name)]
    notes += [f"'{one.name}' holds no numbers ('{one.first_word[:40]}'), and is not drawn" for one in unread]
    measured = [at for at in numeric if not (_counts(names[at]) or is_time_name(names[at]))]
    found = losses or measured or numeric
    if found:
        return found, notes
    word = next((one for at, one in enumerate(dialect.columns) if at != x and one.kind == "words"), None)
    hint = f"'{word.name}' holds words, such as '{word.first_word[:40]}'." if word else ""
    raise LogError("No column but that of x holds numbers.", where=path, expected="numbers in columns", hint=hint)


def _counts(name: str) -> bool:
    plain = plain_name(name)
    return plain in EPOCHS or plain in STEPS or re.split(r"[/.]", plain)[-1] in STEPS


def _with_band(options: SeriesOptions, index: int, dialect: Dialect) -> ChosenSeries:
    """Find the columns with the ends of a series' band."""
    if index < 0 or not options.band:
        return ChosenSeries(options, index)
    at = {name.casefold(): number for number, name in enumerate(dialect.names)}
    name = dialect.names[index].casefold()
    low, high = at.get(name + LOW), at.get(name + HIGH)
    if low is None or high is None:
        return ChosenSeries(options, index)
    return ChosenSeries(options, index, low, high)
