"""The command's side of files that travel: what pieces read goes to workers once, what they made is fetched and hashed.

A worker is asked for what it has made; nothing that it says decides where anything is written here: names are checked
to be plain ones below the piece's folder, and sizes and hashes to be those that it has said before.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from threading import Lock
from typing import Any, Final, NoReturn

from distributed import Client

from pipeline.errors import DiskFullError, StoreError, WorkerError
from pipeline.runtime.cluster import depot
from pipeline.runtime.cluster.connecting import ANSWER_S
from pipeline.runtime.cluster.depot import CHUNK_BYTES
from pipeline.runtime.cluster.parcels import Contents, FileFact, Parcel, files_in, write_item
from pipeline.runtime.cluster.plain import HelperDiedError, LackingError
from pipeline.runtime.executor import Work

_MOST_AT_ONCE: Final = 200
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class Exchange:
    """Sends files to workers, and fetches them.

    Parameters
    ----------
    client
        The connection.
    root
        The store's folder.
    """

    def __init__(self, client: Client, root: Path) -> None:
        self._client, self._root = client, root
        self._contents = Contents()
        self._sources: dict[str, Path] = {}
        self._locks: dict[str, Lock] = {}
        self._sender = uuid.uuid4().hex[:8]
        self.sent_bytes = self.fetched_bytes = 0

    def pack(self, work: Work[Any], key: str) -> tuple[bytes, Parcel]:
        """Pickle a piece's item, and describe what it reads.

        Raises
        ------
        InputError
            Where that is more than may travel.
        """
        item, paths = write_item(work.item)
        facts = self._contents.read_by(paths, self._root, work.folder, work.unread)
        self._sources.update({fact.sha256: Path(fact.name) for fact in facts})
        return item, Parcel(facts, str(self._root), str(work.folder or ""), work.state_file, key)

    def supply(self, worker: str, number: str, missing: Sequence[str], folder: Path | None) -> None:
        """Send a worker what it lacks, and let the piece begin.

        Raises
        ------
        HelperDiedError
            Where the worker is gone; a LackingError where it could not keep what was sent.
        """
        with self._locks.setdefault(worker, Lock()):  # pieces of one worker may lack the same
            own = [] if folder is None else [self._own(folder, path) for path in files_in(folder)]
            for content in self._ask(worker, depot.missing, [*missing, *(fact.sha256 for fact in own)]):
                self._send(worker, content)
            self._ask(worker, depot.begin, number, own)

    def _own(self, folder: Path, path: Path) -> FileFact:
        fact = self._contents.fact(path, path.relative_to(folder).as_posix())
        self._sources[fact.sha256] = path
        return fact

    def _send(self, worker: str, content: object) -> None:
        path = self._sources.get(content) if isinstance(content, str) else None
        if path is None:
            raise WorkerError(
                "A worker asks for a file that no piece reads.",
                where=worker,
                hint="See what runs on the cluster's workers.",
            )
        size, offset = path.stat().st_size, 0
        with path.open("rb") as file:
            while offset < size or not offset:
                data = file.read(CHUNK_BYTES)
                if wrong := self._ask(worker, depot.store_chunk, self._sender, content, offset, data, size):
                    self._refuse(worker, path, wrong)
                offset += len(data)
                if not data:
                    break
        self.sent_bytes += size

    def _refuse(self, worker: str, path: Path, wrong: object) -> NoReturn:
        error = WorkerError(
            f"A worker could not keep what was sent to it: {wrong}.",
            where=f"{worker}, {path}" if wrong == depot.CHANGED else worker,
            expected="room on the worker's disk, and files that nobody changes during a build",
            hint="Make room there, or start it with another --local-directory, then build again.",
        )
        raise error if wrong == depot.CHANGED else LackingError(error, worker)

    def fetch(
        self, worker: str, number: str, facts: Sequence[FileFact], folder: Path, *, last: str = "", whole: bool = True
    ) -> None:
        """Fetch what a piece has made into a folder here: all of it or nothing.

        Parameters
        ----------
        last
            The file that counts on all others: it takes its place after them.
        whole
            Whether files here that the worker does not have are removed.

        Raises
        ------
        HelperDiedError
            Where the worker is gone, or has something else than it said.
        """
        with _disk_errors(folder):
            wanted = [fact for fact in facts if not self._has(folder, fact)]
            arrived: dict[str, Path] = {}
            try:
                for group in _grouped(wanted):
                    self._fetch_group(worker, number, group, folder, arrived)
                for name in sorted(arrived, key=lambda one: one == last):
                    arrived.pop(name).replace(folder / name)
            finally:
                for path in arrived.values():
                    path.unlink(missing_ok=True)
            names = {fact.name for fact in facts}
            for path in [*files_in(folder)] if whole else ():
                if path.relative_to(folder).as_posix() not in names:
                    path.unlink()

    def release(self, worker: str, number: str) -> None:
        """Let a worker remove what was fetched."""
        self._ask(worker, depot.release, number)

    def _has(self, folder: Path, fact: FileFact) -> bool:
        path = folder / fact.name
        return path.is_file() and path.stat().st_size == fact.size and self._contents.fact(path).sha256 == fact.sha256

    def _fetch_group(
        self, worker: str, number: str, group: Sequence[FileFact], folder: Path, arrived: dict[str, Path]
    ) -> None:
        """Files that fit into one answer, or one file in several."""
        for offset in range(0, max(1, *(fact.size for fact in group)), CHUNK_BYTES):
            asked = [(fact.name, offset, min(CHUNK_BYTES, fact.size - offset)) for fact in group]
            parts = self._ask(worker, depot.read_chunks, number, asked)
            if not isinstance(parts, list) or [len(part) for part in parts] != [size for _, _, size in asked]:
                raise _lost(worker)
            for fact, part in zip(group, parts, strict=True):
                path = folder / fact.name
                path.parent.mkdir(parents=True, exist_ok=True)
                if fact.name not in arrived:
                    arrived[fact.name] = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}")
                with arrived[fact.name].open("ab") as file:
                    file.write(part)
        for fact in group:
            if _hash_of(arrived[fact.name]) != fact.sha256:
                raise _lost(worker)
            self.fetched_bytes += fact.size

    def _ask(self, worker: str, function: Callable[..., Any], *arguments: object) -> Any:
        """Call a function on one worker."""
        try:
            return self._client.run(function, *arguments, workers=[worker], callback_timeout=ANSWER_S)[worker]
        except Exception as error:
            raise _lost(worker) from error


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _grouped(facts: Sequence[FileFact]) -> Iterator[list[FileFact]]:
    """Small files together, as many as one answer holds."""
    group: list[FileFact] = []
    for fact in facts:
        if group and (len(group) == _MOST_AT_ONCE or sum(one.size for one in group) + fact.size > CHUNK_BYTES):
            yield group
            group = []
        group.append(fact)
    if group:
        yield group


def _lost(worker: str) -> HelperDiedError:
    return HelperDiedError(f"Worker {worker} is gone, or has lost what it had made.")


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _raise_plainly(error, folder)


def _raise_plainly(error: OSError, folder: Path) -> NoReturn:
    kind = DiskFullError if error.errno in _FULL else StoreError
    raise kind(
        "What a worker has made can't be kept here.",
        where=str(folder),
        expected="room, and the right to write",
        hint="Make room (build-video clean helps), then build again: what was finished is kept.",
    ) from error
