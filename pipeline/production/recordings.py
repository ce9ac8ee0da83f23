"""Which files of a folder are recordings, in which order, and what lies where a file was expected.

Files are judged by their first bytes, as everywhere. This module does not know productions.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from pipeline.errors import InputError, RecordingError
from pipeline.ffmpeg.formats import PICTURES, recognise
from pipeline.runtime.wording.named_files import absent_hint, near_names
from pipeline.store.files import disk_errors

MOST_RECORDINGS: Final = 1000
"""Of one section."""
_SOUNDS: Final = "aac ac3 aif aifc aiff amr ape au caf flac m4a m4b mka mp2 mp3 oga ogg opus snd tta w64 wav wma wv"
_VIDEOS: Final = "avi flv m4v mkv mov mp4 mpeg mpg ts webm wmv"
VIDEO_SUFFIXES: Final = frozenset(_VIDEOS.split())
SUFFIXES: Final = frozenset(_SOUNDS.split()) | VIDEO_SUFFIXES
"""Endings under which people expect sound: a file of such a name is meant as a recording, whatever is in it."""

_MOST_ENTRIES: Final = 20_000
_MOST_NAMED: Final = 8


def natural_order(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sort `take-2` before `take-10`, and capitals beside small letters."""
    parts = re.findall(r"\d{1,18}|\D+|\d+", path.stem.casefold())
    return [(int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in parts], path.name


def recordings_in(folder: Path) -> list[Path]:
    """All sound and video files that lie right in a folder, in the order of their names; hidden ones are left out.

    Raises
    ------
    RecordingError
        Where there are more than a section may have.
    """
    found = [path for path in _plain_files(folder) if _is_recording(path)]
    if len(found) > MOST_RECORDINGS:
        raise RecordingError(
            f"There are {len(found)} recordings in this folder.",
            where=str(folder),
            expected=f"at most {MOST_RECORDINGS}",
            hint="Join some of them, or put some elsewhere.",
        )
    return sorted(found, key=natural_order)


def recordings_at(path: Path, *, is_folder: bool = False) -> list[Path]:
    """A file, whatever it is; of a folder the recordings in it.

    Parameters
    ----------
    is_folder
        Whether a folder was meant, even where there is none.

    Raises
    ------
    RecordingError
        Where a folder has none.
    """
    if not is_folder and not path.is_dir():
        return [path]
    if not (inside := recordings_in(path)):
        raise nothing_recorded(path)
    return inside


def gather_recordings(paths: Sequence[Path]) -> list[Path]:
    """Check files that are to be a film's recordings; of a folder, those in it.

    Raises
    ------
    RecordingError
        Where a file is missing or is no recording, a folder has none, or there are too many.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            check_recording(path)
        found += recordings_at(path)
    if len(found) > MOST_RECORDINGS:
        raise RecordingError(f"These are {len(found)} recordings.", expected=f"at most {MOST_RECORDINGS}")
    return list(dict.fromkeys(found))


def check_recording(path: Path) -> None:
    """Check that a file may be a recording; where it is missing, name those that are there.

    Raises
    ------
    RecordingError
        Where it is none.
    """
    try:
        missing = not path.exists()
    except (OSError, ValueError):  # a name that no file can have
        missing = False
    if missing:
        raise missing_recording(path)
    form = recognise(path)
    if form.name in PICTURES:
        raise RecordingError(
            f"This is a {form.name} picture, no recording.", where=str(path), expected="a sound or video file"
        )


def nothing_recorded(folder: Path) -> RecordingError:
    """Say that a folder has no recording in it, and what it has."""
    others = named([path.name for path in _plain_files(folder)]) if folder.is_dir() else ""
    return RecordingError(
        "There is no recording in this folder." if folder.is_dir() else "There is no folder of recordings.",
        where=str(folder),
        expected="sound or video files, WAV, FLAC, MP3, M4A, OGG, MP4 or others"
        + (f"; there are {others}" if others else ""),
        hint="Put a recording there: build-video record makes one.",
    )


def missing_recording(path: Path) -> RecordingError:
    """Say that a recording is missing, and which ones lie where it was looked for."""
    there = [other for other in _plain_files(path.parent) if _is_recording(other)]
    names = [other.name for other in sorted(there, key=natural_order)]
    alike = near_names(path.name, names)
    folder = path.parent.name or str(path.parent)
    if names:
        expected = f"one that is there: {named(alike + [name for name in names if name not in alike])}"
    elif path.parent.is_dir():
        expected = f"a file in '{folder}', which has none of this kind"
    else:
        expected = f"a folder '{folder}' with this file in it"
    return RecordingError("There is no such file.", where=str(path), expected=expected, hint=absent_hint(path, names))


def named(names: Sequence[str]) -> str:
    """List names, the first few of them."""
    more = f", and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _plain_files(folder: Path) -> Iterator[Path]:
    """Files right in a folder, hidden ones left out; of a folder beyond measure the first ones."""
    if not folder.is_dir():
        return
    with disk_errors(folder), os.scandir(folder) as entries:
        for entry in islice(entries, _MOST_ENTRIES):
            if not entry.name.startswith(".") and entry.is_file():
                yield folder / entry.name


def _is_recording(path: Path) -> bool:
    try:
        return recognise(path).name not in PICTURES
    except InputError:
        return False
