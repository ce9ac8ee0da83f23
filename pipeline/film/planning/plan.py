"""Which checkpoints are heard, and for how long: chosen by hand, or automatically with more time for later takes.

This module is pure: numbers in, numbers out. It does not know audio, frames or files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.errors import ProductionError
from pipeline.film.planning.nearest import loss_of, nearest
from pipeline.film.planning.shares import share_frames
from pipeline.film.planning.storyboard_settings import StoryboardSettings, TakeLine


@dataclass(frozen=True)
class CheckpointPoint:
    """What the plan needs of a checkpoint: when in training it was saved, and how good it is.

    `loss` is the validation loss where there is one, in the unit that its section's losses are stored in.
    """

    iteration: int
    loss: float


@dataclass(frozen=True)
class PlannedTake:
    """One take of a section: the checkpoint, how long, and the user's own caption template.

    `is_fixed` where the user's own line says how long.
    """

    iteration: int
    seconds: float
    caption: str | None = None
    is_fixed: bool = False


def choose_takes(
    checkpoints: Sequence[CheckpointPoint], settings: StoryboardSettings, *, where: str = "", is_shortened: bool = False
) -> tuple[PlannedTake, ...]:
    """Choose the takes of a section, in training order.

    Parameters
    ----------
    checkpoints
        All checkpoints, their iterations strictly ascending.
    settings
        The section's storyboard.
    where
        What the user calls the place, for errors.
    is_shortened
        Whether the training may have ended sooner than the lines were chosen for: then what doesn't fit is left out.

    Returns
    -------
    tuple[PlannedTake, ...]
        Strictly ascending in iteration. Fewer than asked for where there are fewer checkpoints, or no time for more.

    Raises
    ------
    ProductionError
        Where a line names an iteration that was never trained, two lines name one checkpoint, lines are out of order,
        or the lines leave no time for the others.
    """
    if not checkpoints:
        raise ProductionError("The training left no checkpoint to sample.", where=where)
    if is_shortened:
        settings = settings.model_copy(update={"take": _that_are_there(checkpoints, settings.take)})
    if settings.take:
        return _by_hand(checkpoints, settings, where)
    total = settings.takes_seconds
    most = max(1, math.floor(total / settings.shortest_take_seconds + 1e-9))
    chosen = _pick(checkpoints, min(settings.takes, most), settings.spread)
    seconds = _share_out(total, _weights(chosen, settings), settings.shortest_take_seconds)
    return tuple(PlannedTake(point.iteration, length) for point, length in zip(chosen, seconds, strict=True))


def _that_are_there(checkpoints: Sequence[CheckpointPoint], lines: Sequence[TakeLine]) -> tuple[TakeLine, ...]:
    """The lines up to the end of training, each of another checkpoint."""
    kept: list[TakeLine] = []
    last = -1
    for line in lines:
        if isinstance(line.iteration, int) and line.iteration > checkpoints[-1].iteration:
            continue
        if (at := nearest(checkpoints, line.iteration).iteration) > last:
            kept.append(line)
            last = at
    return tuple(kept)


def _by_hand(
    checkpoints: Sequence[CheckpointPoint], settings: StoryboardSettings, where: str
) -> tuple[PlannedTake, ...]:
    points = [_trained(checkpoints, line.iteration, where) for line in settings.take]
    for earlier, later in pairwise(points):
        if later.iteration <= earlier.iteration:
            raise ProductionError(
                f"The take at iteration {later.iteration} comes after the one at iteration {earlier.iteration}.",
                where=where,
                expected="takes in training order, each of another checkpoint",
                hint="Reorder the take lines, or remove one; make more checkpoints to have more takes.",
            )
    free = [point for point, line in zip(points, settings.take, strict=True) if line.seconds is None]
    fixed = sum(line.seconds for line in settings.take if line.seconds is not None)
    left = 4.0 * len(free) if settings.seconds is None else settings.seconds - fixed
    if free and left < len(free) * settings.shortest_take_seconds:
        raise ProductionError(
            f"The take lines with a length last {fixed:g} s, which leaves too little for the {len(free)} others.",
            where=where,
            expected=f"at least {fixed + len(free) * settings.shortest_take_seconds:g} s",
            hint="Set more seconds in the storyboard, or shorten the lines.",
        )
    shares = iter(_share_out(left, _weights(free, settings), settings.shortest_take_seconds)) if free else iter(())
    return tuple(
        PlannedTake(point.iteration, next(shares), line.caption)
        if line.seconds is None
        else PlannedTake(point.iteration, line.seconds, line.caption, is_fixed=True)
        for point, line in zip(points, settings.take, strict=True)
    )


def fit_to_sound(takes: Sequence[PlannedTake], frames: Sequence[int], there: Sequence[int]) -> tuple[int, ...]:
    """Fit takes to the sound that there is: what one lacks, the others last longer, as far as they have sound.

    Parameters
    ----------
    takes
        As planned.
    frames
        How long each was planned to last.
    there
        How much there is of each.

    Returns
    -------
    tuple[int, ...]
        Frames of each, 1 at least; none is shorter than planned but for want of sound, no take whose length the user
        has fixed is longer.
    """
    lowest = [max(1, min(wanted, most)) for wanted, most in zip(frames, there, strict=True)]
    highest = [low if take.is_fixed else max(low, most) for take, low, most in zip(takes, lowest, there, strict=True)]
    return share_frames(sum(frames), [max(1.0, float(wanted)) for wanted in frames], lowest, highest)


def _trained(checkpoints: Sequence[CheckpointPoint], wanted: int | str, where: str) -> CheckpointPoint:
    """The checkpoint that a line means; one beyond the end of training is an error."""
    last = checkpoints[-1].iteration
    if not isinstance(wanted, str) and wanted > last:
        raise ProductionError(
            f"A take is asked for at iteration {wanted}, but training ended at iteration {last}.",
            where=where,
            expected=f'0 to {last}, or "first", "last", "best"',
            hint="Correct the take line, or train for longer.",
        )
    return nearest(checkpoints, wanted)


def _pick(checkpoints: Sequence[CheckpointPoint], count: int, spread: str) -> list[CheckpointPoint]:
    """Pick `count` checkpoints, first and last among them, evenly spread in the chosen coordinate."""
    total = len(checkpoints)
    if count >= total:
        return list(checkpoints)
    if count == 1:
        return [checkpoints[-1]]
    coordinates = _coordinates(checkpoints, spread)
    first, last = coordinates[0], coordinates[-1]
    picked = [0]
    for rank in range(1, count - 1):
        target = first + (last - first) * rank / (count - 1)
        lowest, highest = picked[-1] + 1, total - count + rank
        picked.append(min(range(lowest, highest + 1), key=lambda index: (abs(coordinates[index] - target), index)))
    return [checkpoints[index] for index in [*picked, total - 1]]


def _coordinates(checkpoints: Sequence[CheckpointPoint], spread: str) -> list[float]:
    if spread == "even":
        return [float(point.iteration) for point in checkpoints]
    if spread == "log":
        return [math.log1p(point.iteration) for point in checkpoints]
    best = math.inf
    progress = []
    for point in checkpoints:
        best = min(best, loss_of(point))
        progress.append(-best if math.isfinite(best) else 0.0)
    return progress


def _weights(points: Sequence[CheckpointPoint], settings: StoryboardSettings) -> list[float]:
    """Return each take's share of time: from 1 for the first to `emphasis` for the last, geometrically."""
    if len(points) <= 1:
        return [1.0] * len(points)
    growth = math.log(settings.emphasis)
    if settings.emphasis_by == "order":
        return [math.exp(growth * rank / (len(points) - 1)) for rank in range(len(points))]
    progress = _coordinates(points, "loss")
    extent = progress[-1] - progress[0]
    if extent <= 0.0:
        return [1.0] * len(points)
    return [math.exp(growth * (value - progress[0]) / extent) for value in progress]


def _share_out(total_s: float, weights: Sequence[float], shortest_s: float) -> list[float]:
    """Split a length by weights, none below the shortest, to whole milliseconds; the last takes what is left."""
    shortest_s = min(shortest_s, total_s / len(weights))
    shares = [0.0] * len(weights)
    free = set(range(len(weights)))
    left = total_s
    while free:
        weight = sum(weights[index] for index in free)
        short = {index for index in free if left * weights[index] / weight < shortest_s}
        if not short or short == free:
            for index in free:
                shares[index] = left * weights[index] / weight
            break
        for index in short:
            shares[index] = shortest_s
        left -= shortest_s * len(short)
        free -= short
    rounded = [math.floor(share * 1000) / 1000 for share in shares]
    rounded[-1] = round(total_s - sum(rounded[:-1]), 3)
    return rounded
