"""Canonical text of values with shared parts is that of the same values without."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from pipeline.store.shared_values import canonical_text, shared
from pipeline.store.store import Piece

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


def shared_within(value: Any, depth: int) -> Any:
    """The same, with everything shared from a depth on."""
    if depth == 0:
        return shared(value)
    if isinstance(value, dict):
        return {name: shared_within(one, depth - 1) for name, one in value.items()}
    return [shared_within(one, depth - 1) for one in value] if isinstance(value, list) else value


@given(PLAIN, st.integers(0, 3))
def test_shared_parts_change_no_text(value: Any, depth: int) -> None:
    parted = shared_within(value, depth)
    plain = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical_text(parted) == canonical_text(parted) == plain
    assert Piece("render", "a", 1, {"x": parted}).key == Piece("render", "a", 1, {"x": value}).key


def test_names_that_are_no_text_are_written_as_ever() -> None:
    assert canonical_text({2: shared([1]), 1: {"b": shared({"z": 1, "a": 2})}}) == '{"1":{"b":{"a":2,"z":1}},"2":[1]}'
