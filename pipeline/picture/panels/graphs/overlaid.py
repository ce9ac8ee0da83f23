"""Curves beneath a loss panel's own: further losses of the same log, and those of other networks.

Owns their order, looks and names. It does not know where they are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.picture.drawing.planes import Ink, ink
from pipeline.picture.panels.graphs.legend import LegendEntry
from pipeline.picture.panels.graphs.loss_curve import Series, make_curve
from pipeline.picture.panels.panel import RenderContext
from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.loss_columns import ColumnCurve, reduced_curve
from pipeline.picture.plotting.named_losses import short_curve_names
from pipeline.picture.theme.curve_colours import looks_beside

OTHER_OPACITY: Final = 0.55
OTHER_THICKNESS: Final = 0.6
FURTHER_OPACITY: Final = 0.9
FURTHER_THICKNESS: Final = 0.75
"""Of the panel's own line."""


@dataclass(frozen=True)
class LinePen:
    """How a curve is drawn; its thickness is a share of the panel's own line."""

    colour: Ink
    thickness: float
    opacity: float
    is_dashed: bool = False


@dataclass(frozen=True)
class OverlaidCurve:
    """A curve beneath the panel's own, its key in the legend, and how it is drawn."""

    curve: ColumnCurve
    key: LegendEntry
    thickness: float
    opacity: float

    def pen(self, opacity: float) -> LinePen:
        """How it is drawn where the panel's own curve has an opacity."""
        return LinePen(self.key.ink, self.thickness, self.opacity * opacity, self.key.is_dashed)


def curve_names(context: RenderContext, series: Series) -> list[str]:
    """The names of a log's curves, the panel's own first; none where it is the only one."""
    history = context.data.history
    further = history.further(series)
    own = history.names[0 if series == "training" else 1]
    return short_curve_names([own, *(one.name for one in further)]) if further else []


def overlaid_curves(
    context: RenderContext, series: Series, axis: Axis, smooth_px: float, *, with_others: bool
) -> list[OverlaidCurve]:
    """The curves beneath a panel's own, further losses of its log first.

    Parameters
    ----------
    series, axis, smooth_px
        As for `make_curve`.
    with_others
        Whether other networks' losses are among them.
    """
    data = context.data
    further = data.history.further(series)
    others = data.others if with_others else ()
    looks = looks_beside(context.theme.colours, len(further) + len(others))
    names = curve_names(context, series)[1:]
    found = [
        OverlaidCurve(
            reduced_curve(one.iterations, one.losses, data.history.unit, axis, smooth_px=smooth_px),
            LegendEntry(name, name, ink(look.colour), look.is_dashed),
            FURTHER_THICKNESS,
            FURTHER_OPACITY,
        )
        for one, name, look in zip(further, names, looks, strict=False)
    ]
    for number, (other, look) in enumerate(zip(others, looks[len(further) :], strict=True), start=1):
        key = LegendEntry(other.label, context.word("network_number", number=number), ink(look.colour))
        found.append(OverlaidCurve(make_curve(other, series, axis, smooth_px), key, OTHER_THICKNESS, OTHER_OPACITY))
    return found
