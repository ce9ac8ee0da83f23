"""Where in the production file something stands: its line, for errors that are found in the values.

This module owns how the words of an error, such as `section 2 (Title), storyboard.caption_style`, become the path of a
value. It does not know what a production says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pipeline.runtime.wording.toml_lines import Path as ValuePath
from pipeline.runtime.wording.toml_lines import line_of

Lines = Mapping[ValuePath, int]
_COUNTED: Final = re.compile(r"(?:^|\bin )(section|insert|card|cut) (\d+)(?: \([^)]*\))?[,:]? ?")
_WORD: Final = re.compile(r"([A-Za-z_]+)(?: (\d+)\b)?(?:[.,] ?|: | in |$)")
_FILE: Final = re.compile(r"[/\\]|\.(toml|txt|json|csv)\b")
_ABSENT: Final = re.compile(r"There is no template '(\w+)/(.+)\.toml'")
_TABLE: Final = "storyboard"
_DEEPEST: Final = 6


def place_of(path: Sequence[str | int], lines: Lines, file: Path | None) -> str:
    """The file, and the line of a value or of the smallest part of the file around it; nothing where it isn't known.

    Names that the file doesn't have, as those of alternatives, are passed over. The lines of a storyboard may stand in
    their section: `[[section.take]]`.
    """
    known: ValuePath = ()
    parts = {one[:length] for one in lines for length in range(1, len(one) + 1)}
    for step in path:
        beside = known[:-1] if known[-1:] == (_TABLE,) else (*known, _TABLE)
        nearer = next((one for one in ((*known, step), (*beside, step)) if one in parts), None)
        if nearer is not None:
            known = nearer
    line = line_of(known, lines) if known else None
    return "" if line is None or file is None else f"{file}, line {line}"


def path_in(where: str) -> tuple[str | int, ...]:
    """The path of the value that an error's words name; empty where they name none."""
    path: list[str | int] = []
    rest = where
    if found := _COUNTED.search(where):
        path += [found[1], int(found[2]) - 1]
        rest = where[found.end() :]
    elif _FILE.search(where.partition(":")[0]):
        return ()
    at = 0
    while len(path) < _DEEPEST and (word := _WORD.match(rest, at)):
        path.append(word[1])
        if word[2]:
            path.append(int(word[2]) - 1)
        at = word.end()
    return tuple(path)


def absent_template(what: str) -> tuple[str, str]:
    """The kind and the name of the template that an error says is not there; empty for other errors."""
    found = _ABSENT.match(what)
    return (found[1], found[2]) if found else ("", "")
