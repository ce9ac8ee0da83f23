"""How a text is set: size, weight, face, and the room between its characters and lines. It knows no fonts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from pipeline.picture.text.fonts import Role

SMALLEST_PX: Final = 1.0


@dataclass(frozen=True)
class TextStyle:
    """How a text is set.

    Parameters
    ----------
    size_px
        The em size in pixels.
    weight
        100 (thin) to 900 (black).
    role
        `sans` or `mono`.
    tabular
        All digits equally wide, for counters and tables.
    tracking_em
        Extra room between characters, in sizes; may be negative.
    display
        The font's cut for headings, where it has one.
    leading_em
        From baseline to baseline, in sizes.
    italic
        The family's italics; where it has none, slanted letters.
    """

    size_px: float
    weight: int = 400
    role: Role = "sans"
    tabular: bool = False
    tracking_em: float = 0.0
    display: bool = False
    leading_em: float = 1.3
    italic: bool = False

    def scaled(self, factor: float) -> TextStyle:
        """The same style, `factor` times as large."""
        return replace(self, size_px=max(SMALLEST_PX, self.size_px * factor))
