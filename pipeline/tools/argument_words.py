"""What the parser of a tool's arguments finds wrong, in our words.

It loads nothing, because tools start quickly.
"""

from __future__ import annotations

import re
from typing import Final

_NUMBERS: Final = {"int": "a whole number", "float": "a number"}


def argument_words(message: str) -> tuple[str, str]:
    """Return what is wrong, and what was expected where that is known."""
    if found := re.match(r"the following arguments are required: (.*)", message):
        return f"{found[1]}: missing.", ""
    if found := re.match(r"unrecognized arguments: (.*)", message, re.DOTALL):
        return f"This command doesn't know {found[1]}.", ""
    if found := re.match(r"argument (\S+): (.*)", message, re.DOTALL):
        return _of_one(found[1].split("/")[-1], found[2])
    if found := re.match(r"ambiguous option: (\S+) could match (.*)", message):
        return f"{found[1]} may mean several options.", found[2]
    return "The command line can't be understood.", ""


def _of_one(option: str, message: str) -> tuple[str, str]:
    if found := re.match(r"invalid (\w+) value: (.*)", message, re.DOTALL):
        return f"{option} can't be {found[2]}.", _NUMBERS.get(found[1], "a value of another kind")
    if found := re.match(r"invalid choice: (.*) \(choose from (.*)\)", message, re.DOTALL):
        return f"{option} can't be {found[1]}.", found[2].replace("'", "")
    if found := re.match(r"expected (one|\d+|at least one) arguments?", message):
        return f"{option} needs a value.", ""
    if "ignored explicit argument" in message:
        return f"{option} takes no value.", ""
    if "not allowed with argument" in message:
        return f"{option} doesn't go with {message.rpartition(' ')[2]}.", ""
    own = message[:1].upper() + message[1:].rstrip(".")
    return f"{option}: {own}.", ""  # a check of our own says what is wrong
