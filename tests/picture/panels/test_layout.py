"""Layouts: the built-in ones keep their proportions at every size, and a faulty one is told clearly."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import TemplateError
from pipeline.picture.panels.layout import SceneLayout, load_layout
from pipeline.picture.panels.settings import PixelBox, even

BUILT_IN = ["landscape", "portrait", "square", "inside", "inside-portrait", "inside-square"]
FOUR_GRAPHS = ["four-graphs", "four-graphs-portrait", "four-graphs-square"]
HEAD = 'name = "mine"\n[[panel]]\n'
PLACE = "left = 0.1\ntop = 0.1\nwidth = 0.5\nheight = 0.5\n"


def shape_of(name: str) -> str:
    shape = load_layout(name).shape
    assert shape is not None
    return shape


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_layouts_load_and_keep_their_proportions_from_360_to_2160_lines(name: str) -> None:
    layout = load_layout(name)
    shape = {"landscape": (16, 9), "portrait": (9, 16), "square": (9, 9)}[shape_of(name)]
    for scale in (40, 80, 120, 240):
        width, height = shape[0] * scale, shape[1] * scale
        for panel in layout.panel:
            box = panel.box(width, height)
            assert all(side % 2 == 0 for side in box)
            assert abs(box.left - panel.left * width) <= 2
            assert abs(box.top - panel.top * height) <= 2
            assert abs(box.right - (panel.left + panel.width) * width) <= 2
            assert abs(box.bottom - (panel.top + panel.height) * height) <= 2


@pytest.mark.parametrize("name", [*BUILT_IN, *FOUR_GRAPHS])
def test_panels_of_built_in_layouts_dont_cover_one_another(name: str) -> None:
    for picture in (None, (900, 300), (100, 300)):
        check_apart(load_layout(name).arranged(picture, (1920, 1080)))


def check_apart(layout: SceneLayout) -> None:
    boxes = [(panel.kind, panel.box(1920, 1080)) for panel in layout.panel if panel.kind not in {"speed", "picture"}]
    for index, (kind, one) in enumerate(boxes):
        for other, two in boxes[index + 1 :]:
            apart = one.right <= two.left or two.right <= one.left or one.bottom <= two.top or two.bottom <= one.top
            assert apart, (kind, other)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_picture_takes_room_from_the_title_only_where_there_is_one(name: str) -> None:
    frame = {"landscape": (1920, 1080), "portrait": (1080, 1920), "square": (1080, 1080)}[shape_of(name)]
    bare, narrow, wide = (load_layout(name).arranged(shape, frame) for shape in (None, (200, 200), (800, 100)))
    places = []
    for layout in (bare, narrow, wide):
        title = next(panel for panel in layout.panel if panel.kind == "title").box(*frame)
        pictures = [panel for panel in layout.panel if panel.kind == "picture"]
        for panel in pictures:
            shape = (200, 200) if layout is narrow else (800, 100)
            assert panel.left + panel.width_for(shape, frame) < title.left / frame[0]
        places.append((len(pictures), title.left, title.right))
    assert [count for count, _, _ in places] == [0, 1, 1]
    assert places[0][1] < places[1][1] < places[2][1] < places[2][2] == places[0][2]


@pytest.mark.parametrize("size", [(2, 2), (16, 16), (160, 90), (4096, 2304)])
def test_boxes_stay_inside_the_frame(size: tuple[int, int]) -> None:
    for name in BUILT_IN:
        for panel in load_layout(name).panel:
            box = panel.box(*size)
            assert box.left >= 0
            assert box.top >= 0
            assert box.right <= size[0]
            assert box.bottom <= size[1]


def test_the_users_own_layout_comes_first(tmp_path: Path) -> None:
    write(tmp_path, "landscape", HEAD + 'kind = "waveform"\n' + PLACE)
    assert load_layout("landscape", tmp_path).name == "mine"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + 'kind = "waveforms"\n' + PLACE, "waveform"),
        (HEAD + 'kind = "waveform"\n' + PLACE + "colour = 1\n", "unknown name 'colour'"),
        (HEAD + 'kind = "waveform"\n' + PLACE.replace("width = 0.5", "width = 0.95"), "sticks out of the frame"),
        (HEAD + 'kind = "caption"\n' + PLACE.replace("left = 0.1", "left = 0.01"), "inner 90%"),
        (HEAD + 'kind = "caption"\n' + PLACE + '[[panel]]\nkind = "title"\n' + PLACE, "overlap"),
        (HEAD + 'kind = "waveform"\n' + PLACE.replace("height = 0.5", "height = 0"), "above 0"),
        (HEAD + 'kind = "training_loss"\nwindow = -1\n' + PLACE, "window"),
        (HEAD + 'kind = "waveform"\nleft = nan\n' + PLACE.replace("left = 0.1\n", ""), "left"),
        ('name = "mine"\n', "panel"),
        ("name = [", "not valid TOML"),
    ],
)
def test_a_faulty_layout_is_told_with_its_file_and_field(text: str, told: str, tmp_path: Path) -> None:
    path = write(tmp_path, "mine", text)
    with pytest.raises(TemplateError) as caught:
        load_layout("mine", tmp_path)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_unknown_layout_names_those_there_are() -> None:
    with pytest.raises(TemplateError, match=r"landscape.*portrait, .*square"):
        load_layout("triangle")


@pytest.mark.parametrize("name", BUILT_IN)
def test_waveform_and_what_scrolls_beneath_it_meet_at_every_size(name: str) -> None:
    panels = {panel.kind: panel for panel in load_layout(name).panel}
    for height in range(180, 2162, 2):
        below = "spectrogram" if "spectrogram" in panels else "expectation"
        waveform, spectrogram = (panels[kind].box(height, height) for kind in ("waveform", below))
        assert waveform.bottom == spectrogram.top, height


def test_numbers_snap_to_the_nearest_even_one() -> None:
    assert [even(value) for value in (0.4, 1.1, 2.9, 3.2, 1079.6)] == [0, 2, 2, 4, 1080]
    assert PixelBox(2, 4, 6, 8).right == 8
    assert PixelBox(2, 4, 6, 8).bottom == 12


def test_a_layout_with_one_panel_is_enough() -> None:
    panel = {"kind": "progress", "left": 0, "top": 0.9, "width": 1, "height": 0.1}
    assert SceneLayout.model_validate({"name": "bar", "panel": [panel]}).playhead == 0.42


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "layouts" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", BUILT_IN)
def test_headers_are_mirrored_inside_the_frame_and_apart(name: str) -> None:
    layout = load_layout(name)
    for title in ("First try", "\u0627\u0644\u0645\u062d\u0627\u0648\u0644\u0629"):
        mirrored = layout.mirrored(title)
        assert [panel.kind for panel in mirrored.panel] == [panel.kind for panel in layout.panel]
        moved = [(one, two) for one, two in zip(layout.panel, mirrored.panel, strict=True) if one != two]
        assert {two.kind for _, two in moved} <= {"title", "picture", "counters"}
        assert all(two.left == pytest.approx(1 - one.left - one.width) for one, two in moved)
        SceneLayout.model_validate(mirrored.model_dump())  # its texts stay apart


def test_a_title_stands_at_the_right_edge_of_a_mirrored_header_whatever_it_is_written_in() -> None:
    layout = load_layout("landscape")
    aligns = [
        next(panel.align for panel in layout.mirrored(title).panel if panel.kind == "title")
        for title in ("First try", "\u0627\u0644\u0645\u062d\u0627\u0648\u0644\u0629")
    ]
    assert aligns == ["right", "left"]  # what reads from right to left turns by itself
