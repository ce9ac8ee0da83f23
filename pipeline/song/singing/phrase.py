"""A phrase is sung: spectra of units, stretched and blended every 5 ms, sounded by WORLD at the pitch of the notes.

All is blended before it is sounded, so that there are no joins that could click. Held vowels wander to and fro through
what was recorded, at a speed that wavers, and are never one frozen spectrum, which would buzz. The same phrase gives
the same samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.song.lyrics.phrases import Phrase
from pipeline.song.notes.tune import REFERENCE_HZ, REFERENCE_KEY
from pipeline.song.singing.pitch import pitch_curve
from pipeline.song.singing.spans import Span, ramp, spans_of
from pipeline.song.singing.style import SingingStyle
from pipeline.song.voices.unit import FRAME_S, FRAMES_PER_S, Frames, Unit, Voice, world

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

SINGING_VERSION: Final = 1
"""Raised when the same notes and voice would sound otherwise."""
_EDGE_S: Final = 0.06
_LEVEL_DB: Final = -20.0
"""Of a vowel of the usual velocity, RMS of full scale."""
_USUAL_VELOCITY: Final = 0.8
_BRIGHTER_DB: Final = 3.0
"""An octave above 500 Hz, from the softest to the loudest velocity."""
_BRIGHT_FROM_HZ: Final = 500.0
_LEAST_SHARE: Final = 1e-3
_SILENT: Final = -32.0
_HZ: Final = (40.0, 1600.0)
_WAVER: Final = 0.25
_WAVER_HZ: Final = 3.0
_WANDER_S: Final = 0.4
"""The way once through what is stretched takes at least so long."""
_LEAST_BREATH: Final = (0.002, 0.12)
"""Aperiodicity at the lowest and the highest frequency: a voice without any buzzes."""


@dataclass(frozen=True, eq=False)
class SungSound:
    """What was sung: mono samples, full scale = 1, that begin at `start_s` of the tune (which may be before 0)."""

    samples: Floats
    sample_rate_hz: int
    start_s: float


def sing(phrase: Phrase, voice: Voice, style: SingingStyle, before: str = "") -> SungSound:
    """Sing a phrase.

    Parameters
    ----------
    before
        The syllable that is sung just before it, without a rest; empty where there is none.
    """
    spans = spans_of(phrase, voice, before, style.transpose)
    first = int(np.floor((spans[0].start_s - spans[0].lead_s - _EDGE_S) * FRAMES_PER_S))
    last = int(np.ceil((phrase.end_s + _EDGE_S) * FRAMES_PER_S))
    times: Doubles = np.arange(first, last + 1, dtype=np.float64) * FRAME_S
    mixture = _Mixture(times, voice.rate_hz)
    for number, span in enumerate(spans):
        _add_body(mixture, span, style, number)
        if span.sounding.burst is not None:
            _add_burst(mixture, span, span.sounding.burst, style)
    keys = pitch_curve([sung.note for sung in phrase.notes], times, style)
    hz = np.clip(REFERENCE_HZ * 2 ** ((keys - REFERENCE_KEY) / 12), *_HZ)
    return SungSound(mixture.sounded(hz), voice.rate_hz, first * FRAME_S)


class _Mixture:
    """Blends sounds, every 5 ms: their log spectra by their shares."""

    def __init__(self, times_s: Doubles, rate_hz: int) -> None:
        self.times_s, self.rate_hz = times_s, rate_hz
        bins = world().get_cheaptrick_fft_size(rate_hz) // 2 + 1
        self._envelope = np.zeros((len(times_s), bins), np.float32)
        self._noise = np.zeros((len(times_s), bins), np.float32)
        self._share, self._voiced = np.zeros(len(times_s)), np.zeros(len(times_s))
        self._gain = np.ones(len(times_s))
        self.octaves = np.log2(np.maximum(np.linspace(0, rate_hz / 2, bins), _BRIGHT_FROM_HZ) / _BRIGHT_FROM_HZ)

    def add(self, frames: Frames, places: Doubles, shares: Doubles, tilt_db: tuple[float, float]) -> None:
        """Blend in some frames.

        Parameters
        ----------
        frames
            A unit's.
        places
            Which of them sounds when, fractions too, shape = (times,).
        shares
            How much of it there is, 0 to 1, shape = (times,).
        tilt_db
            What is added to all of it, and to each octave above 500 Hz.
        """
        where = np.flatnonzero(shares > _LEAST_SHARE)
        if not len(where):
            return
        place = np.clip(places[where], 0, len(frames) - 1)
        left = place.astype(int)
        right = np.minimum(left + 1, len(frames) - 1)
        part = (place - left).astype(np.float32)[:, None]
        share = shares[where].astype(np.float32)[:, None]
        envelope = frames.envelope[left] * (1 - part) + frames.envelope[right] * part
        envelope += ((tilt_db[0] + tilt_db[1] * self.octaves) * (np.log(10) / 10)).astype(np.float32)
        self._envelope[where] += share * envelope
        self._noise[where] += share * (frames.noise[left] * (1 - part) + frames.noise[right] * part)
        self._share[where] += shares[where]
        self._voiced[where] += shares[where] * frames.voiced[np.rint(place).astype(int)]

    def soften(self, gain: Doubles) -> None:
        """Lower everything by a gain over time."""
        self._gain *= gain

    def sounded(self, hz: Doubles) -> Floats:
        """Synthesise it at a pitch, shape = (times,)."""
        share = np.maximum(self._share, _LEAST_SHARE)
        envelope = self._envelope / share[:, None].astype(np.float32)
        level = 2 * np.log(np.clip(self._share, _LEAST_SHARE**2, 1.0) * self._gain) + _LEVEL_DB * np.log(10) / 10
        silent = self._share <= _LEAST_SHARE
        power = np.exp(np.where(silent[:, None], _SILENT, envelope.astype(np.float64) + level[:, None]))
        breath = np.geomspace(*_LEAST_BREATH, power.shape[1])
        noise = np.clip(self._noise / share[:, None], breath, 1.0 - 1e-9)
        voiced = (self._voiced / share > 0.5) & ~silent  # noqa: PLR2004 - more of it than not
        noise[~voiced] = 1.0 - 1e-9
        pitched = np.where(voiced, hz, 0.0)
        sound = world().synthesize(
            pitched, np.ascontiguousarray(power), np.ascontiguousarray(noise, np.float64), self.rate_hz, 1000 * FRAME_S
        )
        return np.asarray(sound, np.float32)


def _add_body(mixture: _Mixture, span: Span, style: SingingStyle, number: int) -> None:
    unit, times = span.sounding.body, mixture.times_s
    frames = unit.frames
    begin = span.start_s - unit.preutterance_s / span.speed
    places = _places(unit, frames, (times - begin) / FRAME_S, span.speed, [style.seed, number])
    mixture.add(frames, places, span.share(times), _tilt(span, style))
    mixture.soften(span.dip(times))


def _places(unit: Unit, frames: Frames, since: Doubles, speed: float, seed: list[int]) -> Doubles:
    """Which of a unit's frames sounds, so many output frames after its beginning.

    The consonant as it was recorded, or faster where there is no room; then to and fro through what is stretched.
    """
    first, last = unit.stretched(len(frames))
    fixed = first / speed
    rng = np.random.default_rng(seed)
    knots = 1 + _WAVER * rng.uniform(-1, 1, int(len(since) * FRAME_S * _WAVER_HZ) + 3)
    paces = np.interp(np.arange(len(since)) * FRAME_S * _WAVER_HZ, np.arange(len(knots)), knots)
    length = max(1.0, float(last - 1 - first))
    slowed = min(1.0, length * FRAME_S / _WANDER_S)
    held = np.cumsum(np.where(since > fixed, slowed * paces, 0.0))
    swing = np.mod(held, 2 * length)
    return np.where(since <= fixed, since * speed, first + np.minimum(swing, 2 * length - swing))


def _add_burst(mixture: _Mixture, span: Span, burst: Unit, style: SingingStyle) -> None:
    """A burst ends where its vowel begins."""
    times, speed = mixture.times_s, span.speed
    end = span.start_s - span.sounding.body.preutterance_s / speed
    begin = end - burst.seconds / speed
    fade = min(0.008, burst.seconds / speed / 3)
    shares = ramp(times, begin - fade / 2, begin + fade / 2) * (1 - ramp(times, end - fade, end + fade))
    places = (times - begin) * speed / FRAME_S
    room = 1 - np.clip(span.share(times), 0, 1)
    mixture.add(burst.frames, places, shares * room, (_tilt(span, style)[0], 0.0))


def _tilt(span: Span, style: SingingStyle) -> tuple[float, float]:
    """What a velocity adds: to all, and to each octave above 500 Hz; louder is brighter."""
    away = span.velocity - _USUAL_VELOCITY
    return style.dynamics_db * away, _BRIGHTER_DB * away
