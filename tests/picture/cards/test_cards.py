from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import GlyphError, TemplateError
from pipeline.picture.cards.drawing import draw_card, load_card_template
from pipeline.picture.cards.elements.diagram import dots_for
from pipeline.picture.cards.facts import CardFacts, Envelope
from pipeline.picture.cards.filling import fill
from pipeline.picture.cards.layout import PlacedElement, place_elements
from pipeline.picture.cards.template import TITLE_SAFE, CardTemplate, module_px
from pipeline.picture.drawing.marks import BoxMark, Edges, PictureMark, TextMark, ink_edges
from pipeline.picture.text.typesetting import typesetter_for
from pipeline.picture.theme.theme import load_theme, rgb
from pipeline.runtime.resources import find_template
from tests.conftest import Golden
from tests.picture.cards.made_cards import CARDS, TITLES, card_facts, text_edges

THEME = load_theme("midnight")
TYPE = typesetter_for(THEME)
SIZES = ((1920, 1080), (1080, 1080), (1080, 1920), (320, 180))
SHAPES = {"landscape": (160, 90), "square": (96, 96), "portrait": (90, 160)}
SCRIPTS = (
    "abcdefgh ÄÖÜßéèñçøåŁž-/&",
    "αβγδεζηθ ΆΈΩϊΰς",
    "абвгдежз ЁЙЩЪыэюя",
    "Ấằẫộửữỳỵ đơưÂê",
    "אבגדהוזח שת",
    "ابتثجحخد ذر",
    "0123456789",
    "WM",
    "i l",
)
TEXTS = st.tuples(st.sampled_from(SCRIPTS), st.integers(1, 200), st.integers(0, 2**32)).map(
    lambda drawn: "".join(random.Random(drawn[2]).choices(drawn[0], k=drawn[1])).strip()
)
"""Any length is as likely as any other, unlike with plain `st.text`."""


def texts_by_element(card: str, facts: CardFacts, size: tuple[int, int]) -> list[list[list[Edges]]]:
    """The ink of each text, for each element, for each page."""
    template = load_card_template(card)
    placed = place_elements(template, fill(template, facts, card), facts, (THEME, TYPE), size)
    pages = max(len(one.pages) for one in placed)
    return [[text_edges(one.on_page(page), TYPE) for one in placed] for page in range(pages)]


def overlap(first: Edges, second: Edges) -> tuple[float, float]:
    across = min(first[2], second[2]) - max(first[0], second[0])
    down = min(first[3], second[3]) - max(first[1], second[1])
    return max(0.0, across), max(0.0, down)


def check_texts(card: str, facts: CardFacts, size: tuple[int, int]) -> None:
    width, height = size
    module = module_px(*size)
    for page in texts_by_element(card, facts, size):
        for left, top, right, bottom in itertools.chain.from_iterable(page):
            assert left >= TITLE_SAFE * width - 1
            assert right <= (1 - TITLE_SAFE) * width + 1
            assert top >= TITLE_SAFE * height - 1
            assert bottom <= (1 - TITLE_SAFE) * height + 1
        for one, other in itertools.combinations(page, 2):
            assert all(0.0 in overlap(first, second) for first in one for second in other)
        for element in page:
            for first, second in itertools.combinations(element, 2):
                across, down = overlap(first, second)
                assert across == 0 or down <= 0.012 * module + 1, "lines of one text may touch, not cover each other"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("card", CARDS)
def test_texts_neither_overlap_nor_leave_the_title_safe_area(card: str, size: tuple[int, int]) -> None:
    check_texts(card, card_facts(card), size)


@pytest.mark.parametrize("card", CARDS)
@given(st.data())
@settings(deadline=None, max_examples=10)
def test_no_text_is_too_long_or_too_short(card: str, data: st.DataObject) -> None:
    title, subtitle = data.draw(TEXTS), data.draw(TEXTS)
    titles = data.draw(st.lists(TEXTS, min_size=1, max_size=4))
    facts = card_facts(card, titles=titles, title=title or "x", subtitle=subtitle)
    check_texts(card, facts, data.draw(st.sampled_from(SIZES)))


@pytest.mark.parametrize("count", [1, 2, 7, 25])
def test_credits_never_leave_a_fact_out_however_many_networks(count: int) -> None:
    facts = card_facts("credits", titles=[f"Network {number}" for number in range(count)])
    words = draw_card(load_card_template("credits"), facts, THEME, (640, 360)).words
    assert [word for word in words if word.startswith("Network ")] == [f"Network {number}" for number in range(count)]
    assert words.count("Learning rate") == count


def test_words_come_in_reading_order() -> None:
    facts = card_facts("title", subtitle="Bytes of sound")
    words = draw_card(load_card_template("title"), facts, THEME, (1920, 1080)).words
    assert " ".join(words) == "A neural network learns to speak Bytes of sound"


def test_an_empty_subtitle_takes_no_room() -> None:
    template = load_card_template("title")
    facts = card_facts("title", subtitle="")
    placed = place_elements(template, fill(template, facts, ""), facts, (THEME, TYPE), (1920, 1080))
    subtitle = next(one for one in placed if one.element.area == "subtitle")
    assert subtitle.box.height == 0
    assert not subtitle.on_page(0).marks


def test_cards_have_the_same_proportions_at_all_sizes() -> None:
    template = load_card_template("section")
    facts = card_facts("section")
    lines = []
    for factor in (1, 2, 4):
        size = (640 * factor, 360 * factor)
        placed = place_elements(template, fill(template, facts, ""), facts, (THEME, TYPE), size)
        marks = [mark for one in placed for mark in one.on_page(0).marks if isinstance(mark, TextMark)]
        lines.append([(mark.text, round(mark.style.size_px / factor, 3)) for mark in marks])
        edges = np.array([ink_edges(mark, TYPE) for mark in marks]) / factor
        assert np.allclose(edges, np.array([ink_edges(mark, TYPE) for mark in marks]) / factor)
    assert lines[0] == lines[1] == lines[2]


@pytest.mark.parametrize("theme", ["midnight", "paper", "phosphor"])
@pytest.mark.parametrize("card", CARDS)
def test_every_card_in_every_theme_looks_like_its_golden_picture(card: str, theme: str, golden: Golden) -> None:
    drawn = draw_card(load_card_template(card), card_facts(card), load_theme(theme), (160, 90))
    golden(f"card-{card}-{theme}", drawn.pages[0].picture)


@pytest.mark.parametrize("shape", ["square", "portrait"])
@pytest.mark.parametrize("card", CARDS[:5])
def test_every_card_in_every_shape_looks_like_its_golden_picture(card: str, shape: str, golden: Golden) -> None:
    drawn = draw_card(load_card_template(card), card_facts(card), THEME, SHAPES[shape])
    golden(f"card-{card}-{shape}", drawn.pages[0].picture)


def logo() -> np.ndarray:
    across, down = np.meshgrid(np.linspace(-1, 1, 90), np.linspace(-1, 1, 30))
    picture = np.zeros((30, 90, 4), dtype=np.uint8)
    picture[..., :3] = (255, 140, 60)
    picture[..., 3] = 255 * np.clip(12 * (1 - np.hypot(across, down)), 0, 1)
    return picture


@pytest.mark.parametrize("card", ["title", "thumbnail"])
def test_a_card_with_the_films_own_picture_looks_like_its_golden_picture(card: str, golden: Golden) -> None:
    facts = replace(card_facts(card), picture=logo())
    golden(f"card-{card}-logo", draw_card(load_card_template(card), facts, THEME, (160, 90)).pages[0].picture)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [(90, 30), (30, 90), (500, 2)])
def test_a_picture_stays_apart_from_the_words_and_inside_the_margins(
    size: tuple[int, int], shape: tuple[int, int]
) -> None:
    for card in ("title", "thumbnail"):
        picture = np.full((shape[1], shape[0], 4), 255, dtype=np.uint8)
        facts = replace(card_facts(card, title="Long titles of films " * 9, subtitle="and more " * 20), picture=picture)
        template = load_card_template(card)
        placed = place_elements(template, fill(template, facts, ""), facts, (THEME, TYPE), size)
        mark = next(one for one in placed if one.element.kind == "picture").on_page(0).marks[0]
        edges = ink_edges(mark, TYPE)
        assert edges[0] >= TITLE_SAFE * size[0]
        assert edges[1] >= TITLE_SAFE * size[1]
        assert edges[2] <= (1 - TITLE_SAFE) * size[0]
        assert (edges[2] - edges[0]) / (edges[3] - edges[1]) == pytest.approx(shape[0] / shape[1])
        texts = itertools.chain.from_iterable(text_edges(one.on_page(0), TYPE) for one in placed)
        assert all(0.0 in overlap(edges, text) for text in texts)


def test_without_a_picture_a_card_keeps_no_room_for_one() -> None:
    template, facts = load_card_template("title"), card_facts("title")
    placed = place_elements(template, fill(template, facts, ""), facts, (THEME, TYPE), (1920, 1080))
    assert next(one for one in placed if one.element.kind == "picture").box.height == 0
    without = template.model_copy(
        update={
            "element": tuple(one for one in template.element if one.kind != "picture"),
            "grid": {
                name: grid.model_copy(update={"areas": grid.areas[1:], "rows": grid.rows[1:]})
                for name, grid in template.grid.items()
            },
        }
    )
    alone = place_elements(without, fill(without, facts, ""), facts, (THEME, TYPE), (1920, 1080))
    assert [one.box for one in alone] == [one.box for one in placed if one.element.kind != "picture"]


def test_the_background_reaches_every_edge() -> None:
    picture = draw_card(load_card_template("title"), card_facts("title"), THEME, (320, 180)).pages[0].picture
    ground = np.array(rgb(THEME.colours.background))
    for edge in (picture[0], picture[-1], picture[:, 0], picture[:, -1]):
        assert np.array_equal(edge, np.broadcast_to(ground, edge.shape))


def test_a_missing_glyph_in_a_title_is_named() -> None:
    with pytest.raises(GlyphError, match=r"U\+10330"):
        draw_card(load_card_template("title"), card_facts("title", title="voice \U00010330"), THEME, (160, 90))


def test_a_recording_louder_in_its_middle_has_its_highest_bars_there() -> None:
    samples = np.concatenate([np.full(1000, 0.1), np.full(1000, 0.8), np.full(1000, 0.2)]).astype(np.float32)
    peaks, body = Envelope.of(samples, 300).levels(3)
    assert peaks == pytest.approx([0.1, 0.8, 0.2], abs=1e-3)
    assert body == pytest.approx([0.1, 0.8, 0.2], abs=1e-3)


def test_an_empty_recording_and_missing_losses_leave_a_card_without_them() -> None:
    facts = card_facts("comparison")
    bare = CardFacts(facts.words)
    assert draw_card(load_card_template("comparison"), bare, THEME, (320, 180)).words
    assert draw_card(load_card_template("title"), bare, THEME, (320, 180)).words


def test_more_neurons_have_more_dots() -> None:
    dots = [dots_for(size) for size in (1, 2, 16, 64, 256, 4096)]
    assert dots == sorted(dots)
    assert dots[0] >= 2
    assert dots[-1] <= 9


@pytest.mark.parametrize("card", CARDS)
def test_built_in_templates_name_only_facts_that_there_are(card: str) -> None:
    load_card_template(card, None, list(card_facts(card).words))


def own_card(folder: Path, text: str) -> Path:
    (folder / "cards").mkdir(exist_ok=True)
    (folder / "cards" / "title.toml").write_text(text)
    return folder


GOOD = """
style.a = { size = 0.1 }
grid.landscape = { areas = ["one two"], columns = [1, 1], rows = [1] }
element = [{ area = "one", text = "{{ title }}", style = "a" }, { area = "two", text = "x", style = "a" }]
"""


def test_ones_own_card_shadows_the_built_in_one(tmp_path: Path) -> None:
    template = load_card_template("title", own_card(tmp_path, GOOD), ["title"])
    assert draw_card(template, card_facts("title", title="Mine"), THEME, (160, 90)).words == ("Mine", "x")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (GOOD.replace("{{ title }}", "{{ titel }}"), "perhaps 'title'"),
        (GOOD.replace("{{ title }}", "{{ title"), "syntax error"),
        (GOOD.replace('style = "a" }]', 'style = "b" }]'), "unknown style 'b'"),
        (GOOD.replace('area = "two"', 'area = "three"'), "no area 'three'"),
        (GOOD.replace('"one two"', '"one"'), "should name 2 areas"),
        (GOOD.replace("rows = [1]", "rows = [1, 1]"), "row sizes"),
        (GOOD.replace("size = 0.1", "size = -1"), "style.a.size"),
        (GOOD.replace("size = 0.1", "size = nan"), "style.a.size"),
        (GOOD.replace("size", "sise"), "size"),
        (GOOD.replace("[1] }", "[1], margin = 0.01 }"), "margin"),
        (GOOD.replace('style = "a" },', 'kind = "film" },'), "kind"),
        ("element = 7", "style"),
        ("", "style"),
        ("[[", "TOML"),
    ],
)
def test_a_broken_card_template_says_what_and_where(tmp_path: Path, wrong: str, told: str) -> None:
    with pytest.raises(TemplateError) as caught:
        load_card_template("title", own_card(tmp_path, wrong), ["title"])
    assert told in str(caught.value)
    assert "title.toml" in caught.value.where


@given(st.binary(max_size=400) | st.integers(0, len(GOOD)).map(lambda at: (GOOD[:at] + "\x01" + GOOD[at:]).encode()))
@settings(deadline=None, max_examples=60)
def test_any_file_is_a_card_or_one_clear_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-card"
    folder.mkdir(exist_ok=True)
    own_card(folder, "")
    (folder / "cards" / "title.toml").write_bytes(data)
    refusal: TemplateError | None = None
    try:
        load_card_template("title", folder, ["title"])
    except TemplateError as error:
        refusal = error
    assert refusal is None or "title.toml" in refusal.where


def test_titles_of_the_made_up_film_are_all_on_the_comparison() -> None:
    words = " ".join(draw_card(load_card_template("comparison"), card_facts("comparison"), THEME, (1920, 1080)).words)
    assert all(title in words for title in TITLES)


STACKED = """
[style.words]
size = 0.04
lines = 3
[grid.landscape]
rows = [{rows}]
areas = [{areas}]
gap = {gap}
{elements}
"""
ELEMENTS = {
    "text": 'text = "{{ title }}"\nstyle = "words"',
    "graph": 'kind = "graph"\nlabel_style = "words"',
    "waveform": 'kind = "waveform"',
    "diagram": 'kind = "diagram"\nlabel_style = "words"',
    "legend": 'kind = "legend"\nname_style = "words"\nvalue_style = "words"',
    "table": 'kind = "table"\nrows = [["One", "1"], ["Two", "2"]]\nlabel_style = "words"\nvalue_style = "words"',
    "rule": 'kind = "rule"\nthickness = 0.05',
    "picture": 'kind = "picture"\nheight = 0.5',
}


def stacked(folder: Path, kinds: list[str], rows: list[str], gap: float = 0.03) -> CardTemplate:
    names = [f"{kind}{number}" for number, kind in enumerate(kinds)]
    elements = "\n".join(
        f'[[element]]\narea = "{name}"\n{ELEMENTS[kind]}' for name, kind in zip(names, kinds, strict=True)
    )
    quoted = ", ".join(f'"{name}"' for name in names)
    (folder / "cards").mkdir(exist_ok=True)
    (folder / "cards" / "stacked.toml").write_text(
        STACKED.format(rows=", ".join(rows), areas=quoted, gap=gap, elements=elements)
    )
    return load_card_template("stacked", folder)


def all_edges(placed: PlacedElement) -> list[Edges]:
    marks = placed.on_page(0).marks
    texts = [ink_edges(mark, TYPE) for mark in marks if isinstance(mark, TextMark)]
    return texts + [mark.edges for mark in marks if isinstance(mark, BoxMark | PictureMark)]


def check_stack(template: CardTemplate, size: tuple[int, int]) -> list[PlacedElement]:
    facts = replace(card_facts("section"), picture=np.full((20, 40, 4), 255, np.uint8))
    placed = list(place_elements(template, fill(template, facts, ""), facts, (THEME, TYPE), size))
    floor = 0.0
    for one in placed:
        for _, top, _, bottom in all_edges(one):  # marks are snapped to pixels, lines are as wide as one
            assert top >= floor - 2, f"{one.element.area} reaches into what stands above it"
            assert bottom <= one.box.top + one.box.height + 2, f"{one.element.area} hangs out below"
        floor = one.box.top + one.box.height
    assert floor <= (1 - TITLE_SAFE) * size[1] + 1
    return placed


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["graph", "waveform", "diagram"])
def test_what_has_no_height_of_its_own_gets_one_in_a_row_that_asks_for_it(
    kind: str, size: tuple[int, int], tmp_path: Path
) -> None:
    placed = check_stack(stacked(tmp_path, ["text", kind, "text"], ['"auto"'] * 3), size)
    assert placed[1].box.height > 0.1 * module_px(*size)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_nothing_overlaps_whatever_stands_in_rows_as_high_as_their_content(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(ELEMENTS)), min_size=1, max_size=8))
    rows = [data.draw(st.sampled_from(['"auto"', '"auto"', "1", "0.3"])) for _ in kinds]
    size = data.draw(st.sampled_from(SIZES))
    with TemporaryDirectory() as folder:
        check_stack(stacked(Path(folder), kinds, rows, data.draw(st.sampled_from([0.0, 0.03, 0.4]))), size)


def test_what_goes_on_to_further_pages_is_refused_a_row_as_high_as_its_content(tmp_path: Path) -> None:
    text = (
        find_template("cards/credits.toml", None)
        .read_text()
        .replace('rows = ["auto", 1, "auto"]', 'rows = ["auto", "auto", 1]')
    )
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "credits.toml").write_text(text)
    with pytest.raises(TemplateError) as caught:
        load_card_template("credits", tmp_path)
    assert "element 2 goes on to further pages" in caught.value.expected
    assert "give 'facts' a row that is a number" in caught.value.expected


def unlike(facts: CardFacts, kinds: tuple[int, ...]) -> CardFacts:
    """The same networks, on sound of several kinds: of kind 1 with losses far lower."""
    sound = ("\u00b5-law, 8 kHz", "linear, 11.025 kHz")
    curves = tuple(
        replace(
            curve,
            kind=kind,
            measured_on=sound[kind % 2],
            validation_losses=curve.validation_losses * (0.3 if kind == 1 else 1.0),
            training_losses=curve.training_losses * (0.3 if kind == 1 else 1.0),
        )
        for curve, kind in zip(facts.curves, kinds, strict=True)
    )
    film = {**facts.words["film"], "is_comparable": len(set(kinds)) == 1}
    return replace(facts, words={**facts.words, "film": film}, curves=curves)


def graph_of(facts: CardFacts, size: tuple[int, int]) -> PlacedElement:
    template = load_card_template("comparison")
    placed = place_elements(template, fill(template, facts, "comparison"), facts, (THEME, TYPE), size)
    return next(one for one in placed if one.element.kind == "graph")


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (1080, 1080), (640, 360)])
def test_losses_on_different_sound_have_axes_of_their_own(size: tuple[int, int]) -> None:
    facts = unlike(card_facts("comparison"), (0, 1, 0))
    marks = graph_of(facts, size).on_page(0).marks
    told = [mark.text for mark in marks if isinstance(mark, TextMark)]
    assert "bits per byte, sections 1 and 3: \u00b5-law, 8 kHz" in told
    assert "bits per byte, section 2: linear, 11.025 kHz" in told
    assert told.count("iterations") == 1
    dots = [mark for mark in marks if isinstance(mark, BoxMark) and mark.radius_px]
    rows = {colour: [dot.edges[1] for dot in dots if dot.colour == colour] for colour in {dot.colour for dot in dots}}
    first, second, third = (rows[colour] for colour in dict.fromkeys(dot.colour for dot in dots) if colour in rows)
    lower = max((first, second, third), key=min)
    assert min(lower) > max(max(row) for row in (first, second, third) if row is not lower), (
        "below, not among the others"
    )
    check_texts("comparison", facts, size)


def test_one_kind_of_sound_has_one_axis_and_too_many_kinds_are_shares_of_what_knowing_nothing_costs() -> None:
    alike = graph_of(unlike(card_facts("comparison"), (0, 0, 0)), (1920, 1080)).on_page(0).marks
    assert "bits per byte" in [mark.text for mark in alike if isinstance(mark, TextMark)]
    titles = [f"Network {number}" for number in range(30)]
    facts = unlike(card_facts("comparison", titles=titles), tuple(range(30)))
    shares = [mark.text for mark in graph_of(facts, (1920, 1080)).on_page(0).marks if isinstance(mark, TextMark)]
    assert "percent of 8 bits, what knowing nothing costs" in shares
    assert "100" in shares


def test_the_words_of_the_comparison_promise_no_more_than_can_be_compared() -> None:
    template = load_card_template("comparison")
    for kinds, promised in (((0, 0, 0), True), ((0, 1, 0), False)):
        facts = unlike(card_facts("comparison"), kinds)
        told = " ".join(word for one in fill(template, facts, "comparison") for word in one.words.all_words())
        assert ("never heard. Lower is better." in told) == promised
        assert ("lower is better only where they heard the same" in told) != promised
