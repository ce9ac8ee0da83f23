"""The pictures of loss graphs beside a film: four a section, drawn once, and drawn anew only where they change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.build.forecast import Ahead, works
from pipeline.build.speeds import Speeds
from pipeline.film.planning.cut_settings import CutSettings
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.panels.graphs.loss_curve import make_curve
from pipeline.picture.panels.scene_data import LossHistory
from pipeline.picture.plotting.training_mean import SMOOTH
from pipeline.picture.theme.theme import load_theme, rgb
from pipeline.stages import compose, storyboard
from pipeline.stages.shared.delivery import graph_pictures
from pipeline.stages.shared.delivery.graph_pictures import HIGHEST_PX, LOWEST_PX, NARROWEST_PX, WIDEST_PX, picture_size
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Piece, Store, write_record
from pipeline.tools.graph.curves import trace
from pipeline.tools.graph.data.series import load_graph_data
from pipeline.tools.graph.layout import lay_out
from pipeline.tools.graph.theme import load_graph_theme
from tests.stages import made_up

FOUR = [f"{loss}-{time}.png" for loss in ("training", "validation") for time in ("linear", "logarithmic")]


def with_log(results: Results, store: Store, lines: list[str]) -> Results:
    """The same, with another loss log for the first section."""
    piece = Piece("train", "section-1", 1, {"log": "".join(lines)})
    with store.publish(piece) as folder:
        (folder / "loss.csv").write_text("\n".join([made_up.LOG_HEADER, *lines]) + "\n")
        write_record(folder, results.runs[0].record)
    return replace(results, runs=(store.published(piece, TrainingRun), results.runs[1]))


def test_four_pictures_a_section_lie_beside_the_film_and_are_drawn_once(tmp_path: Path) -> None:
    production = made_up.production(video={"graphs": True, "theme": "paper"})
    store, results = made_up.results(tmp_path)
    place = Workplace(store=store, output=tmp_path / "out")
    graph_pictures.run(production, results, place)
    folder = tmp_path / "out" / "graphs"
    names = sorted(f"section-{number}-{name}" for number in (1, 2) for name in FOUR)
    assert sorted(path.name for path in folder.iterdir()) == names
    seen = {}
    for name in names:
        with Image.open(folder / name) as image:
            assert image.size == (1920, 1080)
            seen[name] = {tuple(colour) for _, colour in image.convert("RGB").getcolors(1 << 24) or ()}
    colours = load_theme("paper").colours
    assert rgb(colours.training_mean) in seen["section-1-training-linear.png"] - seen["section-1-validation-linear.png"]
    assert rgb(colours.validation) in seen["section-2-validation-logarithmic.png"]
    assert len({(folder / name).read_bytes() for name in names}) == 8
    stamps = [(folder / name).stat().st_mtime_ns for name in names]
    (folder / names[0]).unlink()
    assert graph_pictures.undelivered(production, results, place) == (f"graphs/{names[0]}",)
    graph_pictures.run(production, results, place)
    assert [(folder / name).stat().st_mtime_ns for name in names] == stamps
    assert graph_pictures.undelivered(production, results, place) == ()


def test_their_training_line_is_the_films_mean_over_whole_passes(tmp_path: Path) -> None:
    store, results = made_up.results(tmp_path)
    at = np.arange(1, 2001)
    losses = 2 + 3 * np.exp(-at / 300) + 0.4 * np.sin(2 * np.pi * at / 400)  # five passes, each with its rise and fall
    lines = [f"{one},{one / 400:.6f},{one},0.001,{loss:.6f}," for one, loss in zip(at, losses, strict=True)]
    results = with_log(results, store, lines)
    history = LossHistory(at, losses, at / 400)
    found = list(graph_pictures._graphs(made_up.production(video={"graphs": True}), results, 0))
    assert [name for name, *_ in found] == ["section-1-training-linear.png", "section-1-training-logarithmic.png"]
    for _, options, _, mean_line in found:
        theme = load_graph_theme(options.theme, options.templates)
        panel = lay_out(load_graph_data(options, mean_line), options, theme).panels[0]
        film = make_curve(history, "training", panel.x_axis, SMOOTH * panel.width).mean
        (drawn,) = trace(panel, options, theme, 2.0)
        assert drawn.line == pytest.approx(panel.height - panel.y_axis.position_px(film), abs=0.01, nan_ok=True)
        assert np.nanmax(np.diff(film[panel.width // 2 :])) < 0.001, "it falls, however the text rises and falls"


def test_a_title_redraws_its_own_section_and_force_all(tmp_path: Path) -> None:
    production = made_up.production(video={"graphs": True})
    _, results = made_up.results(tmp_path)
    before = [piece.key for piece in graph_pictures.pieces(production, results)]
    sections = (production.sections[0], production.sections[1].model_copy(update={"title": "Another"}))
    after = [
        piece.key for piece in graph_pictures.pieces(production.model_copy(update={"sections": sections}), results)
    ]
    assert before[0] == after[0]
    assert before[1] != after[1]
    other = made_up.production(video={"graphs": True, "theme": "phosphor"})
    assert not {piece.key for piece in graph_pictures.pieces(other, results)} & {*before}


def test_the_stage_knows_them_and_drafts_and_cuts_have_none(tmp_path: Path) -> None:
    production = made_up.production(video={"graphs": True})
    store, results = made_up.results(tmp_path)
    results = storyboard.run(production, results, Workplace(store=store, output=tmp_path / "out"))
    assert [piece.name for piece in compose.pieces(production, results)] == [
        *("soundtrack", "graphs-1", "graphs-2", "film")
    ]
    assert graph_pictures.pieces(production.draft(), results) == []
    assert graph_pictures.pieces(production.dressed(CutSettings(name="short", seconds=10)), results) == []
    with pytest.raises(ValueError, match="graphs"):
        CutSettings(name="graphs")
    workplace = Workplace(store=store, output=tmp_path / "out")
    for stale, expected in (((True, True, True, True), 3), ((False, True, False, False), 1), ((False,) * 4, 0)):
        ahead = Ahead(production, Results(), ("compose",), {"compose": stale})
        assert len(works(ahead, workplace, Speeds(None))) == expected


@pytest.mark.parametrize("ends", ["nan", ""])
def test_a_loss_that_was_not_measured_has_no_picture_and_one_that_ends_in_nan_does(ends: str, tmp_path: Path) -> None:
    production = made_up.production(video={"graphs": True})
    store, results = made_up.results(tmp_path)
    lines = ["0,0,0,0.002,,", *(f"{at},{at},{at},0.002,{3 / at + 1 if at < 6 else ends},{ends}" for at in range(1, 9))]
    graph_pictures.run(production, with_log(results, store, lines), Workplace(store=store, output=tmp_path / "out"))
    names = {path.name for path in (tmp_path / "out" / "graphs").iterdir()}
    assert {name for name in names if name.startswith("section-1")} == {f"section-1-{name}" for name in FOUR[:2]}
    assert len(names) == 6


def test_a_training_of_one_checkpoint_has_a_picture_of_its_one_loss(tmp_path: Path) -> None:
    production = made_up.production(video={"graphs": True})
    store, results = made_up.results(tmp_path)
    alone = with_log(results, store, ["0,0,0,0.002,,5.545"])
    graph_pictures.run(production, alone, Workplace(store=store, output=tmp_path / "out"))
    with Image.open(tmp_path / "out" / "graphs" / "section-1-validation-linear.png") as image:
        assert np.ptp(np.asarray(image.convert("L"))) > 100


def test_a_picture_has_a_pixel_for_each_iteration_within_bounds() -> None:
    assert picture_size(80) == (NARROWEST_PX, LOWEST_PX)
    assert picture_size(10_000) == (10_000, 1333)
    assert picture_size(10**9) == (WIDEST_PX, HIGHEST_PX) == (16_383, 2160)
