"""JSON Schemas of the files that a person edits, for editors that check and complete them.

This module owns what a schema says beside the models: that a template may extend another, and then says only what
differs. It does not read files.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

from pydantic import BaseModel

from pipeline.errors import InputError
from pipeline.outputs.template_copies import SCHEMA_KINDS
from pipeline.production.field_words import describe
from pipeline.runtime.resources import builtin_templates_folder
from pipeline.runtime.wording.named_files import near_names

Schema = dict[str, Any]

_EXTENDS: Final[Schema] = {
    "extends": {"type": "string", "description": "The template whose values this one has, but for those it says."}
}
_WITHOUT: Final[Schema] = {
    "without": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Parts of the extended template that are left out, by their name, or their kind or area.",
    }
}
_STYLES: Final[Schema] = {
    "styles": {"type": "string", "description": "The file in templates/styles/ whose styles this card has."}
}
_PART: Final[Schema] = {
    "name": {"type": "string", "description": "What a template that extends this one calls the part."},
    "after": {"type": "string", "description": "The part after which it stands."},
    "before": {"type": "string", "description": "The part before which it stands."},
}


def schema_of(kind: str) -> Schema:
    """The JSON Schema (2020-12) of a kind of file.

    Raises
    ------
    InputError
        No such kind; names those there are.
    """
    made = _SCHEMAS.get(kind)
    if made is None:
        near = near_names(kind, [*SCHEMA_KINDS])
        raise InputError(
            f"There is no schema for '{kind[:60]}'.",
            where="--for",
            expected=f"one of {', '.join(SCHEMA_KINDS)}",
            hint=f"Did you mean '{near[0]}'?" if near else "",
        )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | made()


def _production() -> Schema:
    from pipeline.production.keys import json_schema  # noqa: PLC0415 - models are loaded as they are asked for

    return json_schema()


def _theme() -> Schema:
    from pipeline.picture.theme.theme import Theme  # noqa: PLC0415

    whole = _extending(Theme, _EXTENDS)
    for name in ("font_files", "ground_file", "path"):  # found by the program, never written
        whole["properties"].pop(name, None)
    return whole


def _layout() -> Schema:
    from pipeline.picture.panels.layout import SceneLayout  # noqa: PLC0415

    return _with_parts(_extending(SceneLayout, _EXTENDS | _WITHOUT), "panel")


def _card() -> Schema:
    from pipeline.picture.cards.template import CardTemplate  # noqa: PLC0415

    return _with_parts(_extending(CardTemplate, _EXTENDS | _WITHOUT | _STYLES), "element")


def _styles() -> Schema:
    whole = _card()
    whole["properties"] = {name: whole["properties"][name] for name in ("extends", "style", "motion")}
    return whole


def _language() -> Schema:
    with (builtin_templates_folder() / "languages" / "en.toml").open("rb") as file:
        return _like(tomllib.load(file))


def _like(value: Any) -> Schema:
    """The schema of a word list by the English one: the same tables, and texts, those with a number by plural form."""
    from pipeline.picture.language.word_list import CATEGORIES, COUNT, forms, placeholders  # noqa: PLC0415

    if isinstance(value, dict) and "other" not in value:
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {key: _like(one) for key, one in value.items()},
        }
    text = {"type": "string", "description": f"English: {forms(value)['other']}"}
    if isinstance(value, str) and COUNT not in placeholders(value):
        return text
    table = {
        "type": "object",
        "additionalProperties": False,
        "properties": {form: {"type": "string"} for form in CATEGORIES},
        "required": ["other"],
    }
    return {"anyOf": [text, table], "description": text["description"]}


_SCHEMAS: Final[dict[str, Callable[[], Schema]]] = {
    "production": _production,
    "theme": _theme,
    "layout": _layout,
    "card": _card,
    "styles": _styles,
    "language": _language,
}


def _extending(model: type[BaseModel], more: Schema) -> Schema:
    """A model's schema in which nothing has to be said: what a file leaves out, its base may say."""
    whole = deepcopy(model.model_json_schema(by_alias=True))
    describe(whole, model)
    _named_presets(whole)
    for part in (whole, *whole.get("$defs", {}).values()):
        part.pop("required", None)
    whole["properties"] = more | whole["properties"]
    return whole


def _named_presets(whole: Schema) -> None:
    """Let a preset's name stand wherever a whole motion may."""
    from pipeline.picture.drawing.motion import PRESETS  # noqa: PLC0415

    names: list[Schema] = [{"enum": [*PRESETS]}, {"type": "string", "description": "A preset of the template's own."}]
    ref = "#/$defs/Transition"
    for part in (whole, *whole.get("$defs", {}).values()):
        for field in part["properties"].values():
            if "anyOf" in field and {"$ref": ref} in field["anyOf"]:
                field["anyOf"] = [*names, *field["anyOf"]]
            elif field.get("additionalProperties") == {"$ref": ref}:
                field["additionalProperties"] = {"anyOf": [*names, {"$ref": ref}]}
    if "Transition" in whole.get("$defs", {}):
        whole["$defs"]["Transition"]["properties"]["preset"]["anyOf"] = names


def _with_parts(whole: Schema, key: str) -> Schema:
    """The same, with what a part in a list may say of its base; parts of any kind fit where none is said."""
    listed = whole["properties"][key]["items"]
    parts = listed.pop("oneOf", [])
    listed.pop("discriminator", None)
    for part in parts:
        whole["$defs"][part["$ref"].rpartition("/")[2]]["properties"] |= _PART
    if parts:
        listed["anyOf"] = parts
    return whole
