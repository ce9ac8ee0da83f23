"""Sound in 8 bits and back: linear unsigned, or mu-law.

Owns what the 256 codes mean. In both encodings code 128 is silence, code 0 the most negative value, and every code
comes back from its own value unchanged. It does not know files, rates or networks.

Linear: value = (code - 128) / 128, as in 8-bit WAV files.
Mu-law: the continuous law behind ITU-T G.711, mu = 255: value = sign(y) (256^|y| - 1) / 255, y = (code - 128) / 128.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import SILENCE_BYTE, Encoding

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint8]

_MU: Final = 255.0


def code_values(encoding: Encoding) -> Floats:
    """The value of each code, shape = (256,), full scale = 1, strictly increasing."""
    y = (np.arange(256) - SILENCE_BYTE) / SILENCE_BYTE
    if encoding == "mu-law":
        y = np.sign(y) * np.expm1(np.abs(y) * np.log1p(_MU)) / _MU
    return y.astype(np.float32)


def quantise(samples: npt.NDArray[np.floating], encoding: Encoding) -> Codes:
    """Give each sample its nearest code (nearest in the law's own scale); beyond full scale it is clipped.

    Parameters
    ----------
    samples
        Any shape, full scale = 1. Not-a-number becomes silence.
    """
    x = np.nan_to_num(np.asarray(samples, dtype=np.float64), nan=0.0, posinf=1.0, neginf=-1.0)
    if encoding == "mu-law":
        x = np.sign(x) * np.log1p(_MU * np.abs(x)) / np.log1p(_MU)
    codes: Codes = np.clip(np.rint(x * SILENCE_BYTE) + SILENCE_BYTE, 0, 255).astype(np.uint8)
    return codes


def dequantise(codes: Codes, encoding: Encoding) -> Floats:
    """Give each code's value, same shape, full scale = 1."""
    values: Floats = code_values(encoding)[codes]
    return values


class QuantisedSamples:
    """Codes that read as samples: slices are dequantised when they are taken.

    So a long take can stay a file mapped from the disk, `QuantisedSamples(np.load(path, mmap_mode="r"), "mu-law")`.

    Parameters
    ----------
    codes
        uint8, shape = (samples,).
    encoding
        What the codes mean.
    """

    def __init__(self, codes: Codes, encoding: Encoding) -> None:
        if codes.ndim != 1 or codes.dtype != np.uint8:
            raise ValueError(f"expected a row of bytes, not {codes.dtype} of shape {codes.shape}")
        self._codes = codes
        self._values = code_values(encoding)

    def __len__(self) -> int:
        return len(self._codes)

    def __getitem__(self, part: slice) -> Floats:
        values: Floats = self._values[self._codes[part]]
        return values

    def peak(self) -> float:
        """The highest level, full scale = 1; 0 where there are no samples. No sample is dequantised for it."""
        if not len(self._codes):
            return 0.0
        lowest, highest = self._values[self._codes.min()], self._values[self._codes.max()]  # values rise with codes
        return float(max(-lowest, highest))
