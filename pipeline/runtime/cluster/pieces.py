"""What a worker does with a piece: a helper process beside it works, its messages travel on, and it can be stopped.

Each piece has a process of its own while it is done, which is used again for the next of its like: networks set what a
process has only once (threads, random numbers, a GPU), and a process that is ended leaves the worker as it was.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from pipeline.errors import WorkerError
from pipeline.runtime.gpus import GPU_VARIABLE, visible_gpus
from pipeline.runtime.workers import preload, send_messages_to, start_process

_LOOK_EVERY_S: Final = 1.0
_HANDED_OVER_S: Final = 3.0
"""Whoever worked in a folder before notices within this time that another has taken it over, and stops."""
_IDLE_S: Final = 60.0
"""A process without work is ended after this time."""


class HelperDiedError(WorkerError):
    """The process that did a piece died: the piece may be done again elsewhere."""


class StoppedError(WorkerError):
    """A piece was stopped, because nobody wants it any more or another does it."""


@dataclass(frozen=True)
class PieceCall:
    """A piece on its way to a worker.

    Parameters
    ----------
    function
        Applied to the item.
    pickled
        The item, pickled.
    key
        Names it in the cluster.
    topic
        Where its messages go.
    index
        Its number in the command that asked for it.
    environment
        Variables that its process sees besides the worker's own.
    gpu
        Whether it works on a GPU; otherwise it sees none.
    folder
        Where nobody else may write meanwhile.
    modules
        What its process needs, imported early.
    """

    function: Callable[[Any], Any]
    pickled: bytes
    key: str
    topic: str
    index: int
    environment: Mapping[str, str] = field(default_factory=dict)
    gpu: bool = False
    folder: Path | None = None
    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class EndOfMessages:
    """Stands behind the last message about a piece."""


@dataclass
class _Helper:
    kind: tuple[object, ...]
    process: BaseProcess
    connection: Connection
    idle_since_s: float = 0.0

    def end(self) -> None:
        self.process.terminate()
        self.process.join()
        self.connection.close()


_lock = threading.Lock()
_idle: list[_Helper] = []
_busy: dict[str, _Helper] = {}
_taken_gpus: list[str] = []


def do_piece(call: PieceCall, send: Callable[[bytes], None]) -> Any:
    """Do one piece in a process of its own, on a worker.

    Parameters
    ----------
    send
        Takes messages to the command, pickled.

    Raises
    ------
    HelperDiedError
        Where the process died.
    StoppedError
        Where it was stopped.
    """
    preload(*call.modules)
    claim = _Claim(call.folder)
    gpu = _take_gpu() if call.gpu else ""
    helper = None
    try:
        helper = _helper_for(call, gpu)
        outcome = _converse(helper, call, claim, send)
        _put_back(call.key, helper)
        helper = None
        return outcome
    finally:
        if helper is not None:
            with _lock:
                _busy.pop(call.key, None)
            helper.end()
        if gpu:
            with _lock:
                _taken_gpus.remove(gpu)
        claim.release()
        send(pickle.dumps((call.index, EndOfMessages())))


def stop_pieces(keys: list[str]) -> None:
    """End the processes of pieces on this worker, and those without work."""
    with _lock:
        helpers = [_busy[key] for key in keys if key in _busy]
        idle, _idle[:] = list(_idle), []
    for helper in helpers:
        helper.process.terminate()
    for helper in idle:
        helper.end()


def _converse(helper: _Helper, call: PieceCall, claim: _Claim, send: Callable[[bytes], None]) -> Any:
    try:
        helper.connection.send_bytes(pickle.dumps((call.function, call.pickled)))
        while True:
            while not helper.connection.poll(_LOOK_EVERY_S):
                if not claim.holds():
                    raise StoppedError("Another worker has taken this piece over.")
            kind, value = pickle.loads(helper.connection.recv_bytes())  # noqa: S301 - from a process of this worker
            if kind == "message":
                send(pickle.dumps((call.index, value)))
            elif kind == "failed":
                raise value
            else:
                return value
    except (EOFError, ConnectionError) as error:
        helper.process.join()
        code = helper.process.exitcode
        raise HelperDiedError(
            f"The process that did a piece died ({'signal ' + str(-code) if code and code < 0 else code}).",
            expected="enough memory for each process of the worker",
            hint="Give the worker fewer threads, or more memory: what was finished is kept.",
        ) from error


def _helper_for(call: PieceCall, gpu: str) -> _Helper:
    """An idle process of this kind, or a new one."""
    kind = (call.function.__module__, gpu, str(Path.cwd()))
    with _lock:
        found = next((one for one in _idle if one.kind == kind and one.process.is_alive()), None)
        others = [one for one in _idle if one is not found and one.kind != kind]
        _idle[:] = [one for one in _idle if one is not found and one.kind == kind]
    for other in others:
        other.end()
    if found is None:
        own = {**call.environment, GPU_VARIABLE: gpu}
        here, there = multiprocessing.Pipe()
        multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined] # noqa: SLF001 - or a worker could start none
        found = _Helper(kind, start_process(serve, there, own, daemon=True), here)
        there.close()
    with _lock:
        _busy[call.key] = found
    return found


def _put_back(key: str, helper: _Helper) -> None:
    with _lock:
        _busy.pop(key, None)
        helper.idle_since_s = time.monotonic()
        _idle.append(helper)
    timer = threading.Timer(_IDLE_S, _end_idle)
    timer.daemon = True
    timer.start()


def _end_idle() -> None:
    limit = time.monotonic() - _IDLE_S + _LOOK_EVERY_S
    with _lock:
        old = [one for one in _idle if one.idle_since_s <= limit]
        _idle[:] = [one for one in _idle if one.idle_since_s > limit]
    for helper in old:
        helper.end()


def _take_gpu() -> str:
    """The GPU on which the fewest pieces work."""
    with _lock:
        gpus = visible_gpus() or ("0",)
        chosen = min(gpus, key=_taken_gpus.count)
        _taken_gpus.append(chosen)
        return chosen


class _Outbox:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, message: object) -> None:
        self._connection.send_bytes(pickle.dumps(("message", message)))


def serve(connection: Connection, environment: Mapping[str, str]) -> None:
    """Do pieces one after the other; what a helper process is busy with."""
    os.environ.update(environment)
    send_messages_to(_Outbox(connection))
    with suppress(EOFError, ConnectionError):
        while True:
            function, item = pickle.loads(connection.recv_bytes())  # noqa: S301 - from the worker itself
            try:
                answer = pickle.dumps(("done", function(pickle.loads(item))))  # noqa: S301
            except Exception as error:  # noqa: BLE001 - travels to the command
                answer = _as_answer(error)
            connection.send_bytes(answer)


def _as_answer(error: Exception) -> bytes:
    error.add_note("".join(traceback.format_exception(error)))
    try:
        answer = pickle.dumps(("failed", error))
        pickle.loads(answer)  # noqa: S301 - some errors can be written and not read
    except Exception:  # noqa: BLE001 - errors of libraries may hold anything
        return pickle.dumps(("failed", RuntimeError(f"{type(error).__name__}: {error}")))
    return answer


class _Claim:
    """A note beside a folder of who works in it: a worker that was cut off may work on while another begins."""

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder.with_name(f"{folder.name}.claim")
        self._own = uuid.uuid4().hex
        if self._path is None:
            return
        was_held = self._path.exists()
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}-{self._own[:8]}")
        temporary.write_text(self._own, encoding="ascii")
        temporary.replace(self._path)
        if was_held:
            time.sleep(_HANDED_OVER_S)

    def holds(self) -> bool:
        if self._path is None:
            return True
        try:
            return self._path.read_text(encoding="ascii") == self._own
        except OSError:
            return True  # nobody else has written it

    def release(self) -> None:
        if self._path is not None and self.holds():
            with suppress(OSError):
                self._path.unlink()
