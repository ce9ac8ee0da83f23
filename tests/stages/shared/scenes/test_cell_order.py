"""Cells that move together lie together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.shared.scenes.cell_order import cell_order


@pytest.mark.parametrize("cells", [12, 300])
def test_cells_that_move_together_lie_together(cells: int) -> None:
    rng = np.random.default_rng(2)
    families = rng.integers(0, 4, cells)
    moves = rng.normal(0, 1, (400, 4))[:, families] + rng.normal(0, 0.2, (400, cells))
    order = cell_order(np.clip(40 * moves, -127, 127).astype(np.int8))
    assert sorted(order) == list(range(cells))
    assert np.count_nonzero(np.diff(families[order])) == len(set(families)) - 1


def test_neighbours_are_as_alike_as_can_be() -> None:
    phases = np.linspace(0, np.pi, 20)
    moves = 100 * np.sin(np.linspace(0, 60, 900)[:, None] + phases)
    mixed = np.random.default_rng(3).permutation(20)
    order = mixed[cell_order(moves[:, mixed].astype(np.int8))]
    assert list(order) in (list(range(20)), list(range(19, -1, -1)))


@given(st.integers(0, 40), st.integers(1, 12), st.integers(0, 3))
@settings(max_examples=30)
def test_any_rows_give_a_permutation(windows: int, cells: int, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(-2, 2, (windows, cells)).astype(np.int8)
    assert sorted(cell_order(rows)) == list(range(cells))


def test_cells_that_stand_still_have_places_too() -> None:
    assert sorted(cell_order(np.full((50, 9), 7, np.int8))) == list(range(9))
