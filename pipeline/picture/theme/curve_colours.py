"""Colours for curves that lie in one graph with a section's own training or validation loss.

Owns which of a theme's colours may be taken for neither. It does not draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.picture.theme.contrast import distance
from pipeline.picture.theme.theme import Colours

PLAINLY_APART: Final = 30.0
"""Units of CIE L*a*b*: other curves are never taken for a graph's own."""


@dataclass(frozen=True)
class CurveLook:
    """A curve's colour, and whether it is dashed because a curve before it has the same."""

    colour: str
    is_dashed: bool


def looks_beside(colours: Colours, count: int) -> list[CurveLook]:
    """Looks for so many further curves, none like the losses' own; of every second round of colours, dashed."""
    own = (colours.training_mean, colours.validation)
    apart = [min(distance(colour, other) for other in own) for colour in colours.series]
    usable = [colour for colour, away in zip(colours.series, apart, strict=True) if away >= PLAINLY_APART]
    usable = usable or list(colours.series)
    return [CurveLook(usable[index % len(usable)], is_dashed=index // len(usable) % 2 == 1) for index in range(count)]
