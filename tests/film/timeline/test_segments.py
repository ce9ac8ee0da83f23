from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.film.timeline.segments import SEGMENT_S, split
from tests.film.films import small_timeline


@settings(deadline=None, max_examples=100)
@given(st.integers(3, 100_000), st.sampled_from([Fraction(24), Fraction(30000, 1001), Fraction(60)]))
def test_segments_cover_the_film_without_gaps_and_never_cross_a_clip(total_frames: int, rate: Fraction) -> None:
    timeline = small_timeline(total_frames, rate)
    stretches = split(timeline)
    assert stretches[0].start_frame == 0
    assert stretches[-1].end_frame == total_frames
    for earlier, later in pairwise(stretches):
        assert earlier.end_frame == later.start_frame
    for stretch in stretches:
        assert stretch.clip.start_frame <= stretch.start_frame < stretch.end_frame <= stretch.clip.end_frame
        assert stretch.frames <= 1.5 * SEGMENT_S * rate + 1
    assert len({stretch.name for stretch in stretches}) == len(stretches)
