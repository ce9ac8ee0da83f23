"""The command `graph`: from logs to a picture, a page of vectors, or a film.

This module owns the order of things and the choice of format. It does not know the command line.

    run_graph(GraphOptions(logs=("loss.csv",)), "loss.png")          # writes a file, returns a summary
    draw_graph(GraphOptions(logs=("loss.csv",))).show()              # a Pillow image
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.errors import InputError
from pipeline.runtime.machine import free_memory_bytes
from pipeline.runtime.progress.reporter import SILENT, Reporter
from pipeline.store.endpoints import new_file
from pipeline.tools.graph.data.series import LabelledCurve, MeanLine, graph_of_curves, load_graph_data
from pipeline.tools.graph.layout import Layout, lay_out
from pipeline.tools.graph.options import TRANSPARENT, GraphOptions, check_size
from pipeline.tools.graph.theme import GraphTheme, load_graph_theme
from pipeline.tools.graph.writers.raster import make_plot

if TYPE_CHECKING:
    from PIL import Image

    from pipeline.tools.graph.writers.plot import Plot

_BYTES_A_PIXEL: Final = {".webp": 16, ".jpg": 8, ".jpeg": 8, "image": 8}
_STRETCH_ROWS: Final = 256
_JPEG_QUALITY: Final = 92
_OPAQUE: Final = 255


@dataclass(frozen=True)
class GraphSummary:
    """What was drawn."""

    path: str
    width: int
    height: int
    rows: int
    series: int
    notes: tuple[str, ...]
    """What a person should know about the logs, one sentence each."""


def run_graph(
    options: GraphOptions,
    output: str,
    report: Reporter = SILENT,
    *,
    curves: Sequence[LabelledCurve] | None = None,
    mean_line: MeanLine | None = None,
) -> GraphSummary:
    """Draw a graph into a file; its ending chooses the format.

    Parameters
    ----------
    options
        What to draw.
    output
        A name that ends with .png, .webp, .jpg, .svg or .pdf, or with .mp4 for a film that scrolls.
    report
        Called with how far a film is.
    curves
        What is drawn in place of logs.
    mean_line
        What the lines of logs show, in place of what the options say.

    Raises
    ------
    InputError
        A log, an option, the size or the output can't be used; nothing is written then.
    """
    ending = PurePath(output).suffix.lower()
    _check_output(options, ending)
    with new_file(output) as path:
        data = load_graph_data(options, mean_line) if curves is None else graph_of_curves(curves, options)
        theme = load_graph_theme(options.theme, options.templates)
        if options.scroll is not None:
            from pipeline.tools.graph.writers.scroll import write_scroll  # noqa: PLC0415  # only films need it

            write_scroll(path, data, options, theme, report)
        else:
            _write(path, ending, lay_out(data, options, theme), options, theme)
    width = options.scroll.window_px if options.scroll else options.width
    return GraphSummary(output, width, options.height, data.rows, len(data.series), data.notes)


def draw_graph(options: GraphOptions) -> Image.Image:
    """Draw a graph as a Pillow image: RGB, or RGBA where something is transparent.

    Raises
    ------
    InputError
        A log or an option can't be used, or the memory does not suffice.
    """
    check_size(options.width, options.height, ".png")
    _check_memory(options, "image")
    data = load_graph_data(options)
    theme = load_graph_theme(options.theme, options.templates)
    return _image(make_plot(lay_out(data, options, theme), options, theme))


def _check_output(options: GraphOptions, ending: str) -> None:
    if options.scroll is not None:
        if ending != ".mp4":
            raise InputError("A film that scrolls needs a name that ends with .mp4.", where="output")
        return
    if ending == ".mp4":
        raise InputError("A film shows the graph scrolling.", where="output", hint="Add --scroll SECONDS.")
    check_size(options.width, options.height, ending)
    if ending in {".jpg", ".jpeg"} and options.background == TRANSPARENT:
        raise InputError("A JPEG file can't be transparent.", where="--background", hint="PNG and WebP files can.")
    if ending in _BYTES_A_PIXEL:
        _check_memory(options, ending)


def _check_memory(options: GraphOptions, kind: str) -> None:
    """Refuse beforehand what the memory can't hold: these formats are written from a whole picture."""
    needed = options.width * options.height * _BYTES_A_PIXEL[kind]
    free = free_memory_bytes()
    if needed > free:
        raise InputError(
            f"The picture would take {needed / 2**30:.1f} GiB of memory, and {free / 2**30:.1f} GiB are free.",
            where="--width, --height",
            hint="PNG files of any size are drawn in a few hundred megabytes.",
        )


def _write(path: Path, ending: str, layout: Layout, options: GraphOptions, theme: GraphTheme) -> None:
    if ending == ".svg":
        from pipeline.tools.graph.writers.svg import write_svg  # noqa: PLC0415  # only these files need it

        write_svg(path, layout, options, theme)
        return
    if ending == ".pdf":
        from pipeline.tools.graph.writers.pdf import write_pdf  # noqa: PLC0415  # only these files need it

        write_pdf(path, layout, options, theme)
        return
    plot = make_plot(layout, options, theme)
    if ending == ".png":
        from pipeline.tools.graph.writers.png import write_png  # noqa: PLC0415

        with path.open("wb") as file:
            write_png(file, plot.width, plot.height, plot.palette.as_bytes, plot.paint)
        return
    image = _image(plot)
    if ending == ".webp":
        image.save(path, "WEBP", lossless=True, quality=20, method=0)
    else:
        image.convert("RGB").save(path, "JPEG", quality=_JPEG_QUALITY, subsampling=0)


def _image(plot: Plot) -> Image.Image:
    from PIL import Image  # noqa: PLC0415

    transparent = bool((plot.palette.as_bytes()[:, 3] < _OPAQUE).any())
    channels = 4 if transparent else 3
    pixels = np.empty((plot.height, plot.width, channels), dtype=np.uint8)
    for first in range(0, plot.height, _STRETCH_ROWS):
        last = min(first + _STRETCH_ROWS, plot.height)
        numbers = plot.paint(first, last)
        pixels[first:last] = plot.palette.as_bytes()[:, :channels][numbers]
    return Image.fromarray(pixels)
