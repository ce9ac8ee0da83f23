"""Beginning a film: uploads that are bounded, sniffed and never overwrite; the microphone, kept as it comes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.production.schema import load_production
from pipeline.studio import begin
from pipeline.studio.answers import begin as begin_answers
from tests.end_to_end.productions import voice_like
from tests.studio.conftest import Opened


def wav(seconds: float = 2.0, seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, voice_like(seconds, 16000, seed=seed), 16000, format="WAV")
    return buffer.getvalue()


def files(empty: Opened) -> list[str]:
    folder = empty.file.parent / "recordings"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_film_is_begun_from_a_dropped_recording(empty: Opened) -> None:
    assert not empty.client.get("/api/state").json()["there"]
    assert empty.client.post("/api/begin", json={"title": "x"}).status_code == 400
    assert empty.client.post("/api/recordings?name=my voice.wav", content=wav(7)).json() == {"name": "my-voice.wav"}
    judged = empty.client.get("/api/recordings/my-voice.wav/judged").json()
    assert judged["seconds"] == pytest.approx(7, abs=0.2)
    assert judged["notes"]
    (listed,) = empty.client.get("/api/begin").json()["recordings"]
    assert listed["notes"] == judged["notes"]
    assert empty.client.get("/api/recordings/my-voice.wav").content[:4] == b"RIFF"
    assert empty.client.post("/api/begin", json={"title": "Mine", "minutes": 2}).status_code == 200
    production = load_production(empty.file)
    assert (production.title, production.sections[0].training.minutes) == ("Mine", 2)
    assert [path.name for path in production.recording_paths(0)] == ["my-voice.wav"]
    assert empty.client.get("/api/state").json()["there"]
    assert empty.client.post("/api/begin", json={"title": "Again"}).status_code == 400
    assert load_production(empty.file).title == "Mine"


def test_an_upload_never_replaces_a_recording(empty: Opened) -> None:
    first, second = wav(seed=1), wav(seed=2)
    names = [empty.client.post("/api/recordings?name=a.wav", content=one).json()["name"] for one in (first, second)]
    assert names == ["a.wav", "a-2.wav"]
    folder = empty.file.parent / "recordings"
    assert [(folder / name).read_bytes() for name in names] == [first, second]


@pytest.mark.parametrize(
    "name", ["../../evil.wav", "..\\evil.wav", "/var/evil.wav", "evil.wav\0.wav", ".evil.wav", "CON.wav", "a/../b.wav"]
)
def test_names_of_uploads_lead_nowhere_else(empty: Opened, name: str) -> None:
    before = set(empty.file.parent.parent.rglob("*"))
    empty.client.post("/api/recordings", params={"name": name}, content=wav())
    folder = empty.file.parent / "recordings"
    new = {path for path in empty.file.parent.parent.rglob("*") if path.is_file()} - before
    assert all(path.parent == folder and not path.name.startswith(".") for path in new)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.wav", b"no sound at all"),
        ("a.wav", b""),
        ("a.html", b"<script>alert(1)</script>"),
        ("a.toml", b"title = 1"),
        ("a", b"RIFF"),
        ("", b"RIFF"),
        ("a.png", b"\x89PNG\r\n\x1a\n"),
        ("a.mp4", b"\x89PNG\r\n\x1a\n" + b"\0" * 99),
    ],
)
def test_what_is_no_recording_is_not_kept(empty: Opened, name: str, content: bytes) -> None:
    answer = empty.client.post("/api/recordings", params={"name": name}, content=content)
    assert answer.status_code == 400
    assert answer.json()["error"]["what"]
    assert files(empty) == []


def test_an_upload_that_is_too_large_or_breaks_off_leaves_nothing(
    empty: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(begin_answers, "LARGEST_BYTES", 10_000)
    assert empty.client.post("/api/recordings?name=a.wav", content=wav()).status_code == 413
    headers = {"content-length": "9"}  # says less than it sends
    body = (part for part in [wav()])
    assert empty.client.post("/api/recordings?name=a.wav", content=body, headers=headers).status_code in {400, 413}
    assert files(empty) == []


def test_recordings_are_asked_for_by_their_names_alone(empty: Opened) -> None:
    empty.client.post("/api/recordings?name=a.wav", content=wav())
    (empty.file.parent / "secret.wav").write_bytes(wav())
    for name in ("..%2fsecret.wav", "%2e%2e/secret.wav", "secret.wav", "%2fetc%2fpasswd", "a.wav%00"):
        for path in (f"/api/recordings/{name}", f"/api/recordings/{name}/judged"):
            assert empty.client.get(path).status_code in {400, 404}
        assert empty.client.post(f"/api/recordings/{name}/remove").status_code in {400, 404}
    assert (empty.file.parent / "secret.wav").exists()
    assert empty.client.post("/api/recordings/a.wav/remove").status_code == 200
    assert files(empty) == []


def test_the_microphone_is_a_whole_file_after_each_piece(empty: Opened) -> None:
    name = empty.client.post("/api/microphone", json={"rate_hz": 48000}).json()["name"]
    path = empty.file.parent / "recordings" / name
    tone = (8000 * np.sin(np.arange(48000) / 20)).astype("<i2")
    for number in range(1, 4):
        answer = empty.client.post(f"/api/microphone/{name}", content=tone.tobytes())
        assert answer.json() == {"seconds": number}
        samples, rate_hz = soundfile.read(path, dtype="int16")
        assert (len(samples), rate_hz) == (48000 * number, 48000)
    np.testing.assert_array_equal(samples, np.tile(tone, 3))
    assert empty.client.post(f"/api/microphone/{name}/end").status_code == 200
    assert empty.client.post(f"/api/microphone/{name}", content=b"\0\0").status_code == 400
    assert empty.client.post("/api/microphone", json={"rate_hz": 48000}).json()["name"] == "voice-2.wav"


def test_the_microphone_has_bounds(empty: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    for rate_hz in (0, 7999, 1e9, "x", None):
        assert empty.client.post("/api/microphone", json={"rate_hz": rate_hz}).status_code == 400
    name = empty.client.post("/api/microphone", json={"rate_hz": 48000}).json()["name"]
    assert empty.client.post(f"/api/microphone/{name}", content=b"\0").status_code == 400
    monkeypatch.setattr(begin, "LONGEST_TAKE_BYTES", 10)
    assert empty.client.post(f"/api/microphone/{name}", content=b"\0" * 12).status_code == 400
    empty.client.post(f"/api/microphone/{name}/end")
    assert files(empty) == []
    assert empty.client.post("/api/microphone/..%2fx.wav", content=b"\0\0").status_code in {400, 404}


def test_the_demo_can_be_copied(empty: Opened) -> None:
    assert empty.client.post("/api/begin", json={"demo": True}).status_code == 200
    assert len(load_production(Path(empty.file)).sections) == 3
