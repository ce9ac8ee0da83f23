"""Reading template files (TOML) into validated models, with errors that a person can act on.

This module owns the error of a broken template: file, line or field, what was expected, the nearest known name. It does
not know what any template means.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel, ValidationError

from pipeline.errors import TemplateError
from pipeline.picture.theme.inheritance import NAMED_BY, JoinedTemplate, joined_file, joined_template
from pipeline.runtime.resources import builtin_templates_folder
from pipeline.runtime.wording.setting_words import expected_words, is_in_own_words, shown_value

Model = TypeVar("Model", bound=BaseModel)
_ALTERNATIVE: Final = re.compile(r"[\[\]()]|function-|^(tuple|int|str|float|bool|constrained-.*|literal.*)$")
"""What a validation calls the alternatives of a value."""


def load_template(relative: str, own: Path | None, model: type[Model]) -> Model:
    """Load a template such as `layouts/mine.toml`, of one's own folder or built in, with what it extends.

    Raises
    ------
    TemplateError
        Not TOML, or not what `model` asks for; names the file, the line and the field.
    """
    if own is None:
        return cast("Model", _builtin_template(relative, model, builtin_templates_folder()))
    return _validated(joined_template(relative, own), model)


@lru_cache(maxsize=256)
def _builtin_template(relative: str, model: type[BaseModel], _folder: Path) -> BaseModel:
    """A template of the program's own folder, which stays as it is while the program runs."""
    return _validated(joined_template(relative), model)


def read_template(path: Path, model: type[Model]) -> Model:
    """Read a template file wherever it lies; what it extends is built in."""
    return _validated(joined_file(path), model)


def _validated(template: JoinedTemplate, model: type[Model]) -> Model:
    try:
        return model.model_validate(template.values)
    except ValidationError as error:
        raise _first_fault(error, template, model) from error


def _first_fault(error: ValidationError, template: JoinedTemplate, model: type[BaseModel]) -> TemplateError:
    """The first fault of a validation in the project's own four parts."""
    faults = error.errors(include_url=False)
    # A misspelt name often leaves another one missing: it is reported first.
    fault = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
    path = _path(fault)
    where = template.placed.place_of(_in_file(path)).words(path)
    others = len({_path(one) for one in faults}) - 1
    hint = f"{others} more {'fault' if others == 1 else 'faults'} in the same file." if others else ""
    if fault["type"] == "extra_forbidden":
        name = str(fault["loc"][-1])
        known = _known_names(model) if len(path) > 1 else [*map(str, _own_names(model))]
        near = difflib.get_close_matches(name, [one for one in known if one != name], n=1)
        return TemplateError(
            f"The template has an unknown name '{name}'.",
            where=where,
            expected=f"perhaps '{near[0]}'" if near else f"one of {', '.join(known)}" if len(path) == 1 else "",
            hint=hint,
        )
    if fault["type"] == "missing":
        field = ".".join(str(part) for part in path)
        return TemplateError("The template lacks a value.", where=where, expected=f"a value for '{field}'", hint=hint)
    here = [one for one in faults if _path(one) == path]
    shown = "" if is_in_own_words(fault) else f": {shown_value(_refused(fault))}"
    what = f"The template has a value that can't be used{shown}."
    return TemplateError(what, where=where, expected=expected_words(here), hint=hint)


def _path(fault: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The path of what is wrong, without the alternatives that a value may be: those are no steps of the file's."""
    steps = tuple(step for step in fault["loc"] if not (isinstance(step, str) and _ALTERNATIVE.search(step)))
    return (*steps, _tag(fault)) if fault["type"] == "union_tag_invalid" else steps


def _in_file(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A path without the kinds of panels and elements, which may be called as one of their keys is: `text`."""
    kinds = {
        at
        for at in range(2, len(path))
        if path[at - 2] in NAMED_BY and isinstance(path[at - 1], int) and path[at] != "kind"
    }
    return tuple(step for at, step in enumerate(path) if at not in kinds)


def _refused(fault: Mapping[str, Any]) -> Any:
    """The value that can't be used."""
    value = fault.get("input")
    return value.get(_tag(fault)) if fault["type"] == "union_tag_invalid" and isinstance(value, Mapping) else value


def _tag(fault: Mapping[str, Any]) -> str:
    """The value that says which kind a table is of: `kind`."""
    return str(fault["ctx"]["discriminator"]).strip("'")


def _own_names(model: type[BaseModel]) -> list[str]:
    """The names that stand at the top of a file."""
    return sorted(field.alias or name for name, field in model.model_fields.items() if not field.exclude)


def _known_names(model: type[BaseModel]) -> list[str]:
    """All field names of a model and of the models inside it."""
    definitions = model.model_json_schema()
    parts = [definitions, *definitions.get("$defs", {}).values()]
    return sorted({name for part in parts for name in part.get("properties", {})})
