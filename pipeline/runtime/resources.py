"""Where the templates and assets that ship with the program lie, however it was installed.

A wheel carries them inside the package, a checkout or an editable install beside it. A user's own templates folder
shadows the built-in one, file by file.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from pipeline.errors import TemplateError
from pipeline.runtime.wording.named_files import near_names, stored_path

_PACKAGE = Path(__file__).resolve().parent.parent


def _data_folder(name: str) -> Path:
    inside = _PACKAGE / "_data" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def assets_folder() -> Path:
    """The folder of the shipped assets (demo voice, pictures, texts to read aloud)."""
    return _data_folder("assets")


def reading_text(language: str = "en") -> str:
    """A text to read aloud that holds all the sounds of the language; English where there is no other."""
    folder = assets_folder() / "reading"
    own = folder / f"{language.partition('-')[0]}.txt"
    return (own if own.is_file() else folder / "en.txt").read_text(encoding="utf-8")


def builtin_templates_folder() -> Path:
    """The folder of the shipped templates."""
    return _data_folder("templates")


@lru_cache(maxsize=512)
def _builtin_template(folder: Path, relative: str) -> Path | None:
    """A file of the program's own folder, which stays as it is while the program runs."""
    return _within(folder, relative)


def _within(folder: Path, relative: str) -> Path | None:
    """A file of a folder; None where there is none, or where links lead out of the folder."""
    with suppress(OSError, ValueError, RuntimeError):  # no name that a file can have, or links in a circle
        candidate = stored_path(folder, relative).resolve()
        if candidate.is_relative_to(folder.resolve()) and candidate.is_file():
            return candidate
    return None


def find_template(relative: str, own: Path | None) -> Path:
    """Find a template such as `cards/title.toml`: the user's own first, then the built-in one.

    Raises
    ------
    TemplateError
        Where neither folder has it; names the ones there are.
    """
    builtin = builtin_templates_folder()
    found = (_within(own, relative) if own is not None else None) or _builtin_template(builtin, relative)
    if found is not None:
        return found
    folders = [folder for folder in (own, builtin) if folder is not None]
    kind = relative.partition("/")[0]
    known = sorted({path.stem for folder in folders for path in (folder / kind).glob("*") if path.is_file()})
    near = near_names(Path(relative).stem, known)
    raise TemplateError(
        f"There is no template {relative!r}.",
        where=", ".join(str(folder / kind) for folder in folders),
        expected=f"one of {', '.join(known)}" if known else "a template file",
        hint=(f"Did you mean {' or '.join(map(repr, near))}? " if near else "")
        + "Correct the name in the production file, or add the file to your own templates folder.",
    )
