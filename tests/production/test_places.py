"""Errors of a production name its file, the line, and the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.build.stage_order import check_all
from pipeline.errors import InputError
from pipeline.production.places import path_in, place_of
from pipeline.production.schema import load_production
from pipeline.runtime.wording.toml_lines import line_numbers

GOOD = """title = "A film"
language = "en"

[video]
width = 320
theme = "midnight"

[[section]]
title = "One"
recordings = ["voice.wav"]
network = { kind = "lstm", layers = 1, neurons = 16, embedding = 8 }
storyboard = { takes = 3, seconds = 9 }

[[section.take]]
iteration = 0
caption = "first"

[[section.caption]]
text = "low"
when = "take.epoch > 1"
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("theme =", "them =", 6, "'theme'"),
        ("width = 320", 'width = "wide"', 5, "a whole number"),
        ("takes = 3", 'takes = "many"', 12, "a whole number"),
        ("layers = 1", 'layers = "one"', 11, "a whole number"),
        ("layers = 1", "layer = 1", 11, "'layers'"),
        ('kind = "lstm"', 'kind = "lsmt"', 11, "'lstm'"),
        ("iteration = 0", "iteration = -4", 14, "the first is 0"),
        ('"first"', '"{{ take.iteratoin }}"', 16, "perhaps 'iteration'"),
        ('"first"', '"{% if %}"', 16, "such as {{ film.title }}"),
        ('"low"', '"{{ film.titel }}"', 19, "perhaps 'title'"),
        ("take.epoch", "take.epohc", 20, "perhaps 'epoch'"),
        ('"midnight"', '"midnite"', 6, "midnight"),
        ('"en"', '"english"', 2, "'en'"),
        ('"One"', '"One', 9, "title = "),
        ("seconds = 9", 'seconds = 9, caption_style = "lould"', 12, ""),
        ("[[section]]", '[[card]]\ntemplate = "thnks"\nafter = "title"\nseconds = 2\n\n[[section]]', 9, ""),
        ("[[section]]", '[[card]]\ntemplate = "x"\nafter = "section 1 take 77"\n\n[[section]]', 8, "take 77"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in GOOD
    path = tmp_path / "production.toml"
    path.write_text(GOOD.replace(old, new))
    (tmp_path / "voice.wav").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        check_all(load_production(path), stages=("storyboard", "cards"))
    assert f"{path}, line {line}" in caught.value.where
    assert told in str(caught.value)


def test_a_recording_beside_the_folder_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "production.toml"
    path.write_text(GOOD.replace('"voice.wav"', '"/etc/passwd"'))
    with pytest.raises(InputError) as caught:
        load_production(path)
    assert f"{path}, line 10: section 1, recordings" in caught.value.where


def test_the_words_of_an_error_are_a_path() -> None:
    assert path_in("section 2 (One, two), storyboard.caption_style") == ("section", 1, "storyboard", "caption_style")
    assert path_in("caption in section 1, line 3") == ("section", 0, "line", 2)
    assert path_in("video, picture: /tmp/x.png") == ("video", "picture")
    assert path_in("insert 3: /tmp/x") == ("insert", 2)
    assert path_in("templates/cards/title.toml, line 2") == ()
    assert path_in("") == ()
    lines = line_numbers(GOOD)
    assert place_of(("section", 0, "line", 2), lines, Path("p.toml")) == "p.toml, line 8"
    assert place_of(("nothing",), lines, Path("p.toml")) == ""
    assert place_of(("title",), lines, None) == ""
