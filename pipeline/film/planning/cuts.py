"""Cuts: other lengths and shapes of a film, from the takes that there are for it.

This module owns what a person sets about a cut, and which takes a cut shows for how many frames. It is pure: settings
and lengths in, lengths out. It does not know where takes come from, nor what is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from pipeline.errors import ProductionError
from pipeline.film.planning.cut_settings import SHORTEST_SECTION_S, CutLine, CutSettings
from pipeline.film.planning.nearest import loss_of, nearest
from pipeline.film.planning.shares import share_frames
from pipeline.runtime.wording.plurals import counted

_SHORTEST_TAKE_S: Final = 0.8
_NOISE_S: Final = 1.5
"""Noise from before any training is soon understood."""
_HIGHLIGHT_S: Final = 3.0
"""About how long a take is shown in a cut: long enough to be heard, short enough to see that it learns."""
_AUDIBLE_SHARE: Final = 0.25
"""A take that is silent for more than the rest of its time is no highlight; words have pauses too."""
_RECORDING_SHARE: Final = 0.2
_FIRST, _MIDDLE, _GOOD, _BEST = 1.0, 2.0, 3.0, 4.0


@dataclass(frozen=True)
class AvailableTake:
    """A take of the film, and how many frames of it there are.

    `audible` is the fraction of its beginning that is more than silence: 0 to 1.
    """

    iteration: int
    loss: float
    frames: int
    caption: str | None = None
    audible: float = 1.0


@dataclass(frozen=True)
class AvailableSection:
    """The takes and the recording of one section of the film; `number` counts from 0.

    Losses of sections can be compared where `kind` is the same.
    """

    number: int
    recording_frames: int
    takes: tuple[AvailableTake, ...]
    kind: int = 0

    @property
    def best_loss(self) -> float:
        """The lowest loss of its takes."""
        return min(loss_of(take) for take in self.takes)

    @property
    def frames(self) -> int:
        """How long all of it would last."""
        return self.recording_frames + sum(take.frames for take in self.takes)


@dataclass(frozen=True)
class CutTake:
    """A take of a cut and how long it is shown."""

    iteration: int
    frames: int
    caption: str | None = None


@dataclass(frozen=True)
class CutSection:
    """A section of a cut. `number` is that of the film, counted from 0."""

    number: int
    recording_frames: int
    takes: tuple[CutTake, ...]

    @property
    def frames(self) -> int:
        """How long it lasts."""
        return self.recording_frames + sum(take.frames for take in self.takes)


def plan_cut(
    settings: CutSettings, available: Sequence[AvailableSection], frames: int, frame_rate: Fraction
) -> tuple[CutSection, ...]:
    """Choose what a cut shows, in the film's order.

    Parameters
    ----------
    settings
        The cut.
    available
        All sections of the film.
    frames
        How long the cut's scenes are to last together.
    frame_rate
        The film's.

    Returns
    -------
    tuple[CutSection, ...]
        They last `frames` together; less only where there is no more to show, or lines chosen by hand say so.

    Raises
    ------
    ProductionError
        Where what was asked for doesn't fit into the time.
    """
    where = f"cut '{settings.name}'"
    if settings.take:
        return _by_hand(settings, available, frames, frame_rate, where)
    chosen = _sections(settings, available, where)
    shortest = math.ceil(SHORTEST_SECTION_S * frame_rate)
    lowest = [min(section.frames, shortest) for section in chosen]
    if sum(lowest) > frames:
        raise ProductionError(
            f"{float(frames / frame_rate):.3g} s are too short for {counted(len(chosen), 'section')}.",
            where=where,
            expected=f"at least {SHORTEST_SECTION_S:g} s a section beside the cards",
            hint='Set more seconds, fewer cards (cards = "none"), or fewer sections (sections = "best").',
        )
    shares = share_frames(frames, [1.0] * len(chosen), lowest, [section.frames for section in chosen])
    pairs = zip(chosen, shares, strict=True)
    return tuple(_section(settings, section, share, frame_rate) for section, share in pairs)


def once_each(settings: CutSettings, available: Sequence[AvailableSection]) -> CutSettings:
    """The same cut with the first line for each take alone: a film of fewer takes is nearest to several lines."""
    sections = {section.number: section for section in available}
    seen: set[tuple[int, int]] = set()
    kept = []
    for line in settings.take:
        section = sections.get(line.section - 1)
        place = (line.section, nearest(section.takes, line.iteration).iteration) if section else (line.section, -1)
        kept += [line] if place not in seen else []
        seen.add(place)
    return settings.model_copy(update={"take": tuple(kept)})


def _sections(settings: CutSettings, available: Sequence[AvailableSection], where: str) -> list[AvailableSection]:
    if settings.sections == "all":
        return list(available)
    if settings.sections == "best":
        like = [section for section in available if section.kind == available[-1].kind]
        return [min(like, key=lambda section: (section.best_loss, -section.number))]
    numbers = {number - 1 for number in settings.sections}
    unknown = sorted(numbers - {section.number for section in available})
    if unknown:
        raise ProductionError(
            f"There is no section {unknown[0] + 1}.", where=where, expected=f"1 to {len(available)}, as in the film"
        )
    return [section for section in available if section.number in numbers]


def _section(settings: CutSettings, available: AvailableSection, frames: int, rate: Fraction) -> CutSection:
    recording = _excerpt(settings, available, rate)
    played = sum(take.frames for take in available.takes)
    recording = max(min(recording, int(_RECORDING_SHARE * frames)), min(frames - played, available.recording_frames))
    left = frames - recording
    takes, weights = _highlights(available.takes, left, rate)
    if settings.pick == "film":
        takes, weights = available.takes, [float(take.frames) for take in available.takes]
        takes, weights = _as_many_as_fit(takes, weights, left, rate)
    shortest = math.ceil(_SHORTEST_TAKE_S * rate)
    lowest = [min(take.frames, shortest, left // len(takes)) for take in takes]
    highest = [take.frames for take in takes]
    if settings.pick == "highlights" and takes[0] is available.takes[0] and len(takes) > 1:
        brief = min(highest[0], int(_NOISE_S * rate))
        highest[0] = max(brief, lowest[0], left - sum(highest[1:]))
    shares = share_frames(left, weights, lowest, highest)
    shown = zip(takes, shares, strict=True)
    return CutSection(available.number, recording, tuple(CutTake(t.iteration, n, t.caption) for t, n in shown if n))


def _excerpt(settings: CutSettings, available: AvailableSection, rate: Fraction) -> int:
    wanted = int(Fraction(settings.recording_seconds).limit_denominator(1_000_000) * rate)
    return min(wanted, available.recording_frames)


def _highlights(
    takes: tuple[AvailableTake, ...], frames: int, rate: Fraction
) -> tuple[tuple[AvailableTake, ...], list[float]]:
    """Choose the highlights: the best, the first, one on the way, then the next best."""
    silent = [take.audible < _AUDIBLE_SHARE for take in takes]
    good = sorted(range(len(takes)), key=lambda index: (silent[index], loss_of(takes[index]), -index))
    best = good[0]
    way = sorted(range(1, best), key=lambda index: (silent[index], abs(2 * index - best), index))
    ranked = [(best, _BEST), (0, _FIRST), *((index, _MIDDLE) for index in way[:1])]
    ranked += [(index, _GOOD) for index in good]
    weights: dict[int, float] = {}
    for index, weight in ranked:
        weights.setdefault(index, weight)
    count = max(1, round(frames / rate / Fraction(_HIGHLIGHT_S)))
    order = list(weights)
    while count < len(order) and sum(takes[index].frames for index in order[:count]) < frames:
        count += 1
    chosen = sorted(order[:count])
    return tuple(takes[index] for index in chosen), [weights[index] for index in chosen]


def _as_many_as_fit(
    takes: tuple[AvailableTake, ...], weights: list[float], frames: int, rate: Fraction
) -> tuple[tuple[AvailableTake, ...], list[float]]:
    """Leave takes out, evenly, where all of them would be too short to be heard."""
    most = max(1, int(frames / (_SHORTEST_TAKE_S * rate)))
    if len(takes) <= most:
        return takes, weights
    last = len(takes) - 1
    kept = [last] if most == 1 else sorted({round(last * rank / (most - 1)) for rank in range(most)})
    return tuple(takes[index] for index in kept), [weights[index] for index in kept]


def _by_hand(
    settings: CutSettings, available: Sequence[AvailableSection], frames: int, rate: Fraction, where: str
) -> tuple[CutSection, ...]:
    sections = {section.number: section for section in available}
    lines: dict[int, list[tuple[AvailableTake, CutLine]]] = {}
    for line in settings.take:
        if line.section - 1 not in sections:
            raise ProductionError(
                f"There is no section {line.section}.", where=where, expected=f"1 to {len(available)}, as in the film"
            )
        section = sections[line.section - 1]
        lines.setdefault(section.number, []).append((nearest(section.takes, line.iteration), line))
    chosen = [
        (number, *pair) for number in sorted(lines) for pair in sorted(lines[number], key=lambda p: p[0].iteration)
    ]
    for (one, earlier, _), (other, later, _) in pairwise(chosen):
        if one == other and earlier.iteration == later.iteration:
            raise ProductionError(
                f"Two lines show the take at iteration {later.iteration}.",
                where=where,
                expected=f"lines near {', '.join(str(take.iteration) for take in sections[one].takes)}: the film's",
            )
    excerpts = {number: _excerpt(settings, sections[number], rate) for number in lines}
    fixed = [None if line.seconds is None else _within(line.seconds, take, rate) for _, take, line in chosen]
    left = frames - sum(excerpts.values()) - sum(length for length in fixed if length is not None)
    free = [take for (_, take, _), length in zip(chosen, fixed, strict=True) if length is None]
    shortest = math.ceil(_SHORTEST_TAKE_S * rate)
    if left < sum(min(shortest, take.frames) for take in free):
        raise ProductionError(
            f"The lines don't fit into the cut's {settings.seconds:g} s.",
            where=where,
            hint="Shorten them, leave out the recordings (recording_seconds = 0), or set more seconds.",
        )
    caps = [take.frames for take in free]
    shares = iter(share_frames(left, [1.0] * len(free), [min(shortest, cap) for cap in caps], caps) if free else ())
    shown: dict[int, list[CutTake]] = {number: [] for number in sorted(lines)}
    for (number, take, line), length in zip(chosen, fixed, strict=True):
        caption = take.caption if line.caption is None else line.caption
        shown[number].append(CutTake(take.iteration, next(shares) if length is None else length, caption))
    return tuple(CutSection(number, excerpts[number], tuple(takes)) for number, takes in shown.items())


def _within(seconds: float, take: AvailableTake, rate: Fraction) -> int:
    return max(1, min(take.frames, int(Fraction(seconds).limit_denominator(1_000_000) * rate)))
