"""Built-in templates put beside a production, to be changed.

This module owns finding them by name and writing them whole or not at all. It does not know what templates mean.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pipeline.errors import InputError, OutputError
from pipeline.runtime.resources import builtin_templates_folder
from pipeline.runtime.wording.named_files import near_names
from pipeline.store.files import atomic_write_text

SCHEMA_KINDS: Final = ("production", "theme", "layout", "card", "styles", "language")
"""The files that have a JSON Schema."""
FOLDERS: Final = {
    "themes": "theme",
    "layouts": "layout",
    "cards": "card",
    "styles": "styles",
    "languages": "language",
    "captions": "",
    "clusters": "",
}
"""The folders of templates, and the schema of the files in each; those of clusters belong to `--cluster`."""
SCHEMAS_FOLDER: Final = "schemas"
PACKS_FOLDER: Final = "packs"


def builtin_templates() -> list[str]:
    """Every built-in template as `cards/title`, in order."""
    folder = builtin_templates_folder()
    return [
        f"{kind}/{path.stem}"
        for kind in FOLDERS
        for path in sorted((folder / kind).glob("*"))
        if path.suffix in {".toml", ".txt"}
    ]


def find_builtin(name: str) -> Path:
    """Find a built-in template by `title` or `cards/title`.

    Raises
    ------
    InputError
        None or several of that name; names those there are.
    """
    known = builtin_templates()
    plain = name.removesuffix(".toml").removesuffix(".txt")
    found = [one for one in known if plain in {one, one.partition("/")[2]}]
    if len(found) != 1:
        near = near_names(plain, [one.partition("/")[2] for one in known])
        raise InputError(
            f"There are {len(found)} templates named '{plain[:60]}'."
            if found
            else f"There is no template '{plain[:60]}'.",
            where="command line",
            expected=", ".join(found or known),
            hint="Name its folder too." if found else f"Did you mean '{near[0]}'?" if near else "",
        )
    return next((builtin_templates_folder() / found[0]).parent.glob(f"{found[0].partition('/')[2]}.*"))


def packs() -> list[str]:
    """The built-in packs: templates that look alike, copied together."""
    return sorted(path.name for path in (builtin_templates_folder() / PACKS_FOLDER).glob("*") if path.is_dir())


def copy_pack(name: str, folder: Path, *, replace: bool = False) -> list[Path]:
    """Copy all templates of a pack into a templates folder of one's own, and the schemas that they name.

    Raises
    ------
    InputError
        No such pack.
    OutputError
        There is one of the files already.
    """
    if name not in packs():
        near = near_names(name, packs())
        raise InputError(
            f"There is no pack named '{name[:60]}'.",
            where="--pack",
            expected=f"one of {', '.join(packs())}",
            hint=f"Did you mean '{near[0]}'?" if near else "",
        )
    root = builtin_templates_folder() / PACKS_FOLDER / name
    sources = sorted(root.glob("*/*.toml"))
    targets = [folder / source.relative_to(root) for source in sources]
    for target in targets:
        _check_free(target, replace=replace)
    for source, target in zip(sources, targets, strict=True):
        _copy(source, target, folder)
    return targets


def copy_template(name: str, folder: Path, *, replace: bool = False) -> Path:
    """Copy a built-in template into a templates folder of one's own, and the schema that its first line names.

    Raises
    ------
    InputError
        No such template.
    OutputError
        There is a file already.
    """
    source = find_builtin(name)
    target = folder / source.parent.name / source.name
    _check_free(target, replace=replace)
    _copy(source, target, folder)
    return target


def _check_free(target: Path, *, replace: bool) -> None:
    if target.exists() and not replace:
        raise OutputError(
            "There is a template of your own already.", where=str(target), hint="Change that one, or give --force."
        )


def _copy(source: Path, target: Path, folder: Path) -> None:
    """Copy a template, and the schema of its kind."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if schema := FOLDERS[source.parent.name]:
        from pipeline.outputs.schemas import schema_of  # noqa: PLC0415 - brings all models along

        (folder / SCHEMAS_FOLDER).mkdir(exist_ok=True)
        text = json.dumps(schema_of(schema), indent=1, ensure_ascii=False)
        atomic_write_text(folder / SCHEMAS_FOLDER / f"{schema}.json", f"{text}\n")
    atomic_write_text(target, source.read_text(encoding="utf-8"))
