import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import BuildVideoError, GlyphError, InputError, LogError, OutputError, TemplateError
from pipeline.tables.dialect import DialectOptions
from pipeline.tools.graph import command as graph_command
from pipeline.tools.graph.command import draw_graph, run_graph
from pipeline.tools.graph.options import AxisOptions, GraphOptions, ScrollOptions, SeriesOptions

SMALL = {"width": 400, "height": 240}
LOG = "iteration,loss,minus\n1,0,-3\n2,1,-2\n3,2,-1\n"
LOG_AXIS = AxisOptions(scale="log")
BAD: dict[str, tuple[str, dict[str, object], type[InputError], str]] = {
    "an empty log": ("", {}, LogError, "is empty"),
    "no rows": ("a,b\n", {}, LogError, "no rows"),
    "one column": ("a\n1\n2\n", {}, LogError, "one column only"),
    "no numbers": ("a,b\n1,x\n2,y\n", {}, LogError, "holds numbers"),
    "a missing column": (LOG, {"series": (SeriesOptions("los"),)}, LogError, "no column 'los'"),
    "a missing x": (LOG, {"x": "time"}, LogError, "no column 'time'"),
    "a missing log's number": (LOG, {"series": (SeriesOptions("loss", log=7),)}, InputError, "No series"),
    "all missing": ("a,loss\n1,\n2,nan\n", {}, LogError, "All values of the column 'loss' are missing"),
    "an x of words that is asked for": (
        "t,loss\nmonday,1\n",
        {"x": "t"},
        LogError,
        "All values of the column 't' are missing",
    ),
    "never together": ("a,loss\n1,\n,2\n", {}, LogError, "No row has both"),
    "zero on a log axis": (LOG, {"y_axes": (LOG_AXIS,)}, LogError, "no room for 0,"),
    "below zero on a log axis": (LOG, {"x_axis": LOG_AXIS, "x": "minus"}, LogError, "no room for -3,"),
    "a range beside the values": (LOG, {"x_axis": AxisOptions(low=50, high=60)}, LogError, "nothing to show"),
    "a range beyond the values": (LOG, {"x_axis": AxisOptions(low=50)}, InputError, "can't reach from 50 to 3"),
    "an empty panel": (LOG, {"series": (SeriesOptions("loss", panel=2),)}, LogError, "nothing to show"),
    "a width of 0": (LOG, {"width": 0}, InputError, "width of 0 px"),
    "a height of 70,000": (LOG, {"height": 70_000}, InputError, "height of 70,000 px"),
    "an unknown theme": (LOG, {"theme": "nothing"}, TemplateError, "no template"),
    "a character without a picture": (LOG, {"title": "\U00010330"}, GlyphError, "can draw"),
    "another decimal mark than is said": (
        'a;loss\n1;"2,5"\n',
        {"series": (SeriesOptions("loss"),), "dialect": DialectOptions(decimal_comma=False)},
        LogError,
        "are missing",
    ),
    "another decimal mark further down": (
        "a;loss\n" + "1;2.5\n" * 120 + "2;2,5\n" * 3,
        {},
        LogError,
        "3 rows of the column 'loss'",
    ),
    "a comma that may mean two things": ("a;loss\n1;2,345\n", {}, LogError, "--decimal-comma"),
    "an x of unknown times": ("date,loss,rate\nMonday,3,1\nTuesday,2,1\n", {}, LogError, "'date' can't be x"),
    "an x of words": ("note,loss\nfirst,3\nsecond,2\n", {}, LogError, "but 'first'"),
    "an unknown encoding": (LOG, {"dialect": DialectOptions(encoding="x")}, InputError, "no encoding 'x'"),
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    return path


@pytest.mark.parametrize("case", list(BAD))
@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_bad_input_is_one_clear_error_and_no_file(tmp_path: Path, case: str, ending: str) -> None:
    text, change, kind, told = BAD[case]
    log = tmp_path / "log.csv"
    log.write_text(text)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(kind, match=re.escape(told)) as caught:
        run_graph(GraphOptions(**{"logs": (str(log),), **SMALL, **change}), str(out / f"a.{ending}"))  # type: ignore[arg-type]
    assert isinstance(caught.value, BuildVideoError)
    assert caught.value.exit_code == 2
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(("name", "told"), [("", "is a folder"), ("none.csv", "no such file")])
def test_a_log_that_can_not_be_read_is_told(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(LogError, match=told):
        run_graph(GraphOptions((str(tmp_path / name),)), str(tmp_path / "graph.png"))
    assert list(tmp_path.iterdir()) == []


def test_a_transparent_jpeg_is_told(tmp_path: Path, log: Path) -> None:
    with pytest.raises(InputError, match="transparent"):
        run_graph(GraphOptions((str(log),), background="transparent"), str(tmp_path / "graph.jpg"))


@pytest.mark.parametrize("name", ["graph", "graph.gif", "graph.mp4"])
def test_an_ending_without_a_format_is_told(tmp_path: Path, log: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"ending|format|scroll"):
        run_graph(GraphOptions((str(log),)), str(tmp_path / name))


def test_an_output_that_can_not_be_written_is_told(tmp_path: Path, log: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    for name in ("none/graph.png", "folder.png"):
        with pytest.raises(OutputError):
            run_graph(GraphOptions((str(log),), **SMALL), str(tmp_path / name))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.png", "log.csv"]


def test_sizes_that_a_format_can_not_hold_are_told(tmp_path: Path, log: Path) -> None:
    for ending, width in (("webp", 16_384), ("jpg", 65_501), ("png", 65_536)):
        with pytest.raises(InputError, match="width of"):
            run_graph(GraphOptions((str(log),), width=width, height=10), str(tmp_path / f"graph.{ending}"))


def test_memory_that_does_not_suffice_is_told_beforehand(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_command, "free_memory_bytes", lambda: 1 << 20)
    with pytest.raises(InputError, match="of memory") as caught:
        run_graph(GraphOptions((str(log),)), str(tmp_path / "graph.webp"))
    assert "PNG" in caught.value.hint
    run_graph(GraphOptions((str(log),)), str(tmp_path / "graph.png"))


@pytest.mark.parametrize(
    ("scroll", "change"),
    [
        (ScrollOptions(seconds=1, window_px=161), {}),
        (ScrollOptions(seconds=1), {"height": 91}),
        (ScrollOptions(seconds=1), {"background": "transparent"}),
        (ScrollOptions(seconds=80_000), {}),
    ],
)
def test_films_that_can_not_be_made_are_told(
    tmp_path: Path, log: Path, scroll: ScrollOptions, change: dict[str, object]
) -> None:
    options = GraphOptions(**{"logs": (str(log),), "height": 90, "scroll": scroll, **change})  # type: ignore[arg-type]
    with pytest.raises(InputError):
        run_graph(options, str(tmp_path / "graph.mp4"))
    with pytest.raises(InputError, match="mp4"):
        run_graph(options, str(tmp_path / "graph.png"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: SeriesOptions("y", opacity=2),
        lambda: SeriesOptions("y", panel=0),
        lambda: SeriesOptions("y", percentiles=(90, 10)),
        lambda: SeriesOptions("y", colour="blue"),
        lambda: SeriesOptions("y", smoothing=0.5),
        lambda: SeriesOptions("y", factor=0),
        lambda: AxisOptions(low=2, high=1),
        lambda: AxisOptions(scale="log", low=0),
        lambda: GraphOptions(("a",), background="red"),
        lambda: AxisOptions(low=math.inf),
        lambda: ScrollOptions(seconds=0),
        lambda: draw_graph(GraphOptions(())),
        lambda: GraphOptions(("-", "-")),
        lambda: GraphOptions(("a",), text_px=-1),
    ],
)
def test_impossible_options_are_told(make: Callable[[], object]) -> None:
    with pytest.raises(InputError):
        make()
