import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.tools.graph.palette import LEVELS, BlendTable, Palette, over, parse_colour
from pipeline.tools.graph.writers.plot import BandShape, Box, LineShape, Panel, Plot, TextBitmap
from pipeline.tools.graph.writers.stroke import stroke, stroke_coverage

BLACK, GREY, WHITE = (0.0, 0.0, 0.0, 1.0), (0.4, 0.4, 0.4, 1.0), (1.0, 1.0, 1.0, 1.0)
RED, BLUE = (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0)


def covered(heights: list[float], width_px: float, rows: int) -> np.ndarray:
    picture = np.zeros((rows, len(heights)))
    for row, column, coverage in stroke_coverage(stroke(np.array(heights), width_px), 0, rows):
        picture[row : row + len(coverage), column : column + coverage.shape[1]] += coverage
    return picture


def colours_of(plot: Plot, first: int = 0, last: int | None = None) -> np.ndarray:
    numbers = plot.paint(first, plot.height if last is None else last)
    return plot.palette.as_bytes()[numbers]


def panel(bands: tuple[BandShape, ...] = (), lines: tuple[LineShape, ...] = (), **changes: object) -> Panel:
    given = {
        "left": 4, "top": 3, "width": 40, "height": 20, "ground": BLACK, "grid": GREY,
        "grid_rows": np.array([5, 15]), "grid_columns": np.array([10, 30]), "bands": bands, "lines": lines,
    }  # fmt: skip
    return Panel(**{**given, **changes})  # type: ignore[arg-type]


def band(top: int, bottom: int, colour: tuple[float, ...]) -> BandShape:
    return BandShape(np.full(40, top, np.int32), np.full(40, bottom, np.int32), colour)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=40)
@given(st.floats(8, 20), st.floats(1, 9))
def test_a_level_line_covers_its_width_in_every_column(height: float, width: float) -> None:
    np.testing.assert_allclose(covered([height] * 30, width, 30).sum(axis=0), width, atol=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.floats(-3, 3), st.floats(1, 6))
def test_a_sloped_line_is_as_wide_across_as_a_level_one(slope: float, width: float) -> None:
    columns = 40
    heights = [120 + slope * (column - columns / 2) for column in range(columns)]
    across = covered(heights, width, 240)[:, 10:-10].sum(axis=0).mean() / math.sqrt(1 + slope**2)
    assert across == pytest.approx(width, abs=0.55)


def test_a_spike_of_one_column_is_drawn_to_its_tip_and_as_wide_as_the_line() -> None:
    heights = [50.0] * 41
    heights[20] = 10.0
    picture = covered(heights, 3.0, 60)
    assert picture[9:12, 20].sum() > 1.5
    assert 1.5 < picture[30].sum() < 5.0


def test_a_lonely_point_is_a_dot() -> None:
    heights = [math.nan] * 21
    heights[10] = 10.0
    assert covered(heights, 5.0, 20).sum() == pytest.approx(math.pi * 2.5**2, rel=0.12)


def test_a_line_is_interrupted_where_there_is_nothing() -> None:
    heights = [10.0] * 10 + [math.nan] * 20 + [10.0] * 10
    assert covered(heights, 2.0, 20)[:, 12:28].sum() == 0


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-50, 100), min_size=2, max_size=60), st.floats(1, 6), st.integers(1, 40))
def test_rows_can_be_covered_in_parts(heights: list[float], width: float, cut: int) -> None:
    drawn = stroke(np.array(heights), width)
    whole, parts = np.zeros((41, len(heights))), np.zeros((41, len(heights)))
    for picture, rows in ((whole, [(0, 41)]), (parts, [(0, cut), (cut, 41)])):
        for first, last in rows:
            for row, column, coverage in stroke_coverage(drawn, first, last):
                picture[row : row + len(coverage), column : column + coverage.shape[1]] += coverage
    np.testing.assert_allclose(whole, parts, atol=1e-9)


def test_grid_bands_and_ground_have_exactly_their_colours() -> None:
    faint = (1.0, 0.0, 0.0, 0.5)
    plot = Plot(50, 30, WHITE, [panel((band(2, 8, faint), band(6, 12, (0.0, 0.0, 1.0, 0.25))))])
    colours = colours_of(plot)
    assert colours[0, 0].tolist() == [255, 255, 255, 255]
    assert colours[3, 4].tolist() == [0, 0, 0, 255]
    assert colours[3 + 3, 4].tolist() == [128, 0, 0, 255]
    assert colours[3 + 7, 4].tolist() == [round(127.5 * 0.75), 0, round(63.75), 255]
    assert colours[3 + 15, 4].tolist() == [102, 102, 102, 255]
    assert colours[3 + 5, 4].tolist() == [round((0.4 * 0.5 + 0.5) * 255), 51, 51, 255]
    assert colours[3 + 5, 4 + 10].tolist() == colours[3 + 5, 4].tolist()


def test_a_line_over_a_band_is_opaque() -> None:
    line = LineShape(stroke(np.full(40, 10.0), 4.0), BLUE)
    colours = colours_of(Plot(50, 30, WHITE, [panel((band(0, 20, RED),), (line,))]))
    assert colours[3 + 9, 4 + 5].tolist() == [0, 0, 255, 255]
    assert colours[3 + 12, 4 + 5].tolist() == [255, 0, 0, 255]


@pytest.mark.parametrize("series", [1, 2, 9])
@pytest.mark.parametrize("background", [WHITE, (0.0, 0.0, 0.0, 0.0)])
def test_painting_in_parts_is_painting_the_whole(series: int, background: tuple[float, ...]) -> None:
    rng = np.random.default_rng(series)
    bands = tuple(band(n, n + 5, (n / 9, 1 - n / 9, 0.5, 0.4)) for n in range(series))
    lines = tuple(LineShape(stroke(rng.uniform(0, 20, 40), 2.0), (1 - n / 9, n / 9, 0.2, 1.0)) for n in range(series))
    marks = [TextBitmap(2, 1, rng.integers(0, 256, (9, 30)).astype(np.uint8), GREY)]
    plot = Plot(50, 30, background, [panel(bands, lines)], boxes=[Box(1, 20, 3, 9, RED)], texts=marks)  # type: ignore[arg-type]
    assert plot.palette.dtype == (np.uint8 if series < 3 else np.uint16)
    whole = colours_of(plot)
    parts = np.concatenate([colours_of(plot, row, min(row + 7, 30)) for row in range(0, 30, 7)])
    np.testing.assert_array_equal(whole, parts)


def test_text_that_reaches_over_the_edge_is_cut() -> None:
    mark = TextBitmap(-3, -3, np.full((40, 80), 255, np.uint8), RED)
    assert (colours_of(Plot(20, 10, WHITE, [], texts=[mark])) == [255, 0, 0, 255]).all()


def test_ink_is_laid_over_as_porter_and_duff_say() -> None:
    assert over(WHITE, (0.0, 0.0, 0.0, 0.5)) == (0.5, 0.5, 0.5, 1.0)
    assert over((0.0, 0.0, 0.0, 0.0), RED, 0.25) == (1.0, 0.0, 0.0, 0.25)
    red, _, blue, opacity = over((1.0, 0.0, 0.0, 0.5), (0.0, 0.0, 1.0, 0.5))
    assert (red, blue, opacity) == pytest.approx((1 / 3, 2 / 3, 0.75))


def test_a_closed_palette_answers_with_its_nearest_colour() -> None:
    palette = Palette()
    palette.add_block([BLACK, WHITE, RED])
    palette.close()
    assert palette.add((0.9, 0.1, 0.1, 1.0)) == 2
    assert len(palette.colours) == 3


def test_a_blend_at_full_level_gives_its_own_colour() -> None:
    palette = Palette()
    palette.add_block([BLACK, WHITE])
    picture = np.zeros((2, 2), dtype=np.uint16)
    BlendTable(palette, RED).paint(picture, np.array([1, 2]), np.array([LEVELS, LEVELS // 2]))
    assert palette.as_bytes()[picture].reshape(-1, 4).tolist() == [
        [0, 0, 0, 255], [255, 0, 0, 255], [128, 0, 0, 255], [0, 0, 0, 255],
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["red", "#12", "#1234", "123456", "#gggggg", ""])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no colour"):
        parse_colour(text)


def test_colours_are_read_in_three_ways() -> None:
    assert parse_colour("#fff") == WHITE
    assert parse_colour("#FF0000") == RED
    assert parse_colour("#0000ff80") == (0.0, 0.0, 1.0, 128 / 255)
