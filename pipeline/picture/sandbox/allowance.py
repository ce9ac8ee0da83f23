"""What one rendering of a template may use: steps, texts, lists and numbers, the same on every machine.

Nothing here depends on time: a template that renders once renders always.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final

MOST_STEPS: Final = 200_000
"""Parts of a template gone through, and stretches of text and lists handled, altogether."""
LONGEST_TEXT: Final = 20_000
"""Characters of any one text."""
MOST_ITEMS: Final = 20_000
"""Items of any one list, those of lists within it counted."""
DEEPEST: Final = 40
"""Lists within lists, and calls within calls."""
_MOST_BITS: Final = 4096
_CHARACTERS_A_STEP: Final = 64
_ITEMS_A_STEP: Final = 2

_steps_left: ContextVar[int] = ContextVar("_steps_left", default=MOST_STEPS)


class Refused(ValueError):  # noqa: N818 - said of a template
    """A template asks for what it may not do; the text is part of a sentence."""


def begin() -> None:
    """Give a rendering its whole allowance."""
    _steps_left.set(MOST_STEPS)


def spend(steps: int) -> None:
    """Use some steps."""
    left = _steps_left.get() - steps
    _steps_left.set(left)
    if left < 0:
        raise Refused("its loops and filters have too much to do")


def check_length(characters: int) -> None:
    """Refuse a text before it is put together."""
    if characters > LONGEST_TEXT:
        raise Refused(f"its text grows beyond {LONGEST_TEXT:,} characters")


def check_items(items: int) -> None:
    """Refuse a list before it is put together."""
    if items > MOST_ITEMS:
        raise Refused(f"a list in it grows beyond {MOST_ITEMS:,} items")


def check_bits(bits: int) -> None:
    """Refuse a number before it is worked out."""
    if bits > _MOST_BITS:
        raise Refused("a number in it becomes too large")


def size_of(value: Any) -> int:
    """Count the values and characters within lists and tables, without going deeper or farther than is allowed."""
    waiting: list[tuple[Any, int]] = [(value, 0)]
    count = 0
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, str):
            count += len(one) // _CHARACTERS_A_STEP
        elif type(one) in {list, tuple, dict} or isinstance(one, tuple):
            if depth > DEEPEST:
                raise Refused(f"its lists go deeper than {DEEPEST}")
            inner = [*one.keys(), *one.values()] if isinstance(one, Mapping) else one
            count += len(inner)
            check_items(count)
            waiting += [(each, depth + 1) for each in inner]
    return count


def charged(value: Any) -> Any:
    """Hand on a value that a template has made, within its allowance."""
    if isinstance(value, str):
        check_length(len(value))
        spend(1 + len(value) // _CHARACTERS_A_STEP)
    elif isinstance(value, range):
        spend(1 + len(value) // _ITEMS_A_STEP)
    elif isinstance(value, list | tuple | dict):
        spend(1 + size_of(value) // _ITEMS_A_STEP)
    elif isinstance(value, int):
        check_bits(value.bit_length())
        spend(1)
    else:
        spend(1)
    return value
