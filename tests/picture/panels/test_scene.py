"""Scenes: the same picture whatever was drawn before; and every panel, theme and layout as a golden picture."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.picture.drawing.easing import transition_progress, wipe_mask
from pipeline.picture.drawing.planes import ink
from pipeline.picture.panels.layout import SceneLayout, load_layout
from pipeline.picture.panels.panel import RenderContext
from pipeline.picture.panels.scene import Scene, SequentialScene, uncovered
from pipeline.picture.panels.scene_data import SceneData
from pipeline.picture.panels.settings import PixelBox
from pipeline.picture.theme.theme import load_theme
from tests.conftest import Golden
from tests.picture.panels.made_networks import inside_data
from tests.picture.panels.made_scenes import frame_of, layout_of, rgb_of, scene, scene_data

LATE = 40 + 290  # frames of the film: a take of a vowel, with caption, long after panels have come

PANELS: dict[str, dict[str, object]] = {
    "waveform": {"kind": "waveform", "text": 0.1},
    "spectrogram": {"kind": "spectrogram"},
    "oscilloscope": {"kind": "oscilloscope"},
    "training_loss": {"kind": "training_loss", "title": "training", "text": 0.1, "gutter": 0.1},
    "validation_loss": {"kind": "validation_loss", "title": "validation", "text": 0.1, "time": "log", "loss": "log"},
    "counters": {"kind": "counters", "columns": 2, "text": 0.2, "label_text": 0.1},
    "caption": {"kind": "caption", "text": 0.15, "lines": 3},
    "title": {"kind": "title", "text": 0.15, "lines": 2},
    "progress": {"kind": "progress", "top": 0.8, "height": 0.1},
    "speed": {"kind": "speed", "text": 0.2},
    "picture": {"kind": "picture"},
}


def logo() -> np.ndarray:
    across, down = np.meshgrid(np.linspace(-1, 1, 40), np.linspace(-1, 1, 30))
    inside = np.clip(40 * (0.9 - np.hypot(across, down)), 0, 1)
    picture = np.zeros((30, 40, 4), dtype=np.uint8)
    picture[..., 0], picture[..., 2], picture[..., 3] = 220, 120, 255 * inside
    return picture


def fast_for_a_while() -> np.ndarray:
    speed = np.ones(360)
    speed[240:320] = 5
    return np.concatenate([[0], np.cumsum(speed)]) * 4000 / speed.sum()


def test_captions_come_by_word_or_letter_and_leave_as_their_golden_pictures_have_it(golden: Golden) -> None:
    theme = load_theme("midnight")
    for name, reveal, seconds in (("word", "word", 0.5), ("letter", "letter", 0.4), ("leaving", "whole", -0.2)):
        shown = theme.model_copy(update={"captions": theme.captions.model_copy(update={"reveal": reveal})})
        data = scene_data(160, 90)
        (span,) = data.captions
        frame = (span.in_frame if seconds > 0 else span.out_frame) + round(seconds * float(data.frame_rate))
        drawn = Scene(data, shown, layout_of(PANELS["caption"]))
        golden(f"caption-{name}", rgb_of(frame_of(drawn, data, frame), data))


@pytest.mark.parametrize("kind", PANELS)
def test_each_panel_looks_like_its_golden_picture(kind: str, golden: Golden) -> None:
    position = fast_for_a_while()
    data = scene_data(160, 90, picture=logo(), iteration=position, section_title="My voice")
    golden(f"panel-{kind}", rgb_of(frame_of(scene(data, layout=layout_of(PANELS[kind])), data, LATE), data))


@pytest.mark.parametrize("theme", ["midnight", "paper", "phosphor"])
def test_each_theme_looks_like_its_golden_picture(theme: str, golden: Golden) -> None:
    data = scene_data(160, 90)
    golden(f"scene-{theme}", rgb_of(frame_of(scene(data, theme), data, LATE), data))


@pytest.mark.parametrize(
    ("layout", "size"),
    [
        *[("landscape", (160, 90)), ("portrait", (90, 160)), ("square", (120, 120))],
        *[("four-graphs", (160, 90)), ("four-graphs-portrait", (90, 160)), ("four-graphs-square", (120, 120))],
    ],
)
@pytest.mark.parametrize(("name", "frame"), [("", LATE), ("-end", 40 + 340)])
def test_each_layout_looks_like_its_golden_picture(
    layout: str, size: tuple[int, int], name: str, frame: int, golden: Golden
) -> None:
    for larger in (1, 2):
        data = scene_data(size[0] * larger, size[1] * larger, picture=logo() if name else None)
        picture = rgb_of(frame_of(scene(data, layout=layout), data, frame), data)
        golden(f"layout-{layout}{name}{'-large' if larger > 1 else ''}", picture)


def test_a_frame_looks_the_same_in_any_order_and_any_buffer() -> None:
    data = scene_data(frame_rate=Fraction(30000, 1001))
    frames = [data.start_frame, data.start_frame + 7, LATE, data.end_frame - 1, data.start_frame + 140]
    forwards = scene(data)
    expected = {frame: frame_of(forwards, data, frame) for frame in sorted(frames)}
    backwards = scene(data)
    out = np.zeros((270, 320), dtype=np.uint8)
    for frame in reversed(frames):
        backwards.draw(frame, out)
        assert np.array_equal(out, expected[frame]), frame
        out[...] = np.random.default_rng(frame).integers(0, 255, out.shape, dtype=np.uint8)


def test_a_frame_outside_the_scene_or_a_wrong_buffer_is_refused() -> None:
    data = scene_data()
    drawn = scene(data)
    with pytest.raises(ValueError, match="has the frames 40 to 399"):
        drawn.draw(data.end_frame, np.zeros((270, 320), dtype=np.uint8))
    with pytest.raises(ValueError, match="contiguous"):
        drawn.draw(data.start_frame, np.zeros((180, 320), dtype=np.uint8))


def test_a_scene_begins_with_the_bare_background_and_nearly_ends_with_it() -> None:
    data = scene_data()
    drawn = scene(data)
    background = [round(value) for value in ink(load_theme("midnight").colours.background)]
    first = frame_of(drawn, data, data.start_frame)
    assert np.all(first[:180] == background[0])
    assert set(np.unique(first[180:])) <= {background[1], background[2]}
    middle, last = (frame_of(drawn, data, frame)[:180] for frame in (LATE, data.end_frame - 1))
    assert np.abs(last.astype(int) - background[0]).mean() < 0.1 * np.abs(middle.astype(int) - background[0]).mean()


@pytest.mark.parametrize("size", [(160, 90), (640, 360), (854, 480), (1280, 720), (320, 180)])
def test_any_frame_size_draws(size: tuple[int, int]) -> None:
    data = scene_data(*size)
    assert frame_of(scene(data), data, LATE).std() > 5


def test_a_scene_without_losses_sounds_or_words_draws() -> None:
    still = np.zeros(361)
    data = scene_data(
        sounds=(), history=type(scene_data().history)(), others=(), captions=(), section_title="",
        iteration=still,
    )  # fmt: skip
    assert frame_of(scene(data), data, LATE).std() > 0


def test_a_short_scene_still_comes_and_goes() -> None:
    come_late, leave_late = transition_progress(5, 10, 30.0, 8)
    assert come_late > 0
    assert leave_late == 1.0
    assert transition_progress(0, 10, 30.0, 0)[0] == 0
    assert transition_progress(10, 10, 30.0, 0)[1] == 0


@given(st.integers(0, 400), st.integers(0, 12))
@settings(deadline=None, max_examples=50)
def test_panels_only_ever_come_until_they_are_there(frame: int, order: int) -> None:
    before, after = (
        transition_progress(frame, 1000, 60.0, order)[0],
        transition_progress(frame + 1, 1000, 60.0, order)[0],
    )
    assert 0 <= before <= after <= 1
    assert np.all(wipe_mask(64, 20, before) <= wipe_mask(64, 20, after) + 1e-6)


def test_a_panel_that_has_come_is_there_wholly() -> None:
    for origin in (None, 0, 30, 64):
        assert np.all(wipe_mask(64, origin, 1.0) == 1.0)
        assert np.all(wipe_mask(64, origin, 0.0) == 0.0)


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 6), st.integers(1, 6)).map(
            lambda box: PixelBox(2 * box[0], 2 * box[1], 2 * box[2], 2 * box[3])
        ),
        max_size=5,
    )
)
@settings(deadline=None, max_examples=100)
def test_covered_and_bare_rectangles_make_up_the_frame(boxes: list[PixelBox]) -> None:
    counts = np.zeros((40, 40), dtype=int)
    for box in uncovered(40, 40, boxes):
        counts[box.top : box.bottom, box.left : box.right] += 1
    assert counts.max(initial=0) <= 1
    for box in boxes:
        assert counts[box.top : box.bottom, box.left : box.right].max(initial=0) == 0
        counts[box.top : box.bottom, box.left : box.right] = 0
    covered = np.zeros((40, 40), dtype=bool)
    for box in boxes:
        covered[box.top : box.bottom, box.left : box.right] = True
    fresh = np.zeros((40, 40), dtype=int)
    for box in uncovered(40, 40, boxes):
        fresh[box.top : box.bottom, box.left : box.right] += 1
    assert np.array_equal(fresh == 1, ~covered)


def test_a_context_measures_type_by_the_frames_height_and_the_layouts_scale() -> None:
    landscape = RenderContext(scene_data(1920, 1080), load_theme("midnight"), load_layout("landscape"))
    portrait = RenderContext(scene_data(1080, 1920), load_theme("midnight"), load_layout("portrait"))
    assert landscape.style(0.05).size_px == 54.0
    assert 0.9 < portrait.size_px / landscape.size_px < 1.2


SEQUENCES = [
    ("landscape", (320, 180)), ("portrait", (180, 320)), ("inside", (320, 180)), ("inside-square", (180, 180)),
    ("four-graphs", (640, 360)), ("four-graphs-portrait", (180, 320)), ("speaking", (320, 180)),
]  # fmt: skip


def sequence_of(layout: str, size: tuple[int, int]) -> tuple[SceneData, SceneLayout | str]:
    """A scene and its layout; `speaking` is one of words over a graph, with panels that move in."""
    made = inside_data if layout.startswith("inside") else scene_data
    data = made(*size, frame_rate=Fraction(10), section_title="My voice")
    if layout != "speaking":
        return data, layout
    slide = {"enter": "rise", "exit": "drop"}
    panels = [{"kind": "waveform", "height": 0.5}, {"kind": "training_loss", "top": 0.5, "height": 0.5}]
    words = {"kind": "text", "template": "{{ now.loss }}", "left": 0.4, "top": 0.4, "width": 0.2, "height": 0.2}
    apart = {"kind": "counters", "items": ["iteration"], "height": 0.2, "top": 0.05, **slide}
    return data, layout_of(*panels, words, apart, {"kind": "caption", "top": 0.7, "height": 0.2})


@pytest.mark.parametrize(("layout", "size"), SEQUENCES)
def test_frames_drawn_over_one_another_look_as_each_drawn_alone(layout: str, size: tuple[int, int]) -> None:
    data, chosen = sequence_of(layout, size)
    alone, drawn = scene(data, layout=chosen), SequentialScene(scene(data, layout=chosen))
    order = [*range(data.start_frame, data.end_frame), *range(data.end_frame - 1, data.start_frame, -7)]
    one, two = (np.full((size[1] * 3 // 2, size[0]), fill, dtype=np.uint8) for fill in (77, 33))
    for frame in order:
        alone.draw(frame, one)
        drawn.draw(frame, two)
        assert np.array_equal(one, two), frame


def test_what_stands_still_is_left_in_the_buffer_that_was_drawn_last_and_in_no_other() -> None:
    data = scene_data(320, 180)
    drawn, out = SequentialScene(scene(data)), np.zeros((270, 320), dtype=np.uint8)
    wanted = frame_of(scene(data), data, LATE)
    drawn.draw(LATE - 1, out)
    out[1, 1] = 99  # of the margin
    drawn.draw(LATE, out)
    assert np.argwhere(out != wanted).tolist() == [[1, 1]]
    other = out.copy()
    drawn.draw(LATE, other)
    assert np.array_equal(other, wanted)
