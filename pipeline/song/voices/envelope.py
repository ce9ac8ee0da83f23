"""The spectral envelope of a held sound, from the harmonics of all its moments together.

A vocoder sees one moment at a time, and guesses between its harmonics: the higher the pitch, the further it misses the
first formants. As pitch moves, harmonics move along one envelope, which is fitted to all of them
(`python -m tests.benchmarks.singing` measures what is kept). Owns that fit: regularised discrete cepstra (O. Cappé,
J. Laroche, E. Moulines, "Regularized estimation of cepstrum envelope from discrete frequency points", WASPAA 1995) over
many frames, each with a loudness of its own (Y. Shiga, S. King, "Estimating the spectral envelope of voiced speech
using multi-frame analysis", Eurospeech 2003).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

MOST_HZ: Final = 5000.0
"""Above, voices are mostly breath, and their resonances broad."""
_FADES_FROM: Final = 0.8
"""Of the highest frequency that is corrected."""
_DETAIL_HZ: Final = 100.0
_SMOOTH: Final = 2e-4
_PERIODS: Final = 4
_FINEST_HZ: Final = 3.0
"""Between the lines of a spectrum: so near to a harmonic its level is that of the nearest."""
_MOST_MOMENTS: Final = 40
_LEAST_MOMENTS: Final = 3
_ROUGH: Final = 1.5
"""Of the usual misfit: a moment that fits worse is left out."""
_WORST: Final = 1.15
"""Natural logarithm of power, 5 dB: where harmonics lie so far from any envelope, their pitch was taken wrong."""
_MOST: Final = 2.8
"""Natural logarithm of power, 12 dB: no correction is larger."""

_Seen = Sequence[tuple[Doubles, Doubles]]


def corrected(
    envelope: Floats, samples: Doubles, rate_hz: int, centres: Doubles, hz: Doubles, *, top_hz: float
) -> Floats:
    """What is added to each frame of a held sound, so that its mean lies on its harmonics; shape = (bins,).

    Nothing where its harmonics lie on no envelope.

    Parameters
    ----------
    envelope
        Natural logarithm of the power spectrum as the vocoder sees it, shape = (frames, bins).
    samples
        Mono, shape = (n,).
    centres, hz
        Where each frame lies in the samples, and its pitch; 0 where it has none; each of shape = (frames,).
    top_hz
        Up to where the recording holds anything.
    """
    top_hz = min(MOST_HZ, top_hz)
    added = np.zeros(envelope.shape[1], np.float32)
    seen = _harmonics(samples, rate_hz, centres, hz, top_hz)
    curve = _fitted(seen, top_hz) if len(seen) >= _LEAST_MOMENTS else None
    if curve is None:
        return added
    bins_hz = np.linspace(0, rate_hz / 2, envelope.shape[1])
    within = bins_hz <= top_hz
    change = _basis(bins_hz[within], top_hz) @ curve - envelope.mean(axis=0)[within]
    heard = bins_hz[within] >= hz[hz > 0].min() / 2
    change -= change[heard].mean()
    fade = np.clip((1 - bins_hz[within] / top_hz) / (1 - _FADES_FROM), 0.0, 1.0)
    added[within] = np.clip(change, -_MOST, _MOST) * fade
    return added


def _harmonics(samples: Doubles, rate_hz: int, centres: Doubles, hz: Doubles, top_hz: float) -> _Seen:
    """The frequencies and levels (natural logarithm of power) of the harmonics of moments with a pitch."""
    found = []
    size = 1 << int(np.ceil(np.log2(rate_hz / _FINEST_HZ)))
    voiced = np.flatnonzero(hz > 0)
    for one in voiced[np.unique(np.linspace(0, len(voiced) - 1, min(len(voiced), _MOST_MOMENTS)).astype(int))]:
        half, middle = round(_PERIODS / 2 * rate_hz / hz[one]), round(centres[one])
        part = samples[max(0, middle - half) : middle + half + 1]
        if middle < half or len(part) < 2 * half + 1:
            continue
        own = hz[one] * np.arange(1, int(top_hz // hz[one]) + 1)
        amplitudes = np.abs(np.fft.rfft(part * np.hanning(len(part)), size))[np.rint(own * size / rate_hz).astype(int)]
        found.append((own, 2 * np.log(amplitudes / half + 1e-7)))
    return found


def _fitted(seen: _Seen, top_hz: float) -> Doubles | None:
    """Cepstrum of the envelope on which harmonics lie, without its mean; None where they lie on none."""
    for _ in range(2):
        terms = [_without_mean(_basis(own, top_hz)) for own, _ in seen]
        levels = [_without_mean(level) for _, level in seen]
        stacked = np.concatenate(terms)
        smooth = _SMOOTH * len(stacked) / stacked.shape[1] * np.square(np.arange(1, stacked.shape[1] + 1))
        curve = np.linalg.solve(stacked.T @ stacked + np.diag(smooth), stacked.T @ np.concatenate(levels))
        misfits = [
            float(np.sqrt(np.square(level - term @ curve).mean())) for term, level in zip(terms, levels, strict=True)
        ]
        usual = float(np.median(misfits))
        seen = [one for one, misfit in zip(seen, misfits, strict=True) if misfit <= _ROUGH * usual]
    return np.asarray(curve) if usual <= _WORST else None


def _basis(hz: Doubles, top_hz: float) -> Doubles:
    """Cosines along frequency, shape = (frequencies, order)."""
    return np.asarray(np.cos(np.pi / top_hz * np.outer(hz, np.arange(1, round(top_hz / _DETAIL_HZ) + 1))))


def _without_mean(values: Doubles) -> Doubles:
    return np.asarray(values - values.mean(axis=0))
