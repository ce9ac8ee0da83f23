"""The waveform and the spectrogram: what is where, when, and that both scroll by whole even pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from pipeline.picture.drawing.planes import ink, planes_of
from pipeline.picture.panels.layout import SceneLayout, load_layout
from pipeline.picture.panels.scene_data import SceneSound, loud_level
from pipeline.picture.panels.sound.spectrogram import SpectrogramPanel
from pipeline.picture.panels.sound.waveform import FULLEST, QUIETEST_PEAK, WaveformPanel
from pipeline.picture.theme.theme import load_theme
from tests.picture.panels.made_scenes import RATE_HZ, frame_of, layout_of, noise, scene, scene_data

FRAME = 40 + 200
COLOURS = load_theme("midnight").colours


def panel_of(data: Any, layout: SceneLayout) -> Any:
    return scene(data, layout=layout).panels[0]


@pytest.mark.parametrize("kind", ["waveform", "spectrogram"])
@pytest.mark.parametrize("rate", [Fraction(30), Fraction(24), Fraction(30000, 1001), Fraction(60)])
def test_consecutive_frames_are_equal_after_shifting_by_an_even_number_of_pixels(kind: str, rate: Fraction) -> None:
    data = scene_data(640, 96, frame_rate=rate)
    layout = layout_of({"kind": kind} | ({"labels": False} if kind == "waveform" else {}))
    drawn = scene(data, layout=layout)
    by = drawn.panels[0].law.pixels_per_frame  # type: ignore[attr-defined]
    assert by % 2 == 0
    frame = data.start_frame + int(5 * rate)
    one, two = (planes_of(frame_of(drawn, data, n), 640, 96) for n in (frame, frame + 1))
    for first, last in ((0, 310), (330, 640)):  # beside the playhead
        assert np.array_equal(one.luma[:, first + by : last], two.luma[:, first : last - by])
        half = slice(first // 2 + by // 2, last // 2), slice(first // 2, last // 2 - by // 2)
        assert np.array_equal(one.cb[:, half[0]], two.cb[:, half[1]])
        assert np.array_equal(one.cr[:, half[0]], two.cr[:, half[1]])


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1920, 1080), (3840, 2160)])
def test_three_seconds_lie_ahead_at_every_size_and_the_picture_keeps_its_proportions(size: tuple[int, int]) -> None:
    data = scene_data(*size, frame_rate=Fraction(60))
    settings = next(panel for panel in load_layout("landscape").panel if panel.kind == "waveform")
    drawn = scene(data, layout=SceneLayout(name="one", panel=(settings,)))
    waveform: Any = drawn.panels[0]
    ahead_s = (size[0] - round(0.42 * size[0])) / waveform.law.pixels_per_frame / 60
    assert 3.0 <= ahead_s < 3.2


def test_a_click_passes_the_playhead_in_its_own_frame() -> None:
    click_frame = FRAME + 3
    start = FRAME - 90
    samples = np.zeros(RATE_HZ * 8, dtype=np.float32)
    samples[-(-(click_frame - start) * RATE_HZ // 30) + 2] = 1.0
    data = scene_data(320, 64, sounds=(SceneSound(start, FRAME + 130, samples, RATE_HZ, "take"),))
    waveform = panel_of(data, layout_of({"kind": "waveform", "labels": False}))
    by = waveform.law.pixels_per_frame
    out = np.zeros((96, 320), dtype=np.uint8)
    planes = planes_of(out, 320, 64)
    waveform.draw(click_frame, planes)
    ground = round(ink(COLOURS.panel).luma)
    top = planes.luma[4].astype(int) - ground
    lit = np.flatnonzero(np.abs(top) > 20)
    lit = lit[(lit < 158) | (lit > 161)]  # the playhead itself
    assert lit.size == 0 or np.all((lit >= 158) & (lit < 160 + by))
    waveform.draw(click_frame - 4, planes)
    lit = np.flatnonzero(np.abs(planes.luma[4].astype(int) - ground) > 20)
    lit = lit[lit > 161]
    assert np.all((lit >= 160 + 4 * by - 1) & (lit <= 160 + 5 * by))
    assert lit.size


def test_what_was_heard_is_dimmer_than_what_lies_ahead() -> None:
    sound = (noise(8) * 0.15).astype(np.float32)
    loud = SceneSound(FRAME - 120, FRAME + 120, sound, RATE_HZ, "take")
    data = scene_data(320, 64, sounds=(loud,))
    planes = planes_of(
        frame_of(scene(data, layout=layout_of({"kind": "waveform", "labels": False})), data, FRAME), 320, 64
    )
    heard, ahead = planes.luma[32, 60:150].mean(), planes.luma[32, 170:260].mean()
    assert heard == pytest.approx(ink(COLOURS.played).luma, abs=2)
    assert ahead == pytest.approx(ink(COLOURS.upcoming).luma, abs=2)


def test_loud_passages_ahead_are_coloured_and_quiet_ones_are_not() -> None:
    sound = noise(8)
    sound[: 4 * RATE_HZ] *= 0.15
    data = scene_data(320, 64, sounds=(SceneSound(FRAME - 90, FRAME + 150, sound, RATE_HZ, "take"),))
    layout = layout_of({"kind": "waveform", "labels": False})
    planes = planes_of(frame_of(scene(data, layout=layout), data, FRAME), 320, 64)
    loud, quiet = ink(COLOURS.loud), ink(COLOURS.upcoming)
    assert planes.cr[16, 140] == pytest.approx(loud.cr, abs=2)
    assert planes.cr[16, 84] == pytest.approx(quiet.cr, abs=2)


def test_every_column_reaches_from_the_lowest_to_the_highest_of_its_samples() -> None:
    data = scene_data(320, 200, frame_rate=Fraction(30), sounds=(SceneSound(40, 140, noise(4, 5), RATE_HZ, "take"),))
    waveform: WaveformPanel = panel_of(data, layout_of({"kind": "waveform", "labels": False}))
    sound = data.sounds[0]
    levels = waveform._levels(sound, 37, 64)
    numerator, denominator = waveform.law.samples_per_column(sound)
    for index in (0, 1, 17, 63):
        begin, end = ((37 + index + step) * numerator // denominator for step in (0, 1))
        piece = sound.samples[begin - 1 : end]  # joined to the column before
        assert levels[index, 0] == piece.min()
        assert levels[index, 1] == piece.max()


def test_labels_of_takes_never_leave_the_safe_area_nor_run_into_the_next() -> None:
    data = scene_data(640, 120)
    layout = layout_of({"kind": "waveform", "text": 0.12})
    drawn = scene(data, layout=layout)
    lane = drawn.panels[0]._lane_px  # type: ignore[attr-defined]
    ground = round(ink(COLOURS.panel).luma)
    for frame in range(data.start_frame + 60, data.end_frame - 20, 13):
        luma = planes_of(frame_of(drawn, data, frame), 640, 120).luma
        assert np.all(luma[:lane, :32] == ground), frame
        assert np.all(luma[:lane, 608:] == ground), frame


def growing(*levels: float, noise_first: float = 0.0) -> tuple[SceneSound, ...]:
    """Takes of three seconds, each of noise of its own level; `noise_first` is the level of one before them."""
    takes = [noise_first, *levels] if noise_first else levels
    sounds = (np.clip(noise(3, seed) * level, -1, 1).astype(np.float32) for seed, level in enumerate(takes))
    return tuple(SceneSound(40 + 90 * at, 130 + 90 * at, samples, RATE_HZ, "take") for at, samples in enumerate(sounds))


def test_the_scale_is_that_of_loud_passages_and_not_of_untrained_noise() -> None:
    quiet = growing(0.1, 0.1, 0.1, 0.1)
    assert loud_level(growing(0.1, 0.1, 0.1, 0.1, noise_first=4.0)) == pytest.approx(loud_level(quiet), rel=0.05)
    recording = SceneSound(0, 40, noise(1) * np.float32(0.3), RATE_HZ, "recording")
    assert loud_level((recording, *quiet)) == recording.loud_peak > 2.5 * loud_level(quiet)
    assert loud_level(()) == 0


def test_takes_are_seen_to_grow_and_clicks_set_no_scale() -> None:
    one, two = growing(0.1, 0.4)
    clicks = np.array(one.samples[0 : len(one.samples)])
    clicks[::RATE_HZ] = 1.0
    clicking = SceneSound(one.start_frame, one.end_frame, clicks, RATE_HZ, "take")
    assert clicking.loud_peak == pytest.approx(one.loud_peak, rel=0.5)
    data = scene_data(640, 200, sounds=(one, two))
    waveform: WaveformPanel = panel_of(data, layout_of({"kind": "waveform", "labels": False}))
    assert waveform._gain * two.loud_peak == pytest.approx(FULLEST)
    assert waveform._gain * one.loud_peak == pytest.approx(FULLEST / 4, rel=0.1)


def test_what_is_louder_than_the_scale_stays_in_the_panel() -> None:
    sounds = growing(0.05, 0.05, 0.05, noise_first=4.0)
    data = scene_data(320, 120, sounds=sounds, section_title="")
    lane = panel_of(data, layout_of({"kind": "waveform"}))._lane_px
    planes = planes_of(frame_of(scene(data, layout=layout_of({"kind": "waveform"})), data, 100), 320, 120)
    ground = round(ink(COLOURS.panel).luma)
    assert lane > 0
    assert planes.luma[lane + 1, 170:200].max() > ground + 20
    assert np.all(planes.luma[: lane - 1, 200:300] == ground)


@pytest.mark.parametrize(("level", "marked"), [(0.99, -3), (0.7, -6), (0.1, -21), (0.004, -36)])
def test_a_level_is_marked_where_the_waveform_has_it(level: float, marked: int) -> None:
    square = np.where(np.arange(3 * RATE_HZ) // 20 % 2, level, -level).astype(np.float32)
    data = scene_data(320, 200, sounds=(SceneSound(40, 130, square, RATE_HZ, "take"),))
    layout = layout_of({"kind": "waveform", "labels": False})
    waveform: WaveformPanel = panel_of(data, layout)
    assert waveform.marked_dbfs == marked
    tile = planes_of(np.zeros((300, 320), dtype=np.uint8), 320, 200)
    waveform._paint_played(tile, waveform.law.column_at(400))  # where nothing sounds
    rows = np.flatnonzero(tile.luma[:, 100] != round(ink(COLOURS.panel).luma))
    share = 10 ** (marked / 20) / max(level, QUIETEST_PEAK) * FULLEST
    assert rows.min() == pytest.approx(100 - 100 * share, abs=1.5)
    assert rows.max() == pytest.approx(100 + 100 * share, abs=1.5)
    bare: WaveformPanel = panel_of(data, layout_of({"kind": "waveform", "labels": False, "level_mark": False}))
    bare._paint_played(tile, waveform.law.column_at(400))
    assert np.ptp(np.flatnonzero(tile.luma[:, 100] != round(ink(COLOURS.panel).luma))) <= 2


def test_a_label_without_room_becomes_shorter_or_is_left_out() -> None:
    short = SceneSound(FRAME, FRAME + 12, noise(1), RATE_HZ, "take", "iteration 1,000,000", "1M")
    data = scene_data(640, 120, sounds=(short, SceneSound(FRAME + 12, FRAME + 90, noise(1), RATE_HZ, "take", "x", "x")))
    waveform: WaveformPanel = panel_of(data, layout_of({"kind": "waveform", "text": 0.12}))
    assert waveform._fitting(short, 1000.0) == "iteration 1,000,000"
    assert waveform._fitting(short, 60.0) == "1M"
    assert waveform._fitting(short, 3.0) == ""


def test_a_sine_is_bright_at_its_own_height_in_the_spectrogram() -> None:
    time_s = np.arange(RATE_HZ * 4) / RATE_HZ
    tones = [300.0, 1000.0, 3000.0]
    rows = []
    for tone in tones:
        samples = (0.5 * np.sin(2 * np.pi * tone * time_s)).astype(np.float32)
        data = scene_data(64, 200, sounds=(SceneSound(40, 160, samples, RATE_HZ, "take"),))
        spectrogram: SpectrogramPanel = panel_of(data, layout_of({"kind": "spectrogram"}))
        levels = spectrogram._levels(data.sounds[0], 100, 32)
        assert np.ptp(levels.argmax(axis=0)) <= 1
        rows.append(int(levels[:, 10].argmax()))
    mels = 2595 * np.log10(1 + np.array([*tones, 30.0, RATE_HZ / 2]) / 700)
    wanted = 200 * (1 - (mels[:3] - mels[3]) / (mels[4] - mels[3]))
    assert np.abs(np.array(rows) + 0.5 - wanted).max() <= 4


def test_silence_has_the_spectrums_first_colour() -> None:
    data = scene_data(64, 64, sounds=())
    planes = planes_of(frame_of(scene(data, layout=layout_of({"kind": "spectrogram"})), data, FRAME), 64, 64)
    silent = ink(COLOURS.spectrum[0])
    assert np.all(planes.luma[:, :30] == round(silent.luma))


class Watched:
    """Samples that count how many of them are read."""

    def __init__(self, samples: np.ndarray) -> None:
        self._samples, self.read = samples, 0

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, part: slice) -> np.ndarray:
        self.read += self._samples[part].size
        return self._samples[part]

    def peak(self) -> float:
        return float(np.abs(self._samples).max())


@pytest.mark.parametrize("kind", ["waveform", "spectrogram"])
def test_a_stretch_of_sound_is_read_once_for_what_lies_ahead_and_what_was_heard(kind: str) -> None:
    watched = Watched(noise(20))
    data = scene_data(640, 96, sounds=(SceneSound(40, 640, watched, RATE_HZ, "take"),), **frames_of(600))
    drawn = scene(data, layout=layout_of({"kind": kind}))
    watched.read = 0  # how loud it is has been measured
    for frame in range(data.start_frame, data.end_frame, 3):
        frame_of(drawn, data, frame)
    assert len(watched) <= watched.read < 1.25 * len(watched)


def frames_of(frames: int) -> dict[str, Any]:
    return {"end_frame": 40 + frames, "iteration": np.linspace(0, 4000, frames + 1)}


def test_the_highest_level_of_a_sound_is_found_once_for_all_panels() -> None:
    samples = noise(3)
    samples[1000] = -0.97
    plain = SceneSound(40, 130, samples, RATE_HZ, "take")
    assert plain.peak == pytest.approx(0.97)
    samples[1001] = 0.99
    assert plain.peak == pytest.approx(0.97), "it is not looked for again"
