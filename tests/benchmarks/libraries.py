"""Libraries that could stand in place of our own code, each in whole processes: seconds, processor time, memory.

    python -m tests.benchmarks.libraries [--lines 10000,500000,1000000] [--rounds 5] [--peers PYTHON]

`--peers` names a Python that has polars and fpdf2, where this one has not. Reading: two columns of a loss log as
floats. PDF: two weights of the theme's font cut down and embedded, with a line of text in each. Coverage: whether the
theme's font has each letter of a title, by drawing (ours) and by fontTools' table of characters.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.graph import compare, has, show, write_log

_OURS_CSV = """
import sys
from pipeline.tables.table import read_named_columns
columns = read_named_columns(sys.argv[1], ["iteration", "loss"])
assert columns["loss"].size
"""
_POLARS = """
import sys, numpy, polars
table = polars.read_csv(sys.argv[1], columns=["iteration", "loss"])
assert table["iteration"].to_numpy().size == table["loss"].to_numpy().size
"""
_TEXT = "Größe, training_loss 0123456789"
_FONT = """
import sys
from pipeline.picture.text.fonts import load_fonts
face = load_fonts().sans
text = sys.argv[1]
"""
_OURS_FONTS = (
    _FONT
    + """
from pipeline.picture.text.typesetting import TextStyle
from pipeline.tools.graph.writers.pdf_fonts import embedded_font
assert all(embedded_font(face, TextStyle(20.0, weight=weight), text, weight) for weight in (400, 600))
"""
)
_FPDF = (
    _FONT
    + """
from fpdf import FPDF
page = FPDF(unit="pt", format=(1600, 400))
page.add_page()
for style, weight in (("", 400), ("B", 600)):
    page.add_font("face", style=style, fname=face.path, variations={"wght": weight, "opsz": 14})
    page.set_font("face", style=style, size=20)
    page.text(10, weight / 10, text)
page.output()
"""
)
_DRAWN = _FONT + "assert all(map(face.covers, text))"
_CMAP = (
    _FONT
    + """
from fontTools.ttLib import TTFont
known = TTFont(face.path, lazy=True).getBestCmap()
assert all(ord(character) in known for character in text)
"""
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", default="10000,500000,1000000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default=sys.executable)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.csv"
        for lines in (int(text) for text in arguments.lines.split(",")):
            write_log(log, lines)
            programs = {"ours": [sys.executable, "-c", _OURS_CSV, str(log)]}
            if has(arguments.peers, "polars"):
                programs["polars"] = [arguments.peers, "-c", _POLARS, str(log)]
            show(f"reading {lines:,} lines", compare(programs, arguments.rounds))
    fonts = {"ours, by fontTools": [sys.executable, "-c", _OURS_FONTS, _TEXT]}
    if has(arguments.peers, "fpdf"):
        fonts["fpdf2"] = [arguments.peers, "-c", _FPDF, _TEXT]
    show("two weights of a font in a PDF file", compare(fonts, arguments.rounds))
    covered = {name: [sys.executable, "-c", code, _TEXT] for name, code in (("drawn", _DRAWN), ("fontTools", _CMAP))}
    show("does the font have these letters?", compare(covered, arguments.rounds))


if __name__ == "__main__":
    main()
