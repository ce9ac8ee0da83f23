"""`build-video record` as a person runs it, with a made sound at the sound library's boundary."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.sound.sounds import noise, speechlike

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = """
import os, threading
from types import SimpleNamespace
import numpy as np

class PortAudioError(Exception):
    pass

default = SimpleNamespace(device=(int(os.environ.get("DEFAULT", "1")), 0))
BUSY = os.environ.get("BUSY")

def query_devices():
    names = [("Loudspeaker", 0), ("Microphone", 1), ("Line", 2)]
    return [{"name": n, "max_input_channels": c, "default_samplerate": 48000.0} for n, c in names]

def check_input_settings(**wanted):
    pass

class InputStream:
    def __init__(self, *, device, samplerate, blocksize, callback, **others):
        self.play = lambda: [
            callback(sound[at : at + blocksize, None], blocksize, None, False)
            for sound in [np.load(os.environ["SOUND"])] for at in range(0, len(sound), blocksize)
        ]

    def __enter__(self):
        if BUSY:
            raise PortAudioError("Device unavailable")
        threading.Thread(target=self.play).start()

    def __exit__(self, *error):
        pass
"""


def record(
    tmp_path: Path, *arguments: str, sound: np.ndarray | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    library = tmp_path / "library"
    library.mkdir(exist_ok=True)
    (library / "sounddevice.py").write_text(LIBRARY)
    np.save(library / "sound.npy", noise(1.0, 48000) if sound is None else sound)
    program = "import sys; sys.path[:0] = sys.argv[1:3]; del sys.argv[1:3]; from pipeline.cli.start import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, str(ROOT), str(library), "record", *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        env={"PATH": "/usr/bin:/bin", "SOUND": str(library / "sound.npy"), "HOME": str(tmp_path), **settings},
    )  # fmt: skip


def test_inputs_are_listed_with_the_default(tmp_path: Path) -> None:
    assert record(tmp_path, "--inputs").stdout.splitlines() == ["  1  Microphone  (default)", "  2  Line"]


def test_a_voice_is_recorded_with_a_text_to_read_a_meter_and_warnings_in_time(tmp_path: Path) -> None:
    sound = np.clip(4 * speechlike(6.0, 48000) + noise(6.0, 48000, level_db=-25), -1, 1).astype(np.float32)
    ran = record(tmp_path, "recordings/voice.wav", "--seconds", "6", sound=sound)
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.split()) > 250  # the text
    assert ran.stdout.splitlines()[-1].endswith("voice.wav (6.0 s)")
    meter = ran.stderr.replace("\r", "\n").splitlines()
    drawn = [line for line in meter if " dB, room " in line]
    assert len(drawn) == 60
    assert "#" in drawn[10]
    assert "CLIPPED" in drawn[-1]
    warned = [number for number, line in enumerate(meter) if "a noisy room" in line]
    assert warned[0] < meter.index(drawn[-1])  # while there is time to act
    heard, rate = soundfile.read(tmp_path / "recordings" / "voice.wav")
    assert rate == 48000
    assert soundfile.info(tmp_path / "recordings" / "voice.wav").subtype == "PCM_24"
    np.testing.assert_allclose(heard, sound, atol=2**-22)


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (("voice.wav",), {"BUSY": "1"}, "Device unavailable"),
        (("voice.wav", "--input", "7"), {}, "no input 7"),
        (("voice.mp3",), {}, "no name of a WAV file"),
        ((), {}, "No file was named"),
    ],
)
def test_what_is_wrong_is_told_and_leaves_no_file(
    tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, str], words: str
) -> None:
    ran = record(tmp_path, *arguments, "--no-text", **settings)
    assert ran.returncode == 2, ran.stderr
    assert words in ran.stderr
    assert not list(tmp_path.glob("*.wav"))


def test_without_a_default_the_first_input_is_taken(tmp_path: Path) -> None:
    ran = record(tmp_path, "voice.wav", "--seconds", "1", "--no-text", DEFAULT="-1")
    assert "Recording from Microphone" in ran.stderr
