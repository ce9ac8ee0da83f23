"""What is heard of a section, whatever made it: its recording and its takes, as samples.

This module owns how a stored sound is opened. It does not know where in the film it is heard.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.audio.quantise import QuantisedSamples
from pipeline.audio.samples import Samples
from pipeline.errors import StoreError
from pipeline.film.timeline.timeline import SoundClip
from pipeline.learning.corpus import Corpus, load_bytes, map_bytes
from pipeline.learning.sampling.take import Take
from pipeline.runs.stored import RunRecording, RunSamples, RunSound
from pipeline.store.files import plain_reason
from pipeline.store.store import Result

Floats = npt.NDArray[np.float32]
HeardRecording = Result[Corpus] | Result[RunRecording]
HeardTake = Result[Take] | Result[RunSound]
Heard = HeardRecording | HeardTake


class MonoSamples:
    """Stereo that reads as mono, piece by piece.

    Parameters
    ----------
    samples
        float32, shape = (n, 2); may be mapped from a file.
    """

    def __init__(self, samples: Floats) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, part: slice) -> Floats:
        mixed: Floats = np.asarray(self._samples[part]).mean(axis=1, dtype=np.float32)
        return mixed


def heard_in(
    corpora: Sequence[HeardRecording], takes: Sequence[Sequence[HeardTake]], section: int, sound: SoundClip
) -> Heard:
    """Find what a clip of sound is taken from: its section's recording, or the take of its iteration.

    Parameters
    ----------
    corpora, takes
        Of all sections.
    """
    if sound.kind == "recording":
        return corpora[section]
    own, wanted = takes[section], sound.iteration or 0
    at = bisect_left(own, wanted, key=lambda take: take.record.iteration)  # a film may have thousands
    if at < len(own) and own[at].record.iteration == wanted:
        return own[at]
    return next(take for take in own if take.record.iteration == wanted)


def samples_of(source: Heard, first: int = 0, end: int | None = None) -> Samples:
    """Open a sound as it is played: mono, or stereo where a run's sound is.

    Parameters
    ----------
    first, end
        Which of its samples.

    Raises
    ------
    StoreError
        Where its file is missing or damaged.
    """
    record = source.record
    if isinstance(record, RunSamples):
        return _mapped(source.folder / record.samples_file)[first:end]
    if isinstance(record, Corpus):
        return QuantisedSamples(load_bytes(record, source.folder)[first:end], record.encoding)
    return QuantisedSamples(map_bytes(source.path(record.bytes_file))[first:end], record.encoding)


def mono_samples_of(source: Heard, first: int = 0, end: int | None = None) -> Samples:
    """Open a sound as it is drawn and measured: one channel; parameters and errors as for `samples_of`."""
    samples = samples_of(source, first, end)
    return MonoSamples(samples) if isinstance(samples, np.ndarray) and samples.ndim > 1 else samples


def _mapped(path: Path) -> Floats:
    try:
        data = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        why = plain_reason(error) if isinstance(error, OSError) else "this is no array of samples"
        raise StoreError(
            f"The samples can't be read: {why}.", where=str(path), hint="Make them again: build-video STAGE --force."
        ) from error
    if data.dtype != np.float32 or data.ndim not in {1, 2}:
        raise StoreError("This is no array of samples.", where=str(path), expected="float32, one or two dimensions")
    found: Floats = data
    return found
