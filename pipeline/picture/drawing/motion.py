"""How something enters, moves and leaves: easings, presets and keyframes by name. Pure functions of time.

This module owns what a template may ask of motion, and where a thing stands at a moment. It draws nothing and does not
know what moves. Places are shares of a unit that whoever draws chooses, right and down; times are seconds.

Sources: the easings `sine` to `bounce` after R. Penner, "Motion, Tweening, and Easing" (2002), in the forms of CSS and
easings.net; `[x1, y1, x2, y2]` is CSS's cubic-bezier (CSS Easing Functions Level 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.picture.drawing.easing import clamp

EasingName = Literal[
    "linear",
    "ease",
    "ease-in",
    "ease-out",
    "ease-in-out",
    "sine",
    "quad-in",
    "quad-out",
    "quart-out",
    "expo-out",
    "circ-out",
    "back-in",
    "back-out",
    "elastic-out",
    "bounce-out",
    "spring",
    "steps",
]
_Unit = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Height = Annotated[float, Field(ge=-4, le=4, allow_inf_nan=False)]
Bezier = tuple[_Unit, _Height, _Unit, _Height]
Easing = EasingName | Bezier
Pieces = Literal["whole", "line", "word", "letter"]
Seconds = Annotated[float, Field(ge=0, le=30, allow_inf_nan=False)]
Offset = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
Scale = Annotated[float, Field(gt=0, le=4, allow_inf_nan=False)]

_BACK: Final = 1.70158
"""How far `back` overshoots: a tenth."""
_STEPS: Final = 8


def _bounce(at: float) -> float:
    for edge, middle, floor in ((1.0, 0.0, 0.0), (2.0, 1.5, 0.75), (2.5, 2.25, 0.9375), (math.inf, 2.625, 0.984375)):
        if at * 2.75 < edge:
            return 7.5625 * (at - middle / 2.75) ** 2 + floor
    return 1.0


def _elastic(at: float) -> float:
    return 2 ** (-10 * at) * math.sin((10 * at - 0.75) * 2 * math.pi / 3) + 1 if 0 < at < 1 else at


def _spring(at: float) -> float:
    """An underdamped spring, damping ratio 0.5, that rests at 1."""
    omega = 10.0
    damped = omega * math.sqrt(0.75)
    swing = math.cos(damped * at) + 0.5 * omega / damped * math.sin(damped * at)
    return 1 - math.exp(-0.5 * omega * at) * swing * (1 - at)


EASINGS: Final[dict[str, Callable[[float], float]]] = {
    "linear": lambda at: at,
    "ease": lambda at: _bezier((0.25, 0.1, 0.25, 1.0), at),
    "ease-in": lambda at: at**3,
    "ease-out": lambda at: 1 - (1 - at) ** 3,
    "ease-in-out": lambda at: at * at * (3 - 2 * at),
    "sine": lambda at: (1 - math.cos(math.pi * at)) / 2,
    "quad-in": lambda at: at * at,
    "quad-out": lambda at: 1 - (1 - at) ** 2,
    "quart-out": lambda at: 1 - (1 - at) ** 4,
    "expo-out": lambda at: 1 - 2 ** (-10 * at) if at < 1 else 1.0,
    "circ-out": lambda at: math.sqrt(1 - (at - 1) ** 2),
    "back-in": lambda at: (_BACK + 1) * at**3 - _BACK * at**2,
    "back-out": lambda at: 1 + (_BACK + 1) * (at - 1) ** 3 + _BACK * (at - 1) ** 2,
    "elastic-out": _elastic,
    "bounce-out": _bounce,
    "spring": _spring,
    "steps": lambda at: math.floor(at * _STEPS) / _STEPS,
}


def eased(easing: Easing, at: float) -> float:
    """A time from 0 to 1 after an easing, 0 at 0 and 1 at 1; between them some overshoot."""
    at = clamp(at)
    if at in {0.0, 1.0}:
        return at
    return EASINGS[easing](at) if isinstance(easing, str) else _bezier(easing, at)


def _bezier(points: Bezier, at: float) -> float:
    """CSS's cubic-bezier: the curve's height where its way across is `at`, found by halving."""
    x1, y1, x2, y2 = points
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        across = 3 * (1 - middle) ** 2 * middle * x1 + 3 * (1 - middle) * middle**2 * x2 + middle**3
        low, high = (middle, high) if across < at else (low, middle)
    return 3 * (1 - low) ** 2 * low * y1 + 3 * (1 - low) * low**2 * y2 + low**3 if 0 < at < 1 else at


class State(NamedTuple):
    """Where a thing stands: `x` and `y` right and below its place, its size, and how much of it is wiped in."""

    opacity: float = 1.0
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    wipe: float = 1.0

    def towards(self, other: State, share: float) -> State:
        """Between this state (0) and another (1); a share beyond them overshoots in place and size alone."""
        if share in {0.0, 1.0}:
            return other if share else self
        mixed = State(*(one + (two - one) * share for one, two in zip(self, other, strict=True)))
        return mixed._replace(opacity=clamp(mixed.opacity), wipe=clamp(mixed.wipe), scale=max(0.01, mixed.scale))

    def over(self, other: State) -> State:
        """Both at once: opacity, size and wiping are multiplied, ways added."""
        return State(
            self.opacity * other.opacity,
            self.x + other.x,
            self.y + other.y,
            self.scale * other.scale,
            self.wipe * other.wipe,
        )


REST: Final = State()


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Transition(_Part):
    """How a thing enters or leaves: from where, for how long, how eased; a text perhaps piece by piece."""

    preset: str | None = Field(default=None, max_length=60)
    """The motion, by its name, that has everything that isn't set here."""
    seconds: Seconds | None = None
    """How long one piece takes; by default 0.7."""
    easing: Easing | None = None
    """How it speeds up and slows down: a name, or the four numbers of a Bezier curve; by default `ease-out`."""
    opacity: _Unit | None = None
    """0 is not seen."""
    x: Offset | None = None
    """How far right of its place: on cards in modules, of panels in shares of the frame's height."""
    y: Offset | None = None
    """How far below its place, likewise."""
    scale: Scale | None = None
    """How large, as a multiple."""
    wipe: _Unit | None = None
    """The state away from its place: before it enters, or after it has left."""
    by: Pieces | None = None
    """What of a text moves as one."""
    stagger: Annotated[float, Field(ge=0, le=2)] | None = None
    """Seconds from one piece to the next."""

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: object) -> object:
        return {"preset": value} if isinstance(value, str) else value

    def filled(self, presets: Mapping[str, Transition]) -> Transition:
        """With what its preset says, and the preset's own; `presets` holds those of a template, beside `PRESETS`."""
        found: dict[str, object] = {}
        name, seen = self.preset, set[str]()
        chain = [self]
        while name is not None and name not in seen:
            seen.add(name)
            base = presets.get(name) or PRESETS[name]
            chain.append(base)
            name = base.preset
        for one in reversed(chain):
            found |= {key: value for key, value in one.model_dump().items() if value is not None}
        return Transition.model_validate(found)

    @property
    def away(self) -> State:
        """The state away from its place."""
        values = {name: getattr(self, name) for name in State._fields}
        return State(**{name: value for name, value in values.items() if value is not None})

    @property
    def duration_s(self) -> float:
        """How long one piece takes."""
        return USUAL_S if self.seconds is None else self.seconds

    @property
    def curve(self) -> Easing:
        """Its easing."""
        return "ease-out" if self.easing is None else self.easing


USUAL_S: Final = 0.7
LONGEST_LEAVE: Final = 0.35
"""All pieces of a text begin to leave within this share of its time."""
PRESETS: Final[dict[str, Transition]] = {
    "none": Transition(seconds=0.0),
    "fade": Transition(opacity=0.0, easing="ease-in-out"),
    "rise": Transition(opacity=0.0, y=0.04),
    "drop": Transition(opacity=0.0, y=-0.04),
    "from-left": Transition(opacity=0.0, x=-0.12, easing="quart-out"),
    "from-right": Transition(opacity=0.0, x=0.12, easing="quart-out"),
    "grow": Transition(opacity=0.0, scale=0.85),
    "shrink": Transition(opacity=0.0, scale=1.15),
    "pop": Transition(opacity=0.0, scale=0.6, easing="back-out", seconds=0.5),
    "bounce": Transition(opacity=0.0, y=-0.2, easing="bounce-out", seconds=0.9),
    "spring": Transition(opacity=0.0, scale=0.7, easing="spring", seconds=0.9),
    "wipe": Transition(wipe=0.0, easing="ease-in-out"),
    "letters": Transition(opacity=0.0, y=0.03, by="letter", stagger=0.03, seconds=0.5),
    "words": Transition(opacity=0.0, y=0.03, by="word", stagger=0.12, seconds=0.5),
    "typewriter": Transition(opacity=0.0, by="letter", stagger=0.05, seconds=0.01, easing="steps"),
}
"""Ways to enter and to leave, by name."""


def check_presets(transitions: Iterable[Transition], own: Mapping[str, Transition]) -> None:
    """Check that presets are among a template's own or the built-in ones.

    Raises
    ------
    ValueError
        An unknown one, with the nearest name.
    """
    known = sorted({*own, *PRESETS})
    for one in transitions:
        if one.preset is not None and one.preset not in known:
            near = get_close_matches(one.preset, known, n=1)
            meant = f"perhaps '{near[0]}'" if near else f"there are {', '.join(known)}"
            raise ValueError(f"there is no preset '{one.preset}' of motion; {meant}")


class Keyframe(_Part):
    """A state at a moment; what isn't set is taken from the keyframes around it."""

    at: Annotated[float, Field(ge=-600, le=600, allow_inf_nan=False)]
    """Seconds after the beginning; below 0, before the end."""
    opacity: _Unit | None = None
    """0 is not seen."""
    x: Offset | None = None
    """How far right of its place: on cards in modules, of panels in shares of the frame's height."""
    y: Offset | None = None
    """How far below its place, likewise."""
    scale: Scale | None = None
    """How large, as a multiple."""
    wipe: _Unit | None = None
    """How much of it is uncovered, from its left."""
    easing: Easing = "ease-in-out"
    """On the way from the keyframe before it."""


Keyframes = Annotated[tuple[Keyframe, ...], Field(max_length=40)]


def keyframed(keyframes: Sequence[Keyframe], seconds: float, length_s: float) -> State:
    """The state at a moment of something that is seen for `length_s`, between its keyframes."""
    found: dict[str, float] = {}
    for name in State._fields:
        points = [
            (one.at if one.at >= 0 else length_s + one.at, getattr(one, name), one.easing)
            for one in keyframes
            if getattr(one, name) is not None
        ]
        points.sort(key=lambda point: point[0])
        if not points:
            continue
        after = next((index for index, point in enumerate(points) if point[0] > seconds), len(points))
        if after in {0, len(points)}:
            found[name] = points[max(0, after - 1)][1]
            continue
        (first_s, first, _), (last_s, last, easing) = points[after - 1 : after + 1]
        found[name] = first + (last - first) * eased(easing, (seconds - first_s) / (last_s - first_s))
    return State(**found)


class Motion(_Part):
    """All motion of one thing: how it enters, its keyframes, how it leaves. `None` leaves the usual way."""

    enter: Transition | None = None
    exit: Transition | None = None
    keyframes: Keyframes = ()

    def filled(self, presets: Mapping[str, Transition]) -> Motion:
        """With what the presets say that it names."""
        return self.model_copy(
            update={
                "enter": self.enter and self.enter.filled(presets),
                "exit": self.exit and self.exit.filled(presets),
            }
        )

    def entered_s(self, pieces: int = 1) -> float:
        """How long entering takes, all pieces together."""
        if self.enter is None:
            return 0.0
        return self.enter.duration_s + max(0, pieces - 1) * (self.enter.stagger or 0.0)

    @property
    def by(self) -> Pieces:
        """What of a text enters and leaves as one: as it enters, where it does so in pieces, else as it leaves."""
        found = (one.by for one in (self.enter, self.exit) if one is not None and one.by is not None)
        return next((by for by in found if by != "whole"), "whole")

    def state(
        self,
        seconds: float,
        length_s: float,
        *,
        hurry: float = 1.0,
        order: int = 0,
        following: int = 0,
        delay_s: float = 0.0,
    ) -> State:
        """Where piece number `order` stands `seconds` after the beginning of `length_s`, with so many pieces after it.

        Ways in and out are filled. The pieces leave as they have entered, the first one first.
        """
        found = keyframed(self.keyframes, seconds, length_s) if self.keyframes else REST
        if self.enter is not None:
            begin = (delay_s + order * (self.enter.stagger or 0.0)) * hurry
            share = _share(seconds - begin, self.enter.duration_s * hurry)
            found = found.over(self.enter.away.towards(REST, eased(self.enter.curve, share)))
        if self.exit is not None:
            stagger = min((self.exit.stagger or 0.0) * hurry, LONGEST_LEAVE * length_s / (order + following + 1))
            left = length_s - seconds - following * stagger
            share = _share(self.exit.duration_s * hurry - left, self.exit.duration_s * hurry)
            found = found.over(REST.towards(self.exit.away, eased(self.exit.curve, share)))
        return found


def _share(seconds: float, duration_s: float) -> float:
    return clamp(seconds / duration_s) if duration_s > 0 else float(seconds >= 0)
