"""What a piece takes along to a worker that does not see this machine's folders, and what comes back.

The paths that a piece's item holds are what it reads: files by their content's hash, folders with all that lies in
them. On the worker they lie under other names, so the item is pickled without its paths and read with those of the
worker.

This module describes files. It moves none, and knows no Dask.
"""

from __future__ import annotations

import io
import os
import pickle
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from hashlib import file_digest, sha256
from pathlib import Path, PurePath
from typing import Any, Final

from pipeline.errors import InputError, WorkerError

MOST_FILES: Final = 20_000
MOST_BYTES: Final = 64 << 30
"""Of the files of one piece, either way."""
_NAME: Final = re.compile(r"(?!\.{1,2}(/|$))[\w.~-]{1,200}(/(?!\.{1,2}(/|$))[\w.~-]{1,200}){0,4}", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_HALF_WRITTEN: Final = re.compile(r"\..+\.\d+-[0-9a-f]{8}")


@dataclass(frozen=True)
class FileFact:
    """A file: its name (of what a piece reads, its whole path on the command's machine), bytes and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Parcel:
    """What a piece reads, and where it writes.

    Parameters
    ----------
    files
        What it reads.
    root
        The store's folder, in which it publishes.
    folder
        Where it goes on from what lies there; empty for none.
    state_file
        The file there that counts on all others.
    key
        Names the piece, and the folder that it publishes.
    """

    files: tuple[FileFact, ...]
    root: str
    folder: str
    state_file: str
    key: str

    @cached_property
    def identity(self) -> str:
        """The same for pieces that read the same files."""
        return sha256(repr(self.files).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Places:
    """Where on a worker a piece finds what it reads, and writes.

    Parameters
    ----------
    mirror
        Holds what it reads, by its path on the command's machine.
    made
        Stands for the store's folder.
    own
        Stands for the piece's own folder.
    """

    parcel: Parcel
    mirror: Path
    made: Path
    own: Path

    def local(self, named: str) -> Path:
        """Where that lies which has a path on the command's machine."""
        path, folder = PurePath(named), self.parcel.folder
        if named == self.parcel.root:
            return self.made
        if folder and path.is_relative_to(folder):
            return self.own / path.relative_to(folder)
        return self.mirror.joinpath(*path.parts[1:])

    def as_there(self, text: str) -> str:
        """Say a worker's paths as the command's machine has them."""
        known = {self.made: self.parcel.root, self.own: self.parcel.folder, self.mirror: ""}
        for here, there in known.items():
            text = text.replace(str(here), there)
        return text


class _Writer(pickle.Pickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.paths: dict[str, None] = {}

    def persistent_id(self, value: object) -> str | None:
        if isinstance(value, PurePath) and value.is_absolute():
            self.paths[str(value)] = None
            return str(value)
        return None


class _Reader(pickle.Unpickler):
    def __init__(self, data: bytes, places: Places | None) -> None:
        super().__init__(io.BytesIO(data))
        self._places = places

    def persistent_load(self, named: str) -> Path:
        return Path(named) if self._places is None else self._places.local(named)


def write_item(item: object) -> tuple[bytes, list[str]]:
    """Pickle an item without its paths, and name these."""
    file = io.BytesIO()
    writer = _Writer(file)
    writer.dump(item)
    return file.getvalue(), list(writer.paths)


def read_item(data: bytes, places: Places | None) -> Any:
    """Read an item on the worker that was sent it; without places its paths stay as they are."""
    return _Reader(data, places).load()


@dataclass
class Contents:
    """Hashes of files, each read once while it does not change; one command's."""

    _known: dict[str, tuple[tuple[int, int], str]] = field(default_factory=dict)

    def fact(self, path: Path, name: str = "") -> FileFact:
        """Describe a file, by its whole path where no name is given."""
        stat = path.stat()
        stamp, own = (stat.st_size, stat.st_mtime_ns), str(path)
        known = self._known.get(own)
        if known is None or known[0] != stamp:
            with path.open("rb") as file:
                known = self._known[own] = stamp, file_digest(file, "sha256").hexdigest()
        return FileFact(name or own, stat.st_size, known[1])

    def read_by(self, paths: Iterable[str], root: Path, folder: Path | None, unread: str) -> tuple[FileFact, ...]:
        """Describe all that a piece reads whose item holds these paths.

        Raises
        ------
        InputError
            Where that is more than may travel.
        """
        found: dict[Path, None] = {}
        for named in paths:
            path = Path(named)
            if path != root and not (folder and path.is_relative_to(folder)):
                found.update(dict.fromkeys(_files_at(path, root, unread)))
        facts = tuple(self.fact(path) for path in found)
        if len(facts) > MOST_FILES or sum(fact.size for fact in facts) > MOST_BYTES:
            raise InputError(
                "A piece of this film reads too much to send it to workers.",
                where=", ".join(sorted({str(path.parent) for path in found})[:3]),
                expected=f"at most {MOST_FILES:,} files, {MOST_BYTES >> 30} GiB",
                hint="Put the film into a folder that all workers see.",
            )
        return facts


def _files_at(path: Path, root: Path, unread: str) -> Iterator[Path]:
    """A file, with what lies beside it in the store under the same name but for its ending; or a folder's files."""
    if path.is_file():
        yield path
        if path.is_relative_to(root):
            yield from (one for one in path.parent.glob(f"{path.stem}.*") if one != path and one.is_file())
    elif path.is_dir():
        yield from (one for one in files_in(path) if not fnmatchcase(one.name, unread))


def files_in(folder: Path) -> Iterator[Path]:
    """All files in a folder and those below; links to folders are not followed, half-written files left out."""
    for inner, _folders, names in os.walk(folder):
        for name in sorted(names):
            path = Path(inner, name)
            if not _HALF_WRITTEN.fullmatch(name) and path.is_file():
                yield path


def stamp_of(path: Path | None) -> tuple[int, int]:
    """Tell one content of a file that is replaced as a whole from another; the same where there is none."""
    try:
        stat = path.stat() if path is not None else None
    except OSError:
        return 0, 0
    return (0, 0) if stat is None else (stat.st_mtime_ns, stat.st_ino)


def listing(folder: Path, state_file: str, *, skip: str = "") -> list[FileFact]:
    """Describe a folder's files, the state file first: what it counts on is described as it is then, or later."""
    first = [folder / state_file] if state_file and (folder / state_file).is_file() else []
    others = [path for path in files_in(folder) if path not in first and path.name != skip]
    facts = []
    for path in (*first, *others):
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            digest, left = sha256(), size
            while left and (block := file.read(min(left, 1 << 20))):
                digest.update(block)
                left -= len(block)
        facts.append(FileFact(path.relative_to(folder).as_posix(), size, digest.hexdigest()))
    return facts


def checked_listing(values: object) -> list[FileFact]:
    """Read a worker's listing: plain names below a folder, sizes and hashes, no more than may travel.

    Raises
    ------
    WorkerError
        Where it is anything else.
    """
    if isinstance(values, list) and len(values) <= MOST_FILES and all(map(_is_plain, values)):
        facts = [FileFact(*value) for value in values]
        if sum(fact.size for fact in facts) <= MOST_BYTES and len({fact.name.lower() for fact in facts}) == len(facts):
            return facts
    raise WorkerError(
        "What a worker says to have made can't be taken.",
        expected=f"files with plain names, at most {MOST_FILES:,} of them and {MOST_BYTES >> 30} GiB",
        hint="See what runs on the cluster's workers.",
    )


def _is_plain(value: object) -> bool:
    """Whether it is a plain name, a size and a hash."""
    if not isinstance(value, tuple) or [type(one) for one in value] != [str, int, str]:
        return False
    name, size, digest = value
    return bool(_NAME.fullmatch(name)) and size >= 0 and bool(_HASH.fullmatch(digest))
