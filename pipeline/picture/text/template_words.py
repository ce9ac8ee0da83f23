"""What is wrong with a template's text, in words for those who write templates.

This module knows what the template language's reader says, and no template.
"""

from __future__ import annotations

import re
from typing import Final

from jinja2 import TemplateRuntimeError, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import FilterArgumentError

from pipeline.errors import TemplateError
from pipeline.picture.sandbox.allowance import Refused

_SYNTAX: Final = (
    (r"unexpected end of template", "{{ or {% is not closed"),
    (r"Unexpected end of template.*closed is '(.*)'", r"'\1' is not closed: {% end\1 %} is missing"),
    (r"Unexpected end of template", "something is not closed"),
    (r"Encountered unknown tag '(end\w*)'", r"'\1' closes nothing"),
    (r"Encountered unknown tag '(.*?)'", r"there is no '{% \1 %}'"),
    (r"No filter named '(.*)'", r"there is no filter '\1'"),
    (r"No test named '(.*)'", r"there is no test '\1'"),
    (r"Missing end of (\w+)", r"a \1 is not closed"),
    (r"unexpected char (.*) at \d+", r"\1 doesn't belong there"),
    (r"unexpected (.*), expected (.*)", r"\1 stands where \2 is missing"),
    (r"unexpected (.*)", r"\1 doesn't belong there"),
    (r"[Ee]xpected (?:token )?(.*), got (.*)", r"\2 stands where \1 is missing"),
)
_NOT_THERE: Final = re.compile(r"No (filter|test) named")
_SIGNS: Final = {"end of statement block": "%}", "end of print statement": "}}"}
_FAULTS: Final[dict[type[Exception], str]] = {
    ZeroDivisionError: "it has a division by zero",
    OverflowError: "a number in it becomes too large",
    RecursionError: "it is nested too deeply",
    TypeError: "it works with values that don't go together, such as text and a number",
}


def template_fault(error: Exception) -> str:
    """Return what is wrong, as part of a sentence."""
    if isinstance(error, UndefinedError):
        return (error.message or "a name is not there").rstrip(".")
    if isinstance(error, TemplateSyntaxError):
        return _of_syntax(error.message or "")
    if isinstance(error, TemplateRuntimeError) and _NOT_THERE.match(error.message or ""):
        return _of_syntax(error.message or "")  # a name that a filter was given: items|select("nope")
    text = str(error).rstrip(".")
    if isinstance(error, Refused | FilterArgumentError) or (isinstance(error, TypeError) and text.startswith("macro ")):
        return text
    return next((words for kind, words in _FAULTS.items() if isinstance(error, kind)), "it can't be worked out")


def where_in(where: str, line: int) -> str:
    """A line of a template."""
    return f"{where}, line {line}" if where else f"line {line}"


def refused(why: str, where: str, line: int) -> TemplateError:
    """The error of a template that asks for what it may not do."""
    return TemplateError(
        f"The template can't be used: {why}.",
        where=where_in(where, line),
        expected="text with facts, filters, macros, if, for and set",
    )


def _of_syntax(message: str) -> str:
    for name, sign in _SIGNS.items():
        message = message.replace(name, sign)
    for pattern, words in _SYNTAX:
        if found := re.match(pattern, message, re.DOTALL):
            return found.expand(words)
    return "it can't be read"
