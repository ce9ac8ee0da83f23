"""What is wrong with a production file's values, as the person who wrote it counts and names them.

This module knows how settings lie within one another, and no setting.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from pipeline.errors import ProductionError
from pipeline.production.places import Lines, path_in, place_of
from pipeline.runtime.wording.setting_words import expected_words, is_in_own_words, own_words, shown_value

_SHOWN_TABLES: Final = 3
_NEARLY_THE_SAME: Final = 0.8


def explain_mistakes(error: ValidationError, where: str, model: type[BaseModel], lines: Lines) -> ProductionError:
    """Tell the first mistake of a production file, and count the others.

    Parameters
    ----------
    where
        The file.
    model
        What the file should hold.
    lines
        On which line each value begins.
    """
    found = error.errors(include_url=False)
    places = {_field_name(mistake["loc"], model) for mistake in found}
    # A list whose items were refused is also counted as too short, and a table in which something is wrong as none of
    # the other things that may stand there: those are no mistakes of their own.
    mistakes = [mistake for mistake in found if not _is_around(_field_name(mistake["loc"], model), places)] or found
    # An unknown key often causes a missing one: name it first.
    first = next((mistake for mistake in mistakes if mistake["type"] == "extra_forbidden"), mistakes[0])
    field = _field_name(first["loc"], model)
    # A value that may be of several kinds is refused once for each: that is one mistake.
    here = [mistake for mistake in mistakes if _field_name(mistake["loc"], model) == field]
    others = len({_field_name(mistake["loc"], model) for mistake in mistakes}) - 1
    more = f" ({others} more after this one)" if others else ""
    at = place_of(first["loc"] or _counted_path(first), lines, Path(where)) or where
    place = f"{at}: {field}{more}" if field else f"{at}{more}"
    if first["type"] == "extra_forbidden":
        return _unknown_key(first["loc"], place, model)
    if first["type"] == "missing":
        return ProductionError(f"'{field}' is missing.", where=place, expected=f"a line such as: {_line_for(field)}")
    if first["type"] == "union_tag_invalid":
        return ProductionError("There is no such kind of network.", where=place, expected="'lstm' or 'tiered-lstm'")
    if isinstance(first.get("input"), dict) and is_in_own_words(first):
        what = f"These values don't go together: {own_words(first)}."
        return ProductionError(what, where=place, hint="Correct them.")
    return ProductionError(
        f"'{field}' can't be {shown_value(first.get('input'))}.", where=place, expected=expected_words(here)
    )


def _counted_path(mistake: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The part that a fault of the whole file begins with, as in "card 2 (thanks) comes after"; empty for others."""
    path = path_in(own_words(mistake)) if is_in_own_words(mistake) else ()
    return path[:2] if len(path) > 1 and isinstance(path[1], int) else ()


def _is_around(field: str, places: set[str]) -> bool:
    return any(place.startswith((f"{field}.", f"{field} ")) for place in places)


def _line_for(field: str) -> str:
    parents, _, name = field.rpartition(".")
    if name == "section" or (name == "voice" and re.fullmatch(r"song \d+", parents)):
        return f"[[{re.sub(' .*', '', parents)}.{name}]]" if parents else f"[[{name}]]"
    return f"{name} = ..."


def _field_name(location: tuple[int | str, ...], whole: type[BaseModel]) -> str:
    """Put pydantic's location as a person counts: sections from 1, no names of alternatives."""
    words: list[str] = []
    model: object = whole
    for step in location:
        if isinstance(step, int):
            words[-1:] = [f"{words[-1]} {step + 1}"] if words else [str(step + 1)]
        elif (inner := _step_into(model, step)) is not None:
            model = inner
            words.append(step)
        elif step not in {"lstm", "tiered-lstm"} and not re.search(
            r"[\[\]()]|function-|^(tuple|int|str|float|constrained-.*|literal.*)$", step
        ):
            words.append(step)
    return ".".join(words)


def _step_into(annotation: object, key: str) -> object | None:
    for model in _models(annotation):
        for name, field in model.model_fields.items():
            if key in (name, field.alias):
                return field.annotation
    return None


def _models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (tuple, list, Union, types.UnionType, Annotated):
        return [model for inner in get_args(annotation) for model in _models(inner)]
    return []


def _tables_with(key: str, model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Name the tables that have a setting, as headers of TOML."""
    for name, field in model.model_fields.items():
        inner_path = f"{path}.{field.alias or name}".lstrip(".")
        is_list = any(get_origin(one) in (tuple, list) for one in _alternatives(field.annotation))
        for inner in _models(field.annotation):
            if key in {inner_field.alias or one for one, inner_field in inner.model_fields.items()}:
                yield f"[[{inner_path}]]" if is_list else f"[{inner_path}]"
            yield from _tables_with(key, inner, inner_path)


def _alternatives(annotation: object) -> list[object]:
    if get_origin(annotation) in (Union, types.UnionType, Annotated):
        return [one for inner in get_args(annotation) for one in _alternatives(inner)]
    return [annotation]


def _unknown_key(location: tuple[int | str, ...], place: str, whole: type[BaseModel]) -> ProductionError:
    model: object = whole
    for step in location[:-1]:
        if isinstance(step, str):
            narrowed = [
                m for m in _models(model) if "kind" in m.model_fields and m.model_fields["kind"].default == step
            ]
            model = narrowed[0] if narrowed else (_step_into(model, step) or model)
    known = sorted({f.alias or name for m in _models(model) for name, f in m.model_fields.items()})
    key = str(location[-1])
    elsewhere = list(dict.fromkeys(_tables_with(key, whole)))[:_SHOWN_TABLES]
    close = get_close_matches(key, known, n=1, cutoff=_NEARLY_THE_SAME if elsewhere else 0.5)
    meant = [f"'{one}'" for one in close] + ([f"'{key}' in {' or '.join(elsewhere)}"] if elsewhere else [])
    return ProductionError(
        f"There is no setting '{key}'{' here' if elsewhere else ''}.",
        where=place,
        expected=f"{', or '.join(meant)}?" if meant else f"one of {', '.join(known)}",
        hint="Correct or remove this key; build-video schema lists all settings.",
    )
