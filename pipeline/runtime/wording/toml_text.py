"""TOML, and what is wrong with it in words for people who edit a file by hand.

This module owns the words and finds the line. It does not know what the file is for.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any, Final

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_LONGEST_LINE: Final = 80
_QUOTES: Final = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"
PATHS_HINT: Final = (
    'Between double quotes a backslash begins an escape. Write paths with forward slashes, "C:/voices/me.wav", or '
    "between single quotes, 'C:\\voices\\me.wav'."
)
_WITH_BACKSLASH: Final = re.compile(r'"([^"\\]*\\[^"]*)"?')
_OPEN_MISTAKES: Final = ("Illegal character '\\n'", "Illegal character '\\r", "Unterminated")
_ESCAPE_MISTAKES: Final = ("Unescaped", "Invalid hex", "Escaped character")
_ONE_A_LINE: Final = 'Each line is a name, =, and one value: title = "My film"'
# What the parser says, as far as it says it, in our words, and what to do.
_WORDS: Final = (
    ("Illegal character '\\n'", "a text is not closed on its line", "Put the closing quotation mark at its end."),
    ("Illegal character '\\r", "a text is not closed on its line", "Put the closing quotation mark at its end."),
    ("Unterminated string", "a text is not closed", "Put the closing quotation marks at its end."),
    ("Expected \"'", "a text is not closed", "Put the closing quotation marks at its end."),
    ("Illegal character", "a character stands there that can't be seen", "Type this line anew."),
    ("Found invalid character", "a character stands there that can't be seen", "Type this line anew."),
    ("Invalid hex value", "a backslash begins an escape, and this is none", PATHS_HINT),
    ("Unescaped '\\'", "a backslash begins an escape, and this is none", PATHS_HINT),
    ("Escaped character is not", "this escape is no character", PATHS_HINT),
    ("Expected '=' after a key", "the equals sign after a name is missing", _ONE_A_LINE),
    ("Invalid statement", "a line begins with what is no name", _ONE_A_LINE),
    ("Invalid initial character for a key", "here a name is missing", _ONE_A_LINE),
    ("Cannot overwrite a value", "a name is given a second value", "Keep one of the two lines."),
    ("Duplicate inline table key", "a name is given a second value", "Keep one of the two."),
    (
        "Cannot declare",
        "a heading stands there twice",
        "Join them, or write [[double brackets]] where several may be.",
    ),
    ("Cannot mutate", "a finished list or table is added to", "Write all of it in one place."),
    ("Cannot redefine", "a finished list or table is added to", "Write all of it in one place."),
    ("Expected ']", "the closing bracket of a heading is missing", "Headings are [video] or [[section]]."),
    ("Unclosed array", "a list is not closed", "Put a comma between its values and ] at its end."),
    ("Unclosed inline table", "a table is not closed", "Put a comma between its values and } at its end, on one line."),
    ("Expected newline", "something stands behind a value", f"{_ONE_A_LINE}; text needs quotes."),
    ("Invalid date", "there is no such date", "Put text between quotes."),
    ("Exceeds the limit", "a number has far too many digits", "Shorten it."),
)


@dataclass
class TomlMistake(Exception):  # noqa: N818 - it never reaches a person: whoever reads a file tells it in an error of theirs
    """Text that is no TOML.

    Parameters
    ----------
    what
        What is wrong, as part of a sentence.
    place
        The line, with its number; empty where it is no single one.
    hint
        What to do.
    """

    what: str
    place: str = ""
    hint: str = ""


def parse_toml(text: str | bytes) -> dict[str, Any]:
    """Parse TOML; bytes are UTF-8, with or without a mark at the beginning.

    Raises
    ------
    TomlMistake
        What is wrong, where, and what to do.
    """
    try:
        return tomllib.loads(text if isinstance(text, str) else text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise TomlMistake("it is not UTF-8 text", f"line {line}", "Save it as UTF-8 in your editor.") from error
    except RecursionError as error:
        raise TomlMistake("it is nested too deeply", hint="Flatten it.") from error
    except ValueError as error:
        decoded = text if isinstance(text, str) else text.decode("utf-8-sig")
        raise _mistake(str(error), decoded.replace("\r\n", "\n")) from error


def _mistake(message: str, text: str) -> TomlMistake:
    found = _PLACE.search(message)
    lines = text.split("\n")
    if found is None:
        number, column = 0, 1
    elif found[1]:
        number, column = int(found[1]), int(found[2])
    else:
        number = len(text.rstrip().split("\n"))
        column = len(lines[number - 1]) + 1
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    place = f"line {number}: {_shown(line)}" if number else ""
    if message.startswith("Invalid value"):
        what, hint = _no_value(line[column - 1 :].strip())
        return TomlMistake(what, place, hint)
    is_open = '\\"' in line and message.startswith(_OPEN_MISTAKES)  # the closing quotation mark was escaped
    if (written := _WITH_BACKSLASH.search(line)) and (is_open or message.startswith(_ESCAPE_MISTAKES)):
        return TomlMistake(
            "a backslash in double quotes begins an escape that there isn't", place, _paths_hint(written)
        )
    for begins, what, hint in _WORDS:
        if message.startswith(begins):
            return TomlMistake(what, place, hint)
    return TomlMistake("this can't be read", place, _ONE_A_LINE)


def _paths_hint(written: re.Match[str]) -> str:
    """How to write the very path that was meant."""
    path = written[1].rstrip(", ]}")[:_LONGEST_LINE]
    slashed = re.sub(r"\\+", "/", path)
    return (
        f'Between double quotes a backslash begins an escape: write forward slashes, "{slashed}", or single quotes, '
        f"'{path}'."
    )


def _no_value(rest: str) -> tuple[str, str]:
    if not rest or rest.startswith("#"):
        return "there is no value after the equals sign", _ONE_A_LINE
    if rest[0] in _QUOTES:
        return f"{rest[0]} is no quotation mark here", 'Write straight ones: "My film".'
    if re.match(r"(?i)(true|false|yes|no|on|off)\b", rest):
        return "this is neither true nor false", "Write true or false, in small letters."
    if rest[0] == ",":
        return "a value is missing before a comma", "Remove the comma, or put a value before it."
    return "this is no value", "Text needs quotes, lists need brackets, numbers a point instead of a comma."


def _shown(line: str) -> str:
    plain = "".join(character if character.isprintable() else "?" for character in line.strip())
    return plain if len(plain) <= _LONGEST_LINE else plain[: _LONGEST_LINE - 3] + "..."
