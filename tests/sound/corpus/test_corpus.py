"""From recordings to the bytes that a network learns."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from pipeline.audio.quantise import dequantise
from pipeline.errors import RecordingError
from pipeline.sound.corpus.corpus import CorpusSound, make_corpus
from pipeline.sound.settings import CorpusSettings
from tests.sound.sounds import convert, noise, peak_hz, sine, speechlike, write

RATE = 16000


def corpus_of(folder: Path, *paths: Path, **chosen: object) -> tuple[CorpusSound, npt.NDArray[np.uint8]]:
    target = folder / "made"
    target.mkdir(exist_ok=True)
    sound = make_corpus(paths, target / "bytes.npy", target / "corpus.wav", CorpusSettings.model_validate(chosen))
    return sound, np.load(target / "bytes.npy")


def test_a_recording_becomes_bytes_at_the_corpus_rate(tmp_path: Path) -> None:
    sound, codes = corpus_of(tmp_path, write(tmp_path / "a.wav", sine(440, 6.0, RATE), RATE), sample_rate_hz=11025)
    assert codes.dtype == np.uint8
    assert len(codes) == sound.total_samples == pytest.approx(6 * 11025, abs=2)
    assert peak_hz(dequantise(codes, "linear-u8"), 11025) == pytest.approx(440, abs=1)


def test_several_recordings_are_joined_in_order(tmp_path: Path) -> None:
    first = write(tmp_path / "a.wav", sine(440, 3.0, RATE), RATE)
    second = write(tmp_path / "b.flac", sine(880, 4.0, 44100), 44100)
    sound, codes = corpus_of(tmp_path, first, second, sample_rate_hz=8000)
    samples = dequantise(codes, "linear-u8")
    assert len(codes) == pytest.approx(7 * 8000, abs=3)
    assert peak_hz(samples[: 3 * 8000], 8000) == pytest.approx(440, abs=1)
    assert peak_hz(samples[3 * 8000 :], 8000) == pytest.approx(880, abs=1)
    assert [recording.sample_rate_hz for recording in sound.recordings] == [RATE, 44100]


def test_each_recording_is_brought_to_the_same_peak(tmp_path: Path) -> None:
    soft = write(tmp_path / "soft.wav", sine(440, 3.0, RATE, level_db=-30), RATE)
    loud = write(tmp_path / "loud.wav", sine(440, 3.0, RATE, level_db=-3), RATE)
    _, codes = corpus_of(tmp_path, soft, loud, sample_rate_hz=RATE, peak_dbfs=-1.0)
    for part in np.split(codes.astype(int), 2):
        assert np.abs(part - 128).max() == pytest.approx(128 * 10 ** (-1 / 20), abs=1)


def test_the_level_stays_where_normalising_is_off(tmp_path: Path) -> None:
    _, codes = corpus_of(tmp_path, write(tmp_path / "a.wav", sine(440, 6.0, RATE, level_db=-20), RATE), normalise=False)
    assert np.abs(codes.astype(int) - 128).max() == pytest.approx(12.8, abs=1)


def test_direct_current_is_reported_and_taken_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sine(440, 6.0, RATE, level_db=-12) + np.float32(0.2), RATE)
    sound, codes = corpus_of(tmp_path, path)
    assert sound.dc_offset == pytest.approx(0.2, abs=1e-3)
    assert codes.mean() == pytest.approx(128, abs=0.2)


def test_clipped_samples_are_counted_on_the_recording_itself(tmp_path: Path) -> None:
    loud = np.clip(sine(100, 6.0, 44100, level_db=6), -1, 1)
    expected = int((np.abs(loud) >= 0.993).sum())
    sound, _ = corpus_of(tmp_path, write(tmp_path / "a.wav", loud, 44100))
    assert sound.clipped_samples == pytest.approx(expected, rel=0.02)
    clean, _ = corpus_of(tmp_path, write(tmp_path / "b.wav", sine(100, 6.0, 44100), 44100))
    assert clean.clipped_samples == 0


def test_the_share_of_silence_is_reported(tmp_path: Path) -> None:
    half = np.concatenate([sine(440, 4.0, RATE), np.zeros(4 * RATE, np.float32)])
    sound, _ = corpus_of(tmp_path, write(tmp_path / "a.wav", half, RATE))
    assert sound.silence_share == pytest.approx(0.5, abs=0.01)


def test_long_silences_are_shortened_on_request(tmp_path: Path) -> None:
    pause = np.zeros(3 * RATE, np.float32)
    path = write(tmp_path / "a.wav", np.concatenate([sine(440, 3.0, RATE), pause, sine(440, 3.0, RATE)]), RATE)
    kept, _ = corpus_of(tmp_path, path, sample_rate_hz=RATE)
    trimmed, codes = corpus_of(tmp_path, path, sample_rate_hz=RATE, trim_silence=True, longest_silence_s=0.5)
    assert kept.total_samples == 9 * RATE
    assert trimmed.total_samples == pytest.approx(6.5 * RATE, abs=0.03 * RATE)
    assert len(codes) == trimmed.total_samples


def test_validation_is_the_end_and_no_byte_is_in_both(tmp_path: Path) -> None:
    sound, codes = corpus_of(tmp_path, write(tmp_path / "a.wav", noise(10.0, RATE), RATE), validation_share=0.2)
    assert 0 < sound.train_samples < len(codes)
    assert sound.train_samples / sound.total_samples == pytest.approx(0.8, abs=0.06)


def test_the_split_falls_into_a_pause_nearby(tmp_path: Path) -> None:
    samples = sine(440, 10.0, RATE)
    samples[round(9.15 * RATE) : round(9.25 * RATE)] = 0
    sound, _ = corpus_of(tmp_path, write(tmp_path / "a.wav", samples, RATE), sample_rate_hz=RATE)
    assert 9.15 <= sound.train_samples / RATE <= 9.25


def test_the_split_of_many_joined_recordings_falls_into_the_only_pause(tmp_path: Path) -> None:
    """Every recording ends in a part of a window: it counts as long as it is."""
    rate, lengths = 4000, [1500 + 37 * number % 40 for number in range(24)]
    samples, total = noise(10.0, rate, level_db=-3), sum(lengths)
    pause = round(0.9 * total) - 900
    samples[pause : pause + 120] = 0
    ends = np.cumsum([0, *lengths])
    paths = [write(tmp_path / f"{end}.wav", samples[start:end], rate) for start, end in pairwise(ends)]
    sound, _ = corpus_of(tmp_path, *paths, sample_rate_hz=rate, normalise=False)
    assert pause <= sound.train_samples <= pause + 120


def test_the_track_that_was_chosen_by_hand_is_learned(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", sine(440, 6.0, RATE), RATE)
    both = ["-i", str(write(tmp_path / "b.wav", sine(880, 6.0, RATE), RATE)), "-map", "0:a", "-map", "1:a"]
    path = convert(tmp_path / "a.wav", tmp_path / "both.mka", *both)
    for track, hz in ((None, 440), (1, 440), (2, 880)):
        (tmp_path / "made").mkdir(exist_ok=True)
        made = [tmp_path / "made" / name for name in ("bytes.npy", "corpus.wav")]
        sound = make_corpus([path], *made, CorpusSettings(sample_rate_hz=RATE), tracks=[track])
        assert peak_hz(dequantise(np.load(made[0]), "linear-u8"), RATE) == pytest.approx(hz, abs=1)
        assert bool(sound.recordings[0].notes) == (track is None)


def test_mu_law_corpora_read_back_as_the_recording(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speechlike(6.0, RATE), RATE)
    _, codes = corpus_of(tmp_path, path, sample_rate_hz=RATE, encoding="mu-law", normalise=False)
    original = soundfile.read(path, dtype="float32")[0]
    assert np.abs(dequantise(codes, "mu-law") - original).mean() < 0.01


def test_the_listening_copy_holds_what_the_network_hears(tmp_path: Path) -> None:
    _, codes = corpus_of(tmp_path, write(tmp_path / "a.wav", speechlike(6.0, RATE), RATE))
    samples, rate = soundfile.read(tmp_path / "made" / "corpus.wav", dtype="float32")
    assert rate == 11025
    assert np.abs(samples - dequantise(codes, "linear-u8")).max() < 1e-4


def test_nothing_but_the_two_files_is_left(tmp_path: Path) -> None:
    corpus_of(tmp_path, write(tmp_path / "a.wav", noise(6.0, RATE), RATE))
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["bytes.npy", "corpus.wav"]


def test_the_same_recordings_give_the_same_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speechlike(6.0, RATE), RATE)
    corpus_of(tmp_path, path)
    first = (tmp_path / "made" / "bytes.npy").read_bytes()
    corpus_of(tmp_path, path)
    assert (tmp_path / "made" / "bytes.npy").read_bytes() == first


def test_less_than_five_seconds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="too short") as caught:
        corpus_of(tmp_path, write(tmp_path / "a.wav", noise(4.9, RATE), RATE))
    assert "at least 5 s" in caught.value.expected


def test_two_short_recordings_are_enough_together(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.wav", noise(2.6, RATE, seed=n), RATE) for n in (1, 2)]
    assert corpus_of(tmp_path, *paths)[0].total_samples > 5 * 11025


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_a_silent_recording_is_refused(tmp_path: Path, level: float) -> None:
    with pytest.raises(RecordingError, match="silent"):
        corpus_of(tmp_path, write(tmp_path / "a.wav", noise(6.0, RATE) * np.float32(level), RATE))


def test_silence_on_a_direct_current_is_silent_too(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="silent"):
        corpus_of(tmp_path, write(tmp_path / "a.wav", np.full(6 * RATE, 0.3, np.float32), RATE))


def test_a_recording_without_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"empty|no sound|can't be read"):
        corpus_of(tmp_path, write(tmp_path / "a.wav", np.zeros(0, np.float32), RATE))


def test_a_recording_that_is_nearly_all_silence_says_so_when_trimmed(tmp_path: Path) -> None:
    samples = np.zeros(20 * RATE, np.float32)
    samples[RATE : 2 * RATE] = sine(440, 1.0, RATE)
    with pytest.raises(RecordingError, match="Without their long silences"):
        corpus_of(tmp_path, write(tmp_path / "a.wav", samples, RATE), trim_silence=True)


def test_recordings_that_are_too_long_together_are_refused(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.wav", noise(4.0, 8000), 8000) for n in (1, 2, 3)]
    with pytest.raises(RecordingError, match="longer than"):
        corpus_of(tmp_path, *paths, longest_s=10.0)


def test_progress_names_the_recording_and_the_seconds(tmp_path: Path) -> None:
    told: list[tuple[int, float]] = []
    paths = [write(tmp_path / f"{n}.wav", noise(6.0, RATE), RATE) for n in (1, 2)]
    make_corpus(
        paths,
        tmp_path / "bytes.npy",
        tmp_path / "corpus.wav",
        CorpusSettings(),
        on_recording=lambda index, seconds: told.append((index, seconds)),
    )
    assert told[-1] == (1, pytest.approx(6.0))
    assert told == sorted(told)


def test_a_long_recording_passes_in_little_memory(tmp_path: Path) -> None:
    import tracemalloc  # noqa: PLC0415 - only here

    path = write(tmp_path / "long.wav", np.tile(noise(10.0, 8000), 60), 8000)  # 10 minutes, 19 MB as float
    tracemalloc.start()
    corpus_of(tmp_path, path, sample_rate_hz=8000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12_000_000
