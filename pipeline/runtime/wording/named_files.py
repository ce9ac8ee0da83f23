"""Files that a person names: found however their names are stored, and named nearly where they are not there.

Owns that a letter with an accent is the same in one character or two (macOS stores names decomposed, keyboards type
them composed), that a backslash may stand for a slash, and which name was probably meant. It does not know what files
are for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path
from typing import Final
from unicodedata import normalize

_MOST_NAMES: Final = 5000  # of a folder: more are not looked through
_SHOWN_NAMES: Final = 5
_LIKE: Final = 0.6  # of difflib's ratio: a slip or two in a short name
_MUCH_LESS_LIKE: Final = 0.15
_ESCAPES: Final = {"\b": r"\b", "\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r", "\x1b": r"\e"}
_ESCAPE_NAMES: Final = {"\t": "a tab", "\n": "a line break", "\r": "a line break"}
_WINDOWS_PATH: Final = re.compile(r"[A-Za-z]:([\\/]|$)|\\\\")
_CORRECT: Final = "Correct the name, or put the file there."


def stored_path(folder: Path, name: str) -> Path:
    """Find the path of a file as it is stored; where it is not there, as its folders are."""
    spelt = [name, name.replace("\\", "/")] if "\\" in name and os.sep == "/" else [name]
    for one in spelt:
        if os.path.lexists(folder / one):
            return folder / one
    respelt = [_respelt(folder / one) for one in spelt]
    return next((path for path in respelt if os.path.lexists(path)), respelt[0])


def absent_hint(path: Path, listed: Sequence[str] | None = None) -> str:
    """Say what to do where a file is not there: the names that are like its own, or those that are there.

    Parameters
    ----------
    listed
        Names of the kind that was meant, which the person is shown already; by default all in its folder are shown.
    """
    if os.path.lexists(path):
        return "Name a file that can be opened; this is a folder, or leads nowhere."
    folder, missing = _first_missing(path)
    if _WINDOWS_PATH.match(missing) and os.sep == "/":
        return "This is a path of a Windows machine: copy the file beside the production, and name it from there."
    known = None if folder / missing != path else listed
    near = near_names(missing, list(islice(_names_in(folder), _MOST_NAMES)) if not known else list(known))
    if near:
        kind = "" if folder / missing == path else f"There is no folder '{missing}' in {folder}. "
        return f"{kind}Did you mean {' or '.join(repr(name) for name in near)}?"
    there = sorted(islice(_names_in(folder), _MOST_NAMES)) if folder / missing == path and listed is None else []
    if not there:
        return _CORRECT
    shown = ", ".join(there[:_SHOWN_NAMES]) + (", ..." if len(there) > _SHOWN_NAMES else "")
    return f"{_CORRECT} In its folder: {shown}."


def safe_file_name(text: str) -> str:
    """Make a name that every file system takes: letters, digits, dots, dashes; never hidden, never an option.

    Of a name without a letter or a digit, such as one of emoji alone, the characters' numbers are left.
    """
    name = re.sub(r"[^\w.-]+", "-", normalize("NFC", text), flags=re.UNICODE).strip(".-_")[:80]
    name = name or "-".join(f"{ord(character):x}" for character in text)[:80].strip("-")
    reserved = re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name)
    return f"film-{name}" if reserved or not re.search(r"[^\W_]", text) else name


def near_names(name: str, known: list[str]) -> list[str]:
    """Return at most three of the known names that someone may have meant, the likeliest first; endings don't count."""
    wanted = SequenceMatcher(b=_folded(name), autojunk=False)
    likeness: dict[str, float] = {}
    for one in known:
        wanted.set_seq1(_folded(one))
        if wanted.real_quick_ratio() >= _LIKE and wanted.quick_ratio() >= _LIKE:
            likeness[one] = wanted.ratio()
    least = max(_LIKE, max(likeness.values(), default=0.0) - _MUCH_LESS_LIKE)
    near = [one for one in likeness if likeness[one] >= least]
    return sorted(near, key=lambda one: (-likeness[one], Path(one).suffix.lower() != Path(name).suffix.lower(), one))[
        :3
    ]


def swallowed_escape(name: str) -> tuple[str, str, str] | None:
    r"""Tell what a backslash in double quotes has made of a path: `"recordings\tone.wav"` holds a tab.

    Returns
    -------
    tuple[str, str, str] or None
        What is wrong, what was expected, and what to do; None where the name holds no such character.
    """
    first = next((char for char in name if char in _ESCAPES), "")
    if not first:
        return None
    written = "".join(_ESCAPES.get(char, char) for char in name)[:200]
    what = f'The name "{written}" holds {_ESCAPE_NAMES.get(first, "a control character")}.'
    slashed = written.replace("\\", "/")
    return what, f"\"{slashed}\", or '{written}' in single quotes", BACKSLASH_HINT


BACKSLASH_HINT: Final = (
    "In double quotes a backslash begins an escape: write forward slashes instead, or use single quotes."
)


def _respelt(path: Path) -> Path:
    """The path with its parts as they are stored, as far as they are there."""
    found = Path(path.anchor)
    for part in path.parts[1 if path.anchor else 0 :]:
        stored = part
        if part != os.pardir and not os.path.lexists(found / part):
            wanted = normalize("NFC", part)
            same = (name for name in islice(_entries(found), _MOST_NAMES) if normalize("NFC", name) == wanted)
            stored = next(same, part)
        found /= stored
    return found


def _first_missing(path: Path) -> tuple[Path, str]:
    """The deepest folder on the way to a file that is there, and the name that is not in it."""
    folder = path.absolute()
    missing = folder.name
    while folder != folder.parent:
        missing, folder = folder.name, folder.parent
        if os.path.isdir(folder):  # noqa: PTH112 - Path's own refuses names that are too long
            break
    return folder, missing


def _folded(name: str) -> str:
    return normalize("NFC", Path(name).stem).casefold()


def _names_in(folder: Path) -> Iterator[str]:
    return (name for name in _entries(folder) if not name.startswith(".") and name.isprintable())


def _entries(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries)
    except (OSError, ValueError):  # a folder's name with a zero byte is a ValueError
        return
