"""The film's soundtrack."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from pipeline.audio.noise import noisiness
from pipeline.audio.quantise import QuantisedSamples, quantise
from pipeline.sound.settings import SoundSettings
from pipeline.sound.signal.loudness import measure
from pipeline.sound.soundtrack.ducking import Duck
from pipeline.sound.soundtrack.mastering import SoundtrackFacts, loudness_warnings, write_soundtrack
from pipeline.sound.soundtrack.placement import Floats, Kind, Placement, lay_music
from pipeline.sound.soundtrack.soundtrack import measure_file
from pipeline.sound.soundtrack.soundtrack import mixed as mixed_bus
from pipeline.sound.soundtrack.voice import fade_gain, heard_blocks
from tests.sound.sounds import convert, noise, peak_hz, sine, speechlike

FILM = 48000


def place(at_s: float, seconds: float, source: Floats, rate_hz: int = 11025, kind: Kind = "take") -> Placement:
    return Placement(round(at_s * FILM), round(seconds * FILM), source, rate_hz, kind)


def mix(placements: Sequence[Placement], total: int, path: Path, settings: SoundSettings) -> SoundtrackFacts:
    with mixed_bus(placements, total, path.with_suffix(".scratch"), settings) as bus:
        return write_soundtrack(bus, path, settings)


def mixed(folder: Path, seconds: float, *placements: Placement, **settings: object) -> tuple[Floats, SoundtrackFacts]:
    path = folder / "soundtrack.wav"
    facts = mix(placements, round(seconds * FILM), path, SoundSettings.model_validate(settings))
    assert [file.name for file in folder.iterdir()] == ["soundtrack.wav"]
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.subtype, info.frames) == (FILM, 2, "PCM_24", round(seconds * FILM))
    return soundfile.read(path, dtype="float32")[0], facts


def lufs(samples: Floats) -> float:
    return measure(samples, FILM).integrated_lufs


def test_the_film_has_its_loudness_and_the_facts_are_those_of_the_file(tmp_path: Path) -> None:
    samples, facts = mixed(tmp_path, 8, place(1, 6, speechlike(6.0, 11025)))
    assert facts.loudness_lufs == pytest.approx(-16.0, abs=0.05)
    assert lufs(samples) == pytest.approx(-16.0, abs=0.05)
    assert measure(samples, FILM).true_peak_dbtp == pytest.approx(facts.true_peak_dbtp, abs=0.05)
    assert facts.true_peak_dbtp <= -1.5
    assert not facts.is_held_down
    assert loudness_warnings(facts.loudness_lufs, SoundSettings()) == ()


def test_loudness_survives_the_encoder(tmp_path: Path) -> None:
    _, facts = mixed(tmp_path, 8, place(0, 8, speechlike(8.0, 11025)))
    encoded = convert(tmp_path / "soundtrack.wav", tmp_path / "soundtrack.m4a", "-c:a", "aac", "-b:a", "192k")
    assert measure_file(encoded).integrated_lufs == pytest.approx(facts.loudness_lufs, abs=0.1)


def test_where_peaks_forbid_the_loudness_the_limit_holds_and_is_told(tmp_path: Path) -> None:
    spiky = sine(300, 5.0, 11025, level_db=-40.0)
    spiky[::2205] = 0.9
    samples, facts = mixed(tmp_path, 5, place(0, 5, spiky, kind="recording"))
    assert -1.6 < measure(samples, FILM).true_peak_dbtp <= -1.5
    assert facts.loudness_lufs < -16.5
    assert facts.reduction_db == pytest.approx(6.0, abs=0.05)
    assert facts.is_held_down
    (warning,) = loudness_warnings(facts.loudness_lufs, SoundSettings())
    assert "below the target" in warning
    assert "lowers peaks by 6 dB at most" in warning


def test_sounds_lie_where_they_were_placed_and_nothing_between(tmp_path: Path) -> None:
    samples, _ = mixed(tmp_path, 6, place(1, 1, sine(500, 1.0, 11025)), place(4, 1.5, sine(700, 9.0, 11025)))
    heard = np.abs(samples).max(axis=1) > 1e-4
    edges = np.flatnonzero(np.diff(np.convolve(heard, np.ones(200), "same") > 0)) / FILM
    assert edges == pytest.approx([1.0, 2.0, 4.0, 5.5], abs=0.005)
    assert peak_hz(samples[FILM : 2 * FILM, 0], FILM) == pytest.approx(500, abs=2)
    assert peak_hz(samples[4 * FILM : 5 * FILM, 0], FILM) == pytest.approx(700, abs=2)


def test_an_impulse_is_heard_at_its_sample(tmp_path: Path) -> None:
    source = np.zeros(11025, np.float32)
    source[5512] = 1.0
    samples, _ = mixed(tmp_path, 4, place(2, 1, source))
    assert abs(int(np.argmax(np.abs(samples[:, 0]))) - (2 * FILM + 5512 * FILM / 11025)) <= 1


def test_nothing_clicks_where_a_sound_begins_and_ends(tmp_path: Path) -> None:
    square = np.sign(sine(55, 1.0, 11025)) + np.float32(0.5)  # loud from its first sample on, with DC offset
    samples, _ = mixed(tmp_path, 3, place(1, 1, square), match_loudness=False)
    inside = np.abs(np.diff(samples[round(1.2 * FILM) : round(1.8 * FILM), 0])).max()
    for edge in (FILM, 2 * FILM):
        assert np.abs(np.diff(samples[edge - 240 : edge + 240, 0])).max() < 0.5 * inside
    assert np.abs(samples[FILM - 1 : FILM + 2]).max() < 0.01


def test_direct_current_is_taken_out(tmp_path: Path) -> None:
    samples, _ = mixed(tmp_path, 4, place(0, 4, sine(500, 4.0, 11025, -12) + np.float32(0.4)))
    assert abs(samples.mean()) < 1e-3


def test_takes_and_recordings_become_equally_loud(tmp_path: Path) -> None:
    placements = [
        place(0, 3, speechlike(3.0, 22050, level_db=-6), 22050, "recording"),
        place(4, 3, speechlike(3.0, 11025, level_db=-15)),
        place(8, 3, speechlike(3.0, 11025, level_db=-1)),
    ]
    samples, _ = mixed(tmp_path, 11, *placements)
    loudness = [lufs(samples[at * FILM : (at + 3) * FILM]) for at in (0, 4, 8)]
    assert max(loudness) - min(loudness) < 0.3


def test_the_users_own_footage_is_as_loud_as_the_voices_and_music_lies_below(tmp_path: Path) -> None:
    music = noise(3.0, 48000, level_db=-20)
    placements = [
        place(0, 3, speechlike(3.0, 22050, level_db=-6), 22050, "recording"),
        place(4, 3, speechlike(3.0, 11025, level_db=-15)),
        place(8, 3, speechlike(3.0, 48000, level_db=-14), 48000, "insert"),
        place(12, 3, music, 48000, "music"),
    ]
    samples, _ = mixed(tmp_path, 15, *placements)
    loudness = [lufs(samples[at * FILM : (at + 3) * FILM]) for at in (0, 4, 8, 12)]
    assert max(loudness[:3]) - min(loudness[:3]) < 0.3
    assert loudness[3] == pytest.approx(loudness[0] - 6, abs=0.3)
    _, facts = mixed(tmp_path, 15, *placements, match_loudness=False)
    assert facts.gains_db[:3] == (0.0, 0.0, 0.0)


def test_a_very_soft_take_is_raised_no_further_than_the_limit(tmp_path: Path) -> None:
    placements = [
        place(0, 3, speechlike(3.0, 11025), kind="recording"),
        place(4, 3, speechlike(3.0, 11025, level_db=-26)),
    ]
    _, facts = mixed(tmp_path, 7, *placements, gain_limit_db=10)
    assert facts.gains_db[1] == pytest.approx(10.0)


def test_what_counts_as_silence_is_not_raised(tmp_path: Path) -> None:
    placements = [
        place(0, 3, speechlike(3.0, 11025), kind="recording"),
        place(4, 3, speechlike(3.0, 11025, level_db=-60)),
        place(8, 3, np.zeros(3 * 11025, np.float32)),
    ]
    _, facts = mixed(tmp_path, 11, *placements)
    assert facts.gains_db[1:] == (0.0, 0.0)


def test_the_noise_of_an_untrained_network_is_held_down(tmp_path: Path) -> None:
    untrained = QuantisedSamples(np.random.default_rng(1).integers(0, 256, 3 * 11025).astype(np.uint8), "linear-u8")
    voice = QuantisedSamples(quantise(speechlike(3.0, 11025), "linear-u8"), "linear-u8")
    placements = [
        place(0, 3, speechlike(3.0, 11025), kind="recording"),
        Placement(4 * FILM, 3 * FILM, untrained, 11025, "take"),
        Placement(8 * FILM, 3 * FILM, voice, 11025, "take"),
    ]
    samples, _ = mixed(tmp_path, 11, *placements, untrained_db=-9)
    recording, held, spoken = (lufs(samples[at * FILM : (at + 3) * FILM]) for at in (0, 4, 8))
    assert held == pytest.approx(recording - 9, abs=0.3)
    assert spoken == pytest.approx(recording, abs=0.3)


def test_noise_is_told_from_speech_and_tones() -> None:
    assert noisiness(noise(2.0, 11025), 11025) == 1.0
    assert noisiness(speechlike(2.0, 11025), 11025) == 0.0
    assert noisiness(sine(500, 2.0, 11025), 11025) == 0.0
    assert noisiness(np.zeros(11025, np.float32), 11025) < 1.1
    assert noisiness(np.zeros(10, np.float32), 11025) == 0.0


def test_one_take_with_a_single_high_peak_does_not_hold_the_film_down(tmp_path: Path) -> None:
    glitch = speechlike(3.0, 11025, level_db=-20)
    glitch[15000:15003] = 1.0
    good = [place(4.0 * n, 3, speechlike(3.0, 11025)) for n in range(1, 5)]
    _, facts = mixed(tmp_path, 20, *good, place(0, 3, glitch))
    assert facts.loudness_lufs == pytest.approx(-16.0, abs=0.05)


def test_one_gain_for_the_whole_film_keeps_its_dynamics(tmp_path: Path) -> None:
    swell = (speechlike(4.0, 48000) * np.linspace(0.1, 1, 4 * 48000)).astype(np.float32)
    samples, facts = mixed(tmp_path, 4, place(0, 4, swell, 48000), fade_ms=0)
    ratios = [
        np.std(samples[at : at + FILM // 2, 0]) / np.std(swell[at : at + FILM // 2])
        for at in range(0, 4 * FILM, FILM // 2)
    ]
    gain_db = facts.gains_db[0] + facts.film_gain_db
    assert 20 * np.log10(ratios) == pytest.approx(np.full(8, gain_db), abs=0.1)


def test_recordings_are_left_and_takes_right_where_they_stand_apart(tmp_path: Path) -> None:
    placements = [place(0, 2, speechlike(2.0, 11025), kind="recording"), place(3, 2, speechlike(2.0, 11025))]
    samples, _ = mixed(tmp_path, 5, *placements, stereo="apart")
    assert not samples[: 2 * FILM, 1].any()
    assert not samples[3 * FILM :, 0].any()
    assert samples[: 2 * FILM, 0].any()
    assert samples[3 * FILM :, 1].any()


def test_both_sides_are_the_same_in_the_centre(tmp_path: Path) -> None:
    samples, _ = mixed(tmp_path, 2, place(0, 2, speechlike(2.0, 11025)))
    assert np.array_equal(samples[:, 0], samples[:, 1])


def test_sound_under_cards_is_softer_and_swells_slowly(tmp_path: Path) -> None:
    voice = speechlike(3.0, 11025)
    placements = [place(0, 3, voice, kind="bed"), place(4, 3, voice, kind="recording")]
    samples, facts = mixed(tmp_path, 7, *placements, music_db=-10)
    assert facts.gains_db[0] == pytest.approx(-10, abs=0.5)
    assert np.abs(samples[:2400]).max() < 0.3 * np.abs(samples[: 3 * FILM]).max()


def test_music_gives_way_to_voices_and_comes_back(tmp_path: Path) -> None:
    tune = np.stack([sine(3000, 2.0, 44100), sine(3000, 2.0, 44100)], axis=1)
    music = lay_music(tune, 44100, 12 * FILM)
    samples, _ = mixed(tmp_path, 12, place(4, 4, speechlike(4.0, 11025, 100.0)), *music, duck_db=-30, music_db=0)

    def level_db(at_s: float) -> float:
        part = samples[round(at_s * FILM) :][: FILM // 4, 0]
        return float(20 * np.log10(np.abs(np.fft.rfft(part * np.hanning(len(part))))[750] + 1e-9))

    assert level_db(5.0) - level_db(2.8) < -25
    assert abs(level_db(10.8) - level_db(2.8)) < 1


def test_music_gives_way_to_what_is_said_in_footage_and_only_there(tmp_path: Path) -> None:
    music = lay_music(sine(3000, 16.0, 44100), 44100, 16 * FILM)
    said = np.concatenate([np.zeros(4 * FILM), speechlike(4.0, FILM, 100.0), np.zeros(4 * FILM)]).astype(np.float32)
    rows = np.stack([np.zeros_like(said), said + noise(12.0, FILM, level_db=-62)], axis=1)  # from one side, in a room
    samples, _ = mixed(tmp_path, 16, place(2, 12, rows, FILM, "insert"), *music, duck_db=-30, music_db=0)

    def level_db(at_s: float) -> float:
        part = samples[round(at_s * FILM) :][: FILM // 4, 0]
        return float(20 * np.log10(np.abs(np.fft.rfft(part * np.hanning(len(part))))[750] + 1e-9))

    for at_s in (3.0, 5.0, 11.0, 13.0):
        assert abs(level_db(at_s) - level_db(1.5)) < 1
    for at_s in (6.2, 8.0, 9.6):
        assert level_db(at_s) - level_db(1.5) < -25


@pytest.mark.parametrize("source", [np.zeros(FILM), noise(1.0, FILM, level_db=-70), np.eye(1, FILM, 500)[0]])
def test_music_stays_where_footage_says_nothing(source: Floats) -> None:
    duck = Duck([place(1, 1, source.astype(np.float32), FILM, "insert")], -30.0)
    assert duck.gain(np.arange(0, 3 * FILM, 1000)).min() == 1.0


@given(
    st.lists(
        st.tuples(st.floats(0, 20), st.floats(0.3, 5), st.sampled_from(["take", "insert", "bed", "music"])), max_size=6
    )
)
@trials(deadline=None, max_examples=40)
def test_music_is_down_wherever_something_is_said(spans: list[tuple[float, float, Kind]]) -> None:
    voice = noise(6.0, 8000)
    placements = [place(at, seconds, voice, 8000, kind) for at, seconds, kind in spans]
    duck = Duck(placements, -30.0)
    for placed in placements:
        if placed.kind in {"take", "insert"}:
            inside = np.arange(placed.start_sample, placed.start_sample + placed.heard_samples, 100)
            assert duck.gain(inside).max() == pytest.approx(10 ** (-30 / 20), abs=1e-3)
    far = np.array([60 * FILM])
    assert duck.gain(far)[0] == 1.0


def test_music_starts_again_until_the_film_ends() -> None:
    placements = lay_music(np.zeros(44100, np.float32), 44100, 125_000)
    assert [(p.start_sample, p.end_sample) for p in placements] == [(0, 48000), (48000, 96000), (96000, 125_000)]


def test_sounds_may_overlap_and_come_in_any_order(tmp_path: Path) -> None:
    placements = [place(2, 2, sine(900, 2.0, 11025)), place(0, 3, sine(500, 3.0, 11025))]
    samples, _ = mixed(tmp_path, 4, *placements)
    power = np.abs(np.fft.rfft(samples[2 * FILM : 3 * FILM, 0]))
    assert power[500] > 1000
    assert power[900] > 1000


def test_a_film_without_sound_is_silent_and_told(tmp_path: Path) -> None:
    samples, facts = mixed(tmp_path, 1)
    assert not samples.any()
    assert facts.loudness_lufs == -np.inf
    assert loudness_warnings(facts.loudness_lufs, SoundSettings()) == ("The soundtrack is silent.",)


def test_a_sound_beyond_the_films_end_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="beyond the end"):
        mix([place(0, 2, sine(500, 2.0, 11025))], FILM, tmp_path / "a.wav", SoundSettings())


def test_the_same_placements_give_the_same_file(tmp_path: Path) -> None:
    placements = [place(0, 2, speechlike(2.0, 11025)), place(2, 1, noise(1.0, 11025))]
    mixed(tmp_path, 4, *placements)
    first = (tmp_path / "soundtrack.wav").read_bytes()
    mixed(tmp_path, 4, *placements)
    assert (tmp_path / "soundtrack.wav").read_bytes() == first


def test_progress_only_goes_forward_to_the_end(tmp_path: Path) -> None:
    told: list[float] = []
    spiky = sine(300, 2.0, 11025, level_db=-30.0)
    spiky[2000::4410] = 0.9
    settings, scratch = SoundSettings(), tmp_path / "bus"
    with mixed_bus([place(0, 2, spiky)], 5 * FILM, scratch, settings, on_progress=told.append) as bus:
        assert told == sorted(told)
        assert told[-1] == pytest.approx(1.0)
        told.clear()
        write_soundtrack(bus, tmp_path / "a.wav", settings, on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_a_long_film_is_mixed_in_little_memory(tmp_path: Path) -> None:
    codes = np.tile(quantise(speechlike(5.0, 11025), "linear-u8"), 12)  # a minute: 11.5 MB as film samples
    long = Placement(0, 60 * FILM, QuantisedSamples(codes, "linear-u8"), 11025, "take")
    tracemalloc.start()
    mixed_facts = mix([long], 60 * FILM, tmp_path / "a.wav", SoundSettings())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert mixed_facts.loudness_lufs == pytest.approx(-16, abs=0.01)
    assert peak < 10_000_000


@pytest.mark.parametrize("rate_hz", [8000, 11025, 22050, 44100, 48000])
@pytest.mark.parametrize("length", [1, 2, 1000, 48000, 70001])
def test_a_sound_is_heard_for_exactly_its_length(rate_hz: int, length: int) -> None:
    for samples in (1, rate_hz // 3, 2 * rate_hz):
        placement = Placement(0, length, noise(3.0, rate_hz)[:samples], rate_hz, "take")
        assert sum(len(block) for block in heard_blocks(placement, 8.0)) == placement.heard_samples <= length


def test_fades_are_of_equal_power() -> None:
    gain = fade_gain(np.arange(1000), 1000, 100)
    assert np.square(gain[:100]) + np.square(gain[:100][::-1]) == pytest.approx(np.ones(100), abs=1e-5)
    assert np.array_equal(gain, gain[::-1])
    assert (gain[100:900] == 1).all()
    assert (fade_gain(np.arange(10), 10, 0) == 1).all()


def test_a_stereo_sound_is_as_loud_as_one_from_the_middle(tmp_path: Path) -> None:
    voice = speechlike(3.0, FILM, level_db=-14)
    both = np.stack((voice, voice), axis=1)
    placements = [place(0, 3, voice, FILM, "recording"), place(4, 3, both, FILM, "insert")]
    for stereo in ("centre", "apart"):
        samples, _ = mixed(tmp_path, 7, *placements, stereo=stereo)
        assert lufs(samples[4 * FILM :]) == pytest.approx(lufs(samples[: 3 * FILM]), abs=0.3)


def test_a_take_whose_peaks_the_limiter_can_not_tame_is_lowered_and_not_the_film(tmp_path: Path) -> None:
    spiky = sine(300, 3.0, 11025, level_db=-40.0)
    spiky[::2205] = 0.9
    noise_like = [place(4.0 * n, 3, noise(3.0, 11025)) for n in range(1, 3)]  # held down: the film is raised for it
    samples, facts = mixed(tmp_path, 20, place(0, 3, spiky), place(12, 3, speechlike(3.0, 11025)), *noise_like)
    assert facts.loudness_lufs == pytest.approx(-16.0, abs=0.06)
    assert facts.reduction_db <= 6.0
    assert lufs(samples[: 3 * FILM]) < lufs(samples[12 * FILM : 15 * FILM]) - 3
