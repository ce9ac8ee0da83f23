"""Voices and backing become one stereo sound: equally loud before their gains, faded, never clipped.

Owns levels and positions. Loudness is that of ITU-R BS.1770, peaks are held by the film's own limiter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.sound.signal.limiter import Limiter
from pipeline.sound.signal.loudness import measure

Floats = npt.NDArray[np.float32]

_VOICE_LUFS: Final = -20.0
_SONG_LUFS: Final = -18.0
_MOST_GAIN_DB: Final = 40.0
_CEILING_DBTP: Final = -1.5
_FADE_IN_S: Final = 0.02
_FADE_OUT_S: Final = 1.0
_BLOCK: Final = 1 << 16
_HALF: Final = float(np.sqrt(0.5))


@dataclass(frozen=True, eq=False)
class VoiceTrack:
    """One voice: mono samples at 48 kHz, shape = (n,), where it stands (-1 to 1) and its gain."""

    samples: Floats
    pan: float = 0.0
    gain_db: float = 0.0


@dataclass(frozen=True, eq=False)
class SongMix:
    """The mix, shape = (n, 2), and each voice alone as it is in it, mono, shape = (n,)."""

    stereo: Floats
    voices: tuple[Floats, ...]


def mix(voices: Sequence[VoiceTrack], backing: Floats | None, backing_db: float) -> SongMix:
    """Mix a song.

    Parameters
    ----------
    voices
        All of one length.
    backing
        Stereo at 48 kHz, shape = (n, 2), from where the song begins; a shorter one leaves silence.
    backing_db
        Its loudness, above that of all voices together.
    """
    levelled = [_levelled(voice.samples, _VOICE_LUFS + voice.gain_db) for voice in voices]
    total = np.zeros((len(voices[0].samples), 2), np.float32)
    for voice, samples in zip(voices, levelled, strict=True):
        total += samples[:, None] * pan_gains(voice.pan)
    if backing is not None:
        part = backing[: len(total)]
        loud = measure(total, FILM_RATE_HZ).integrated_lufs
        wanted = (loud if np.isfinite(loud) else _VOICE_LUFS) + backing_db
        total[: len(part)] += _levelled(np.asarray(part, np.float32), wanted)
    found = measure(total, FILM_RATE_HZ).integrated_lufs
    gain = _gain(found, _SONG_LUFS)
    stereo = _limited(total * gain * _fades(len(total))[:, None])
    return SongMix(stereo, tuple(np.clip(samples * gain, -1.0, 1.0) for samples in levelled))


def pan_gains(pan: float) -> Floats:
    """Left and right gain, equal power, shape = (2,); in the middle both are 1, to the sides 3 dB more and nothing."""
    angle = (pan + 1) * np.pi / 4
    return np.array([np.cos(angle), np.sin(angle)], np.float32) / np.float32(_HALF)


def _levelled(samples: Floats, wanted_lufs: float) -> Floats:
    return samples * _gain(measure(samples, FILM_RATE_HZ).integrated_lufs, wanted_lufs)


def _gain(found_lufs: float, wanted_lufs: float) -> np.float32:
    if not np.isfinite(found_lufs):
        return np.float32(1)
    return np.float32(10 ** (min(wanted_lufs - found_lufs, _MOST_GAIN_DB) / 20))


def _fades(length: int) -> Floats:
    gain = np.ones(length, np.float32)
    for seconds, part in ((_FADE_IN_S, slice(None)), (_FADE_OUT_S, slice(None, None, -1))):
        count = min(length // 2, round(seconds * FILM_RATE_HZ))
        gain[part][:count] *= np.sin(np.pi / 2 * (np.arange(count) + 0.5) / max(1, count)).astype(np.float32)
    return gain


def _limited(samples: Floats) -> Floats:
    limiter = Limiter(FILM_RATE_HZ, 2, _CEILING_DBTP)
    blocks = [limiter.add(samples[at : at + _BLOCK]) for at in range(0, len(samples), _BLOCK)]
    return np.concatenate([*blocks, limiter.finish()])
