"""Whose an output folder is: one production file's, by its recorded path.

The names of two production files can come to the same folder name. The second one is refused, before it replaces
anything. A production file that was moved or renamed takes its folder along, and so does a folder that was copied or
moved together with its production file. This module owns where a film is built, and does not know what lies there.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from pipeline.errors import InputError, OutputError
from pipeline.production.schema import Production
from pipeline.runtime.gpus import use_one_gpu
from pipeline.runtime.machine import usable_cores
from pipeline.runtime.resources import builtin_templates_folder
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import atomic_write_text, disk_errors
from pipeline.store.store import Store

_RECORD: Final = "production.json"
_SHIPPED: Final = "the one shipped with build-video"


def open_workplace(
    production: Production, output: Path | None, *, jobs: int | None, force: frozenset[str], device: str
) -> Workplace:
    """Say where a production is built."""
    device = use_one_gpu(device)
    if device not in {"auto", "cpu", "cuda"}:
        raise InputError(f"There is no device '{device}'.", where="--device", expected="auto, cpu, cuda or cuda:1")
    folder = output or Path("out") / production.name
    store = Store(folder / "work")
    check_owner(store.root, production.file)
    folder = folder / "draft" if production.is_draft else folder
    return Workplace(store=store, output=folder, jobs=jobs or usable_cores(), force=force, device=device)


def check_owner(root: Path, file: Path | None) -> None:
    """Check that a folder of results belongs to a production file, or to none yet.

    Parameters
    ----------
    root
        The folder of results, `work` in the film's folder; it need not be there.
    file
        The production file; None where the production came from no file.

    Raises
    ------
    OutputError
        Where another production file owns it; with the way out.
    """
    owner = _other_owner(root, file) if file is not None else None
    if owner is not None:
        raise OutputError(
            f"This folder holds the film of another production: {owner}.",
            where=str(root.parent),
            expected="a folder of its own for each production",
            hint="Choose another folder with -o, or rename one of the two files. Where the other film is not wanted "
            "any longer, remove its folder.",
        )


def record_owner(root: Path, file: Path | None) -> None:
    """Record whose a folder of results is; to be called while it is held.

    Raises
    ------
    OutputError
        As `check_owner`, or where it can't be written.
    """
    check_owner(root, file)
    if file is None:
        return
    text = json.dumps({"file": _identity(file), "from here": _way_from(root, file), "here": str(root.resolve())})
    record = root / _RECORD
    with disk_errors(record):
        if not record.is_file() or record.read_text(encoding="utf-8", errors="replace") != text:
            atomic_write_text(record, text)


def _other_owner(root: Path, file: Path) -> str | None:
    """What owns the folder and is still there, where it is not this file."""
    try:
        values = json.loads((root / _RECORD).read_text(encoding="utf-8"))
        owner, beside, here = str(values["file"]), str(values["from here"]), Path(str(values["here"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if owner.startswith(_SHIPPED) or owner == _identity(file):
        return owner if owner != _identity(file) else None
    if _is(Path(owner), file) or _is(root / beside, file):
        return None
    candidates = [root / beside]
    with suppress(OSError, ValueError):
        if here == root.resolve() or not (here / _RECORD).is_file():  # else it is a copy, and its owner has the other
            candidates.insert(0, Path(owner))
    return next((str(path) for path in candidates if _is(path, path)), None)


def _is(path: Path, file: Path) -> bool:
    """Whether both are there, and the same; no name that a file can have is nowhere."""
    with suppress(OSError, ValueError):
        return path.is_file() and path.samefile(file)
    return False


def _identity(file: Path) -> str:
    """What names the file: its path, or for what is shipped the same words wherever the program is installed."""
    shipped = file.resolve().is_relative_to(builtin_templates_folder().resolve())
    return f"{_SHIPPED}, {file.name}" if shipped else str(file.absolute())


def _way_from(root: Path, file: Path) -> str:
    """The way from the folder to the file; empty where there is none, as between two drives."""
    with suppress(ValueError):
        return os.path.relpath(file.resolve(), root.resolve())
    return ""
