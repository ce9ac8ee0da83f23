"""Recording a voice: which inputs there are, and a WAV file that grows on the disk while one speaks.

Owns the talk with the sound card (through sounddevice, which is optional) and the file, which is whole after every
second: a crash or a power cut loses no more than that. It shows nothing: its caller draws the meter.
"""

from __future__ import annotations

import importlib
import os
import queue
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipeline.errors import OutputError, RecordingError
from pipeline.runtime.wording.installing import extra_command
from pipeline.sound.signal.meter import InputLevel, LevelMeter
from pipeline.sound.signal.resample import Resampler
from pipeline.store.files import disk_errors

Floats = npt.NDArray[np.float32]

RATE_HZ: Final = 48_000
LONGEST_S: Final = 6 * 3600.0  # a WAV file of this kind ends after 8 hours
_BLOCK_S: Final = 0.1
_FLUSH_EVERY_S: Final = 1.0
_PATIENCE_S: Final = 5.0
_GET_PORTAUDIO: Final = (
    "sudo apt install libportaudio2  (Fedora: sudo dnf install portaudio; macOS: brew install portaudio)"
)


@dataclass(frozen=True)
class InputDevice:
    """A microphone or line input, by the number that the sound library gives it."""

    number: int
    name: str
    channels: int
    rate_hz: int
    is_default: bool


@dataclass(frozen=True)
class Recorded:
    """What was recorded. `dropped_blocks` counts how often the computer was too slow to listen."""

    path: Path
    seconds: float
    last_level: InputLevel | None
    dropped_blocks: int


def sound_library() -> Any:
    """The sounddevice library.

    Raises
    ------
    RecordingError
        Where it, or the PortAudio library that it needs, is missing.
    """
    try:
        return importlib.import_module("sounddevice")
    except ImportError as error:
        raise RecordingError(
            "Recording needs the package sounddevice, which is not installed.", hint=extra_command("record")
        ) from error
    except OSError as error:
        raise RecordingError(
            "Recording needs the system's library PortAudio, which is not there.", hint=_GET_PORTAUDIO
        ) from error


def input_devices(library: Any) -> tuple[InputDevice, ...]:
    """All inputs that can be recorded from.

    Raises
    ------
    RecordingError
        Where there is none.
    """
    with _library_errors(library):
        default = library.default.device[0]
        devices = tuple(
            InputDevice(
                number=number,
                name=str(found["name"]),
                channels=int(found["max_input_channels"]),
                rate_hz=int(found["default_samplerate"]),
                is_default=number == default,
            )
            for number, found in enumerate(library.query_devices())
            if found["max_input_channels"] > 0
        )
    if not devices:
        raise RecordingError(
            "There is no microphone.",
            expected="at least one sound input",
            hint="Plug one in, allow its use in the system's settings, and try again.",
        )
    return devices


def record(
    path: Path,
    library: Any,
    *,
    device: InputDevice,
    seconds: float = LONGEST_S,
    on_level: Callable[[InputLevel], None] = lambda _level: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Recorded:
    """Record mono, 48 kHz, 24 bit, until `seconds` have passed, `should_stop` says so, or Ctrl-C is pressed.

    Parameters
    ----------
    path
        A new WAV file; an existing one is never overwritten.
    library
        `sound_library()`.
    on_level
        Called with the level ten times a second.

    Raises
    ------
    RecordingError
        Where the input can't be opened or falls silent altogether; what was recorded until then is kept.
    OutputError, StoreError
        Where the file exists or can't be written.
    """
    blocks: queue.SimpleQueue[Floats] = queue.SimpleQueue()
    dropped = 0

    def listen(data: Floats, _frames: int, _time: object, status: object) -> None:
        nonlocal dropped
        dropped += bool(status)
        blocks.put(data[:, 0].copy())

    rate_hz = _rate_of(library, device)
    meter, resampler, level = LevelMeter(rate_hz), Resampler(rate_hz, RATE_HZ), None
    with _new_file(path) as file, _stream(library, device, rate_hz, listen):
        try:
            while file.seconds < min(seconds, LONGEST_S) and not should_stop():
                block = _next_block(blocks, path, file)
                level = meter.add(block)
                file.write(resampler.add(block))
                on_level(level)
        except KeyboardInterrupt:
            pass  # the way to stop: what was said is kept
        file.write(resampler.finish())
    return Recorded(path, file.seconds, level, dropped)


class GrowingWav:
    """A mono 24-bit WAV file whose header is true after every write, flushed to the disk every second."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("xb")
        self._wav = wave.open(self._raw, "wb")  # noqa: SIM115 - closed by close()
        self._wav.setparams((1, 3, RATE_HZ, 0, "NONE", ""))
        self._samples = 0
        self._flushed = time.monotonic()

    @property
    def seconds(self) -> float:
        """How much was written."""
        return self._samples / RATE_HZ

    def write(self, samples: Floats) -> None:
        """Add samples, full scale = 1; beyond it they are clipped."""
        if not len(samples):
            return
        scaled = np.clip(np.rint(samples.astype(np.float64) * 2**23), -(2**23), 2**23 - 1).astype("<i4")
        self._wav.writeframes(scaled.view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
        self._samples += len(samples)
        if time.monotonic() - self._flushed > _FLUSH_EVERY_S:
            self._flush()

    def close(self) -> None:
        """Finish the file; an empty one is removed."""
        self._wav.close()
        self._flush()
        self._raw.close()
        if not self._samples:
            Path(self._raw.name).unlink(missing_ok=True)

    def _flush(self) -> None:
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._flushed = time.monotonic()


@contextmanager
def _new_file(path: Path) -> Iterator[GrowingWav]:
    if path.suffix.lower() != ".wav":
        raise OutputError(f"'{path.name}' is no name of a WAV file.", where=str(path), expected="a name ending in .wav")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = GrowingWav(path)
        except FileExistsError:
            raise OutputError(
                "There is a recording of this name already.", where=str(path), hint="Choose another name."
            ) from None
        try:
            yield file
        finally:
            file.close()


@contextmanager
def _stream(library: Any, device: InputDevice, rate_hz: int, listen: Callable[..., None]) -> Iterator[None]:
    with _library_errors(library, device.name):
        stream = library.InputStream(
            device=device.number,
            channels=1,
            samplerate=rate_hz,
            blocksize=round(_BLOCK_S * rate_hz),
            dtype="float32",
            callback=listen,
        )
    try:
        with stream:
            yield
    except library.PortAudioError as error:  # starting it, where another program holds the device
        raise _unusable(error, device.name) from error


@contextmanager
def _library_errors(library: Any, where: str = "") -> Iterator[None]:
    try:
        yield
    except (library.PortAudioError, ValueError) as error:
        raise _unusable(error, where) from error


def _unusable(error: Exception, where: str) -> RecordingError:
    return RecordingError(
        f"The sound input can't be used: {error}.",
        where=where,
        hint="Check that it is plugged in, allowed in the system's settings, and not in use by another program.",
    )


def _rate_of(library: Any, device: InputDevice) -> int:
    """48 kHz where the device can, else its own rate, which is then resampled."""
    try:
        library.check_input_settings(device=device.number, channels=1, samplerate=RATE_HZ)
    except (library.PortAudioError, ValueError):
        return device.rate_hz
    return RATE_HZ


def _next_block(blocks: queue.SimpleQueue[Floats], path: Path, file: GrowingWav) -> Floats:
    try:
        return blocks.get(timeout=_PATIENCE_S)
    except queue.Empty:
        raise RecordingError(
            f"The sound input has given nothing for {_PATIENCE_S:g} s.",
            where=str(path),
            hint=f"Check the microphone and record again; the first {file.seconds:.0f} s are kept.",
        ) from None
