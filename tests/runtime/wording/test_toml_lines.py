"""Lines of values in TOML files."""

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.runtime.wording.toml_lines import line_numbers, line_of

TEXT = '''# A comment with [brackets] and = signs
title = "a # no comment"  # a comment
size.wide = 3

[video]
text = """
[not a header]
key = "inside"
"""
rows = [
  ["Network", "{{ one }}"],   # brackets ] in a comment
  ['it''s', "a \\" quote"],
]
inline = { left = 1, "a b" = { c = [1, 2] } }

[[section]]
name = "one"
[[section.take]]
iteration = 1
[[section.take]]
iteration = 2

[[section]]
[section.network]
neurons = 3
[[section.take]]
iteration = 3
'''


def test_every_value_has_the_line_on_which_it_begins() -> None:
    text = TEXT.replace("it''s", "its")
    tomllib.loads(text)
    lines = line_numbers(text)
    rows = text.split("\n")
    wanted = {
        ("title",): "title",
        ("size", "wide"): "size.wide",
        ("video",): "[video]",
        ("video", "text"): 'text = """',
        ("video", "rows"): "rows",
        ("video", "rows", 0, 1): '  ["Network"',
        ("video", "rows", 1): "  ['its'",
        ("video", "inline", "a b", "c", 1): "inline",
        ("section", 0): "[[section]]",
        ("section", 0, "take", 1, "iteration"): "iteration = 2",
        ("section", 1, "network", "neurons"): "neurons",
        ("section", 1, "take", 0, "iteration"): "iteration = 3",
    }
    for path, begins in wanted.items():
        assert rows[lines[path] - 1].startswith(begins), path
    assert line_of(("video", "text", "deeper"), lines) == lines["video", "text"]
    assert line_of(("nowhere",), lines) is None


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab.=[]{}\"'#\\,\n 1", max_size=80))
def test_any_text_ends(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for line in line_numbers(text).values())
