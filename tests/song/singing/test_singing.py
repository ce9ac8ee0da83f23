"""What is sung is measured back from the sound, with other code than that which made it."""

from __future__ import annotations

import time
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from scipy import signal

from pipeline.audio.measures.formants import formants_of
from pipeline.audio.measures.pitch import pitch_track
from pipeline.runtime.resources import assets_folder
from pipeline.song.lyrics.phrases import from_file, with_lyrics
from pipeline.song.notes.tune import Note
from pipeline.song.singing.phrase import SungSound, _places, sing
from pipeline.song.singing.spans import spans_of
from pipeline.song.singing.style import SingingStyle
from pipeline.song.voices.bank import VoiceBank
from pipeline.song.voices.found import FoundVoice
from pipeline.song.voices.unit import Unit
from tests.song.envelopes import GRID_HZ, envelope, stretch_of
from tests.song.singing.slides import Alone, slid
from tests.song.speakers import (
    FORMANTS_HZ,
    RATE_HZ,
    murmuring,
    response,
    said,
    speech,
    vowel,
    write_bank,
    write_pitched_bank,
)

KEYS = (48, 50, 52, 53, 55, 53, 52, 50, 48, 55)
NOTE_S = 0.4
LEGATO = [Note(0.5 + NOTE_S * at, 0.5 + NOTE_S * (at + 1), float(key)) for at, key in enumerate(KEYS)]
DETACHED = [Note(0.5 + NOTE_S * at, 0.5 + NOTE_S * at + 0.25, float(key)) for at, key in enumerate(KEYS[:6])]
WORDS = "ah see oh i a so i a see oh"


@lru_cache(maxsize=1)
def voice() -> FoundVoice:
    return FoundVoice(speech(), RATE_HZ)


@lru_cache(maxsize=8)
def sung(notes: tuple[Note, ...], words: str = "", transpose: float = 0.0) -> SungSound:
    (phrase,) = with_lyrics(notes, {1: words}, [], "x") if words else from_file(notes)
    return sing(phrase, voice(), SingingStyle(transpose=transpose))


def pitch_at(sound: SungSound, times_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Pitch in MIDI numbers, by the measures' autocorrelation, at times of the tune."""
    slow = signal.resample_poly(sound.samples, 1, 2).astype(np.float32)
    centres = np.round((times_s - sound.start_s) * sound.sample_rate_hz / 2).astype(np.int64)
    hz = pitch_track(slow, sound.sample_rate_hz / 2, centres, np.ones(len(centres), bool)).hz.astype(np.float64)
    return 69 + 12 * np.log2(np.maximum(hz, 1) / 440)


@pytest.mark.parametrize(("words", "transpose"), [("", 0.0), (WORDS, 0.0), ("", -5.0)])
def test_notes_are_within_10_cents_over_their_steady_part(words: str, transpose: float) -> None:
    sound = sung(tuple(LEGATO), words, transpose)
    right = 0
    for note in LEGATO:
        times = np.arange(note.start_s + 0.12, note.end_s - 0.11, 0.005)
        off = 100 * (np.median(pitch_at(sound, times)) - note.key - transpose)
        right += abs(off) <= 10
    assert right >= 0.95 * len(LEGATO)


def test_notes_that_are_joined_change_pitch_at_their_beginning() -> None:
    sound = sung(tuple(LEGATO))
    for before, note in pairwise(LEGATO):
        low = signal.butter(4, 1.2 * max(before.hz, note.hz), "lowpass", fs=sound.sample_rate_hz, output="sos")
        first = round((note.start_s - 0.1 - sound.start_s) * sound.sample_rate_hz)
        part = signal.sosfiltfilt(low, sound.samples[first - 4800 : first + 9600])  # the fundamental alone
        hz = np.diff(np.unwrap(np.angle(signal.hilbert(part)))) * sound.sample_rate_hz / (2 * np.pi)
        smooth = np.convolve(hz, np.hanning(481) / np.hanning(481).sum(), "same")[4800:9600]
        far = np.log(smooth / before.hz) / np.log(note.hz / before.hz)
        crossing = sound.start_s + (first + np.flatnonzero(far[:4000] < 0.5)[-1]) / sound.sample_rate_hz
        assert abs(crossing - note.start_s) <= 0.010


def test_notes_after_a_rest_begin_on_time() -> None:
    sound = sung(tuple(DETACHED))
    level = np.sqrt(signal.lfilter([0.02], [1, -0.98], np.square(sound.samples, dtype=np.float64)))
    for note in DETACHED:
        at = round((note.start_s - sound.start_s) * sound.sample_rate_hz)
        steady = np.median(level[at + 2400 : at + 4000])
        first = int(np.flatnonzero(level[at - 1200 : at + 2400] >= 0.4 * steady)[0]) - 1200
        assert abs(first / sound.sample_rate_hz) <= 0.010


def test_formants_stay_where_they_were_at_any_pitch() -> None:
    recorded = voice().vowels["a"].formants_hz
    assert recorded is not None
    for transpose in (-4.0, 0.0, 5.0):
        sound = sung((Note(0.5, 2.0, 50.0),), "ah", transpose)
        slow = signal.resample_poly(sound.samples, 1, 2).astype(np.float32)
        centres = np.round(np.arange(0.7, 1.3, 0.01) * sound.sample_rate_hz / 2).astype(np.int64)
        found = formants_of(slow, sound.sample_rate_hz / 2, centres)
        assert (found.first_hz, found.second_hz) == pytest.approx(recorded, rel=0.05)


@pytest.mark.parametrize(("which", "hz"), [("a", 220), ("i", 220), ("o", 240), ("u", 110)])
def test_the_formants_of_a_made_vowel_are_sung_where_they_were_made_when_transposed(which: str, hz: float) -> None:
    singer = Alone(Unit(which, said(which, hz), 16000))
    true = 20 * np.log10(np.abs(response(which, GRID_HZ)))
    for transpose in (-7.0, 7.0):
        seen = slid(singer, 69 + 12 * np.log2(hz / 440), transpose)
        moved, unlike_db = stretch_of(seen, true)
        assert abs(moved) <= 0.02
        assert unlike_db < 1.6
        for formant in FORMANTS_HZ[which]:
            if formant > hz * 2 ** (transpose / 12):
                assert abs(stretch_of(seen, true, formant)[0]) <= 0.05


def test_a_spoken_envelope_stays_where_it_was_when_transposed() -> None:
    samples, rate = soundfile.read(assets_folder() / "demo" / "session-1.flac", dtype="float32")
    singer = FoundVoice(samples, rate)
    usual = envelope(slid(singer, 54.0, 0.0))
    formants = singer.vowels["a"].formants_hz
    assert formants is not None
    for transpose in (-5.0, 7.0):
        seen = slid(singer, 54.0, transpose)
        assert all(abs(stretch_of(seen, usual, one)[0]) <= 0.05 for one in (None, *formants))


def test_nothing_clicks() -> None:
    """The voice has nothing above 5.5 kHz: whatever lies above 8 kHz is a click."""
    high = signal.butter(8, 8000, "highpass", fs=24000, output="sos")
    for notes, words in ((LEGATO, WORDS), (LEGATO, ""), (DETACHED, "")):
        heard = signal.sosfilt(high, sung(tuple(notes), words).samples)
        assert 20 * np.log10(np.abs(heard).max() + 1e-9) < -65


def test_a_held_vowel_does_not_rasp_where_its_recording_was_cut() -> None:
    (phrase,) = from_file([Note(0.5, 3.5, 50.0)])
    high = signal.butter(8, 8000, "highpass", fs=24000, output="sos")
    heard = signal.sosfilt(high, sing(phrase, voice(), SingingStyle()).samples)
    assert 20 * np.log10(np.abs(heard).max() + 1e-9) < -70


def test_a_note_is_never_still_and_goes_back_to_no_other_pitch() -> None:
    sound = sung((Note(0.5, 3.0, 50.0),))
    first = round((0.7 - sound.start_s) * sound.sample_rate_hz)
    windows = sound.samples[first : first + 40 * 1200].reshape(40, 1200)  # 50 ms each
    levels = 10 * np.log10(np.square(windows, dtype=np.float64).mean(axis=1))
    assert 1.0 < np.ptp(levels) < 6.0
    assert np.abs(np.diff(levels)).max() < 1.5


def test_a_burst_is_the_recording_s_own_noise_and_ends_with_its_vowel() -> None:
    sound = sung((Note(0.5, 1.2, 50.0),), "sah")
    burst = voice().bursts["hiss"]
    high = signal.butter(4, 4000, "highpass", fs=sound.sample_rate_hz, output="sos")
    power = np.square(signal.sosfilt(high, sound.samples))
    level = 10 * np.log10(np.convolve(power, np.ones(120) / 120, "same") + 1e-12)
    loud = np.flatnonzero(level > level.max() - 12) / sound.sample_rate_hz + sound.start_s
    assert loud.max() == pytest.approx(0.5, abs=0.012)
    assert loud.max() - loud.min() == pytest.approx(burst.seconds, abs=0.03)


def test_long_rests_and_notes_that_never_end_take_little_memory_and_time() -> None:
    begun = time.process_time()
    far = sung((Note(0.5, 1.0, 50.0), Note(90.0, 90.5, 52.0)), "ah oh")
    assert time.process_time() - begun < 3
    assert len(far.samples) / far.sample_rate_hz == pytest.approx(90.2, abs=0.3)
    middle = far.samples[24000 * 10 : 24000 * 80]
    assert not middle.any()
    assert abs(np.median(pitch_at(far, np.arange(90.15, 90.35, 0.005))) - 52) < 0.1
    long = sung(tuple(Note(0.5 + 11 * at, 11.5 + 11 * at, 50.0) for at in range(2)))
    high = signal.butter(8, 8000, "highpass", fs=24000, output="sos")
    assert 20 * np.log10(np.abs(signal.sosfilt(high, long.samples)).max() + 1e-9) < -65
    assert long.samples[24000 * 21 : 24000 * 22].any()


def test_vibrato_swings_around_the_note_as_deep_and_as_fast_as_asked_for() -> None:
    (phrase,) = from_file([Note(0.5, 3.0, 50.0)])
    sound = sing(phrase, voice(), SingingStyle(vibrato_cents=40, vibrato_hz=5))
    keys = pitch_at(sound, np.arange(1.4, 2.4, 0.005)) - 50
    assert abs(100 * keys.mean()) < 6
    assert 50 * np.ptp(keys) == pytest.approx(40, abs=8)
    power = np.abs(np.fft.rfft(keys - keys.mean()))
    assert np.argmax(power) == 5  # in a second


def test_the_same_phrase_is_the_same_bytes_and_quicker_than_it_lasts() -> None:
    (phrase,) = with_lyrics(LEGATO, {1: WORDS}, [], "x")
    begun = time.process_time()
    again = sing(phrase, FoundVoice(speech(), RATE_HZ), SingingStyle())
    assert time.process_time() - begun < len(again.samples) / again.sample_rate_hz
    assert again.samples.tobytes() == sung(tuple(LEGATO), WORDS).samples.tobytes()


def test_velocity_is_loudness_and_pitch_bend_is_heard() -> None:
    def level(velocity: float) -> float:
        sound = sung((Note(0.5, 1.2, 50.0, velocity),))
        return float(np.square(sound.samples).mean())

    assert 10 * np.log10(level(0.8) / level(0.4)) == pytest.approx(8, abs=1.5)
    bent = sung((Note(0.5, 1.3, 50.0, bend=((0.0, 0.0), (0.4, 200.0))),))
    assert pitch_at(bent, np.arange(0.6, 1.2, 0.01))[[10, 50]] == pytest.approx([50, 52], abs=0.3)


def test_a_bank_begins_its_consonant_before_the_note(tmp_path: Path) -> None:
    bank = VoiceBank(write_bank(tmp_path), "x")
    (phrase,) = with_lyrics([Note(0.5, 1.0, 57.0), Note(1.0, 1.5, 60.0)], {1: "\u3055\u3055"}, [], "x")
    sound = sing(phrase, bank, SingingStyle())
    rate = sound.sample_rate_hz
    high = signal.sosfilt(signal.butter(6, 4000, "highpass", fs=rate, output="sos"), sound.samples)

    def power(samples: npt.NDArray[np.float64], begin: float, end: float) -> float:
        part = samples[round((begin - sound.start_s) * rate) : round((end - sound.start_s) * rate)]
        return float(np.square(part).mean())

    for start in (0.5, 1.0):
        assert power(high, start - 0.08, start - 0.02) > 4 * power(high, start + 0.1, start + 0.3)
    times = np.array([0.8, 0.81, 0.82, 0.83, 0.84, 0.85])
    assert np.median(pitch_at(sound, times)) == pytest.approx(57, abs=0.1)


def test_a_bank_ends_a_vowel_as_it_was_recorded_and_goes_over_to_the_next_consonant(tmp_path: Path) -> None:
    bank = VoiceBank(write_pitched_bank(tmp_path), "x")
    (phrase,) = with_lyrics([Note(0.5, 1.1, 57.0), Note(1.1, 2.0, 57.0)], {1: "\u3044\u3044"}, [], "x")
    sound = sing(phrase, bank, SingingStyle(vibrato_cents=0))
    rate, last = sound.sample_rate_hz, spans_of(phrase, bank, "", 0.0)[-1]
    assert last.tail is not None
    assert last.tail.unit.name.startswith("i R")
    level = 10 * np.log10(np.convolve(np.square(sound.samples), np.ones(480) / 480, "same") + 1e-12)
    held, at_end, after = (level[round((at - sound.start_s) * rate)] for at in (1.6, 1.98, 2.05))
    assert held - 15 < at_end < held
    assert after < held - 12
    high = signal.butter(8, 9500, "highpass", fs=rate, output="sos")
    assert 20 * np.log10(np.abs(signal.sosfilt(high, sound.samples)).max() + 1e-9) < -65
    (over,) = with_lyrics([Note(0.5, 1.1, 57.0), Note(1.1, 2.0, 57.0)], {1: "\u3042\u3055"}, [], "x")
    first, _ = spans_of(over, bank, "", 0.0)
    assert first.tail is not None
    assert first.tail.unit.name.startswith("a s")
    assert first.fall == first.tail.rise


def test_a_diphthong_ends_on_its_second_vowel() -> None:
    sound = sung((Note(0.5, 1.5, 50.0), Note(1.7, 1.85, 50.0)), "mai mai")

    def brightness(begin: float, end: float) -> float:
        """Power near the second formant of an i over that near the first of an a, in decibels."""
        part = sound.samples[round((begin - sound.start_s) * 24000) : round((end - sound.start_s) * 24000)]
        hz, power = signal.welch(part, 24000, nperseg=900)
        bands = [power[(hz > low) & (hz < high)].sum() for low, high in ((2000, 2600), (600, 900))]
        return float(10 * np.log10(bands[0] / bands[1]))

    held, left = brightness(0.6, 1.25), brightness(1.42, 1.5)
    assert brightness(0.6, 0.8) == pytest.approx(held, abs=2)
    assert left > held + 10
    assert brightness(1.36, 1.4) > left - 8
    assert brightness(1.8, 1.85) > brightness(1.7, 1.76) + 6


@pytest.mark.parametrize(("fixed_s", "most_db"), [(0.0, 12), (0.05, 5)])
def test_a_vowel_that_moves_where_it_begins_does_not_pulse_in_each_loop(fixed_s: float, most_db: float) -> None:
    begun = vowel("i", 110, 0.11 if fixed_s else 0.1)[600:]
    unit = Unit("a", np.concatenate([begun, vowel("a", 110, 0.4)[300:3000]]), RATE_HZ, fixed_s=fixed_s)

    sound = sing(from_file([Note(0.5, 4.5, 45.0)])[0], Alone(unit), SingingStyle(vibrato_cents=0))
    rate = sound.sample_rate_hz
    part = sound.samples[round((0.9 - sound.start_s) * rate) : round((4.2 - sound.start_s) * rate)]
    hz, _, power = signal.spectrogram(part, rate, nperseg=1200, noverlap=600)
    bands = [power[(hz > low) & (hz < high)].sum(axis=0) for low, high in ((1800, 2800), (600, 900))]
    brightness = 10 * np.log10(bands[0] / bands[1])
    assert np.ptp(brightness) < most_db


def test_a_murmur_has_the_pitch_of_its_note_and_is_dark_and_soft_up_to_the_note_s_beginning() -> None:
    (phrase,) = with_lyrics([Note(0.5, 1.0, 50.0), Note(1.0, 1.5, 50.0)], {1: "ma ma"}, [], "x")
    sound = sing(phrase, FoundVoice(murmuring(), RATE_HZ), SingingStyle())
    rate = sound.sample_rate_hz

    def bands_db(begin: float, end: float) -> tuple[float, float]:
        hz, power = signal.welch(
            sound.samples[round((begin - sound.start_s) * rate) :][: round((end - begin) * rate)], rate
        )
        return tuple(10 * np.log10(power[(hz > low) & (hz < high)].sum()) for low, high in ((100, 450), (600, 1500)))

    for start in (0.5, 1.0):
        (low, dark), (full, bright) = bands_db(start - 0.06, start - 0.015), bands_db(start + 0.05, start + 0.3)
        assert bright - dark > 12
        assert full - low < bright - dark - 6
    assert np.median(pitch_at(sound, np.arange(0.95, 0.98, 0.005))) == pytest.approx(50, abs=0.3)


@pytest.mark.parametrize("fixed_s", [0.0, 0.1])
def test_a_held_sound_goes_through_its_recording_without_a_jump(fixed_s: float) -> None:
    unit = Unit("a", vowel("a", 110, 0.4), RATE_HZ, fixed_s=fixed_s)
    first, last = unit.stretched(len(unit.frames))
    places = _places(unit, unit.frames, np.arange(600, dtype=np.float64), 1.0, [1])
    assert places[0] <= 2
    assert np.abs(np.diff(places)).max() < 2
    assert places.max() <= last - 1
    assert places[: first + 20].argmax() == first + 19  # onwards at first
    assert places[first + 100 :].min() >= unit.looped_from(len(unit.frames)) - 1e-9
