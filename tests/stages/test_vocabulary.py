"""One vocabulary of facts: documented whole, the same in cards, captions and the files beside the film."""

from __future__ import annotations

from pathlib import Path

from pipeline.picture.language import english
from pipeline.picture.text.templating import PlainFacts, render_caption
from pipeline.stages import storyboard
from pipeline.stages.shared.facts.caption_facts import CAPTION_FACTS
from pipeline.stages.shared.facts.film_facts import film_facts
from pipeline.stages.shared.facts.vocabulary import CAPTION_MEANINGS, FACTS, OLD_CAPTION_NAMES, listed, meaning
from pipeline.stages.shared.sidecars import write_sidecars
from pipeline.stages.shared.workplace import Workplace
from tests.stages import made_up


def test_every_fact_has_a_meaning_and_every_meaning_a_fact(tmp_path: Path) -> None:
    _, results = made_up.results(tmp_path / "work")
    facts = film_facts(made_up.production(), results, english())
    names = [name for name, _ in listed(facts)]
    assert [name for name in names if not meaning(name)] == []
    assert set(FACTS) == {name.replace("[0]", "").replace("[1]", "") for name in names}
    assert set(CAPTION_MEANINGS) | set(OLD_CAPTION_NAMES) | {"film", "section"} == set(CAPTION_FACTS)


def test_old_names_of_captions_say_what_the_tree_says(tmp_path: Path) -> None:
    line = "{{ section }}|{{ section.title }}|{{ network }}|{{ section.network.name }}|{{ film }}|{{ film.sections }}"
    pairs = [f"{old}={{{{ {old} == {new} }}}}" for old, new in OLD_CAPTION_NAMES.items()]
    production = made_up.production()
    production._folder = tmp_path
    (tmp_path / "templates/captions").mkdir(parents=True)
    (tmp_path / "templates/captions/take.txt").write_text(line + " " + " ".join(pairs))
    store, results = made_up.results(tmp_path / "work")
    results = storyboard.run(production, results, Workplace(store=store, output=tmp_path / "out"))
    texts = [sound.caption for sound in results.timeline.record.scenes()[0].sounds if sound.iteration]
    names = "Section 1|Section 1|LSTM, 2 \u00d7 16 neurons|LSTM, 2 \u00d7 16 neurons|A made-up film|2"
    assert texts
    assert texts[0].startswith(names)
    assert "False" not in texts[0]


def test_the_tree_is_the_same_in_the_description(tmp_path: Path) -> None:
    production = made_up.production()
    production._folder = tmp_path
    (tmp_path / "templates/captions").mkdir(parents=True)
    line = "{{ one }}, {{ one.network }}, {{ one.network.layers }}, {{ one.parameters }}\n"
    template = "{% for one in sections %}" + line + "{% endfor %}"
    (tmp_path / "templates/captions/description.txt").write_text(template)
    store, results = made_up.results(tmp_path / "work")
    results = storyboard.run(production, results, Workplace(store=store, output=tmp_path / "out"))
    write_sidecars(production, results, results.timeline.record, tmp_path, lambda _: None)
    first = (tmp_path / "description.txt").read_text().splitlines()[0]
    assert first == "Section 1, LSTM, 2 \u00d7 16 neurons, 2, 12345"


def test_a_named_table_is_its_name_where_it_is_printed_and_compared(tmp_path: Path) -> None:
    _, results = made_up.results(tmp_path / "work")
    facts = PlainFacts(film_facts(made_up.production(), results, english()))
    text = "{{ film ~ '!' }} {{ film|upper }} {{ film == 'A made-up film' }} {{ film.title == film }}"
    assert render_caption(text, facts) == "A made-up film! A MADE-UP FILM True True"
