"""The recording beside a run of another program: heard before its takes, at its own rate.

It stands where a section of our own has its corpus. Nothing is learned from it here.
"""

from __future__ import annotations

from typing import Final
from unicodedata import normalize

import numpy as np

from pipeline.errors import RecordingError
from pipeline.learning.corpus import RecordingFacts
from pipeline.production.recordings import check_recording
from pipeline.production.schema import Production
from pipeline.runs.stored import RunRecording
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.sound.inputs.as_it_is import DecodedSound, decode_as_it_is, write_listening_copy
from pipeline.sound.signal.resample import resample
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import remembered_sha256
from pipeline.store.store import Json, Piece, Result, write_record

STAGE: Final = "prepare"
_VERSION: Final = 1
_LONGEST_S: Final = 1800.0
"""Of all recordings together: more is never heard of a run."""


def recording_piece(production: Production, section: int) -> Piece:
    """What a run's recording is made of; none is made of nothing.

    Raises
    ------
    RecordingError
        Where one is missing or is none.
    """
    recordings: list[Json] = []
    for path in production.recording_paths(section):
        check_recording(path)
        recordings.append({"name": normalize("NFC", path.name), "content": remembered_sha256(path)})
    return Piece(STAGE, f"section-{section + 1}", _VERSION, {"heard before a run": recordings})


def make_recording(production: Production, section: int, piece: Piece, workplace: Workplace) -> Result[RunRecording]:
    """Decode and join a run's recordings, unless that is fresh.

    Raises
    ------
    RecordingError
        Where one can't be used.
    """
    if STAGE not in workplace.force and (found := workplace.store.result(piece, RunRecording)) is not None:
        return found
    paths, report = production.recording_paths(section), workplace.report
    report.begin(WorkStart(STAGE, piece.name, float(len(paths)), "recordings"))
    parts: list[DecodedSound] = []
    facts: list[RecordingFacts] = []
    left_s = _LONGEST_S
    for number, path in enumerate(paths, start=1):
        if left_s <= 0:
            report.note(f"{piece.name}: of the recordings the first {_LONGEST_S / 60:.0f} minutes are kept")
            break
        part = decode_as_it_is(path, first_s=left_s, note=report.note, warn=report.warn)
        if not len(part.samples):
            raise RecordingError("The file holds no sound.", where=str(path), expected="a recording")
        seconds = len(part.samples) / part.sample_rate_hz
        left_s -= seconds
        parts.append(part)
        facts.append(RecordingFacts(name=path.name, duration_s=seconds, sample_rate_hz=part.sample_rate_hz))
        report.advance(float(number), f"{path.name}, {seconds:.0f} s")
    joined = _joined(parts)
    with workplace.store.publish(piece) as folder:
        record = RunRecording(
            sample_rate_hz=joined.sample_rate_hz,
            channels=joined.channels,
            samples=len(joined.samples),
            recordings=tuple(facts),
        )
        np.save(folder / record.samples_file, joined.samples, allow_pickle=False)
        write_listening_copy(joined, folder / record.listen_file)
        write_record(folder, record)
    return workplace.store.published(piece, RunRecording)


def _joined(parts: list[DecodedSound]) -> DecodedSound:
    """One after the other, at the highest of their rates; stereo where all are."""
    if not parts:
        return DecodedSound(np.zeros(0, np.float32), 48_000)
    rate_hz = max(part.sample_rate_hz for part in parts)
    stereo = all(part.channels > 1 for part in parts)
    pieces = []
    for part in parts:
        samples = part.samples if stereo or part.channels == 1 else part.samples.mean(axis=1)
        pieces.append(resample(samples, part.sample_rate_hz, rate_hz))
    return DecodedSound(np.concatenate(pieces).astype(np.float32), rate_hz)
