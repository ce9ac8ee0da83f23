from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio.measures.likeness import voice_distance
from pipeline.audio.measures.record import VoiceMeasures
from pipeline.audio.measures.voice import measure
from tests.sound.sounds import noise, sine, speechlike

VOICE = VoiceMeasures(
    seconds=10.0,
    level_db=-20.0,
    loudness_range_db=20.0,
    silence_share=0.2,
    pauses=8,
    pause_share=0.15,
    pause_s=0.2,
    voiced_share=0.6,
    pitch_hz=120.0,
    pitch_low_hz=100.0,
    pitch_high_hz=150.0,
    vowel_share=0.4,
    formant_1_hz=500.0,
    formant_2_hz=1500.0,
    bands_db=(-10.0, -20.0),
)


def like(**changes: object) -> VoiceMeasures:
    return VoiceMeasures.model_validate(VOICE.model_dump() | changes)


def test_a_sound_is_nearest_to_itself() -> None:
    assert voice_distance(VOICE, VOICE) == 0.0


@pytest.mark.parametrize(
    ("nearer", "further"),
    [
        ({"pitch_hz": 125.0}, {"pitch_hz": 150.0}),
        ({"pitch_hz": 110.0}, {"pitch_hz": 60.0}),
        ({"pitch_hz": 150.0}, {"pitch_hz": None}),
        ({"pitch_high_hz": 160.0}, {"pitch_high_hz": 300.0}),
        ({"voiced_share": 0.5}, {"voiced_share": 0.3}),
        ({"pause_share": 0.1}, {"pause_share": 0.0}),
        ({"pause_s": 0.25}, {"pause_s": 0.5}),
        ({"loudness_range_db": 18.0}, {"loudness_range_db": 10.0}),
        ({"vowel_share": 0.3}, {"vowel_share": 0.1}),
        ({"formant_1_hz": 520.0}, {"formant_1_hz": 700.0}),
        ({"formant_2_hz": 1400.0}, {"formant_2_hz": 1000.0}),
        ({"bands_db": (-11.0, -20.0)}, {"bands_db": (-14.0, -20.0)}),
    ],
)
def test_every_measure_counts(nearer: dict[str, object], further: dict[str, object]) -> None:
    assert 0.0 < voice_distance(like(**nearer), VOICE) < voice_distance(like(**further), VOICE)


def test_pitch_counts_twice() -> None:
    far_pitch, no_vowels = like(pitch_hz=500.0), like(vowel_share=1.0)
    assert voice_distance(far_pitch, VOICE) == pytest.approx(2 * voice_distance(no_vowels, VOICE))


def test_of_made_sounds_the_voice_of_the_same_pitch_is_nearest_and_noise_is_farthest() -> None:
    rate = 11025
    own = measure(speechlike(4.0, rate, 120.0), rate)
    sounds = speechlike(4.0, rate, 126.0), speechlike(4.0, rate, 240.0), sine(120, 4.0, rate), noise(4.0, rate)
    far = [voice_distance(measure(one, rate), own) for one in sounds]
    assert far[0] == min(far)
    assert far[3] == max(far)


@given(st.none() | st.floats(60, 500), st.floats(0, 1))
def test_no_difference_outweighs_all_others(pitch_hz: float | None, voiced: float) -> None:
    own = like(pitch_hz=pitch_hz, voiced_share=voiced)
    assert 0.0 <= voice_distance(own, VOICE) <= 2.0
    assert voice_distance(own, VOICE) == pytest.approx(voice_distance(VOICE, own))
