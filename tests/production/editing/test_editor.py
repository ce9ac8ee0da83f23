"""Edits of a production's text: what they say, and that everything that they are not about stays."""

import tomllib
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.production.editing.editor import edited
from pipeline.production.editing.edits import (
    Edit,
    EditError,
    Insert,
    Move,
    Path,
    Remove,
    SetValue,
    applied,
    value_at,
)
from pipeline.production.editing.toml_blocks import blocks_of, comments_of
from pipeline.production.keys import with_comments
from pipeline.runtime.resources import builtin_templates_folder

STARTER = with_comments((builtin_templates_folder() / "productions" / "starter.toml").read_text(encoding="utf-8"))
MIXED = '''# mine, öäü
title = "One # no comment"   # a title
[video]  # the picture
theme = "midnight" # dark
# width = 1920

# the first
[[section]]  # one
title = """
[[section]] # no header
"""
recordings = [
    "a.wav",  # the first voice
    # none
    "b.wav",
]
storyboard = { takes = 4, card_seconds = 2.5 }  # short
sampling.candidates = 3  # three
sampling.seed = 1
# end of the first

[[section.take]]
iteration = 0 # noise
caption = 'so # it begins'
[[section.take]]
iteration = "best"
seconds = 4.0   # long

# the second
[[section]]
title = "Two"
[section.sampling]
temperature = 0.9 # cold
[section.storyboard]
take = [{ iteration = 3 }, { iteration = 9, caption = "x" }]  # in a line
[[insert]]
file = "a.mp4"  # footage
after = "title"
# after the insert

# thanks to all
[[card]]
template = "thanks" # mine
[[cut]] # for phones
name = "short"
take = [{ iteration = "best" }] # one
# of the second, after all
[[section.caption]] # late
text = "Below!"
below_bits = 3.0 # bits
# the end
'''
SECTION_KEYS = (
    ("title",),
    ("storyboard", "seconds"),
    ("storyboard", "takes"),
    ("sampling", "seed"),
    ("sampling", "choose", "600"),
    ("training", "minutes"),
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12) | st.sampled_from(
    ['a "quoted" # word', "x\ny", "'''", '"""', "[[section]]", "\\"]
)
LONGEST_VALUE = 4
"""Lines of a value in these texts, with its header."""
LISTS = ("insert", "card", "cut")
"""Whose tables stand in lists at the top."""
PLAIN = WORDS | st.integers(-(2**60), 2**60) | st.booleans() | st.floats(-1e6, 1e6).map(lambda one: round(one, 3))


def _list_of(section: dict[str, Any], number: int, name: str) -> Path:
    """Where a section's list stands: in its storyboard, or beside it."""
    return ("section", number, *(("storyboard", name) if name in section.get("storyboard", {}) else (name,)))


@st.composite
def _table_edits(draw: st.DrawFn, values: dict[str, Any], listed: Path, keys: tuple[str, ...]) -> list[Edit]:
    """Edits of a list of tables: one more, one less, another order, another value."""
    count = len(value_at(values, listed) or [])
    table = {draw(st.sampled_from(keys)): draw(PLAIN)}
    edits: list[Edit] = [Insert((*listed, draw(st.integers(0, count))), table)]
    if count:
        one = (*listed, draw(st.integers(0, count - 1)))
        edits += [SetValue((*one, draw(st.sampled_from(keys))), draw(PLAIN)), Remove(one)]
        edits.append(Move(one, draw(st.integers(0, count - 1))))
    return edits


@st.composite
def edit_of(draw: st.DrawFn, values: dict[str, Any]) -> Edit:
    sections = values.get("section", [])
    number = draw(st.integers(0, len(sections) - 1))
    own = sections[number]
    takes = _list_of(own, number, "take")
    count = len(value_at(values, takes) or [])
    kinds: list[Edit] = [
        SetValue(("section", number, *draw(st.sampled_from(SECTION_KEYS))), draw(PLAIN)),
        SetValue(draw(st.sampled_from([("title",), ("author",), ("video", "theme"), ("sound", "music")])), draw(PLAIN)),
        Insert((*takes, draw(st.integers(0, count))), {"iteration": draw(st.integers(0, 99)), "caption": draw(WORDS)}),
        Insert(("insert", 0), {"file": draw(WORDS)}),
        Remove(draw(st.sampled_from([("video", "theme"), ("section", number, "sampling", "seed"), ("author",)]))),
    ]
    if count:
        take = (*takes, draw(st.integers(0, count - 1)))
        kinds += [SetValue((*take, "seconds"), draw(PLAIN)), SetValue((*take, "caption"), draw(WORDS)), Remove(take)]
    captions = _list_of(own, number, "caption")
    kinds += draw(_table_edits(values, captions, ("text", "below_bits", "when")))
    name = draw(st.sampled_from(LISTS))
    kinds += draw(_table_edits(values, (name,), ("seconds", "title", "after", "name")))
    if name == "cut" and values.get("cut"):
        cut = draw(st.integers(0, len(values["cut"]) - 1))
        kinds += draw(_table_edits(values, ("cut", cut, "take"), ("seconds", "caption")))
    network = ("section", number, "network")
    if not isinstance(own.get("network"), str):
        kinds += [SetValue((*network, "kind"), "tiered-lstm"), SetValue((*network, "group"), draw(st.integers(1, 64)))]
    kinds += [
        SetValue(network, {"kind": "lstm", "layers": draw(st.integers(1, 8))}),
        SetValue(network, "auto"),
        Remove((*network, "kind")),
        SetValue(("section", number, "run"), {"loss": [1, 2], "text": {"table": draw(WORDS)}}),
    ]
    if len(sections) > 1:
        kinds.append(Move(("section", number), draw(st.integers(0, len(sections) - 1))))
    return draw(st.sampled_from(kinds))


def changed_lines(before: str, after: str) -> int:
    """How many lines of a text there are between its first and its last that another text has not."""
    old, new = before.split("\n"), after.split("\n")
    same = [a == b for a, b in zip(old, new, strict=False)]
    first = [*same, False].index(False)
    rest = [a == b for a, b in zip(old[first:][::-1], new[first:][::-1], strict=False)]
    return len(old) - first - [*rest, False].index(False)


@settings(max_examples=15)
@given(st.data(), st.sampled_from([MIXED, STARTER, MIXED.replace("\n", "\r\n")]))
def test_any_edits_in_any_order_say_what_they_say_and_keep_every_comment_that_they_are_not_about(
    data: st.DataObject, text: str
) -> None:
    before, values = text, tomllib.loads(text)
    gone: Counter[str] = Counter()
    for _ in range(data.draw(st.integers(1, 6))):
        edit = data.draw(edit_of(values))
        expected = applied(values, [edit])
        after = edited(text, [edit])
        assert tomllib.loads(after) == expected
        if isinstance(edit, SetValue):
            assert changed_lines(text, after) <= LONGEST_VALUE, edit
        if isinstance(edit, Remove):
            gone += comments_of(text.replace("\r\n", "\n")) - comments_of(after.replace("\r\n", "\n"))
        text, values = after, expected
    kept = comments_of(text.replace("\r\n", "\n"))
    assert comments_of(before.replace("\r\n", "\n")) - gone <= kept
    assert text.count("\r\n") in {0, text.count("\n")}


def test_what_an_edit_is_not_about_stays_line_by_line() -> None:
    after = edited(MIXED, [SetValue(("section", 0, "take", 1, "seconds"), 6.5)])
    assert after == MIXED.replace("seconds = 4.0   # long", "seconds = 6.5   # long")
    after = edited(MIXED, [SetValue(("section", 0, "storyboard", "takes"), 9)])
    assert after == MIXED.replace("takes = 4", "takes = 9")
    after = edited(MIXED, [SetValue(("section", 0, "sampling", "prime_s"), 0.5)])
    assert after == MIXED.replace("sampling.seed = 1\n", "sampling.seed = 1\nsampling.prime_s = 0.5\n")


def test_a_new_take_stands_behind_the_one_before_it_and_before_the_comments_of_what_follows() -> None:
    after = edited(MIXED, [Insert(("section", 0, "take", 2), {"iteration": 40})])
    assert after == MIXED.replace("# long\n", "# long\n\n[[section.take]]\niteration = 40\n")
    after = edited(MIXED, [Insert(("section", 0, "take", 0), {"iteration": 40})])
    assert "# end of the first\n\n[[section.take]]\niteration = 40\n\n[[section.take]]\niteration = 0 # noise" in after


def test_the_first_take_leaves_the_starters_commented_keys_in_their_own_tables() -> None:
    after = edited(STARTER, [Insert(("section", 0, "take", 0), {"iteration": 40})])
    key = next(line for line in STARTER.splitlines() if line.startswith("# storyboard.card_seconds"))
    uncommented = after.replace(key, key.removeprefix("# "))
    section = tomllib.loads(uncommented)["section"][0]
    assert "card_seconds" in section["storyboard"]
    assert section["take"] == [{"iteration": 40}]


def test_a_removed_take_takes_its_own_comments_along_and_no_others() -> None:
    after = edited(MIXED, [Remove(("section", 0, "take", 1))])
    assert comments_of(MIXED) - comments_of(after) == Counter({"# long": 1})
    after = edited(after, [Remove(("section", 0, "take", 0))])
    assert "take" not in tomllib.loads(after)["section"][0]
    assert "# end of the first" in after


def test_a_section_moves_with_its_takes_and_the_comments_above_it() -> None:
    after = edited(MIXED, [Move(("section", 1), 0)])
    assert [one["title"] for one in tomllib.loads(after)["section"]] == ["Two", "\n[[section]] # no header\n"[1:]]
    assert after.index("# the second") < after.index('title = "Two"') < after.index("# the first")


def test_an_edit_without_a_place_is_refused() -> None:
    for edit in (
        SetValue(("title", "more"), 1),
        Remove(("section", "x", 3)),
        Move(("section", 0), 7),
        Insert(("section", 0, "take", 9), {}),
        SetValue(("section", 7, "title"), "x"),
    ):
        if not isinstance(edit, Remove):
            with pytest.raises(EditError):
                edited(MIXED, [edit])


def test_a_list_begins_in_a_table_that_stands_on_one_line() -> None:
    after = edited(MIXED, [Insert(("section", 0, "storyboard", "caption", 0), {"text": "x", "iteration": 3})])
    line = 'storyboard = { takes = 4, card_seconds = 2.5, caption = [{text = "x", iteration = 3}]}  # short'
    assert after == MIXED.replace("storyboard = { takes = 4, card_seconds = 2.5 }  # short", line)


def test_what_is_not_there_is_removed_and_what_stays_where_it_is_is_moved_without_a_change() -> None:
    for edit in (Remove(("section", 0, "network", "kind")), Remove(("card", 7)), Move(("cut", 0), 0)):
        assert edited(MIXED, [edit]) == MIXED


def test_blocks_are_found_by_their_headers_alone() -> None:
    paths = [block.path for block in blocks_of(MIXED)]
    assert paths == [
        (), ("video",), ("section", 0), ("section", 0, "take", 0), ("section", 0, "take", 1), ("section", 1),
        ("section", 1, "sampling"), ("section", 1, "storyboard"), ("insert", 0), ("card", 0), ("cut", 0),
        ("section", 1, "caption", 0),
    ]  # fmt: skip
