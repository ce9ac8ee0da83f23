"""A unit: one recorded syllable, vowel or burst, analysed so that it can be sung at any pitch and length.

Owns the analysis (WORLD: M. Morise, F. Yokomori, K. Ozawa, "WORLD: a vocoder-based high-quality speech synthesis
system", IEICE Trans. 2016) and what of a unit is stretched. It does not know which note it is sung on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from pipeline.song.extra import missing_extra
from pipeline.song.voices.envelope import corrected
from pipeline.sound.signal.resample import resample

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FRAME_S: Final = 0.005
FRAMES_PER_S: Final = 200
RATES_HZ: Final = (24000, 48000)
"""Voices are analysed and sung at the lower of these that holds all they have: at lower ones WORLD can't tell noise."""
_FLOOR: Final = 1e-14
"""Of power, so that logarithms are finite."""
_LEAST_STRETCH: Final = 3
_EVENED: Final = 0.85
"""Of the level's changes in what is stretched, so much is taken out: looped, they would be a tremolo."""
_STEADIED: Final = 0.5
_STEADIED_AFTER: Final = 8
"""Frames."""
_MOST_AWAY: Final = 0.35
"""Natural logarithm of power, 1.5 dB: so far a frame's spectrum may be from the mean, over all frequencies."""
_GAP: Final = 2.3
"""Natural logarithm of power, 10 dB."""
_LEAST_VOICED: Final = 0.3
"""Of what is stretched must have a pitch to count as voiced; the rest sings on the envelope alone."""
_MOST_BREATH: Final = (0.1, 0.75)
"""Aperiodicity of a voice at the lowest and the highest frequency: more is a measuring error, or hoarse."""
_BREATH_MOVES: Final = 0.3
_BREATH_OF_USUAL: Final = (0.7, 1.2)
_HELD_UP_TO: Final = 0.45
"""Of its rate: above, a recording holds nothing."""
MARGIN_S: Final = 0.05
"""Of a recording around a unit, where there is so much: windows of WORLD reach no further at usual pitches."""
_CUT: Final = 3
"""Frames from an end whose window reaches beyond it: three halves of a period of 100 Hz."""


def world() -> Any:
    """The vocoder.

    Raises
    ------
    ProductionError
        Where it is not installed.
    """
    try:
        import pyworld  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise missing_extra("pyworld") from None
    return pyworld


def working_rate(sample_rate_hz: int) -> int:
    """The rate at which a voice of some rate is sung."""
    return RATES_HZ[0] if sample_rate_hz <= RATES_HZ[0] else RATES_HZ[1]


@dataclass(frozen=True, eq=False)
class Frames:
    """A sound as WORLD has it, every 5 ms.

    Parameters
    ----------
    envelope
        Natural logarithm of the power spectrum, float32, shape = (frames, bins).
    noise
        Aperiodicity, 0 to 1, float32, shape = (frames, bins).
    voiced
        Which frames have a pitch, shape = (frames,).
    """

    envelope: Floats
    noise: Floats
    voiced: Flags

    def __len__(self) -> int:
        """How many frames there are."""
        return len(self.envelope)


def analyse(samples: Floats, rate_hz: int, *, is_unvoiced: bool = False) -> tuple[Frames, Doubles]:
    """Analyse a sound at one of `RATES_HZ`; also the pitch of each frame, 0 where it has none."""
    vocoder, x = world(), np.ascontiguousarray(samples, np.float64)
    hz, times = vocoder.dio(x, rate_hz, frame_period=1000 * FRAME_S)
    hz = vocoder.stonemask(x, hz, times, rate_hz)
    if is_unvoiced:
        hz = np.zeros_like(hz)
    envelope = vocoder.cheaptrick(x, hz, times, rate_hz)
    noise = vocoder.d4c(x, hz, times, rate_hz)
    return Frames(np.log(envelope + _FLOOR).astype(np.float32), noise.astype(np.float32), hz > 0), hz


@dataclass(frozen=True, eq=False)
class Unit:
    """One recorded sound.

    Parameters
    ----------
    name
        For people.
    samples
        Mono, full scale = 1, shape = (n,), with its margins.
    sample_rate_hz
        Theirs.
    margins_s
        How much of the recording stands before and after it in `samples`: windows at its ends look into that, and
        times count from after the first.
    fixed_s
        From its beginning, what is sung as it was recorded: the consonant. What follows is stretched.
    preutterance_s
        From its beginning, what sounds at a note's start: where the vowel begins.
    overlap_s
        From its beginning, what is blended with the unit before.
    gain_db
        How much louder it is sung than a vowel, of what has a pitch.
    is_unvoiced
        Whether it is a noise that has no pitch.
    is_ending
        Whether it is a vowel's end: as it was recorded, and so loud that its beginning, before `preutterance_s`, is a
        vowel's.
    """

    name: str
    samples: Floats = field(repr=False)
    sample_rate_hz: int
    fixed_s: float = 0.0
    preutterance_s: float = 0.0
    overlap_s: float = 0.0
    margins_s: tuple[float, float] = (0.0, 0.0)
    gain_db: float = 0.0
    is_unvoiced: bool = False
    is_ending: bool = False

    @property
    def rate_hz(self) -> int:
        """The rate at which it is sung."""
        return working_rate(self.sample_rate_hz)

    @property
    def seconds(self) -> float:
        """How long it was recorded."""
        return len(self.samples) / self.sample_rate_hz - sum(self.margins_s)

    @cached_property
    def frames(self) -> Frames:
        """Its analysis, levelled: what is stretched has a mean power of 1, and is even."""
        samples = resample(self.samples, self.sample_rate_hz, self.rate_hz)
        found, hz = analyse(samples, self.rate_hz, is_unvoiced=self.is_unvoiced)
        if self.is_unvoiced:
            return found
        found = _without_cuts(found, self.margins_s)
        if self.is_ending:
            vowel = frame_levels(found.envelope)[: max(_LEAST_STRETCH, round(self.preutterance_s / FRAME_S))]
            return replace(found, envelope=found.envelope - np.median(vowel))
        first, last = self.stretched(len(found))
        found = _without_gaps(found, first, last)
        found.envelope[first:last] += _softly(first, last)[:, None] * self._change(found, samples, hz)
        levels = frame_levels(found.envelope)
        inner = levels[first:last]
        level = float(np.median(inner))
        change = np.zeros(len(levels), np.float32)
        change[first:last] = _EVENED * (inner - level)
        ahead = min(first, 8)  # the evening begins softly before what is stretched
        change[first - ahead : first] = change[first] * np.linspace(0, 1, ahead, endpoint=False)
        change[last:] = change[last - 1]
        change -= self.gain_db * np.float32(np.log(10) / 10)
        envelope = _steadied(found.envelope - (level + change)[:, None], first, last)
        voiced = found.voiced.copy()
        noise = found.noise.copy()
        if voiced[first:last].mean() >= _LEAST_VOICED:
            noise[first:last] = _clear(noise[first:last], voiced[first:last])
        else:
            noise = np.minimum(noise, _rather_voiced(noise.shape[1]))
        voiced[first:last] = True
        return Frames(np.ascontiguousarray(envelope), noise, voiced)

    def _change(self, found: Frames, samples: Floats, hz: Doubles) -> Floats:
        """What its harmonics show that the vocoder did not see, of what is stretched; shape = (bins,)."""
        first, last = self.stretched(len(found))
        held = round(self.margins_s[0] / FRAME_S) + np.arange(first, last)
        return corrected(
            found.envelope[first:last],
            samples.astype(np.float64),
            self.rate_hz,
            np.asarray(held * FRAME_S * self.rate_hz, np.float64),
            hz[held],
            top_hz=_HELD_UP_TO * self.sample_rate_hz,
        )

    def stretched(self, frames: int) -> tuple[int, int]:
        """Which of its frames are stretched: first and last, the last not included; at least three."""
        last = max(_LEAST_STRETCH, frames - 2)
        first = min(round(self.fixed_s / FRAME_S), last - _LEAST_STRETCH)
        return max(0, first), min(last, frames)

    def looped_from(self, frames: int) -> int:
        """To which frame a held sound goes back: after a consonant not to where its vowel only begins."""
        first, last = self.stretched(frames)
        return first + min(_STEADIED_AFTER, (last - first) // 2) if first else first


def part_of(samples: Floats, rate: int, first: int, last: int) -> tuple[Floats, tuple[float, float]]:
    """Some samples of a recording with what is around them, and how much that is (see `Unit.margins_s`)."""
    margin = round(MARGIN_S * rate)
    begin, end = max(0, first - margin), min(len(samples), last + margin)
    return samples[begin:end], ((first - begin) / rate, (end - last) / rate)


def _steadied(envelope: Floats, first: int, last: int) -> Floats:
    """Draw what is stretched halfway to its mean, and nearer where it is far away: it would pulse once in each loop.

    After a consonant that is done softly.
    """
    steady = envelope.copy()
    away = envelope[first:last] - envelope[first:last].mean(axis=0)
    far = np.sqrt(np.square(away).mean(axis=1))
    kept = np.minimum(1 - _STEADIED, _MOST_AWAY / np.maximum(far, _MOST_AWAY))
    steady[first:last] -= ((_softly(first, last) * (1 - kept))[:, None] * away).astype(np.float32)
    return steady


def _softly(first: int, last: int) -> Floats:
    """From 0 to 1 along what is stretched, where a consonant is before it; else 1; shape = (last - first,)."""
    frames = np.arange(1, last - first + 1, dtype=np.float32)
    return np.minimum(1, frames / _STEADIED_AFTER) if first else np.ones_like(frames)


def frame_levels(envelope: Floats) -> Floats:
    """Natural logarithm of each frame's power, that of its samples' mean square; shape = (frames,)."""
    top = envelope.max(axis=1)
    bins = envelope.shape[1] - 1
    return np.asarray(top + np.log(np.exp(envelope - top[:, None]).sum(axis=1) / bins), np.float32)


def _without_cuts(found: Frames, margins_s: tuple[float, float]) -> Frames:
    """The frames between the margins.

    Those that saw where the recording was cut, which is no sound of the voice, become as their neighbours; at its
    beginning only where it is voiced already: silence and consonants are no worse for a cut.
    """
    before, after = (round(margin_s / FRAME_S) for margin_s in margins_s)
    count = len(found)
    places = np.arange(before, count - after)
    if len(places) >= 2 * _CUT + _LEAST_STRETCH:
        first = max(before, _CUT) if found.voiced[max(before, _CUT)] else 0
        places = np.clip(places, first, count - 1 - max(after, _CUT))
    return Frames(found.envelope[places], found.noise[places], found.voiced[places])


def _without_gaps(found: Frames, first: int, last: int) -> Frames:
    """What is far softer than the rest of what is stretched becomes as its neighbours: evened, silence would hiss."""
    levels = frame_levels(found.envelope[first:last])
    good = first + np.flatnonzero(levels > np.median(levels) - _GAP)
    places = np.arange(len(found))
    places[first:last] = good[np.abs(np.arange(first, last)[:, None] - good).argmin(axis=1)]
    return Frames(found.envelope[places], found.noise[places], found.voiced[places])


def _clear(noise: Floats, voiced: Flags) -> Floats:
    """The breath of what is stretched, near to its usual one: a frame that is taken for noise would rasp in every loop.

    Where a sound begins and ends, and where its pitch moves, too much of it is taken for noise.
    """
    usual = np.median(noise[voiced], axis=0)
    kept = usual + _BREATH_MOVES * (noise - usual)
    least, most = _BREATH_OF_USUAL
    limit = np.linspace(*_MOST_BREATH, noise.shape[1])
    return np.asarray(np.minimum(np.clip(kept, least * usual, most * usual), limit), np.float32)


def _rather_voiced(bins: int) -> Floats:
    """The aperiodicity of a voice where none was found: a little breath low down, more above."""
    return np.linspace(0.05, 0.6, bins, dtype=np.float32)


@dataclass(frozen=True)
class Sounding:
    """What a voice sings a syllable with: the sound that is held, a burst or a murmur before, a vowel at its end."""

    body: Unit
    burst: Unit | None = None
    glide: Unit | None = None


class Voice(Protocol):
    """What can sing."""

    @property
    def language(self) -> str:
        """Of what it sings (BCP 47), which says how letters sound; empty where nothing is known."""

    @property
    def rate_hz(self) -> int:
        """The rate at which it sings."""

    def sounding(self, syllable: str, before: str, key: float, vowels: str = "") -> Sounding:
        """What a syllable is sung with.

        Parameters
        ----------
        syllable
            Its letters; empty for none.
        before
            The syllable before it in the same breath; empty at its beginning.
        key
            The note, 60 is C4.
        vowels
            What it is sung on where its word says so, not its letters alone: a vowel, or two of a diphthong.
        """

    def ending(self, syllable: str, after: str, key: float, vowels: str = "") -> Unit | None:
        """How a syllable ends before the one after it, or before a rest (empty); None where it ends as it is held."""
