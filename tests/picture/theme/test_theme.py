from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import TemplateError
from pipeline.picture.theme.contrast import contrast, distance
from pipeline.picture.theme.theme import check_theme, load_theme
from pipeline.runtime.resources import builtin_templates_folder

THEMES = sorted(path.stem for path in (builtin_templates_folder() / "themes").glob("*.toml"))
COLOURS = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


def own_theme(folder: Path, **changes: str) -> Path:
    text = (builtin_templates_folder() / "themes" / "midnight.toml").read_text()
    for name, value in changes.items():
        lines = [f"{name} = {value}" if line.startswith(f"{name} ") else line for line in text.splitlines()]
        text = "\n".join(lines)
    (folder / "themes").mkdir(exist_ok=True)
    (folder / "themes" / "own.toml").write_text(text)
    return folder


def test_the_three_themes_are_there() -> None:
    assert {"midnight", "paper", "phosphor"} <= set(THEMES)


@pytest.mark.parametrize("name", THEMES)
def test_every_theme_can_be_read_by_everybody(name: str) -> None:
    assert list(check_theme(load_theme(name))) == []


def test_black_on_white_has_the_greatest_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#777777") == 1.0
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@given(COLOURS, COLOURS)
def test_contrast_and_distance_are_the_same_both_ways(first: str, second: str) -> None:
    assert contrast(first, second) == contrast(second, first)
    assert distance(first, second, "protanopia") == pytest.approx(distance(second, first, "protanopia"))
    assert distance(first, first, "tritanopia") == 0.0


def test_red_and_green_come_closer_for_those_who_confuse_them() -> None:
    assert distance("#b04a00", "#5a7a00", "protanopia") < 0.5 * distance("#b04a00", "#5a7a00")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"muted": '"#445066"'}, ("muted #445066 on background #0b0f1a", "contrast of")),
        ({"validation": '"#2a3038"'}, ("validation #2a3038 on background",)),
        ({"loud": '"#a4c4ff"'}, ("upcoming #9cc9ff and loud #a4c4ff look alike",)),
    ],
)
def test_a_theme_that_fails_says_which_pair(tmp_path: Path, changes: dict[str, str], told: tuple[str, ...]) -> None:
    folder = own_theme(tmp_path, **changes)
    faults = list(check_theme(load_theme("own", folder)))
    assert all(part in faults[0] for part in told)
    path = folder / "themes" / "own.toml"
    path.write_text("strict = true\n" + path.read_text())
    with pytest.raises(TemplateError) as caught:
        load_theme("own", folder)
    assert all(part in caught.value.what for part in told)
    assert "own.toml" in caught.value.where


def test_an_unknown_theme_names_those_there_are() -> None:
    with pytest.raises(TemplateError) as caught:
        load_theme("midnigth")
    assert "midnight" in caught.value.expected


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    path = own_theme(tmp_path) / "themes" / "own.toml"
    path.write_text(path.read_text().replace("playhead", "playheat"))
    with pytest.raises(TemplateError) as caught:
        load_theme("own", tmp_path)
    assert "playhead" in f"{caught.value.what} {caught.value.expected}"


@pytest.mark.parametrize("value", ['"#12345"', '"red"', "7", '"#12345g"', "[]"])
def test_what_is_no_colour_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(TemplateError) as caught:
        load_theme("own", own_theme(tmp_path, accent=value))
    assert "colours.accent" in caught.value.where


def test_a_font_file_outside_the_templates_is_refused(tmp_path: Path) -> None:
    path = own_theme(tmp_path) / "themes" / "own.toml"
    path.write_text(path.read_text() + '\n[fonts]\nfiles = ["../../../etc/passwd"]\n')
    with pytest.raises(TemplateError, match="outside the templates folder"):
        load_theme("own", tmp_path)


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe\x00", b"a = " + b"[" * 5000, b"name = ", b"x" * 300_000, b"", b'name = "\\uD800"'],
    ids=["not-utf8", "too-deep", "cut", "too-large", "empty", "surrogate"],
)
def test_a_broken_file_is_one_clear_error(tmp_path: Path, data: bytes) -> None:
    path = own_theme(tmp_path) / "themes" / "own.toml"
    path.write_bytes(data)
    with pytest.raises(TemplateError) as caught:
        load_theme("own", tmp_path)
    assert "own.toml" in caught.value.where


def test_lines_scale_with_the_height_and_never_vanish() -> None:
    theme = load_theme("midnight")
    assert theme.line_px("graph", 2160) == pytest.approx(2 * theme.line_px("graph", 1080))
    assert theme.line_px("grid", 90) == 1.0


def test_a_theme_with_the_old_width_of_borders_is_still_read(tmp_path: Path) -> None:
    own = own_theme(tmp_path) / "themes" / "own.toml"
    own.write_text(own.read_text() + "\n[lines]\nborder = 0.001\n")
    assert load_theme("own", tmp_path).model_dump() == load_theme("midnight").model_dump()
