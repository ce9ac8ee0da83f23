"""The voice that is in a recording: its steadiest voiced stretches sing as vowels, its bursts and murmurs begin notes.

Owns where they are found and what they are taken for. Nothing is labelled and no words are recognised: a stretch is
called after the vowel whose formants (G. E. Peterson, H. L. Barney, "Control methods used in a study of the vowels",
1952, men's and women's means) lie nearest, scaled to the voice; a burst is a hiss, a hush or a stop by its spectrum and
length; a murmur, dark and soft before a vowel, stands for nasals, and one that is clearly brighter for liquids: l and r
let more of their formants be heard. Which of m and n, or of l and r, it is, nothing says. Where a voice says only one
vowel, everything is sung on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from pipeline.audio.measures.formants import formants_of
from pipeline.audio.measures.levels import WINDOW_S, loudness_contour_db, silent_windows, window_powers
from pipeline.audio.measures.pitch import PitchTrack, pitch_track
from pipeline.audio.measures.spectrum import in_speech_band
from pipeline.audio.measures.voice import LOWEST_RATE_HZ
from pipeline.song.lyrics.sounds import Burst, sound_of
from pipeline.song.voices.unit import Sounding, Unit, part_of, working_rate

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LISTENED_S: Final = 180.0
"""Of a recording: more is not needed to find a voice."""
_LEAST_S: Final = 0.1
"""A shorter sound is filled up with silence."""
_VOWELS_HZ: Final = {"a": (780, 1160), "i": (290, 2500), "u": (340, 920), "e": (560, 2080), "o": (500, 860)}
_SHORTEST: Final = 8
"""Windows of 10 ms: shorter stretches buzz when they are looped."""
_LONGEST: Final = 40
_MOST_STRETCHES: Final = 24
_BANDS: Final = 20
_CLOSE: Final = 0.12
"""Of the pitch: within a stretch it moves no further."""
_BURST_WINDOWS: Final = {"hiss": (5, 18), "hush": (4, 18), "stop": (1, 5)}
_STOP: Final[Burst] = "stop"
_HISS_SHARE: Final = 0.55
_HUSH_SHARE: Final = 0.25
"""Of the rate's half (6 kHz at most), where the middle of a burst's power lies."""
_FRAME: Final = 256
_MURMUR_BANDS_HZ: Final = ((100.0, 450.0), (600.0, 3000.0))
_DARKER_DB: Final = 8.0
"""Than the voice usually is: so much more of a murmur's power lies in the lower band."""
_LIQUID_DB: Final = (2.0, 4.0)
"""Darker than the voice usually is, and brighter than the murmur of nasals, at least."""
_MURMUR_BELOW_DB: Final = (3.0, 18.0)
"""Its level below the loud vowels'."""
_MURMUR_WINDOWS: Final = (4, 14)
_USUAL_MURMUR: Final = 9
_VOWEL_AFTER: Final = 6
"""Windows."""
_FADE_S: Final = 0.004
_BURST_BELOW_DB: Final = 9.0
"""Bursts are no louder than this below the vowel."""


@dataclass(frozen=True)
class Stretch:
    """A steady voiced stretch: its first and last sample, how good it is (higher is better), and its formants."""

    first: int
    last: int
    goodness: float
    formants_hz: tuple[float, float] | None


class FoundVoice:
    """A voice found in a recording or a take.

    Parameters
    ----------
    samples
        Mono, full scale = 1, shape = (n,); the first three minutes are listened to.
    sample_rate_hz
        Below 4000 no voice is found.
    language
        Of the lyrics (BCP 47).
    """

    def __init__(self, samples: Floats, sample_rate_hz: int, language: str = "") -> None:
        self.language = language
        listened = np.asarray(samples[: round(LISTENED_S * sample_rate_hz)], np.float32)
        missing = max(0, round(_LEAST_S * sample_rate_hz) - len(listened))
        self._samples = np.ascontiguousarray(np.pad(listened, (0, missing)))
        self._rate = sample_rate_hz

    @property
    def rate_hz(self) -> int:
        """The rate at which it sings."""
        return working_rate(self._rate)

    @property
    def is_voiced(self) -> bool:
        """Whether any steady voiced stretch was found."""
        return bool(self.stretches)

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """The steadiest voiced stretches, the most like a vowel first."""
        windows = self._windows
        return () if windows is None else tuple(_stretches(windows, len(self._samples), self._rate))

    @property
    def steady_s(self) -> float:
        """How many seconds of it are steady and voiced, as far as they are kept."""
        return sum(one.last - one.first for one in self.stretches) / self._rate

    @cached_property
    def vowels(self) -> dict[str, Stretch]:
        """For each vowel the stretch that is nearest to it; empty where none was found."""
        return _vowels(self.stretches)

    @cached_property
    def bursts(self) -> dict[str, Unit]:
        """The best burst of each kind that was found, and the best murmurs."""
        windows = self._windows
        if windows is None:
            return {}
        return _bursts(windows, self._samples, self._rate) | _murmurs(windows, self._samples, self._rate)

    @cached_property
    def _windows(self) -> _Windows | None:
        return _measured(self._samples, self._rate)

    @cached_property
    def _units(self) -> dict[tuple[int, int], Unit]:
        return {}

    def sounding(
        self,
        syllable: str,
        before: str,  # noqa: ARG002 - as every voice
        key: float,  # noqa: ARG002 - as every voice
        vowels: str = "",
    ) -> Sounding:
        """What a syllable is sung with; see `Voice`."""
        sound = sound_of(syllable, self.language, vowels)
        body = self._unit(sound.vowel)
        glide = self._unit(sound.glides_to) if sound.glides_to else None
        burst: Burst = sound.burst
        found = self.bursts.get(burst) or (self.bursts.get("murmur") if burst == "liquid" else None)
        return Sounding(body, found, None if glide is body else glide)

    def ending(self, syllable: str, after: str, key: float, vowels: str = "") -> None:
        """None: nothing in a recording says what a vowel's end is."""

    def _unit(self, vowel: str) -> Unit:
        """What a vowel is sung with; the same object where two have one stretch."""
        stretch = self.vowels.get(vowel) or self._anything
        place = (stretch.first, stretch.last)
        if place not in self._units:
            samples, margins_s = part_of(self._samples, self._rate, *place)
            self._units[place] = Unit(vowel, samples, self._rate, margins_s=margins_s)
        return self._units[place]

    @cached_property
    def _anything(self) -> Stretch:
        """The loudest third of a second, where no voice was found."""
        size = max(1, min(len(self._samples), self._rate // 3))
        powers = np.convolve(np.square(self._samples, dtype=np.float64), np.ones(size), "valid")
        at = int(powers.argmax())
        return Stretch(at, at + size, 0.0, None)


@dataclass(frozen=True, eq=False)
class _Windows:
    """What is measured in windows of 10 ms.

    Parameters
    ----------
    slow, slow_hz
        The recording in the band of speech, and its rate there.
    centres
        Of each window, in samples of `slow`, shape = (windows,).
    levels_db, silent
        Of each window.
    """

    slow: Floats
    slow_hz: float
    centres: npt.NDArray[np.int64]
    levels_db: Doubles
    silent: Flags
    track: PitchTrack


def _measured(samples: Floats, rate: int) -> _Windows | None:
    """Measure a recording; None where it is too short, or its rate too low, to hold a voice."""
    if rate < LOWEST_RATE_HZ or len(samples) < rate * WINDOW_S * _SHORTEST:
        return None
    whole, slow, slow_hz = in_speech_band(samples, rate)
    powers = window_powers(whole, rate)
    step = round(WINDOW_S * rate) * slow_hz / rate
    centres = np.minimum((step * (np.arange(len(powers)) + 0.5)).astype(np.int64), len(slow) - 1)
    silent = silent_windows(powers)
    track = pitch_track(slow, slow_hz, centres, ~silent)
    return _Windows(slow, slow_hz, centres, loudness_contour_db(powers), silent, track)


def _stretches(windows: _Windows, samples: int, rate: int) -> list[Stretch]:
    """Find steady voiced stretches among so many samples, the best first, at most 24, none overlapping another."""
    change = _spectral_change(windows.slow, windows.centres)
    chosen: list[Stretch] = []
    window = round(WINDOW_S * rate)
    for first, last, goodness in _candidates(windows.track, change, windows.levels_db):
        begin, end = first * window, min(last * window, samples)
        if any(begin < other.last and end > other.first for other in chosen):
            continue
        found = formants_of(windows.slow, windows.slow_hz, windows.centres[first:last])
        has_both = found.first_hz is not None and found.second_hz is not None
        formants = (float(found.first_hz or 0), float(found.second_hz or 0)) if has_both else None
        chosen.append(Stretch(begin, end, goodness + found.clear_share, formants))
        if len(chosen) == _MOST_STRETCHES:
            break
    return sorted(chosen, key=lambda one: -one.goodness)


def _candidates(track: PitchTrack, change: Doubles, levels: Doubles) -> list[tuple[int, int, float]]:
    """Stretches of voiced windows and how steady they are, the steadiest first; they may overlap."""
    loudest = float(np.percentile(levels[track.is_voiced], 90)) if track.is_voiced.any() else 0.0
    found = []
    for start, end in _runs(track.is_voiced):
        for size in (_SHORTEST, 14, 24, _LONGEST):
            for first in range(start + 1, end - size, max(1, size // 4)):
                part = slice(first, first + size)
                hz = track.hz[part]
                moves = float(hz.max() / hz.min() - 1)
                if moves > _CLOSE:
                    continue
                goodness = (
                    float(track.clarity[part].mean())
                    - 0.25 * float(change[part].mean())
                    - 3 * moves
                    - 0.04 * max(0.0, loudest - float(levels[part].mean()))
                    - 0.02 * float(levels[part].std())
                    + 0.35 * float(np.log(size / _SHORTEST))
                )
                found.append((first, first + size, goodness))
    return sorted(found, key=lambda one: (-one[2], one[0]))


def _spectral_change(slow: Floats, centres: npt.NDArray[np.int64]) -> Doubles:
    """By how many decibels the bands of each window differ from those of the one before, shape = (windows,)."""
    power = np.square(np.abs(np.fft.rfft(_framed(slow, centres), axis=1)))
    edges = np.unique(np.geomspace(2, power.shape[1] - 1, _BANDS + 1).astype(int))
    bands = 10 * np.log10(np.add.reduceat(power, edges[:-1], axis=1) + 1e-9)
    steps = np.abs(np.diff(bands, axis=0)).mean(axis=1)
    return np.concatenate((steps[:1], steps)) if len(steps) else np.zeros(len(centres))


def _framed(slow: Floats, centres: npt.NDArray[np.int64]) -> Floats:
    """The frame around each centre, under a window of Hann, shape = (centres, 256)."""
    frames = sliding_window_view(np.pad(slow, (_FRAME // 2, _FRAME)), _FRAME)[centres]
    return frames * np.hanning(_FRAME).astype(np.float32)


def _vowels(stretches: Sequence[Stretch]) -> dict[str, Stretch]:
    """For each vowel the stretch whose formants are nearest to it, among what is good; the best where none has any."""
    if not stretches:
        return {}
    clear = [one for one in stretches if one.formants_hz is not None]
    if not clear:
        return dict.fromkeys(_VOWELS_HZ, stretches[0])
    own = np.log([one.formants_hz or (1.0, 1.0) for one in clear])
    usual = np.log(list(_VOWELS_HZ.values()))
    scale = np.clip(np.median(own, axis=0) - np.median(usual, axis=0), -0.2, 0.25).mean()  # a shorter vocal tract
    worse = np.array([clear[0].goodness - one.goodness for one in clear])
    named = {}
    for vowel, reference in zip(_VOWELS_HZ, usual, strict=True):
        far = np.hypot(*(own - (reference + scale)).T)
        named[vowel] = clear[int((far + 0.25 * worse).argmin())]
    return named


def _bursts(windows: _Windows, samples: Floats, rate: int) -> dict[str, Unit]:
    """Find noises that begin syllables: unvoiced, sounding, and followed by a voiced stretch."""
    voiced, levels = windows.track.is_voiced, windows.levels_db
    typical = float(np.median(levels[voiced])) if voiced.any() else 0.0
    best: dict[str, tuple[float, Unit]] = {}
    window = round(WINDOW_S * rate)
    for start, end in _runs(~voiced & ~windows.silent):
        if end >= len(voiced) or not voiced[end : end + 3].all() or end - start > 25:  # noqa: PLR2004 - windows
            continue
        part = samples[start * window : end * window]
        kind = _kind(part, rate, end - start)
        if not kind:
            continue
        goodness = float(levels[start:end].max()) - typical - abs(end - start - 9) * (kind != "stop")
        if kind not in best or goodness > best[kind][0]:
            best[kind] = goodness, _burst_unit(kind, part, rate, typical)
    return {kind: unit for kind, (_, unit) in best.items()}


@dataclass(frozen=True)
class _Murmur:
    """Windows that are a murmur, how good it is, how dark, and by how many decibels the vowel after it is louder."""

    first: int
    last: int
    goodness: float
    dark_db: float
    rises_db: float


def _murmurs(windows: _Windows, samples: Floats, rate: int) -> dict[str, Unit]:
    """Find what is voiced, but darker and softer than the vowel it leads to: for nasals, and, brighter, for liquids.

    Empty where nothing is like that.
    """
    powers = np.square(np.abs(np.fft.rfft(_framed(windows.slow, windows.centres), axis=1)))
    hz = np.fft.rfftfreq(_FRAME, 1 / windows.slow_hz)
    low, high = (powers[:, (hz > first) & (hz < last)].sum(axis=1) for first, last in _MURMUR_BANDS_HZ)
    dark = 10 * np.log10((low + 1e-9) / (high + 1e-9))
    voiced = windows.track.is_voiced
    if not voiced.any():
        return {}
    usual = float(np.median(dark[voiced]))
    found = {"murmur": max(_dark_runs(windows, dark, usual + _DARKER_DB), key=_goodness, default=None)}
    if (nasal := found["murmur"]) is not None:
        bright = nasal.dark_db - _LIQUID_DB[1]
        liquids = (one for one in _dark_runs(windows, dark, usual + _LIQUID_DB[0]) if one.dark_db < bright)
        found["liquid"] = max(liquids, key=_goodness, default=None)
    return {kind: _murmur_unit(kind, one, samples, rate) for kind, one in found.items() if one is not None}


def _goodness(murmur: _Murmur) -> float:
    return murmur.goodness


def _dark_runs(windows: _Windows, dark: Doubles, least: float) -> Iterator[_Murmur]:
    """Stretches that are at least so dark, soft, and lead to a vowel."""
    voiced, levels = windows.track.is_voiced, windows.levels_db
    below = float(np.percentile(levels[voiced], 75)) - levels
    for start, end in _runs(voiced & (dark > least) & (below > _MURMUR_BELOW_DB[0]) & (below < _MURMUR_BELOW_DB[1])):
        after = slice(end, end + _VOWEL_AFTER)
        if not _MURMUR_WINDOWS[0] <= end - start <= _MURMUR_WINDOWS[1] or not voiced[after].all():
            continue
        rises_db = float(levels[after].max() - levels[start:end].mean())
        if end + _VOWEL_AFTER > len(voiced) or rises_db < _MURMUR_BELOW_DB[0]:
            continue
        dark_db = float(dark[start:end].mean())
        goodness = min(end - start, _USUAL_MURMUR) + 0.2 * (dark_db - float(dark[after].min()))
        yield _Murmur(start, end, goodness, dark_db, rises_db)


def _murmur_unit(kind: str, murmur: _Murmur, samples: Floats, rate: int) -> Unit:
    window = round(WINDOW_S * rate)
    part, margins_s = part_of(samples, rate, murmur.first * window, murmur.last * window)
    seconds = (murmur.last - murmur.first) * window / rate
    return Unit(kind, part, rate, preutterance_s=seconds, margins_s=margins_s, gain_db=-murmur.rises_db)


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """Where flags are set: the first and the one after the last of each run."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _kind(part: Floats, rate: int, windows: int) -> Burst:
    power = np.square(np.abs(np.fft.rfft(part * np.hanning(len(part)))))
    hz = np.fft.rfftfreq(len(part), 1 / rate)
    heard = hz > 300  # noqa: PLR2004 - hum and rumble
    total = np.cumsum(power * heard)
    if total[-1] <= 0:
        return ""
    middle = float(hz[int(np.searchsorted(total, total[-1] / 2))]) / min(6000.0, rate / 2)
    kinds: list[Burst] = ["hiss"] if middle >= _HISS_SHARE else ["hush"] if middle >= _HUSH_SHARE else []
    for kind in [*kinds, _STOP]:
        least, most = _BURST_WINDOWS[kind]
        if least <= windows <= most:
            return kind
    return ""


def _burst_unit(kind: str, part: Floats, rate: int, vowel_db: float) -> Unit:
    """A burst as a unit, at most so loud as belongs to a vowel of power 1."""
    fade = min(len(part) // 2, round(_FADE_S * rate))
    shaped = part.copy()
    if fade:
        shaped[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
        shaped[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    level_db = 10 * np.log10(float(np.mean(np.square(part, dtype=np.float64))) + 1e-12)
    wanted_db = min(level_db - vowel_db, -_BURST_BELOW_DB)
    shaped *= np.float32(10 ** ((wanted_db - level_db) / 20))
    return Unit(kind, shaped, rate, fixed_s=len(part) / rate, preutterance_s=len(part) / rate, is_unvoiced=True)
