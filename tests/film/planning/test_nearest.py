from __future__ import annotations

import math

import pytest

from pipeline.film.planning.nearest import nearest
from pipeline.film.planning.plan import CheckpointPoint

POINTS = [CheckpointPoint(0, math.nan), CheckpointPoint(10, 2.0), CheckpointPoint(20, 1.0), CheckpointPoint(40, 1.5)]


@pytest.mark.parametrize(
    ("wanted", "iteration"),
    [("first", 0), ("last", 40), ("best", 20), (0, 0), (14, 10), (15, 10), (16, 20), (30, 20), (900, 40)],
)
def test_what_is_named_is_found_and_of_two_as_near_the_earlier(wanted: int | str, iteration: int) -> None:
    assert nearest(POINTS, wanted).iteration == iteration
