from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.film.planning.shapes import LONGEST_SIDE_PX, SHORTEST_SIDE_PX, check_shape, draft_size, fitting_layout

SIDES = st.integers(SHORTEST_SIDE_PX, LONGEST_SIDE_PX)


@given(SIDES, SIDES)
def test_a_frame_of_any_allowed_size_has_a_layout_that_is_made_for_it(width: int, height: int) -> None:
    layout = fitting_layout(width, height)
    check_shape(layout, layout, width, height)


@given(SIDES, SIDES)
@example(1090, 1286)
def test_a_draft_keeps_the_layout_of_its_film(width: int, height: int) -> None:
    layout = fitting_layout(width, height)
    check_shape(layout, layout, *draft_size(width, height))


@pytest.mark.parametrize(("size", "layout"), [((64, 8192), "portrait"), ((8192, 64), "landscape")])
def test_the_narrowest_frames_have_the_layout_of_their_own_side(size: tuple[int, int], layout: str) -> None:
    assert fitting_layout(*size) == layout
