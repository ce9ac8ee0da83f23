"""What a worker does with a piece: a helper process beside it works, its messages travel on, and it can be stopped.

Each piece has a process of its own while it is done, which is used again for the next of its like: networks set what a
process has only once (threads, random numbers, a GPU), and a process that is ended leaves the worker as it was.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import pickle
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from pipeline.errors import BuildVideoError, DiskFullError, WorkerError
from pipeline.runtime.cluster.depot import Depot, depot_of
from pipeline.runtime.cluster.parcels import Parcel, Places, read_item
from pipeline.runtime.cluster.plain import HelperDiedError, StoppedError, to_text
from pipeline.runtime.cluster.watching import Claim, ClaimWatch, Saving
from pipeline.runtime.gpus import GPU_VARIABLE, visible_gpus
from pipeline.runtime.workers import end_process, preload, send_messages_to, start_process

_LOOK_EVERY_S: Final = 1.0
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_LAST_S: Final = 5.0
"""A process that says nothing more has ended after this time, or is ended."""
_IDLE_S: Final = 60.0
"""A process without work is ended after this time."""


@dataclass(frozen=True)
class PieceCall:
    """A piece on its way to a worker.

    Parameters
    ----------
    function
        Applied to the item.
    pickled
        The item, as `parcels.write_item` writes it.
    key
        Names it in the cluster.
    topic
        Where its messages go.
    index
        Its number in the command that asked for it.
    environment
        Variables that its process sees besides the worker's own.
    gpus
        On how many GPUs it works; it sees no others.
    folder
        Where nobody else may write meanwhile.
    modules
        What its process needs, imported early.
    parcel
        What it reads, where the worker does not see the command's folders.
    """

    function: Callable[[Any], Any]
    pickled: bytes
    key: str
    topic: str
    index: int
    environment: Mapping[str, str] = field(default_factory=dict)
    gpus: int = 0
    folder: Path | None = None
    modules: tuple[str, ...] = ()
    parcel: Parcel | None = None


@dataclass(frozen=True)
class Desk:
    """What a worker lends to a piece.

    Parameters
    ----------
    address
        The worker's.
    depot
        Where files lie that travel.
    send
        Takes texts to those who hear of a topic.
    """

    address: str
    depot: Depot
    send: Callable[[str, str], None]

    def say(self, order: _Order, kind: str, *values: object) -> None:
        """Tell whichever command waits for a piece something about it."""
        self.send(order.topic, to_text((order.serial, kind, *values)))


@dataclass
class _Order:
    """Who waits for a piece that is made now."""

    topic: str
    serial: int
    is_stopped: bool = False


@dataclass
class _Helper:
    kind: tuple[object, ...]
    process: BaseProcess
    connection: Connection
    idle_since_s: float = 0.0

    def end(self) -> None:
        end_process(self.process)
        self.connection.close()


_lock = threading.Lock()
_orders: dict[str, _Order] = {}
_idle: list[_Helper] = []
_busy: dict[str, _Helper] = {}
_taken_gpus: list[str] = []


def do_piece(call: PieceCall, desk: Desk) -> str:
    """Do one piece in a process of its own, on a worker.

    Returns
    -------
    str
        `plain.to_text` of a tuple: `done`, the outcome, and where its files are to be fetched (the worker, the piece's
        number there, name, size and hash of each); or `failed` and the error; or `lacking`, the error and the worker,
        whose machine has run out of something; or `broken` and words about the error.
    """
    places: Places | None = None
    order = _orders[call.key] = _Order(call.topic, call.index)
    try:
        with _opened(call, desk, order) as (number, places):
            outcome = _do(call, desk, order, number, places)
            made = desk.depot.made(number) if places else []
        files = [(fact.name, fact.size, fact.sha256) for fact in made]
        return to_text(("done", outcome, desk.address, number, files))
    except BuildVideoError as error:
        if type(error) is WorkerError:  # a process that the piece itself had started
            error = HelperDiedError(error.what, where=error.where, expected=error.expected, hint=error.hint)
        if isinstance(error, DiskFullError) and places is not None:  # its disk, not that of the film
            return to_text(("lacking", _full_disk(desk.address), desk.address))
        return to_text(("failed", _as_there(error, places)))
    except Exception as error:  # noqa: BLE001 - returned in words: nothing but values travels back
        return to_text(_told(error, desk.address))
    finally:
        desk.say(order, "end")
        if _orders.get(call.key) is order:
            del _orders[call.key]


@contextmanager
def _opened(call: PieceCall, desk: Desk, order: _Order) -> Iterator[tuple[str, Places | None]]:
    """Wait for the files of a piece that brings some."""
    if call.parcel is None:
        yield "", None
        return

    def announce(number: str, missing: list[str]) -> None:
        desk.say(order, "needs", desk.address, number, missing)

    with desk.depot.opened(call.parcel, announce) as opened:
        yield opened


def _do(call: PieceCall, desk: Desk, order: _Order, number: str, places: Places | None) -> Any:
    preload(*call.modules)

    def tell(is_last: bool) -> None:  # noqa: FBT001 - of a saved state
        files = [(fact.name, fact.size, fact.sha256) for fact in desk.depot.made(number)]
        desk.say(order, "saved", desk.address, number, files, is_last)

    watch: Claim | Saving = Claim(call.folder) if places is None else Saving(places, tell)
    gpus = _take_gpus(call.gpus)
    helper = None
    try:
        helper = _helper_for(call, ",".join(gpus))
        if order.is_stopped:
            raise StoppedError("Nobody wants this piece any more.")
        outcome = _converse(helper, call, places, watch, partial(desk.say, order, "message"))
        _put_back(call.key, helper)
        helper = None
    except HelperDiedError:
        watch.look(is_last=True)
        raise
    else:
        return outcome
    finally:
        if helper is not None:
            with _lock:
                _busy.pop(call.key, None)
            helper.end()
        with _lock:
            for gpu in gpus:
                _taken_gpus.remove(gpu)
        watch.release()


def _told(error: Exception, address: str) -> tuple[object, ...]:
    """An error that is none of ours: where the worker's machine has run out of something, that is said."""
    if isinstance(error, MemoryError):
        hint = "Give the worker more memory, or fewer threads: what was finished is kept."
        lack = WorkerError("A worker has too little memory for a piece.", where=address, hint=hint)
        return "lacking", lack, address
    if isinstance(error, OSError) and error.errno in _FULL:
        return "lacking", _full_disk(address), address
    return "broken", f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error))


def _full_disk(address: str) -> DiskFullError:
    hint = "Make room there, or start it with another --local-directory: what was finished is kept."
    return DiskFullError("A worker's disk is full.", where=address, hint=hint)


def _as_there(error: BuildVideoError, places: Places | None) -> BuildVideoError:
    """An error with the paths of the command's machine."""
    if places is not None:
        for name in ("what", "where", "expected", "hint"):
            setattr(error, name, places.as_there(getattr(error, name)))
    return error


def stop_pieces(keys: list[str], dask_worker: Any = None) -> None:
    """End the processes of pieces on this worker, and those without work."""
    depot_of(dask_worker).stop([key.split("/")[1] for key in keys if "/" in key])
    with _lock:
        for key in keys:
            if key in _orders:  # it may not have a process yet
                _orders[key].is_stopped = True
        helpers = [_busy[key] for key in keys if key in _busy]
        idle, _idle[:] = list(_idle), []
    for helper in helpers:
        helper.process.terminate()
    for helper in idle:
        helper.end()


def redirect(key: str, topic: str, serial: int, dask_worker: Any = None) -> bool:
    """Let another command hear of a piece from now on: whoever asked for it is gone; says whether it is made here."""
    order = _orders.get(key)
    if order is None:
        return False
    order.topic, order.serial = topic, serial
    depot_of(dask_worker).announce_again(key.split("/")[1])
    return True


def _converse(
    helper: _Helper, call: PieceCall, places: Places | None, watch: Claim | Saving, say: Callable[[object], None]
) -> Any:
    try:
        helper.connection.send_bytes(pickle.dumps((call.function, call.pickled, places, watch.note)))
        while True:
            while not helper.connection.poll(_LOOK_EVERY_S):
                watch.look()
            kind, value = pickle.loads(helper.connection.recv_bytes())  # noqa: S301 - from a process of this worker
            if kind == "message":
                say(value)
                watch.look()
            elif kind == "failed":
                raise value
            else:
                return value
    except (EOFError, ConnectionError) as error:
        helper.process.join(_LAST_S)
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
        found = _started(kind, own)
    with _lock:
        _busy[call.key] = found
    return found


def _started(kind: tuple[object, ...], environment: Mapping[str, str]) -> _Helper:
    here, there = multiprocessing.Pipe()
    try:
        return _Helper(kind, start_process(serve, there, environment, daemon=True), here)
    except (EOFError, ConnectionError) as error:  # who starts processes was killed; the next begins another
        here.close()
        raise HelperDiedError("A process could not be started.", expected="enough memory on the worker") from error
    finally:
        there.close()


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


def _take_gpus(count: int) -> list[str]:
    """The GPUs on which the fewest pieces work."""
    with _lock:
        chosen = sorted(visible_gpus() or ("0",), key=_taken_gpus.count)[:count]
        _taken_gpus.extend(chosen)
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
    watch = ClaimWatch()
    with suppress(EOFError, ConnectionError):
        while True:
            function, item, places, watch.note = pickle.loads(connection.recv_bytes())  # noqa: S301 - from the worker
            try:
                answer = pickle.dumps(("done", function(read_item(item, places))))
            except Exception as error:  # noqa: BLE001 - travels to the command
                answer = _as_answer(error)
            watch.note = None
            connection.send_bytes(answer)


def _as_answer(error: Exception) -> bytes:
    error.add_note("".join(traceback.format_exception(error)))
    try:
        answer = pickle.dumps(("failed", error))
        pickle.loads(answer)  # noqa: S301 - some errors can be written and not read
    except Exception:  # noqa: BLE001 - errors of libraries may hold anything
        return pickle.dumps(("failed", RuntimeError(f"{type(error).__name__}: {error}")))
    return answer
