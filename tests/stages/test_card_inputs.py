"""What cards draw comes from one table, and a card's key is made of what its template's elements read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.picture.cards.elements.element import CardElement, Content, FilledWords
from pipeline.picture.cards.facts import CardFacts
from pipeline.picture.cards.template import ELEMENTS
from pipeline.picture.text.templating import PlainFacts
from pipeline.stages.shared.card_inputs import SOURCES, WORD_FIELDS, CardInputs, card_facts, card_ingredients
from pipeline.store.declared import field_names, readable
from tests.stages import made_up


def test_every_field_of_a_cards_facts_has_a_source_and_a_reader() -> None:
    assert set(SOURCES) == field_names(CardFacts) - WORD_FIELDS
    assert frozenset().union(*(element.reads for element in ELEMENTS)) == set(SOURCES)


def test_only_what_is_read_is_gathered(tmp_path: Path) -> None:
    _, results = made_up.results(tmp_path)
    inputs = CardInputs(made_up.production(), results, 0)
    facts = card_facts(inputs, PlainFacts({}), {"layers"})
    assert [layer.name for layer in facts.layers] == ["byte", "embed", "LSTM", "LSTM", "next"]
    assert facts.curves == ()
    assert card_ingredients(inputs, ()) == {}


@pytest.mark.parametrize("field", SOURCES)
def test_the_key_tells_sections_apart_by_what_is_drawn(field: str, tmp_path: Path) -> None:
    _, results = made_up.results(tmp_path)
    one, two = (card_ingredients(CardInputs(made_up.production(), results, at), {field}) for at in (0, 1))
    assert one.keys() == {field}
    assert (one != two) == (field in {"recording", "curve"})  # both networks are alike, the rest is the whole film's


@pytest.mark.parametrize("kind", [kind for kind in ELEMENTS if kind.reads])
def test_an_element_that_reads_what_it_does_not_declare_is_told(kind: type[CardElement]) -> None:
    element = kind.model_construct()
    content = Content(FilledWords(), readable(CardFacts({}), frozenset()))
    with pytest.raises(AttributeError, match="read without being declared"):
        element.compose(content, None, 100.0, 100.0)  # type: ignore[arg-type]
