"""The stage that prepares corpora."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import RecordingError
from pipeline.learning.corpus import load_bytes
from pipeline.production.schema import Production, load_production
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.runtime.resources import assets_folder
from pipeline.stages import prepare
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.sound.sounds import convert, noise, sine, speechlike, write

RATE = 16000


@dataclass
class Listener:
    """Remembers what it was told."""

    begun: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def begin(self, work: WorkStart) -> None:
        self.begun.append(work.label)

    def advance(self, done: float, detail: str = "") -> None: ...

    def parts(self, _parts: object, _left_s: float | None) -> None: ...

    def expect(self, _works: object) -> None: ...

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def production(folder: Path, *recordings: str, corpus: str = "") -> Production:
    """Write and load a production file with a section a recording."""
    sections = "".join(
        f'[[section]]\ntitle = "{name}"\nrecordings = ["{name}"]\ncorpus = {{ {corpus} }}\n' for name in recordings
    )
    (folder / "production.toml").write_text(f'title = "A film"\n{sections}', encoding="utf-8")
    return load_production(folder / "production.toml")


def workplace(folder: Path, listener: Listener, *force: str) -> Workplace:
    return Workplace(Store(folder / "work"), folder / "out", report=listener, force=frozenset(force))


def test_each_section_gets_its_corpus(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", speechlike(6.0, RATE), RATE)
    write(tmp_path / "b.flac", speechlike(7.0, 44100), 44100)
    listener = Listener()
    results = prepare.run(production(tmp_path, "a.wav", "b.flac"), Results(), workplace(tmp_path, listener))
    assert [round(corpus.record.duration_s) for corpus in results.corpora] == [6, 7]
    assert listener.begun == ["section-1", "section-2"]
    assert "6.0 s at 11025 Hz" in listener.notes[0]
    for corpus in results.corpora:
        codes = load_bytes(corpus.record, corpus.folder)
        heard, rate = soundfile.read(corpus.path(corpus.record.listen_file))
        assert len(codes) == len(heard) == corpus.record.total_samples
        assert rate == corpus.record.sample_rate_hz
        assert corpus.record.train_samples / len(codes) == pytest.approx(0.9, abs=0.05)


def test_a_fresh_corpus_is_not_made_again_and_a_forced_one_is_the_same(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", speechlike(6.0, RATE), RATE)
    film, listener = production(tmp_path, "a.wav"), Listener()
    first = prepare.run(film, Results(), workplace(tmp_path, listener))
    again = prepare.run(film, Results(), workplace(tmp_path, listener))
    assert len(listener.begun) == 1
    forced = prepare.run(film, Results(), workplace(tmp_path, listener, "prepare"))
    assert len(listener.begun) == 2
    assert {results.corpora[0].content_hash for results in (first, again, forced)} == {first.corpora[0].content_hash}


def test_only_what_changed_becomes_stale(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        write(tmp_path / name, speechlike(6.0, RATE), RATE)
    film = production(tmp_path, "a.wav", "b.wav")
    place = workplace(tmp_path, Listener())
    prepare.run(film, Results(), place)
    write(tmp_path / "b.wav", noise(6.5, RATE), RATE)
    states = [place.store.state(piece) for piece in prepare.pieces(film, Results())]
    assert [state.state for state in states] == ["fresh", "stale"]
    finer = production(tmp_path, "a.wav", corpus='encoding = "mu-law"')
    assert "linear-u8 -> mu-law" in place.store.state(prepare.pieces(finer, Results())[0]).why


def test_the_same_recording_under_another_folder_is_the_same_corpus(tmp_path: Path) -> None:
    keys = set()
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        write(folder / "a.wav", speechlike(6.0, RATE), RATE)
        keys.add(prepare.pieces(production(folder, "a.wav"), Results())[0].key)
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.wav", None, "no such file"),
        ("empty.wav", b"", "empty"),
        ("words.wav", b"These are words.", "text file"),
        ("list.wav", b"#EXTM3U\n/etc/passwd\n", "playlist"),
    ],
)
def test_bad_recordings_are_told_before_anything_is_made(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    film = production(tmp_path, name)
    with pytest.raises(RecordingError, match=words) as caught:
        prepare.run(film, Results(), workplace(tmp_path, Listener()))
    assert caught.value.exit_code == 2
    assert name in caught.value.where
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(("samples", "words"), [(sine(440, 2.0, RATE), "too short"), (np.zeros(6 * RATE), "silent")])
def test_a_refused_recording_leaves_nothing_half_made(tmp_path: Path, samples: np.ndarray, words: str) -> None:
    write(tmp_path / "a.wav", samples, RATE)
    with pytest.raises(RecordingError, match=words):
        prepare.run(production(tmp_path, "a.wav"), Results(), workplace(tmp_path, Listener()))
    assert not [path for path in (tmp_path / "work").rglob("*") if path.is_file()]


def test_what_may_spoil_the_learning_is_told(tmp_path: Path) -> None:
    spoilt = np.clip(sine(100, 6.0, RATE, level_db=12), -1, 1) * 0.5 + 0.5
    spoilt = np.concatenate([np.clip(spoilt, -1, 1), np.full(20 * RATE, 0.5)])
    write(tmp_path / "a.wav", spoilt, RATE)
    listener = Listener()
    prepare.run(production(tmp_path, "a.wav"), Results(), workplace(tmp_path, listener))
    told = " ".join(listener.warnings)
    assert "clipped" in told
    assert "DC offset" in told
    assert "is silence" in told


def test_how_a_recording_was_read_is_told_with_its_name(tmp_path: Path) -> None:
    voice = speechlike(6.0, RATE)
    odd = voice.copy()
    odd[500:520], odd[900] = np.nan, np.inf
    write(tmp_path / "turned.wav", np.stack([voice, -voice], axis=1), RATE)
    write(tmp_path / "odd.wav", odd, RATE, "FLOAT")
    write(tmp_path / "loud.wav", 1.5 * voice / np.abs(voice).max(), RATE, "FLOAT")
    listener = Listener()
    prepare.run(production(tmp_path, "turned.wav", "odd.wav", "loud.wav"), Results(), workplace(tmp_path, listener))
    assert any("turned.wav: its channels cancel" in note for note in listener.notes)
    assert len(listener.warnings) == 1
    assert "odd.wav: 21 samples are no numbers" in listener.warnings[0]


def test_recordings_are_judged_and_it_is_told_where_they_can_be_listened_to(tmp_path: Path) -> None:
    demo, rate = soundfile.read(assets_folder() / "demo" / "session-1.flac", dtype="float32")
    hiss = np.random.default_rng(1).standard_normal(len(demo)) * 0.2 * demo.std()
    write(tmp_path / "a.wav", 0.9 * (demo + hiss) / np.abs(demo + hiss).max(), rate)
    listener = Listener()
    results = prepare.run(production(tmp_path, "a.wav"), Results(), workplace(tmp_path, listener))
    assert len(listener.warnings) == 1
    assert "a.wav: its pauses are only" in listener.warnings[0]
    assert any("three minutes and more are better" in note for note in listener.notes)
    where = results.corpora[0].path(results.corpora[0].record.listen_file)
    assert any(note.endswith(str(where)) for note in listener.notes)
    assert where.is_file()


def test_another_track_is_another_corpus(tmp_path: Path) -> None:
    voice = write(tmp_path / "a.wav", speechlike(6.0, RATE), RATE)
    convert(voice, tmp_path / "two.mka", "-i", str(voice), "-map", "0:a", "-map", "1:a")
    film = production(tmp_path, "two.mka")
    text = (tmp_path / "production.toml").read_text(encoding="utf-8")
    keys = [prepare.pieces(film, Results())[0].key]
    for name in ('{ file = "two.mka" }', '{ file = "two.mka", track = 2 }', '{ file = "two.mka", track = 3 }'):
        (tmp_path / "production.toml").write_text(text.replace('["two.mka"]', f"[{name}]"), encoding="utf-8")
        film = load_production(tmp_path / "production.toml")
        keys.append(prepare.pieces(film, Results())[0].key)
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    with pytest.raises(RecordingError, match="no sound track 3"):
        prepare.run(film, Results(), workplace(tmp_path, Listener()))


def test_a_silent_track_chosen_by_hand_is_refused_with_the_way_to_the_others(tmp_path: Path) -> None:
    voice = write(tmp_path / "a.wav", speechlike(6.0, RATE), RATE)
    silence = write(tmp_path / "b.wav", np.zeros(6 * RATE, np.float32), RATE)
    convert(silence, tmp_path / "two.mka", "-i", str(voice), "-map", "0:a", "-map", "1:a")
    production(tmp_path, "two.mka")
    text = (tmp_path / "production.toml").read_text(encoding="utf-8")
    (tmp_path / "production.toml").write_text(text.replace('["two.mka"]', '[{ file = "two.mka", track = 1 }]'))
    with pytest.raises(RecordingError, match="silent") as raised:
        prepare.run(load_production(tmp_path / "production.toml"), Results(), workplace(tmp_path, Listener()))
    assert "2 sound tracks" in raised.value.hint


def test_a_damaged_recording_is_used_as_far_as_it_goes_and_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", speechlike(12.0, RATE), RATE)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 3000] = bytes(3000)
    path.write_bytes(raw)
    listener = Listener()
    prepare.run(production(tmp_path, "a.flac"), Results(), workplace(tmp_path, listener))
    assert "damaged: " in listener.warnings[0]
    assert "export the recording again" in listener.warnings[0]  # and no words of ffmpeg's
    assert "0x" not in listener.warnings[0]


def test_the_demo_voice_makes_three_corpora_of_more_than_a_minute(tmp_path: Path) -> None:
    names = [f"session-{number}.flac" for number in (1, 2, 3)]
    for name in names:
        (tmp_path / name).write_bytes((assets_folder() / "demo" / name).read_bytes())
    listener = Listener()
    results = prepare.run(production(tmp_path, *names), Results(), workplace(tmp_path, listener))
    assert sum(corpus.record.duration_s for corpus in results.corpora) > 60
    assert not listener.warnings
    for corpus in results.corpora:
        assert corpus.record.silence_share < 0.3
        assert corpus.record.clipped_samples == 0
