"""Where a sound is silent, and what is left of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sound.signal.silence import quietest_near, shortened, window_lengths, window_levels
from tests.sound.sounds import sine


def longest_run(mask: list[bool]) -> int:
    best = run = 0
    for value in mask:
        run = run + 1 if value else 0
        best = max(best, run)
    return best


def test_levels_are_root_mean_squares() -> None:
    levels = window_levels(sine(1000, 1.0, 8000, level_db=0), 8000)
    assert len(levels) == 100
    assert levels == pytest.approx(np.full(100, np.sqrt(0.5)), rel=1e-3)


def test_the_last_window_may_be_shorter() -> None:
    assert window_levels(np.full(101, 0.5, np.float32), 8000).tolist() == pytest.approx([0.5, 0.5])


def test_no_samples_have_no_levels() -> None:
    assert len(window_levels(np.zeros(0, np.float32), 8000)) == 0


@given(silent=st.lists(st.booleans(), max_size=80), longest=st.integers(1, 10))
@settings(deadline=None, max_examples=100)
def test_no_silence_stays_longer_and_no_sound_is_lost(silent: list[bool], longest: int) -> None:
    mask = np.array(silent, dtype=bool)
    keep = shortened(mask, longest)
    assert keep[~mask].all()
    assert longest_run(mask[keep].tolist()) <= longest
    if longest_run(silent) <= longest:
        assert keep.all()


def test_the_middle_of_a_silence_goes() -> None:
    silent = np.array([False] + [True] * 10 + [False])
    assert np.flatnonzero(~shortened(silent, 4)).tolist() == [3, 4, 5, 6, 7, 8]


def test_silence_at_the_ends_keeps_what_lies_beside_the_sound() -> None:
    silent = np.array([True] * 6 + [False] + [True] * 6)
    assert np.flatnonzero(shortened(silent, 2)).tolist() == [5, 6, 7]


@given(
    lengths=st.lists(st.integers(1, 900), min_size=4, max_size=60),
    place=st.floats(0.1, 0.9),
    wanted=st.floats(0.1, 0.9),
)
def test_the_quietest_boundary_lies_in_the_only_pause_however_many_sounds_are_joined(
    lengths: list[int], place: float, wanted: float
) -> None:
    """Each sound ends in a window that may be shorter."""
    rate, total = 4000, sum(lengths)
    samples = np.ones(total, np.float32)
    pause = round(place * total)
    samples[pause : pause + 100] = 0
    parts = np.split(samples, np.cumsum(lengths)[:-1])
    levels = np.concatenate([window_levels(part, rate) for part in parts])
    sizes = np.concatenate([window_lengths(len(part), rate) for part in parts])
    assert sizes.sum() == total
    found = quietest_near(levels, sizes, round(wanted * total), len(levels))
    assert found in {0, total, *np.cumsum(sizes)}
    edges = np.cumsum(sizes)[:-1]
    if ((edges > pause + 40) & (edges < pause + 60)).any():  # such a boundary has silent windows on both sides
        assert pause <= found <= pause + 100


def test_the_quietest_boundary_near_the_target_is_found() -> None:
    levels = np.ones(100, np.float32)
    levels[58:60] = 0.1
    levels[10:12] = 0.0
    lengths = np.full(100, 80)
    assert quietest_near(levels, lengths, 50 * 80, 20) == 59 * 80
    assert quietest_near(levels, lengths, 50 * 80, 5) == 50 * 80
