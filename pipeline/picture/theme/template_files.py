"""Reading template files (TOML) into validated models, with errors that a person can act on.

This module owns the error of a broken template: file, line or field, what was expected, the nearest known name. It does
not know what any template means.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.errors import TemplateError
from pipeline.picture.theme.toml_files import read_toml
from pipeline.runtime.wording.setting_words import expected_words, is_in_own_words, shown_value

Model = TypeVar("Model", bound=BaseModel)


def read_template(path: Path, model: type[Model]) -> Model:
    """Read a TOML template into `model`.

    Raises
    ------
    TemplateError
        Not TOML, or not what `model` asks for; names the line or the field.
    """
    values = read_toml(path)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _first_fault(error, path, model) from error


def _first_fault(error: ValidationError, path: Path, model: type[BaseModel]) -> TemplateError:
    """Tell the first fault of a validation in the project's own four parts."""
    faults = error.errors(include_url=False)
    # A misspelt name often leaves another one missing: it is reported first.
    fault = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
    field = ".".join(str(part) for part in fault["loc"])
    where = f"{path}, {field}" if field else str(path)
    others = len(faults) - 1
    hint = f"{others} more {'fault' if others == 1 else 'faults'} in the same file." if others else ""
    if fault["type"] == "extra_forbidden":
        name = str(fault["loc"][-1])
        near = difflib.get_close_matches(name, _known_names(model), n=1)
        return TemplateError(
            f"The template has an unknown name '{name}'.",
            where=where,
            expected=f"perhaps '{near[0]}'" if near else "",
            hint=hint,
        )
    if fault["type"] == "missing":
        return TemplateError("The template lacks a value.", where=where, expected=f"a value for '{field}'", hint=hint)
    here = [one for one in faults if one["loc"] == fault["loc"]]
    shown = "" if is_in_own_words(fault) else f": {shown_value(fault.get('input'))}"
    what = f"The template has a value that can't be used{shown}."
    return TemplateError(what, where=where, expected=expected_words(here), hint=hint)


def _known_names(model: type[BaseModel]) -> list[str]:
    """All field names of a model and of the models inside it."""
    definitions = model.model_json_schema()
    parts = [definitions, *definitions.get("$defs", {}).values()]
    return sorted({name for part in parts for name in part.get("properties", {})})
