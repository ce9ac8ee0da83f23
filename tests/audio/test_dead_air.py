"""Dead air in takes: found where it is longer than the recording's pauses, and cut out of its middle."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio.dead_air import longest_pause_s, stretches_to_keep
from pipeline.audio.quantise import code_values, quantise

RATE_HZ = 8000
VALUES = code_values("mu-law")
LIMIT = 1e-5


def spoken(*parts: float) -> np.ndarray:
    """A tone for every positive number of seconds, silence for every negative one; as bytes."""
    sounds = []
    for seconds in parts:
        t = np.arange(round(abs(seconds) * RATE_HZ)) / RATE_HZ
        sounds.append(0.3 * np.sin(2 * np.pi * 300 * t) if seconds > 0 else np.zeros(len(t)))
    return quantise(np.concatenate(sounds), "mu-law")


def cut(said: np.ndarray, longest_s: float) -> np.ndarray:
    kept = stretches_to_keep(said, VALUES, RATE_HZ, LIMIT, longest_s)
    return np.concatenate([said[start:end] for start, end in kept])


def test_the_recordings_longest_pause_is_what_a_take_may_have() -> None:
    assert abs(longest_pause_s(spoken(1, -0.8, 1, -0.2, 1), VALUES, RATE_HZ, LIMIT) - 0.8) < 0.05
    assert longest_pause_s(spoken(1, -0.1, 1), VALUES, RATE_HZ, LIMIT) == 0.5


def test_only_what_is_longer_is_cut_and_only_to_that_length() -> None:
    said = spoken(1, -3, 1, -0.6, 1)
    left = cut(said, 0.8)
    assert abs(len(left) / RATE_HZ - (1 + 0.8 + 1 + 0.6 + 1)) < 0.06
    assert np.array_equal(left[: RATE_HZ + 2000], said[: RATE_HZ + 2000])
    assert np.array_equal(left[-2 * RATE_HZ :], said[-2 * RATE_HZ :])
    assert np.array_equal(cut(said, 4.0), said)


def test_of_a_take_that_says_nothing_a_second_is_left() -> None:
    assert len(cut(spoken(-20), 0.5)) == RATE_HZ
    assert len(cut(spoken(-0.4), 0.5)) == 0.4 * RATE_HZ


@given(
    st.lists(st.floats(0.02, 2.0).flatmap(lambda s: st.sampled_from([s, -s])), min_size=1, max_size=8),
    st.floats(0.1, 1.5),
)
def test_cutting_keeps_every_sound_and_its_order(parts: list[float], longest_s: float) -> None:
    said = spoken(*parts)
    kept = stretches_to_keep(said, VALUES, RATE_HZ, LIMIT, longest_s)
    assert kept[0][0] == 0
    assert kept[-1][1] == len(said)
    assert all(start <= end for start, end in kept)
    assert all(one[1] < other[0] for one, other in pairwise(kept))
    gone = np.ones(len(said), bool)
    for start, end in kept:
        gone[start:end] = False
    assert np.abs(VALUES[said[gone]]).max(initial=0) < 0.05
    assert np.count_nonzero(~gone) >= min(len(said), RATE_HZ)
