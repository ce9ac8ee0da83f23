from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.picture.text.shrinking import shrink_to_fit


@given(st.floats(1, 1000), st.floats(0.1, 1000), st.floats(0.05, 1))
def test_the_largest_size_that_fits_is_found_or_the_smallest_that_is_tried(
    first: float, room: float, least: float
) -> None:
    size, width, fits = shrink_to_fit(
        first, lambda at: 2 * at, lambda wide: wide <= room, smaller=lambda at: at * 0.9, goes_on=lambda at: at > least
    )
    assert width == 2 * size
    assert fits == (width <= room)
    assert fits or size <= least
    assert not fits or size == first or 2 * size / 0.9 > room * 0.999


def test_what_fits_at_once_is_made_once() -> None:
    made: list[int] = []
    assert shrink_to_fit(7, made.append, lambda _: True, smaller=lambda at: at - 1, goes_on=lambda _: True).size == 7
    assert made == [7]


def test_it_ends_where_nothing_is_smaller() -> None:
    found = shrink_to_fit(3, lambda at: at, lambda _: False, smaller=lambda at: max(1, at - 1), goes_on=lambda _: True)
    assert found == (1, 1, False)
