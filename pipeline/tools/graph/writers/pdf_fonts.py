"""Fonts inside PDF files: the letters that a page needs, in its theme's own faces (ISO 32000-1, 9.7).

This module owns cutting faces down to their used letters and the objects that embed them, so that words can be
selected, searched and copied. Stretches that need shaping, and faces that hold no TrueType outlines, are left to
pictures: for those there is a font that draws nothing, so that they can be selected all the same.
"""

from __future__ import annotations

import io
import struct
import unicodedata
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from pipeline.picture.text.fonts import LARGEST_FONT_BYTES, Face
from pipeline.picture.text.typesetting import TextStyle

AddObject = Callable[[bytes], int]

_NEEDS_SHAPING: Final = frozenset({"R", "AL", "AN"})
_PER_BLOCK: Final = 100  # pairs in one list of a character map
_HALF_EM: Final = 500
_OPTICAL_SIZE: Final = "opsz"
_MOST_CHARACTERS: Final = 1 << 18
"""In all tables of a font together: four times what its glyphs can be."""


def is_plain(text: str) -> bool:
    """Whether each character is drawn by a glyph of its own, one after the other from left to right."""
    return not any(
        unicodedata.category(character)[0] in "MC" or unicodedata.bidirectional(character) in _NEEDS_SHAPING
        for character in text
    )


@dataclass
class PageFont:
    """One font of a page: numbers of glyphs for characters, and their widths in thousandths of the size."""

    name: str
    program: bytes = b""
    """A TrueType file; empty: nothing is drawn."""
    glyphs: dict[str, int] = field(default_factory=dict)
    tabular: dict[str, int] = field(default_factory=dict)
    """Digits that are all equally wide."""
    widths: dict[int, int] = field(default_factory=dict)
    metrics: tuple[int, int, int, tuple[int, int, int, int]] = (800, -200, 700, (0, -200, 1000, 800))
    """Ascent, descent, height of capitals, and the box around all glyphs."""

    def encode(self, text: str, style: TextStyle) -> tuple[str, float]:
        """A text as the numbers of its glyphs, in hexadecimal, and its width in pixels without kerning."""
        glyphs = self.glyphs | self.tabular if style.tabular else self.glyphs
        numbers = [glyphs[character] for character in text]
        width = sum(self.widths[number] for number in numbers) * style.size_px / 1000
        return "".join(f"{number:04X}" for number in numbers), width

    def embed(self, add: AddObject) -> int:
        """Add all objects of the font, and return the number of the one to refer to."""
        ascent, descent, capitals, box = self.metrics
        file = ""
        if self.program:
            file = f"/FontFile2 {add(stream(f'/Length1 {len(self.program)}', self.program))} 0 R "
        descriptor = add(
            f"<< /Type /FontDescriptor /FontName /{self.name} /Flags 4 /FontBBox [{' '.join(map(str, box))}] "
            f"/ItalicAngle 0 /Ascent {ascent} /Descent {descent} /CapHeight {capitals} /StemV 80 {file}>>".encode()
        )
        widths = " ".join(f"{number} [{width}]" for number, width in sorted(self.widths.items()))
        letters = add(
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{self.name} /CIDToGIDMap /Identity "
            f"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            f"/FontDescriptor {descriptor} 0 R /DW {_HALF_EM} /W [{widths}] >>".encode()
        )
        characters = add(stream("", self._character_map().encode()))
        return add(
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{self.name} /Encoding /Identity-H "
            f"/DescendantFonts [{letters} 0 R] /ToUnicode {characters} 0 R >>".encode()
        )

    def _character_map(self) -> str:
        """Which glyph stands for which character, as a CMap."""
        pairs = sorted({(number, char) for known in (self.glyphs, self.tabular) for char, number in known.items()})
        lines = [f"<{number:04X}> <{char.encode('utf-16-be').hex().upper()}>" for number, char in pairs]
        blocks = [lines[at : at + _PER_BLOCK] for at in range(0, len(lines), _PER_BLOCK)]
        body = "\n".join(f"{len(block)} beginbfchar\n{chr(10).join(block)}\nendbfchar" for block in blocks)
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            f"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n{body}\n"
            "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        )


def stream(head: str, data: bytes) -> bytes:
    """A compressed stream object."""
    packed = zlib.compress(data)
    return f"<< {head} /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream"


def invisible_font(characters: Iterable[str]) -> PageFont:
    """A font that draws nothing, for words that lie over a picture of themselves."""
    glyphs = {character: number for number, character in enumerate(sorted(set(characters)), 1)}
    return PageFont("Invisible", glyphs=glyphs, widths=dict.fromkeys(glyphs.values(), _HALF_EM))


def embedded_font(face: Face, style: TextStyle, characters: Iterable[str], number: int) -> PageFont | None:
    """Cut a face down to some characters; None where it can't be: it holds no TrueType outlines, or is damaged.

    Parameters
    ----------
    face
        The font file; of a variable one, the cut that `style` has is taken.
    style
        Weight and cut.
    characters
        All that will be drawn.
    number
        Makes the name differ from those of the page's other fonts.
    """
    from fontTools.ttLib import TTFont  # noqa: PLC0415  # takes as long to load as a graph to draw

    wanted = set(characters)
    try:
        if face.path.stat().st_size > LARGEST_FONT_BYTES:
            return None
        with TTFont(face.path, lazy=True, fontNumber=0, recalcTimestamp=False) as font:
            if "glyf" not in font or _characters_claimed(font.getTableData("cmap")) > _MOST_CHARACTERS:
                return None
            if not wanted <= {chr(code) for code in font.getBestCmap()}:
                return None
            return _cut(font, style, wanted, f"{chr(ord('A') + number % 26) * 6}+Face{number}")
    except Exception:  # noqa: BLE001 - a reader of others, on a stranger's file: anything may come of it
        return None  # what can't be cut is drawn all the same


def _characters_claimed(cmap: bytes) -> int:
    """How many characters a table of characters claims to hold (OpenType, `cmap`), before fontTools lists them all.

    Ranges may overlap in a damaged table, or one made for it: a few bytes then stand for any number of characters.
    """
    (count,) = struct.unpack_from(">H", cmap, 2)
    claimed = 0
    for offset in {struct.unpack_from(">I", cmap, 8 + 8 * record)[0] for record in range(count)}:
        (form,) = struct.unpack_from(">H", cmap, offset)
        if form == 4:  # noqa: PLR2004 - ranges of 16 bits: all ends, a blank, all beginnings
            segments = struct.unpack_from(">H", cmap, offset + 6)[0] // 2
            ends, begins = (
                np.frombuffer(cmap, ">u2", segments, offset + at).astype(np.int64) for at in (14, 16 + 2 * segments)
            )
        elif form in {12, 13}:  # ranges of 32 bits: beginning, end, first glyph
            (groups,) = struct.unpack_from(">I", cmap, offset + 12)
            begins, ends, _ = np.frombuffer(cmap, ">u4", 3 * groups, offset + 16).astype(np.int64).reshape(-1, 3).T
        else:  # the others are as long as what they hold
            continue
        claimed += int(np.maximum(ends - begins + 1, 0).sum())
    return claimed


def _cut(font: Any, style: TextStyle, wanted: set[str], name: str) -> PageFont:
    from fontTools.subset import Options, Subsetter  # noqa: PLC0415
    from fontTools.varLib.instancer import instantiateVariableFont  # noqa: PLC0415

    options = Options(layout_features=["tnum"], notdef_outline=True, hinting=False, name_IDs=[], glyph_names=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[ord(character) for character in wanted])
    subsetter.subset(font)
    tabular = _tabular_names(font)
    if "fvar" in font:
        places = {axis.axisTag: _place(axis, style) for axis in font["fvar"].axes}
        instantiateVariableFont(font, places, inplace=True)
    for table in ("GSUB", "GPOS", "GDEF", "STAT"):
        if table in font:
            del font[table]
    out = io.BytesIO()
    font.save(out, reorderTables=False)
    per_em = 1000 / font["head"].unitsPerEm
    names = font.getBestCmap()
    glyphs = {character: font.getGlyphID(names[ord(character)]) for character in wanted}
    equal = {char: font.getGlyphID(tabular[names[ord(char)]]) for char in wanted if names[ord(char)] in tabular}
    widths = {font.getGlyphID(glyph): round(width * per_em) for glyph, (width, _) in font["hmtx"].metrics.items()}
    head, lines = font["head"], font["hhea"]
    box = [round(each * per_em) for each in (head.xMin, head.yMin, head.xMax, head.yMax)]
    ascent, descent = round(lines.ascent * per_em), round(lines.descent * per_em)
    capitals = round(getattr(font["OS/2"], "sCapHeight", 0) * per_em) if "OS/2" in font else 0
    metrics = (ascent, descent, capitals or ascent, (box[0], box[1], box[2], box[3]))
    return PageFont(name, out.getvalue(), glyphs, equal, widths, metrics)


def _place(axis: Any, style: TextStyle) -> float:
    if axis.axisTag == "wght":
        return float(min(max(style.weight, axis.minValue), axis.maxValue))
    if axis.axisTag == _OPTICAL_SIZE:
        return float(axis.maxValue if style.display else axis.minValue)
    return float(axis.defaultValue)


def _tabular_names(font: Any) -> dict[str, str]:
    """Which glyph takes the place of which where digits are to be equally wide."""
    found: dict[str, str] = {}
    if "GSUB" not in font or font["GSUB"].table.FeatureList is None:
        return found
    table = font["GSUB"].table
    for record in table.FeatureList.FeatureRecord:
        for index in record.Feature.LookupListIndex if record.FeatureTag == "tnum" else ():
            for subtable in table.LookupList.Lookup[index].SubTable:
                found.update(getattr(getattr(subtable, "ExtSubTable", subtable), "mapping", {}))
    return found
