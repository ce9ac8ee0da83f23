from __future__ import annotations

from dataclasses import dataclass

import pytest

from pipeline.store.declared import readable


@dataclass(frozen=True)
class Facts:
    title: str
    length: int = 3
    words: tuple[str, ...] = ()

    def longest(self) -> int:
        return max(self.length, len(self.title))


def test_only_declared_fields_can_be_read_even_where_they_have_defaults() -> None:
    view = readable(Facts("A title", 4, ("one",)), {"title"})
    assert view.title == "A title"
    assert isinstance(view, Facts)
    for name in ("length", "words"):
        with pytest.raises(AttributeError, match=f"'{name}' is read without being declared"):
            getattr(view, name)


def test_methods_are_held_to_the_same_declaration() -> None:
    assert readable(Facts("A title"), {"title", "length"}).longest() == 7
    with pytest.raises(AttributeError, match="'length'"):
        readable(Facts("A title"), {"title"}).longest()


def test_a_declared_field_that_there_is_not_is_told() -> None:
    with pytest.raises(ValueError, match="Facts has no field captoins"):
        readable(Facts("A title"), {"captoins"})
