"""Looks of words on cards, grounds, and elements that enter in ways of their own."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import TemplateError
from pipeline.picture.cards.animation import CardAnimation
from pipeline.picture.cards.drawing import DrawnCard, draw_card, load_card_template
from pipeline.picture.cards.files import write_card
from pipeline.picture.drawing.motion import PRESETS
from pipeline.picture.drawing.planes import planes_of, rgb_from_planes
from pipeline.picture.theme.theme import load_theme
from tests.conftest import Golden
from tests.picture.cards.made_cards import card_facts

SIZE = (160, 90)
LEAVING = 87  # of 100 frames
LOOKS = {
    "italic": "italic = true",
    "uppercase": "uppercase = true\ntracking = 0.1",
    "outline": 'outline = 0.08\noutline_colour = "#d0307a"',
    "shadow": 'shadow = 0.2\nshadow_colour = "#30a0ff"',
    "box": 'box = "accent"\ncolour = "#101018"',
}
GROUNDS = {
    "gradient": '[ground]\ngradient = ["#0b0f1a", "#402050", "#803020"]\nangle = 45\n',
    "picture": '[ground]\nfile = "ground.png"\ndarken = 0.6\nblur = 0.02\n',
}


def own(folder: Path, card: str = "", theme: str = "") -> Path:
    for kind, name, text in (("cards", "title", card), ("themes", "midnight", theme)):
        (folder / kind).mkdir(exist_ok=True)
        (folder / kind / f"{name}.toml").write_text(f'extends = "{name}"\n{text}')
    return folder


def drawn(folder: Path) -> DrawnCard:
    return draw_card(load_card_template("title", folder), card_facts("title"), load_theme("midnight", folder), SIZE)


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_of_words_looks_like_its_golden_picture(look: str, golden: Golden, tmp_path: Path) -> None:
    golden(f"look-{look}", drawn(own(tmp_path, f"[style.title]\n{LOOKS[look]}\n")).pages[0].picture)


@pytest.mark.parametrize("ground", GROUNDS)
def test_every_ground_looks_like_its_golden_picture(ground: str, golden: Golden, tmp_path: Path) -> None:
    across = np.linspace(0, 255, 64, dtype=np.uint8)
    stripes = np.stack(np.broadcast_arrays(across[None], across[:36, None], np.uint8(80)), axis=-1)
    Image.fromarray(np.ascontiguousarray(stripes)).save(tmp_path / "ground.png")
    golden(f"ground-{ground}", drawn(own(tmp_path, theme=GROUNDS[ground])).pages[0].picture)


def test_a_ground_that_is_no_picture_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ground.png").write_text("none")
    with pytest.raises(TemplateError, match="picture can't be read"):
        drawn(own(tmp_path, theme=GROUNDS["picture"]))
    with pytest.raises(TemplateError, match="is not there"):
        drawn(own(tmp_path, theme='[ground]\nfile = "other.png"\n'))
    with pytest.raises(TemplateError, match="outside the templates folder"):
        drawn(own(tmp_path, theme='[ground]\nfile = "../x.png"\n'))


@pytest.mark.parametrize("way", PRESETS)
def test_ways_to_enter_and_to_leave_look_like_their_golden_pictures(way: str, golden: Golden, tmp_path: Path) -> None:
    element = f'[[element]]\narea = "title"\nenter = "{way}"\nexit = "{way}"\n'
    card = drawn(own(tmp_path, element, theme=GROUNDS["gradient"]))
    record = write_card(card, tmp_path, name="title", template="cards/title.toml")
    animation = CardAnimation(record, tmp_path, 0, 100, Fraction(25))
    frames = []
    for frame in (12, 50, LEAVING):
        buffer = np.zeros((SIZE[1] * 3 // 2, SIZE[0]), np.uint8)
        animation.draw(frame, buffer)
        frames.append(rgb_from_planes(planes_of(buffer, *SIZE)))
    golden(f"enter-{way}", frames[0])
    golden(f"leave-{way}", frames[2])
    assert np.abs(frames[1].astype(int) - card.pages[0].picture).mean() < 3  # at rest, it is the card


def test_several_elements_share_an_area_with_shapes_behind_and_a_code(golden: Golden, tmp_path: Path) -> None:
    more = """
[[element]]
kind = "shape"
area = "author"
behind = true
colour = "#204060"
radius = 0.03
[[element]]
area = "author"
name = "second"
text = "{{ film.sections }} networks"
style = "author"
[[element]]
kind = "qr"
area = "logo"
text = "https://example.org/{{ title|length }}"
align = "right"
"""
    card = drawn(own(tmp_path, more))
    golden("card-shapes", card.pages[0].picture)
    assert "3 networks" in card.words


def test_a_shape_behind_nothing_is_seen_as_high_as_it_says(tmp_path: Path) -> None:
    shape = '[[element]]\nkind = "shape"\narea = "author"\nbehind = true\nheight = 0.1\ncolour = "#20c040"\n'
    picture = drawn(own(tmp_path, shape)).pages[0].picture.astype(int)
    green = np.argwhere(picture[..., 1] - picture.sum(axis=-1) / 2 > 20)
    assert np.ptp(green[:, 0]) + 1 == pytest.approx(0.1 * SIZE[1], abs=2)


def test_a_code_that_nothing_can_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="too long"):
        drawn(own(tmp_path, f'[[element]]\nkind = "qr"\narea = "logo"\ntext = "{"x" * 700}"\n'))


def own_pictures(folder: Path, *, second: str = "two.png") -> Path:
    (folder / "cards").mkdir(exist_ok=True)
    for name, colour in (("one", (255, 0, 0, 255)), ("two", (0, 255, 0, 255))):
        Image.new("RGBA", (40, 20), colour).save(folder / f"{name}.png")
    elements = [
        f'[[element]]\nkind = "picture"\narea = "a"\nname = "{n}"\nfile = "{f}"\nheight = 0.2\nalign = "{a}"\n'
        for n, f, a in (("1", "one.png", "left"), ("2", second, "right"))
    ]
    grid = '[style.big]\nsize = 0.1\n[grid.landscape]\nrows = [1]\nareas = ["a"]\n'
    (folder / "cards" / "mine.toml").write_text(grid + "".join(elements))
    return folder


def test_several_pictures_of_a_cards_own_stand_in_one_area(tmp_path: Path) -> None:
    template = load_card_template("mine", own_pictures(tmp_path))
    assert [path.name for path in template.pictures] == ["one.png", "two.png"]
    assert template.reads == frozenset()
    picture = draw_card(template, card_facts("title"), load_theme("midnight"), (320, 180)).pages[0].picture.astype(int)
    red, green = (np.argwhere(picture[..., one] - picture.sum(axis=-1) / 2 > 60) for one in (0, 1))
    assert len(red) == pytest.approx(len(green), rel=0.1)
    assert red[:, 0].max() < green[:, 0].min(), "one below the other"
    assert red[:, 1].max() < green[:, 1].min(), "left and right"


@pytest.mark.parametrize(("file", "told"), [("twi.png", "is not there"), ("cards/mine.toml", "can't be read")])
def test_a_cards_picture_that_cannot_be_shown_is_a_clear_error(tmp_path: Path, file: str, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        load_card_template("mine", own_pictures(tmp_path, second=file))
