"""What a person, or a program, sees of a build: progress bars, plain lines, JSON, errors.

This module and `cli` are the only places that print. It does not know what is built.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from pipeline.entrance import forget_impossible_sizes
from pipeline.errors import BuildVideoError
from pipeline.progress import Reporter

_PLAIN_PAUSE_S: Final = 10.0
_JSON_PAUSE_S: Final = 0.5
_FIRST_GUESS_S: Final = 2.0


class Screen(Reporter, Protocol):
    """A reporter that is opened before a build and closed after it."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave the terminal as it was."""


class Pace:
    """How fast work goes, and so how long it still takes.

    The rate is that of the last stretch and of the whole, averaged: it follows changes of speed without jumping.
    """

    def __init__(self, total: float) -> None:
        self.total = total
        self.started = time.monotonic()
        self._mark = (self.started, 0.0)
        self._recent = 0.0

    def left_s(self, done: float) -> float | None:
        """Seconds left, or None where it is too early to say."""
        now = time.monotonic()
        elapsed = now - self.started
        if done <= 0 or self.total <= 0 or elapsed < _FIRST_GUESS_S:
            return None
        since, at = self._mark
        if now - since >= _FIRST_GUESS_S:
            self._recent = (done - at) / (now - since)
            self._mark = (now, done)
        whole = done / elapsed
        rate = (whole + self._recent) / 2 if self._recent > 0 else whole
        return max(0.0, (self.total - done) / rate)


def clock_text(seconds: float) -> str:
    """A length of time as people read it: 0:07, 12:30, 3:05:00."""
    whole = max(0, round(seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


class _ScreenBase:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass


class BarScreen(_ScreenBase):
    """Progress bars for a terminal: one a piece of work, with the time left."""

    def __init__(self) -> None:
        forget_impossible_sizes()
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("[bold]{task.fields[stage]:<10}[/] {task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("[dim]{task.fields[detail]}[/]"),
            console=self._console,
            refresh_per_second=5,
        )
        self._task: TaskID | None = None
        self._pace = Pace(0)

    def __enter__(self) -> Self:
        """Begin to show."""
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave the terminal as it was."""
        self._finish()
        self._progress.stop()

    def _finish(self) -> None:
        if self._task is not None:
            self._progress.update(self._task, left="")
            self._progress.stop_task(self._task)
        self._task = None

    def begin(self, stage: str, label: str, total: float, unit: str) -> None:
        """Show a new bar."""
        self._finish()
        self._pace = Pace(total)
        self._task = self._progress.add_task(
            escape(label), total=total or None, stage=stage, left="", detail="", unit=unit
        )

    def advance(self, done: float, detail: str = "") -> None:
        """Move the bar."""
        if self._task is not None:
            left = self._pace.left_s(done)
            told = "" if left is None else f"{clock_text(left)} left"
            self._progress.update(self._task, completed=done, detail=escape(detail), left=told)

    def note(self, text: str) -> None:
        """Print a fact above the bars."""
        self._console.print(Text(f"  {text}", style="dim"))

    def warn(self, text: str) -> None:
        """Print a doubt above the bars."""
        self._console.print(Text(f"  ! {text}", style="yellow"))


class PlainScreen(_ScreenBase):
    """Plain lines, for logs and pipes: a line at the start of each piece of work and one every ten seconds."""

    def __init__(self) -> None:
        self._stage = ""
        self._pace = Pace(0)
        self._told = 0.0

    def begin(self, stage: str, label: str, total: float, unit: str) -> None:
        """Print what begins."""
        self._stage = stage
        self._pace = Pace(total)
        self._told = time.monotonic()
        amount = f" ({total:,.0f} {unit})" if total else ""
        self._print(f"{stage}: {label}{amount}")

    def advance(self, done: float, detail: str = "") -> None:
        """Print how far the work is, now and then."""
        left = self._pace.left_s(done)
        if time.monotonic() - self._told < _PLAIN_PAUSE_S:
            return
        self._told = time.monotonic()
        share = f"{100 * done / self._pace.total:.0f} %" if self._pace.total else f"{done:,.0f}"
        told = "" if left is None else f", {clock_text(left)} left"
        self._print(f"{self._stage}: {share}{told}{f' ({detail})' if detail else ''}")

    def note(self, text: str) -> None:
        """Print a fact."""
        self._print(f"  {text}")

    def warn(self, text: str) -> None:
        """Print a doubt."""
        self._print(f"  ! {text}")

    def _print(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is what the class is for


class JsonScreen(_ScreenBase):
    """One JSON event a line on standard output, for other programs."""

    def __init__(self) -> None:
        self._pace = Pace(0)
        self._told = 0.0

    def begin(self, stage: str, label: str, total: float, unit: str) -> None:
        """Print the event."""
        self._pace = Pace(total)
        print_json({"event": "begin", "stage": stage, "label": label, "total": total, "unit": unit})

    def advance(self, done: float, detail: str = "") -> None:
        """Print the event, a few times a second at most."""
        left = self._pace.left_s(done)
        if time.monotonic() - self._told < _JSON_PAUSE_S and done < self._pace.total:
            return
        self._told = time.monotonic()
        print_json({"event": "advance", "done": done, "total": self._pace.total, "left_s": left, "detail": detail})

    def note(self, text: str) -> None:
        """Print the event."""
        print_json({"event": "note", "text": text})

    def warn(self, text: str) -> None:
        """Print the event."""
        print_json({"event": "warning", "text": text})


def choose_screen(*, as_json: bool) -> Screen:
    """JSON where asked for, bars on a terminal, plain lines elsewhere."""
    if as_json:
        return JsonScreen()
    return BarScreen() if sys.stderr.isatty() else PlainScreen()


def print_json(value: Mapping[str, object] | list[object]) -> None:
    """Print one JSON value on one line."""
    text = json.dumps(value, ensure_ascii=False)
    if not text.isascii() and text.encode("utf-8", "replace").decode("utf-8") != text:
        text = json.dumps(value)  # a file's name that is no text is written in escapes, or this were no JSON
    print(text, flush=True)  # noqa: T201 - this is what the function is for


def print_error(error: BuildVideoError, *, as_json: bool) -> None:
    """Tell what went wrong, where, what was expected, and what to do next."""
    if as_json:
        told = {"what": error.what, "where": error.where, "expected": error.expected, "next": error.hint}
        print_json({"event": "error", "kind": type(error).__name__, **told, "exit_code": error.exit_code})
    else:
        print(f"build-video: {error}", file=sys.stderr)  # noqa: T201 - this is what the function is for
