"""The oscilloscope stands still where the sound does."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.picture.drawing.planes import planes_of
from pipeline.picture.panels.scene_data import SceneSound
from pipeline.picture.panels.sound.oscilloscope import period_of, trigger
from tests.picture.panels.made_scenes import RATE_HZ, frame_of, layout_of, noise, scene, scene_data, vowel

LAYOUT = layout_of({"kind": "oscilloscope"})


def frames_of(samples: np.ndarray, count: int) -> list[np.ndarray]:
    data = scene_data(320, 100, sounds=(SceneSound(40, 400, samples, RATE_HZ, "take"),))
    drawn = scene(data, layout=LAYOUT)
    return [planes_of(frame_of(drawn, data, 150 + n), 320, 100).luma.astype(float) for n in range(count)]


@pytest.mark.parametrize("pitch_hz", [83.0, 110.0, 137.3, 178.9, 231.7, 290.0])
def test_a_vowel_stands_still(pitch_hz: float) -> None:
    frames = frames_of(vowel(12, pitch_hz), 16)
    moved = max(np.abs(two - one).mean() for one, two in itertools.pairwise(frames))
    lit = (frames[0] - frames[0].min()).mean()
    assert moved < 0.12 * lit


def test_a_vowel_in_noise_that_glides_hardly_moves() -> None:
    time_s = np.arange(12 * RATE_HZ) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(120 + 8 * np.sin(2 * np.pi * 0.5 * time_s)) / RATE_HZ
    sound = sum(np.sin(number * phase + number) / number for number in range(1, 12)) * 0.3 + noise(12) * 0.02
    frames = frames_of(sound.astype(np.float32), 16)
    rows = [np.array([column.argmax() for column in frame.T], dtype=float) for frame in frames]
    moved = [np.median(np.abs(two - one)) for one, two in itertools.pairwise(rows)]
    assert max(moved) <= 3


def test_noise_and_silence_draw_without_a_trigger() -> None:
    assert frames_of(noise(12), 1)[0].std() > 1
    assert frames_of(np.zeros(12 * RATE_HZ, dtype=np.float32), 1)[0].std() > 0


@given(st.floats(70, 400))
@settings(deadline=None, max_examples=40)
def test_the_period_of_a_vowel_is_found(pitch_hz: float) -> None:
    samples = vowel(0.12, pitch_hz)
    period = period_of(samples, RATE_HZ)
    times = period * pitch_hz / RATE_HZ
    assert times == pytest.approx(round(times), rel=0.02)
    assert round(times) >= 1


@given(st.integers(0, 4000))
@settings(deadline=None, max_examples=60)
def test_the_trigger_finds_the_same_phase_wherever_it_begins(start: int) -> None:
    pitch_hz = 131.0
    samples = vowel(1.0, pitch_hz)[start : start + 1200]
    found = start + trigger(samples, RATE_HZ, 330)
    reference = trigger(vowel(1.0, pitch_hz)[:1200], RATE_HZ, 330)
    periods = (found - reference) * pitch_hz / RATE_HZ
    assert abs(periods - round(periods)) < 0.02


def test_the_picture_never_needs_samples_that_are_not_there() -> None:
    data = scene_data(320, 100, sounds=(SceneSound(40, 60, vowel(0.3), RATE_HZ, "take"),))
    scope: Any = scene(data, layout=LAYOUT).panels[0]
    for frame in range(40, 60):
        assert scope.levels(data.sounds[0], frame - 40).size > 100
