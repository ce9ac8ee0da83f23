"""Graphs as PDF files of one page (ISO 32000-1, a small subset).

This module owns the file format. Words are text in the theme's own fonts, fitted to the width that they have everywhere
else; where that can't be, they are pictures of themselves with text over them that isn't seen. It does not know how
places and curves are found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.text.fonts import Face
from pipeline.picture.text.typesetting import TextStyle
from pipeline.tools.graph.curves import trace
from pipeline.tools.graph.layout import Label, Layout, PanelLayout
from pipeline.tools.graph.options import GraphOptions
from pipeline.tools.graph.outlines import band_outlines, line_runs
from pipeline.tools.graph.palette import Colour
from pipeline.tools.graph.theme import GraphTheme
from pipeline.tools.graph.writers.pdf_fonts import PageFont, embedded_font, invisible_font, is_plain, stream
from pipeline.tools.graph.writers.raster import grounds

_POINTS_A_PIXEL: Final = 0.75  # 96 pixels an inch, 72 points an inch
_LONGEST_SIDE: Final = 14_400  # units; longer pages have larger units
_PICTURE_SCALE: Final = 4.0
_INVISIBLE: Final = 3  # how text is rendered: neither filled nor stroked


@dataclass
class _Page:
    """A page while it is written."""

    theme: GraphTheme
    lines: list[str] = field(default_factory=list)
    opacities: dict[float, str] = field(default_factory=dict)
    pictures: list[tuple[NDArray[np.uint8], Colour]] = field(default_factory=list)
    fonts: list[PageFont] = field(default_factory=list)
    faces: dict[tuple[Face, int, bool], PageFont | None] = field(default_factory=dict)
    """The font for each face, weight and cut; None where words are pictures."""

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
    _choose_fonts(page, layout.labels)
    for label in layout.labels:
        _draw_label(page, label)


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
        if curve.dots.size:
            page.pen_colour(curve.colour, curve.dot_px)
            dots = [f"{x:g} {y:g}" for x, y in np.round(curve.dots, 2).tolist()]
            page.lines += [f"{dot} m {dot} l" for dot in dots]  # as long as nothing, drawn by the pen's round ends
            page.lines.append("S")


def _choose_fonts(page: _Page, labels: Iterable[Label]) -> None:
    """Cut the faces of all words down to the characters that are used."""
    used: dict[tuple[Face, int, bool], tuple[TextStyle, set[str]]] = {}
    hidden: set[str] = set()
    for one in labels:
        for text, face, _, _ in page.theme.typesetter.stretches(one.text, one.style):
            key = (face, one.style.weight, one.style.display)
            used.setdefault(key, (one.style, set()))[1].update(text if is_plain(text) else ())
            hidden.update(text)
    for number, (key, (style, characters)) in enumerate(used.items()):
        page.faces[key] = embedded_font(key[0], style, characters, number)
    page.fonts = [invisible_font(hidden), *(font for font in page.faces.values() if font is not None)]


def _draw_label(page: _Page, label: Label) -> None:
    page.fill_colour(label.colour)
    for text, face, pen_px, width_px in page.theme.typesetter.stretches(label.text, label.style):
        font = page.faces[face, label.style.weight, label.style.display] if is_plain(text) else None
        if font is None:
            _draw_picture(page, text, label, label.x + pen_px)
        _draw_text(page, font, text, label.style, (label.x + pen_px, label.y, width_px))


def _draw_text(
    page: _Page, font: PageFont | None, text: str, style: TextStyle, place: tuple[float, float, float]
) -> None:
    """Write a stretch of text at `x` on the baseline `y`, as wide as it is elsewhere; without a font, unseen."""
    x, y, width_px = place
    used = font or page.fonts[0]
    glyphs, own_px = used.encode(text, style)
    stretch = 100 * width_px / own_px if own_px > 0 else 100.0
    name, mode = f"/F{page.fonts.index(used)}", 0 if font else _INVISIBLE
    page.lines.append(
        f"BT {name} {style.size_px:g} Tf {stretch:.4g} Tz {mode} Tr 1 0 0 -1 {x:.2f} {y:.2f} Tm <{glyphs}> Tj ET"
    )


def _draw_picture(page: _Page, text: str, label: Label, x: float) -> None:
    picture = page.theme.typesetter.render(text, label.style.scaled(_PICTURE_SCALE))
    height, width = (side / _PICTURE_SCALE for side in picture.mask.shape)
    if not (width and height):
        return
    left = x + picture.left_px / _PICTURE_SCALE
    bottom = label.y + height - picture.baseline_px / _PICTURE_SCALE
    page.lines.append(f"q {width:.2f} 0 0 {-height:.2f} {left:.2f} {bottom:.2f} cm /P{len(page.pictures)} Do Q")
    page.pictures.append((picture.mask, label.colour))


def _objects(page: _Page, content: str, size: tuple[float, float], unit: float) -> list[bytes]:
    """The file's objects, in the order of their numbers from 1; the first is the catalogue."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", b""]

    def add(data: bytes) -> int:
        objects.append(data)
        return len(objects)

    written = add(stream("", content.encode("ascii")))
    states = " ".join(f"/{name} << /ca {value:g} /CA {value:g} >>" for value, name in page.opacities.items())
    fonts = " ".join(f"/F{at} {font.embed(add)} 0 R" for at, font in enumerate(page.fonts) if font.glyphs)
    pictures: list[str] = []
    head = "/Type /XObject /Subtype /Image /BitsPerComponent 8"
    for coverage, colour in page.pictures:
        height, width = coverage.shape
        mask = add(stream(f"{head} /Width {width} /Height {height} /ColorSpace /DeviceGray", coverage.tobytes()))
        ink = bytes(round(channel * 255) for channel in colour[:3])
        drawn = add(stream(f"{head} /Width 1 /Height 1 /ColorSpace /DeviceRGB /SMask {mask} 0 R", ink))
        pictures.append(f"/P{len(pictures)} {drawn} 0 R")
    resources = f"<< /Font << {fonts} >> /ExtGState << {states} >> /XObject << {' '.join(pictures)} >> >>"
    box = f"/MediaBox [0 0 {size[0]:g} {size[1]:g}] /UserUnit {unit:g}"
    group = "/Group << /S /Transparency /CS /DeviceRGB >>"
    page_object = f"<< /Type /Page /Parent 2 0 R {box} {group} /Resources {resources} /Contents {written} 0 R >>"
    objects[2] = page_object.encode()
    return objects


def _file(objects: Iterable[bytes]) -> bytes:
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
