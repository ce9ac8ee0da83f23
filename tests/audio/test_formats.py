import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio.formats import ENCODINGS, SILENCE_BYTE, WAV_LIMIT_BYTES, wav_container
from pipeline.audio.quantise import code_values
from pipeline.sound.inputs import recorder
from pipeline.sound.settings import CorpusSettings


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_byte_of_silence_is_silent(encoding: str) -> None:
    assert code_values(CorpusSettings.model_validate({"encoding": encoding}).encoding)[SILENCE_BYTE] == 0


@given(st.integers(0, 2**40))
def test_no_wav_file_counts_beyond_32_bits(sample_bytes: int) -> None:
    header_bytes = 44
    assert (wav_container(sample_bytes) == "WAV") == (sample_bytes <= WAV_LIMIT_BYTES)
    assert wav_container(sample_bytes) == "RF64" or sample_bytes + header_bytes < 2**32


def test_the_longest_recording_fits_into_a_wav_file_and_the_longest_corpus_is_no_wav_file() -> None:
    assert wav_container(round(recorder.LONGEST_S * recorder.RATE_HZ * 3)) == "WAV"
    longest = CorpusSettings.model_validate({"longest_s": 48 * 3600.0, "sample_rate_hz": 48_000})
    assert wav_container(round(longest.longest_s * longest.sample_rate_hz) * np.dtype("<i2").itemsize) == "RF64"
