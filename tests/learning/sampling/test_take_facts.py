"""What is measured on a take, and the doubts that follow from it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio.features import extract_features
from pipeline.learning.sampling.take import Take, TakeFacts
from pipeline.learning.sampling.take_facts import BLOCK, examine, longest_copy
from pipeline.learning.sampling.take_warnings import dead_air_cut, take_warnings
from tests.audio.test_features import RATE_HZ, noise, voice_like

VALUES = ((np.arange(256) - 127.5) / 127.5).astype(np.float32)
LEAST = 2 * BLOCK - 1


def bytes_of(sound: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(sound * 127.5 + 127.5), 0, 255).astype(np.uint8)


def random_bytes(samples: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, samples, dtype=np.uint8)


def slow_longest_copy(said: np.ndarray, corpus: np.ndarray) -> int:
    """The textbook's table of common suffixes."""
    longest, row = 0, np.zeros(len(corpus) + 1, np.int64)
    for value in said:
        row[1:] = np.where(corpus == value, row[:-1] + 1, 0)
        row[0] = 0
        longest = max(longest, int(row.max()))
    return longest


@given(
    seed=st.integers(0, 1000),
    length=st.integers(LEAST, 700),
    at=st.integers(0, 1000),
    start=st.integers(0, 4000),
    others=st.sampled_from([0, 1]),
)
@settings(deadline=None, max_examples=40)
def test_the_longest_copy_is_found_whole(seed: int, length: int, at: int, start: int, others: int) -> None:
    corpus, said = random_bytes(5000, seed), random_bytes(2000, seed + 1)
    for other in range(others):
        said[other : other + LEAST] = corpus[100 : 100 + LEAST]  # a shorter one elsewhere
    length = min(length, len(corpus) - start)
    said[at : at + length] = corpus[start : start + length]
    found, place, there = longest_copy(said, corpus, VALUES)
    expected = slow_longest_copy(said, corpus)
    if expected >= LEAST:
        assert found == expected
        assert said[there : there + found].tolist() == corpus[place : place + found].tolist()


def test_what_is_not_in_the_corpus_is_no_copy() -> None:
    assert longest_copy(random_bytes(50_000, 1), random_bytes(200_000, 2), VALUES) == (0, 0, 0)


def test_silence_is_no_copy() -> None:
    still = np.full(20_000, 128, np.uint8)
    assert longest_copy(still, still, VALUES) == (0, 0, 0)


@pytest.mark.parametrize("samples", [0, 1, BLOCK - 1, BLOCK])
def test_short_sounds_have_no_copies(samples: int) -> None:
    assert longest_copy(random_bytes(samples, 1), random_bytes(samples, 2), VALUES) == (0, 0, 0)


def facts_of(sound: np.ndarray) -> TakeFacts:
    corpus = bytes_of(voice_like(0))
    said = bytes_of(sound)
    own, recording = (extract_features(VALUES[codes], RATE_HZ) for codes in (said, corpus))
    return examine(said, corpus, VALUES, RATE_HZ, own=own, recording=recording)


def test_silence_noise_and_clipping_are_told_apart() -> None:
    voice = facts_of(voice_like(3))
    assert voice.silence_share < 0.7
    assert not voice.noise
    assert voice.clipped_share < 0.001
    assert facts_of(np.zeros(RATE_HZ)).silence_share == 1.0
    assert facts_of(noise(0.2)).noise
    assert facts_of(8.0 * voice_like(3)).clipped_share > 0.02


def test_a_take_that_repeats_the_recording_is_measured() -> None:
    facts = facts_of(voice_like(0))
    assert facts.copied_samples == 4 * RATE_HZ
    assert facts.copied_from_sample == 0


def take(iteration: int, **facts: object) -> Take:
    return Take(
        iteration=iteration,
        samples=RATE_HZ,
        sample_rate_hz=RATE_HZ,
        encoding="linear-u8",
        seed=1,
        temperature=1.0,
        precision="int16",
        facts=TakeFacts.model_validate(facts),
    )


def test_doubts_have_numbers() -> None:
    takes = [take(0, noise=True, silence_share=1.0), take(10, silence_share=0.5), take(200, copied_samples=4000)]
    silent, copied = take_warnings(takes)
    assert "1 of 3 takes are at least 50% silence: iteration 10" in silent
    assert "iteration 200 repeats 4,000 bytes (0.50 s)" in copied


def test_clipped_takes_and_late_noise_are_doubted_but_early_noise_is_not() -> None:
    takes = [take(n, noise=True, clipped_share=0.02 if n > 6 else 0.0) for n in range(9)]
    clipped, noisy = take_warnings(takes)
    assert "2 of 9 takes are clipped" in clipped
    assert "3 of 9 takes are noise: iteration 6, 7, 8" in noisy


def test_dead_air_that_was_cut_is_told_with_its_length() -> None:
    told = dead_air_cut([take(0), take(10, cut_s=2.25), take(1200, cut_s=0.5)])
    assert "cut from 2 of 3 takes: iteration 10 (2.2 s), 1,200 (0.5 s)" in told
    assert dead_air_cut([take(0), take(10)]) == ""


def test_good_takes_leave_no_doubt() -> None:
    assert take_warnings([take(0), take(5), take(9, copied_samples=100)]) == []
    assert take_warnings([]) == []
