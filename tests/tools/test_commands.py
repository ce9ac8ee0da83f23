import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pipeline.errors import InputError
from pipeline.tools.commands import main, make_parsers
from pipeline.tools.graph.arguments import graph_options
from pipeline.tools.graph.options import GraphOptions


def options(*arguments: str) -> GraphOptions:
    return graph_options(make_parsers()["graph"].parse_intermixed_args([*arguments, "log.csv", "out.png"]))[0]


def in_process(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    code = "import sys; from pipeline.tools.commands import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run([sys.executable, "-c", code, *arguments], input=stdin, capture_output=True, check=False)


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "log.csv"
    path.write_text("iteration,loss\n1,3\n2,2\n3,\n")
    return str(path)


def test_a_graph_is_drawn_and_said_in_a_sentence(tmp_path: Path, log: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "graph.png")
    assert main(["graph", log, out, "--size", "300x200"]) == 0
    assert capsys.readouterr().out == f"{out}: 300 x 200 px, 1 series of 3 rows\nnote: column 'loss': 1 missing\n"
    with Image.open(out) as image:
        assert image.size == (300, 200)


def test_what_was_done_is_said_as_json(tmp_path: Path, log: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["graph", log, str(tmp_path / "graph.png"), "--json", "--width", "300"])
    said = json.loads(capsys.readouterr().out)
    assert (said["event"], said["width"], said["rows"]) == ("done", 300, 3)
    assert said["notes"] == ["column 'loss': 1 missing"]


def test_every_option_of_a_graph_is_understood() -> None:
    found = options(
        *("-x", "time", "-y", "a, b,label=x, y,color=#ff0000,middle=ema,smoothing=50,percentiles=5-95,panel=2"),
        *("-y", "3,band=no,opacity=0.2,width=4,factor=-2,log=1"),
        *("--delimiter", "tab", "--header", "no", "--comment", "%", "--decimal-comma", "--join", "all", "--bits"),
        *("--size", "800X600", "--title", "T", "--theme", "paper", "--background", "transparent", "--text", "20"),
        *("--no-grid", "--legend", "yes", "--x-scale", "log", "--x-range", "1:", "--x-label", "t", "--x-unit", "s"),
        *("--y-scale", "linear", "--y-scale", "log", "--y-range=-1:2", "--y-range", ":7"),
    )
    first, second = found.series
    assert (first.column, first.label, first.colour, first.middle) == ("a, b", "x, y", "#ff0000", "ema")
    assert (first.smoothing, first.percentiles, first.panel) == (50, (5, 95), 2)
    assert (second.column, second.band, second.opacity, second.width_px) == ("3", False, 0.2, 4)
    assert (second.factor, second.log) == (-2, 1)
    assert (found.x, found.width, found.height, found.title, found.theme) == ("time", 800, 600, "T", "paper")
    assert (found.background, found.text_px, found.grid, found.legend) == ("transparent", 20, False, True)
    assert (found.join, found.bits, found.x_axis.scale, found.x_axis.low) == ("all", True, "log", 1)
    assert (found.x_axis.label, found.x_axis.unit) == ("t", "s")
    assert [(axis.scale, axis.low, axis.high) for axis in found.y_axes] == [("linear", -1, 2), ("log", None, 7)]
    assert options("--decimal-point", "--encoding", "cp1251").dialect.decimal_comma is False
    assert options("--encoding", "cp1251").dialect.encoding == "cp1251"
    assert options().dialect.decimal_comma is None
    dialect = found.dialect
    assert (dialect.delimiter, dialect.header, dialect.comment, dialect.decimal_comma) == ("\t", False, "%", True)


def test_a_film_is_asked_for_by_its_length() -> None:
    scroll = options("--scroll", "12.5", "--window", "1280", "--frame-rate", "30").scroll
    assert scroll is not None
    assert (scroll.seconds, scroll.window_px, scroll.frame_rate) == (12.5, 1280, 30)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--size", "big"],
        ["--size", "10x"],
        ["--x-range", "5"],
        ["--x-range", "a:b"],
        ["--x-range", "1:2:3"],
        ["--delimiter", "ab"],
        ["--delimiter", '"'],
        ["-y", "a,middle=mode"],
        ["-y", "a,band=perhaps"],
        ["-y", "a,percentiles=10"],
        ["-y", "a,panel=one"],
        ["--width", "wide"],
        ["--nonsense"],
        ["--join", "some"],
    ],
)
def test_an_argument_that_can_not_be_read_is_told(arguments: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        options(*arguments)
    assert caught.value.exit_code == 2
    assert caught.value.expected


@pytest.mark.parametrize("arguments", [["graph"], ["graph", "only.csv"], ["to-text"], ["to-text", "a"], ["nothing"]])
def test_missing_arguments_are_told(arguments: list[str]) -> None:
    with pytest.raises(InputError):
        main(arguments)


@pytest.mark.parametrize("command", ["graph", "to-text", "from-text"])
def test_each_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert f"build-video {command}" in capsys.readouterr().out


def test_bytes_go_through_text_in_a_pipe() -> None:
    data = bytes(range(256)) * 10
    text = in_process("to-text", "-", "-", "--final-newline", stdin=data)
    assert (text.returncode, len(text.stdout.decode())) == (0, 2561)
    assert b"2,560 bytes became" in text.stderr
    back = in_process("from-text", "-", "-", "--final-newline", stdin=text.stdout)
    assert (back.returncode, back.stdout) == (0, data)


def test_invented_characters_are_left_out_or_replaced_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_text("a\u65e5b\n", encoding="utf-8")
    main(["from-text", str(source), str(target), "--skip"])
    assert target.read_bytes() == b"ab"
    assert "2 characters that stand for no byte were left out" in capsys.readouterr().out
    main(["from-text", str(source), str(target), "--replace", "0x80"])
    assert target.read_bytes() == b"a\x80b\x80"
    with pytest.raises(InputError):
        main(["from-text", str(source), str(target), "--replace", "256"])


def test_the_table_is_written_alone_or_beside_a_conversion(tmp_path: Path) -> None:
    table, source, target = (tmp_path / name for name in ("table", "in", "out"))
    main(["to-text", "--write-table", str(table)])
    assert len(table.read_text(encoding="utf-8").splitlines()) == 256
    source.write_bytes(b"\x80")
    main(["to-text", str(source), str(target), "--table", str(table)])
    assert target.read_text(encoding="utf-8") == "\u0430"


def test_a_log_is_read_from_standard_input(tmp_path: Path) -> None:
    out = tmp_path / "graph.png"
    done = in_process("graph", "-", str(out), "--size", "200x100", stdin=b"a,b\n1,2\n3,4\n")
    assert done.returncode == 0
    assert out.is_file()


def test_drawing_a_graph_loads_nothing_heavy(tmp_path: Path, log: str) -> None:
    code = (
        "import sys; from pipeline.tools.commands import main; main(sys.argv[1:]); heavy ="
        "'torch', 'pydantic', 'numba', 'scipy', 'moviepy', 'typer', 'rich'; print([*filter(sys.modules.get, heavy)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "graph", log, str(tmp_path / "graph.png")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_options_may_stand_between_the_names_of_files() -> None:
    parsed = make_parsers()["graph"].parse_intermixed_args(["log.csv", "-y", "2", "out.png", "--bits"])
    assert parsed.files == ["log.csv", "out.png"]
