"""Stage results on disk: keys, atomic publishing, manifests.

A result lives in `<root>/<stage>/<key>/`. The key is a hash of everything that determines the result. It is built in a
folder of its own, its manifest (with every file's hash) is written last, all is flushed, and one rename publishes it:
it exists whole or not at all. Beside it, `names/` remembers which key a piece had last, so that a message can say
why it is stale.

This module does not know what stages make, nor in which order.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Generic, Literal, Self, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError, model_validator

from pipeline.errors import StoreError
from pipeline.store.differences import explain_difference
from pipeline.store.files import (
    DOOMED,
    atomic_write_text,
    disk_errors,
    file_sha256,
    flush_tree,
    inode_of,
    plain_reason,
    remove_strays,
    remove_tree,
    rename_over,
)
from pipeline.store.names import InnerPath
from pipeline.store.shared_values import canonical_hash, canonical_text
from pipeline.store.stamps import Stamps, stamps_of

Json: TypeAlias = "Mapping[str, Json] | list[Json] | tuple[Json, ...] | str | int | float | bool | None"
R = TypeVar("R", bound=BaseModel)

_MANIFEST = "manifest.json"
_RECORD = "record.json"
_KEY_LENGTH = 24
_IN_FLIGHT: Final = "in-flight"
PARTIAL: Final = ".partial"
RESULT_NAME: Final = re.compile(rf"([0-9a-f]{{{_KEY_LENGTH}}})({re.escape(PARTIAL)})?")
"""Names of folders that this store has made: nothing else in its root is ever removed."""


def canonical_json(value: Json) -> str:
    """JSON text that is the same for the same value: sorted keys, no spaces, no NaN."""
    return canonical_text(value)


@dataclass(frozen=True)
class Piece:
    """One thing that a stage makes, named by what determines it.

    Parameters
    ----------
    stage
        The stage's name, also its folder.
    name
        What the piece is called in front of people, such as `section-1/take-003000`. Not part of the key.
    version
        Raised by the stage when it would make something else of the same ingredients.
    ingredients
        Everything else that determines the result: settings and content hashes.
    """

    stage: str
    name: str
    version: int
    ingredients: Mapping[str, Json]

    @cached_property
    def key(self) -> str:
        """The hash that names the result's folder."""
        identity: Json = {"stage": self.stage, "version": self.version, "ingredients": self.ingredients}
        return canonical_hash(identity)[:_KEY_LENGTH]


@dataclass(frozen=True)
class PieceState:
    """Whether a piece can be used as it lies."""

    state: Literal["fresh", "stale", "missing", "begun"]
    why: str = ""


@dataclass(frozen=True)
class Result(Generic[R]):
    """A published result: its folder, its record, and the hash of all its files."""

    folder: Path
    record: R
    content_hash: str

    def path(self, relative: str) -> Path:
        """Where one of the result's files lies."""
        return self.folder / relative


class _Manifest(BaseModel, frozen=True, extra="forbid"):
    stage: str
    name: str
    key: str
    version: int
    ingredients: dict[str, object]
    files: dict[InnerPath, str]
    sizes: dict[InnerPath, int]

    def is_of(self, piece: Piece) -> bool:
        """Whether it was written for this piece; pieces that are the same may have several names."""
        own = self.stage, self.version, self.key, self.ingredients
        return own == (piece.stage, piece.version, piece.key, json.loads(canonical_json(piece.ingredients)))

    @model_validator(mode="after")
    def _same_names(self) -> Self:
        if self.files.keys() != self.sizes.keys():
            raise ValueError("every file has a hash and a size")
        return self


def write_record(folder: Path, record: BaseModel) -> None:
    """Write a stage's record beside its files."""
    atomic_write_text(folder / _RECORD, record.model_dump_json(indent=1) + "\n")


def read_record(folder: Path, kind: type[R]) -> R:
    """Read a stage's record.

    Raises
    ------
    StoreError
        Where it is missing or is not of this kind.
    """
    path = folder / _RECORD
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            "A stored record can't be read.",
            where=str(path),
            expected=f"a {kind.__name__} record",
            hint="Run the stage again with --force.",
        ) from error


_verified: Final[dict[Path, tuple[Stamps, dict[str, str]]]] = {}
"""Folders whose files this process has read: the sizes and times that these had, and their hashes."""


class Store:
    """The results of one production.

    Parameters
    ----------
    root
        Folder of all results; made on the first write.
    warn
        Called with a line about damaged results that will be made again.
    """

    # `str` drops a line; a lambda would not travel to helper processes, as stores do
    def __init__(self, root: Path, warn: Callable[[str], object] = str) -> None:
        self.root = root
        self._warn = warn

    def folder(self, piece: Piece) -> Path:
        """Where the piece lies, or would lie."""
        return self.root / piece.stage / piece.key

    def partial_path(self, piece: Piece) -> Path:
        """Where work in flight lies, or would lie."""
        return self.root / piece.stage / f"{piece.key}{PARTIAL}"

    def partial(self, piece: Piece) -> Path:
        """A durable folder for work in flight that can be resumed: the same for the same key."""
        path = self.partial_path(piece)
        with disk_errors(path):
            path.mkdir(parents=True, exist_ok=True)
        return path

    def state(self, piece: Piece) -> PieceState:
        """Tell whether the piece is fresh, stale and why, or missing, without reading its files."""
        if self._manifest(self.folder(piece)) is not None:
            return PieceState("fresh")
        last = self._last_ingredients(piece)
        if last is None:
            return PieceState("missing", "never made" if not self._name_path(piece).exists() else "its files are gone")
        return PieceState("stale", explain_difference(last, piece.ingredients))

    def find(self, piece: Piece) -> Path | None:
        """Return the piece's folder where it is published and whole, checked by its hashes, else None."""
        found = self._whole(piece)
        return found and found[0]

    def _whole(self, piece: Piece) -> tuple[Path, _Manifest] | None:
        folder = self.folder(piece)
        manifest = self._manifest(folder)
        if manifest is None and not folder.exists():
            return None
        manifest = manifest or self._manifest(folder)  # another process may have published it between two looks
        if manifest is None:
            damage = f"{_MANIFEST} can't be read"
        elif not manifest.is_of(piece):
            damage = f"{_MANIFEST} was altered"
        else:
            damage = self._damage(folder, manifest)
        if damage or manifest is None:
            self._warn(f"{piece.stage}: {piece.name} is damaged ({damage}) and will be made again.")
            remove_tree(folder)
            return None
        self._remember(piece)
        return folder, manifest

    def result(self, piece: Piece, kind: type[R]) -> Result[R] | None:
        """Return the published result with its record, or None."""
        found = self._whole(piece)
        return found and _result_of(*found, kind)

    def glance(self, piece: Piece, kind: type[R]) -> Result[R] | None:
        """The same by the look of its files: their contents aren't read, and nothing is removed or remembered.

        Raises
        ------
        StoreError
            Where its record can't be read.
        """
        folder = self.folder(piece)
        manifest = self._manifest(folder)
        if manifest is None or not manifest.is_of(piece) or not isinstance(stamps_of(folder, manifest.sizes), tuple):
            return None
        return _result_of(folder, manifest, kind)

    def published(self, piece: Piece, kind: type[R]) -> Result[R]:
        """Return a result that was published a moment ago.

        Raises
        ------
        StoreError
            Where it is not there after all.
        """
        result = self.result(piece, kind)
        if result is None:
            raise StoreError(
                f"What the stage '{piece.stage}' has just made is not there.",
                where=str(self.folder(piece)),
                expected="a published result",
                hint="See whether another program cleans this folder, then build again.",
            )
        return result

    @contextmanager
    def publish(self, piece: Piece) -> Iterator[Path]:
        """Offer an empty folder to build the piece in; a clean exit publishes it, an error removes it."""
        temporary = self.root / _IN_FLIGHT / f"{piece.key}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        before = inode_of(self.folder(piece))
        try:
            with disk_errors(temporary):
                temporary.mkdir(parents=True)
                yield temporary
                self._seal(piece, temporary, before)
        finally:
            remove_tree(temporary)

    def publish_partial(self, piece: Piece) -> Path:
        """Publish what lies in the piece's partial folder; a kill on the way leaves one of the two whole."""
        with disk_errors(self.root):
            return self._seal(piece, self.partial(piece))

    def _seal(self, piece: Piece, folder: Path, before: int | None = None) -> Path:
        remove_strays(folder, of_the_living=True)
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _MANIFEST)
        names = [path.relative_to(folder).as_posix() for path in files]
        manifest = _Manifest(
            stage=piece.stage,
            name=piece.name,
            key=piece.key,
            version=piece.version,
            ingredients=json.loads(canonical_json(piece.ingredients)),
            files=dict(zip(names, map(file_sha256, files), strict=True)),
            sizes=dict(zip(names, [path.stat().st_size for path in files], strict=True)),
        )
        atomic_write_text(folder / _MANIFEST, manifest.model_dump_json(indent=1) + "\n")
        flush_tree(folder)
        final = self.folder(piece)
        final.parent.mkdir(parents=True, exist_ok=True)
        if inode_of(final) != before and self._manifest(final) == manifest and not self._damage(final, manifest):
            remove_tree(folder)  # another has published the same meanwhile, and others read it
        else:
            rename_over(folder, final)
        flush_tree(final.parent, deep=False)
        self._remember(piece)
        return final

    def _manifest(self, folder: Path) -> _Manifest | None:
        try:
            return _Manifest.model_validate_json((folder / _MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValidationError, UnicodeDecodeError):
            return None

    def _damage(self, folder: Path, manifest: _Manifest) -> str:
        """What is wrong with the files, or nothing. Each file is read once a process, unless it changes."""
        stamps = stamps_of(folder, manifest.sizes)
        if isinstance(stamps, str):
            return stamps
        if _verified.get(folder) == (stamps, dict(manifest.files)):
            return ""
        for name, expected in manifest.files.items():
            try:
                found = file_sha256(folder / name)
            except OSError as error:
                return f"{name} can't be read: {plain_reason(error)}"
            if found != expected:
                return f"{name} was altered"
        _verified[folder] = stamps, dict(manifest.files)
        return ""

    def _name_path(self, piece: Piece) -> Path:
        return self.root / piece.stage / "names" / (piece.name.replace("/", "~") + ".json")

    def _remember(self, piece: Piece) -> None:
        path = self._name_path(piece)
        text = canonical_json({"key": piece.key, "ingredients": piece.ingredients}) + "\n"
        with disk_errors(path):
            if path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write_text(path, text)

    def _last_ingredients(self, piece: Piece) -> Mapping[str, Json] | None:
        try:
            last = json.loads(self._name_path(piece).read_text(encoding="utf-8"))
            return dict(last["ingredients"]) if last["key"] != piece.key else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def all_results(self, stage: str, in_flight: str) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        """Every result of a stage, and all its work in flight: the folder, and the ingredients that determine it.

        Parameters
        ----------
        in_flight
            The name of the file in which work in flight keeps its ingredients.
        """
        for folder in sorted((self.root / stage).glob("*")):
            try:
                if folder.name.endswith(PARTIAL):
                    ingredients = json.loads((folder / in_flight).read_text(encoding="utf-8"))
                else:
                    ingredients = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))["ingredients"]
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if isinstance(ingredients, dict):
                yield folder, ingredients

    def stage_folders(self) -> list[Path]:
        """Folders of stages in the root; what is a link is none of ours."""
        if not self.root.is_dir():
            return []
        return sorted(
            path for path in self.root.iterdir() if path.is_dir() and not path.is_symlink() and path.name != _IN_FLIGHT
        )

    def sweep(self, keep: Collection[str] = ()) -> None:
        """Remove what builds that were killed left half-made or half-removed (resumable work is kept).

        Parameters
        ----------
        keep
            Keys of pieces that are being made elsewhere.
        """
        in_flight = self.root / _IN_FLIGHT
        for folder in in_flight.glob("*") if keep else ():
            if folder.name.partition("-")[0] not in keep:
                shutil.rmtree(folder, ignore_errors=True)
        if not keep:
            shutil.rmtree(in_flight, ignore_errors=True)
        remove_strays(self.root)
        for stage in self.stage_folders():
            remove_strays(stage / "names")
            for folder in stage.iterdir():
                key, _, doomed = folder.name.partition(DOOMED)
                if doomed and RESULT_NAME.fullmatch(key) and not folder.is_symlink():
                    shutil.rmtree(folder, ignore_errors=True)


def _result_of(folder: Path, manifest: _Manifest, kind: type[R]) -> Result[R]:
    content = sha256(canonical_json(dict(manifest.files)).encode()).hexdigest()
    return Result(folder=folder, record=read_record(folder, kind), content_hash=content)
