"""Panels that show a network: where their light falls, and what they look like."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio.quantise import code_values
from pipeline.picture.drawing.planes import ink
from pipeline.picture.panels.network.expectation import row_shares
from pipeline.picture.panels.scene_data import (
    CellRows,
    SceneActivity,
    SceneData,
    SceneDistributions,
    SceneSound,
    WindowRows,
)
from pipeline.picture.theme.theme import load_theme
from tests.conftest import Golden
from tests.picture.panels.made_networks import inside_data
from tests.picture.panels.made_scenes import frame_of, layout_of, rgb_of, scene, scene_data

LATE = 40 + 290
RATE_HZ = 8000
EXPECTATION, ACTIVITY = {"kind": "expectation"}, {"kind": "activity"}
KINDS = {
    "expectation": EXPECTATION | {"title": "expects", "text": 0.1},
    "activity": ACTIVITY | {"title": "cells", "text": 0.1, "row": 0.03},
}
SHAPES = {"inside": (160, 90), "inside-portrait": (90, 160), "inside-square": (120, 120)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("theme", ["midnight", "paper", "phosphor"])
def test_each_panel_looks_like_its_golden_picture(kind: str, theme: str, golden: Golden) -> None:
    data = inside_data(160, 90)
    golden(f"panel-{kind}-{theme}", rgb_of(frame_of(scene(data, theme, layout_of(KINDS[kind])), data, LATE), data))


@pytest.mark.parametrize("layout", SHAPES)
@pytest.mark.parametrize("larger", [1, 2])
def test_each_layout_looks_like_its_golden_picture(layout: str, larger: int, golden: Golden) -> None:
    data = inside_data(*(side * larger for side in SHAPES[layout]))
    name = f"layout-{layout}{'-large' if larger > 1 else ''}"
    golden(name, rgb_of(frame_of(scene(data, layout=layout), data, LATE), data))


def test_a_frame_looks_the_same_in_any_order() -> None:
    data = inside_data(frame_rate=Fraction(30000, 1001))
    frames = [41, 150, LATE, data.end_frame - 1, 200]
    layout = layout_of(EXPECTATION | {"height": 0.5}, ACTIVITY | {"top": 0.5, "height": 0.5})
    forwards = scene(data, layout=layout)
    expected = {frame: frame_of(forwards, data, frame) for frame in sorted(frames)}
    backwards = scene(data, layout=layout)
    for frame in reversed(frames):
        assert np.array_equal(frame_of(backwards, data, frame), expected[frame]), frame


def still(**changes: object) -> SceneData:
    """One take of silence, 4 s, in a frame of 320 x 100."""
    samples = np.zeros(4 * RATE_HZ, np.float32)
    samples[0] = samples[-1] = 0.94
    samples[::400] = 0.94  # loud clicks: the scale is full scale
    sound = SceneSound(0, 120, samples, RATE_HZ, "take", "", "", 1)
    values: dict[str, object] = {"start_frame": 0, "end_frame": 120, "sounds": (sound,), "iteration": np.ones(121)}
    return scene_data(320, 100, **(values | changes))


def luma_of(data: SceneData, panel: dict[str, object], frame: int = 60) -> np.ndarray:
    return frame_of(scene(data, layout=layout_of(panel)), data, frame)[:100].astype(int)


def expecting(code: int, encoding: str) -> SceneDistributions:
    rows = np.zeros((800, 256), np.uint8)
    rows[:, code] = 255
    return SceneDistributions((WindowRows(rows, 45),), code_values(encoding))


@pytest.mark.parametrize(("encoding", "code"), [("linear-u8", 192), ("linear-u8", 64), ("mu-law", 240), ("mu-law", 20)])
def test_light_falls_where_the_amplitude_is_expected(encoding: str, code: int) -> None:
    luma = luma_of(still(distributions=expecting(code, encoding)), EXPECTATION)
    ground = round(ink(load_theme("midnight").colours.panel).luma)
    column = luma[:, 150] - ground
    column[48:52] = 0  # the sound itself
    lit = np.flatnonzero(column > 20)
    expected_row = 50 - 50 * float(code_values(encoding)[code])
    assert lit.size
    assert abs(lit.mean() + 0.5 - expected_row) < 2.5


def test_an_even_distribution_is_a_fog_and_a_sure_one_is_dark_elsewhere() -> None:
    even = SceneDistributions((WindowRows(np.full((800, 256), 16, np.uint8), 45),), code_values("linear-u8"))
    ground = round(ink(load_theme("midnight").colours.panel).luma)
    fog = luma_of(still(distributions=even), EXPECTATION)[:, 40:150]
    sure = luma_of(still(distributions=expecting(192, "linear-u8")), EXPECTATION)[:, 40:150]
    assert np.all(fog[10:90] > ground + 8)
    assert np.median(sure[60:90]) == ground


def test_the_sound_is_a_line_through_it() -> None:
    tone = 0.5 * np.ones(4 * RATE_HZ, np.float32)
    tone[::400] = 0.94
    sound = SceneSound(0, 120, tone, RATE_HZ, "take", "", "", 1)
    luma = luma_of(still(sounds=(sound,), distributions=expecting(64, "linear-u8")), EXPECTATION)
    assert abs(int(np.argmax(luma[:45, 155])) - 25) <= 2


@pytest.mark.parametrize(
    ("panel", "traces"),
    [
        (EXPECTATION, {"distributions": expecting(192, "linear-u8")}),
        (
            ACTIVITY,
            {
                "activity": SceneActivity(
                    (CellRows(np.full((800, 4), 127, np.int8), 45, middle=np.zeros(4, np.float32)),), np.arange(4)
                )
            },
        ),
    ],
)
def test_what_was_played_is_bright_and_the_rest_dim(panel: dict[str, object], traces: dict[str, object]) -> None:
    luma = luma_of(still(**traces), panel)
    ground = round(ink(load_theme("midnight").colours.panel).luma)
    row = 25
    assert 0.2 < (luma[row, 170] - ground) / (luma[row, 150] - ground) < 0.7


def test_rows_are_the_cells_in_the_sections_order() -> None:
    rows = np.zeros((800, 4), np.int8)
    rows[:, 2], rows[:, 1] = 127, -127
    activity = SceneActivity((CellRows(rows, 45, middle=np.zeros(4, np.float32)),), np.array([2, 0, 3, 1]))
    data = still(activity=activity)
    picture = rgb_of(frame_of(scene(data, layout=layout_of(ACTIVITY)), data, 60), data).astype(int)[:, 120]
    above, below = picture[12], picture[88]
    assert above[2] > above[0] + 50  # blue: above the mean
    assert below[0] > below[2] + 50  # amber: below
    assert np.abs(picture[37] - picture[62]).max() < 4


def test_a_cell_that_stands_still_is_dark_however_far_from_zero() -> None:
    rows = np.full((800, 4), 100, np.int8)
    activity = SceneActivity((CellRows(rows, 45, middle=np.full(4, 100, np.float32)),), np.arange(4))
    luma = luma_of(still(activity=activity), ACTIVITY)
    assert np.ptp(luma[:, 60:150]) <= 1


@pytest.mark.parametrize("panel", [EXPECTATION, ACTIVITY])
def test_sounds_without_traces_leave_the_panel_empty(panel: dict[str, object]) -> None:
    luma = luma_of(still(), panel)
    assert np.median(luma[20, 20:150]) == round(ink(load_theme("midnight").colours.panel).luma)


@given(st.sampled_from(["linear-u8", "mu-law"]), st.integers(1, 300), st.floats(1.05, 4.0))
@settings(max_examples=30)
def test_rows_hold_all_of_each_bytes_amplitudes(encoding: str, rows: int, reach: float) -> None:
    shares = row_shares(code_values(encoding), rows, reach)  # type: ignore[arg-type]
    assert shares.shape == (256, rows)
    assert np.allclose(shares.sum(axis=1), 1.0, atol=1e-4)


def test_rows_are_read_between_windows_and_held_at_the_ends() -> None:
    rows = WindowRows(np.array([[0], [100], [200]], np.uint8), 10, first_sample=5)
    at = np.array([-50.0, 4.5, 9.5, 14.5, 500.0])  # sample 4.5 + 5 + 0.5 = 10: midway between the first two windows
    assert rows.between(at)[:, 0] == pytest.approx([0, 50, 100, 150, 200])
