"""Templates that extend others and say only what differs: `extends = "landscape"`.

This module owns how files are joined into one. It loads no models and does not know what any template means.

A file that extends another has the other's values, and its own over them: tables are joined name by name, single
values and plain lists replace. A `[[panel]]` or `[[element]]` changes the base's one of the same `name`, or of the
same kind or area where it has no name, the first the first, the second the second; without such a one it is new, and
stands at the end, or `after` or `before` the one that it names. One of another `kind` begins anew. `without` lists
those that are left out. A file in a folder of one's own may extend the built-in one of the same name; built-in files
extend built-in ones.

`styles = "default"` lays the styles of `styles/default.toml` beneath those of a card.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.errors import TemplateError
from pipeline.picture.theme.placed_values import PlacedValue
from pipeline.picture.theme.toml_files import read_placed
from pipeline.runtime.resources import builtin_templates_folder, find_template
from pipeline.runtime.wording.named_files import near_names

OLD_ROLES: Final = {"heard": "played", "ahead": "upcoming"}
"""Colours of themes by the names that they had in earlier versions, which are still read."""
LONGEST_CHAIN: Final = 8
"""So many files may extend one another."""
NAMED_BY: Final = {"panel": "kind", "element": "area"}
"""The lists whose parts are joined one by one, and what names a part that has no `name`."""
_USUAL_KIND: Final = {"panel": "", "element": "text"}
_LONGEST_NAME: Final = 100


@dataclass(frozen=True)
class JoinedTemplate:
    """A template with all that it extends, as one file would say it, and the file that was asked for."""

    file: Path
    placed: PlacedValue

    @property
    def values(self) -> dict[str, Any]:
        """The values alone."""
        found: dict[str, Any] = self.placed.plain()
        return found


def joined_template(relative: str, own: Path | None = None) -> JoinedTemplate:
    """Read a template such as `layouts/mine.toml` of one's own folder, or the built-in one, and what it extends.

    Raises
    ------
    TemplateError
        A file that is not there or no TOML, files that extend one another in a circle, or too many of them.
    """
    return joined_file(find_template(relative, own), own)


def joined_file(path: Path, own: Path | None = None) -> JoinedTemplate:
    """Read a template file in a folder of its kind, such as `layouts`, and what it extends."""
    joined = _joined(path, own, ())
    for key in NAMED_BY:
        for part in _parts(joined, key):
            part.value.pop("name", None)
    return JoinedTemplate(path, joined)


def _joined(path: Path, own: Path | None, chain: tuple[Path, ...]) -> PlacedValue:
    here, chain = _with_new_roles(read_placed(path)), (*chain, path)
    base_name, without, styles = _name(here, "extends"), _names(here, "without"), _name(here, "styles")
    for key in ("extends", "without", "styles"):
        here.value.pop(key, None)
    base = None
    if base_name is not None:
        base = _joined(_base_path(base_name, own, chain), own, chain)
    found = here.laid_over(base)
    for key in NAMED_BY:
        if key in here.value:
            found.value[key] = _joined_parts(key, base, here)
    _leave_out(found, without)
    if styles is not None:
        shared = _joined(_found(styles, "styles", own), own, chain)
        found = found.laid_over(shared)
    return found


def _with_new_roles(here: PlacedValue) -> PlacedValue:
    """Give the colours of a theme of an earlier version the names that they have today."""
    colours = here.value.get("colours")
    if colours is not None and isinstance(colours.value, dict):
        colours.value = {OLD_ROLES.get(name, name): one for name, one in colours.value.items()}
    return here


def _base_path(name: PlacedValue, own: Path | None, chain: tuple[Path, ...]) -> Path:
    path = chain[-1]
    builtin = path.is_relative_to(builtin_templates_folder().resolve())
    base = _found(name, path.parent.name, None if builtin else own)
    if base == path:  # a file of one's own of the same name as a built-in one extends that one
        base = _found(name, path.parent.name, None)
    if base in chain:
        circle = " extends ".join(f"'{one.stem}'" for one in (*chain[chain.index(base) :], base))
        raise _error(name, "extends", f"Templates extend one another in a circle: {circle}.", "a base that ends it")
    if len(chain) >= LONGEST_CHAIN:
        raise _error(name, "extends", "Too many templates extend one another.", f"at most {LONGEST_CHAIN}")
    return base


def _found(name: PlacedValue, kind: str, own: Path | None) -> Path:
    try:
        return find_template(f"{kind}/{name.value}.toml", own)
    except TemplateError as error:
        key = "styles" if kind == "styles" else "extends"
        raise _error(name, key, error.what, error.expected, error.hint.partition(" Correct")[0]) from error


def _joined_parts(key: str, base: PlacedValue | None, here: PlacedValue) -> PlacedValue:
    """The panels or elements of a base with those of a file over them."""
    own = here.value[key]
    parts = list(_parts(base, key)) if base is not None else []
    if not _is_list_of_tables(own):
        return PlacedValue(own.place, own.value)
    changed: set[int] = set()
    for part in own.value:
        name = _part_name(part, key)
        same = [one for one in parts if name and id(one) not in changed and _part_name(one, key) == name]
        if same:
            index = next(at for at, one in enumerate(parts) if one is same[0])
            anew = "kind" in part.value and part.text("kind") != (same[0].text("kind") or _USUAL_KIND[key])
            parts[index] = joined = PlacedValue(part.place, dict(part.value)) if anew else part.laid_over(same[0])
        else:
            _check_new(part, key, parts, extends=base is not None)
            parts.append(joined := PlacedValue(part.place, dict(part.value)))
        changed.add(id(joined))
        _move(parts, joined, key)
    return PlacedValue(own.place, parts)


def _check_new(part: PlacedValue, key: str, others: list[PlacedValue], *, extends: bool) -> None:
    """Check that a text which is no part of the base was not meant to change one, under a misspelt name."""
    if extends and key == "element" and part.value.keys().isdisjoint({"kind", "style"}):
        name = "name" if "name" in part.value else "area"
        what = "There is no element '{}' to change, and a new text needs a style."
        names = [_part_name(one, key) for one in others]
        raise _unknown(part.value.get(name, part), name, what.format(_part_name(part, key)[:_LONGEST_NAME]), names)


def _part_name(part: PlacedValue, key: str) -> str:
    return part.text("name") or part.text(NAMED_BY[key])


def _move(parts: list[PlacedValue], part: PlacedValue, key: str) -> None:
    """Put a part after or before the one that it names."""
    for word in ("after", "before"):
        if word not in part.value:
            continue
        wanted = part.value.pop(word)
        others = [one for one in parts if one is not part]
        names = [_part_name(one, key) for one in others]
        if wanted.value not in names:
            raise _unknown(wanted, word, f"There is no '{str(wanted.value)[:_LONGEST_NAME]}' to stand {word}.", names)
        others.insert(names.index(wanted.value) + (word == "after"), part)
        parts[:] = others


def _leave_out(found: PlacedValue, without: list[PlacedValue]) -> None:
    for key in NAMED_BY:
        if parts := _parts(found, key):
            left_out = {one.value for one in without}
            names = [_part_name(part, key) for part in parts]
            for one in without:
                if one.value not in names:
                    raise _unknown(one, "without", f"There is no '{one.value[:_LONGEST_NAME]}' to leave out.", names)
            kept = [part for part, name in zip(parts, names, strict=True) if name not in left_out]
            found.value[key] = PlacedValue(found.value[key].place, kept)


def _parts(placed: PlacedValue, key: str) -> list[PlacedValue]:
    parts = placed.value.get(key)
    return parts.value if parts is not None and _is_list_of_tables(parts) else []


def _is_list_of_tables(one: PlacedValue) -> bool:
    return isinstance(one.value, list) and all(isinstance(part.value, dict) for part in one.value)


def _name(here: PlacedValue, key: str) -> PlacedValue | None:
    one: PlacedValue | None = here.value.get(key)
    if one is None or (isinstance(one.value, str) and 0 < len(one.value) <= _LONGEST_NAME):
        return one
    raise _error(one, key, f"'{key}' names no template.", 'a name: extends = "landscape"')


def _names(here: PlacedValue, key: str) -> list[PlacedValue]:
    one = here.value.get(key)
    if one is None:
        return []
    if isinstance(one.value, list) and all(isinstance(name.value, str) for name in one.value):
        names: list[PlacedValue] = one.value
        return names
    raise _error(one, key, f"'{key}' is no list of names.", f'names: {key} = ["speed", "progress"]')


def _unknown(one: PlacedValue, key: str, what: str, names: list[str]) -> TemplateError:
    known = list(dict.fromkeys(name for name in names if name))
    near = near_names(one.value if isinstance(one.value, str) else "", known)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return _error(one, key, what, f"one of {', '.join(known)}" if known else "", hint)


def _error(one: PlacedValue, key: str, what: str, expected: str, hint: str = "") -> TemplateError:
    return TemplateError(what, where=one.place.words((key,)), expected=expected, hint=hint)
