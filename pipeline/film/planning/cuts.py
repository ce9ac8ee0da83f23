"""Cuts: other lengths and shapes of a film, told from the takes that were made for it.

This module owns what a person sets about a cut, and which takes a cut shows for how many frames. It is pure: settings
and lengths in, lengths out. It does not know where takes come from, nor what is drawn.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from pipeline.errors import ProductionError
from pipeline.film.planning.settings import LAYOUT_SHAPES, FilmSettings, VideoSettings, check_shape, draft_size
from pipeline.film.planning.shares import share_frames

RESERVED_NAMES: Final = frozenset({"work", "draft", "sound", "loops"})
"""Folders that stand beside those of cuts."""
_SHORTEST_TAKE_S: Final = 0.8
_SHORTEST_SECTION_S: Final = 1.6
_NOISE_S: Final = 1.5
"""What was said before any training is soon understood."""
_TELLING_S: Final = 3.0
"""About how long a take is shown in a cut: long enough to be heard, short enough to see that it learns."""
_AUDIBLE_SHARE: Final = 0.25
"""What is heard for less of its time tells nothing; words have pauses too."""
_RECORDING_SHARE: Final = 0.2
_FIRST, _MIDDLE, _GOOD, _BEST = 1.0, 2.0, 3.0, 4.0


class CutLine(FilmSettings):
    """One take of a cut, chosen by hand among those of the film."""

    section: int = Field(default=1, ge=1, description="of the film, counted from 1")
    iteration: int | Literal["first", "last", "best"] = Field(description="the film's take nearest to it is shown")
    seconds: float | None = Field(default=None, gt=0.0, le=3600.0, description="by default a share of what is left")
    caption: str | None = Field(default=None, max_length=500, description="a Jinja2 template; by default the film's")


class CutSettings(FilmSettings):
    """Another length and shape of the film, built beside it from the same takes."""

    name: str = Field(min_length=1, max_length=40, description="of its folder, beside the film")
    layout: str = Field(default="portrait", min_length=1, max_length=100)
    width: int | None = Field(default=None, ge=64, le=8192, description="by default as the layout and the film have it")
    height: int | None = Field(default=None, ge=64, le=8192)
    seconds: float = Field(default=45.0, ge=2.0, le=36000.0, description="exactly, where there is so much to show")
    sections: Literal["all", "best"] | tuple[int, ...] = Field(
        default="all", description="best: of those tried on the same sound as the last, the lowest loss; or [1, 3]"
    )
    pick: Literal["telling", "film"] = Field(
        default="telling",
        description="telling: what came first, briefly, then the best; film: all of the film's takes, shorter",
    )
    take: tuple[CutLine, ...] = Field(default=(), max_length=500, description="takes chosen by hand instead")
    recording_seconds: float = Field(default=2.0, ge=0.0, le=600.0, description="of each recording, before the takes")
    cards: Literal["title", "none", "all"] = Field(default="title", description="all: as in the film")
    title_seconds: float = Field(default=2.0, ge=0.2, le=60.0, description="of the title card")
    title: str | None = Field(default=None, min_length=1, max_length=200, description="by default the film's")
    subtitle: str | None = Field(default=None, max_length=300, description="by default the film's")
    theme: str | None = Field(default=None, min_length=1, max_length=100, description="by default the film's")

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", self.name) or self.name.lower() in RESERVED_NAMES:
            taken = ", ".join(sorted(RESERVED_NAMES))
            raise ValueError(f"{self.name!r} is no name of a cut: letters, digits, - and _, and none of {taken}")
        if (self.width is None) != (self.height is None):
            raise ValueError("width and height go together: set both, or neither")
        if self.width is not None and self.height is not None:
            check_shape(self.layout, self.layout, self.width, self.height)
        if isinstance(self.sections, tuple) and (not self.sections or min(self.sections) < 1):
            raise ValueError('sections are counted from 1: write [1, 3], "all" or "best"')
        if self.cards != "none" and self.title_seconds > self.seconds - 1:
            raise ValueError(f"a title of {self.title_seconds:g} s leaves no time for takes in {self.seconds:g} s")
        return self

    def shortest_s(self, film_sections: int) -> float:
        """How many seconds it needs at least, for a film of so many sections."""
        several = film_sections if self.sections == "all" else 1 if self.sections == "best" else len(self.sections)
        count = len({line.section for line in self.take}) or several
        return count * _SHORTEST_SECTION_S + (0.0 if self.cards == "none" else self.title_seconds)

    def video(self, film: VideoSettings, *, is_draft: bool) -> VideoSettings:
        """Return the film's settings in the cut's shape; a draft's sides are a third as long."""
        width, height = self._size(film)
        if is_draft and self.width is not None:
            width, height = draft_size(width, height)
        none = self.cards != "all"
        values = film.model_dump() | {
            "width": width,
            "height": height,
            "layout": self.layout,
            "theme": self.theme or film.theme,
            "title_seconds": 0.0 if self.cards == "none" else self.title_seconds,
            "comparison_seconds": 0.0 if none else film.comparison_seconds,
            "credits_seconds": 0.0 if none else film.credits_seconds,
        }
        return VideoSettings.model_validate(values)

    def _size(self, film: VideoSettings) -> tuple[int, int]:
        if self.width is not None and self.height is not None:
            return self.width, self.height
        if self.layout not in LAYOUT_SHAPES:
            return film.width, film.height
        across, down = LAYOUT_SHAPES[self.layout]
        short = min(film.width, film.height)
        shorter = min(across, down)
        return round(short * across / shorter / 2) * 2, round(short * down / shorter / 2) * 2


@dataclass(frozen=True)
class TakeAtHand:
    """A take that was made for the film, and how many frames of it there are.

    `audible` tells how much of its beginning is more than silence: 0 to 1.
    """

    iteration: int
    validation_loss_nats: float
    frames: int
    caption: str | None = None
    audible: float = 1.0


@dataclass(frozen=True)
class AvailableSection:
    """What was made for one section of the film; `number` counts from 0.

    Losses of sections can be compared where `kind` is the same.
    """

    number: int
    recording_frames: int
    takes: tuple[TakeAtHand, ...]
    kind: int = 0

    @property
    def best_nats(self) -> float:
        """The lowest loss of its takes."""
        return min(_loss(take) for take in self.takes)

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
    settings: CutSettings, at_hand: Sequence[AvailableSection], frames: int, frame_rate: Fraction
) -> tuple[CutSection, ...]:
    """Choose what a cut shows, in the film's order.

    Parameters
    ----------
    settings
        The cut.
    at_hand
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
        return _by_hand(settings, at_hand, frames, frame_rate, where)
    chosen = _sections(settings, at_hand, where)
    shortest = math.ceil(_SHORTEST_SECTION_S * frame_rate)
    lowest = [min(section.frames, shortest) for section in chosen]
    if sum(lowest) > frames:
        raise ProductionError(
            f"{float(frames / frame_rate):g} s are too short for {len(chosen)} sections.",
            where=where,
            expected=f"at least {_SHORTEST_SECTION_S:g} s a section beside the cards",
            hint='Set more seconds, or fewer sections: sections = "best".',
        )
    shares = share_frames(frames, [1.0] * len(chosen), lowest, [section.frames for section in chosen])
    pairs = zip(chosen, shares, strict=True)
    return tuple(_section(settings, section, share, frame_rate) for section, share in pairs)


def once_each(settings: CutSettings, at_hand: Sequence[AvailableSection]) -> CutSettings:
    """The same cut with the first line for each take alone: a film of fewer takes is nearest to several lines."""
    sections = {section.number: section for section in at_hand}
    seen: set[tuple[int, int]] = set()
    kept = []
    for line in settings.take:
        section = sections.get(line.section - 1)
        place = (line.section, _nearest(section, line.iteration).iteration) if section else (line.section, -1)
        kept += [line] if place not in seen else []
        seen.add(place)
    return settings.model_copy(update={"take": tuple(kept)})


def _sections(settings: CutSettings, at_hand: Sequence[AvailableSection], where: str) -> list[AvailableSection]:
    if settings.sections == "all":
        return list(at_hand)
    if settings.sections == "best":
        like = [section for section in at_hand if section.kind == at_hand[-1].kind]
        return [min(like, key=lambda section: (section.best_nats, -section.number))]
    numbers = {number - 1 for number in settings.sections}
    unknown = sorted(numbers - {section.number for section in at_hand})
    if unknown:
        raise ProductionError(
            f"There is no section {unknown[0] + 1}.", where=where, expected=f"1 to {len(at_hand)}, as in the film"
        )
    return [section for section in at_hand if section.number in numbers]


def _section(settings: CutSettings, at_hand: AvailableSection, frames: int, rate: Fraction) -> CutSection:
    recording = _excerpt(settings, at_hand, rate)
    spoken = sum(take.frames for take in at_hand.takes)
    recording = max(min(recording, int(_RECORDING_SHARE * frames)), min(frames - spoken, at_hand.recording_frames))
    left = frames - recording
    takes, weights = _telling(at_hand.takes, left, rate)
    if settings.pick == "film":
        takes, weights = at_hand.takes, [float(take.frames) for take in at_hand.takes]
        takes, weights = _as_many_as_fit(takes, weights, left, rate)
    shortest = math.ceil(_SHORTEST_TAKE_S * rate)
    lowest = [min(take.frames, shortest, left // len(takes)) for take in takes]
    highest = [take.frames for take in takes]
    if settings.pick == "telling" and takes[0] is at_hand.takes[0] and len(takes) > 1:
        brief = min(highest[0], int(_NOISE_S * rate))
        highest[0] = max(brief, lowest[0], left - sum(highest[1:]))
    shares = share_frames(left, weights, lowest, highest)
    shown = zip(takes, shares, strict=True)
    return CutSection(at_hand.number, recording, tuple(CutTake(t.iteration, n, t.caption) for t, n in shown if n))


def _excerpt(settings: CutSettings, at_hand: AvailableSection, rate: Fraction) -> int:
    wanted = int(Fraction(settings.recording_seconds).limit_denominator(1_000_000) * rate)
    return min(wanted, at_hand.recording_frames)


def _telling(takes: tuple[TakeAtHand, ...], frames: int, rate: Fraction) -> tuple[tuple[TakeAtHand, ...], list[float]]:
    """Choose the takes that tell most: the best, the first, one on the way, then the next best."""
    silent = [take.audible < _AUDIBLE_SHARE for take in takes]
    good = sorted(range(len(takes)), key=lambda index: (silent[index], _loss(takes[index]), -index))
    best = good[0]
    way = sorted(range(1, best), key=lambda index: (silent[index], abs(2 * index - best), index))
    ranked = [(best, _BEST), (0, _FIRST), *((index, _MIDDLE) for index in way[:1])]
    ranked += [(index, _GOOD) for index in good]
    weights: dict[int, float] = {}
    for index, weight in ranked:
        weights.setdefault(index, weight)
    count = max(1, round(frames / rate / Fraction(_TELLING_S)))
    order = list(weights)
    while count < len(order) and sum(takes[index].frames for index in order[:count]) < frames:
        count += 1
    chosen = sorted(order[:count])
    return tuple(takes[index] for index in chosen), [weights[index] for index in chosen]


def _as_many_as_fit(
    takes: tuple[TakeAtHand, ...], weights: list[float], frames: int, rate: Fraction
) -> tuple[tuple[TakeAtHand, ...], list[float]]:
    """Leave takes out, evenly, where all of them would be too short to be heard."""
    most = max(1, int(frames / (_SHORTEST_TAKE_S * rate)))
    if len(takes) <= most:
        return takes, weights
    last = len(takes) - 1
    kept = [last] if most == 1 else sorted({round(last * rank / (most - 1)) for rank in range(most)})
    return tuple(takes[index] for index in kept), [weights[index] for index in kept]


def _by_hand(
    settings: CutSettings, at_hand: Sequence[AvailableSection], frames: int, rate: Fraction, where: str
) -> tuple[CutSection, ...]:
    sections = {section.number: section for section in at_hand}
    lines: dict[int, list[tuple[TakeAtHand, CutLine]]] = {}
    for line in settings.take:
        if line.section - 1 not in sections:
            raise ProductionError(
                f"There is no section {line.section}.", where=where, expected=f"1 to {len(at_hand)}, as in the film"
            )
        section = sections[line.section - 1]
        lines.setdefault(section.number, []).append((_nearest(section, line.iteration), line))
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
        said = take.caption if line.caption is None else line.caption
        shown[number].append(CutTake(take.iteration, next(shares) if length is None else length, said))
    return tuple(CutSection(number, excerpts[number], tuple(takes)) for number, takes in shown.items())


def _within(seconds: float, take: TakeAtHand, rate: Fraction) -> int:
    return max(1, min(take.frames, int(Fraction(seconds).limit_denominator(1_000_000) * rate)))


def _nearest(section: AvailableSection, wanted: int | str) -> TakeAtHand:
    if wanted == "first":
        return section.takes[0]
    if wanted == "last":
        return section.takes[-1]
    if wanted == "best":
        return min(section.takes, key=_loss)
    return min(section.takes, key=lambda take: (abs(take.iteration - int(wanted)), take.iteration))


def _loss(take: TakeAtHand) -> float:
    return take.validation_loss_nats if math.isfinite(take.validation_loss_nats) else math.inf
