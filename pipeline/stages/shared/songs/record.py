"""What is kept of a song that was sung: its lines, its notes and its files. All times count from its beginning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from pydantic import BaseModel, ConfigDict

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.errors import StoreError
from pipeline.sound.inputs.sound_file import name_of, new_sound_file
from pipeline.store.files import disk_errors
from pipeline.store.names import PlainName

Floats = npt.NDArray[np.float32]


class SongPart(BaseModel):
    """What all parts of the record share."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SungSyllable(SongPart):
    """A syllable of a line: its characters `first` to `last`, the last not included, and when it is sung."""

    first: int
    last: int
    start_s: float
    end_s: float


class SungLine(SongPart):
    """A line of the lyrics, when it is shown, and its syllables."""

    text: str
    translation: str
    start_s: float
    end_s: float
    syllables: tuple[SungSyllable, ...]


class SungVoice(SongPart):
    """A voice: its name, its sound alone (FLAC, mono, 48 kHz), and its notes: start, end (s) and key (MIDI number)."""

    name: str
    sound_file: PlainName
    notes: tuple[tuple[float, float, float], ...]


class PhraseSound(SongPart):
    """One phrase that was sung: samples at their own rate, from `start_s` before its first note (negative)."""

    samples_file: PlainName = "phrase.npy"
    sample_rate_hz: int
    start_s: float


class SongRecord(SongPart):
    """A song: the mix (FLAC, stereo, 48 kHz), the MIDI file as it was sung, and what is seen of it."""

    title: str
    samples: int
    sound_file: PlainName = "song.flac"
    midi_file: PlainName = "song.mid"
    voices: tuple[SungVoice, ...]
    lines: tuple[SungLine, ...]
    translation_language: str = ""
    """Empty where it is not translated."""
    is_placeholder: bool = False
    """Whether nobody has sung it yet, and it is silent."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.samples / FILM_RATE_HZ


def write_flac(path: Path, samples: Floats) -> None:
    """Write 24 bit FLAC at 48 kHz: shape (n,) or (n, 2), full scale = 1."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with disk_errors(path), new_sound_file(path, FILM_RATE_HZ, channels, "PCM_24", "FLAC") as file:
        file.write(samples)


def read_flac(path: Path) -> Floats:
    """Read what `write_flac` wrote.

    Raises
    ------
    StoreError
        Where it is missing or damaged.
    """
    try:
        samples, _ = soundfile.read(name_of(path), dtype="float32")
    except (soundfile.LibsndfileError, OSError) as error:
        raise StoreError("The song can't be read.", where=str(path), hint="Run build-video sample --force.") from error
    return np.asarray(samples, np.float32)
