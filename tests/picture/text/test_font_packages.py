"""The table of what font packages cover, and the hints that are made from it."""

from __future__ import annotations

import unicodedata
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipeline.errors import GlyphError
from pipeline.picture.text.font_packages import FontPackage, known_packages, packages_for
from pipeline.picture.text.fonts import Face, FontSet, is_upright_file, load_fonts
from pipeline.picture.text.typesetting import TextStyle, Typesetter

PACKAGES = {package.name: package for package in known_packages()}
HERE = [name for name, package in PACKAGES.items() if find_spec(package.folder)]
MOST_ASKED = 2000


def faces_in(package: FontPackage) -> list[Face]:
    spec = find_spec(package.folder)
    assert spec is not None
    folders = spec.submodule_search_locations or ()
    found = [path for folder in folders for path in sorted(Path(folder).rglob("*.[ot]t[fc]"))]
    return [Face(path) for path in found if is_upright_file(path)]


def bare() -> FontSet:
    fonts = load_fonts()
    return FontSet(fonts.sans, fonts.mono)


def hint_for(text: str, fonts: FontSet) -> str:
    with pytest.raises(GlyphError) as caught:
        Typesetter(fonts).measure(text, TextStyle(20.0))
    return caught.value.hint


def test_packages_are_here_to_be_asked() -> None:
    assert {"fontpkg-heebo", "fontpkg-noto-sans-arabic", "manimgx-fonts"} <= set(HERE)


@pytest.mark.parametrize("name", HERE)
def test_the_table_says_of_each_package_at_hand_what_its_fonts_say(name: str) -> None:
    package, faces = PACKAGES[name], faces_in(PACKAGES[name])
    told = [
        chr(code) for start, end in zip(package.starts, package.ends, strict=True) for code in range(start, end + 1)
    ]
    asked = told[:: max(1, len(told) // MOST_ASKED)]
    assert [character for character in asked if not any(face.covers(character) for face in faces)] == []
    beside = [chr(code) for end in package.ends if not package.has(chr(code := end + 1))]
    beside = [char for char in beside if unicodedata.category(char)[0] in "LMNPS"]
    base = bare()
    wrong = [c for c in beside if any(f.covers(c) for f in faces) and not (base.sans.covers(c) or base.mono.covers(c))]
    assert wrong == []


@pytest.mark.parametrize("name", HERE)
def test_after_installing_what_the_hint_names_the_text_can_be_drawn(name: str) -> None:
    package, fonts = PACKAGES[name], bare()
    drawn = FontSet(fonts.sans, fonts.mono, tuple(faces_in(package)))
    letters = [chr(code) for code in package.starts if unicodedata.category(chr(code))[0] in "LS"]
    for character in letters[:: max(1, len(letters) // 40)]:
        assert hint_for(character, fonts).count("pip install") == 1
        Typesetter(drawn).measure(character, TextStyle(20.0))


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("\u0ba8\u0bbe", "fontpkg-noto-sans-tamil"),
        ("\U0001f600", "manimgx-fonts"),
        ("\U0001f600 \u0ba8\u0bbe", "manimgx-fonts"),
        ("\u0ba8 \u65e5\u672c", "noto-cjk-sans-jp-regular fontpkg-noto-sans-tamil"),
        ("\u12a0\u121b\u122d\u129b", "manimgx-fonts"),
    ],
)
def test_a_hint_names_few_packages_that_have_all_of_a_text(text: str, packages: str) -> None:
    assert f"pip install {packages} " in hint_for(text, bare())


def test_a_character_that_no_package_has_is_said_to_be_known_of_none() -> None:
    assert "No font package is known to have it" in hint_for("\U00010330", bare())
    assert "pip install" not in hint_for("\U00010330", bare())
    assert "no package is known for \U00010330" in hint_for("\u0ba8 \U00010330", bare())


def test_a_package_whose_fonts_were_asked_is_never_the_hint() -> None:
    fonts = (
        Face(Path("/somewhere/fontpkg_noto_sans_tamil/files/Tamil.ttf")),
        Face(Path("/somewhere/manimgx_fonts/a.ttf")),
    )
    assert packages_for("\u0ba8", [face.path for face in fonts]) == ([], ["\u0ba8"])


def test_parts_that_no_one_font_has_together_are_told_as_such() -> None:
    hint = hint_for("\u0b95\u05b0", load_fonts())  # a Tamil letter with a Hebrew point
    assert "part them" in hint
    assert "pip install" not in hint


@pytest.mark.parametrize(
    "text",
    ["\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u0ba4\u0bae\u0bbf\u0bb4\u0bcd", "1\ufe0f\u20e3"],
)
def test_emoji_and_scripts_of_an_installed_package_are_drawn(text: str) -> None:
    picture = Typesetter(load_fonts()).render(text, TextStyle(40.0))
    assert picture.mask.max() > 200
    assert picture.advance_px < 160


def test_slanted_files_are_told_by_their_names() -> None:
    assert not is_upright_file(Path("/a/NotoSans-Italic[wght].ttf"))
    assert is_upright_file(Path("/italics/NotoSans[wght].ttf"))


@pytest.mark.parametrize(
    "emoji", ["\U0001f469\u200d\U0001f4bb", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea", "1\ufe0f\u20e3"]
)
@pytest.mark.parametrize("tracking", [0.0, -0.02])
def test_an_emoji_of_several_characters_is_one_picture_and_the_space_after_it_is_the_texts(
    emoji: str, tracking: float
) -> None:
    type_, style = Typesetter(load_fonts()), TextStyle(40.0, tracking_em=tracking)
    assert type_.measure(emoji, style) < 1.4 * 40
    space = type_.measure("a b", style) - type_.measure("ab", style)
    assert type_.measure(f"{emoji} {emoji}", style) - 2 * type_.measure(emoji, style) < 2 * space
