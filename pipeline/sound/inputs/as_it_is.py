"""Sounds at their own rate, mono or stereo: what another program has made is played as it came.

Owns how high a rate and how many channels are kept. It does not know what for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import FILM_RATE_HZ, wav_container
from pipeline.errors import InputError, RecordingError
from pipeline.sound.inputs.sound_file import new_sound_file
from pipeline.sound.inputs.sources import Notify, choose_source, ignore
from pipeline.sound.signal.mixing import finite
from pipeline.sound.signal.resample import Resampler
from pipeline.store.files import disk_errors

Floats = npt.NDArray[np.float32]

_STEREO: Final = 2
_BLOCK_SAMPLES: Final = 1 << 20
_STRETCH_S: Final = 3600.0  # a block at the lowest rate lasts a minute; what follows the part asked for is no error


@dataclass(frozen=True)
class DecodedSound:
    """A sound at its own rate, or the film's where that is lower.

    Parameters
    ----------
    samples
        float32, shape = (n,), or (n, 2) for stereo; full scale = 1.
    is_damaged
        Whether only a part of the file could be read.
    """

    samples: Floats
    sample_rate_hz: int
    is_damaged: bool = False

    @property
    def channels(self) -> int:
        """1 or 2."""
        return 1 if self.samples.ndim == 1 else self.samples.shape[1]


def decode_as_it_is(
    path: Path,
    *,
    first_s: float,
    error: type[InputError] = RecordingError,
    note: Notify = ignore,
    warn: Notify = ignore,
) -> DecodedSound:
    """Decode a sound, its first `first_s` seconds at most: stereo stays stereo, more channels become one.

    Raises
    ------
    InputError
        Where the file can't be used.
    """
    source = choose_source(path, listen_s=first_s, channels=_STEREO, error=error)
    blocks: list[Floats] = []
    odd_frames, complaints = 0, list[str]()
    with source.opened(first_s + _STRETCH_S, error=error, complaints=complaints) as stream:
        rate_hz = min(stream.sample_rate_hz, FILM_RATE_HZ)
        channels = _STEREO if stream.channels == _STEREO else 1
        resampler = Resampler(stream.sample_rate_hz, rate_hz, channels)
        mixdown = source.mixdown_of(stream.channels)
        for raw in stream.blocks():
            block, odd = finite(raw)
            odd_frames += odd
            blocks.append(resampler.add(block if channels == _STEREO else mixdown.mono(block)))
            if stream.duration_s >= first_s:
                stream.stop()
                break
        blocks.append(resampler.finish())
    source.report_notes(odd_frames, note, warn)
    samples = np.concatenate(blocks)[: round(first_s * rate_hz)]
    return DecodedSound(np.ascontiguousarray(samples, np.float32), rate_hz, bool(complaints))


def write_listening_copy(sound: DecodedSound, path: Path) -> None:
    """Write a sound to listen to: WAV, 16 bits a sample; what is beyond full scale is clipped."""
    container = wav_container(2 * sound.samples.size)
    with disk_errors(path), new_sound_file(path, sound.sample_rate_hz, sound.channels, "PCM_16", container) as file:
        for first in range(0, max(1, len(sound.samples)), _BLOCK_SAMPLES):
            file.write(np.clip(sound.samples[first : first + _BLOCK_SAMPLES], -1.0, 1.0))
