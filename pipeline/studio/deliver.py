"""The finished film and what lies beside it: which files there are, and what a player needs of them.

Owns which files may be asked for: those that lie in the film's folder now, by their names. It makes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pipeline.errors import BuildVideoError, InputError
from pipeline.film.delivery.found import film_file
from pipeline.film.timeline.timeline import Timeline
from pipeline.production.schema import Production
from pipeline.stages.shared.workplace import Workplace

_MOST_FILES: Final = 200
_MOST_TEXT_BYTES: Final = 64_000
_TYPES: Final = {
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".vtt": "text/vtt",
    ".srt": "text/plain",
    ".txt": "text/plain",
}
"""What a browser may show; all others are only saved."""
SAVED: Final = "application/octet-stream"
_FOLDERS: Final = ("graphs", "exports")
TIMELINE: Final = "timeline.json"


def film_folders(production: Production, workplace: Workplace) -> dict[str, Path]:
    """The folders of the film and its cuts, by the cut's name; '' for the film."""
    return {"": workplace.output} | {cut.name: workplace.output / cut.name for cut in production.cuts}


def film_values(production: Production, workplace: Workplace) -> list[dict[str, Any]]:
    """The film and its cuts, as far as they are made: video, thumbnail, subtitles, chapters, words, files."""
    return [_film(cut, folder) for cut, folder in film_folders(production, workplace).items() if folder.is_dir()]


def _film(cut: str, folder: Path) -> dict[str, Any]:
    files = dict(_files(folder))
    made = film_file(folder)
    video = made.name if made is not None and made.name in files else None
    return {
        "cut": cut,
        "folder": str(folder.resolve()),
        "video": video,
        "changed": int(files[video].stat().st_mtime) if video else None,
        "thumbnail": next((name for name in files if name.startswith("thumbnail")), None),
        "subtitles": next((name for name in files if name.endswith(".vtt")), None),
        "description": _text(next((files[name] for name in files if name.startswith("description")), None)),
        "chapters": _chapters(folder / TIMELINE),
        "files": [{"name": name, "bytes": path.stat().st_size} for name, path in files.items()],
    }


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Plain files of the film's folder and of its folders of pictures, by the names under which they are asked for."""
    count = 0
    for place in (folder, *(folder / name for name in _FOLDERS)):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if path.is_file() and not path.is_symlink() and not path.name.startswith(".") and count < _MOST_FILES:
                count += 1
                yield path.relative_to(folder).as_posix(), path


def find_file(production: Production, workplace: Workplace, cut: str, name: str) -> tuple[Path, str]:
    """A file of the film or of a cut, and its media type.

    Raises
    ------
    InputError
        Where there is none of this name.
    """
    folder = film_folders(production, workplace).get(cut)
    found = dict(_files(folder)).get(name) if folder is not None else None
    if found is None:
        raise InputError("There is no such file.", where="request", expected="one that the page lists")
    return found, _TYPES.get(found.suffix.lower(), SAVED)


def _text(path: Path | None) -> str:
    if path is None:
        return ""
    with path.open("rb") as file:
        return file.read(_MOST_TEXT_BYTES).decode("utf-8", "replace")


def _chapters(path: Path) -> list[dict[str, Any]]:
    try:
        timeline = Timeline.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, BuildVideoError):
        return []
    rate = float(timeline.frame_rate)
    return [{"seconds": round(one.frame / rate, 3), "title": one.title} for one in timeline.chapters]
