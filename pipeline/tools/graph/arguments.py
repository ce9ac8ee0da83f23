"""The arguments of `build-video graph`, and the options that they mean.

This module owns names, help texts, and reading what a person typed. It does not draw.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any, Final

from pipeline.errors import InputError
from pipeline.tables.dialect import DialectOptions
from pipeline.tools.graph.options import AxisOptions, GraphOptions, ScrollOptions, SeriesOptions

_DELIMITERS: Final = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " ", "pipe": "|"}
_MIDDLES: Final = ("mean", "median", "ema", "none")
_SCALES: Final = ("linear", "log", "log1p")
_YES_NO: Final = {"yes": True, "no": False}
_SERIES_HELP: Final = """\
a column to draw, by name or number, and how:
COLUMN[,label=TEXT][,colour=#RRGGBB][,middle=mean|median|ema|none]
[,smoothing=ROWS][,band=yes|no][,percentiles=10-90][,opacity=0..1]
[,width=PX][,panel=N][,factor=X][,log=N]; may be given several times.
By default the columns whose names contain a word for loss, else all numbers"""


def add_graph_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare all arguments."""
    parser.formatter_class = argparse.RawTextHelpFormatter
    parser.add_argument(
        "files",
        metavar="LOG... OUT",
        nargs="+",
        help="logs (CSV, TSV, JSON lines, trainer_state.json, gzip;\n"
        "- for standard input), and at last\n"
        "the picture: .png .webp .jpg .svg .pdf, or .mp4 with --scroll",
    )
    _add_data_arguments(parser.add_argument_group("the log"))
    _add_look_arguments(parser.add_argument_group("the picture"))
    _add_axis_arguments(parser.add_argument_group("the axes"))
    _add_scroll_arguments(parser.add_argument_group("a film that scrolls along the graph"))
    parser.add_argument("--json", action="store_true", help="say what was done as JSON")


def _add_data_arguments(group: Any) -> None:
    group.add_argument(
        "-x",
        default="",
        metavar="COLUMN",
        help="column of x: name, number, or 'line'; by default one that counts\n"
        "(step, iteration), else the first; times are read too",
    )
    group.add_argument("-y", action="append", default=[], metavar="SERIES", help=_SERIES_HELP)
    group.add_argument(
        "--delimiter",
        default="",
        metavar="CHARACTER",
        help="between columns: a character, tab or space; by default found out",
    )
    group.add_argument(
        "--header", choices=("yes", "no"), help="whether the first row holds names; by default found out"
    )
    group.add_argument("--comment", default="#", metavar="TEXT", help="lines that begin so are no rows (default: #)")
    group.add_argument(
        "--decimal-comma",
        action="store_true",
        default=None,
        help="numbers are written 3,14 or 1.234,5; by default found out",
    )
    group.add_argument(
        "--decimal-point",
        dest="decimal_comma",
        action="store_false",
        default=None,
        help="numbers are written 3.14 or 1,234.5",
    )
    group.add_argument(
        "--encoding", default="", metavar="NAME", help="of the text, such as cp1251; by default UTF-8, or found out"
    )
    group.add_argument(
        "--join",
        choices=("auto", "all", "none"),
        default="auto",
        help="which points are joined by lines: those without an unusual\n"
        "pause between them, all, or none (default: auto)",
    )
    group.add_argument("--bits", action="store_true", help="show losses, written in nats, as bits")


def _add_look_arguments(group: Any) -> None:
    group.add_argument(
        "--size", default="", metavar="WxH", help="in pixels, up to 16383 each way (PNG: 65535); default: 1920x1080"
    )
    group.add_argument("--width", type=int, metavar="PX", help="the same, one by one")
    group.add_argument("--height", type=int, metavar="PX")
    group.add_argument("--title", default="", metavar="TEXT")
    group.add_argument(
        "--theme", default="midnight", metavar="NAME", help="the look: midnight, paper, phosphor, or one of your own"
    )
    group.add_argument(
        "--templates", type=Path, metavar="FOLDER", help="your own templates folder, with themes/NAME.toml"
    )
    group.add_argument("--background", default="", metavar="COLOUR", help="#rrggbb, or transparent")
    group.add_argument(
        "--text", type=float, default=0.0, metavar="PX", help="size of the text; by default by the picture's size"
    )
    group.add_argument("--no-grid", action="store_true", help="draw no grid")
    group.add_argument("--legend", choices=("yes", "no"), help="by default where there is more than one series")


def _add_axis_arguments(group: Any) -> None:
    for axis, several in (("x", ""), ("y", "; once, or once a panel")):
        action = "append" if several else "store"
        group.add_argument(
            f"--{axis}-scale", action=action, choices=_SCALES, help=f"default: linear; log1p has room for 0{several}"
        )
        group.add_argument(
            f"--{axis}-range",
            action=action,
            metavar="A:B",
            help=f"ends of the axis; one may be left out{several};\nwith = before a minus: --{axis}-range=-1:1",
        )
        group.add_argument(f"--{axis}-label", action=action, metavar="TEXT", help=f"what it shows{several}")
        group.add_argument(f"--{axis}-unit", action=action, metavar="TEXT", help=f"in which unit{several}")


def _add_scroll_arguments(group: Any) -> None:
    group.add_argument(
        "--scroll", type=float, metavar="SECONDS", help="make an .mp4 of this length; the graph is about --width long"
    )
    group.add_argument(
        "--window",
        type=int,
        default=1920,
        metavar="PX",
        help="width of the film (default: 1920); --height is its height",
    )
    group.add_argument("--frame-rate", type=int, default=60, metavar="N", help="frames a second (default: 60)")


def graph_options(parsed: argparse.Namespace) -> tuple[GraphOptions, str]:
    """Turn parsed arguments into options and the output's name.

    Raises
    ------
    InputError
        Something can't be read; names the argument.
    """
    *logs, output = parsed.files
    if not logs:
        raise InputError("The name of the picture is missing.", where="command line", expected="LOG... OUT")
    width, height = _size(parsed)
    x_axis = _axes([parsed.x_scale], [parsed.x_range], [parsed.x_label], [parsed.x_unit], "--x-range")
    y_axes = _axes(parsed.y_scale, parsed.y_range, parsed.y_label, parsed.y_unit, "--y-range")
    options = GraphOptions(
        logs=tuple(logs),
        series=tuple(_series(text) for text in parsed.y),
        x=parsed.x,
        dialect=DialectOptions(
            delimiter=_delimiter(parsed.delimiter),
            header=None if parsed.header is None else _YES_NO[parsed.header],
            comment=parsed.comment,
            decimal_comma=parsed.decimal_comma,
            encoding=parsed.encoding,
        ),
        width=width,
        height=height,
        x_axis=x_axis[0] if x_axis else AxisOptions(),
        y_axes=y_axes,
        title=parsed.title,
        theme=parsed.theme,
        templates=parsed.templates,
        background=parsed.background,
        text_px=parsed.text,
        grid=not parsed.no_grid,
        legend=None if parsed.legend is None else _YES_NO[parsed.legend],
        join=parsed.join,
        bits=parsed.bits,
        scroll=ScrollOptions(parsed.scroll, parsed.frame_rate, parsed.window) if parsed.scroll is not None else None,
    )
    return options, output


def _size(parsed: argparse.Namespace) -> tuple[int, int]:
    width, height = 1920, 1080
    if parsed.size:
        found = re.fullmatch(r"(\d{1,9})[x*](\d{1,9})", parsed.size.strip().lower())
        if not found:
            raise InputError(f"'{parsed.size}' is no size.", where="--size", expected="such as 16383x2048")
        width, height = int(found[1]), int(found[2])
    return (width if parsed.width is None else parsed.width), (height if parsed.height is None else parsed.height)


def _delimiter(text: str) -> str:
    delimiter = _DELIMITERS.get(text.lower(), text)
    if len(delimiter) > 1 or not delimiter.isascii() or delimiter in {'"', "\n", "\r"}:
        raise InputError(
            f"'{text}' can't stand between columns.", where="--delimiter", expected="one character, such as ;"
        )
    return delimiter


def _axes(
    scales: list[Any] | None, ranges: list[Any] | None, labels: list[Any] | None, units: list[Any] | None, where: str
) -> tuple[AxisOptions, ...]:
    """Join what was said about the axes one by one; what was said once holds for all."""
    given = [scales or [], ranges or [], labels or [], units or []]
    count = max(len(values) for values in given)
    axes = []
    for panel in range(count):
        scale, span, label, unit = (values[min(panel, len(values) - 1)] if values else None for values in given)
        low, high = _range(span, where) if span else (None, None)
        axes.append(AxisOptions(scale=scale or "linear", low=low, high=high, label=label or "", unit=unit or ""))
    return tuple(axes)


def _range(text: str, where: str) -> tuple[float | None, float | None]:
    found = re.fullmatch(r"([^:]*):([^:]*)", text)
    try:
        low, high = (float(end) if end.strip() else None for end in (found.groups() if found else "?"))
    except ValueError:
        raise InputError(f"'{text}' is no range.", where=where, expected="such as 0:4, 0: or :4") from None
    return low, high


_SERIES_OPTION: Final = re.compile(
    r",(label|colour|color|middle|smoothing|band|percentiles|opacity|width|panel|factor|log)=", re.IGNORECASE
)


def _series(text: str) -> SeriesOptions:
    """Read COLUMN,name=value,...; commas within names and labels are no matter."""
    column, *rest = _SERIES_OPTION.split(text)
    values: dict[str, Any] = {}
    for name, value in zip(rest[::2], rest[1::2], strict=True):
        key = {"color": "colour", "width": "width_px"}.get(name.lower(), name.lower())
        try:
            values[key] = _series_value(key, value)
        except (ValueError, KeyError):
            raise InputError(
                f"'{value}' can't be used as {name}.", where=f"-y {text}", expected=_expected(key)
            ) from None
    return SeriesOptions(column, **values)


def _series_value(key: str, value: str) -> Any:
    if key in {"label", "colour"}:
        return value
    if key == "middle":
        return _MIDDLES[_MIDDLES.index(value)]
    if key == "band":
        return _YES_NO[value]
    if key == "percentiles":
        low, high = value.split("-")
        return float(low), float(high)
    return int(value) if key in {"panel", "log"} else float(value)


def _expected(key: str) -> str:
    return {
        "middle": ", ".join(_MIDDLES),
        "band": "yes or no",
        "percentiles": "two numbers such as 10-90",
        "panel": "a whole number",
        "log": "a whole number",
    }.get(key, "a number")
