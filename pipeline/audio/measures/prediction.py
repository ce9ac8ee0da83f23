"""Linear prediction: how each sample follows from those before it.

The autocorrelation method, after J. Makhoul, "Linear prediction: a tutorial review" (Proc. IEEE 63, 1975).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


def predictors_of(frames: Doubles, order: int) -> Doubles:
    """Coefficients of each frame's prediction error filter, by the Levinson-Durbin recursion.

    Parameters
    ----------
    frames
        shape = (frames, samples), more samples than the order.

    Returns
    -------
    Doubles
        shape = (frames, order + 1), the first of each is 1; a silent frame has zeros beside it.
    """
    spectrum = np.fft.rfft(frames, 2 * frames.shape[1], axis=1)
    same = np.fft.irfft(np.square(spectrum.real) + np.square(spectrum.imag), axis=1)[:, : order + 1]
    same[:, 0] = same[:, 0] * (1 + 1e-6) + 1e-12  # a floor of noise, 60 dB below
    predictor = np.zeros_like(same)
    predictor[:, 0] = 1.0
    error = same[:, 0].copy()
    for n in range(1, order + 1):
        reflection = -np.sum(predictor[:, :n] * same[:, n:0:-1], axis=1) / error
        predictor[:, : n + 1] += reflection[:, None] * predictor[:, : n + 1][:, ::-1].copy()
        error = np.maximum(error * (1 - np.square(reflection)), 1e-15)
    return predictor
