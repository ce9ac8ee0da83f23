"""Recording a voice: the meter, the growing file, and the talk with the sound library."""

from __future__ import annotations

import sys
import wave
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from pipeline.errors import OutputError, RecordingError
from pipeline.sound.inputs import recorder
from pipeline.sound.inputs.recorder import GrowingWav, InputDevice, input_devices, record, sound_library
from pipeline.sound.signal.meter import InputLevel, LevelMeter
from tests.sound.sounds import Floats, noise, peak_hz, sine, speechlike

MICROPHONE = InputDevice(1, "Microphone", 2, 48000, is_default=True)


class PortAudioError(Exception):
    """As the library has it."""


class Library:
    """Stands where sounddevice is expected: it plays a made sound into the callback."""

    def __init__(self, sound: Floats, *, rates_hz: tuple[int, ...] = (44100, 48000), late: bool = False) -> None:
        self.PortAudioError = PortAudioError
        self.default = SimpleNamespace(device=(1, 0))
        self._sound = sound
        self._rates_hz = rates_hz
        self._late = late
        self.closed = False

    def query_devices(self) -> list[dict[str, Any]]:
        return [
            {"name": "Loudspeaker", "max_input_channels": 0, "default_samplerate": 48000.0},
            {"name": "Microphone", "max_input_channels": 2, "default_samplerate": 48000.0},
        ]

    def check_input_settings(self, *, samplerate: int, **_others: object) -> None:
        if samplerate not in self._rates_hz:
            raise PortAudioError("Invalid sample rate")

    def InputStream(  # noqa: N802 - the library's name
        self, *, samplerate: int, blocksize: int, callback: Callable[..., None], **_others: object
    ) -> Library:
        if samplerate not in self._rates_hz:
            raise PortAudioError("Invalid sample rate")
        self._play = lambda: [
            callback(self._sound[start : start + blocksize, None], blocksize, None, self._late)
            for start in range(0, len(self._sound), blocksize)
        ]
        return self

    def __enter__(self) -> None:
        self._play()

    def __exit__(self, *_error: object) -> None:
        self.closed = True


def test_a_recording_is_the_sound_in_48_khz_and_24_bit(tmp_path: Path) -> None:
    sound = speechlike(2.0, 48000)
    library = Library(sound)
    made = record(tmp_path / "take.wav", library, device=MICROPHONE, seconds=2.0)
    info = soundfile.info(tmp_path / "take.wav")
    assert (info.samplerate, info.channels, info.subtype) == (48000, 1, "PCM_24")
    assert np.abs(soundfile.read(tmp_path / "take.wav")[0] - sound).max() < 2**-23
    assert made.seconds == 2.0
    assert made.dropped_blocks == 0
    assert library.closed


def test_a_device_of_another_rate_is_resampled(tmp_path: Path) -> None:
    library = Library(sine(440, 2.0, 44100), rates_hz=(44100,))
    device = InputDevice(1, "Microphone", 1, 44100, is_default=True)
    record(tmp_path / "take.wav", library, device=device, seconds=1.5)
    samples, rate = soundfile.read(tmp_path / "take.wav")
    assert rate == 48000
    assert peak_hz(samples, rate) == pytest.approx(440, abs=1)


def test_every_block_tells_its_level(tmp_path: Path) -> None:
    levels: list[InputLevel] = []
    record(
        tmp_path / "a.wav",
        Library(sine(440, 1.0, 48000, -6.0)),
        device=MICROPHONE,
        seconds=1.0,
        on_level=levels.append,
    )
    assert len(levels) == 10
    assert levels[-1].peak_db == pytest.approx(-6.0, abs=0.1)
    assert levels[-1].rms_db == pytest.approx(-9.0, abs=0.1)
    assert levels[-1].seconds == pytest.approx(1.0)


def test_the_caller_and_ctrl_c_can_stop_it_and_what_was_said_is_kept(tmp_path: Path) -> None:
    def interrupted(level: InputLevel) -> None:
        if level.seconds > 0.45:
            raise KeyboardInterrupt

    library = Library(noise(3.0, 48000))
    asked = record(tmp_path / "a.wav", library, device=MICROPHONE, should_stop=iter([False] * 3 + [True]).__next__)
    pressed = record(tmp_path / "b.wav", library, device=MICROPHONE, on_level=interrupted)
    assert asked.seconds == pytest.approx(0.3)
    assert pressed.seconds == pytest.approx(0.5)
    assert soundfile.info(tmp_path / "b.wav").duration == pytest.approx(0.5)


def test_a_microphone_that_falls_silent_is_told_and_the_file_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_PATIENCE_S", 0.05)
    with pytest.raises(RecordingError, match="has given nothing"):
        record(tmp_path / "a.wav", Library(noise(1.0, 48000)), device=MICROPHONE)
    assert soundfile.info(tmp_path / "a.wav").duration == pytest.approx(1.0)


def test_a_computer_too_slow_to_listen_is_noticed(tmp_path: Path) -> None:
    library = Library(noise(0.5, 48000), late=True)
    assert record(tmp_path / "a.wav", library, device=MICROPHONE, seconds=0.5).dropped_blocks == 5


def test_an_existing_recording_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"precious")
    with pytest.raises(OutputError, match="already"):
        record(tmp_path / "a.wav", Library(noise(0.5, 48000)), device=MICROPHONE)
    assert (tmp_path / "a.wav").read_bytes() == b"precious"


def test_an_input_that_cannot_be_opened_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="Invalid sample rate"):
        record(tmp_path / "a.wav", Library(noise(0.5, 48000), rates_hz=()), device=MICROPHONE)
    assert not list(tmp_path.iterdir())


def test_the_file_is_whole_while_it_grows(tmp_path: Path) -> None:
    file = GrowingWav(tmp_path / "a.wav")
    for second in range(1, 4):
        file.write(noise(1.0, 48000))
        file._flush()
        with wave.open(str(tmp_path / "a.wav")) as half_way:  # as after a power cut
            assert half_way.getnframes() == second * 48000
    file.close()


def test_inputs_are_listed_and_outputs_are_not() -> None:
    assert input_devices(Library(noise(0.1, 48000))) == (MICROPHONE,)


def test_a_machine_without_a_microphone_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(noise(0.1, 48000))
    monkeypatch.setattr(library, "query_devices", list)
    with pytest.raises(RecordingError, match="no microphone"):
        input_devices(library)


def test_a_missing_library_is_told_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(RecordingError) as caught:
        sound_library()
    assert "pip install" in caught.value.hint


def warnings_after(sound: Floats, seconds: float = 6.0) -> str:
    meter = LevelMeter(48000)
    level = meter.add(sound[:0])
    for start in range(0, round(seconds * 48000), 4800):
        level = meter.add(sound[start : start + 4800])
    return " ".join(level.warnings())


def test_the_meter_warns_of_what_spoils_a_recording() -> None:
    voice, room = speechlike(6.0, 48000), noise(6.0, 48000, level_db=-70)
    assert warnings_after(voice + room) == ""
    assert "clips" in warnings_after(np.clip(4 * voice, -1, 1))
    assert "too soft" in warnings_after(voice * 0.05 + room)
    assert "noisy room" in warnings_after(voice + noise(6.0, 48000, level_db=-30))
    assert warnings_after(voice * 0.05, seconds=2.0) == ""


def test_the_meter_reads_the_noise_between_words() -> None:
    meter = LevelMeter(48000)
    meter.add(speechlike(3.0, 48000) + noise(3.0, 48000, level_db=-55))
    level = meter.add(np.zeros(0, np.float32))
    assert level.floor_db == pytest.approx(-55 - 4.8, abs=1.5)  # uniform noise lies 4.8 dB below its peak
    assert level.peak_db == level.rms_db == -120
