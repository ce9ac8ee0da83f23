from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.runs.record import elapsed, later_rows_count


@given(st.lists(st.integers(0, 50), max_size=60))
def test_rows_that_count_rise_and_are_the_last_of_their_iteration(iterations: list[int]) -> None:
    rows = np.array(iterations, dtype=np.float64)
    kept = later_rows_count(rows)
    assert (np.diff(rows[kept]) > 0).all()
    for row in range(len(iterations)):
        assert kept[row] == all(later > iterations[row] for later in iterations[row + 1 :])


def test_a_restart_replaces_what_was_after_it() -> None:
    kept = later_rows_count(np.array([0.0, 1, 2, 3, 4, 2, 3, 4, 5]))
    assert kept.tolist() == [True, True, False, False, False, True, True, True, True]


def test_the_pause_before_a_restart_is_no_time_of_training() -> None:
    iterations = np.array([0.0, 1, 2, 3, 2, 3])
    seconds = np.array([100.0, 110, 120, 130, 9000, 9010])
    assert elapsed(seconds, later_rows_count(iterations)).tolist() == [0, 10, 10, 20]


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30))
def test_time_never_falls(seconds: list[float]) -> None:
    kept = np.ones(len(seconds), dtype=np.bool_)
    told = elapsed(np.array(seconds), kept)
    assert (np.diff(told) >= 0).all()
    assert told[0] == 0
