"""Settings written into a production file, which stays as its author has laid it out: comments, order, line breaks.

What is written is read again before it takes the file's place. This module knows of no setting but the choice of a
candidate.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from pipeline.errors import ProductionError
from pipeline.store.files import atomic_write_bytes, disk_errors

_BOM: Final = b"\xef\xbb\xbf"


def choose_candidate(path: Path, section: int, iteration: int, number: int) -> None:
    """Write into a production file which candidate is taken at an iteration.

    Parameters
    ----------
    path
        A production file that was loaded before.
    section
        Counted from 0.
    number
        The candidate's, counted from 1.

    Raises
    ------
    ProductionError
        Where the file is laid out in a way that can't be edited.
    """
    path = path.resolve()
    with disk_errors(path):
        raw = path.read_bytes()
    text = raw.removeprefix(_BOM).decode("utf-8")
    of_windows = text.count("\r\n") == text.count("\n") > 0
    if of_windows:  # lines that are put between others end as they do
        text = text.replace("\r\n", "\n")
    by_hand = ProductionError(
        "This production file can't be edited without changing more of it.",
        where=str(path),
        expected="[[section]] tables",
        hint=f"Write it yourself, into the sampling of section {section + 1}: choose = {{ {iteration} = {number} }}",
    )
    try:
        document = tomlkit.parse(text)
        _set(document["section"][section], iteration, number)
        edited = tomlkit.dumps(document)
        if tomllib.loads(edited) != _expected(text, section, iteration, number):
            raise by_hand
    except (TOMLKitError, tomllib.TOMLDecodeError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise by_hand from error
    edited = edited.replace("\n", "\r\n") if of_windows else edited
    before = path.stat()
    atomic_write_bytes(path, raw[: len(raw) - len(raw.removeprefix(_BOM))] + edited.encode("utf-8"))
    path.chmod(before.st_mode)


def _set(section: Any, iteration: int, number: int) -> None:
    if "sampling" not in section:
        section["sampling"] = tomlkit.inline_table()
    sampling = section["sampling"]
    if "choose" not in sampling:
        sampling["choose"] = tomlkit.inline_table()
    sampling["choose"][str(iteration)] = number


def _expected(text: str, section: int, iteration: int, number: int) -> dict[str, Any]:
    values = tomllib.loads(text)
    values["section"][section].setdefault("sampling", {}).setdefault("choose", {})[str(iteration)] = number
    return values
