"""Panels that have nothing to show give their room to others."""

from __future__ import annotations

from itertools import combinations

import pytest

from pipeline.picture.panels.layout import load_layout
from pipeline.picture.panels.room import without
from pipeline.picture.panels.settings import PanelSettings

GRAPHS = frozenset({"training_loss", "validation_loss", "speed"})
SOUND = frozenset({"waveform", "spectrogram", "oscilloscope"})


def high(panels: tuple[PanelSettings, ...], kinds: frozenset[str]) -> float:
    return sum(panel.height for panel in panels if panel.kind in kinds)


@pytest.mark.parametrize("name", ["landscape", "portrait", "square"])
@pytest.mark.parametrize("absent", [GRAPHS, SOUND, frozenset({"validation_loss"}), frozenset({"training_loss"})])
def test_no_room_is_left_empty_and_none_is_taken_twice(name: str, absent: frozenset[str]) -> None:
    layout = load_layout(name)
    kept = without(layout.panel, absent)
    assert not absent & {panel.kind for panel in kept}
    before = high(layout.panel, (GRAPHS | SOUND) - {"speed"})
    assert high(kept, (GRAPHS | SOUND) - {"speed"}) == pytest.approx(before, abs=0.03)
    apart = [panel for panel in kept if panel.kind != "speed"]
    was = {panel.kind: panel for panel in layout.panel}
    for one, two in combinations(apart, 2):
        beside = one.left + one.width <= two.left or two.left + two.width <= one.left
        over = min(one.top + one.height, two.top + two.height) - max(one.top, two.top)
        before_over = min(was[one.kind].top + was[one.kind].height, was[two.kind].top + was[two.kind].height) - max(
            was[one.kind].top, was[two.kind].top
        )
        assert beside or over < 1e-6 or before_over > 0


def test_a_layout_with_everything_to_show_stays() -> None:
    layout = load_layout("landscape")
    assert without(layout.panel, frozenset()) == layout.panel
