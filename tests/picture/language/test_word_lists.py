"""A person's own word lists: what is wrong with one is an error before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import TemplateError
from pipeline.picture.language import load_language


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('[scene]\niteratoin = "x"\n', 2, "perhaps 'scene.iteration'"),
        ('[scene]\n\ntake = "no {iteratoin}"\n', 3, "perhaps '{iteration}'"),
        ('[count]\ntake = { few = "{count}", other = "{count}" }\n', 2, "forms of one, other"),
        ('[count]\ntake = { one = "{count}" }\n', 2, "forms of one, other"),
        ('[scene]\nrecording = { one = "a", other = "b" }\n', 2, "one text"),
        ("[scene]\ntake = 3\n", 2, "a text"),
        ('[scene]\ntake = "a { b"\n', 2, "such as {count}"),
        ('[scene]\ntake = "' + "x" * 401 + '"\n', 2, "at most 400"),
        ("[scene\n", 1, ""),
    ],
)
def test_a_broken_word_list_is_named_with_its_line(tmp_path: Path, text: str, line: int, told: str) -> None:
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages/nl.toml").write_text(text)
    with pytest.raises(TemplateError) as caught:
        load_language("nl", tmp_path)
    assert f"nl.toml, line {line}" in caught.value.where
    assert told in str(caught.value)


def test_a_list_of_ones_own_shadows_and_completes_word_by_word(tmp_path: Path) -> None:
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages/de.toml").write_text('scene.iteration = "Schritt"\n')
    (tmp_path / "languages/nl.toml").write_text('scene.iteration = "iteratie"\n')
    german, dutch = load_language("de-AT", tmp_path), load_language("nl", tmp_path)
    assert (german.text("scene.iteration"), german.text("scene.epoch")) == ("Schritt", "Epoche")
    assert german.missing == ()
    assert (dutch.text("scene.iteration"), dutch.text("scene.epoch")) == ("iteratie", "epoch")
    assert "scene.epoch" in dutch.missing
    assert dutch.number("1,234.5") == "1.234,5"
