"""Reading a production file as TOML, and what to say where it is none.

This module does not know what a production says.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from pipeline.errors import ProductionError, RecordingError
from pipeline.ffmpeg.formats import recognise
from pipeline.production.places import Lines
from pipeline.runtime.wording.named_files import absent_hint
from pipeline.runtime.wording.toml_lines import line_numbers
from pipeline.runtime.wording.toml_text import TomlMistake, parse_toml
from pipeline.store.files import plain_reason

_LARGEST_BYTES: Final = 1_000_000


def read_production_toml(path: Path) -> dict[str, Any]:
    """Read what a production file says, unchecked; errors as for `read_with_lines`."""
    return read_with_lines(path)[0]


def read_with_lines(path: Path) -> tuple[dict[str, Any], Lines]:
    """Read what a production file says, unchecked, and on which line each value begins.

    Raises
    ------
    ProductionError
        No such file, one that can't be read, a recording in place of a production, or no TOML; names the line.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise ProductionError(
            "There is no such production file.",
            where=str(path),
            expected="a TOML file, or a folder with a production.toml in it",
            hint=f"{_meant(path)}build-video init FOLDER makes one to begin with.",
        ) from None
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        why = plain_reason(error) if isinstance(error, OSError) else "this can't be the name of a file"
        raise ProductionError(
            f"The production file can't be read: {why}.", where=str(path)[:1000], expected="a readable file"
        ) from error
    if len(raw) > _LARGEST_BYTES or b"\0" in raw:
        _refuse_recording(path)
    if len(raw) > _LARGEST_BYTES:
        raise ProductionError("The production file is far too large.", where=str(path), expected="less than 1 MB")
    return parse_production_toml(raw, path), line_numbers(raw.decode("utf-8-sig", "replace"))


def parse_production_toml(raw: bytes, path: Path) -> dict[str, Any]:
    """Read what the bytes of a production file say, unchecked.

    Raises
    ------
    ProductionError
        Where they are no TOML; names the line of the file, whose path is given.
    """
    try:
        return parse_toml(raw)
    except TomlMistake as mistake:
        raise ProductionError(
            f"The production file is not valid TOML: {mistake.what}.",
            where=f"{path}, {mistake.place}" if mistake.place else str(path),
            expected='lines such as: title = "My film"',
            hint=mistake.hint,
        ) from mistake


def _refuse_recording(path: Path) -> None:
    """Tell whoever gives a recording in place of a production file what to do with it."""
    with suppress(RecordingError):
        recognise(path)
        raise ProductionError(
            "This is a recording, not a production file.",
            where=str(path),
            expected="a TOML file, or a folder with a production.toml in it",
            hint=f"build-video init FOLDER makes one to begin with. Put {path.name} into its folder recordings, and "
            "name it in the line recordings of the production file.",
        )


def _meant(path: Path) -> str:
    near = absent_hint(path) if path.suffix else ""
    return f"{near} Or: " if near.endswith("?") else ""
