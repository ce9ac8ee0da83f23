"""The sounds of a run of another program: which there are, which are heard, and how each becomes a take.

They stand where a section of our own samples its checkpoints. A take is determined by its sound's content alone, so
another sound, another log or another storyboard makes none of the others anew.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from pipeline.audio.measures.voice import LOWEST_RATE_HZ, measure
from pipeline.errors import InputError, RecordingError
from pipeline.learning.sampling.take import TakeFacts
from pipeline.production.schema import Production
from pipeline.runs.reading import find_files
from pipeline.runs.record import RunTake
from pipeline.runs.sounds import write_sound
from pipeline.runs.stored import RunLosses, RunSound
from pipeline.sound.inputs.as_it_is import DecodedSound, decode_as_it_is, write_listening_copy
from pipeline.stages.shared.runs.losses import resolver, run_of
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import disk_errors, remembered_sha256
from pipeline.store.store import Json, Piece, Result, Store, write_record

STAGE: Final = "sample"
_VERSION: Final = 1
_KEPT_S: Final = 120.0
"""Of every sound: a storyboard with longer takes keeps as much as it shows."""
_MEASURED_S: Final = 60.0
_LONGEST_SPAN: Final = 1 << 30
_RIFF_HEADER: Final = struct.Struct("<4sI4s")
_UNKNOWN_LENGTH: Final = 0xFFFFFFFF - 8
"""What programs write as a WAV file's length that did not know it yet."""


@dataclass(frozen=True)
class RequestedSound:
    """A sound that the film plays, and the take that it becomes; `seconds` is how much of it is kept."""

    section: int
    take: RunTake
    seconds: float
    piece: Piece


def run_takes(production: Production, section: int, losses: RunLosses) -> tuple[tuple[RunTake, ...], str]:
    """The sounds of a section's run in the order of their iterations, and a note where one was left out.

    A last sound that is not all there is left out: its program is still writing it.

    Raises
    ------
    InputError
        Where a sound that is named does not exist.
    """
    resolve = resolver(production, section)
    _, found = find_files(run_of(production, section), resolve)
    logged = [
        RunTake(sound.iteration, resolve(sound.file, "run, log"), (sound.start, sound.length))
        for sound in losses.sounds
        if sound.length <= _LONGEST_SPAN
    ]
    takes = tuple(found or logged)
    if takes and takes[-1].span is None and not _is_whole(takes[-1].path):
        return takes[:-1], f"{takes[-1].path.name} is not all there yet: the film ends with the sound before it"
    return takes, ""


def _is_whole(path: Path) -> bool:
    """Whether a sound file is as long as it says itself, as far as that is quickly found out."""
    with disk_errors(path), path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        head = file.read(_RIFF_HEADER.size)
    if len(head) < _RIFF_HEADER.size:
        return False
    mark, length, form = _RIFF_HEADER.unpack(head)
    return not (mark == b"RIFF" and form == b"WAVE" and size < length + 8 and length < _UNKNOWN_LENGTH)


def requested_sound(section: int, take: RunTake, seconds: float) -> RequestedSound:
    """One sound that is heard for so many seconds."""
    kept = max(_KEPT_S, float(np.ceil(seconds)) + 1.0)
    content = _span_sha256(take) if take.span is not None else remembered_sha256(take.path)
    piece = Piece(
        STAGE,
        f"section-{section + 1}/take-{take.iteration:06d}",
        _VERSION,
        {"sound": content, "iteration": take.iteration, "seconds": kept, **_text_form(take)},
    )
    return RequestedSound(section, take, kept, piece)


def _text_form(take: RunTake) -> dict[str, Json]:
    """How a take that is text becomes sound."""
    if take.text is None:
        return {}
    table = remembered_sha256(take.text.table) if take.text.table is not None else None
    return {"text": [take.text.sample_rate_hz, take.text.encoding, table]}


def _span_sha256(take: RunTake) -> str:
    assert take.span is not None  # noqa: S101 - whoever calls has looked
    with disk_errors(take.path):
        status = take.path.stat()
    return _sha256_of_span(take.path, take.span, status.st_mtime_ns)


@lru_cache(maxsize=8192)
def _sha256_of_span(path: Path, span: tuple[int, int], _mtime_ns: int) -> str:
    start, length = span
    with disk_errors(path), path.open("rb") as file:
        file.seek(start)
        return sha256(file.read(length)).hexdigest()


def make_sound(requested: RequestedSound, store: Store) -> None:
    """Decode a sound, measure it, and keep it as a take.

    Raises
    ------
    InputError
        Where it can't be decoded, or holds nothing.
    """
    take = requested.take
    with TemporaryDirectory(prefix="build-video-") as aside:
        path = take.path
        if take.span is not None or take.text is not None:
            path = Path(aside) / "sound"
            write_sound(take, path)
        try:
            sound = decode_as_it_is(path, first_s=requested.seconds)
        except InputError as error:
            raise RecordingError(
                error.what,
                where=f"section {requested.section + 1}, the sound of iteration {take.iteration:,}: {take.path}",
                expected=error.expected or "a sound that ffmpeg reads",
                hint="Remove this sound from the run's takes, or write it again.",
            ) from error
    if not len(sound.samples):
        raise RecordingError(
            "The sound holds no samples.",
            where=f"section {requested.section + 1}, the sound of iteration {take.iteration:,}: {take.path}",
            expected="a sound",
            hint="Remove this sound from the run's takes, or write it again.",
        )
    with store.publish(requested.piece) as folder:
        record = RunSound(
            iteration=take.iteration,
            sample_rate_hz=sound.sample_rate_hz,
            channels=sound.channels,
            samples=len(sound.samples),
            facts=_measured(sound),
        )
        np.save(folder / record.samples_file, sound.samples, allow_pickle=False)
        write_listening_copy(sound, folder / record.listen_file)
        write_record(folder, record)


def _measured(sound: DecodedSound) -> TakeFacts:
    """What is known of a sound by itself: level and voice; copies are of a corpus, of which there is none."""
    mono = sound.samples if sound.channels == 1 else sound.samples.mean(axis=1)
    head = mono[: round(_MEASURED_S * sound.sample_rate_hz)]
    if sound.sample_rate_hz < LOWEST_RATE_HZ:
        return TakeFacts()
    voice = measure(np.clip(head, -1.0, 1.0), sound.sample_rate_hz)
    return TakeFacts(silence_share=voice.silence_share, clipped_share=voice.clipped_share, voice=voice)


def made_sound(requested: RequestedSound, workplace: Workplace) -> Result[RunSound]:
    """The take of a sound that was made."""
    return workplace.store.published(requested.piece, RunSound)
