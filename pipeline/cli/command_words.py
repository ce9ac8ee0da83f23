"""What is wrong with a command line, in our words.

This module knows the kinds of mistakes that the library beneath the command line tells apart, and no command.
"""

from __future__ import annotations

import re
from typing import Any, Final

import typer
from pydantic import ValidationError

from pipeline.errors import InputError
from pipeline.runtime.wording.setting_words import expected_words, shown_value

_WHERE: Final = "command line"
_HELP: Final = "build-video --help explains the commands, and build-video COMMAND --help one of them."


def command_line_error(error: typer.TyperException) -> InputError:
    """Say what is wrong with a command line."""
    context = getattr(error, "ctx", None)
    usage = context.get_usage().removeprefix("Usage: ").strip() if context else ""
    usage = re.sub(r"\{([\w|]+)\}", lambda found: found[1].upper(), usage)
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        found = cause.errors(include_url=False)
        given = shown_value(found[0].get("input"))
        what = f"{_option(error)} can't be {given}."
        return InputError(what, where=_WHERE, expected=expected_words(found), hint=usage)
    return InputError(_what(error), where=_WHERE, expected=usage or _nearby(error), hint=_HELP)


def _option(error: Any) -> str:
    """The option or the argument that is wrong, as one writes it."""
    names = [name for name in getattr(error.param, "opts", ()) if name.startswith("-")]
    return max(names, key=len) if names else str(getattr(error.param, "metavar", None) or error.param.name).upper()


def _what(error: Any) -> str:
    kind = type(error).__name__
    if kind == "NoSuchOption":
        near = sorted(error.possibilities or ())
        return f"There is no option {error.option_name} here" + (f"; perhaps {near[0]}." if near else ".")
    if kind == "MissingParameter":
        return f"{_option(error)} is missing."
    if kind == "BadOptionUsage":
        return f"{error.option_name} {'needs a' if 'argument' in error.format_message() else 'takes no'} value."
    return _of_commands(error.format_message())


def _of_commands(message: str) -> str:
    if extra := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", message):
        return f"There is more than the command takes: {extra[1]}."
    if unknown := re.match(r"No such command '(.*?)'(?:.*Did you mean '(.*?)')?", message):
        return f"There is no '{unknown[1]}' here" + (f"; perhaps '{unknown[2]}'." if unknown[2] else ".")
    if message.startswith("Missing command"):
        return "A subcommand is missing."
    return "The command line can't be understood."


def _nearby(error: Any) -> str:
    """Where no usage is known."""
    return f"a value behind {error.option_name}" if "argument" in error.format_message() else ""
