"""8 bits and back."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.audio.formats import SILENCE_BYTE, Encoding
from pipeline.audio.quantise import QuantisedSamples, code_values, dequantise, quantise
from pipeline.learning import corpus

ENCODINGS: tuple[Encoding, ...] = ("linear-u8", "mu-law")
ALL_CODES = np.arange(256, dtype=np.uint8)
every_encoding = pytest.mark.parametrize("encoding", ENCODINGS)


@every_encoding
def test_every_code_comes_back_from_its_own_value(encoding: Encoding) -> None:
    assert np.array_equal(quantise(dequantise(ALL_CODES, encoding), encoding), ALL_CODES)


@every_encoding
def test_code_128_is_silence(encoding: Encoding) -> None:
    assert code_values(encoding)[SILENCE_BYTE] == 0
    assert quantise(np.zeros(3), encoding).tolist() == [128, 128, 128]


@every_encoding
def test_values_rise_with_their_codes_and_stay_near_full_scale(encoding: Encoding) -> None:
    values = code_values(encoding)
    assert (np.diff(values) > 0).all()
    assert values[0] == pytest.approx(-1)
    assert 0.9 < values[255] < 1


@every_encoding
@given(samples=st.lists(st.floats(-1, 0.95), min_size=1, max_size=50))
@settings(deadline=None, max_examples=50)
def test_no_sample_moves_further_than_half_the_step_around_it(encoding: Encoding, samples: list[float]) -> None:
    values = code_values(encoding)
    steps = np.diff(values)
    original = np.array(samples)
    codes = quantise(original, encoding).astype(int)
    widest = np.maximum(steps[np.minimum(codes, 254)], steps[np.maximum(codes - 1, 0)])
    # in mu-law the border between two codes lies in the middle of the law's scale, not of the value's
    allowed = widest * (0.5 if encoding == "linear-u8" else 0.52) + 1e-6
    assert (np.abs(values[codes] - original) <= allowed).all()


@every_encoding
def test_beyond_full_scale_is_clipped_and_what_is_no_number_is_silence(encoding: Encoding) -> None:
    assert quantise(np.array([5.0, -5.0, np.inf, -np.inf, np.nan]), encoding).tolist() == [255, 0, 255, 0, 128]


def test_mu_law_is_finer_than_linear_near_silence() -> None:
    quiet = np.linspace(-0.01, 0.01, 101)
    errors = {name: np.abs(dequantise(quantise(quiet, name), name) - quiet).max() for name in ENCODINGS}
    assert errors["mu-law"] < errors["linear-u8"] / 10


def test_linear_codes_are_those_of_8_bit_wav_files() -> None:
    assert quantise(np.array([-1.0, -0.5, 0.0, 0.5]), "linear-u8").tolist() == [0, 64, 128, 192]


def test_quantised_samples_read_like_an_array() -> None:
    samples = QuantisedSamples(ALL_CODES, "mu-law")
    assert len(samples) == 256
    assert np.array_equal(samples[10:20], code_values("mu-law")[10:20])


def test_quantised_samples_take_a_row_of_bytes_only() -> None:
    with pytest.raises(ValueError, match="row of bytes"):
        QuantisedSamples(np.zeros((2, 2), np.uint8), "mu-law")


def test_the_encodings_are_those_of_the_corpus_record() -> None:
    assert get_args(corpus.Encoding) == get_args(Encoding)


@given(arrays(np.uint8, st.integers(0, 40)), st.sampled_from(ENCODINGS))
def test_the_peak_of_codes_is_that_of_their_samples(codes: np.ndarray, encoding: Encoding) -> None:
    samples = QuantisedSamples(codes, encoding)
    assert samples.peak() == float(np.abs(samples[:]).max(initial=0.0))
