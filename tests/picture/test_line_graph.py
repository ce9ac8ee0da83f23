"""The loss graphs: the pixel under the playhead tells the truth, on every axis, at every speed."""

from __future__ import annotations

import math
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from pipeline.picture.axis import Axis
from pipeline.picture.line_graph import LossGraph, loss_ticks
from pipeline.picture.loss_curve import loss_range, make_curve, smoothed, time_axis
from pipeline.picture.planes import ink, planes_of
from pipeline.picture.scene_data import LossHistory, SceneData
from pipeline.picture.theme import load_theme
from tests.picture.made_scenes import BITS, frame_of, history, layout_of, scene, scene_data

COLOURS = load_theme("midnight").colours


def known_loss(iterations: np.ndarray, time: str = "linear") -> np.ndarray:
    """A loss, in bits, that is smooth along an axis and can be told at any iteration."""
    return 5 + 2 * np.cos(np.log1p(iterations) * 1.3 if time == "log" else iterations / 700)


def known_scene(**panel: Any) -> tuple[SceneData, LossGraph]:
    steps = np.arange(0, 4001)
    losses = known_loss(steps, panel.get("time", "linear")) * BITS
    told = LossHistory(steps, losses, steps / 800, steps * 0.1, steps[::5], losses[::5])
    data = scene_data(480, 320, history=told, others=())
    drawn = scene(data, layout=layout_of({"kind": "validation_loss", "window": 1.0, "text": 0.04} | panel))
    graph: Any = drawn.panels[0]
    return data, graph


@pytest.mark.parametrize(
    ("kind", "time", "loss"),
    [*product(["training_loss", "validation_loss"], ["linear", "log"], ["linear", "log"])],
)
def test_the_pixel_under_the_playhead_shows_the_value_at_the_frames_iteration(kind: str, time: str, loss: str) -> None:
    data, graph = known_scene(kind=kind, time=time, loss=loss)
    out = np.zeros((480, 480), dtype=np.uint8)
    planes = planes_of(out, 480, 320)
    background = ink(COLOURS.background).luma
    for frame in range(data.start_frame + 100, data.end_frame - 60, 37):
        now = graph._easel.playhead_px
        graph._reached.scroll(planes, (now - 40, 0), 80, graph.position_px(frame) - 40, 0.0)
        column = planes.luma[: graph._plot.height - 2, now - 1 : now + 1].astype(float).mean(axis=1) - background
        column[column < 0.5 * column.max()] = 0  # the grid, and the band
        seen = float((column * (np.arange(column.size) + 0.5)).sum() / column.sum())
        iteration = float(data.linear_position[frame - data.start_frame])
        wanted = graph.row_of(float(known_loss(np.array(iteration), time))) - graph._plot.top
        assert seen == pytest.approx(wanted, abs=1.6), frame


@pytest.mark.parametrize("time", ["linear", "log"])
def test_the_marker_and_the_label_stand_at_the_curves_value(time: str) -> None:
    data, graph = known_scene(time=time)
    frame = data.start_frame + 250
    iteration = float(data.linear_position[250])
    value = graph.curve.value_at(graph.position_px(frame))
    assert value == pytest.approx(float(known_loss(np.array(iteration), time)), abs=0.01)
    planes = planes_of(np.zeros((480, 480), dtype=np.uint8), 480, 320)
    graph.draw(frame, planes)
    now, row = graph._easel.playhead_px, round(graph.row_of(value))
    own = ink(COLOURS.validation)
    assert planes.luma[row, now] == pytest.approx(own.luma, abs=3)
    assert planes.blue[row // 2, now // 2] < (own.blue + ink(COLOURS.background).blue) / 2


def test_a_checkpoints_loss_is_written_exactly() -> None:
    data = scene_data(480, 320)
    graph: Any = scene(data, layout=layout_of({"kind": "validation_loss"})).panels[0]
    told = data.history
    for iteration, loss in zip(told.validation_iterations, told.validation_losses_nats, strict=True):
        assert graph.curve.value_at(float(graph._axis.position_px(iteration))) == pytest.approx(float(loss) / BITS)


@pytest.mark.parametrize("kind", ["training_loss", "validation_loss"])
def test_consecutive_frames_are_equal_after_shifting_by_whole_pixels(kind: str) -> None:
    told = history(4000)
    data = scene_data(480, 200, others=())
    graph: Any = scene(data, layout=layout_of({"kind": kind, "text": 0.06})).panels[0]
    per_px = 4000 / graph._axis.length_px
    position = np.arange(361) * 2 * per_px  # two pixels a frame
    data = scene_data(480, 200, others=(), history=told, linear_position=position)
    drawn = scene(data, layout=layout_of({"kind": kind, "text": 0.06}))
    box = drawn.panels[0]._plot  # type: ignore[attr-defined]
    one, two = (planes_of(frame_of(drawn, data, data.start_frame + n), 480, 200).luma for n in (100, 101))
    for first, last in ((box.left + 12, 225), (360, 455)):  # beside the soft edge, the playhead and its label
        part_one, part_two = one[box.top : box.bottom, first + 2 : last], two[box.top : box.bottom, first : last - 2]
        assert np.abs(part_one.astype(int) - part_two).max() <= 1


def test_a_slowly_moving_graph_doesnt_shimmer() -> None:
    base = scene_data(480, 200)
    graph: Any = scene(base, layout=layout_of({"kind": "training_loss"})).panels[0]
    position = 2000 + np.arange(361) * 0.13 * 4000 / graph._axis.length_px
    data = scene_data(480, 200, linear_position=position)
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
            (tick.position_px - graph._easel.type.measure(tick.label, graph._style) / 2,
             tick.position_px + graph._easel.type.measure(tick.label, graph._style) / 2)
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
    assert np.abs(curve.mean - quiet)[50:].max() < 0.06
    spike = int(axis.position_px(10_001))
    assert curve.highest[spike] > quiet[spike] + 1.2


def test_smoothing_keeps_the_first_value_constants_and_gaps() -> None:
    values = np.concatenate([[np.nan] * 3, 8 * np.exp(-np.arange(200) / 5), [np.nan] * 2])
    out = smoothed(values, 8.0)
    assert out[3] == pytest.approx(8.0)
    assert np.array_equal(np.isnan(out), np.isnan(values))
    assert smoothed(np.full(50, 3.0), 4.0) == pytest.approx(np.full(50, 3.0))


def test_the_loss_axis_holds_all_means_and_doesnt_give_way_to_one_outlier() -> None:
    told = history(20_000)
    told.losses_nats[12_000] = 60 * BITS
    curve = make_curve(told, "training", time_axis(told, "linear", 4000), 6.0)
    low, high = loss_range([curve], "linear")
    assert low < np.nanmin(curve.mean)
    assert np.nanmax(curve.mean) < high < 12


def test_losses_that_are_not_numbers_leave_a_graph_that_draws() -> None:
    told = history(400)
    told.losses_nats[100:] = math.nan
    data = scene_data(320, 180, history=told)
    layout = layout_of({"kind": "training_loss"})
    assert frame_of(scene(data, layout=layout), data, 300).std() > 1


def test_a_million_iterations_cost_no_more_a_frame_than_a_thousand() -> None:
    told = history(1_000_000)
    data = scene_data(320, 180, history=told, others=())
    graph: Any = scene(data, layout=layout_of({"kind": "training_loss"})).panels[0]
    kept = [graph.curve.lowest, graph.curve.highest, graph.curve.mean]
    assert all(array.size == graph._axis.length_px < 1000 for array in kept)
