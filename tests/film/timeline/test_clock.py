from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.film.timeline.clock import Clock, timestamp

RATES = [Fraction(n) for n in (24, 25, 30, 48, 50, 60, 120)] + [Fraction(n * 1000, 1001) for n in (24, 30, 60, 120)]
rates = st.sampled_from(RATES)
sample_rates = st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000, 96000])


@settings(deadline=None, max_examples=200)
@given(rates, sample_rates, st.lists(st.integers(1, 100_000), min_size=1, max_size=30))
def test_lengths_between_boundaries_add_up_to_the_whole(rate: Fraction, hz: int, lengths: list[int]) -> None:
    clock = Clock(rate, hz)
    frame = samples = 0
    for length in lengths:
        samples += clock.samples_between(frame, frame + length)
        frame += length
    assert samples == clock.sample_at(frame)


@settings(deadline=None, max_examples=200)
@given(rates, sample_rates, st.integers(0, 10_000_000))
def test_a_boundary_is_within_half_a_sample_of_the_exact_time(rate: Fraction, hz: int, frame: int) -> None:
    assert abs(Clock(rate, hz).sample_at(frame) - Fraction(frame) / rate * hz) <= Fraction(1, 2)


@settings(deadline=None, max_examples=200)
@given(rates, st.integers(0, 100_000))
def test_the_frames_within_a_length_are_those_that_fit(rate: Fraction, milliseconds: int) -> None:
    frames = Clock(rate, 48000).frames_within(milliseconds / 1000)
    assert Fraction(frames) / rate <= Fraction(milliseconds, 1000) < Fraction(frames + 1) / rate


@pytest.mark.parametrize(
    ("seconds", "short", "subrip"),
    [
        (Fraction(0), "0:00", "00:00:00,000"),
        (Fraction(125, 2), "1:02", "00:01:02,500"),
        (Fraction(3601), "1:00:01", "01:00:01,000"),
    ],
)
def test_times_are_written_for_people_and_for_subtitles(seconds: Fraction, short: str, subrip: str) -> None:
    assert timestamp(seconds) == short
    assert timestamp(seconds, milliseconds=True, comma=True) == subrip
