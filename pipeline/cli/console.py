"""What a person, or a program, sees of a build: progress bars, plain lines, JSON, errors.

This module and `cli` are the only places that print. It does not know what is built.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Final, Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from pipeline.cli.entrance import forget_impossible_sizes
from pipeline.errors import BuildVideoError
from pipeline.runtime.progress.outlook import Outlook, View
from pipeline.runtime.progress.reporter import Part, Reporter, WorkStart, WorkTime
from pipeline.runtime.wording.units import clock_text

_PLAIN_PAUSE_S: Final = 10.0
_JSON_PAUSE_S: Final = 0.5
_BAR_PAUSE_S: Final = 0.2
_ALMOST: Final = 0.999
"""The whole is done when nothing comes any more."""
_OTHER_LINES: Final = 6

Clock = Callable[[], float]


class Screen(Reporter, Protocol):
    """A reporter that is opened before a build and closed after it."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave the terminal as it was."""


def length_text(seconds: float) -> str:
    """A length of time as people read it: 0:07, 12:30, 3:05:00."""
    return clock_text(max(0, round(seconds)))


class _ScreenBase:
    """What all screens share: they hear everything, and show where the build stands now and then.

    Parameters
    ----------
    clock
        Seconds that only go forward.
    """

    pause_s: ClassVar[float]
    """So long between two lines."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._outlook = Outlook()
        self._shown_s = -math.inf

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def begin(self, work: WorkStart) -> None:
        """Show what begins."""
        now = self._clock()
        if self._outlook.begin(work, now):
            self._shown_s = now
            self._show_beginning(work)

    def advance(self, done: float, detail: str = "") -> None:
        """Show how far the work is, now and then."""
        now = self._clock()
        self._outlook.advance(done, now)
        if now - self._shown_s >= self.pause_s or self._is_due(done):
            self._shown_s = now
            self._show(self._outlook.view(now), detail)

    def parts(self, parts: Sequence[Part], left_s: float | None) -> None:
        """Take in how the parts stand; they are shown with the work."""
        self._outlook.parts(parts, left_s, self._clock())

    def expect(self, works: Sequence[WorkTime]) -> None:
        """Take in what is to come; it is shown with the work."""
        self._outlook.expect(works, self._clock())

    def _is_due(self, _done: float) -> bool:
        """Whether to show at once that so much is done."""
        return False

    def _show_beginning(self, work: WorkStart) -> None:
        raise NotImplementedError

    def _show(self, view: View, detail: str) -> None:
        raise NotImplementedError


class _Elapsed(ProgressColumn):
    """The time since a bar began; it stands still once the bar has ended."""

    def render(self, task: Task) -> Text:
        """Draw it."""
        seconds = task.finished_time if task.finished and task.finished_time is not None else task.elapsed
        return Text("" if seconds is None else length_text(seconds), style="progress.elapsed")


class _Left(ProgressColumn):
    """The time left; it goes on between two words about it."""

    def render(self, task: Task) -> Text:
        """Draw it."""
        left_s = task.fields["left_s"]
        if left_s is None or task.finished:
            return Text("")
        return Text(f"{length_text(left_s - (task.get_time() - task.fields['estimated_at_s']))} left")


class BarScreen(_ScreenBase):
    """Progress bars for a terminal, with the time left: one for each part of the work, and one for the whole."""

    pause_s = _BAR_PAUSE_S

    def __init__(self, clock: Clock = time.monotonic, console: Console | None = None) -> None:
        super().__init__(clock)
        forget_impossible_sizes()
        self._console = console or Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("[bold]{task.fields[stage]:<10}[/] {task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.percentage:>3.0f} %"),
            _Elapsed(),
            _Left(),
            TextColumn("[dim]{task.fields[detail]}[/]"),
            console=self._console,
            refresh_per_second=5,
            get_time=clock,
        )
        self._bars: dict[str, TaskID] = {}
        """Of the work at hand: by the part's name, '' for the work itself."""
        self._whole: TaskID | None = None
        self._began_s = self._work_began_s = clock()
        self._work = ("", "")

    def __enter__(self) -> Self:
        """Begin to show."""
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave the terminal as it was, with one line for each piece of work."""
        self._end_work(whole=kind is None)
        if self._whole is not None:
            self._progress.remove_task(self._whole)
        self._progress.stop()

    def _end_work(self, *, whole: bool = True) -> None:
        """Let one line take the place of the bars of the work at hand; unless it is broken off."""
        if not self._bars:
            return
        if whole:
            for bar in self._bars.values():
                self._progress.remove_task(bar)
            stage, label = self._work
            took = length_text(self._clock() - self._work_began_s)
            self._console.print(Text.assemble((f"{stage:<10}", "bold"), f" {label} ", (took, "progress.elapsed")))
        self._bars.clear()

    def _show_beginning(self, work: WorkStart) -> None:
        self._end_work()
        self._work, self._work_began_s = (work.stage, work.label), self._clock()
        self._add("", work.stage, work.label, work.total or None)

    def _add(self, name: str, stage: str, label: str, total: float | None) -> None:
        whole = self._whole
        if whole is not None:  # it stays the last
            before = next(task for task in self._progress.tasks if task.id == whole)
            self._progress.remove_task(whole)
        bar = self._progress.add_task(
            escape(label), total=total, stage=stage, left_s=None, estimated_at_s=self._clock(), detail=""
        )
        self._bars[name] = bar
        if whole is not None:
            self._add_whole(before.completed, before.fields["left_s"], before.fields["estimated_at_s"])

    def _add_whole(self, share: float, left_s: float | None, estimated_at_s: float) -> None:
        fields = {"left_s": left_s, "estimated_at_s": estimated_at_s}
        self._whole = self._progress.add_task("", start=False, total=1.0, stage="whole", detail="", **fields)  # type: ignore[arg-type] # own fields
        self._progress.tasks[-1].start_time = self._began_s
        self._progress.update(self._whole, completed=share)

    def _is_due(self, done: float) -> bool:
        return done >= self._outlook.total > 0

    def _show(self, view: View, detail: str) -> None:
        parts = self._fitting(view.parts)
        if parts:
            for name in self._bars.keys() - {part.name for part in parts}:  # parts take the place of the work
                self._progress.remove_task(self._bars.pop(name))
        for part in parts:
            if part.name not in self._bars:
                self._add(part.name, view.stage, part.name, 1.0)
            self._move(self._bars[part.name], part.share, part.left_s, part.detail)
        if "" in self._bars:
            self._move(self._bars[""], view.done, view.left_s, detail, view.total)
        self._show_whole(view)

    def _fitting(self, parts: Sequence[Part]) -> Sequence[Part]:
        """All parts, or where the terminal is too low for them, some of those that go on."""
        most = max(1, self._console.height - _OTHER_LINES)
        return parts if len(parts) <= most else [part for part in parts if 0 < part.share < 1][:most]

    def _move(self, bar: TaskID, done: float, left_s: float | None, detail: str, total: float = 1.0) -> None:
        fields = {"left_s": left_s, "estimated_at_s": self._clock(), "detail": escape(detail)}
        self._progress.update(bar, completed=done, total=total or None, **fields)  # type: ignore[arg-type] # own fields

    def _show_whole(self, view: View) -> None:
        now = self._clock()
        share, left = view.whole_share, view.whole_left_s
        if share is None and view.parts and not self._outlook.is_planned:
            share, left = view.share, view.left_s
        if share is None:
            return
        if self._whole is None:
            self._add_whole(share, left, now)
        else:
            self._progress.update(self._whole, completed=min(share, _ALMOST), left_s=left, estimated_at_s=now)

    def note(self, text: str) -> None:
        """Print a fact above the bars."""
        self._console.print(Text(f"  {text}", style="dim"))

    def warn(self, text: str) -> None:
        """Print a doubt above the bars."""
        self._console.print(Text(f"  ! {text}", style="yellow"))


class PlainScreen(_ScreenBase):
    """Plain lines, for logs and pipes: a line at the start of each piece of work and one every ten seconds."""

    pause_s = _PLAIN_PAUSE_S

    def _show_beginning(self, work: WorkStart) -> None:
        unit = work.unit.removesuffix("s") if work.total == 1 else work.unit
        amount = f" ({work.total:,.0f} {unit})" if work.total and unit != "share" else ""
        self._print(f"{work.stage}: {work.label}{amount}")

    def _show(self, view: View, detail: str) -> None:
        share = f"{view.done:,.0f} {view.unit}" if view.share is None else f"{100 * view.share:.0f} %"
        phrases = [f"{view.stage}: {share}{_left_words(view.left_s)}"]
        if not view.parts:
            phrases[0] += f" ({detail})" if detail else ""
        for part in view.parts:
            words = f", {part.detail}" if part.detail else ""
            phrases.append(
                f"{part.name} {100 * part.share:.0f} %{_left_words(part.left_s if part.share < 1 else None)}{words}"
            )
        if view.whole_share is not None:
            phrases.append(f"the whole {100 * view.whole_share:.0f} %{_left_words(view.whole_left_s)}")
        self._print("; ".join(phrases))

    def note(self, text: str) -> None:
        """Print a fact."""
        self._print(f"  {text}")

    def warn(self, text: str) -> None:
        """Print a doubt."""
        self._print(f"  ! {text}")

    def _print(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is what the class is for


def _left_words(left_s: float | None) -> str:
    return "" if left_s is None else f", {length_text(left_s)} left"


class JsonScreen(_ScreenBase):
    """One JSON event a line on standard output, for other programs."""

    pause_s = _JSON_PAUSE_S

    def _show_beginning(self, work: WorkStart) -> None:
        values = {"stage": work.stage, "label": work.label, "total": work.total, "unit": work.unit}
        print_json({"event": "begin", **values})

    def _is_due(self, done: float) -> bool:
        return done >= self._outlook.total > 0

    def _show(self, view: View, detail: str) -> None:
        event: dict[str, object] = {
            "event": "advance",
            "stage": view.stage,
            "label": view.label,
            "done": view.done,
            "total": view.total,
            "left_s": _tenths(view.left_s),
            "detail": detail,
        }
        if view.parts:
            event["parts"] = [
                {"name": one.name, "share": round(one.share, 4), "left_s": _tenths(one.left_s), "detail": one.detail}
                for one in view.parts
            ]
        if view.whole_share is not None:
            event["whole"] = {"share": round(view.whole_share, 4), "left_s": _tenths(view.whole_left_s)}
        print_json(event)

    def expect(self, works: Sequence[WorkTime]) -> None:
        """Print the event."""
        super().expect(works)
        values = [{"stage": work.stage, "seconds": round(work.seconds, 1), "basis": work.basis} for work in works]
        print_json({"event": "expect", "works": values})

    def note(self, text: str) -> None:
        """Print the event."""
        print_json({"event": "note", "text": text})

    def warn(self, text: str) -> None:
        """Print the event."""
        print_json({"event": "warning", "text": text})


def _tenths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


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
        parts = {"what": error.what, "where": error.where, "expected": error.expected, "next": error.hint}
        print_json({"event": "error", "kind": type(error).__name__, **parts, "exit_code": error.exit_code})
    else:
        print(f"build-video: {error}", file=sys.stderr)  # noqa: T201 - this is what the function is for


def print_message(text: str, *, as_json: bool = False, answers: bool = False) -> None:
    """Print a line before anything else: an event where a program listens, on standard output where the answer is."""
    if as_json and not answers:
        print_json({"event": "note", "text": text})
    else:
        print(text, file=sys.stdout if answers and not as_json else sys.stderr, flush=True)
