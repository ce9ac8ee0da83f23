"""Graphs as PDF files of one page (ISO 32000-1, a small subset).

This module owns the file format. Words in plain ASCII are text in the standard font Helvetica, fitted to the width they
have everywhere else; other words are pictures of themselves. It does not know how places and curves are found.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.inks import Colour
from pipeline.tools.graph_curves import trace
from pipeline.tools.graph_layout import Layout, PanelLayout, Words
from pipeline.tools.graph_options import GraphOptions
from pipeline.tools.graph_outlines import band_outlines, line_runs
from pipeline.tools.graph_raster import grounds
from pipeline.tools.graph_theme import GraphTheme

_POINTS_A_PIXEL: Final = 0.75  # 96 pixels an inch, 72 points an inch
_LONGEST_SIDE: Final = 14_400  # units; longer pages have larger units
_MINUS: Final = "\N{MINUS SIGN}"
_BOLD: Final = 600
_PICTURE_SCALE: Final = 4.0
# Widths of Helvetica's characters from space to tilde, in thousandths of the size (Adobe's font metrics).
_WIDTHS: Final = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
)  # fmt: skip
_DASH_WIDTH: Final = 556  # of the dash that stands for a minus sign


@dataclass
class _Page:
    """A page while it is written."""

    theme: GraphTheme
    lines: list[str] = field(default_factory=list)
    opacities: dict[float, str] = field(default_factory=dict)
    pictures: list[tuple[NDArray[np.uint8], Colour]] = field(default_factory=list)

    def fill_colour(self, colour: Colour) -> None:
        """Choose what shapes are filled with."""
        self._opacity(colour[3])
        self.lines.append(f"{_channels(colour)} rg")

    def pen_colour(self, colour: Colour, width_px: float) -> None:
        """Choose what lines are drawn with."""
        self._opacity(colour[3])
        self.lines.append(f"{_channels(colour)} RG {width_px:g} w")

    def _opacity(self, opacity: float) -> None:
        name = self.opacities.setdefault(round(opacity, 3), f"O{len(self.opacities)}")
        self.lines.append(f"/{name} gs")

    def box(self, place: tuple[float, float, float, float], colour: Colour) -> None:
        """Fill a rectangle: left, top, width, height."""
        self.fill_colour(colour)
        self.lines.append(f"{_numbers(place)} re f")

    def outline(self, points: NDArray[np.float64]) -> None:
        """Add a path."""
        pairs = [f"{x:g} {y:g}" for x, y in np.round(points, 2).tolist()]
        self.lines.append(f"{pairs[0]} m " + " ".join(f"{pair} l" for pair in pairs[1:]))


def write_pdf(path: Path, layout: Layout, options: GraphOptions, theme: GraphTheme) -> None:
    """Write a graph as a PDF file of one page."""
    page = _Page(theme)
    _draw(page, layout, options, theme)
    width, height = layout.width * _POINTS_A_PIXEL, layout.height * _POINTS_A_PIXEL
    unit = max(1.0, width / _LONGEST_SIDE, height / _LONGEST_SIDE)
    scale = _POINTS_A_PIXEL / unit
    # From here on y counts downwards from the top, as everywhere else.
    content = f"{scale:.9g} 0 0 {-scale:.9g} 0 {height / unit:g} cm\n" + "\n".join(page.lines)
    path.write_bytes(_file(_objects(page, content, (width / unit, height / unit), unit)))


def _draw(page: _Page, layout: Layout, options: GraphOptions, theme: GraphTheme) -> None:
    background, ground = grounds(options, theme)
    page.lines.append("1 J 1 j")  # round ends, round joins
    if background[3]:
        page.box((0, 0, layout.width, layout.height), background)
    for panel in layout.panels:
        page.lines.append(f"q 1 0 0 1 {panel.left} {panel.top} cm 0 0 {panel.width} {panel.height} re W n")
        if ground[3]:
            page.box((0, 0, panel.width, panel.height), ground)
        if options.grid:
            _draw_grid(page, panel, layout.hair_px, theme)
        _draw_curves(page, panel, layout, options, theme)
        page.lines.append("Q")
    for box in layout.rectangles:
        page.box((box.x, box.y, box.width, box.height), box.colour)
    for words in layout.words:
        _draw_words(page, words)


def _draw_grid(page: _Page, panel: PanelLayout, hair_px: int, theme: GraphTheme) -> None:
    page.pen_colour(theme.grid, hair_px)
    half = hair_px % 2 / 2
    for tick in panel.x_ticks:
        if tick.major:
            x = round(tick.position_px) + half
            page.lines.append(f"{x:g} 0 m {x:g} {panel.height} l S")
    for tick in panel.y_ticks:
        if tick.major:
            y = panel.height - round(tick.position_px) - half
            page.lines.append(f"0 {y:g} m {panel.width} {y:g} l S")


def _draw_curves(page: _Page, panel: PanelLayout, layout: Layout, options: GraphOptions, theme: GraphTheme) -> None:
    curves = trace(panel, options, theme, layout.line_px)
    for curve in curves:
        for band in curve.bands:
            page.fill_colour(band.colour)
            for points in band_outlines(band):
                page.outline(points)
            page.lines.append("f")
    for curve in curves:
        if curve.line is not None:
            page.pen_colour(curve.colour, curve.width_px)
            for points in line_runs(curve.line):
                page.outline(points)
            page.lines.append("S")


def _draw_words(page: _Page, words: Words) -> None:
    page.fill_colour(words.colour)
    plain = words.text.replace(_MINUS, "")
    if plain.isascii() and plain.isprintable():
        bold = words.style.weight >= _BOLD
        own = (
            sum(_DASH_WIDTH if c == _MINUS else _WIDTHS[ord(c) - 0x20] for c in words.text) * words.style.size_px / 1000
        )
        stretch = 100.0 if bold else 100 * words.width / max(own, 0.001)
        escaped = words.text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").replace(_MINUS, "\\226")
        font = f"/{'B' if bold else 'F'} {words.style.size_px:g} Tf {stretch:.4g} Tz"
        page.lines.append(f"BT {font} 1 0 0 -1 {words.x:.2f} {words.y:.2f} Tm ({escaped}) Tj ET")
        return
    picture = page.theme.typesetter.render(words.text, words.style.scaled(_PICTURE_SCALE))
    height, width = (side / _PICTURE_SCALE for side in picture.coverage.shape)
    left = words.x + picture.left_px / _PICTURE_SCALE
    bottom = words.y + height - picture.baseline_px / _PICTURE_SCALE
    page.lines.append(f"q {width:.2f} 0 0 {-height:.2f} {left:.2f} {bottom:.2f} cm /P{len(page.pictures)} Do Q")
    page.pictures.append((picture.coverage, words.colour))


def _objects(page: _Page, content: str, size: tuple[float, float], unit: float) -> Iterator[bytes]:
    """The file's objects, in the order of their numbers from 1."""
    first_picture = 7
    states = " ".join(f"/{name} << /ca {value:g} /CA {value:g} >>" for value, name in page.opacities.items())
    pictures = " ".join(f"/P{n} {first_picture + 2 * n} 0 R" for n in range(len(page.pictures)))
    resources = f"<< /Font << /F 5 0 R /B 6 0 R >> /ExtGState << {states} >> /XObject << {pictures} >> >>"
    box = f"/MediaBox [0 0 {size[0]:g} {size[1]:g}] /UserUnit {unit:g}"
    group = "/Group << /S /Transparency /CS /DeviceRGB >>"
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    yield b"<< /Type /Catalog /Pages 2 0 R >>"
    yield b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    yield f"<< /Type /Page /Parent 2 0 R {box} {group} /Resources {resources} /Contents 4 0 R >>".encode()
    yield _stream("", content.encode("ascii"))
    yield font.format("Helvetica").encode()
    yield font.format("Helvetica-Bold").encode()
    for number, (coverage, colour) in enumerate(page.pictures):
        height, width = coverage.shape
        mask = first_picture + 2 * number + 1
        head = "/Type /XObject /Subtype /Image /BitsPerComponent 8"
        yield _stream(
            f"{head} /Width 1 /Height 1 /ColorSpace /DeviceRGB /SMask {mask} 0 R",
            bytes(round(channel * 255) for channel in colour[:3]),
        )
        yield _stream(f"{head} /Width {width} /Height {height} /ColorSpace /DeviceGray", coverage.tobytes())


def _stream(head: str, data: bytes) -> bytes:
    packed = zlib.compress(data)
    return f"<< {head} /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream"


def _file(objects: Iterator[bytes]) -> bytes:
    """Number the objects, and list where each begins."""
    out = bytearray(b"%PDF-1.6\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, data in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + data + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(places) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def _channels(colour: Colour) -> str:
    return _numbers(colour[:3])


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.4g}" if abs(value) < 1 else f"{value:g}" for value in values)
