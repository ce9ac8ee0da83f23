"""Words on screen: whatever their length and script, they stay in their boxes, apart, and in the safe area."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import GlyphError
from pipeline.picture.panels.counters import CountersPanel, duration, epoch_decimals
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.panels.scene_data import CaptionSpan, LossHistory, SceneData
from pipeline.picture.panels.words import pace
from tests.picture.panels.made_scenes import frame_of, history, layout_of, scene, scene_data

FRAME = 40 + 200
LATIN = "It has found silence, and how loud a voice is when it begins to say words that nobody has ever said "
GREEK = "Μαθαίνει να μιλάει με τη φωνή μου, λέξη προς λέξη, χωρίς να ξέρει τι λέει "  # noqa: RUF001  # Greek is meant
CYRILLIC = "Сеть учится говорить моим голосом, слово за словом, не зная, что она говорит "
SIZES = {"landscape": (640, 360), "portrait": (360, 640), "square": (480, 480)}


def with_words(layout: str, text: str, title: str) -> tuple[SceneData, np.ndarray, np.ndarray]:
    """The luma of a frame with a caption and a title, and of the same frame without."""
    size = SIZES[layout]
    bare = scene_data(*size, captions=(), section_title="")
    data = scene_data(*size, captions=(CaptionSpan(text, 100, 380),), section_title=title)
    lumas = [frame_of(scene(one, layout=layout), one, FRAME)[: size[1]].astype(int) for one in (data, bare)]
    return data, lumas[0], lumas[1]


@given(st.sampled_from([LATIN, GREEK, CYRILLIC, "W" * 100, "i. "]), st.integers(1, 200), st.sampled_from([*SIZES]))
@settings(deadline=None, max_examples=24)
def test_captions_and_titles_of_any_length_stay_in_their_boxes(script: str, length: int, layout: str) -> None:
    text = (script * 40)[:length].strip() or "x"
    data, with_text, without = with_words(layout, text, text[:80])
    changed = with_text != without
    assert changed.any()
    for panel in load_layout(layout).panel:
        if panel.kind in {"caption", "title"}:
            box = panel.box(data.width, data.height)
            assert changed[box.top : box.bottom, box.left : box.right].any()
            changed[box.top : box.bottom, box.left : box.right] = False
    assert not changed.any()


def test_a_caption_fades_in_and_out_and_is_gone_outside_its_span() -> None:
    data = scene_data(captions=(CaptionSpan("TextSprite", 200, 260),))
    drawn = scene(data, layout=layout_of({"kind": "caption", "text": 0.2}))
    light = {frame: float(frame_of(drawn, data, frame)[:180].std()) for frame in (199, 200, 203, 206, 230, 257, 260)}
    assert light[199] == light[200] == light[260] == 0
    assert 0 < light[203] < light[206] < light[230]
    assert 0 < light[257] < light[230]


@pytest.mark.parametrize("layout", [*SIZES])
@pytest.mark.parametrize("iterations", [5, 4_000, 2_000_000])
def test_counters_stay_in_their_box_and_apart(layout: str, iterations: int) -> None:
    told = history(iterations)
    told.elapsed_s[:] = np.linspace(0, 400_000, iterations)
    data = scene_data(*SIZES[layout], history=told)
    panel: Any = next(one for one in scene(data, layout=layout).panels if isinstance(one, CountersPanel))
    spans: dict[int, list[tuple[float, float]]] = {}
    for cell in panel._cells:
        texts = [panel.text_of(cell.item, at) for at in (0.0, iterations / 3, float(iterations))]
        widest = max(cell.figures.width_px(text) for text in texts)
        assert widest <= cell.edges[1] - cell.edges[0] + 1e-6
        assert cell.edges[0] >= panel.box.left - 1e-6
        assert cell.edges[1] <= panel.box.right + 1e-6
        assert panel.box.top <= cell.baselines[0] < cell.baselines[1] <= panel.box.bottom
        spans.setdefault(cell.baselines[0], []).append(cell.edges)
    for edges in spans.values():
        assert all(one[1] < two[0] for one, two in zip(sorted(edges), sorted(edges)[1:], strict=False))


def test_times_that_nobody_measured_are_not_shown() -> None:
    told = history(400)
    told.elapsed_s[:] = 0
    panel: Any = scene(scene_data(history=told), layout=layout_of({"kind": "counters"})).panels[0]
    assert panel._items == ["iteration", "epoch", "bits"]


def test_counters_show_the_frames_own_numbers() -> None:
    steps = np.arange(1, 4001)
    told = LossHistory(steps, steps * 0.001, steps / 500, steps * 2.0, np.array([0, 4000]), np.array([5.0, 3.0]))
    panel: Any = scene(scene_data(history=told), layout=layout_of({"kind": "counters"})).panels[0]
    assert panel.text_of("iteration", 1234.9) == "1,234"
    assert panel.text_of("epoch", 1250.0) == "2.50"
    assert panel.text_of("epoch", 0.0) == "0.00"
    assert panel.text_of("time", 0.0) == "0:00:00"
    assert panel.text_of("time", 1000.0) == "0:33:20"
    assert panel.text_of("bits", 2000.0) == f"{4.0 / np.log(2):.3f}"


def test_counters_tell_of_the_take_that_is_heard_while_the_playhead_runs_on() -> None:
    data = scene_data()
    told = {frame: data.iteration_at(frame) for frame in range(data.start_frame, data.end_frame)}
    for sound in data.sounds:
        heard = {told[frame] for frame in range(sound.start_frame, sound.end_frame)}
        assert heard == {float(sound.iteration or 0)}
    drawn = scene(data, layout=layout_of({"kind": "counters"}))
    first, last = (frame_of(drawn, data, frame) for frame in (data.sounds[2].start_frame, data.sounds[2].end_frame - 1))
    assert np.array_equal(first, last)
    assert data.iteration[data.sounds[2].end_frame - 1 - data.start_frame] > 2900


def test_durations_are_written_as_clocks_do() -> None:
    assert duration(75.9, 1000) == "1:15"
    assert duration(75.9, 7200) == "0:01:15"
    assert duration(360_000, 360_000) == "100:00:00"


def test_the_speed_hint_shows_only_where_the_graph_runs_faster_than_usual() -> None:
    speed = np.ones(360)
    speed[150:200] = 4
    position = np.concatenate([[0], np.cumsum(speed)])
    data = scene_data(iteration=position)
    times = pace(data.iteration, data.frame_rate)
    assert times[175] == pytest.approx(4, abs=0.1)
    assert times[100] == pytest.approx(1, abs=0.01)
    drawn = scene(data, layout=layout_of({"kind": "speed", "text": 0.2}))
    assert frame_of(drawn, data, data.start_frame + 100)[:180].std() == 0
    assert frame_of(drawn, data, data.start_frame + 175)[:180].std() > 1


def test_a_graph_that_stands_still_has_no_pace() -> None:
    assert pace(np.full(361, 7.0), Fraction(30)).max() == 0


def test_a_graph_on_a_logarithmic_axis_is_fast_where_that_one_moves_fast() -> None:
    even = np.linspace(0, 3.6, 361)
    data = scene_data(iteration=10**even - 1)
    for time, is_shown in (("log", False), ("linear", True)):
        panels = {"kind": "validation_loss", "time": time, "top": 0.5, "height": 0.5}, {"kind": "speed", "height": 0.3}
        hint: Any = scene(data, layout=layout_of(*panels)).panels[1]
        assert (hint._pace.max() > 2) == is_shown


@pytest.mark.parametrize(
    "change",
    [
        {"captions": (CaptionSpan("so \U00010330", 100, 200),)},
        {"section_title": "so \U00010330"},
    ],
)
def test_a_character_that_no_font_has_is_told_before_anything_is_drawn(change: dict[str, Any]) -> None:
    with pytest.raises(GlyphError):
        scene(scene_data(**change))


def test_epochs_of_a_short_training_are_told_from_nothing() -> None:
    assert [epoch_decimals(most) for most in (35.0, 1.0, 0.1, 0.08, 0.003, 0.0)] == [2, 2, 2, 3, 4, 2]
    assert all(float(f"{most / 10:.{epoch_decimals(most)}f}") > 0 for most in (35.0, 0.1, 0.08, 0.003))
