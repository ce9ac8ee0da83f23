"""All words of a scene at once: whatever they say, none covers another and all stay where every screen shows them."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.picture.drawing.planes import Ink, ink
from pipeline.picture.language import Language
from pipeline.picture.panels import panel, styled_words
from pipeline.picture.panels.graphs.legend import LegendEntry, fit_keys, row_px
from pipeline.picture.panels.graphs.line_graph import LossGraphPanel
from pipeline.picture.panels.scene_data import CaptionSpan, SceneData
from pipeline.picture.panels.settings import SAFE_MARGIN
from pipeline.picture.text.typesetting import TextStyle, typesetter_for
from pipeline.picture.theme.theme import load_theme
from tests.picture.panels.made_scenes import frame_of, history, scene, scene_data

Box = tuple[int, int, int, int]

SIZES = {"landscape": (640, 360), "portrait": (360, 640), "square": (480, 480)}
SCRIPTS = (
    "abcdefgh ÄÖÜßéèñçø-/&",
    "αβγδεζηθ ΆΈΩς",
    "абвгдежз ЁЙЩЪ",
    "אבגדהוזח ",
    "ابتثجحخد ",
    "0123456789 ,.",
    "WM",
    "il ",
)
TEXTS = st.tuples(st.sampled_from(SCRIPTS), st.integers(1, 200), st.integers(0, 2**32)).map(
    lambda drawn: "".join(random.Random(drawn[2]).choices(drawn[0], k=drawn[1])).strip() or "x"
)
TYPE = typesetter_for(load_theme("midnight"))
INK = Ink(100.0, 128.0, 128.0)


def words_on(data: SceneData, layout: str, frames: list[int], language: Language | None = None) -> list[list[Box]]:
    """The ink of every text that stands on the screen in some frames, as (left, top, right, bottom)."""
    with pytest.MonkeyPatch.context() as patch:
        seen: list[Box] = []
        for module in (panel, styled_words):

            def record(
                planes: Any, coverage: Any, corner: Any, *more: Any, original: Any = module.blend_sprite
            ) -> None:
                rows, columns = np.nonzero(coverage > 40)
                if planes.width == data.width and rows.size:  # not on a strip, whose labels fade before they meet
                    left, top = corner[0] + int(columns.min()), int(corner[1]) + int(rows.min())
                    seen.append((left, top, left + int(np.ptp(columns)) + 1, top + int(np.ptp(rows)) + 1))
                original(planes, coverage, corner, *more)

            patch.setattr(module, "blend_sprite", record)
        drawn = scene(data, layout=layout, language=language)
        standing = list(seen)
        found = []
        for frame in frames:
            seen.clear()
            frame_of(drawn, data, frame)
            found.append([*standing, *seen])
    return found


def check_boxes(boxes: list[Box], data: SceneData) -> None:
    across, down = SAFE_MARGIN * data.width, SAFE_MARGIN * data.height
    for left, top, right, bottom in boxes:
        assert left >= across - 2
        assert right <= data.width - across + 2
        assert top >= down - 2
        assert bottom <= data.height - down + 2
    for one, two in itertools.combinations(boxes, 2):
        touching = 1 + 0.003 * data.height  # as lines of one text may: marks above one, what hangs below the other
        apart = one[2] <= two[0] or two[2] <= one[0] or min(one[3], two[3]) - max(one[1], two[1]) <= touching
        assert apart, (one, two)


@given(st.data())
@settings(deadline=None, max_examples=14)
def test_no_words_of_a_scene_cover_others_or_leave_the_safe_area(data: st.DataObject) -> None:
    layout = data.draw(st.sampled_from([*SIZES]))
    others = [history(1500, label, 3.4, number) for number, label in enumerate(data.draw(st.lists(TEXTS, max_size=4)))]
    caption = CaptionSpan(data.draw(TEXTS), 100, 399)
    speed = np.where(np.arange(360) % 120 > 80, 6.0, 1.0)
    position = np.concatenate([[0], np.cumsum(speed)]) * 4000 / speed.sum()
    shown = scene_data(
        *SIZES[layout], others=tuple(others), captions=(caption,), section_title=data.draw(TEXTS),
        iteration=position,
    )  # fmt: skip
    for boxes in words_on(shown, layout, [130, 150, 260, 330, 385]):
        assert len(boxes) > 10
        check_boxes(boxes, shown)


@pytest.mark.parametrize(("layout", "size"), [("landscape", (3840, 2160)), ("portrait", (2160, 3840))])
def test_words_keep_their_places_in_the_largest_frames_too(layout: str, size: tuple[int, int]) -> None:
    shown = scene_data(*size)
    check_boxes(words_on(shown, layout, [330])[0], shown)


@pytest.mark.parametrize("layout", [*SIZES])
def test_labels_of_the_time_axis_have_a_row_of_their_own(layout: str) -> None:
    shown = scene_data(*SIZES[layout])
    standing = words_on(shown, layout, [330])[0]
    for graph in scene(shown, layout=layout).panels:
        if isinstance(graph, LossGraphPanel) and graph._labels_px:
            first = max(
                edge[0] + np.count_nonzero(edge[1] == 0) for edge in graph._numbers._edges[:1]
            )  # faded left of it
            for left, top, right, bottom in standing:
                row = bottom > graph._plot.bottom + 1 and top < graph._plot.bottom + graph._labels_px
                assert not row or right <= first + 2 or left >= graph._plot.right, (left, top, right, bottom)


@given(st.lists(TEXTS, min_size=1, max_size=12), st.floats(60, 900))
@settings(deadline=None, max_examples=40)
def test_a_legend_fits_its_row_whatever_it_names(names: list[str], room: float) -> None:
    style = TextStyle(20.0)
    keys = [LegendEntry(name, f"network {number}", INK) for number, name in enumerate(names, start=1)]
    fitted, shown = fit_keys(TYPE, keys, style, room)
    assert row_px(TYPE, shown, fitted) <= room + 1e-6
    assert 0.7 * style.size_px < fitted.size_px <= style.size_px
    assert [word for word, _ in shown] in (names, [key.short for key in keys][: len(shown)])


def test_names_that_have_room_are_told_in_full() -> None:
    keys = [LegendEntry("First try: a small network", "network 1", INK), LegendEntry("Second try", "network 2", INK)]
    assert [word for word, _ in fit_keys(TYPE, keys, TextStyle(20.0), 600)[1]] == [key.name for key in keys]
    assert [word for word, _ in fit_keys(TYPE, keys, TextStyle(20.0), 300)[1]] == ["network 1", "network 2"]


@pytest.mark.parametrize("theme", ["midnight", "paper", "phosphor"])
def test_curves_of_other_networks_are_never_of_the_panels_own_colours(theme: str) -> None:
    data = scene_data(others=tuple(history(900, f"{number}") for number in range(3)))
    for graph in scene(data, theme).panels:
        if isinstance(graph, LossGraphPanel):
            inks = [one.key.ink for one in graph._overlaid]
            assert len(set(inks)) == len(inks) == 3
            assert all(np.abs(np.subtract(one, graph._ink)).max() > 20 for one in inks)


def test_a_legend_in_type_of_a_pixel_ends_too() -> None:
    keys = [LegendEntry("A name that has no room", "network 1", ink("#ffffff"))]
    assert fit_keys(typesetter_for(load_theme("midnight")), keys, TextStyle(1.0), 0.5)[1] == []
