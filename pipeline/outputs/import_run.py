"""A production file for another program's run: written anew, or a section put at the end of one that is there.

Owns where it is written and that nothing else in it changes: what is written is read again before it takes the file's
place. It does not know what a run holds.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Final

from pipeline.errors import OutputError, ProductionError
from pipeline.production.schema import FILE_NAME
from pipeline.production.starter import schema_line
from pipeline.runs.draft import production_text, section_text
from pipeline.runs.survey import Survey
from pipeline.runtime.wording.named_files import safe_file_name
from pipeline.store.files import atomic_write_bytes, atomic_write_text, disk_errors

_BOM: Final = b"\xef\xbb\xbf"
_LARGEST_BYTES: Final = 1_000_000


def place_for_import(folder: Path) -> Path:
    """The production file that a run's folder gets where none is named: beside it, called like it."""
    place = folder.resolve()
    return place.parent / f"{safe_file_name(place.name or 'run')}.toml"


def write_import(survey: Survey, target: Path, *, add: bool) -> Path:
    """Write the production of a run.

    Parameters
    ----------
    target
        A production file, or the folder of one.
    add
        Put a section at the end of the file that is there, which stays as it is.

    Returns
    -------
    The production file.

    Raises
    ------
    OutputError, ProductionError
        There is one already, or none to add to, or it would lie within the run's folder.
    """
    target = target / FILE_NAME if target.is_dir() else target
    run, place = survey.folder.resolve(), target.resolve().parent
    if place.is_relative_to(run):
        raise OutputError(
            "The production would be written into the run's folder, which is only read.",
            where=str(target),
            expected="a place beside it",
            hint=f"For example: build-video import {survey.folder} {place_for_import(survey.folder)}",
        )
    if not run.is_relative_to(place):
        raise OutputError(
            "The run lies outside the production's folder.",
            where=str(target),
            expected=f"a production file in a folder above {run}",
            hint=f"For example: build-video import {survey.folder} {place_for_import(survey.folder)}",
        )
    prefix = f"{Path(os.path.relpath(run, place)).as_posix()}/"
    title = " ".join(run.name.replace("_", " ").replace("-", " ").split())[:200] or "A training run"
    if add:
        _add(target, section_text(survey, title, prefix))
        return target
    if os.path.lexists(target):
        raise OutputError(
            "There is a production file already.",
            where=str(target),
            expected="a new name",
            hint="Add --add to put a section for this run at its end, or name another file.",
        )
    text = _checked(production_text(survey, title, prefix), target)
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        text = schema_line(target.parent) + text
    atomic_write_text(target, text)
    return target


def _checked(text: str, target: Path) -> str:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProductionError(
            "A name in this run can't be written into a production file.",
            where=str(target),
            expected="names of folders, files and columns without control characters",
        ) from error
    return text


def _add(target: Path, section: str) -> None:
    """Put a section at the end of a production file; every byte before it stays."""
    if not target.is_file():
        raise ProductionError(
            "There is no production file to add to.", where=str(target), hint="Leave out --add to write a new one."
        )
    with disk_errors(target), target.open("rb") as file:
        raw = file.read(_LARGEST_BYTES + 1)
    refused = ProductionError(
        "No section can be added to the end of this production file.",
        where=str(target),
        expected="valid TOML with [[section]] tables",
        hint=f"Write it yourself:\n{section}",
    )
    try:
        text = raw.removeprefix(_BOM).decode("utf-8")
        before = tomllib.loads(text)
        newline = "\r\n" if text.count("\r\n") == text.count("\n") > 0 else "\n"
        gap = newline if text.endswith("\n") or not text else 2 * newline
        added = gap + section.replace("\n", newline)
        after = tomllib.loads(text + added)
        sections = after.pop("section")
        was = before.pop("section", [])
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise refused from error
    if after != before or sections[:-1] != was or len(raw) > _LARGEST_BYTES:
        raise refused
    mode = target.stat().st_mode
    atomic_write_bytes(target.resolve(), raw + added.encode("utf-8"))
    target.chmod(mode)
