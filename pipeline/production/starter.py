"""A folder to begin a film in: a commented production file and its recordings, or a place for them.

This module copies what ships with the program and what a person has recorded. It does not know any setting.
"""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pipeline.errors import InputError, OutputError
from pipeline.production.keys import with_comments
from pipeline.production.recordings import SUFFIXES, check_recording, gather_recordings, missing_recording
from pipeline.production.schema import FILE_NAME, RECORDINGS_FOLDER
from pipeline.runtime.resources import assets_folder, builtin_templates_folder
from pipeline.runtime.wording.named_files import safe_file_name
from pipeline.store.files import atomic_write_text, disk_errors, require_room, temporary_beside

_HEAD_BYTES: Final = 4096
_RECORDINGS_NOTE = """Put your recordings here: WAV, FLAC, MP3, M4A, OGG or a video with sound.
All that lie here are learned, in the order of their names, unless the production file names some of them. A minute of
speech is enough to hear a voice appear; ten minutes are better. Speak as you like: slowly and evenly is easiest to
learn.
"""
_FILM: Final = "-film"
"""At the end of the name of a folder that is made for recordings."""


def start_production(folder: Path, *, demo: bool = False, recordings: Sequence[Path] = ()) -> Path:
    """Make a folder for a film and return its production file.

    Parameters
    ----------
    folder
        New, or without a production file.
    demo
        Copy the demo film, voice and all, to change it.
    recordings
        Files, checked before, that are copied into it.

    Raises
    ------
    OutputError
        Where there is a production file already, or another recording of the same name: nothing is overwritten.
    """
    target = folder / FILE_NAME
    if target.exists():
        raise OutputError(
            "There is a production file already.",
            where=str(target),
            expected="a folder without one",
            hint="Choose another folder, or edit the file that is there.",
        )
    if folder.exists() and not folder.is_dir():
        raise OutputError("This is a file, not a folder.", where=str(folder), expected="a folder, new or not")
    productions = builtin_templates_folder() / "productions"
    with disk_errors(folder):
        place = folder / RECORDINGS_FOLDER
        place.mkdir(parents=True, exist_ok=True)
        if demo:
            for recording in sorted((assets_folder() / "demo").glob("*.flac")):
                shutil.copyfile(recording, place / recording.name)
            text = (productions / "demo.toml").read_text(encoding="utf-8").replace("../../assets/demo/", "recordings/")
        else:
            if not recordings:
                atomic_write_text(place / "README.txt", _RECORDINGS_NOTE)
            _copy_all(recordings, place)
            text = with_comments((productions / "starter.toml").read_text(encoding="utf-8"))
        line, _, rest = text.partition("\n")
        assert line == "#:schema ../schemas/production.json"  # noqa: S101 - tests look at every built-in file
        atomic_write_text(target, schema_line(folder) + rest)
    return target


def schema_line(folder: Path) -> str:
    """The first line of a production file, which names its schema for editors; the schema is put into its folder."""
    schema = Path("templates", "schemas", "production.json")
    (folder / schema).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(builtin_templates_folder() / "schemas" / schema.name, folder / schema)
    return f"#:schema {schema.as_posix()}\n"


def _copy_all(recordings: Sequence[Path], place: Path) -> None:
    require_room(place, sum(path.stat().st_size for path in recordings), f"for {len(recordings)} recordings")
    for source, copy in _copies(recordings, place):
        if copy.exists() and not filecmp.cmp(source, copy, shallow=False):
            raise OutputError(
                "There is another recording of this name already.",
                where=str(copy),
                expected="a folder without it",
                hint="Choose another folder: build-video init FOLDER RECORDING.",
            )
        if not copy.exists():
            unfinished = temporary_beside(copy)
            try:
                shutil.copyfile(source, unfinished)
                unfinished.replace(copy)
            finally:
                unfinished.unlink(missing_ok=True)


def _copies(recordings: Sequence[Path], place: Path) -> Iterator[tuple[Path, Path]]:
    """Each recording and the file that it is copied to: under its own name, extended where several have the same."""
    taken: set[str] = set()
    for path in recordings:
        name, number = path.name.lstrip(".") or "recording", 1
        while name.casefold() in taken:
            number += 1
            name = f"{path.stem}-{number}{path.suffix}"
        taken.add(name.casefold())
        yield path, place / name


def are_recordings(paths: Sequence[Path]) -> bool:
    """Tell whether someone who names these means recordings, rather than a production.

    A folder without a production file is meant as a folder of recordings; a file is, unless it is a TOML file or of a
    name that no recording has.
    """
    return bool(paths) and not any(_is_production(path) for path in paths)


def _is_production(path: Path) -> bool:
    if path.is_dir():
        return (path / FILE_NAME).exists()
    suffix = path.suffix.lower().lstrip(".")
    if suffix == "toml" or suffix in SUFFIXES:
        return suffix == "toml"
    try:
        check_recording(path)
    except InputError:
        return not path.is_file() or _is_text(path)  # for what is no text, the error says why it is no recording
    return False


def _is_text(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return True
    return b"\0" not in head and "\ufffd" not in head[:-3].decode("utf-8", "replace")


def place_for_film(recordings: Sequence[Path]) -> Path:
    """The folder of a film that is made of recordings: beside the first of them, and named after it.

    Raises
    ------
    InputError
        Where it is missing.
    """
    first = recordings[0]
    if not first.exists():
        raise missing_recording(first)
    shown = first if first.name not in {"", ".", ".."} else first.resolve()
    name = first.resolve().name if first.is_dir() else shown.stem
    return (first.resolve() if shown is not first else first).parent / f"{safe_file_name(name)}{_FILM}"


def film_of(paths: Sequence[Path]) -> tuple[Path, bool]:
    """Begin a film of recordings, or find the one that was begun of the same ones before.

    Parameters
    ----------
    paths
        Files, and folders of them.

    Returns
    -------
    Path, bool
        Its production file, and whether it was made now.

    Raises
    ------
    InputError
        Where something is no recording, or a film of other recordings stands in its place.
    """
    recordings = gather_recordings(paths)
    folder = place_for_film(paths)
    target = folder / FILE_NAME
    if not target.exists():
        return start_production(folder, recordings=recordings), True
    for source, copy in _copies(recordings, folder / RECORDINGS_FOLDER):
        if not copy.is_file() or not filecmp.cmp(source, copy, shallow=False):
            raise InputError(
                f"There is a film of other recordings already: {source.name} is none of them.",
                where=str(folder),
                expected=f"a folder without a {FILE_NAME}, or the same recordings",
                hint=f"To build that film: build-video {folder}. To begin another: build-video init FOLDER "
                f"{source.name}, then build-video FOLDER.",
            )
    return target, False
