from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import TemplateError
from pipeline.picture.language import english
from pipeline.picture.text.fact_shapes import ANY, Shape
from pipeline.picture.text.fonts import load_fonts
from pipeline.picture.text.number_words import filters_for, in_english
from pipeline.picture.text.templating import LONGEST_RESULT, PlainFacts, check_text, render_caption, render_text

FILTERS = filters_for(english())
bits, clock, compact, decimals = in_english().bits, in_english().clock, in_english().compact, in_english().decimals
duration, percent, plural = in_english().duration, in_english().percent, in_english().plural
rate, thousands = in_english().rate, in_english().thousands
FACTS = {
    "iteration": 12345,
    "loss_nats": 2.0794415,
    "section": {"title": "First try", "layers": 3},
    "rows": [1, 2, 3],
    "nothing": None,
}


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("Iteration {{ iteration|thousands }}", "Iteration 12,345"),
        ("{{ loss_nats|bits }} bits per byte", "3.00 bits per byte"),
        ("{{ section.title }}: {{ section.layers|plural('layer') }}", "First try: 3\u00a0layers"),
        ("{% for row in rows %}{{ loop.index }}:{{ row }} {% endfor %}", "1:1 2:2 3:3"),
        ("{% if iteration > 1000 %}late{% else %}early{% endif %}", "late"),
        ("{{ nothing|default('none') }} {{ nothing|thousands }}", "none \u2013"),
        ("{{ rows|join('+') }} {{ rows|length }} {{ rows|last }}", "1+2+3 3 3"),
        ("{{ absent|default('x') }} {{ section.absent|default('y') }} {{ absent.deeper[3]|default('z') }}", "x y z"),
        ("{% if absent is defined %}{{ absent }}{% else %}none{% endif %} {{ absent is undefined }}", "none True"),
        ("{{ absent|default(iteration)|thousands }} {{ (absent|default('a'))|upper }}", "12,345 A"),
        ("{{ (10 / 4)|decimals(1) }} {{ 7 // 2 }} {{ 7 % 4 }} {{ 'a' ~ 1 }}", "2.5 3 3 a1"),
    ],
)
def test_templates_fill_in_facts(template: str, told: str) -> None:
    assert render_caption(template, FACTS) == told


@pytest.mark.parametrize(
    ("template", "line", "told"),
    [
        ("{{ iteratoin }}", 1, "perhaps 'iteration'"),
        ("one\ntwo\n{{ absent }}", 3, "there are iteration, loss_nats, nothing, rows, section"),
        ("\n{{ section.name }}", 2, "there are title, layers"),
        ("{{ rows[7] }}", 1, "there is no '7'"),
        ("{{ section.laiers|thousands }}", 1, "there are title, layers"),
        ("{{ rows[9]|compact }}", 1, "there is no '9'"),
        ("{{ iteration|default(absent) }}", 1, "'absent'"),
        ("{% if absent is defined %}{% endif %}\n{{ absent }}", 2, "'absent'"),
        ("{{ iteration|fancy }}", 1, "fancy"),
        ("text\n{{ iteration", 2, "syntax error"),
        ("{% for row in rows %}", 1, "syntax error"),
        ("{{ iteration / 0 }}", 1, "division by zero"),
        ("{{ section.title + 1 }}", 1, "don't go together"),
    ],
)
def test_mistakes_are_named_with_their_line(template: str, line: int, told: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render_text(template, FACTS, "captions/take.txt")
    assert caught.value.where == f"captions/take.txt, line {line}"
    assert told in str(caught.value)


HOSTILE = [
    "{{ ''.__class__.__mro__ }}",
    "{{ section.__class__ }}",
    "{{ section['__class__'] }}",
    "{{ section|attr('__class__') }}",
    "{{ rows.append(1) }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ lipsum }}",
    "{{ namespace(x=1) }}",
    "{{ range(1000000000)|length }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% include '/etc/passwd' %}",
    "{% import '/etc/passwd' as p %}",
    "{% extends '/etc/passwd' %}",
    "{% block b %}{% endblock %}",
    "{% call foo() %}{% endcall %}",
    "{{ 'a' * 1000000000 }}",
    "{{ rows * 1000000000 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ 'a'.ljust(1000000000) }}",
    "{{ 'a'|center(1000000000) }}",
    "{{ 'aaaaaaaa'" + "|replace('a', 'aaaaaaaaaaaaaaaaaaaa')" * 5 + " }}",
    "{% for a in rows recursive %}{{ loop(rows) }}{% endfor %}",
    "{% for a in '" + "x" * 1500 + "' %}{% for b in '" + "x" * 1500 + "' %}xxxx{% endfor %}{% endfor %}",
    "{{ " + "(" * 900 + "1" + ")" * 900 + " }}",
    "{{ " + "-" * 3000 + "1 }}",
    "{{ 1" + "0" * 3990 + " * 10 * 1" + "0" * 300 + " }}",
    "x" * 5000,
]


@pytest.mark.parametrize("template", HOSTILE, ids=[text[:40] for text in HOSTILE])
def test_hostile_templates_are_refused_at_once(template: str) -> None:
    before = time.process_time()
    with pytest.raises(TemplateError):
        render_text(template, FACTS)
    assert time.process_time() - before < 2.0


WORD = "x" * 1800
TALL = {"text": "x" * 3000, "rows": list(range(1000))}
LABOURS = [
    f"{{% for a in '{WORD}' %}}{{% for b in '{WORD}' %}}{{% endfor %}}{{% endfor %}}",
    "{% for a in text %}{% for b in text %}{% endfor %}{% endfor %}" * 60,
    "{% for a in text %}{{ text|replace('y', 'z')|upper|lower|trim|length and '' }}{% endfor %}",
    "{% for a in rows %}{% for b in rows %}{% if a in rows and b in rows %}{% endif %}{% endfor %}{% endfor %}",
    "{{ rows|join(rows|join(rows|join('xxxx'))) }}",
    "{{ rows|join(rows|join(rows|join(text))) }}",
    "{{ 9**(9**9) }}",
    "{{ 9|default(9**(9**9)) }}",
]


@pytest.mark.parametrize("template", LABOURS, ids=[text[:40] for text in LABOURS])
def test_templates_that_only_take_time_are_refused_soon(template: str) -> None:
    before = time.process_time()
    with pytest.raises(TemplateError):
        render_text(template, TALL)
    assert time.process_time() - before < 3.0


def test_the_longest_credits_that_anyone_writes_are_no_labour() -> None:
    sections = [{"title": f"Section {n}", "recordings": [f"talk-{m}.wav" for m in range(20)]} for n in range(50)]
    told = render_text(
        "{% for section in sections %}{{ loop.index }}. {{ section.title|upper }}: {% for name in section.recordings %}"
        "{% if not loop.first %}, {% endif %}{{ name|replace('.wav', '') }}{% endfor %}\n{% endfor %}",
        {"sections": sections},
    )
    assert told.count("talk-19") == 50


SIGNS = "{{ }} {% %} {# #} ( ) [ ] | . , : ~ + * = - ' \" 1 __class__ rows section x thousands join loop None"
WORDS = "for in if endif endfor set is not else raw endraw"
PARTS = st.sampled_from(
    [*SIGNS.split(), *WORDS.split(), " ", "9" * 30, "\n", "\x00", "\ud800", "{{ rows|", "{% for r in rows %}"]
)


@given(st.lists(PARTS, max_size=40).map("".join))
@settings(deadline=None, max_examples=400)
def test_any_text_renders_or_is_one_clear_error(template: str) -> None:
    told, refusal = "", None
    try:
        told = render_text(template, FACTS)
    except TemplateError as error:
        refusal = error
    assert len(told) <= LONGEST_RESULT
    assert refusal is None or "line" in refusal.where


def test_texts_are_checked_before_there_are_facts() -> None:
    check_text("{{ iteration|thousands }}", ["iteration"])
    with pytest.raises(TemplateError, match="not there"):
        check_text("{{ iteration }}", ["epoch"])


def test_numbers_are_told_as_people_read_them() -> None:
    gap = "\u00a0"
    assert thousands(74000) == "74,000"
    assert bits(5.545177, 2) == "8.00"
    assert [duration(value) for value in (4.24, 65, 7440, 104_400)] == [
        f"4.2{gap}s",
        f"1{gap}min 05{gap}s",
        f"2{gap}h 04{gap}min",
        f"1{gap}d 5{gap}h",
    ]
    assert [clock(value) for value in (7, 83, 3723)] == ["0:07", "1:23", "1:02:03"]
    assert rate(11025) == f"11.025{gap}kHz"
    assert percent(0.123) == f"12{gap}%"
    assert plural(1, "layer") == f"1{gap}layer"
    assert [compact(value) for value in (2.0, 0.002, 1_234_567, "x")] == ["2", "0.002", "1,234,567", "x"]


@pytest.mark.parametrize(
    ("value", "digits", "told"),
    [
        (2e-5, 6, "0.00002"),
        (1234.6, 3, "1,235"),
        (1234.6, 6, "1,234.6"),
        (-3e-7, 6, "-0.0000003"),
        (123456.7, 2, "123,457"),
        (0.00123456, 3, "0.00123"),
        (-0.0, 6, "0"),
        (9.99996, 5, "10"),
        (1e20, 6, "100,000,000,000,000,000,000"),
        (2e-20, 6, "2\u00a0\u00d7\u00a010\u207b\u00b2\u2070"),
        (1.5e300, 6, "1.5\u00a0\u00d7\u00a010\u00b3\u2070\u2070"),
    ],
)
def test_compact_numbers_are_plain_ones(value: float, digits: int, told: str) -> None:
    assert compact(value, digits) == told
    load_fonts().runs(told, "sans")  # which the film's own fonts can draw


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 12))
def test_no_number_is_told_in_the_machines_own_way(value: float, digits: int) -> None:
    for told in (compact(value, digits), rate(abs(value)), plural(value, "layer"), decimals(value), percent(value)):
        assert "e+" not in told
        assert "e-" not in told
        assert not re.fullmatch(r"-[0.,]+(\u00a0.*)?", told), "nothing has no sign"


@given(st.floats(1e-9, 1e15), st.integers(1, 12))
def test_a_compact_number_is_as_exact_as_its_digits(value: float, digits: int) -> None:
    assert float(compact(value, digits).replace(",", "")) == pytest.approx(value, rel=0.51 * 10.0 ** (1 - digits))


def test_a_little_is_not_told_as_nothing() -> None:
    gap = "\u00a0"
    assert [decimals(value, 1) for value in (0.03, 0.0, 0.0312, 12.34, -0.004, 1e-17, -1e-17, 0.951)] == [
        *("0.03", "0.0", "0.03", "12.3", "-0.004", "0.0", "0.0", "1.0"),
    ]
    assert duration(0.04) == f"0.04{gap}s"
    assert percent(0.001) == f"0.1{gap}%"
    assert bits(0.0003) == "0.0004"


@given(st.one_of(st.none(), st.text(max_size=5), st.floats(), st.integers(-(10**20), 10**20), st.booleans()))
def test_no_filter_for_numbers_fails_on_any_fact(value: object) -> None:
    for name in ("thousands", "decimals", "compact", "bits", "duration", "clock", "rate", "percent"):
        assert isinstance(FILTERS[name](value), str)


def test_a_template_that_was_right_with_some_facts_is_checked_again_with_others() -> None:
    inner = Shape({"epoch": ANY})
    for _ in range(2):
        assert check_text("{{ take.epoch }}", Shape({"take": inner}), "here") == ()
        with pytest.raises(TemplateError, match="epoch"):
            check_text("{{ take.epoch }}", Shape({"take": Shape({"epochs": ANY})}), "here")
        with pytest.raises(TemplateError, match="take"):
            check_text("{{ take.epoch }}", Shape({"tale": inner}), "here")
        with pytest.raises(TemplateError, match="there"):
            check_text("{{ take.epok }}", Shape({"take": inner}), "there")


def test_facts_are_found_when_a_text_names_them_and_once() -> None:
    facts, asked = PlainFacts({"now": 1}), list[str]()

    def find(name: str) -> int:
        asked.append(name)
        return len(asked)

    facts.find_later(["late", "later"], find)
    more = facts.including("else", 7)
    assert render_text("{{ now }} {{ more }}", facts.including("more", 2)) == "1 2"
    assert asked == []
    assert render_text("{% for _ in range(2) %}{{ late }}{% endfor %} {{ late }}", facts) == "11 1"
    assert asked == ["late"]
    assert render_text("{{ later }}", more) == "2"
    with pytest.raises(TemplateError):
        render_text("{{ latest }}", more)
