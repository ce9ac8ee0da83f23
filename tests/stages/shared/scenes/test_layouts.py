"""Sections and cuts choose layouts, and takes are sampled with traces where one of them shows the network."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import ProductionError, TemplateError
from pipeline.production.schema import Production, parse_production
from pipeline.stages.shared.scenes.layouts import check_layouts, layout_name, shows_network


def production(*layouts: str | None, cuts: list[dict[str, Any]] | None = None, **video: Any) -> Production:
    sections = [
        {"title": f"Section {number}", **({"layout": layout} if layout else {})}
        for number, layout in enumerate(layouts or (None, None))
    ]
    return parse_production({"title": "A film", "video": video, "section": sections, "cut": cuts or []}, where="test")


def test_a_section_has_the_films_layout_or_its_own() -> None:
    film = production(None, "inside")
    assert [layout_name(film, section) for section in (None, 0, 1)] == ["landscape", "landscape", "inside"]


@pytest.mark.parametrize(
    ("size", "expected"), [((1080, 1920), "inside-portrait"), ((720, 720), "inside-square"), ((640, 360), "inside")]
)
def test_a_layouts_kin_takes_its_place_in_other_shapes(size: tuple[int, int], expected: str) -> None:
    film = production("inside", layout="inside", width=size[0], height=size[1])
    assert layout_name(film) == expected
    assert layout_name(film, 0) == expected
    check_layouts(film)


def test_the_name_of_a_layout_says_the_shape_of_its_frames() -> None:
    assert (production(layout="inside-portrait").video.width, production(layout="inside-portrait").video.height) == (
        1080,
        1920,
    )


def test_a_section_of_a_cut_keeps_its_layout_in_the_cuts_shape() -> None:
    film = production(None, "inside", cuts=[{"name": "short"}, {"name": "wide", "layout": "landscape"}])
    short, wide = (film.dressed(cut) for cut in film.cuts)
    assert [layout_name(short, section) for section in (0, 1)] == ["portrait", "inside-portrait"]
    assert [layout_name(wide, section) for section in (0, 1)] == ["landscape", "inside"]


def test_a_layout_without_kin_gives_way_to_the_cuts() -> None:
    film = production("landscape", cuts=[{"name": "short"}])
    assert layout_name(film.dressed(film.cuts[0]), 0) == "portrait"


def test_a_sections_layout_of_another_shape_is_refused_with_its_place() -> None:
    with pytest.raises(ProductionError, match="made for portrait frames") as caught:
        check_layouts(production(None, "portrait"))
    assert caught.value.where == "section 2, layout"


def test_a_sections_layout_that_is_not_there_is_refused() -> None:
    with pytest.raises(TemplateError, match="insid"):
        check_layouts(production("insid"))


@pytest.mark.parametrize("where", ["section", "video"])
def test_a_run_of_another_program_has_nothing_to_show_inside(where: str) -> None:
    section = {"title": "Theirs", "run": {"log": "log.csv"}, **({"layout": "inside"} if where == "section" else {})}
    video = {"layout": "inside"} if where == "video" else {}
    values = {"title": "A film", "video": video, "section": [section]}
    with pytest.raises(ProductionError, match=r"section 1 \(Theirs\)") as caught:
        check_layouts(parse_production(values, where="test"))
    assert 'layout = "landscape"' in str(caught.value.hint)


def test_takes_are_traced_where_the_film_or_a_cut_shows_the_network() -> None:
    assert [shows_network(production(None, "inside"), section) for section in (0, 1)] == [False, True]
    assert shows_network(production(layout="inside"), 0)
    cut = {"name": "short", "layout": "inside-square", "sections": [2]}
    assert [shows_network(production(cuts=[cut]), section) for section in (0, 1)] == [False, True]
    chosen = {"name": "short", "layout": "inside-square", "take": [{"section": 1, "iteration": "last"}]}
    assert [shows_network(production(cuts=[chosen]), section) for section in (0, 1)] == [True, False]


def test_a_cut_whose_layout_is_missing_shows_nothing_yet() -> None:
    assert not shows_network(production(cuts=[{"name": "short", "layout": "mine"}]), 0)
