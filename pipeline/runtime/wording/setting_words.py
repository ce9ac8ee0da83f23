"""What a validation found, in words for people who write settings by hand.

This module knows the kinds of mistakes that a validation tells apart. It does not know any setting.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

_LONGEST_SHOWN: Final = 60
_OWN_WORDS: Final = frozenset({"value_error", "assertion_error"})
_KINDS: Final = (
    (("int_", "greater_than_equal_int"), "a whole number"),
    (("float_", "decimal_", "finite_number"), "a number"),
    (("bool_",), "true or false"),
    (("string_type", "string_sub_type", "string_unicode"), "text, in quotes"),
    (("tuple_type", "list_type", "set_type"), "a list, in brackets: [first, second]"),
    (("model_type", "model_attributes_type", "dict_type", "mapping_type"), "a table: { name = value }"),
)
_PATTERNS: Final = (
    ("[a-z]{2,3}", 'the code of a language, such as "en" or "pt-BR"'),
    ("#[0-9a-fA-F]", 'a colour, such as "#20a0ff"'),
)


def is_in_own_words(mistake: Mapping[str, Any]) -> bool:
    """Whether a check of this program's own found the mistake: its words are all that is shown."""
    return mistake["type"] in _OWN_WORDS


def own_words(mistake: Mapping[str, Any]) -> str:
    """The words of a check of this program's own."""
    context = mistake.get("ctx", {})
    return str(context.get("error", mistake["msg"])).removeprefix("Value error, ").removeprefix("Assertion failed, ")


def expected_words(mistakes: Sequence[Mapping[str, Any]]) -> str:
    """What would have been right in one place; several mistakes there are those of its alternatives."""
    words = list(dict.fromkeys(_expected(mistake) for mistake in mistakes))
    near = next(filter(None, (_nearest(mistake) for mistake in mistakes)), "")
    return ", or ".join(words) + (f'; perhaps "{near}"' if near else "")


def _expected(mistake: Mapping[str, Any]) -> str:
    kind, context = str(mistake["type"]), mistake.get("ctx", {})
    if is_in_own_words(mistake):
        words = own_words(mistake)
        return words[:1].lower() + words[1:]
    if kind in {"literal_error", "enum", "union_tag_invalid"}:
        return " or ".join(", ".join(f'"{option}"' for option in _options(mistake)).rsplit(", ", 1))
    if kind in {"tuple_type", "list_type"} and isinstance(mistake.get("input"), Mapping):
        return "a list: its heading has two brackets, [[...]]"
    limit = _limit(kind, context)
    if limit:
        return limit
    if kind == "string_pattern_mismatch":
        return next((words for part, words in _PATTERNS if part in context.get("pattern", "")), "text of another form")
    return next((words for kinds, words in _KINDS if kind.startswith(kinds)), "a value of another kind")


def _limit(kind: str, context: Mapping[str, Any]) -> str:
    for name, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if name in context and kind.startswith(("greater_than", "less_than")):
            return f"a number, {words} {_number(context[name])}"
    if "min_length" in context:
        count = int(context["min_length"])
        one, several = ("character", "characters") if kind.startswith("string") else ("entry", "entries")
        return f"at least {count} {one if count == 1 else several}"
    if "max_length" in context:
        what = "characters" if kind.startswith("string") else "entries"
        return f"at most {context['max_length']} {what}"
    return ""


def _number(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _options(mistake: Mapping[str, Any]) -> list[str]:
    context = mistake.get("ctx", {})
    expected = str(context.get("expected_tags", context.get("expected", "")))
    return [option.strip("'") for part in expected.split(" or ") for option in part.split(", ")]


def _nearest(mistake: Mapping[str, Any]) -> str:
    given = mistake.get("ctx", {}).get("tag", mistake.get("input"))
    if mistake["type"] not in {"literal_error", "union_tag_invalid"} or not isinstance(given, str):
        return ""
    return next(iter(get_close_matches(given.lower(), _options(mistake), n=1, cutoff=0.5)), "")


def shown_value(value: object) -> str:
    """A value as one writes it in TOML, on one readable line."""
    written = _written(value)
    return written if len(written) <= _LONGEST_SHOWN else written[: _LONGEST_SHOWN - 3] + "..."


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(one) for one in value[:_LONGEST_SHOWN])}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name} = {_written(one)}' for name, one in list(value.items())[:_LONGEST_SHOWN])}}}"
    return repr(value)
