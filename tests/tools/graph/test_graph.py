import gzip
import math
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from pipeline.tools.graph.command import draw_graph, run_graph
from pipeline.tools.graph.data.series import load_graph_data
from pipeline.tools.graph.layout import lay_out
from pipeline.tools.graph.options import AxisOptions, GraphOptions, ScrollOptions, SeriesOptions
from pipeline.tools.graph.palette import parse_colour
from pipeline.tools.graph.theme import load_graph_theme

BLUE, ORANGE = (0x62, 0xA8, 0xF5), (0xFF, 0xC4, 0x6B)  # of the theme midnight
SMALL = {"width": 400, "height": 240}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    rng = np.random.default_rng(0)
    lines = [
        f"{i},{1 + 3 / (1 + i / 500) + rng.normal(0, 0.1):.5f},{2.5 if i % 100 == 0 else ''}" for i in range(1, 5001)
    ]
    path.write_text("iteration,training_loss,validation_loss\n" + "\n".join(lines) + "\n")
    return path


def table(tmp_path: Path, x: np.ndarray, y: np.ndarray, name: str = "log.csv") -> str:
    path = tmp_path / name
    np.savetxt(path, np.stack([x, y], axis=1), fmt="%.9g", delimiter=",", header="x,y", comments="")
    return str(path)


def pixels(options: GraphOptions) -> np.ndarray:
    return np.asarray(draw_graph(options).convert("RGB"))


def panel_of(options: GraphOptions) -> tuple[slice, slice]:
    data = load_graph_data(options)
    (panel,) = lay_out(data, options, load_graph_theme(options.theme)).panels
    return slice(panel.top, panel.top + panel.height), slice(panel.left, panel.left + panel.width)


def is_colour(picture: np.ndarray, colour: tuple[int, ...]) -> np.ndarray:
    return (picture == np.array(colour)).all(axis=2)


def test_a_million_noisy_points_keep_their_mean_their_spikes_and_their_gaps(tmp_path: Path) -> None:
    y = np.random.default_rng(0).normal(0, 1, 1_000_000)
    y[234_500] = 12.0
    y[700_000:760_000] = np.nan
    data = np.stack([np.arange(y.size), y], axis=1)
    path = tmp_path / "log.csv"
    with path.open("w") as file:
        file.write("x,y\n")
        file.writelines(f"{int(a)},{b:.3f}\n" for a, b in data)
    series = (SeriesOptions("y", width_px=3),)
    options = GraphOptions((str(path),), series, width=1000, height=500, legend=False, grid=False)
    rows, columns = panel_of(options)
    picture = pixels(options)[rows, columns]
    width = picture.shape[1]
    line = is_colour(picture, BLUE)
    band = np.abs(picture.astype(int) - picture[-1, 0]).sum(axis=2) > 60
    gap = slice(math.ceil(0.70 * width) + 2, int(0.76 * width) - 2)
    assert not band[:, gap].any()
    outside = np.ones(width, bool)
    outside[gap.start - 4 : gap.stop + 4] = False
    assert line[:, outside].any(axis=0).all()
    thick = line[:, outside].sum(axis=0)
    assert thick.max() <= 6
    zero = np.argwhere(line[:, outside])[:, 0]
    assert np.ptp(zero) <= 8
    reached = np.argmax(band, axis=0)
    spike = int(0.2345 * width)
    assert reached[spike] < np.delete(reached[outside], [spike]).min() - 100


def test_every_pixel_column_shows_its_lowest_and_highest_value_exactly(tmp_path: Path) -> None:
    y = np.random.default_rng(1).uniform(10, 20, 20_000)
    path = table(tmp_path, np.arange(20_000), y)
    axis = AxisOptions(low=0, high=30)
    options = GraphOptions(
        (path,), (SeriesOptions("y", middle="none", opacity=1.0),), **SMALL, y_axes=(axis,), grid=False
    )
    rows, columns = panel_of(options)
    picture = is_colour(pixels(options)[rows, columns], BLUE)
    height, width = picture.shape
    column = np.minimum((np.arange(20_000) / 19_999 * width).astype(int), width - 1)
    for which in range(0, width, 7):
        inside = y[column == which]
        first, last = np.flatnonzero(picture[:, which])[[0, -1]]
        # Lines to the neighbouring columns may widen the band, never narrow it.
        assert first <= math.floor(height * (1 - inside.max() / 30))
        assert last >= math.ceil(height * (1 - inside.min() / 30)) - 1
        around = y[(column >= which - 1) & (column <= which + 1)]
        assert first >= math.floor(height * (1 - around.max() / 30))
        assert last <= math.ceil(height * (1 - around.min() / 30)) - 1


@pytest.mark.parametrize("ending", ["png", "webp", "jpg", "jpeg", "PNG"])
def test_pictures_have_the_size_and_format_of_their_name(tmp_path: Path, log: Path, ending: str) -> None:
    out = tmp_path / f"graph.{ending}"
    summary = run_graph(GraphOptions((str(log),), **SMALL), str(out))
    assert (summary.width, summary.height, summary.rows, summary.series) == (400, 240, 5000, 2)
    with Image.open(out) as image:
        assert image.size == (400, 240)
        assert image.format == {"png": "PNG", "webp": "WEBP"}.get(ending.lower(), "JPEG")


def test_png_webp_and_the_python_function_show_the_same_pixels(tmp_path: Path, log: Path) -> None:
    options = GraphOptions((str(log),), **SMALL, title="Loss")
    expected = pixels(options)
    for ending in ("png", "webp"):
        run_graph(options, str(tmp_path / f"graph.{ending}"))
        with Image.open(tmp_path / f"graph.{ending}") as image:
            np.testing.assert_array_equal(np.asarray(image.convert("RGB")), expected)


def test_the_same_log_gives_the_same_bytes(tmp_path: Path, log: Path) -> None:
    for ending in ("png", "svg", "pdf", "webp", "jpg"):
        paths = [tmp_path / f"{name}.{ending}" for name in "ab"]
        for path in paths:
            run_graph(GraphOptions((str(log),), width=900, height=300, title="Loss"), str(path))
        assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 300), (300, 1), (16_383, 3), (3, 16_383), (65_535, 2), (30, 30), (130, 75)]
)
def test_a_picture_may_have_any_size(tmp_path: Path, log: Path, size: tuple[int, int]) -> None:
    out = tmp_path / "graph.png"
    run_graph(GraphOptions((str(log),), width=size[0], height=size[1], title="Loss"), str(out))
    with Image.open(out) as image:
        assert image.size == size


def test_a_transparent_background_lets_everything_through_but_the_graph(log: Path) -> None:
    image = draw_graph(GraphOptions((str(log),), **SMALL, background="transparent"))
    assert image.mode == "RGBA"
    opacity = np.asarray(image)[..., 3]
    assert opacity[0, 0] == 0
    assert opacity.max() == 255
    assert 0.3 < (opacity == 0).mean() < 0.95


def test_colours_panels_and_own_words_are_drawn(log: Path) -> None:
    series = (
        SeriesOptions("training_loss", colour="#ff0000", label="training", width_px=3, percentiles=(25, 75)),
        SeriesOptions("validation_loss", colour="#00ff00", panel=2, middle="median", width_px=3),
    )
    picture = pixels(GraphOptions((str(log),), series, **SMALL, background="#102030", legend=True, title="Two panels"))
    red, green = (np.argwhere(is_colour(picture, colour))[:, 0] for colour in ((255, 0, 0), (0, 255, 0)))
    assert red.size > 200
    assert green.size > 200
    assert np.median(red) < np.median(green)
    assert tuple(picture[0, 0]) == (0x10, 0x20, 0x30)


def test_themes_and_own_templates_are_used(tmp_path: Path, log: Path) -> None:
    paper = pixels(GraphOptions((str(log),), **SMALL, theme="paper"))
    assert tuple(paper[0, 0]) == (0xFA, 0xF8, 0xF3)
    own = tmp_path / "templates" / "themes"
    own.mkdir(parents=True)
    colours = {"background": "#010203", "panel": "#010203", "grid": "#333333", "text": "#ffffff", "muted": "#cccccc"}
    lines = "\n".join(f'{name} = "{colour}"' for name, colour in colours.items())
    (own / "mine.toml").write_text(f'name = "mine"\n[colours]\n{lines}\nseries = ["#ff0000"]\n')
    mine = pixels(GraphOptions((str(log),), **SMALL, theme="mine", templates=tmp_path / "templates"))
    assert tuple(mine[0, 0]) == (1, 2, 3)


def test_logarithmic_axes_put_values_where_logarithms_do(tmp_path: Path) -> None:
    path = table(tmp_path, np.array([1.0, 10.0, 1000.0]), np.array([1.0, 10.0, 1000.0]))
    log_axis = AxisOptions(scale="log", low=1, high=1000)
    series = (SeriesOptions("y", width_px=3),)
    options = GraphOptions((path,), series, x_axis=log_axis, y_axes=(log_axis,), grid=False, **SMALL)
    rows, columns = panel_of(options)
    line = is_colour(pixels(options)[rows, columns], BLUE)
    height, width = line.shape
    middles = [np.flatnonzero(line[:, column]).mean() for column in range(10, width - 10, 20)]
    np.testing.assert_allclose(middles, [height * (1 - (c + 0.5) / width) for c in range(10, width - 10, 20)], atol=1.2)


def test_the_moving_average_is_not_pulled_to_zero_at_its_start(tmp_path: Path) -> None:
    y = 5 + np.random.default_rng(0).normal(0, 1e-3, 2000)
    path = table(tmp_path, np.arange(2000), y)
    data = load_graph_data(GraphOptions((path,), (SeriesOptions("y", middle="ema", smoothing=100),)))
    smooth = data.series[0].smooth
    assert smooth is not None
    np.testing.assert_allclose(smooth, 5, atol=0.01)
    weights = np.exp(-np.arange(10) / 100)[::-1]
    assert smooth[9] == pytest.approx((weights * y[:10]).sum() / weights.sum(), abs=1e-6)


def test_several_logs_are_told_apart_by_their_names(tmp_path: Path) -> None:
    paths = [table(tmp_path, np.arange(10), np.arange(10) * k, f"run{k}.csv") for k in (1, 2)]
    packed = tmp_path / "run3.csv.gz"
    packed.write_bytes(gzip.compress(Path(paths[0]).read_bytes()))
    data = load_graph_data(GraphOptions((*paths, str(packed))))
    assert [one.label for one in data.series] == ["run1: y", "run2: y", "run3: y"]
    chosen = load_graph_data(GraphOptions((*paths, str(packed)), (SeriesOptions("y", log=2),)))
    assert [one.log for one in chosen.series] == [2]


def test_losses_are_drawn_where_nothing_else_is_asked_for(log: Path, tmp_path: Path) -> None:
    assert [one.label for one in load_graph_data(GraphOptions((str(log),))).series] == [
        "training_loss",
        "validation_loss",
    ]
    other = tmp_path / "other.csv"
    other.write_text("t,speed,name,height\n1,2,a,3\n2,3,b,4\n")
    assert [one.label for one in load_graph_data(GraphOptions((str(other),))).series] == ["speed", "height"]


def test_x_is_the_first_column_of_numbers(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("run,iteration,loss\nmonday,1,5\nmonday,2,4\n")
    data = load_graph_data(GraphOptions((str(path),)))
    assert (data.x_name, data.series[0].x.tolist()) == ("iteration", [1, 2])


def test_logs_of_one_name_are_told_apart_by_their_folders_and_shown_in_bits(tmp_path: Path) -> None:
    paths = []
    for name in ("first", "second", "third"):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "loss.csv"
        path.write_text("iteration,training_loss_nats,validation_loss_nats\n1,2,3\n2,1,2\n")
        paths.append(str(path))
    data = load_graph_data(GraphOptions(tuple(paths), bits=True))
    assert [one.label for one in data.series] == [
        f"{name}: {kind}_loss_bits" for name in ("first", "second", "third") for kind in ("training", "validation")
    ]


def test_losses_in_nats_are_shown_as_bits_and_nothing_else_is(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f"x,loss,rate\n1,{math.log(2)},5\n2,{math.log(4)},5\n")
    series = (SeriesOptions("loss"), SeriesOptions("rate"))
    loss, rate = load_graph_data(GraphOptions((str(path),), series, bits=True)).series
    np.testing.assert_allclose(loss.y, [1, 2])
    assert rate.y.tolist() == [5, 5]


def test_what_is_odd_about_a_log_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("x,y\n1,1\n3,nan\n2,\n2,inf\n4,oops\n5,2\n")
    notes = load_graph_data(GraphOptions((str(path),))).notes
    assert notes == (
        "column 'y': 1 missing, 1 NaN, 1 infinite, 1 no numbers (row 5: 'oops')",
        "x goes back in 1 row",
        "x stays the same in 1 row",
    )


@pytest.mark.parametrize("y", [[1.0], [2.0, 2.0, 2.0], [0.0, 0.0], [1e300, -1e300], [1e-300, 2e-300]])
@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_strange_but_drawable_values_are_drawn(tmp_path: Path, y: list[float], ending: str) -> None:
    path = table(tmp_path, np.arange(len(y)), np.array(y))
    run_graph(GraphOptions((path,), **SMALL), str(tmp_path / f"graph.{ending}"))


def test_svg_files_are_xml_with_words_curves_and_a_clipped_panel(tmp_path: Path, log: Path) -> None:
    out = tmp_path / "graph.svg"
    series = (SeriesOptions("training_loss", label="a < b & c"), SeriesOptions("validation_loss"))
    run_graph(GraphOptions((str(log),), series, **SMALL, title="Loss <of> & 'all'"), str(out))
    root = ET.fromstring(out.read_text())  # noqa: S314  # our own file
    space = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in root.iter(f"{space}text")]
    assert "Loss <of> & 'all'" in texts
    assert "a < b & c" in texts
    assert len(list(root.iter(f"{space}clipPath"))) == 1
    assert len(list(root.iter(f"{space}path"))) == 4  # the grid, a band, two lines
    assert root.get("viewBox") == "0 0 400 240"


@pytest.mark.parametrize("join", ["auto", "none"])
def test_a_lone_value_is_a_mark_that_one_sees(tmp_path: Path, join: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text("step,loss\n1,2.5\n")
    options = GraphOptions((str(path),), width=960, height=540, join=join, grid=False)  # type: ignore[arg-type]
    rows, columns = panel_of(options)
    picture = pixels(options)[rows, columns].astype(int)
    y, x = np.nonzero(np.abs(picture - picture[0, 0]).sum(axis=2) > 120)
    assert min(np.ptp(x), np.ptp(y)) >= 5
    assert x.size > 0.6 * (np.ptp(x) + 1) * (np.ptp(y) + 1)
    middle = ((columns.stop - columns.start) / 2, (rows.stop - rows.start) / 2)
    assert (x.mean(), y.mean()) == pytest.approx(middle, abs=1.5)
    run_graph(options, str(tmp_path / "a.svg"))
    assert 'h0" fill="none"' in (tmp_path / "a.svg").read_text()


def test_points_that_are_not_joined_each_have_a_size(tmp_path: Path) -> None:
    x = np.arange(20.0)
    path = table(tmp_path, x, 5 + np.sin(x))
    options = GraphOptions((path,), **SMALL, join="none", grid=False)
    rows, columns = panel_of(options)
    blue = is_colour(pixels(options)[rows, columns], BLUE)
    filled = np.concatenate([[False], blue.any(axis=0), [False]])
    assert np.count_nonzero(np.diff(filled.astype(int)) == 1) == 20  # one heap of pixels each
    assert blue.sum() > 20 * 7


def gap_columns(options: GraphOptions) -> float:
    """The share of a panel's columns in which nothing is drawn."""
    rows, columns = panel_of(options)
    picture = pixels(options)[rows, columns].astype(int)
    return float((np.abs(picture - picture[0, 0]).sum(axis=2) < 60).all(axis=0).mean())


@pytest.mark.parametrize("word", ["nan", "NaN", "inf", ""])
def test_a_gap_in_a_log_is_a_gap(tmp_path: Path, word: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text("step,loss\n" + "".join(f"{n},{word if 40 <= n < 50 else 2 + n % 3}\n" for n in range(101)))
    options = GraphOptions((str(path),), **SMALL, grid=False)
    assert gap_columns(options) == pytest.approx(0.11, abs=0.02)
    assert gap_columns(GraphOptions((str(path),), **SMALL, grid=False, join="all")) == 0


@pytest.mark.parametrize("word", ["nan", ""])
def test_rows_of_other_series_are_no_gaps(tmp_path: Path, word: str) -> None:
    path = tmp_path / "log.csv"
    rows = [f"{n},{2 + n % 3},{word}\n" + (f"{n},{word},2.5\n" if n % 10 == 9 else "") for n in range(100)]
    path.write_text("step,train_loss,val_loss\n" + "".join(rows))
    for column in ("train_loss", "val_loss"):
        (one,) = load_graph_data(GraphOptions((str(path),), (SeriesOptions(column),))).series
        assert one.gaps is None


def test_a_band_that_the_log_gives_is_drawn_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = "".join(f'"{n}","5","{4 - n % 2}","{7 + n % 2}"\n' for n in range(30))
    path.write_text('"Step","run - loss","run - loss__MIN","run - loss__MAX"\n' + rows)
    options = GraphOptions((str(path),), **SMALL, grid=False, y_axes=(AxisOptions(low=0, high=10),))
    (one,) = load_graph_data(options).series
    assert (one.label, one.band is not None) == ("run - loss", True)
    rows_, columns = panel_of(options)
    picture = pixels(options)[rows_, columns].astype(int)
    band = np.abs(picture - picture[0, 0]).sum(axis=2) > 60
    assert band.mean() == pytest.approx(0.4, abs=0.05)  # from 3.5 to 7.5 on average
    y_axis = load_graph_data(GraphOptions((str(path),))).y_spans[0]
    assert y_axis.first < 3
    assert y_axis.last > 8


def test_huge_pdf_pages_have_larger_units(tmp_path: Path, log: Path) -> None:
    out = tmp_path / "graph.pdf"
    run_graph(GraphOptions((str(log),), width=60_000, height=240), str(out))
    (width,) = re.findall(rb"/MediaBox \[0 0 (\S+)", out.read_bytes())
    assert float(width) <= 14_400
    assert b"/UserUnit 3.125" in out.read_bytes()


def test_a_film_scrolls_from_the_first_value_to_the_last(tmp_path: Path, log: Path) -> None:
    av = pytest.importorskip("av")
    out = tmp_path / "graph.mp4"
    options = GraphOptions(
        (str(log),),
        width=800,
        height=120,
        scroll=ScrollOptions(seconds=1.0, frame_rate=10, window_px=160),
        title="Loss",
    )
    run_graph(options, str(out))
    with av.open(str(out)) as film:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video=0)]
    assert len(frames) == 10
    assert frames[0].shape == (120, 160, 3)
    assert np.abs(frames[0][:20] - frames[-1][:20]).mean() < 3  # the title stands still
    assert np.abs(frames[0][40:100] - frames[-1][40:100]).mean() > 3


def test_colours_of_themes_are_what_this_test_believes() -> None:
    theme = load_graph_theme("midnight")
    assert [tuple(round(channel * 255) for channel in colour[:3]) for colour in theme.series[:2]] == [BLUE, ORANGE]
    assert parse_colour("#62a8f5") == theme.series[0]
