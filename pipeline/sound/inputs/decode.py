"""Whole sounds in memory that is mapped: music for under a film, and whatever is short.

Owns how a sound becomes one or two channels at a wanted rate. It does not know what for.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.errors import FootageError, InputError, RecordingError
from pipeline.sound.inputs.sources import Notify, choose_source, ignore
from pipeline.sound.signal.mixing import Mixdown, finite
from pipeline.sound.signal.resample import Resampler

Floats = npt.NDArray[np.float32]

_LONGEST_MUSIC_S: Final = 3600.0
_SHORTEST_MUSIC_S: Final = 1.0
_STRETCH_S: Final = 3600.0  # a block at the lowest rate lasts a minute; what follows the part asked for is no error


def decode(
    path: Path,
    *,
    sample_rate_hz: int,
    channels: int = 1,
    first_s: float = _LONGEST_MUSIC_S,
    error: type[InputError] = RecordingError,
    note: Notify = ignore,
    warn: Notify = ignore,
) -> Floats:
    """Decode a sound, its first `first_s` seconds at most, into a nameless file that is mapped: for music.

    Parameters
    ----------
    note, warn
        Called with what a person should know: which track was taken, and what was no sound.

    Returns
    -------
    Floats
        shape = (n,) for one channel, (n, 2) for two: mono comes from both sides, more than two from both equally.
    """
    source = choose_source(path, listen_s=first_s, channels=channels, error=error)
    odd_frames = 0
    with source.opened(first_s + _STRETCH_S, error=error) as stream, TemporaryFile() as file:
        resampler = Resampler(stream.sample_rate_hz, sample_rate_hz, channels)
        mixdown = source.mixdown_of(stream.channels)
        for raw in stream.blocks():
            block, odd = finite(raw)
            odd_frames += odd
            mixed = mixdown.mono(block) if channels == 1 else _mix_to_stereo(block, mixdown)
            file.write(resampler.add(mixed).tobytes())
            if stream.duration_s >= first_s:
                stream.stop()
                break
        file.write(resampler.finish().tobytes())
        samples = min(file.tell() // (4 * channels), round(first_s * sample_rate_hz))
        shape = (samples,) if channels == 1 else (samples, channels)
        file.flush()
        decoded = np.memmap(file, np.float32, "r", shape=shape) if samples else np.zeros(shape, np.float32)
    source.report_notes(odd_frames, note, warn)
    return decoded


def load_music(path: Path, sample_rate_hz: int, note: Notify = ignore, warn: Notify = ignore) -> Floats:
    """Decode music for under a film: stereo, its first hour at most, shape (n, 2); see `decode` for the notes.

    Raises
    ------
    FootageError
        Where it can't be used, or is too short to be repeated.
    """
    music = decode(path, sample_rate_hz=sample_rate_hz, channels=2, error=FootageError, note=note, warn=warn)
    if len(music) < _SHORTEST_MUSIC_S * sample_rate_hz:
        raise FootageError(
            f"The music lasts {len(music) / sample_rate_hz:.3f} s only.",
            where=str(path),
            expected=f"at least {_SHORTEST_MUSIC_S:g} s",
            hint="Name a longer file; it begins again where the film is longer.",
        )
    return music


def _mix_to_stereo(block: Floats, mixdown: Mixdown) -> Floats:
    if block.shape[1] == 2:  # noqa: PLR2004 - stereo
        return block
    return np.repeat(mixdown.mono(block)[:, None], 2, axis=1)
