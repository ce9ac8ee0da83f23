"""What a level meter shows while a recording is made, and what it warns of.

Owns the arithmetic: peak, level, clipped samples, and the room's noise floor. It knows no microphones, and shows
nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_CLIPPED: Final = 0.9995
_WINDOW_S: Final = 0.05
_REMEMBERED_S: Final = 15.0
_FLOOR_PERCENTILE: Final = 10
_SETTLED_S: Final = 4.0
_NOISY_FLOOR_DB: Final = -48.0
_SOFT_PEAK_DB: Final = -24.0
_LOWEST_DB: Final = -120.0


@dataclass(frozen=True)
class InputLevel:
    """What the meter shows now.

    Parameters
    ----------
    peak_db, rms_db
        Of the last block, in dB of full scale; -120 for silence.
    highest_db
        The highest peak so far.
    floor_db
        The level of the quietest tenth of the last 15 s: the room, when nobody speaks.
    clipped_samples
        Samples at full scale so far.
    seconds
        How long was listened.
    """

    peak_db: float
    rms_db: float
    highest_db: float
    floor_db: float
    clipped_samples: int
    seconds: float

    def warnings(self) -> tuple[str, ...]:
        """What should be changed before going on; nothing in the first seconds but clipping."""
        texts = []
        if self.clipped_samples:
            texts.append("too loud: it clips. Lower the input's gain, or go further away, and begin again")
        if self.seconds >= _SETTLED_S:
            if self.highest_db < _SOFT_PEAK_DB:
                texts.append("too soft: raise the input's gain, or come closer")
            if self.floor_db > _NOISY_FLOOR_DB:
                texts.append(f"a noisy room: {self.floor_db:.0f} dB between words. Close windows, switch off fans")
        return tuple(texts)


class LevelMeter:
    """Follows a stream of mono blocks.

    Parameters
    ----------
    sample_rate_hz
        Of the stream.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._window = max(1, round(_WINDOW_S * sample_rate_hz))
        self._levels: deque[float] = deque(maxlen=round(_REMEMBERED_S / _WINDOW_S))
        self._rest = np.zeros(0, np.float32)
        self._samples = 0
        self._clipped = 0
        self._highest = 0.0

    def add(self, block: Floats) -> InputLevel:
        """Take a block, shape = (n,), and return what is to be shown."""
        self._samples += len(block)
        self._clipped += int((np.abs(block) >= _CLIPPED).sum())
        peak = float(np.abs(block).max(initial=0.0))
        self._highest = max(self._highest, peak)
        waiting = np.concatenate((self._rest, block))
        whole = len(waiting) // self._window * self._window
        self._rest = waiting[whole:]
        self._levels.extend(_rms(waiting[:whole].reshape(-1, self._window)).tolist())
        floor = float(np.percentile(list(self._levels), _FLOOR_PERCENTILE)) if self._levels else 0.0
        return InputLevel(
            peak_db=_db(peak),
            rms_db=_db(float(_rms(block[None, :])[0]) if len(block) else 0.0),
            highest_db=_db(self._highest),
            floor_db=_db(floor),
            clipped_samples=self._clipped,
            seconds=self._samples / self._rate_hz,
        )


def _rms(rows: Floats) -> npt.NDArray[np.float64]:
    """Level of each row without its DC offset."""
    level: npt.NDArray[np.float64] = rows.std(axis=1, dtype=np.float64)
    return level


def _db(value: float) -> float:
    return max(_LOWEST_DB, 20 * float(np.log10(value))) if value > 0 else _LOWEST_DB
