"""The settings form: every key with its meaning, what the file says of it, and what a change would cost.

It asks the same survey as `build-video status`. It writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from pipeline.build.films import survey_all, time_ahead
from pipeline.build.made_words import made_words
from pipeline.build.stage_order import StageSurvey
from pipeline.errors import BuildVideoError, InputError
from pipeline.production.editing.edits import Edit, Insert, Move, Remove, SetValue
from pipeline.production.keys import json_schema
from pipeline.production.recordings import SUFFIXES, VIDEO_SUFFIXES
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import stage_seconds
from pipeline.runtime.resources import builtin_templates_folder
from pipeline.stages.shared.workplace import Workplace

_MOST_EDITS: Final = 200
_DEEPEST: Final = 8
_MOST_FILES: Final = 500
_PICTURES: Final = frozenset({"png", "jpg", "jpeg", "webp"})
_FILES: Final = {
    "footage": VIDEO_SUFFIXES | _PICTURES | {"gif"},
    "pictures": _PICTURES,
    "sounds": SUFFIXES,
    "tunes": frozenset({"mid", "midi", "ust", "musicxml", "xml", "mxl"}),
    "texts": frozenset({"txt"}),
}
"""The ends of the files that a form suggests, by what they are."""


def form_values(production: Production | None, folder: Path) -> dict[str, Any]:
    """The form: its schema, and the names that some keys choose between."""
    own = production.templates_folder if production is not None else None
    names = {kind: _names(kind, own) for kind in ("themes", "layouts", "cards")}
    return {"schema": json_schema(), "names": {**names, "files": _files_beside(folder)}}


def _files_beside(folder: Path) -> dict[str, list[str]]:
    """Files beside a production file and in the folders there, as it names them, by what they are; not too many."""
    near = sorted(islice(chain(folder.glob("*"), folder.glob("[!.]*/*")), _MOST_FILES))
    return {
        kind: [path.relative_to(folder).as_posix() for path in near if path.suffix[1:].lower() in ends]
        for kind, ends in _FILES.items()
    }


def _names(kind: str, own: Path | None) -> list[str]:
    folders = [builtin_templates_folder() / kind, *([own / kind] if own is not None else [])]
    return sorted({path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.toml")})


def edits_of(asked: object) -> list[Edit]:
    """The edits that a request asks for.

    Raises
    ------
    InputError
        Where they are no edits.
    """
    if not isinstance(asked, list) or not 0 < len(asked) <= _MOST_EDITS:
        raise InputError("There are no edits.", where="request", expected="a list of them")
    return [_edit_of(one) for one in asked]


def _edit_of(one: object) -> Edit:
    path = one.get("path") if isinstance(one, Mapping) else None
    if not isinstance(one, Mapping) or not isinstance(path, list) or not 0 < len(path) <= _DEEPEST:
        raise InputError("This is no edit.", where="request", expected='{"path": [...], "value": ...}')
    if not isinstance(path[0], str) or any(isinstance(step, bool) or not isinstance(step, str | int) for step in path):
        raise InputError("This is no path of keys.", where="request", expected='["section", 0, "title"]')
    if "to" in one:
        if isinstance(one["to"], bool) or not isinstance(one["to"], int):
            raise InputError("This is no place in a list.", where="request")
        return Move(tuple(path), one["to"])
    if "insert" in one:
        return Insert(tuple(path), one["insert"])
    return SetValue(tuple(path), one["value"]) if one.get("value") is not None else Remove(tuple(path))


def cost_values(production: Production, workplace: Workplace) -> dict[str, Any]:
    """What a build would make now, and how long it takes; or why it can't.

    Returns
    -------
    dict[str, Any]
        `works`: by stage, what is made, in words and seconds; `seconds`: of all; `fault`: an error, or None.
    """
    try:
        surveys = survey_all(production, workplace, is_counted=True)
        seconds = _seconds(surveys, production, workplace)
    except BuildVideoError as error:
        return {"works": [], "seconds": None, "fault": str(error)}
    works = [
        {
            "stage": one.stage,
            "cut": one.cut,
            "words": words,
            "seconds": round(seconds.get((one.cut, one.stage), 0.0), 1),
        }
        for one in surveys
        if (words := made_words(one, production))
    ]
    return {"works": works, "seconds": round(sum(seconds.values()), 1), "fault": None}


def _seconds(
    surveys: Sequence[StageSurvey], production: Production, workplace: Workplace
) -> dict[tuple[str, str], float]:
    """How long each stage takes, by the cut's name (empty for the film) and the stage's: all of it, and none twice."""
    film = [one for one in surveys if not one.cut]
    own = stage_seconds(time_ahead(film, production, workplace))
    found = {("", stage): seconds for stage, seconds in own.items()}
    for cut in dict.fromkeys(one.cut for one in surveys if one.cut):
        beside = [*film, *(one for one in surveys if one.cut == cut)]
        both = stage_seconds(time_ahead(beside, production, workplace))
        found |= {(cut, stage): seconds - own.get(stage, 0.0) for stage, seconds in both.items()}
    return found
