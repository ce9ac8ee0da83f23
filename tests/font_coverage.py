"""Make the table of what font packages cover: `python -m tests.font_coverage FOLDER`, whose wheels are read.

Get them with `pip download --no-deps -d FOLDER` and the names in PACKAGES; write the table anew when a version changes.
"""

from __future__ import annotations

import sys
import tempfile
import unicodedata
import zipfile
from pathlib import Path

from pipeline.picture.text.font_packages import TABLE
from pipeline.picture.text.fonts import Face, is_upright_file, load_fonts
from pipeline.runtime.resources import assets_folder

PACKAGES = (
    *("fontpkg-noto-sans", "fontpkg-noto-sans-arabic", "fontpkg-heebo", "fontpkg-noto-sans-devanagari"),
    *("fontpkg-noto-sans-khmer", "fontpkg-noto-sans-tamil", "fontpkg-noto-sans-telugu", "fontpkg-noto-sans-thai"),
    *("fontpkg-hind-siliguri", "manimgx-fonts", "noto-cjk-sans-jp-regular"),
)
NEVER_DRAWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"}


def candidates() -> list[str]:
    """Every character that may have a picture and that the fonts that come along lack."""
    fonts = load_fonts()
    every = (chr(code) for code in range(0x110000))
    seen = [character for character in every if unicodedata.category(character) not in NEVER_DRAWN]
    return [character for character in seen if not (fonts.sans.covers(character) or fonts.mono.covers(character))]


def ranges_of(characters: list[str]) -> str:
    """Code points as `531-556 559`."""
    found: list[list[int]] = []
    for code in map(ord, characters):
        if found and code == found[-1][1] + 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return " ".join(f"{first:X}" if first == last else f"{first:X}-{last:X}" for first, last in found)


def main() -> None:
    """Write the table."""
    lacking = candidates()
    lines = ["# Characters that font packages add: name, version, code points. Made by python -m tests.font_coverage"]
    for name in PACKAGES:
        (wheel,) = Path(sys.argv[1]).glob(f"{name.replace('-', '_')}-*.whl")
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
            faces = [Face(path) for path in sorted(Path(folder).rglob("*.[ot]t[fc]")) if is_upright_file(path)]
            have = [character for character in lacking if any(face.covers(character) for face in faces)]
        lines.append(f"{name} {wheel.name.split('-')[1]} {ranges_of(have)}")
        print(name, len(faces), "faces,", len(have), "characters")
    (assets_folder() / TABLE).write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
