from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from pipeline.store.ingredients import settings_ingredients
from pipeline.store.store import Piece


class First(BaseModel):
    width: int = 3
    name: str = "a"


class Second(First):
    depth: int | None = None
    limit: float = 1.0


FIRST_VERSION = frozenset({"width", "name"})


def key(settings: BaseModel) -> str:
    return Piece("stage", "piece", 1, settings_ingredients(settings, FIRST_VERSION, {"limit": "bound"})).key


@given(st.integers(), st.text(st.characters(codec="utf-8")))
def test_a_setting_that_was_added_changes_no_key_at_its_default(width: int, name: str) -> None:
    assert key(First(width=width, name=name)) == key(Second(width=width, name=name))


def test_a_setting_that_was_added_counts_where_it_is_set() -> None:
    assert len({key(Second()), key(Second(depth=1)), key(Second(limit=2.0)), key(Second(depth=1, limit=2.0))}) == 4


def test_a_setting_that_was_renamed_counts_under_its_stored_name() -> None:
    found = settings_ingredients(Second(limit=2.0), FIRST_VERSION, {"limit": "bound"})
    assert found == {"width": 3, "name": "a", "bound": 2.0}
