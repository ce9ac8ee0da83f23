"""Graphs as PDF files: their objects, and words that can be selected and look as they do elsewhere."""

from __future__ import annotations

import re
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.DefaultTable import DefaultTable

from pipeline.picture.text.fonts import Face, load_fonts
from pipeline.picture.text.typesetting import TextStyle
from pipeline.tools.graph.command import draw_graph, run_graph
from pipeline.tools.graph.options import GraphOptions
from pipeline.tools.graph.writers.pdf_fonts import embedded_font

SMALL = {"width": 400, "height": 240}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    rng = np.random.default_rng(0)
    losses = 1 + 3 / (1 + np.arange(1, 5001) / 500) + rng.normal(0, 0.1, 5000)
    rows = [f"{number},{loss:.5f}" for number, loss in enumerate(losses.tolist(), 1)]
    path.write_text("\n".join(["iteration,training_loss", *rows, ""]))
    return path


def drawn_by_pdfium(path: Path) -> tuple[str, np.ndarray]:
    """The page's words, and its picture in the graph's own pixels."""
    pdfium = pytest.importorskip("pypdfium2")
    document = pdfium.PdfDocument(str(path))
    try:
        page = document[0]
        return page.get_textpage().get_text_bounded(), np.asarray(page.render(scale=4 / 3).to_pil().convert("L"))
    finally:
        document.close()


def test_pdf_files_have_a_page_of_their_size_and_a_right_table_of_objects(tmp_path: Path, log: Path) -> None:
    out = tmp_path / "graph.pdf"
    run_graph(GraphOptions((str(log),), width=400, height=240, title="Größe (1) \\"), str(out))
    data = out.read_bytes()
    assert data.startswith(b"%PDF-1.6")
    assert b"/MediaBox [0 0 300 180]" in data
    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    places = re.findall(rb"(\d{10}) 00000 n", data[start:])
    for number, place in enumerate(places, 1):
        assert data[int(place) :].startswith(f"{number} 0 obj".encode())
    streams = re.findall(rb"stream\n(.*?)\nendstream", data, re.DOTALL)
    assert zlib.decompress(streams[0]).startswith(b"0.75 0 0 -0.75 0 180 cm")
    assert b"/Subtype /Image" not in data


def test_words_in_a_pdf_file_can_be_selected_and_look_as_they_do_elsewhere(tmp_path: Path, log: Path) -> None:
    title = "Größe \u2013 naïve Überprüfung (1) \\"
    options = GraphOptions((str(log),), width=1600, height=900, title=title)
    out = tmp_path / "graph.pdf"
    run_graph(options, str(out))
    said, drawn = drawn_by_pdfium(out)
    assert title in said
    for words in ("training_loss", "iteration", "5,000"):
        assert words in said
    expected = np.asarray(draw_graph(options).convert("L")).astype(float)
    assert drawn.shape == expected.shape
    top = slice(0, 60)  # the title
    assert np.corrcoef(drawn[top].ravel(), expected[top].ravel())[0, 1] > 0.85


def test_words_that_need_shaping_are_pictures_that_can_be_selected(tmp_path: Path, log: Path) -> None:
    out = tmp_path / "graph.pdf"
    run_graph(GraphOptions((str(log),), **SMALL, title="שלום"), str(out))
    assert out.read_bytes().count(b"/Subtype /Image") == 2  # the ink, and where it lies
    said, _ = drawn_by_pdfium(out)
    assert "שלום" in said or "םולש" in said


@pytest.mark.parametrize("title", ["הרשת (LSTM 256) לומדת", "A (שלום) B", "epoch: שלום, עולם (2)"])
def test_names_numbers_and_brackets_among_hebrew_stand_as_in_a_picture(tmp_path: Path, log: Path, title: str) -> None:
    options = GraphOptions((str(log),), width=1600, height=900, title=title)
    run_graph(options, str(tmp_path / "graph.pdf"))
    _, drawn = drawn_by_pdfium(tmp_path / "graph.pdf")
    expected = np.asarray(draw_graph(options).convert("L"))
    top = slice(0, 60)
    assert np.corrcoef(drawn[top].ravel(), expected[top].ravel())[0, 1] > 0.85
    run_graph(options, str(tmp_path / "graph.svg"))
    assert 'unicode-bidi="plaintext"' in (tmp_path / "graph.svg").read_text(encoding="utf-8")


def font_with_characters(path: Path, subtable: bytes) -> Face:
    """Write a font of which only the table of characters is another."""
    with TTFont(load_fonts().sans.path) as font:
        table = DefaultTable("cmap")
        table.data = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + subtable
        font.tables["cmap"] = table
        font.save(path)
    return Face(path)


@pytest.mark.parametrize(
    "subtable",
    [
        struct.pack(">HHIIIIII", 12, 0, 28, 0, 1, 0x20, 0x7FFF_FFFF, 1),
        struct.pack(">HHIIIIII", 13, 0, 28, 0, 1, 0x20, 0x10_FFFF, 1),
        struct.pack(">HHHHHHH", 4, 16_016, 0, 4000, 0, 0, 0)
        + struct.pack(">2000H", *[0xFFFE] * 1999, 0xFFFF)
        + b"\0\0"
        + struct.pack(">2000H", *[0x20] * 1999, 0xFFFF)
        + struct.pack(">2000H", *[1] * 2000)
        + bytes(4000),
    ],
    ids=["12", "13", "4"],
)
def test_a_font_that_claims_any_number_of_characters_costs_no_time(tmp_path: Path, subtable: bytes) -> None:
    face = font_with_characters(tmp_path / "font.ttf", subtable)
    began = time.process_time()
    assert embedded_font(face, TextStyle(20.0), "abc", 0) is None
    assert time.process_time() - began < 1


def test_a_damaged_table_of_characters_is_no_font_to_embed(tmp_path: Path) -> None:
    for subtable in (b"", b"\0\x0c", struct.pack(">HHIII", 12, 0, 28, 0, 0xFFFF_FFFF)):
        face = font_with_characters(tmp_path / "font.ttf", subtable)
        assert embedded_font(face, TextStyle(20.0), "abc", 0) is None
    assert embedded_font(load_fonts().sans, TextStyle(20.0), "abc", 0) is not None
