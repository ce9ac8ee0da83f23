"""Writing a drawn card as files beside its record: pages at rest, and layers cut out.

This module owns the files' form. It does not know stages.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from pipeline.picture.cards.card import CardLayer, CardPage, CardPicture
from pipeline.picture.cards.drawing import DrawnCard, DrawnLayer

GROUND_FILE = "ground.png"
_QUICK = 3
"""PNG compression: cards are flat, and a higher level costs much time for few bytes."""


def write_card(card: DrawnCard, folder: Path, *, name: str, template: str) -> CardPicture:
    """Write all pages and layers into `folder`; return the record, which is not written.

    A layer that is the same on several pages is one file: it stays while pages change.
    """
    pages = []
    known: dict[tuple[bytes, int, int], str] = {}
    for number, page in enumerate(card.pages, start=1):
        picture_file = "card.png" if len(card.pages) == 1 else f"card-{number}.png"
        Image.fromarray(page.picture).save(folder / picture_file, "PNG", compress_level=_QUICK)
        layers = tuple(_write_layer(layer, folder, known) for layer in page.layers)
        pages.append(CardPage(picture_file=picture_file, layers=layers))
    if card.ground is not None:
        Image.fromarray(card.ground).save(folder / GROUND_FILE, "PNG", compress_level=_QUICK)
    height, width = card.pages[0].picture.shape[:2]
    return CardPicture(
        name=name,
        template=template,
        width=width,
        height=height,
        background=card.background,
        ground_file=None if card.ground is None else GROUND_FILE,
        pages=tuple(pages),
        text=card.words,
    )


def _write_layer(drawn: DrawnLayer, folder: Path, known: dict[tuple[bytes, int, int], str]) -> CardLayer:
    layer = drawn.layer
    identity = (layer.picture.tobytes(), layer.x_px, layer.y_px)
    if identity not in known:
        known[identity] = f"layer-{len(known) + 1:02d}.png"
        Image.fromarray(layer.picture).save(folder / known[identity], "PNG", compress_level=_QUICK)
    return CardLayer(
        layer_file=known[identity],
        x_px=layer.x_px,
        y_px=layer.y_px,
        delay_s=drawn.delay_s,
        move_y_px=drawn.move_y_px,
        motion=drawn.motion,
        order=drawn.order,
        following=drawn.following,
        unit_px=drawn.unit_px,
    )
