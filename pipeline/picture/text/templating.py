"""Texts with facts in them: Jinja templates in a sandbox, checked before there are facts.

This module owns the words of captions and cards: what a template is checked for, how it is filled in, and its errors.
It does not know where the words will stand.

    render_text("{{ parameters|thousands }} parameters", {"parameters": 1200000})   # "1,200,000 parameters"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import TemplateSyntaxError, UndefinedError, nodes

from pipeline.errors import TemplateError
from pipeline.picture.language import Language, english
from pipeline.picture.sandbox.allowance import LONGEST_TEXT, Refused, begin, check_length
from pipeline.picture.sandbox.counting import count_steps
from pipeline.picture.sandbox.environment import SandboxEnvironment
from pipeline.picture.sandbox.values import CountedFacts, NamedFacts, plain
from pipeline.picture.text.fact_shapes import Names, Shape
from pipeline.picture.text.number_words import filters_for
from pipeline.picture.text.template_checks import WORDS, FormerName, check_names, check_parts
from pipeline.picture.text.template_words import refused, template_fault, where_in

__all__ = ["WORDS", "Facts", "NamedFacts", "PlainFacts", "check_text", "holds", "render_caption", "render_text"]

Facts = Mapping[str, Any]
"""Names to text, numbers, truth values, None, and lists and tables of these."""

LONGEST_TEMPLATE: Final = 4000
LONGEST_RESULT: Final = LONGEST_TEXT
_SPACES: Final = re.compile(r"[ \t\r\n\f\v]+")


@lru_cache(maxsize=32)
def _environment(language: Language) -> SandboxEnvironment:
    return SandboxEnvironment(filters_for(language))


def check_text(text: str, names: Names, where: str = "", *, is_condition: bool = False) -> tuple[FormerName, ...]:
    """Check a template before there are facts: its syntax, what it contains, and the names it uses.

    Parameters
    ----------
    names
        Those there are: alone, or with all that is within them.
    is_condition
        Whether it is one expression, such as `take.epoch > 3`.

    Returns
    -------
    tuple[FormerName, ...]
        Names that it uses and that are others now.

    Raises
    ------
    TemplateError
        With the line, and the names there are.
    """
    if isinstance(names, Shape):
        return _checked_in_shape(text, where, names, is_condition=is_condition)
    return _checked(text, where, tuple(names), is_condition=is_condition)


_sound: dict[object, tuple[Shape, tuple[FormerName, ...]]] = {}
"""Templates that were found to be right, with the shape of their facts: whoever looks at a film checks all of them."""
_MOST_SOUND: Final = 4096


def _checked_in_shape(text: str, where: str, names: Shape, *, is_condition: bool) -> tuple[FormerName, ...]:
    fields = None if names.fields is None else tuple((name, id(one)) for name, one in names.fields.items())
    key = text, where, is_condition, id(names.former), fields  # the shape is kept, so that its parts stay the same
    if key not in _sound:
        former = check_names(_parsed(text, where, is_condition=is_condition), names, where)
        _try_out(text, names, where, is_condition=is_condition)
        if len(_sound) >= _MOST_SOUND:
            _sound.clear()
        _sound[key] = names, former
    return _sound[key][1]


def _try_out(text: str, names: Shape, where: str, *, is_condition: bool) -> None:
    """Fill a template in with facts that aren't known, for what it may not do whatever they are."""
    begin()
    try:
        _filled_in(text, PlainFacts(_unknown(names)), is_condition)
    except (Refused, OverflowError) as error:
        raise refused(template_fault(error), where, _line_of(error)) from error
    except Exception:  # noqa: BLE001, S110 - of what it works out nothing can be said before there are facts
        pass


def _unknown(shape: Shape) -> dict[str, Any]:
    fields = {
        name: CountedFacts([]) if one.items else NamedFacts("", _unknown(one)) if one.fields is not None else None
        for name, one in (shape.fields or {}).items()
    }
    return {**dict.fromkeys(shape.former), **fields}


@lru_cache(maxsize=1024)
def _checked(text: str, where: str, names: tuple[str, ...], *, is_condition: bool) -> tuple[FormerName, ...]:
    return check_names(_parsed(text, where, is_condition=is_condition), names, where)


class PlainFacts(dict[str, Any]):
    """Facts as templates see them, made once for many texts; `words` are those of the film's language."""

    def __init__(self, facts: Facts, language: Language | None = None) -> None:
        self.language = language or english()
        self._finders: dict[str, Callable[[str], Any]] = {}
        super().__init__({name: plain(value) for name, value in facts.items()})
        self[WORDS] = self.language.tree

    def including(self, name: str, value: Any) -> PlainFacts:
        """The same and one more, which is plain already: a part of these."""
        more = PlainFacts({}, self.language)
        more.update(self)
        more._finders.update(self._finders)
        more[name] = value
        return more

    def find_later(self, names: Collection[str], find: Callable[[str], Any]) -> None:
        """Add facts that are found by their names, plain, when a text names them."""
        self.update(dict.fromkeys(names))
        self._finders.update(dict.fromkeys(names, find))

    def __getitem__(self, name: str) -> Any:
        if name in self._finders:
            self[name] = self._finders.pop(name)(name)
        return super().__getitem__(name)


def render_text(text: str, facts: Facts, where: str = "") -> str:
    """Fill a template in.

    Raises
    ------
    TemplateError
        A syntax error, a name that isn't among the facts, something a template may not do, or too long a result;
        with the line.
    """
    check_text(text, list(facts), where)
    return _rendered(text, facts, where)


def render_caption(text: str, facts: Facts, where: str = "caption") -> str:
    """Fill in a caption: one line of words, however the template is broken into lines; no-break spaces stay."""
    return _SPACES.sub(" ", render_text(text, facts, where)).strip(" ")


def holds(condition: str, facts: Facts, where: str = "condition") -> bool:
    """Whether a condition holds of facts; it is one expression, in the same sandbox as templates.

    Raises
    ------
    TemplateError
        As `render_text` does.
    """
    check_text(condition, list(facts), where, is_condition=True)
    return bool(_rendered(condition, facts, where, is_condition=True))


def _rendered(text: str, facts: Facts, where: str, *, is_condition: bool = False) -> str:
    begin()
    try:
        return _filled_in(text, facts if isinstance(facts, PlainFacts) else PlainFacts(facts), is_condition)
    except UndefinedError as error:
        raise TemplateError(
            f"The template uses a name that is not there: {template_fault(error)}.",
            where=where_in(where, _line_of(error)),
        ) from error
    except Exception as error:
        raise refused(template_fault(error), where, _line_of(error)) from error


def _filled_in(text: str, facts: PlainFacts, is_condition: bool) -> str:  # noqa: FBT001 - handed on
    parts: list[str] = []
    size = 0
    template, names = _compiled(text, facts.language, is_condition)
    for part in template.generate({name: facts[name] for name in names if name in facts}):
        parts.append(part)
        size += len(part)
        check_length(size)
    return "".join(parts)


@lru_cache(maxsize=256)
def _compiled(
    text: str,
    language: Language,
    is_condition: bool = False,  # noqa: FBT001, FBT002 - as above
) -> tuple[Any, tuple[str, ...]]:
    """Compile a template that was checked, with its steps counted; and give the names that stand in it."""
    environment = _environment(language)
    tree = environment.expression(text) if is_condition else environment.parse(text)
    names = tuple({node.name: None for node in tree.find_all(nodes.Name)})
    count_steps(tree)
    return environment.from_string(tree), names


@lru_cache(maxsize=1024)
def _parsed(text: str, where: str, *, is_condition: bool = False) -> nodes.Template:
    if len(text) > LONGEST_TEMPLATE:
        raise refused(f"it is longer than {LONGEST_TEMPLATE:,} characters", where, 1)
    environment = _environment(english())
    try:
        tree = environment.expression(text) if is_condition else environment.parse(text)
        check_parts(tree, environment, where)
        _compiled(text, english(), is_condition)
    except TemplateSyntaxError as error:
        raise TemplateError(
            f"The template has a syntax error: {template_fault(error)}.",
            where=where_in(where, error.lineno),
            expected="Jinja2, such as {{ film.title }}" if not is_condition else "such as take.epoch > 3",
        ) from error
    except TemplateError:
        raise
    except Refused as error:
        raise refused(str(error), where, 1) from error
    except (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError) as error:
        raise refused("it is nested too deep", where, 1) from error
    return tree


def _line_of(error: BaseException) -> int:
    """The template's line at which an error was raised (Jinja maps its tracebacks back to template lines)."""
    line, step = 1, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "<template>":
            line = step.tb_lineno
        step = step.tb_next
    return line
