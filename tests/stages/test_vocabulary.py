# ruff: noqa: E501 - templates in one line
"""One vocabulary of facts: documented whole, the same in cards, captions, conditions and the files beside the film."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import TemplateError
from pipeline.picture.language import english
from pipeline.picture.sandbox.values import UnknownFact, plain
from pipeline.picture.text.templating import check_text, render_caption
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import Silence
from pipeline.stages import cards, storyboard
from pipeline.stages.shared.facts.table import FactTable, LateFacts, at, fact
from pipeline.stages.shared.facts.vocabulary import (
    CAPTION_FACTS,
    FILM_FACTS,
    FORMER_OF_CAPTIONS,
    FORMER_OF_FILM,
    SECTION_FACTS,
    film_facts,
    listed,
    section_facts,
)
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.sidecars import write_sidecars
from pipeline.stages.shared.workplace import Workplace
from tests.stages import made_up


class Notes(Silence):
    def __init__(self) -> None:
        object.__setattr__(self, "notes", [])

    def note(self, text: str) -> None:
        self.notes.append(text)  # type: ignore[attr-defined]


class Small(FactTable):
    stands_for = "one"

    @fact
    def one(self) -> int:
        """The first."""
        return 1


class Whole(FactTable):
    @fact
    def small(self) -> Small | None:
        """One of them."""
        return Small()

    @fact
    def all(self) -> list[Small]:
        """All of them."""
        return [Small(), Small()]


def film(folder: Path, **templates: str) -> Production:
    production = made_up.production()
    production._folder = folder
    (folder / "templates/captions").mkdir(parents=True)
    for name, text in templates.items():
        (folder / f"templates/captions/{name}.txt").write_text(text)
    return production


def planned(production: Production, folder: Path) -> Results:
    store, results = made_up.results(folder / "work")
    return storyboard.run(production, results, Workplace(store=store, output=folder / "out"))


def test_every_fact_has_a_meaning_and_a_value(tmp_path: Path) -> None:
    production = film(tmp_path)
    found = list(listed(film_facts(production, planned(production, tmp_path), english()), FILM_FACTS))
    names = [name for name, _, _ in found]
    assert [name for name, _, meaning in found if not meaning.endswith((".", "..."))] == []
    assert len(names) == len(set(names)) > 100
    for name in ("film.title", "sections[1].network.layers", "sections[0].take.voice.pitch_hz", "machine.software"):
        assert name in names
    assert not any(isinstance(value, UnknownFact) for _, value, _ in found)


def test_the_tree_is_made_of_the_facts_tables_alone() -> None:
    shape, values = Whole.shape(), Whole().values()
    assert shape.fields["small"].fields["one"].meaning == "The first."
    assert shape.fields["all"].items.fields["one"].meaning == "The first."
    assert (values["small"], values["small"].facts["one"], len(values["all"])) == (1, 1, 2)


def test_former_names_say_what_the_tree_says_and_are_noted(tmp_path: Path) -> None:
    former = {**FORMER_OF_FILM, **FORMER_OF_CAPTIONS}
    pairs = " ".join(f"{old}={{{{ {old} == {now} }}}}" for old, now in former.items())
    production = film(tmp_path, take=f"{{{{ section }}}}|{{{{ network }}}}|{{{{ film }}}}|{{{{ sections }}}} {pairs}")
    texts = [one.caption for one in planned(production, tmp_path).timeline.record.scenes()[0].sounds if one.iteration]
    assert texts[0].startswith("Section 1|LSTM, 2 \u00d7 16 neurons|A made-up film|2 ")
    assert "False" not in texts[0]
    notes = Notes()
    store, results = made_up.results(tmp_path / "work")
    storyboard.run(production, results, Workplace(store=store, output=tmp_path / "out", report=notes))
    assert len(notes.notes) == len(former)
    assert (
        "captions/take.txt, line 1: 'epoch' is called 'take.epoch' now; the former name goes on working" in notes.notes
    )


def test_former_names_of_cards_are_noted_once_with_their_element(tmp_path: Path) -> None:
    production = film(tmp_path)
    (tmp_path / "templates/cards").mkdir()
    text = (
        "{{ title }} {{ title }} {% for one in sections %}{{ one.corpus.duration_s }}{{ one.parameters }}{% endfor %}"
    )
    card = f'[style.a]\nsize = 0.05\n[grid.landscape]\nrows = [1]\nareas = ["a"]\n[[element]]\narea = "a"\ntext = "{text}"\n'
    (tmp_path / "templates/cards/title.toml").write_text(card + 'style = "a"\n')
    notes, results = Notes(), planned(production, tmp_path)
    store, _ = made_up.results(tmp_path / "work")
    cards.run(production, results, Workplace(store=store, output=tmp_path / "out", report=notes))
    assert notes.notes == [
        f"cards/title.toml, element 1 (text in area 'a'), line 1: '{old}' is called '{now}' now; the former name goes on working"
        for old, now in (
            ("title", "film.title"),
            ("corpus", "section.recording"),
            ("parameters", "section.network.parameters"),
        )
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ section.netwrok.layers }}", "perhaps 'network'"),
        ("{{ section.network.layer }}", "perhaps 'layers'"),
        ("{% for one in sections %}{{ one.titel }}{% endfor %}", "perhaps 'title'"),
        ("{% set voice = take.voice %}{{ voice.pich_hz }}", "perhaps 'pitch_hz'"),
        ("{{ sections[0].recording.secs }}", "duration_s"),
        ("{{ (sections|last).nmae }}", "there are"),
        ("{{ take.voice.pitch_hz if film.is_comparabel else '' }}", "perhaps 'is_comparable'"),
        ("{{ section.corpus.secs }}", "duration_s"),
        ("{{ itertion }}", "perhaps 'take.iteration'; there are film, machine, network"),
    ],
)
def test_names_within_names_are_checked_before_there_is_anything(text: str, told: str) -> None:
    with pytest.raises(TemplateError) as caught:
        check_text("\n" + text, CAPTION_FACTS, "take.txt")
    assert caught.value.where == "take.txt, line 2"
    assert told in caught.value.expected


def test_what_a_template_may_never_do_is_found_before_there_is_anything() -> None:
    for text in ("{{ 9 ** (9 ** 9) }}", "{{ 'x' * 99999 }}", "{% for a in range(99999) %}{{ take }}{% endfor %}"):
        with pytest.raises(TemplateError, match="can't be used"):
            check_text(text, CAPTION_FACTS, "take.txt")
    check_text("{{ take.iteration * 2 }}{{ sections[0].title }}{{ 1 / take.epoch }}", CAPTION_FACTS, "take.txt")


def test_what_may_be_missing_is_no_error() -> None:
    for text in (
        "{{ section.nope|default('x') }}",
        "{% if take.nope is defined %}{{ take.iteration }}{% endif %}",
        "{{ section.run.facts[0].label }}",
        "{% for name, value in take.voice.items() %}{{ name }}{% endfor %}",
        "{% macro row(one) %}{{ one.anything }}{% endmacro %}{{ row(section) }}",
        "{{ sections|map(attribute='title')|join(words.list.comma) }}",
    ):
        assert check_text(text, CAPTION_FACTS, "x") == ()


def test_the_tree_is_the_same_in_the_description(tmp_path: Path) -> None:
    line = "{{ one }}, {{ one.network }}, {{ one.network.layers }}, {{ one.parameters }}\n"
    production = film(tmp_path, description="{% for one in sections %}" + line + "{% endfor %}")
    results = planned(production, tmp_path)
    write_sidecars(production, results, results.timeline.record, tmp_path / "film.mp4", lambda _: None)
    first = (tmp_path / "description.txt").read_text().splitlines()[0]
    assert first == "Section 1, LSTM, 2 \u00d7 16 neurons, 2, 12345"


def test_facts_that_are_found_late_are_those_of_the_table() -> None:
    class Table(FactTable):
        @fact
        def loss(self) -> float:
            """Not a number."""
            return float("nan")

        @fact
        def count(self) -> int:
            """Three."""
            return 3

    late, whole = LateFacts(Table()), plain(Table().values())
    assert dict(late) == whole == {"loss": None, "count": 3}
    assert (len(late), "count" in late, "other" in late) == (2, True, False)
    with pytest.raises(KeyError):
        late["other"]


def test_short_names_are_parts_of_the_section(tmp_path: Path) -> None:
    production = film(tmp_path)
    facts = section_facts(film_facts(production, planned(production, tmp_path), english()), 1)
    for name in ("network", "training", "recording"):
        assert at(facts, name) == at(facts, f"section.{name}")
    text = "{{ film ~ '!' }} {{ section.number }} {{ film == 'A made-up film' }} {{ take.of }} {{ recording.files[0] }}"
    assert render_caption(text, facts) == "A made-up film! 2 True 4 voice.wav"
    assert set(SECTION_FACTS.fields) <= set(facts)


def caption_rules(folder: Path, *rules: dict[str, Any]) -> list[str]:
    production = made_up.production(storyboard_1={"caption": list(rules)})
    results = planned(production, folder)
    return [caption.text for caption in results.timeline.record.captions]


def test_any_fact_is_a_condition_of_a_caption(tmp_path: Path) -> None:
    said = caption_rules(
        tmp_path,
        {
            "text": "late {{ take.iteration }}",
            "when": "take.epoch >= 1 and take.loss_nats|bits|float < 9",
            "seconds": 1,
        },
        {"text": "never", "when": "take.voice.voiced_share > 1"},
        {"text": "reached {{ take.iteration }}", "when": "take.iteration > 4", "on": "playhead", "seconds": 1},
    )
    assert [text for text in said if text.startswith("late")] == ["late 80"] or "late 20" in said
    assert any(text.startswith("reached 5") for text in said)
    assert "never" not in said


def test_a_broken_condition_is_an_error_before_anything_is_trained() -> None:
    production = made_up.production(storyboard_1={"caption": [{"text": "x", "when": "take.epohc > 1"}]})
    with pytest.raises(TemplateError) as caught:
        storyboard.check(production)
    assert caught.value.where == "condition of a caption in section 1, line 1"
    assert "perhaps 'epoch'" in caught.value.expected
