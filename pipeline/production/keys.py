"""Every key of the production file, or of a template: its unit, default, bounds, and one line of what it is.

All of it is read from the JSON Schema, and so from the settings themselves: a new setting appears here by itself. This
module owns how keys are printed, as text for people and as comments for a production file.
"""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import tomlkit

from pipeline.production.schema import Production

Schema = Mapping[str, Any]

_WIDTH: Final = 118
_NAME_WIDTH: Final = 44
_COMMENT_WIDTH: Final = 50
_UNITS: Final = (
    *(("_hz", "Hz"), ("_ms", "ms"), ("_s", "s"), ("seconds", "s"), ("minutes", "min"), ("_db", "dB")),
    *(
        ("_dbfs", "dBFS"),
        ("_dbtp", "dBTP"),
        ("_lufs", "LUFS"),
        ("_kbit_per_s", "kbit/s"),
        ("_per_s", "1/s"),
        ("_bits", "bits/byte"),
    ),
    *(("width", "pixels"), ("height", "pixels"), ("frame_rate", "frames/s")),
)
"""By the end of a name, the longest that fits."""
_TYPES: Final = {
    "string": "text",
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "null": "",
}
_SECTION: Final = "[[section]]"
_MARK: Final = "#: "
"""Begins a line of a production that comments take the place of."""


@dataclass(frozen=True)
class Key:
    """One key of the production file.

    Parameters
    ----------
    name
        Within its table, dots included: `corpus.sample_rate_hz`.
    unit
        Empty where it is no measure.
    kind
        What may stand there: `whole number, 1 to 8`.
    choices
        The words that may stand there; none where it is no choice between words.
    default
        As one writes it in TOML; empty where there is none.
    example
        As one writes it in TOML: the default, or another value where there is none.
    is_required
        Whether it must be there.
    words
        One line of what it is.
    """

    name: str
    unit: str
    kind: str
    choices: tuple[str, ...]
    default: str
    example: str
    is_required: bool
    words: str


@dataclass(frozen=True)
class KeyTable:
    """A table of the production file, or a part of one: `heading` is what stands above its keys, empty at the top."""

    heading: str
    words: str
    keys: tuple[Key, ...]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the production file; a storyboard's takes and captions may stand in its section."""
    whole = Production.model_json_schema(by_alias=True)
    storyboard = whole["$defs"]["StoryboardSettings"]["properties"]
    whole["$defs"]["Section"]["properties"] |= {name: storyboard[name] for name in ("take", "caption")}
    return whole


@lru_cache(maxsize=1)
def key_tables() -> tuple[KeyTable, ...]:
    """All keys, by the table that they stand in, in the order of the production file."""
    return tables_of(json_schema())


def tables_of(whole: Schema) -> tuple[KeyTable, ...]:
    """All keys of a JSON Schema, by the table that they stand in."""
    return tuple(table for table in _tables(whole, "", whole.get("$defs", {})) if table.keys)


def _tables(model: Schema, heading: str, models: Mapping[str, Schema], path: str | None = None) -> Iterator[KeyTable]:
    """The table of a model, and those within it; `path` is what stands before the names of these."""
    path = heading.strip("[]") if path is None else path
    keys: list[Key] = []
    inner: list[tuple[str, Schema]] = []
    parts: list[KeyTable] = []
    for name, field in model["properties"].items():
        place = f"{path}.{name}" if path else name
        if (listed := _model_of(field.get("items", {}), models)) is not None:
            inner.append((f"[[{place}]]", listed))
        elif several := _listed_kinds(field, models):
            parts += _of_kinds(f"[[{place}]]", several, models)
        elif (named := _model_of(_values_of(field), models)) is not None:
            inner.append((f"[{place}.NAME]", named))
        elif "properties" in field:
            inner.append((f"[{place}]", field))
        elif (own := _optional_model(field, models)) is not None:
            inner.append((f"[{place}]", own | {"description": field.get("description", own.get("description", ""))}))
        elif (one := _model_of(field, models)) is None:
            keys.append(_key(name, field, required=name in model.get("required", ()), models=models))
            parts += _kinds(name, field, models)
        elif path:
            parts.append(_part(name, one, models))
        else:
            inner.append((f"[{place}]", one))
    yield KeyTable(heading, _first_line(model), tuple(keys))
    yield from parts
    for place, one in inner:
        yield from _tables(one, place, models)


def _values_of(field: Schema) -> Schema:
    """What stands under any name in a table."""
    values = field.get("additionalProperties")
    if not isinstance(values, dict):
        return {}
    return next((one for one in values.get("anyOf", ()) if "$ref" in one), values)


def _listed_kinds(field: Schema, models: Mapping[str, Schema]) -> list[Schema]:
    """The tables of which any may stand in a list: panels and elements of several kinds."""
    found = [_resolved(one, models) for one in field.get("items", {}).get("anyOf", ()) if "$ref" in one]
    return [one for one in found if "kind" in one["properties"]]


def _of_kinds(heading: str, kinds: Sequence[Schema], models: Mapping[str, Schema]) -> Iterator[KeyTable]:
    """What tables of any kind may say, and then what each kind may say beside."""
    names = [name for name in kinds[0]["properties"] if all(name in one["properties"] for one in kinds)]
    shared = {name: kinds[0]["properties"][name] for name in names if name != "kind"}
    words = f"Of any kind; what `kind` names has more keys: {len(kinds)} kinds follow."
    yield from _tables({"description": words, "properties": shared}, heading, models)
    for one in kinds:
        own = {name: field for name, field in one["properties"].items() if name not in shared and name != "kind"}
        said = one["properties"]["kind"]
        kind = " or ".join(map(_as_toml, said.get("enum", [said.get("const", said.get("default"))])))
        yield from _tables({**one, "properties": own}, f"{heading} kind = {kind}", models, path="")


def _kinds(name: str, field: Schema, models: Mapping[str, Schema]) -> Iterator[KeyTable]:
    """The tables of which any may stand in one place."""
    several = next((one["oneOf"] for one in (field, *field.get("anyOf", ())) if "oneOf" in one), ())
    for one in several:
        yield _part(name, _resolved(one, models), models)


def _part(prefix: str, model: Schema, models: Mapping[str, Schema]) -> KeyTable:
    """The keys of a table that is written as a part of another: `corpus.sample_rate_hz`."""
    keys = tuple(
        _key(f"{prefix}.{name}", field, required=name in model.get("required", ()), models=models)
        for name, field in model["properties"].items()
        if _model_of(field.get("items", {}), models) is None  # these have a heading of their own
    )
    return KeyTable(f"{prefix}.", _first_line(model), keys)


def _key(name: str, field: Schema, *, required: bool, models: Mapping[str, Schema]) -> Key:
    default = field.get("default", {} if field.get("type") == "object" else None)
    if isinstance(default, dict):  # of one of several kinds, which has keys of its own
        default = {name: value for name, value in default.items() if name == "kind"}
    shown, examples = _as_toml(default), field.get("examples", ())
    units = [unit for unit in _UNITS if name.endswith(unit[0])]
    unit = max(units, key=lambda unit: len(unit[0]), default=("", ""))[1]
    if unit == "pixels" and "whole" not in _kind(field, models):
        unit = ""  # a share of the frame
    return Key(
        name=name,
        unit=unit,
        kind=_kind(field, models),
        choices=tuple(map(str, next((one["enum"] for one in (field, *field.get("anyOf", ())) if "enum" in one), ()))),
        default=shown,
        example=_as_toml(examples[0]) if examples else shown,
        is_required=required,
        words=field.get("description", ""),
    )


def _as_toml(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and (whole := re.fullmatch(r"(\d+)(/1)?", value)):
        return whole[1]  # a frame rate
    return str(tomlkit.item(_inline(value)).as_string())


def _inline(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    table = tomlkit.inline_table()
    table.update(value)
    return table


def _kind(field: Schema, models: Mapping[str, Schema]) -> str:
    """What may stand there, in words."""
    if "anyOf" in field or "oneOf" in field:
        several = [_kind(one, models) for one in field.get("anyOf", field.get("oneOf", ()))]
        return " or ".join(dict.fromkeys(one for one in several if one))
    if "enum" in field:
        return ", ".join(map(str, field["enum"]))
    if "const" in field:
        return str(field["const"])
    if (model := _model_of(field, models)) is not None:
        properties = model["properties"]
        return "table" if "kind" in properties else f"{{ {', '.join(properties)} }}"
    plain = _TYPES.get(field.get("type", ""), "table") + _bounds(field)
    return f"list of: {_kind(field['items'], models)}" if "items" in field else plain


def _bounds(field: Schema) -> str:
    least = field.get("minimum", field.get("exclusiveMinimum"))
    most = field.get("maximum", field.get("exclusiveMaximum"))
    if most is not None and most > 1e15:  # noqa: PLR2004 - all that fits into 64 bits
        most = None
    above, below = "exclusiveMinimum" in field, "exclusiveMaximum" in field
    if least is None and most is None:
        return ""
    if most is None:
        return f", {'above' if above else 'at least'} {least:,g}"
    if least is None:
        return f", {'below' if below else 'at most'} {most:,g}"
    return f", {'above ' * above}{least:,.12g} to {'below ' * below}{most:,.12g}"


def _model_of(field: Schema, models: Mapping[str, Schema]) -> Schema | None:
    """The model that a field holds; None where it holds a plain value, or one of several kinds."""
    return _resolved(field, models) if "$ref" in field else None


def _optional_model(field: Schema, models: Mapping[str, Schema]) -> dict[str, Any] | None:
    """The model of a table that may be left out, and has no default; a name of one may stand in its place."""
    several = field.get("anyOf", ())
    kinds = [one for one in several if one.get("type") not in {"null", "string"} and "enum" not in one]
    found = _model_of(kinds[0], models) if len(kinds) == 1 and len(several) > 1 else None
    return None if found is None else dict(found)


def _resolved(field: Schema, models: Mapping[str, Schema]) -> Schema:
    return models[field["$ref"].rpartition("/")[2]]


def _first_line(model: Schema) -> str:
    return str(model.get("description", "")).split("\n\n")[0].replace("\n", " ")


def as_text(tables: Sequence[KeyTable], file: str = "the production file") -> str:
    """All keys of a kind of file for people: `name = default`, then what it is, with unit and bounds."""
    lines: list[str] = [f"Every key of {file}, with its default and its unit."]
    for table in tables:
        title = re.sub(r"\.$", ":", table.heading)
        lines += ["", *textwrap.wrap(f"{title} {table.words}".strip(), _WIDTH, subsequent_indent="  ")]
        for key in table.keys:
            left = f"    {key.name} = {key.default or ('(required)' if key.is_required else '(none)')}"
            right = f"{key.words} ({', '.join(filter(None, (key.unit, key.kind)))})"
            wrapped = textwrap.wrap(right, _WIDTH - _NAME_WIDTH) or [""]
            lines += [left] if len(left) >= _NAME_WIDTH else []
            begins = "" if len(left) >= _NAME_WIDTH else left
            lines += [f"{begins if number == 0 else '':<{_NAME_WIDTH}}{one}" for number, one in enumerate(wrapped)]
    return "\n".join(lines)


def with_comments(text: str) -> str:
    """Put comments with all keys that a production leaves out in place of its lines such as `#: [video]`.

    Parameters
    ----------
    text
        A production, in which `#: ` and a table's heading stand where that table's other keys are to be named. Of
        lists that it need not have, such as `#: [[cut]]`, every key is.
    """
    used = _used_keys(text)
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith(_MARK):
            lines.append(line)
            continue
        heading = line.removeprefix(_MARK)
        tables = [table for table in key_tables() if (table.heading or "top") == heading]
        for table in tables:
            lines += [f"# {heading}"] if heading.startswith("[[") and heading != _SECTION else []
            lines += [_comment(key) for key in table.keys if (heading, key.name) not in used]
    return "".join(f"{line}\n" for line in lines)


def _used_keys(text: str) -> frozenset[tuple[str, str]]:
    """Heading and name of the keys that a production sets, those of lists left out."""
    values = tomllib.loads(text)
    used = [("top", name) for name in values]
    for table in ("video", "sound"):
        used += [(f"[{table}]", name) for name in values.get(table, {})]
    for section in values.get("section", ()):
        for name, value in section.items():
            used.append((_SECTION, name))
            used += [(f"{name}.", f"{name}.{inner}") for inner in value] if isinstance(value, dict) else []
    return frozenset(used)


def _comment(key: Key) -> str:
    about = ", ".join(filter(None, (key.unit, *key.choices)))
    return f"{f'# {key.name} = {key.example}':<{_COMMENT_WIDTH}} # {key.words}" + (f" ({about})" if about else "")
