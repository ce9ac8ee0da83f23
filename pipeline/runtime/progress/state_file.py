"""Where a build stands, in a file beside its results: for other programs that look, such as the studio.

The file is replaced as a whole, a few times a second at most. It stands for as long as the build holds its folder, and
says afterwards how the build ended. A file that can't be written stops no build.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from pipeline.errors import BuildVideoError
from pipeline.runtime.progress.outlook import Outlook
from pipeline.runtime.progress.reporter import Part, Reporter, WorkStart, WorkTime

FILE: Final = "progress.json"
_PAUSE_S: Final = 0.4
_MOST_LINES: Final = 40
_LARGEST_BYTES: Final = 1 << 20


class StateFile:
    """A reporter that keeps the state of a build in a file, and passes everything on.

    Parameters
    ----------
    path
        The file.
    listener
        A reporter that receives everything too.
    clock
        Seconds that only go forward.
    """

    def __init__(self, path: Path, listener: Reporter, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._listener, self._clock = path, listener, clock
        self._outlook = Outlook()
        self._lines: deque[dict[str, str]] = deque(maxlen=_MOST_LINES)
        self._works: list[WorkTime] = []
        self._detail = ""
        self._written_s = -_PAUSE_S
        self._write({"ended": None})

    def begin(self, work: WorkStart) -> None:
        """Keep and pass on."""
        self._outlook.begin(work, self._clock())
        self._detail = ""
        self._show(now=True)
        self._listener.begin(work)

    def advance(self, done: float, detail: str = "") -> None:
        """Keep and pass on."""
        self._outlook.advance(done, self._clock())
        self._detail = detail
        self._show(now=done >= self._outlook.total > 0)
        self._listener.advance(done, detail)

    def parts(self, parts: Sequence[Part], left_s: float | None) -> None:
        """Keep and pass on."""
        self._outlook.parts(parts, left_s, self._clock())
        self._listener.parts(parts, left_s)

    def expect(self, works: Sequence[WorkTime]) -> None:
        """Keep and pass on."""
        self._outlook.expect(works, self._clock())
        self._works = list(works)
        self._listener.expect(works)

    def note(self, text: str) -> None:
        """Keep and pass on."""
        self._lines.append({"kind": "note", "text": text})
        self._show()
        self._listener.note(text)

    def warn(self, text: str) -> None:
        """Keep and pass on."""
        self._lines.append({"kind": "warning", "text": text})
        self._show()
        self._listener.warn(text)

    def close(self, error: BaseException | None) -> None:
        """Say how the build ended."""
        if error is None:
            self._write({"ended": "done"})
        elif isinstance(error, BuildVideoError):
            parts = {"what": error.what, "where": error.where, "expected": error.expected, "hint": error.hint}
            self._write({"ended": "error", "error": parts})
        else:
            ended = "interrupted" if isinstance(error, KeyboardInterrupt) else "error"
            self._write({"ended": ended, "error": {"what": f"{type(error).__name__}: {error}"}})

    def _show(self, *, now: bool = False) -> None:
        at = self._clock()
        if now or at - self._written_s >= _PAUSE_S:
            self._written_s = at
            self._write({"ended": None})

    def _write(self, more: dict[str, Any]) -> None:
        state = {
            "process": os.getpid(),
            "view": asdict(self._outlook.view(self._clock())),
            "detail": self._detail,
            "works": [asdict(one) for one in self._works],
            "lines": list(self._lines),
            **more,
        }
        unfinished = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with suppress(OSError):
            unfinished.write_text(json.dumps(state), encoding="utf-8")
            unfinished.replace(self._path)


def read_state(path: Path) -> dict[str, Any] | None:
    """What the file says; None where there is none that can be read."""
    try:
        with path.open("rb") as file:
            state = json.loads(file.read(_LARGEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return state if isinstance(state, dict) and isinstance(state.get("view"), dict) else None
