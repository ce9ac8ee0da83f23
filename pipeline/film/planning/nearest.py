"""Checkpoints and takes that a person names: by iteration, or as the first, the last or the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol, TypeVar


class Trained(Protocol):
    """What has an iteration and the loss there that it is judged by."""

    @property
    def iteration(self) -> int:
        """The iteration at which it was saved."""

    @property
    def loss(self) -> float:
        """In the unit of its section's losses; may be infinite or NaN."""


Point = TypeVar("Point", bound=Trained)


def nearest(points: Sequence[Point], wanted: int | str) -> Point:
    """Find what is meant among `points`, their iterations ascending; of two as near, the earlier one.

    Parameters
    ----------
    points
        At least one.
    wanted
        An iteration, `first`, `last` or `best`: with the lowest loss.
    """
    if wanted == "first":
        return points[0]
    if wanted == "last":
        return points[-1]
    if wanted == "best":
        return min(points, key=loss_of)
    return min(points, key=lambda point: (abs(point.iteration - int(wanted)), point.iteration))


def loss_of(point: Trained) -> float:
    """The loss; infinite where it is no number, so that others are better."""
    return point.loss if math.isfinite(point.loss) else math.inf
