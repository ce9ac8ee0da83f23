"""Takes of any length, written to disk as they are made, in constant memory; a killed one goes on with the same bytes.

This module owns the files of takes in the making: the bytes, one file a candidate, and what the network remembered when
they were last flushed. It does not know productions, nor what the bytes sound like. It needs no torch.
"""

from __future__ import annotations

import io
import os
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.lib.format
import numpy.typing as npt

from pipeline.learning.corpus import map_bytes
from pipeline.learning.models.checkpoint import load_checkpoint
from pipeline.learning.models.network import BYTE_VALUES
from pipeline.learning.sampling.draws import inverse_temperature, uniforms
from pipeline.learning.sampling.settings import WeightDtype
from pipeline.store.files import atomic_write_bytes, disk_errors

if TYPE_CHECKING:
    from pipeline.learning.sampling.sampler import Generator

Bytes = npt.NDArray[np.uint8]

MEMORY_FILE: Final = "memory.npz"
"""Lies beside takes that are not finished, and nowhere else."""

_BLOCK_SAMPLES: Final = 2048
_SECONDS_BETWEEN_SAVES: Final = 10.0
_LARGEST_MEMORY_BYTES: Final = 2**28


@dataclass(frozen=True)
class Order:
    """What is to be said, by which checkpoint, into which files.

    Parameters
    ----------
    checkpoint
        The JSON half.
    folder
        Where the files are made. It belongs to this order alone, and the same order has the same folder again.
    files
        Names of `.npy` files, one for each candidate. Candidate n uses the stream n of the seed's random numbers.
    samples
        Length of each.
    seed
        Of the random numbers.
    curves
        For each candidate the corners (share of the take, temperature).
    top_k, min_p
        See `SamplingSettings`.
    held
        How weights are held.
    primer
        A `.npy` file of bytes, the first that is heard, and how many; None where nothing is.
    """

    checkpoint: Path
    folder: Path
    files: tuple[str, ...]
    samples: int
    seed: int
    curves: tuple[tuple[tuple[float, float], ...], ...]
    top_k: int = BYTE_VALUES
    min_p: float = 0.0
    weight_dtype: WeightDtype = "int8"
    primer: tuple[Path, int, int] | None = None


def _tell_nobody(_samples: int) -> None:
    pass


def open_sampler(order: Order) -> Generator:
    """Load the order's checkpoint for the processor."""
    from pipeline.learning.sampling.sampler import (  # noqa: PLC0415 - brings the compiler along, which `status` never needs
        Sampler,
    )

    checkpoint = load_checkpoint(order.checkpoint)
    return Sampler(checkpoint.network, checkpoint.weights, weight_dtype=order.weight_dtype, streams=len(order.files))


def speak(
    order: Order,
    *,
    on_samples: Callable[[int], None] = _tell_nobody,
    open_speaker: Callable[[Order], Generator] = open_sampler,
) -> None:
    """Make what is ordered, or what is still missing of it.

    Parameters
    ----------
    on_samples
        Is told now and then how many samples of each candidate are there.
    open_speaker
        Loads the checkpoint: for the processor, or for a GPU.
    """
    if is_finished(order):
        on_samples(order.samples)
        return
    speaker = open_speaker(order)
    with disk_errors(order.folder):
        done = _resume(order, speaker)
        if done == 0:
            _prime(order, speaker)
        _continue(order, speaker, done, on_samples)
        (order.folder / MEMORY_FILE).unlink(missing_ok=True)


def is_finished(order: Order) -> bool:
    """Whether all files are there in full."""
    whole = len(_header(order)) + order.samples
    paths = [order.folder / name for name in order.files]
    if (order.folder / MEMORY_FILE).exists():
        return False
    return all(path.is_file() and path.stat().st_size == whole for path in paths)


def _continue(order: Order, speaker: Generator, done: int, on_samples: Callable[[int], None]) -> None:
    files = [(order.folder / name).open("ab") for name in order.files]
    try:
        saved_at = time.monotonic()
        while done < order.samples:
            count = min(_BLOCK_SAMPLES, order.samples - done)
            for file, said in zip(files, _say(order, speaker, done, count), strict=True):
                file.write(said.tobytes())
            done += count
            on_samples(done)
            if done == order.samples or time.monotonic() - saved_at > _SECONDS_BETWEEN_SAVES:
                for file in files:
                    file.flush()
                    os.fsync(file.fileno())
                _save(order, speaker, done)
                saved_at = time.monotonic()
    finally:
        for file in files:
            file.close()


def _say(order: Order, speaker: Generator, begin: int, count: int) -> Bytes:
    chance = [uniforms(order.seed, stream, begin, count) for stream in range(speaker.streams)]
    sharp = [inverse_temperature(curve, begin, count, order.samples) for curve in order.curves]
    return speaker.generate(np.array(chance), np.array(sharp), top_k=order.top_k, min_p=order.min_p)


def _prime(order: Order, speaker: Generator) -> None:
    if order.primer is None:
        return
    path, begin, count = order.primer
    recording = map_bytes(path)
    for start in range(begin, begin + count, _BLOCK_SAMPLES):
        speaker.prime(np.array(recording[start : min(start + _BLOCK_SAMPLES, begin + count)], np.uint8))


def _header(order: Order) -> bytes:
    shown = io.BytesIO()
    fields = {"descr": "|u1", "fortran_order": False, "shape": (order.samples,)}
    numpy.lib.format.write_array_header_1_0(shown, fields)
    return shown.getvalue()


def _save(order: Order, speaker: Generator, done: int) -> None:
    packed = io.BytesIO()
    said = np.frombuffer(_said_hash(order, done), np.uint8)
    np.savez(packed, allow_pickle=False, done=np.array(done, np.int64), said=said, **speaker.state_dict())
    atomic_write_bytes(order.folder / MEMORY_FILE, packed.getvalue())


def _said_hash(order: Order, done: int) -> bytes:
    """Hash what was said so far: takes go on only where it is still what it was."""
    digest = sha256()
    for name in order.files:
        with (order.folder / name).open("rb") as file:
            digest.update(file.read(len(_header(order)) + done))
    return digest.digest()


def _resume(order: Order, speaker: Generator) -> int:
    """Cut the files to what the memory belongs to, and go on from there; else begin anew."""
    header = _header(order)
    paths = [order.folder / name for name in order.files]
    memory = _saved_memory(order.folder / MEMORY_FILE)
    done = int(memory.pop("done", np.array(0)).reshape(-1)[0]) if memory else 0
    sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
    said = memory.pop("said", np.zeros(0, np.uint8)).tobytes()
    whole = 0 < done <= order.samples and min(sizes) >= len(header) + done and said == _said_hash(order, done)
    if whole and speaker.load_state_dict(memory):
        for path in paths:
            os.truncate(path, len(header) + done)
        return done
    for path in paths:
        path.write_bytes(header)
    return 0


def _saved_memory(path: Path) -> dict[str, npt.NDArray[Any]]:
    """What was saved, or nothing where it is missing or damaged: the take is then made anew."""
    try:
        if path.stat().st_size > _LARGEST_MEMORY_BYTES:
            return {}
        with path.open("rb") as file:
            if sum(part.file_size for part in zipfile.ZipFile(file).infolist()) > _LARGEST_MEMORY_BYTES:
                return {}
            with np.load(file, allow_pickle=False) as saved:
                return {name: saved[name] for name in saved.files}
    except Exception:  # noqa: BLE001 - two parsers of others, on a file that a kill may have left
        return {}
