"""A template that can't be used is told in words of our own."""

import re

import pytest

from pipeline.errors import TemplateError
from pipeline.picture.text.templating import render_text

READERS_WORDS = re.compile(r"unexpected|Encountered|Jinja was|token|end of|operand|unsupported|No filter")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ film", "not closed"),
        ("{% foo %}", "no '{% foo %}'"),
        ("{{ film|nope }}", "a filter that is not there: 'nope'"),
        ("{% if film %}", "{% endif %} is missing"),
        ("{% endif %}", "'endif' closes nothing"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ film + 1 }}", "don't go together"),
        ("{{ film }", "doesn't belong there"),
        ("{{ film[ }}", "']' is missing"),
        ("{% if %}", "'%}' stands where an expression is missing"),
        ("{% for x film %}{% endfor %}", "'in' is missing"),
        ("{# note", "comment is not closed"),
        ("{{ nope }}", "not there: 'nope'"),
        ("{{ [film]|select('nope')|list }}", "there is no test 'nope'"),
        ("{{ [film]|map('nope')|list }}", "there is no filter 'nope'"),
        ("a\n{% autoescape true %}<{% endautoescape %}", "contains an autoescape"),
    ],
)
def test_what_is_wrong_with_a_template(text: str, told: str) -> None:
    with pytest.raises(TemplateError) as refused:
        render_text(text, {"film": "A film"}, "take.txt")
    assert told in refused.value.what
    assert not READERS_WORDS.search(refused.value.what)
