"""The numbers of a loss graph's axes: round losses, and where training ends.

This module chooses them among what fits. It does not draw.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Final

from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.ticks import NumberStyle, Tick, choose_ticks

LOSS_STEPS: Final = (50.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
FINEST_STEP: Final = 0.5  # between ticks of a loss axis that isn't linear, unless that leaves fewer than
ENOUGH_TICKS: Final = 3


def loss_ticks(
    losses: Axis, apart_px: float, above_px: float = 0.0, numbers: NumberStyle | None = None
) -> tuple[Tick, ...]:
    """Round numbers of bits along the loss axis, at least `apart_px` apart and `above_px` above its foot.

    On a logarithmic loss axis, which seldom spans a power of ten, rounder numbers come first, and finer ones where
    there is room between them.
    """
    numbers = numbers or NumberStyle()
    best: tuple[Tick, ...] = ()
    for step in LOSS_STEPS:
        first, last = math.ceil(losses.first / step - 1e-9), math.floor(losses.last / step + 1e-9)
        if last - first > losses.length_px:
            break
        values = [number * step for number in range(first, last + 1)]
        ticks = [Tick(value, float(losses.position_px(value)), numbers.write(value, step)) for value in values]
        ticks = [tick for tick in ticks if tick.position_px >= above_px]
        if losses.scale == "linear":
            if any(two.position_px - one.position_px < apart_px for one, two in pairwise(ticks)):
                break
            best = tuple(ticks)
            continue
        if step < FINEST_STEP and len(best) >= ENOUGH_TICKS:
            break
        kept = list(best)
        for tick in ticks:
            if all(abs(tick.position_px - other.position_px) >= apart_px for other in kept):
                kept.append(tick)
        if len(kept) > len(best):
            kept = [replace(tick, label=numbers.write(tick.value, step)) for tick in kept]
            best = tuple(sorted(kept, key=lambda tick: tick.position_px))
    return best


def logged_ticks(losses: Axis, size_px: float, above_px: float, numbers: NumberStyle) -> tuple[Tick, ...]:
    """Round numbers along the axis of losses of any size and sign, `above_px` above its foot at least.

    `size_px` is the size of their type.
    """
    ticks = choose_ticks(losses, measure_px=lambda _: size_px, gap_px=0.35 * size_px, style=numbers, minor=False)
    return tuple(tick for tick in ticks if tick.position_px >= above_px)


def with_end(
    ticks: tuple[Tick, ...],
    axis: Axis,
    measure_px: Callable[[str], float],
    gap_px: float,
    numbers: NumberStyle | None = None,
) -> tuple[Tick, ...]:
    """Mark where the axis ends with its number; labels that stand too near give way to it."""
    end = Tick(axis.last, float(axis.length_px), (numbers or NumberStyle()).write(axis.last, 1.0))
    room = axis.length_px - measure_px(end.label) / 2 - gap_px
    kept = [
        tick if tick.position_px + measure_px(tick.label) / 2 <= room else replace(tick, label="")
        for tick in ticks
        if tick.position_px < axis.length_px - 1
    ]
    return (*kept, end)
