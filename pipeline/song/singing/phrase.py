"""A phrase is sung: spectra of units, stretched and blended every 5 ms, sounded by WORLD at the pitch of the notes.

All is blended before it is sounded, so that there are no joins that could click; bursts, which have no pitch, are heard
as they were recorded. Held vowels wander to and fro through what was recorded, at a speed that wavers, and are never
one frozen spectrum, which would buzz. What lies between long rests is sung apart, so that memory is bounded. The same
phrase gives the same samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.song.lyrics.phrases import Phrase
from pipeline.song.notes.tune import REFERENCE_HZ, REFERENCE_KEY, Note
from pipeline.song.singing.movement import movement
from pipeline.song.singing.pitch import pitch_curve
from pipeline.song.singing.spans import Span, spans_of
from pipeline.song.singing.style import SingingStyle
from pipeline.song.voices.unit import FRAME_S, FRAMES_PER_S, Frames, Unit, Voice, world
from pipeline.sound.signal.resample import resample

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

SINGING_VERSION: Final = 8
"""Raised when the same notes and voice would sound otherwise."""
_EDGE_S: Final = 0.06
_LEVEL_DB: Final = -20.0
"""Of a vowel of the usual velocity, RMS of full scale."""
_USUAL_VELOCITY: Final = 0.8
_BRIGHTER_DB: Final = 3.0
"""An octave above 500 Hz, from the softest to the loudest velocity."""
_BRIGHT_FROM_HZ: Final = 500.0
_LEAST_SHARE: Final = 1e-3
_APART_S: Final = 0.3
_LONGEST_PART_S: Final = 20.0
"""What is sung at once: a minute at 48 kHz takes 300 MB."""
_BURST_OVERLAP_S: Final = 0.006
"""Of a burst with its vowel, to either side of where the vowel begins."""
_BURST_RISE_S: Final = 0.003
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
    rate, notes = voice.rate_hz, [sung.note for sung in phrase.notes]
    parts = [_sung_part(part, notes, rate, style) for part in _parts(list(enumerate(spans)))]
    first = min(at for at, _ in parts)
    whole = np.zeros(max(at + len(samples) for at, samples in parts) - first, np.float32)
    for at, samples in parts:
        whole[at - first : at - first + len(samples)] += samples
    return SungSound(whole, rate, first / rate)


_Numbered = tuple[int, Span]


def _parts(spans: Sequence[_Numbered]) -> Iterator[list[_Numbered]]:
    """Part spans where a rest lies between them, and where they would be too long together."""
    part: list[_Numbered] = []
    for number, span in spans:
        if part:
            rest_s = span.start_s - span.lead_s - part[-1][1].sounds_until_s
            if rest_s >= _APART_S or span.end_s - part[0][1].start_s > _LONGEST_PART_S:
                yield part
                part = []
        part.append((number, span))
    yield part


def _sung_part(spans: Sequence[_Numbered], notes: Sequence[Note], rate: int, style: SingingStyle) -> tuple[int, Floats]:
    """Sing some of a phrase's syllables: the first sample's place in the tune, and the samples."""
    begin_s = min(span.start_s - span.lead_s for _, span in spans) - _EDGE_S
    end_s = max(span.sounds_until_s for _, span in spans) + _EDGE_S
    first = int(np.floor(begin_s * FRAMES_PER_S))
    times: Doubles = np.arange(first, int(np.ceil(end_s * FRAMES_PER_S)) + 1, dtype=np.float64) * FRAME_S
    mixture = _Mixture(times, rate)
    for number, span in spans:
        _add_body(mixture, span, style, number)
    keys = pitch_curve(notes, times, style)
    samples = mixture.sounded(np.clip(REFERENCE_HZ * 2 ** ((keys - REFERENCE_KEY) / 12), *_HZ))
    for _, span in spans:
        if span.sounding.burst is not None and span.sounding.burst.is_unvoiced:
            _add_burst(samples, span, span.sounding.burst, (first * FRAME_S, rate), style)
    return round(first * FRAME_S * rate), samples


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

    def add(self, frames: Frames, places: Doubles, shares: Doubles, tilt_db: tuple[Doubles, Doubles]) -> None:
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
            What is added to all of it, and to each octave above 500 Hz, each of shape = (times,).
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
        level, slope = (one[where, None] for one in tilt_db)
        envelope += ((level + slope * self.octaves) * (np.log(10) / 10)).astype(np.float32)
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
    times, sounding = mixture.times_s, span.sounding
    level, slope = _tilt(span, style)
    own_level, own_slope = movement(times, span.start_s, span.end_s, [style.seed, number, 1])
    tilt_db, share = (level + own_level, slope + own_slope), span.share(times)
    glided = span.glided(times) if sounding.glide is not None else np.zeros(len(times))
    for unit, part in ((sounding.body, share * (1 - glided)), (sounding.glide, share * glided)):
        if unit is not None:
            begin = span.start_s - unit.preutterance_s / span.speed
            places = _places(unit, unit.frames, (times - begin) / FRAME_S, span.speed, [style.seed, number])
            mixture.add(unit.frames, places, part, tilt_db)
    if (murmur := sounding.burst) is not None and not murmur.is_unvoiced:
        places = _places(
            murmur, murmur.frames, (times - span.start_s + span.lead_s) / FRAME_S, 1.0, [style.seed, number]
        )
        mixture.add(murmur.frames, places, span.lead_share(times), tilt_db)
    if (tail := span.tail) is not None:
        mixture.add(tail.unit.frames, (times - tail.start_s) / FRAME_S, tail.share(times), tilt_db)
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
    top = last - 1.0
    way = max(1.0, top - unit.looped_from(len(frames)))
    held = np.cumsum(np.where(since > fixed, min(1.0, way * FRAME_S / _WANDER_S) * paces, 0.0)) - (top - first)
    back = np.mod(np.maximum(0.0, held), 2 * way)
    looped = top + np.where(held <= 0, held, -np.minimum(back, 2 * way - back))
    return np.where(since <= fixed, since * speed, looped)


def _add_burst(samples: Floats, span: Span, burst: Unit, where: tuple[float, int], style: SingingStyle) -> None:
    """Add a burst as it was recorded: it ends where its vowel begins, and loses its beginning where there is no room.

    Parameters
    ----------
    where
        When the samples begin, and their rate.
    """
    begin_s, rate = where
    sound = resample(burst.samples, burst.sample_rate_hz, rate)
    length = min(len(sound), max(1, round(burst.seconds / span.speed * rate)))
    last = round((span.start_s - span.sounding.body.preutterance_s / span.speed - begin_s + _BURST_OVERLAP_S) * rate)
    part = sound[len(sound) - length :][-max(1, last) :].copy()
    rise, fall = min(len(part), round(_BURST_RISE_S * rate)), min(len(part), round(2 * _BURST_OVERLAP_S * rate))
    part[:rise] *= 0.5 - 0.5 * np.cos(np.pi * (np.arange(rise, dtype=np.float32) + 0.5) / max(1, rise))
    part[len(part) - fall :] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(fall, dtype=np.float32) + 0.5) / max(1, fall))
    part *= np.float32(10 ** ((_LEVEL_DB + _tilt(span, style)[0]) / 20))
    end = min(last, len(samples))
    samples[end - len(part) : end] += part[: len(part)]


def _tilt(span: Span, style: SingingStyle) -> tuple[float, float]:
    """What a velocity adds: to all, and to each octave above 500 Hz; louder is brighter."""
    away = span.velocity - _USUAL_VELOCITY
    return style.dynamics_db * away, _BRIGHTER_DB * away
