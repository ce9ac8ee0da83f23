"""The commands that install what is missing, as they work for the way in which this program was installed.

No registry has this program under its name: it comes from a folder, a repository or a file. This module installs
nothing.
"""

from __future__ import annotations

import json
import shutil
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_NAME: Final = "build-video"
_CHECKOUT: Final = Path(__file__).resolve().parents[3]
"""Where the program runs from its source; elsewhere the folder of all packages."""
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:+=")


def install_command(*words: str) -> str:
    """The command that installs packages where this program runs; `words` are requirements and options of pip."""
    return " ".join(_quoted(word) for word in (*_installer(), *words))


def extra_command(extra: str) -> str:
    """The command that installs one of this program's extras, such as `record`."""
    if _runs_from_source():
        return install_command("-e", f"{_source_folder()}[{extra}]")
    return install_command(*_requirements(extra))


def reinstall_command() -> str:
    """The command that installs this program again, with all that it needs."""
    if _runs_from_source():
        return install_command("--force-reinstall", "-e", _source_folder())
    origin = _origin()
    return install_command("--force-reinstall", *([f"{_NAME} @ {origin}"] if origin else _requirements("")))


def _quoted(word: str) -> str:
    """In double quotes, which every shell knows, where a shell would take a part of it for its own."""
    return word if set(word) <= _PLAIN else f'"{word}"'


def _installer() -> tuple[str, ...]:
    if (Path(sys.prefix) / "pipx_metadata.json").is_file() and not _runs_from_source():
        return "pipx", "inject", _NAME
    if find_spec("pip") is None:  # as environments of uv are
        return "uv", "pip", "install", "--python", sys.executable
    found = shutil.which("pip")
    if found is not None and Path(found).parent == Path(sys.executable).parent:
        return "pip", "install"
    return sys.executable, "-m", "pip", "install"


def _runs_from_source() -> bool:
    return (_CHECKOUT / "pyproject.toml").is_file()


def _source_folder() -> str:
    return "." if Path.cwd() == _CHECKOUT else str(_CHECKOUT)


def _distribution() -> Distribution | None:
    try:
        return distribution(_NAME)
    except PackageNotFoundError:
        return None


def _origin() -> str:
    """Where it was installed from (PEP 610), as pip takes it; nothing where that isn't recorded."""
    found = _distribution()
    try:
        origin = json.loads((found.read_text("direct_url.json") if found else None) or "{}")
        kind = origin.get("vcs_info", {}).get("vcs")
        return f"{kind}+{origin['url']}" if kind else str(origin["url"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def _requirements(extra: str) -> list[str]:
    """What one of its extras needs, or with no extra the program itself."""
    found = _distribution()
    wanted = []
    for line in (found.requires if found else None) or []:
        requirement, _, marker = line.partition(";")
        belongs = f'extra == "{extra}"' in marker.replace("'", '"') if extra else "extra" not in marker
        if belongs:
            wanted.append(requirement.strip())
    return wanted
