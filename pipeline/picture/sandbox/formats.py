"""Python's two ways of formatting, `"%d" % x` and `"{}".format(x)`, within a template's allowance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from jinja2.sandbox import SandboxedEnvironment, SandboxedFormatter

from pipeline.picture.sandbox.allowance import Refused, charged
from pipeline.picture.sandbox.values import described, is_printed

_WIDEST: Final = 1000
_NUMBER: Final = re.compile(r"\d+")
_PERCENT: Final = re.compile(r"%(?:\(.*?\))?([#0\- +]*)(\*|\d*)(?:\.(\*|\d*))?")


def percent_format(text: str, values: Any) -> str:
    """`text % values`; a width is a number below 1,000 that stands in the text."""
    for _, *widths in _PERCENT.findall(text):
        _check_widths(widths)
    for value in values.values() if isinstance(values, dict) else values if isinstance(values, tuple) else (values,):
        _check_plain(value)
    return str(charged(text % values))


def brace_format(environment: SandboxedEnvironment, text: str, args: Sequence[Any], named: Mapping[str, Any]) -> str:
    """`text.format(*args, **named)`, whose fields reach into tables only."""
    return str(charged(_Formatter(environment).vformat(text, args, named)))


class _Formatter(SandboxedFormatter):
    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        value, first = super().get_field(field_name, args, kwargs)
        return _check_plain(value), first

    def format_field(self, value: Any, format_spec: str) -> str:
        _check_widths(_NUMBER.findall(format_spec))
        return str(charged(super().format_field(value, format_spec)))


def _check_widths(widths: Sequence[str]) -> None:
    if any(width == "*" or (width and (len(width) > 4 or int(width) > _WIDEST)) for width in widths):  # noqa: PLR2004
        raise Refused(f"a width in it is no number up to {_WIDEST:,}")


def _check_plain(value: Any) -> Any:
    if not is_printed(value):
        str(value)  # raises for what is not there
        raise Refused(f"it prints {described(value)}, which is no text")
    return value
