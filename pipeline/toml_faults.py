"""What is wrong with a TOML file, in words that help whoever has written it by hand.

Owns the faults that people make again and again, such as a Windows path in double quotes. It does not know what the
file is for.
"""

from __future__ import annotations

import re
from typing import Final

from pipeline.named_files import BACKSLASH_HINT

_LINE: Final = re.compile(r"\(at line (\d+)")
_WITH_BACKSLASH: Final = re.compile(r'"([^"\\]*\\[^"]*)"?')
_ESCAPE_FAULTS: Final = ("Unescaped", "Invalid hex", "Unicode scalar")
_LONGEST_SHOWN: Final = 120
_LOOK: Final = "Look at the line named above; text needs quotes, lists need brackets."


def explain_toml_fault(error: Exception, text: str) -> tuple[str, str]:
    """Say what is wrong with a text that is no TOML, and what to do.

    Parameters
    ----------
    error
        What reading it raised.
    text
        All of it.
    """
    if isinstance(error, RecursionError):
        return "it is nested too deeply", _LOOK
    told = str(error)
    found = _LINE.search(told)
    number = int(found[1]) if found else 0
    lines = text.splitlines()
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    path = _WITH_BACKSLASH.search(line)
    is_escape = any(words in told for words in _ESCAPE_FAULTS) or '\\"' in line
    if path is None or not is_escape:
        return told, _LOOK
    written = path[1].rstrip(", ]}")[:_LONGEST_SHOWN]
    slashed = re.sub(r"\\+", "/", written)
    return (
        f"in line {number}, a backslash in double quotes begins an escape that there isn't",
        f"{BACKSLASH_HINT} For example \"{slashed}\", or '{written}'.",
    )
