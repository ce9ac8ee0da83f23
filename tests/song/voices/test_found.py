from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pipeline.song.voices.found import FoundVoice
from pipeline.song.voices.unit import Unit, frame_levels, part_of
from tests.song.speakers import BREAK_S, RATE_HZ, VOWELS_HZ, murmuring, speech, vowel

WHERE_S = {"a": BREAK_S, "i": 2 * BREAK_S + 0.55, "o": 3 * BREAK_S + 1.0}


def test_vowels_are_found_where_they_are_and_called_by_their_formants() -> None:
    voice = FoundVoice(speech(), RATE_HZ)
    assert voice.is_voiced
    for name, begin_s in WHERE_S.items():
        found = voice.vowels[name]
        assert begin_s <= found.first / RATE_HZ < found.last / RATE_HZ <= begin_s + 0.46
        assert found.formants_hz == pytest.approx(VOWELS_HZ[name], rel=0.26)


def test_stretches_do_not_overlap_and_the_best_come_first() -> None:
    stretches = FoundVoice(speech(), RATE_HZ).stretches
    assert all(a.goodness >= b.goodness for a, b in pairwise(stretches))
    places = sorted((one.first, one.last) for one in stretches)
    assert all(a[1] <= b[0] for a, b in pairwise(places))


def test_an_s_before_a_vowel_becomes_a_burst_where_lyrics_ask_for_it() -> None:
    voice = FoundVoice(speech(), RATE_HZ)
    burst = voice.sounding("sing", "", 60).burst
    assert burst is not None
    assert burst.is_unvoiced
    assert 0.05 <= burst.seconds <= 0.13
    assert voice.sounding("ing", "", 60).burst is None


def test_a_murmur_before_a_vowel_begins_nasals_and_liquids() -> None:
    voice = FoundVoice(murmuring(), RATE_HZ)
    murmur = voice.sounding("me", "", 60).burst
    assert murmur is not None
    assert not murmur.is_unvoiced
    assert 0.07 <= murmur.seconds <= 0.14
    assert -18 < murmur.gain_db < -3
    assert all(voice.sounding(one, "", 60).burst is murmur for one in ("no", "la", "ra", "know"))
    assert FoundVoice(speech(), RATE_HZ).sounding("me", "", 60).burst is None


def test_a_brighter_murmur_begins_liquids_alone() -> None:
    voice = FoundVoice(murmuring(liquid=True), RATE_HZ)
    nasal, liquid = (voice.sounding(one, "", 60).burst for one in ("me", "la"))
    assert nasal is not None
    assert liquid is not None
    assert (nasal.name, liquid.name) == ("murmur", "liquid")
    assert voice.sounding("ra", "", 60).burst is liquid

    def dark_db(unit: Unit) -> float:
        power = np.exp(unit.frames.envelope.mean(axis=0))
        hz = np.linspace(0, 12000, len(power))
        low, high = (power[(hz > first) & (hz < last)].sum() for first, last in ((100, 450), (600, 3000)))
        return float(10 * np.log10(low / high))

    assert dark_db(nasal) > dark_db(liquid) + 4


@pytest.mark.parametrize(("seconds", "rate"), [(0.0, RATE_HZ), (0.05, RATE_HZ), (1.0, RATE_HZ), (2.0, 1000)])
def test_noise_silence_and_sounds_of_low_rates_hold_no_voice_and_sing_all_the_same(seconds: float, rate: int) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * rate)).astype(np.float32)
    voice = FoundVoice(noise, rate)
    assert not voice.is_voiced
    assert voice.steady_s == 0
    body = voice.sounding("sa", "", 60).body
    assert np.isfinite(body.frames.envelope).all()


def test_silence_within_what_is_held_is_not_raised_to_the_level_of_a_voice() -> None:
    rate = 8000
    broken = 0.2 * np.random.default_rng(1).standard_normal(2400).astype(np.float32)
    broken[900:1500] = 0  # what a young network says: noise with holes in it
    unit = Unit("a", broken, rate)
    first, last = unit.stretched(len(unit.frames))
    levels = frame_levels(unit.frames.envelope)[first:last]
    assert np.ptp(levels) < 1.5
    above = unit.frames.envelope[first:last, 200:]  # above 4.7 kHz, of which a rate of 8 kHz has nothing
    assert above.max() < unit.frames.envelope[first:last].max() - 8


@pytest.mark.parametrize("hz", [75, 120, 240])
def test_a_stretch_cut_out_of_a_recording_has_no_click_at_its_ends(hz: float) -> None:
    whole = vowel("a", hz, 0.45)
    first, last = round(0.2 * RATE_HZ), round(0.28 * RATE_HZ)
    samples, margins_s = part_of(whole, RATE_HZ, first, last)
    unit = Unit("a", samples, RATE_HZ, margins_s=margins_s)
    assert unit.seconds == pytest.approx(0.08, abs=1e-3)
    high = unit.frames.envelope[:, unit.frames.envelope.shape[1] * 2 // 3 :].max(axis=1)  # above 8 kHz, nothing
    assert 15 <= len(high) <= 18
    assert np.ptp(high) < 4
