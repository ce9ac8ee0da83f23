"""Text in many scripts: read from either side, shaped, drawn by whichever font has it, on cards and in captions."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from pipeline.errors import GlyphError
from pipeline.picture.cards.drawing import load_card_template
from pipeline.picture.cards.filling import fill
from pipeline.picture.cards.layout import PlacedElement, place_elements
from pipeline.picture.panels.scene_data import CaptionSpan
from pipeline.picture.panels.words import TitlePanel
from pipeline.picture.text.direction import reads_right_to_left
from pipeline.picture.text.fonts import HAS_RAQM, FontSet, load_fonts
from pipeline.picture.text.typesetting import TextStyle, Typesetter, aligned, typesetter_for
from pipeline.picture.theme.theme import load_theme
from tests.picture.cards.made_cards import card_facts, text_edges
from tests.picture.panels.made_scenes import frame_of, layout_of, scene, scene_data

THEME = load_theme("midnight")
TYPE = typesetter_for(THEME)
HEBREW = "רשת נוירונים לומדת לדבר"
ARABIC = "شبكة عصبية تتعلم الكلام"
JAPANESE = "ニューラルネットワークが話すことを学ぶ"
has_cjk = pytest.mark.skipif(
    importlib.util.find_spec("noto_cjk_sans_jp_regular") is None, reason="the extra [cjk] is not installed"
)


def placed(card: str, title: str, size: tuple[int, int]) -> dict[str, PlacedElement]:
    template, facts = load_card_template(card), card_facts(card, title=title, titles=[title], subtitle=title)
    return {
        one.element.area: one for one in place_elements(template, fill(template, facts, ""), facts, (THEME, TYPE), size)
    }


@pytest.mark.parametrize("text", [HEBREW, ARABIC])
def test_a_title_that_reads_from_the_right_begins_there_and_its_card_is_mirrored(text: str) -> None:
    left, right = 0.09 * 1920, 0.91 * 1920
    card = placed("title", text, (1920, 1080))
    assert max(edges[2] for edges in text_edges(card["title"].on_page(0), TYPE)) == pytest.approx(right, abs=8)
    assert card["mark"].on_page(0).marks[0].edges[2] == pytest.approx(right, abs=1)  # type: ignore[union-attr]
    card = placed("title", "A title", (1920, 1080))
    assert min(edges[0] for edges in text_edges(card["title"].on_page(0), TYPE)) == pytest.approx(left, abs=8)
    assert card["mark"].on_page(0).marks[0].edges[0] == pytest.approx(left, abs=1)  # type: ignore[union-attr]


@pytest.mark.parametrize("layout", ["landscape", "portrait", "square"])
def test_a_scenes_title_begins_at_the_side_from_which_it_reads(layout: str) -> None:
    size = {"landscape": (640, 360), "portrait": (360, 640), "square": (480, 480)}[layout]
    for text, nearer in (("Hi", "left"), (HEBREW[:3], "right")):
        bare, told = (scene_data(*size, section_title=title, captions=()) for title in ("", text))
        drawn = scene(told, layout=layout)
        box = next(panel.box for panel in drawn.panels if isinstance(panel, TitlePanel))
        changed = frame_of(drawn, told, 240)[: size[1]] != frame_of(scene(bare, layout=layout), bare, 240)[: size[1]]
        columns = np.flatnonzero(changed.any(axis=0))
        away = {"left": columns.min() - box.left, "right": box.right - columns.max()}
        assert min(away, key=lambda side: away[side]) == nearer


def test_left_and_right_are_exchanged_and_the_middle_stays() -> None:
    assert [aligned(side, 10, mirrored=False) for side in ("left", "centre", "right")] == [0, 5, 10]
    assert [aligned(side, 10, mirrored=True) for side in ("left", "centre", "right")] == [10, 5, 0]
    assert [reads_right_to_left(text) for text in (HEBREW, ARABIC, "LSTM", "12 " + HEBREW, "", "12")] == [
        True, True, False, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("tracking", [0.0, -0.02])
def test_names_and_numbers_keep_their_order_in_a_text_from_the_right(tracking: float) -> None:
    style = TextStyle(40.0, tracking_em=tracking)
    whole = TYPE.render(HEBREW[:3] + " LSTM 256", style).mask
    name = TYPE.render("LSTM 256", style).mask
    rows = min(whole.shape[0], name.shape[0])
    shares = [
        float((whole[-rows:, at : at + name.shape[1]] & name[-rows:]).sum() / name[-rows:].sum()) for at in range(4)
    ]
    assert max(shares) > 0.9, "it stands at the left end, its letters from left to right"


@pytest.mark.skipif(not HAS_RAQM, reason="without raqm, text is not shaped")
def test_arabic_letters_join_and_read_from_the_right() -> None:
    style = TextStyle(60.0)
    joined, apart = (TYPE.measure(text, style) for text in ("بيت", "ب\u200cي\u200cت"))
    assert joined < 0.9 * apart
    picture = TYPE.render("با", style).mask  # the second letter is an upright stroke: it stands at the left
    tall = np.flatnonzero((picture[: picture.shape[0] // 3] > 128).any(axis=0))
    assert tall.max() < 0.5 * picture.shape[1]


@pytest.mark.parametrize(
    ("text", "told", "package"),
    [
        ("ש", "U+05E9, HEBREW LETTER SHIN", "fontpkg-heebo"),
        ("ب", "U+0628, ARABIC LETTER BEH", "fontpkg-noto-sans-arabic"),
        ("ไ", "U+0E44, THAI CHARACTER", "fontpkg-noto-sans-thai"),
        ("あ", "U+3042, HIRAGANA LETTER A", "noto-cjk-sans-jp-regular"),
        ("ந", "U+0BA8, TAMIL LETTER NA", "fontpkg-noto-sans-tamil"),
        ("ক", "U+0995, BENGALI LETTER KA", "fontpkg-hind-siliguri"),
        ("\U0001f600", "U+1F600, GRINNING FACE", "manimgx-fonts"),
        ("한", "U+D55C, HANGUL SYLLABLE HAN", "noto-cjk-sans-jp-regular"),
    ],
)
def test_a_missing_character_is_named_with_the_package_that_has_it(text: str, told: str, package: str) -> None:
    fonts = load_fonts()
    bare = Typesetter(FontSet(fonts.sans, fonts.mono))
    with pytest.raises(GlyphError) as caught:
        bare.measure(f"voice {text}", TextStyle(20.0))
    assert told in caught.value.what
    assert package in caught.value.hint
    assert f"voice {text}" in caught.value.where


@has_cjk
@pytest.mark.parametrize("text", [JAPANESE, "二回目の試み", "세 번째 시도"])
def test_the_extra_cjk_draws_cards_and_captions(text: str) -> None:
    card = placed("title", text, (640, 360))
    assert all(edges[2] <= 0.95 * 640 for edges in text_edges(card["title"].on_page(0), TYPE))
    data = scene_data(captions=(CaptionSpan(text, 100, 380),), section_title=text)
    drawn = scene(data, layout=layout_of({"kind": "caption", "text": 0.2}))
    assert float(frame_of(drawn, data, 240)[:180].std()) > 5
