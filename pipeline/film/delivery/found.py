"""Finished films where they were delivered: which file of a folder is the film that its timeline describes."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import FootageError
from pipeline.film.delivery.delivery_spec import SPEC_FILE, read_spec

_TIMELINE = "timeline.json"


def film_file(folder: Path) -> Path | None:
    """The film of a folder; None where there is none beside its timeline.

    An earlier film may lie beside it: one whose name says other facts.
    """
    if not (folder / _TIMELINE).is_file():
        return None
    films = sorted(folder.glob("*.mp4"))
    try:
        named = read_spec(folder / SPEC_FILE).video_file
    except (FootageError, FileNotFoundError):
        named = None
    return next((film for film in films if film.name == named), films[0] if films else None)


def films_in(folder: Path) -> list[Path]:
    """Find the films of a folder, each beside its timeline: the film itself first, then its cuts.

    Raises
    ------
    FootageError
        Where there is none.
    """
    films = [film for place in (folder, *sorted(folder.iterdir())) if (film := film_file(place)) is not None]
    if not films:
        raise FootageError("There is no film with its timeline.", where=str(folder), expected="a film's output folder")
    return films
