"""What a worker keeps of the files that pieces read, each once by its content's hash, and where pieces write.

The command carries files in and out by calling `store_chunk`, `begin`, `read_chunks` and `release` on the worker; a
piece waits until all that it reads is there. Everything lies in the worker's own folder, which ends with it.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final

from pipeline.runtime.cluster.parcels import FileFact, Parcel, Places, listing
from pipeline.runtime.cluster.plain import HelperDiedError, StoppedError

CHUNK_BYTES: Final = 8 << 20
CHANGED: Final = "a file was changed on its way"
"""What is said of a file that is not what its hash says: it was changed after it was listed."""
_WAIT_S: Final = 60.0
"""A piece whose files stop coming for so long is given up: the command that sent it is gone."""
_LOOK_EVERY_S: Final = 0.5
_FORGOTTEN_S: Final = 3600.0
"""What a piece has made and nobody has fetched is removed after this time."""
_MOST_KEPT_BYTES: Final = 20 << 30
_LEAST_FREE_SHARE: Final = 0.1


@dataclass
class _Arrival:
    """A piece on this worker: where it works, and what it waits for."""

    parcel: Parcel
    places: Places
    started: threading.Condition = field(default_factory=threading.Condition)
    own: Sequence[FileFact] | None = None
    announce: Callable[[], None] = lambda: None
    heard_s: float = field(default_factory=time.monotonic)
    is_done: bool = False
    is_stopped: bool = False


class Depot:
    """A worker's folder.

    Parameters
    ----------
    root
        Made when it is first used.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._lock = root, threading.Lock()
        self._arrivals: dict[str, _Arrival] = {}

    def missing(self, wanted: Sequence[str]) -> list[str]:
        """Which of these contents are not here."""
        return [one for one in dict.fromkeys(wanted) if not self._blob(one).is_file()]

    def store_chunk(self, sender: str, content: str, offset: int, data: bytes, size: int) -> None:
        """Take in a part of a file; after the last one it counts as here, if it is what its hash says.

        Two commands may send the same: each has a file of its own until then.
        """
        path, unfinished = self._blob(content), self._blob(content).with_suffix(f".{sender}.partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(data)
        for arrival in self._arrivals.values():
            arrival.heard_s = time.monotonic()
        if offset + len(data) < size:
            return
        with unfinished.open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != content:
                unfinished.unlink()
                raise OSError(CHANGED)
        unfinished.replace(path)

    def begin(self, number: str, own: Sequence[FileFact]) -> None:
        """Let a piece begin: all that it reads is here, and so is what it goes on from."""
        arrival = self._arrivals[number]
        with arrival.started:
            arrival.own = own
            arrival.started.notify_all()

    def read_chunks(self, number: str, wanted: Sequence[tuple[str, int, int]]) -> list[bytes]:
        """Read parts of what a piece has made: name, offset and bytes of each."""
        arrival, parts = self._arrivals[number], []
        arrival.heard_s = time.monotonic()
        for name, offset, size in wanted:
            with (self._made(arrival) / name).open("rb") as file:
                file.seek(offset)
                parts.append(file.read(size))
        return parts

    def release(self, number: str) -> None:
        """Remove what a piece has made: it was fetched."""
        arrival = self._arrivals.pop(number, None)
        if arrival is not None:
            shutil.rmtree(arrival.places.own.parent, ignore_errors=True)

    def stop(self, keys: Sequence[str]) -> None:
        """Give up pieces that wait for files."""
        for arrival in list(self._arrivals.values()):
            if arrival.parcel.key in keys:
                with arrival.started:
                    arrival.is_stopped = True
                    arrival.started.notify_all()

    def announce_again(self, key: str) -> None:
        """Say once more what a piece waits for: another command has taken its command's place."""
        for arrival in list(self._arrivals.values()):
            if arrival.parcel.key == key and arrival.own is None and not arrival.is_done:
                arrival.announce()

    def made(self, number: str) -> list[FileFact]:
        """Describe what a piece has made so far: its own folder, or what it has published."""
        arrival = self._arrivals[number]
        folder = self._made(arrival)
        return listing(folder, arrival.parcel.state_file, skip="" if arrival.parcel.folder else "manifest.json")

    @contextmanager
    def opened(self, parcel: Parcel, announce: Callable[[str, list[str]], None]) -> Iterator[tuple[str, Places]]:
        """Offer the places of a piece once its files are here.

        Parameters
        ----------
        announce
            Tells the command the piece's number here, and which contents are missing.
        """
        number = uuid.uuid4().hex
        own = self._root / "pieces" / number
        places = Places(parcel, self._root / "mirrors" / parcel.identity, own / "made", own / "own")

        def tell() -> None:
            announce(number, self.missing([fact.sha256 for fact in parcel.files]))

        arrival = self._arrivals[number] = _Arrival(parcel, places, announce=tell)
        try:
            self._make_room()
            for path in (places.made, places.own):
                path.mkdir(parents=True)
            tell()
            self._wait(arrival)
            self._lay_out(arrival)
            yield number, places
        except BaseException as error:
            if not isinstance(error, HelperDiedError):  # what it had saved is fetched yet
                self.release(number)
            raise
        finally:
            arrival.is_done, arrival.heard_s = True, time.monotonic()

    def _wait(self, arrival: _Arrival) -> None:
        with arrival.started:
            while arrival.own is None:
                arrival.started.wait(_LOOK_EVERY_S)
                if arrival.is_stopped or time.monotonic() - arrival.heard_s > _WAIT_S:
                    raise StoppedError("What a piece reads did not come in time.")

    def _lay_out(self, arrival: _Arrival) -> None:
        """Put files where the piece looks for them: what it only reads are links to the one copy here."""
        with self._lock:
            if not arrival.places.mirror.is_dir():
                unfinished = arrival.places.mirror.with_name(f"{arrival.places.mirror.name}.partial")
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir(parents=True)
                for fact in arrival.parcel.files:
                    path = unfinished.joinpath(*Path(fact.name).parts[1:])
                    path.parent.mkdir(parents=True, exist_ok=True)
                    _link(self._blob(fact.sha256), path)
                unfinished.rename(arrival.places.mirror)
        for fact in arrival.own or ():
            path = arrival.places.own / fact.name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._blob(fact.sha256), path)

    def _made(self, arrival: _Arrival) -> Path:
        if arrival.parcel.folder:
            return arrival.places.own
        found = [path for path in arrival.places.made.glob(f"*/{arrival.parcel.key}") if path.is_dir()]
        return found[0] if found else arrival.places.made / "nothing"

    def _blob(self, content: str) -> Path:
        return self._root / "contents" / content

    def _make_room(self) -> None:
        """Remove what was forgotten; where much is kept or little free, all that no piece reads now."""
        now = time.monotonic()
        for number, one in list(self._arrivals.items()):
            if one.is_done and now - one.heard_s > _FORGOTTEN_S:
                self.release(number)
        self._root.mkdir(parents=True, exist_ok=True)
        disk = shutil.disk_usage(self._root)
        contents = [*(self._root / "contents").glob("*")]
        kept = sum(path.stat().st_size for path in contents)
        if kept <= _MOST_KEPT_BYTES and (disk.free >= _LEAST_FREE_SHARE * disk.total or not kept):
            return
        busy = [one for one in self._arrivals.values() if not one.is_done]
        if len(busy) > 1:  # another piece is about to read some of it
            return
        shutil.rmtree(self._root / "mirrors", ignore_errors=True)
        shutil.rmtree(self._root / "contents", ignore_errors=True)


def _link(content: Path, path: Path) -> None:
    try:
        os.link(content, path)
    except OSError:  # some file systems have no links
        shutil.copyfile(content, path)


_depots: dict[str, Depot] = {}


def depot_of(worker: Any) -> Depot:
    """Return a worker's depot."""
    folder = str(worker.local_directory)
    return _depots.setdefault(folder, Depot(Path(folder, "build-video")))


def missing(wanted: Sequence[str], dask_worker: Any = None) -> list[str]:
    """See `Depot.missing`; called on the worker."""
    return depot_of(dask_worker).missing(wanted)


def store_chunk(sender: str, content: str, offset: int, data: bytes, size: int, *, dask_worker: Any = None) -> str:
    """See `Depot.store_chunk`; what failed, in words."""
    try:
        depot_of(dask_worker).store_chunk(sender, content, offset, data, size)
    except OSError as error:
        return str(error.strerror or error)
    return ""


def begin(number: str, own: Sequence[FileFact], dask_worker: Any = None) -> None:
    """See `Depot.begin`; a piece that is not here any more needs nothing."""
    with suppress(KeyError):
        depot_of(dask_worker).begin(number, own)


def read_chunks(number: str, wanted: Sequence[tuple[str, int, int]], dask_worker: Any = None) -> list[bytes]:
    """See `Depot.read_chunks`; nothing where something is not there any more."""
    try:
        return depot_of(dask_worker).read_chunks(number, wanted)
    except (KeyError, OSError):
        return []


def release(number: str, dask_worker: Any = None) -> None:
    """See `Depot.release`."""
    depot_of(dask_worker).release(number)
