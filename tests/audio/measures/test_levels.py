from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio.measures.levels import (
    clipped_share,
    coarse_contour_db,
    loudness_contour_db,
    pauses_of,
    silent_windows,
    window_powers,
)
from pipeline.audio.measures.voice import measure
from tests.audio.measures.voices import VOWELS, coloured_noise, silence, vowel
from tests.sound.sounds import noise, sine

RATE_HZ = 11025


def test_pauses_are_counted_and_measured() -> None:
    word = vowel(120.0, VOWELS["a"], 0.5, RATE_HZ)
    parts = [word, silence(0.2, RATE_HZ), word, silence(0.3, RATE_HZ), word, silence(0.4, RATE_HZ), word]
    measured = measure(np.concatenate(parts), RATE_HZ)
    assert measured.pauses == 3
    assert measured.pause_s == pytest.approx(0.3, abs=0.03)
    assert measured.pause_share == pytest.approx(0.9 / 2.9, abs=0.03)
    assert measured.silence_share == pytest.approx(0.9 / 2.9, abs=0.03)


def test_silence_before_and_after_everything_is_no_pause() -> None:
    word = vowel(120.0, VOWELS["a"], 0.5, RATE_HZ)
    measured = measure(np.concatenate([silence(1.0, RATE_HZ), word, silence(0.5, RATE_HZ)]), RATE_HZ)
    assert (measured.pauses, measured.pause_share, measured.pause_s) == (0, 0.0, 0.0)
    assert measured.silence_share == pytest.approx(0.75, abs=0.03)


def test_the_stop_of_a_consonant_is_no_pause() -> None:
    word = vowel(120.0, VOWELS["a"], 0.5, RATE_HZ)
    assert measure(np.concatenate([word, silence(0.06, RATE_HZ), word]), RATE_HZ).pauses == 0


def test_hiss_far_below_the_voice_is_silence() -> None:
    word = vowel(120.0, VOWELS["a"], 0.5, RATE_HZ)
    sound = np.concatenate([word, silence(0.3, RATE_HZ), word]) + noise(1.3, RATE_HZ, -55.0)
    assert measure(sound[: round(1.3 * RATE_HZ)], RATE_HZ).pauses == 1


@pytest.mark.parametrize("seconds", [0.0, 0.001, 2.0])
def test_silence_is_silent_altogether(seconds: float) -> None:
    measured = measure(silence(seconds, RATE_HZ), RATE_HZ)
    assert (measured.silence_share, measured.level_db, measured.voiced_share) == (1.0, -96.0, 0.0)
    assert measured.sound_s == measured.voiced_s == measured.vowel_s == 0.0


def test_direct_current_is_silence() -> None:
    measured = measure(np.full(RATE_HZ, 0.3, np.float32) + sine(200, 1.0, RATE_HZ, -90.0), RATE_HZ)
    assert measured.voiced_share == 0.0


def test_the_level_is_that_of_a_known_tone() -> None:
    measured = measure(sine(200.0, 2.0, RATE_HZ, -6.0), RATE_HZ)
    assert measured.level_db == pytest.approx(-9.01, abs=0.05)


def test_the_contour_follows_the_loudness() -> None:
    sound = np.concatenate([coloured_noise(0.0, 1.0, RATE_HZ), 0.1 * coloured_noise(0.0, 1.0, RATE_HZ)])
    contour_db = loudness_contour_db(window_powers(sound, RATE_HZ))
    middle = len(contour_db) // 2
    assert np.mean(contour_db[: middle - 1]) - np.mean(contour_db[middle + 1 :]) == pytest.approx(20, abs=1.0)
    assert measure(sound, RATE_HZ).loudness_range_db == pytest.approx(20, abs=4.0)
    coarse = measure(sound, RATE_HZ).loudness_contour_db
    level_db = 10 * np.log10(np.mean(np.square(sound[:RATE_HZ])))
    assert coarse[:8] == pytest.approx([level_db] * 8, abs=1.5)
    assert coarse[9:] == pytest.approx([level_db - 20] * 7, abs=1.5)  # the part between is cut by whole windows


@given(st.integers(0, 5000))
def test_the_coarse_contour_has_sixteen_parts_of_the_whole(count: int) -> None:
    powers = window_powers(noise(1.0, RATE_HZ)[:count], RATE_HZ)
    coarse = coarse_contour_db(powers)
    assert len(coarse) == min(16, len(powers))
    assert not len(powers) or min(coarse) <= 10 * np.log10(powers.mean()) + 0.1 <= max(coarse) + 0.2
    assert coarse_contour_db(np.zeros(len(powers))) == (-96.0,) * len(coarse)


def test_clipping_is_flat_tops_and_not_clean_peaks() -> None:
    clean = sine(200.0, 1.0, RATE_HZ, -0.1)
    assert clipped_share(clean) < 0.001
    loud = np.clip(2 * clean, -1, 1)
    assert clipped_share(loud) == pytest.approx(np.mean(np.abs(loud) == 1), abs=0.01)
    assert clipped_share(np.clip(2 * clean, -1, 1) * np.float32(0.5)) == 0.0  # clipped before, but not here


@given(st.lists(st.booleans(), max_size=60))
def test_pauses_lie_between_sounds(silent: list[bool]) -> None:
    flags = np.array(silent, bool)
    pauses = pauses_of(flags)
    text = "".join("_" if one else "#" for one in silent).strip("_")
    runs = [run for run in text.replace("#", " ").split() if len(run) >= 10]
    assert pauses.count == len(runs)
    assert pauses.share == pytest.approx(sum(map(len, runs)) / max(1, len(silent)))


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30), st.integers(0, 50))
def test_the_level_against_which_silence_is_told_knows_no_silence(powers: list[float], added: int) -> None:
    own = np.array(powers)
    assert silent_windows(np.append(own, np.zeros(added)))[: len(own)].tolist() == silent_windows(own).tolist()
