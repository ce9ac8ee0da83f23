"""The loss graphs: the pixel under the playhead tells the truth, on every axis, at every speed."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.picture.drawing.easing import glide
from pipeline.picture.drawing.planes import ink, planes_of
from pipeline.picture.panels.graphs.graph_ticks import loss_ticks, with_end
from pipeline.picture.panels.graphs.line_graph import LossGraphPanel
from pipeline.picture.panels.graphs.loss_curve import loss_axis, loss_range, make_curve, time_axis
from pipeline.picture.panels.graphs.tick_lane import FADE_FROM
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.panels.scene_data import LossHistory, SceneData
from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.named_losses import NamedLosses
from pipeline.picture.plotting.ticks import choose_ticks
from pipeline.picture.theme.theme import load_theme
from pipeline.runtime.wording.units import LossUnit
from tests.picture.panels.made_scenes import BITS, frame_of, history, layout_of, scene, scene_data

COLOURS = load_theme("midnight").colours


def known_loss(iterations: np.ndarray, time: str = "linear") -> np.ndarray:
    """A loss, in bits, that is smooth along an axis and can be told at any iteration."""
    return 5 + 2 * np.cos(np.log1p(iterations) * 1.3 if time == "log" else iterations / 700)


def known_scene(**panel: Any) -> tuple[SceneData, LossGraphPanel]:
    steps = np.arange(0, 4001)
    losses = known_loss(steps, panel.get("time", "linear")) * BITS
    told = LossHistory(steps, losses, steps / 8000, steps * 0.1, steps[::5], losses[::5])
    evenly = np.interp(np.arange(361), [0, 90, 360], [0, 0, 4000])
    data = scene_data(480, 320, history=told, others=(), sounds=(), iteration=evenly)  # no checkpoint is marked
    drawn = scene(data, layout=layout_of({"kind": "validation_loss", "window": 1.0, "text": 0.04} | panel))
    graph: Any = drawn.panels[0]
    return data, graph


@pytest.mark.parametrize(
    ("kind", "time", "loss"),
    [*product(["training_loss", "validation_loss"], ["linear", "log"], ["linear", "log", "fitted"])],
)
def test_the_pixel_under_the_playhead_shows_the_value_at_the_frames_iteration(kind: str, time: str, loss: str) -> None:
    data, graph = known_scene(kind=kind, time=time, loss=loss)
    out = np.zeros((480, 480), dtype=np.uint8)
    planes = planes_of(out, 480, 320)
    background = ink(COLOURS.background).luma
    for frame in range(data.start_frame + 100, data.end_frame - 60, 37):
        now = 240
        graph._reached.scroll(planes, (now - 40, 0), 80, graph.position_px(frame) - 40, 0.0)
        column = planes.luma[: graph._plot.height - 2, now - 1 : now + 1].astype(float).mean(axis=1) - background
        column[column < 0.5 * column.max()] = 0  # the grid, and the band
        seen = float((column * (np.arange(column.size) + 0.5)).sum() / column.sum())
        iteration = float(data.iteration[frame - data.start_frame])
        wanted = graph.row_of(float(known_loss(np.array(iteration), time))) - graph._plot.top
        assert seen == pytest.approx(wanted, abs=1.6), frame


@pytest.mark.parametrize("time", ["linear", "log"])
def test_the_marker_and_the_label_stand_at_the_curves_value(time: str) -> None:
    data, graph = known_scene(time=time)
    frame = data.start_frame + 250
    iteration = float(data.iteration[250])
    value = graph.curve.value_at(graph.position_px(frame))
    assert value == pytest.approx(float(known_loss(np.array(iteration), time)), abs=0.01)
    planes = planes_of(np.zeros((480, 480), dtype=np.uint8), 480, 320)
    graph.draw(frame, planes)
    now, row = round(graph.now_px(frame)), round(graph.row_of(value))
    own = ink(COLOURS.validation)
    assert planes.luma[row, now] == pytest.approx(own.luma, abs=3)
    assert planes.cb[row // 2, now // 2] < (own.cb + ink(COLOURS.background).cb) / 2


@pytest.mark.parametrize("time", ["linear", "log"])
@pytest.mark.parametrize("loss", ["linear", "log", "fitted"])
def test_in_whole_frames_the_curve_meets_the_playhead_at_its_value_wherever_that_has_glided(
    time: str, loss: str
) -> None:
    data, graph = known_scene(time=time, loss=loss)
    background = ink(COLOURS.background).luma
    for frame in range(data.start_frame + 100, data.end_frame, 43):
        planes = planes_of(np.zeros((480, 480), dtype=np.uint8), 480, 320)
        graph.draw(frame, planes)
        now = round(graph.now_px(frame))
        beside = planes.luma[graph._plot.top : graph._plot.bottom - 2, now - 12 : now - 10].astype(float).mean(axis=1)
        beside -= background
        beside[beside < 0.5 * beside.max()] = 0
        seen = graph._plot.top + float((beside * (np.arange(beside.size) + 0.5)).sum() / beside.sum())
        wanted = graph.row_of(graph.curve.value_at(graph.position_px(frame) - 11))
        assert seen == pytest.approx(wanted, abs=2.5), frame


def test_a_checkpoints_loss_is_written_exactly() -> None:
    data = scene_data(480, 320)
    graph: Any = scene(data, layout=layout_of({"kind": "validation_loss"})).panels[0]
    told = data.history
    for iteration, loss in zip(told.validation_iterations, told.validation_losses, strict=True):
        assert graph.curve.value_at(float(graph._axis.position_px(iteration))) == pytest.approx(float(loss) / BITS)


@pytest.mark.parametrize("kind", ["training_loss", "validation_loss"])
def test_consecutive_frames_are_equal_after_shifting_by_whole_pixels(kind: str) -> None:
    told = history(4000)
    data = scene_data(480, 200, others=())
    graph: Any = scene(data, layout=layout_of({"kind": kind, "text": 0.06})).panels[0]
    per_px = 4000 / graph._axis.length_px
    position = np.arange(361) * 2 * per_px  # two pixels a frame
    data = scene_data(480, 200, others=(), history=told, iteration=position, sounds=())
    drawn = scene(data, layout=layout_of({"kind": kind, "text": 0.06}))
    box = drawn.panels[0]._plot  # type: ignore[attr-defined]
    one, two = (planes_of(frame_of(drawn, data, data.start_frame + n), 480, 200).luma for n in (60, 61))
    for first, last in ((box.left + 12, 225), (360, 455)):  # beside the soft edge, the playhead and its label
        part_one, part_two = one[box.top : box.bottom, first + 2 : last], two[box.top : box.bottom, first : last - 2]
        assert np.abs(part_one.astype(int) - part_two).max() <= 1


@given(st.floats(0, 3000), st.floats(0, 3000), st.floats(1, 900), st.floats(0, 900))
@settings(deadline=None)
def test_graph_and_playhead_together_move_as_far_as_training_and_never_back(
    one: float, two: float, rest: float, way: float
) -> None:
    far = rest + way
    near, away = sorted((one, two))
    assert rest - 1e-6 <= glide(away, rest, far) <= glide(near, rest, far) + 1e-6 <= far + 2e-6
    moved = (away - near) - (glide(near, rest, far) - glide(away, rest, far))
    assert moved >= -1e-6, "the graph never scrolls back"
    assert glide(0.0, rest, far) == pytest.approx(far)


def test_the_playheads_glide_begins_and_ends_without_a_jerk() -> None:
    to_go = np.linspace(1200, 0, 12_001)
    speed = -np.diff([glide(float(at), 400.0, 900.0) for at in to_go]) / np.diff(to_go)
    assert np.abs(np.diff(speed)).max() < 1e-3
    assert speed[0] == 0
    assert abs(speed[-1]) == pytest.approx(1.0, abs=1e-3), "at the end the graph stands"


@pytest.mark.parametrize("layout", ["landscape", "portrait", "square"])
@pytest.mark.parametrize("height", [360, 1080])
def test_at_the_end_of_training_all_of_it_is_in_view_and_the_label_has_room(layout: str, height: int) -> None:
    shape = {"landscape": (16, 9), "portrait": (9, 16), "square": (9, 9)}[layout]
    data = scene_data(shape[0] * height // 9 // 2 * 2, shape[1] * height // 9 // 2 * 2)
    for graph in scene(data, layout=layout).panels:
        if isinstance(graph, LossGraphPanel):
            end = data.end_frame - 1
            assert graph.now_px(data.start_frame) == graph._context.playhead_px
            assert graph.now_px(end) > 0.7 * data.width
            last = max(graph._ticks, key=lambda tick: tick.position_px).label
            half = graph._context.type.measure(last, graph._style) / 2
            assert graph.now_px(end) + half <= 0.95 * data.width + 1


@pytest.mark.parametrize("layout", ["four-graphs", "four-graphs-portrait", "four-graphs-square"])
@pytest.mark.parametrize("height", [360, 1080])
def test_all_four_graphs_stand_at_the_frames_one_iteration_each_in_its_own_coordinate(layout: str, height: int) -> None:
    shape = {"four-graphs": (16, 9), "four-graphs-portrait": (9, 16), "four-graphs-square": (9, 9)}[layout]
    data = scene_data(shape[0] * height // 9 // 2 * 2, shape[1] * height // 9 // 2 * 2)
    graphs = [panel for panel in scene(data, layout=layout).panels if isinstance(panel, LossGraphPanel)]
    assert len({(graph._series, graph._axis.scale) for graph in graphs}) == 4
    assert load_layout(layout).law == "log"
    for frame in range(data.start_frame, data.end_frame, 7):
        for graph in graphs:
            at = float(graph._axis.value_at_px(graph.position_px(frame)))
            assert at == pytest.approx(float(data.iteration[frame - data.start_frame]), abs=1e-6)
            assert graph._plot.left < graph.now_px(frame) < min(graph._plot.right, 0.95 * data.width)
    above = {graph._plot.left: [one for one in graphs if one._plot.left == graph._plot.left] for graph in graphs}
    for column in above.values():
        by_scale = {
            scale: {one.now_px(200) for one in column if one._axis.scale == scale} for scale in ("linear", "log1p")
        }
        assert all(len(found) <= 1 for found in by_scale.values()), "one line through both graphs of a scale"
    for graph in graphs:
        size = graph._style.size_px
        assert graph._plot.height >= 3.5 * size, "the curve has room"
        assert len(graph._heights) >= 2


def test_a_graph_may_place_its_own_playhead_and_leave_the_marks_label_out() -> None:
    data = scene_data(480, 320)
    there, own = (
        scene(data, layout=layout_of({"kind": "validation_loss", **settings}, playhead=0.5)).panels[0]
        for settings in ({}, {"playhead": 0.8, "heard_label": False})
    )
    assert isinstance(there, LossGraphPanel)
    assert isinstance(own, LossGraphPanel)
    assert there.now_px(data.start_frame) == 240
    assert own.now_px(data.start_frame) == pytest.approx(own._plot.left + 0.8 * own._plot.width)
    assert there.mark.labels
    assert own.mark.labels == ()
    frame = data.start_frame + 250
    drawn = [planes_of(np.zeros((480, 480), dtype=np.uint8), 480, 320) for _ in range(2)]
    for panel, planes in zip((there, own), drawn, strict=True):
        panel.draw(frame, planes)
    assert (drawn[1].luma > 200).sum() < (drawn[0].luma > 200).sum()


def test_a_graph_that_ends_within_the_frame_fades_at_its_right_too() -> None:
    data = scene_data(480, 320, others=())
    for width, softened in ((0.5, True), (1.0, False)):
        panel: Any = scene(data, layout=layout_of({"kind": "training_loss", "width": width}, playhead=0.2)).panels[0]
        planes = planes_of(np.zeros((480, 480), dtype=np.uint8), 480, 320)
        panel.draw(data.start_frame + 60, planes)
        plot, ground = panel._plot, ink(COLOURS.background).luma
        inside = planes.luma[plot.top : plot.bottom, plot.right - 40 : plot.right].astype(int)
        seen = np.abs(inside - ground).max(axis=0)
        assert (seen[-1] < 0.5 * seen.max()) == softened


def test_late_training_has_room_on_a_fitted_axis() -> None:
    told = history(4000, floor_bits=4.0)
    axis = time_axis(told, "linear", 1000)
    curve = make_curve(told, "validation", axis, 0.0)
    watched = curve.values_at(np.linspace(0, 1000, 500))
    late = {scale: loss_axis([curve], scale, watched, 200).position_px(4.3) for scale in ("linear", "log", "fitted")}
    assert late["fitted"] > 1.8 * late["log"] > late["linear"]
    fitted = loss_axis([curve], "fitted", watched, 200)
    assert fitted.first < np.nanmin(curve.mean) < np.nanmax(curve.mean) < fitted.last
    values = np.linspace(fitted.first, fitted.last, 50)
    assert np.all(np.diff(fitted.position_px(values)) > 0)
    assert fitted.value_at_px(fitted.position_px(values)) == pytest.approx(values)


def test_a_loss_that_falls_evenly_needs_no_fitting_and_one_that_is_unknown_has_an_axis() -> None:
    steps = np.arange(0, 1001)
    even = LossHistory(steps, (8 - steps / 250) * BITS)
    curve = make_curve(even, "training", time_axis(even, "linear", 500), 0.0)
    assert loss_axis([curve], "fitted", np.linspace(8, 4, 60), 100).scale == "linear"
    assert loss_axis([], "fitted", np.full(10, np.nan), 100).scale == "linear"


def test_the_axis_ends_with_its_number_and_labels_give_way_to_it() -> None:
    axis = Axis(0.0, 1024.0, 1000)
    ticks = with_end(choose_ticks(axis, measure_px=lambda _: 60.0), axis, lambda _: 60.0, 20.0)
    labelled = [tick for tick in ticks if tick.major]
    assert labelled[-1].label == "1,024"
    assert all(two.position_px - one.position_px >= 80 for one, two in pairwise(labelled))


def test_a_slowly_moving_graph_doesnt_shimmer() -> None:
    base = scene_data(480, 200)
    graph: Any = scene(base, layout=layout_of({"kind": "training_loss"})).panels[0]
    position = 2000 + np.arange(361) * 0.13 * 4000 / graph._axis.length_px
    data = scene_data(480, 200, iteration=position)
    drawn = scene(data, layout=layout_of({"kind": "training_loss"}))
    box = drawn.panels[0]._plot  # type: ignore[attr-defined]
    contrast = [
        planes_of(frame_of(drawn, data, data.start_frame + n), 480, 200).luma[box.top : box.bottom, 40:220].std()
        for n in range(100, 116)
    ]
    assert max(contrast) / min(contrast) < 1.04


def test_ticks_are_chosen_once_and_keep_apart() -> None:
    for time in ("linear", "log"):
        _, graph = known_scene(time=time)
        ends = [
            (tick.position_px - graph._context.type.measure(tick.label, graph._style) / 2,
             tick.position_px + graph._context.type.measure(tick.label, graph._style) / 2)
            for tick in graph._ticks if tick.major
        ]  # fmt: skip
        assert len(ends) >= 3
        assert all(one[1] < two[0] for one, two in pairwise(ends))


@pytest.mark.parametrize(("low", "high"), [(2.9, 8.4), (3.1, 3.4), (0.5, 40.0), (5.0, 5.06)])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_loss_ticks_are_round_and_apart(low: float, high: float, scale: Any) -> None:
    ticks = loss_ticks(Axis(low, high, 160, scale), 40.0)
    assert 1 <= len(ticks) <= 4
    places = [tick.position_px for tick in ticks]
    assert all(two - one >= 40 for one, two in pairwise(places))
    assert all(float(tick.label.replace(",", "")) == pytest.approx(tick.value) for tick in ticks)


def test_the_mean_is_not_hidden_by_noise_nor_is_a_spike_lost() -> None:
    told = history(20_000)
    axis = time_axis(told, "linear", 1000)
    curve = make_curve(told, "training", axis, 6.0)
    steps = np.linspace(0, 20_000, 1001)[1:] - 10
    quiet = 3 + 5 * np.exp(-steps / 1200)
    assert np.abs(curve.mean - quiet)[50:].max() < 0.1
    spike = int(axis.position_px(10_001))
    assert curve.highest[spike] > quiet[spike] + 1.2


def test_the_loss_axis_holds_all_means_and_doesnt_give_way_to_one_outlier() -> None:
    told = history(20_000)
    told.losses[12_000] = 60 * BITS
    curve = make_curve(told, "training", time_axis(told, "linear", 4000), 6.0)
    low, high = loss_range([curve], "linear")
    assert low < np.nanmin(curve.mean)
    assert np.nanmax(curve.mean) < high < 12


def test_losses_that_are_not_numbers_leave_a_graph_that_draws() -> None:
    told = history(400)
    told.losses[100:] = math.nan
    data = scene_data(320, 180, history=told)
    layout = layout_of({"kind": "training_loss"})
    assert frame_of(scene(data, layout=layout), data, 300).std() > 1


def test_a_million_iterations_cost_no_more_a_frame_than_a_thousand() -> None:
    told = history(1_000_000)
    data = scene_data(320, 180, history=told, others=())
    graph: Any = scene(data, layout=layout_of({"kind": "training_loss"})).panels[0]
    kept = [graph.curve.lowest, graph.curve.highest, graph.curve.mean]
    assert all(array.size == graph._axis.length_px < 1000 for array in kept)


@pytest.mark.parametrize("law", [None, "linear", "log"])
def test_in_one_frame_linear_and_logarithmic_graphs_stand_at_the_same_iteration(law: str | None) -> None:
    half = {"kind": "validation_loss", "height": 0.5}
    layout = layout_of(half, half | {"time": "log", "top": 0.5}).model_copy(update={"scroll": law})
    assert layout.law == (law or "linear")
    data = scene_data(480, 320, iteration=np.geomspace(1, 1001, 361) - 1)
    linear, log = (graph for graph in scene(data, layout=layout).panels if isinstance(graph, LossGraphPanel))
    for frame in range(data.start_frame, data.end_frame):
        told = [float(graph._axis.value_at_px(graph.position_px(frame))) for graph in (linear, log)]
        assert told[0] == pytest.approx(told[1], abs=1e-6) == pytest.approx(data.iteration[frame - 40], abs=1e-6)


def test_layouts_of_logarithmic_graphs_alone_move_smoothly_along_those() -> None:
    assert layout_of({"kind": "training_loss", "time": "log"}).law == "log"


@pytest.mark.parametrize("layout", ["landscape", "portrait", "square", "four-graphs"])
@pytest.mark.parametrize("height", [360, 1080])
def test_a_mark_stays_on_the_checkpoint_that_is_heard_while_the_playhead_goes_on(layout: str, height: int) -> None:
    shape = {"portrait": (9, 16), "square": (9, 9)}.get(layout, (16, 9))
    position = np.interp(np.arange(361), [0, 90, 150, 240, 360], [0, 0, 400, 3000, 4000])
    size = (shape[0] * height // 9 // 2 * 2, shape[1] * height // 9 // 2 * 2)
    data = scene_data(*size, iteration=position, others=(), captions=())
    graphs: Any = [panel for panel in scene(data, layout=layout).panels if isinstance(panel, LossGraphPanel)]
    for graph, frame in product(graphs, (135, 188, 205, 222, 290, 380)):
        take = data.take_at(frame)
        assert take is not None
        assert take.iteration is not None
        spot = graph.spot(take.iteration, take.end_frame - 1)
        assert spot.position_px == float(graph._axis.position_px(take.iteration))
        assert spot.loss == graph.curve.value_at(spot.position_px)
        x, row = spot.position_px + graph.now_px(frame) - graph.position_px(frame), graph.row_of(spot.loss)
        assert x <= graph.now_px(frame) + 1e-6
        planes = planes_of(frame_of(scene(data, layout=layout), data, frame), *size)
        if x > graph._plot.left + 4 * graph.mark.radius_px:
            assert planes.luma[round(row - 0.5), round(x - 0.5)] == pytest.approx(graph._ink.luma, abs=12)
            ring = planes.luma[
                round(row - 0.5), round(x - 0.5 - graph.mark.radius_px + graph._context.line_px("graph") / 2)
            ]
            assert ring > 180 or height == 360
        placed = graph.mark.placed(spot)
        if placed is None:
            continue
        label, top, stays = placed
        width, tall = graph.mark.width_px(label), label.height_px
        assert graph._plot.top <= top <= top + tall <= graph._plot.bottom
        assert top >= row + graph.mark.radius_px or top + tall <= row - graph.mark.radius_px, "it never covers its mark"
        left = max(graph.mark._left, x - graph.mark.radius_px - width)
        assert left + width <= graph.now_px(frame), "nor the playhead"
        beneath = np.arange(left, left + width) - (x - spot.position_px)
        rows = graph._curve_rows(beneath[beneath >= 0])
        covered = (rows > top) & (rows < top + tall)
        leaves = not stays and x - graph.mark.radius_px - width < graph.mark._left
        assert leaves or not np.any(covered), "nor its curve, before or after it"


def test_while_the_recording_is_heard_no_checkpoint_is_marked() -> None:
    data = scene_data(480, 320)
    graph: Any = scene(data, layout=layout_of({"kind": "validation_loss"})).panels[0]
    assert data.take_at(data.start_frame + 50) is None
    bare = scene(data, layout=layout_of({"kind": "validation_loss", "heard": ""})).panels[0]
    drawn = []
    for panel in (graph, bare):
        out = np.zeros((480, 480), dtype=np.uint8)
        panel.draw(data.start_frame + 50, planes_of(out, 480, 320))
        drawn.append(out)
    assert np.array_equal(*drawn)


def running_lane(pixels_a_frame: float) -> tuple[np.ndarray, float]:
    """The row of numbers below a graph that runs so fast, as shares of their ink, and the graph's width."""
    data = scene_data(1280, 360, frame_rate=Fraction(60), others=())
    frames = data.end_frame - data.start_frame
    settings = {"kind": "validation_loss", "window": 0.05, "text": 0.06}
    still: Any = scene(data, layout=layout_of(settings)).panels[0]
    an_iteration = still._axis.length_px / 4000
    positions = 1000 + np.clip(np.arange(frames + 1) - 100, 0, 40) * pixels_a_frame / an_iteration
    data = replace(data, iteration=np.minimum(positions, 4000))
    graph: Any = scene(data, layout=layout_of(settings)).panels[0]
    frame = data.start_frame + 120
    assert graph.speed_px(frame) == pytest.approx(pixels_a_frame, abs=0.01)
    row = graph._numbers._box
    planes = planes_of(frame_of(scene(data, layout=layout_of(settings)), data, frame), 1280, 360)
    lane = planes.luma[row.top : row.bottom, row.left + 200 : row.right - 70].astype(float)
    ground, full = ink(COLOURS.background).luma, ink(COLOURS.muted).luma
    return (lane - ground) / (full - ground), float(row.width)


@pytest.mark.parametrize("pixels_a_frame", [0.0, 1.3, 4.0, 8.0, 11.4])
def test_numbers_of_the_time_axis_are_sharp_as_long_as_they_can_be_read(pixels_a_frame: float) -> None:
    lane, width = running_lane(pixels_a_frame)
    assert pixels_a_frame * 60 / width < FADE_FROM
    assert lane.max() > 0.85, "their strokes are as bright as standing ones"
    inked = lane > 0.1
    assert (lane[inked] > 0.6).mean() > 0.3, "and no grey smear surrounds them"


def test_numbers_fade_while_the_graph_runs_too_fast_for_them_and_leave_nothing_behind() -> None:
    bright = [float(running_lane(speed)[0].max()) for speed in (12.0, 18.0, 24.0, 33.0, 60.0)]
    assert bright == sorted(bright, reverse=True)
    assert 0.1 < bright[1] < 0.9
    assert bright[3:] == pytest.approx([0.0, 0.0], abs=0.01)


def test_further_curves_of_a_log_have_colours_and_names_of_their_own() -> None:
    own = history(900)
    further = tuple(
        NamedLosses(f"loss/{name}", own.iterations, own.losses + number) for number, name in enumerate("abcdef")
    )
    logged = replace(own, unit=LossUnit("dB"), names=("loss/total", ""), further_training=further)
    panels = [
        one for one in scene(scene_data(640, 360, history=logged, others=())).panels if isinstance(one, LossGraphPanel)
    ]
    training = next(one for one in panels if one.curve.mean.size and one._overlaid)
    key, keys = training._keys()
    assert key is not None
    assert key.name.endswith(": total")
    assert [one.name for one in keys] == list("abcdef")
    looks = [(one.ink, one.is_dashed) for one in keys]
    assert len(set(looks)) == 6
    assert not keys[0].is_dashed
    assert keys[-1].is_dashed
    assert training._losses.last > float(np.nanmax(training._overlaid[-1].curve.mean))
    assert not any(one._overlaid for one in panels if one is not training)
