from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio.formats import ENCODINGS, Encoding
from pipeline.audio.quantise import code_values
from pipeline.audio.wav import write_wav
from pipeline.errors import OutputError, StoreError


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_wav_file_holds_what_its_bytes_stand_for(tmp_path: Path, encoding: Encoding) -> None:
    codes = np.random.default_rng(0).integers(0, 256, 300_001).astype(np.uint8)
    write_wav(tmp_path / "take.wav", codes, code_values(encoding), 11025)
    samples, rate_hz = soundfile.read(tmp_path / "take.wav", dtype="float32")
    assert rate_hz == 11025
    assert samples.shape == codes.shape
    assert np.abs(samples - code_values(encoding)[codes]).max() <= 0.5 / 32768 + 1e-7


def test_a_place_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises((OutputError, StoreError)):
        write_wav(tmp_path / "absent" / "take.wav", np.zeros(3, np.uint8), code_values("mu-law"), 8000)
