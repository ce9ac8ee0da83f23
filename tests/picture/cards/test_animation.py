from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.errors import StoreError
from pipeline.outputs.sheet import contact_sheet
from pipeline.picture.cards.animation import CardAnimation
from pipeline.picture.cards.card import CardPicture
from pipeline.picture.cards.drawing import draw_card, load_card_template
from pipeline.picture.cards.files import write_card
from pipeline.picture.drawing.planes import planes_from_rgb, planes_of, rgb_from_planes
from pipeline.picture.theme.theme import load_theme, rgb
from tests.picture.cards.made_cards import card_facts

SIZE = (320, 180)
RATE = Fraction(30000, 1001)
START, END = 1000, 1120
THEME = load_theme("midnight")


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> tuple[CardPicture, Path]:
    folder = tmp_path_factory.mktemp("card")
    drawn = draw_card(load_card_template("section"), card_facts("section"), THEME, SIZE)
    return write_card(drawn, folder, name="section-1", template="cards/section.toml"), folder


def frame_of(animation: CardAnimation, frame: int) -> NDArray[np.uint8]:
    out = np.full((SIZE[1] * 3 // 2, SIZE[0]), 77, np.uint8)
    animation.draw(frame, out)
    return out


def test_in_the_middle_the_card_is_the_picture_at_rest(card: tuple[CardPicture, Path]) -> None:
    record, folder = card
    drawn = draw_card(load_card_template("section"), card_facts("section"), THEME, SIZE).pages[0].picture
    frame = frame_of(CardAnimation(record, folder, START, END, RATE), (START + END) // 2 + 10)
    luma = planes_of(frame, *SIZE).luma.astype(int)
    assert np.abs(luma - planes_from_rgb(drawn).luma).max() <= 2
    assert np.abs(rgb_from_planes(planes_of(frame, *SIZE)).astype(int) - drawn).mean() < 2


def test_frames_are_the_same_in_any_order_and_whatever_the_buffer_held(card: tuple[CardPicture, Path]) -> None:
    record, folder = card
    frames = [START, START + 7, START + 31, START + 60, END - 5, END - 1]
    forwards = CardAnimation(record, folder, START, END, RATE)
    backwards = CardAnimation(record, folder, START, END, RATE)
    first = [frame_of(forwards, frame) for frame in frames]
    last = [frame_of(backwards, frame) for frame in reversed(frames)][::-1]
    assert all(np.array_equal(one, other) for one, other in zip(first, last, strict=True))


def test_a_card_enters_from_its_ground_and_leaves_to_it(card: tuple[CardPicture, Path]) -> None:
    record, folder = card
    animation = CardAnimation(record, folder, START, END, RATE)
    ground = planes_from_rgb(np.full((2, 2, 3), rgb(record.background), np.uint8)).luma[0, 0]
    ink = [
        float(np.abs(planes_of(frame_of(animation, f), *SIZE).luma.astype(int) - ground).sum())
        for f in range(START, END)
    ]
    most = max(ink)
    assert ink[0] < 0.02 * most
    assert ink[-1] < 0.06 * most
    assert ink[len(ink) // 2] == most
    rising, falling = ink[:45], ink[-13:]
    assert all(after >= before - 0.01 * most for before, after in pairwise(rising))
    assert all(after <= before for before, after in pairwise(falling))
    assert max(abs(b - a) for a, b in pairwise(ink)) < 0.2 * most, "nothing jumps"


@pytest.mark.parametrize("frames", [1, 2, 5, 12])
def test_even_a_very_short_card_can_be_drawn(card: tuple[CardPicture, Path], frames: int) -> None:
    record, folder = card
    animation = CardAnimation(record, folder, 0, frames, Fraction(60))
    assert all(frame_of(animation, frame).any() for frame in range(frames))


def test_what_stays_on_all_pages_stays_while_pages_change(tmp_path: Path) -> None:
    facts = card_facts("credits", titles=[f"Network {number}" for number in range(9)])
    drawn = draw_card(load_card_template("credits"), facts, THEME, SIZE)
    record = write_card(drawn, tmp_path, name="credits", template="cards/credits.toml")
    assert len(record.pages) > 1
    animation = CardAnimation(record, tmp_path, 0, 240, Fraction(60))
    turn = 240 // len(record.pages)
    title = record.pages[0].layers[0]
    rows = slice(title.y_px, title.y_px + 12)
    steady = planes_of(frame_of(animation, turn // 2 + 8), *SIZE).luma[rows].copy()
    for frame in (turn - 2, turn - 1, turn, turn + 1):
        assert np.array_equal(planes_of(frame_of(animation, frame), *SIZE).luma[rows], steady)
    files = {layer.layer_file for page in record.pages for layer in page.layers}
    assert len(files) < sum(len(page.layers) for page in record.pages)


def test_a_layer_that_is_gone_is_a_clear_error(card: tuple[CardPicture, Path], tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="layer"):
        frame_of(CardAnimation(card[0], tmp_path, 0, 60, Fraction(60)), 30)


def test_a_contact_sheet_shows_every_frame_with_its_caption() -> None:
    frames = [np.full((90, 160, 3), shade, np.uint8) for shade in (40, 120, 200, 250, 90)]
    captions = ["one", "a much longer caption that needs two lines " * 2, "", "four", "five"]
    sheet = contact_sheet(frames, captions, width_px=800)
    assert sheet.shape[1:] == (800, 3)
    for shade in (40, 120, 200, 250, 90):
        assert (sheet == shade).all(axis=2).sum() > 1000


def test_a_contact_sheet_says_when_and_how_long_each_is_seen() -> None:
    frames = [np.full((90, 160, 3), 120, np.uint8)] * 2
    plain, timed = (
        contact_sheet(frames, ["one", "two"], times=times, width_px=800) for times in ((), ("0:00, 5.0 s", ""))
    )
    assert timed.shape[0] > plain.shape[0], "a line of its own"
    ground = plain[0, 0]
    lines = [(timed[250:, left : left + 380] != ground).any(axis=(1, 2)) for left in (24, 412)]
    assert lines[0].sum() > lines[1].sum(), "and none where there is no time"
    with pytest.raises(ValueError, match="times"):
        contact_sheet(frames, ["one", "two"], times=["0:00"])


def test_a_contact_sheet_takes_frames_of_different_shapes_and_none_at_all() -> None:
    sheet = contact_sheet([np.zeros((160, 90, 3), np.uint8), np.zeros((90, 160, 3), np.uint8)], ["tall", "wide"])
    assert sheet.ndim == 3
    assert contact_sheet([], []).shape[1] == 1920
    with pytest.raises(ValueError, match="captions"):
        contact_sheet([np.zeros((2, 2, 3), np.uint8)], [])
