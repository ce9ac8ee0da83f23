"""Building from the page: the command line's own build as a process of its own, which outlives a studio that is killed.

Owns starting and stopping it. How far it has come is read from its files, as that of a build in another terminal.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.build.stage_order import STAGES
from pipeline.errors import InputError, OutputError
from pipeline.runtime.progress.state_file import FILE, read_state
from pipeline.store.files import process_runs
from pipeline.store.lock import is_held, noted_holder
from pipeline.studio.desk import Desk

OUTPUT: Final = "studio-build.log"
"""In the store: what the last build that was started here has printed."""
EXPORTS: Final = ("gif", "loop", "sound")
_TAIL_BYTES: Final = 4000
_GRACE_S: Final = 30.0


@dataclass(frozen=True)
class Order:
    """What is to be built: up to which stage, small and quick or whole, the film or one of its cuts; or an export."""

    until: str = STAGES[-1]
    draft: bool = False
    from_here: bool = False
    cut: str = ""
    export: str = ""

    def arguments(self) -> list[str]:
        """As the command line has them.

        Raises
        ------
        InputError
            Where there is no such stage or export.
        """
        shape = [*(["--draft"] if self.draft else []), *(["--cut", self.cut] if self.cut else [])]
        if self.export:
            if self.export not in EXPORTS:
                raise InputError("There is no such export.", where="request", expected=", ".join(EXPORTS))
            return ["export", self.export, *shape]
        if self.until not in STAGES:
            raise InputError(f"There is no stage '{self.until[:40]}'.", where="request", expected=", ".join(STAGES))
        here = ["--from-here"] if self.from_here else []
        return [self.until if self.until != STAGES[-1] else "build", *shape, *here]


class Builds:
    """Starts and stops builds of one film, one at a time.

    Parameters
    ----------
    cluster
        Who does their work, as `--cluster` names it; this machine where it is empty.
    """

    def __init__(self, desk: Desk, *, output: Path | None, allow_outside: bool, cluster: str = "") -> None:
        self._desk, self._output, self._allow_outside, self._cluster = desk, output, allow_outside, cluster
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def _root(self) -> Path:
        return self._desk.workplace(self._desk.production()).store.root

    def start(self, order: Order) -> None:
        """Start a build.

        Raises
        ------
        OutputError
            Where one runs already.
        InputError
            Where the production is wrong.
        """
        production = self._desk.production()
        root = self._root()
        with self._lock:
            if self.is_running(root):
                raise OutputError("A build runs already.", hint="Wait until it is done, or stop it.")
            if order.cut and order.cut not in [cut.name for cut in production.cuts]:
                raise InputError(f"There is no cut '{order.cut[:60]}'.", where="request")
            command = self.command(order)
            root.mkdir(parents=True, exist_ok=True)
            (root / FILE).unlink(missing_ok=True)
            source = str(Path(__file__).resolve().parents[2])
            path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")]))
            with (root / OUTPUT).open("wb") as out:
                self._child = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env=os.environ | {"PYTHONPATH": path},
                )

    def command(self, order: Order) -> list[str]:
        """Return the command of a build, as this process would start it.

        Raises
        ------
        InputError
            Where there is no such stage or export.
        """
        command = [sys.executable, "-c", "from pipeline.cli.start import main; main()", *order.arguments()]
        command += [str(self._desk.file), "--json"]
        command += ["-o", str(self._output)] if self._output else []
        command += ["--allow-outside"] if self._allow_outside else []
        command += ["--cluster", self._cluster] if self._cluster and not order.export else []
        return command

    def is_running(self, root: Path) -> bool:
        """Whether a build works in the folder, or was just started for it."""
        return self._is_alive() or is_held(root)

    def _is_alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def stop(self) -> None:
        """Stop the build that runs, also one of another terminal on this machine; nothing that it has made is lost.

        Raises
        ------
        OutputError
            Where none runs, or it runs on another machine.
        """
        process = self._child.pid if self._is_alive() and self._child is not None else _process_of(self._root())
        if process is None:
            raise OutputError("No build of this machine runs.", hint="Stop it where it was started.")
        os.kill(process, signal.SIGINT)

    def wait(self) -> None:
        """Let a build that was started here end after it was stopped, when the studio ends."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.send_signal(signal.SIGINT)
        try:
            self._child.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()

    def state(self, root: Path) -> dict[str, Any]:
        """What runs, how far it is, and how the last one ended."""
        is_own = self._is_alive()
        running = is_own or is_held(root)
        values = read_state(root / FILE) or {}
        found: dict[str, Any] = {
            "running": running,
            "by": ("the studio" if is_own else noted_holder(root)) if running else "",
            "progress": values if values.get("view", {}).get("stage") or not running else None,
            "error": None,
        }
        if not running:
            found["ended"] = values.get("ended") or ("interrupted" if values else None)
            found["error"] = values.get("error") or self._early_error(root)
        return found

    def _early_error(self, root: Path) -> dict[str, str] | None:
        """Why a build that was started here ended before it held its folder."""
        if self._child is None or self._child.poll() in {None, 0, 130} or (root / FILE).is_file():
            return None
        try:
            lines = (root / OUTPUT).read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace").splitlines()
        except OSError:
            lines = []
        for line in reversed(lines):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and event.get("event") == "error":
                return {name: str(event.get(name, "")) for name in ("what", "where", "expected", "hint")}
        return {"what": "The build has ended at once.", "where": "", "expected": "", "hint": "\n".join(lines[-3:])}


def _process_of(root: Path) -> int | None:
    """The process that builds in a folder, where it is one of this machine."""
    try:
        noted = json.loads((root / "lock.json").read_text(encoding="utf-8"))
        number, host = int(noted["process"]), noted["host"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return number if is_held(root) and host == socket.gethostname() and process_runs(number) else None
