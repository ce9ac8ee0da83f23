"""WAV files of bytes that stand for samples, written in constant memory."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.store.files import disk_errors

_BLOCK_SAMPLES: Final = 1 << 18
_FULL_SCALE: Final = 32768


def write_wav(
    path: Path, codes: npt.NDArray[np.uint8], code_values: npt.NDArray[np.float32], sample_rate_hz: int
) -> None:
    """Write a mono WAV file of 16 bits a sample.

    Parameters
    ----------
    codes
        shape = (samples,); may be mapped from a file. At most `WAV_LIMIT_BYTES` of samples.
    code_values
        The value of each code, shape = (256,), full scale = 1.

    Raises
    ------
    DiskFullError, OutputError, StoreError
        Where it can't be written.
    """
    pcm = np.clip(np.rint(code_values * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
    with disk_errors(path), path.open("wb") as raw, wave.open(raw, "wb") as file:  # wave itself leaves half an object
        file.setnchannels(1)
        file.setsampwidth(pcm.itemsize)
        file.setframerate(sample_rate_hz)
        for start in range(0, len(codes), _BLOCK_SAMPLES):
            file.writeframes(pcm[codes[start : start + _BLOCK_SAMPLES]].tobytes())
