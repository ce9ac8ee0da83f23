"""From the channels of a recording to one.

Owns which channels are mixed: all of them equally, except where they cancel one another out (a plug wired the wrong way
round) or where only the bass channel of surround sound holds anything; then one channel alone is taken. It does not
know files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

NO_SOUND_ABOVE: Final = 1e10
"""Beyond this a sample is as little a number as infinity: 200 dB above full scale."""
SILENT_PEAK: Final = 10 ** (-60 / 20)
_COUNTED: Final = 1 << 18
_WINDOW_S: Final = 0.1
_HEARD_WINDOWS: Final = 5
_VOICE_HZ: Final = (100.0, 4000.0)  # a hum or hiss that channels share must not hide that the voice is gone
_GONE: Final = 0.5  # of the power of the loudest channel alone: where the sum has less, the channels cancel
_TOLERATED: Final = 0.02  # so much of the energy may be gone
_ALIKE: Final = 0.01
_NAMES: Final = ("left", "right")


@dataclass(frozen=True)
class Mixdown:
    """How one recording's channels become one.

    Parameters
    ----------
    weights
        Factor of each channel.
    note
        What a person should know about the choice; empty where all channels are mixed.
    """

    weights: tuple[float, ...]
    note: str = ""

    def mono(self, block: Floats) -> Floats:
        """Mix a block of shape (n, channels), whose samples are finite."""
        if len(self.weights) == 1:
            return block[:, 0]
        mixed: Floats = block @ np.array(self.weights, np.float32)
        return mixed


def plain_mixdown(channels: int, bass_channel: int | None) -> Mixdown:
    """Mix all channels equally, except the bass channel."""
    mixed = [channel for channel in range(channels) if channel != bass_channel or channels == 1]
    return Mixdown(tuple(1 / len(mixed) if channel in mixed else 0.0 for channel in range(channels)))


def finite(block: Floats) -> tuple[Floats, int]:
    """Take what is no number (NaN, infinite, absurdly large) as silence; return also in how many frames any was."""
    odd = ~(np.abs(block) <= NO_SOUND_ABOVE)
    if not odd.any():
        return block, 0
    return np.where(odd, np.float32(0), block), int(odd.any(axis=1).sum())


def count_odd(samples: Floats) -> int:
    """In how many frames any sample is no number, of a sound that may be longer than the memory."""
    return sum(finite(samples[at : at + _COUNTED])[1] for at in range(0, len(samples), _COUNTED))


def odd_sample_warnings(frames: int) -> tuple[str, ...]:
    """Tell how many samples were no numbers, where any were."""
    if not frames:
        return ()
    count = "1 sample is no number" if frames == 1 else f"{frames} samples are no numbers"
    return (f"{count} (NaN or infinite) and became silence; export the file again, as 16- or 24-bit WAV or FLAC",)


class ChannelSurvey:
    """Listens to all channels of a recording, block by block, before it is chosen which are mixed.

    Parameters
    ----------
    sample_rate_hz, channels
        Of the recording.
    bass_channel
        The one with low-frequency effects, where there is one.
    """

    def __init__(self, sample_rate_hz: int, channels: int, bass_channel: int | None) -> None:
        self._channels = channels
        self._bass = bass_channel if channels > 1 and bass_channel is not None and bass_channel < channels else None
        self._size = max(1, round(_WINDOW_S * sample_rate_hz))
        high = min(_VOICE_HZ[1], 0.45 * sample_rate_hz)
        from scipy import signal  # noqa: PLC0415 - takes seconds to load, and most commands read no sound

        self._filter = signal.butter(2, (_VOICE_HZ[0], high), "bandpass", fs=sample_rate_hz, output="sos")
        self._state = np.zeros((len(self._filter), 2, channels))
        self._rest = np.zeros((0, channels), np.float32)
        self._first: Floats | None = None
        self._low, self._high = np.full(channels, np.inf), np.full(channels, -np.inf)
        self._powers: list[Floats] = []
        self._sums: list[Floats] = []
        self._sounding = 0

    def add(self, block: Floats) -> None:
        """Listen to the next block, shape = (n, channels), whose samples are finite."""
        if not len(block):
            return
        if self._first is None:
            self._first = block[:1].copy()  # a DC offset has stood there for ever: it makes no step
        self._low, self._high = np.minimum(self._low, block.min(axis=0)), np.maximum(self._high, block.max(axis=0))
        from scipy import signal  # noqa: PLC0415 - as above

        filtered, self._state = signal.sosfilt(self._filter, block - self._first, axis=0, zi=self._state)
        samples = np.concatenate([self._rest, filtered.astype(np.float32)])
        whole = len(samples) // self._size * self._size
        self._measure(samples[:whole])
        self._rest = samples[whole:]

    def finish(self) -> None:
        """Count what is left too, where nothing else was long enough."""
        if len(self._rest) and not self._powers:
            self._size = len(self._rest)
            self._measure(self._rest)
        self._rest = self._rest[:0]

    @property
    def peak(self) -> float:
        """The highest peak of any channel, without its DC offset; 0 where there were no samples."""
        return float(max(0.0, np.max(self._high - self._low) / 2)) if self._first is not None else 0.0

    @property
    def is_heard(self) -> bool:
        """Whether something has sounded for half a second altogether (or half of the time), above -60 dB."""
        windows = sum(len(powers) for powers in self._powers)
        return self._sounding >= min(_HEARD_WINDOWS, max(1, windows // 2))

    def mixdown(self) -> Mixdown:
        """Choose what is mixed."""
        plain = plain_mixdown(self._channels, self._bass)
        if self._channels == 1 or not self._powers:
            return plain
        powers, sums = np.concatenate(self._powers), np.concatenate(self._sums)
        mixed = [channel for channel in range(self._channels) if channel != self._bass]
        if self._bass is not None and powers[:, mixed].max() <= SILENT_PEAK**2 < powers[:, self._bass].max():
            return self._alone(self._bass, "only the bass channel holds sound, and is taken as the voice")
        loudest = powers[:, mixed].max(axis=1)
        if not loudest.sum() > 0 or _gone(sums, loudest) <= _TOLERATED:
            return plain
        gone = np.array([_gone(powers[:, channel], loudest) for channel in mixed])
        alike = np.flatnonzero(gone <= gone.min() + _ALIKE)
        best = int(alike[np.argmax(powers[:, mixed].sum(axis=0)[alike])])
        if _gone(sums, loudest) <= gone[best]:
            return plain
        return self._alone(mixed[best], "its channels cancel one another when they are mixed")

    def _measure(self, samples: Floats) -> None:
        windows = samples.reshape(-1, self._size, self._channels)
        if not len(windows):
            return
        mixed = [channel for channel in range(self._channels) if channel != self._bass]
        powers = np.square(windows).mean(axis=1)
        self._sounding += int((powers.max(axis=1) > SILENT_PEAK**2).sum())
        self._powers.append(powers)
        self._sums.append(np.square(windows[:, :, mixed].sum(axis=2)).mean(axis=1))

    def _alone(self, channel: int, why: str) -> Mixdown:
        name = f"the {_NAMES[channel]} channel" if self._channels == len(_NAMES) else f"channel {channel + 1}"
        return Mixdown(tuple(float(own == channel) for own in range(self._channels)), f"{why}: {name} alone is taken")


def _gone(powers: Floats, loudest: Floats) -> float:
    """Which share of the energy lies where so little of it is left."""
    return float(loudest[powers < _GONE * loudest].sum(dtype=np.float64) / loudest.sum(dtype=np.float64))
