"""Generates takes of any length in constant memory; one that was killed goes on with the same bytes.

This module owns the files of takes that are being generated: the bytes, one file a candidate, and the generator's state
when they were last flushed. It does not know productions, nor what the bytes sound like. It needs no torch.
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

STATE_FILE: Final = "memory.npz"
"""Lies beside takes that are not finished, and nowhere else."""

_BLOCK_SAMPLES: Final = 2048
_SECONDS_BETWEEN_SAVES: Final = 10.0
_LARGEST_STATE_BYTES: Final = 2**28


@dataclass(frozen=True)
class GenerationRequest:
    """What is to be generated, from which checkpoint, into which files.

    Parameters
    ----------
    checkpoint
        The JSON half.
    folder
        Where the files are written. It belongs to this request alone, and the same request has the same folder again.
    files
        Names of `.npy` files, one for each candidate. Candidate n uses the stream n of the seed's random numbers.
    samples
        Length of each take.
    seed
        Of the random numbers.
    curves
        For each candidate the corners (share of the take, temperature).
    top_k, min_p
        See `SamplingSettings`.
    weight_dtype
        In which numbers the weights are held while sampling.
    primer
        What the network is primed with: a `.npy` file of bytes, the first of them, and how many; None: nothing.
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


def _ignore(_samples: int) -> None:
    pass


def open_sampler(request: GenerationRequest) -> Generator:
    """Load the checkpoint for the compiled sampler, on the processor."""
    from pipeline.learning.sampling.sampler import (  # noqa: PLC0415 - brings the compiler along, which `status` never needs
        Sampler,
    )

    checkpoint = load_checkpoint(request.checkpoint)
    return Sampler(
        checkpoint.network, checkpoint.weights, weight_dtype=request.weight_dtype, streams=len(request.files)
    )


def generate(
    request: GenerationRequest,
    *,
    on_samples: Callable[[int], None] = _ignore,
    open_generator: Callable[[GenerationRequest], Generator] = open_sampler,
) -> None:
    """Generate the takes of a request, or what is still missing of them.

    Parameters
    ----------
    on_samples
        Called now and then with how many samples of each candidate there are.
    open_generator
        Loads the checkpoint: for the compiled sampler, or for torch.

    Raises
    ------
    StoreError
        Where the checkpoint or the primer can't be read.
    """
    if is_finished(request):
        on_samples(request.samples)
        return
    generator = open_generator(request)
    with disk_errors(request.folder):
        done = _resume(request, generator)
        if done == 0:
            _prime(request, generator)
        _continue(request, generator, done, on_samples)
        (request.folder / STATE_FILE).unlink(missing_ok=True)


def is_finished(request: GenerationRequest) -> bool:
    """Whether all files are there in full."""
    whole = len(_header(request)) + request.samples
    paths = [request.folder / name for name in request.files]
    if (request.folder / STATE_FILE).exists():
        return False
    return all(path.is_file() and path.stat().st_size == whole for path in paths)


def _continue(request: GenerationRequest, generator: Generator, done: int, on_samples: Callable[[int], None]) -> None:
    files = [(request.folder / name).open("ab") for name in request.files]
    try:
        saved_at = time.monotonic()
        while done < request.samples:
            count = min(_BLOCK_SAMPLES, request.samples - done)
            for file, codes in zip(files, _next_block(request, generator, done, count), strict=True):
                file.write(codes.tobytes())
            done += count
            on_samples(done)
            if done == request.samples or time.monotonic() - saved_at > _SECONDS_BETWEEN_SAVES:
                for file in files:
                    file.flush()
                    os.fsync(file.fileno())
                _save(request, generator, done)
                saved_at = time.monotonic()
    finally:
        for file in files:
            file.close()


def _next_block(request: GenerationRequest, generator: Generator, begin: int, count: int) -> Bytes:
    numbers = [uniforms(request.seed, stream, begin, count) for stream in range(generator.streams)]
    inverse = [inverse_temperature(curve, begin, count, request.samples) for curve in request.curves]
    return generator.generate(np.array(numbers), np.array(inverse), top_k=request.top_k, min_p=request.min_p)


def _prime(request: GenerationRequest, generator: Generator) -> None:
    if request.primer is None:
        return
    path, begin, count = request.primer
    recording = map_bytes(path)
    for start in range(begin, begin + count, _BLOCK_SAMPLES):
        generator.prime(np.array(recording[start : min(start + _BLOCK_SAMPLES, begin + count)], np.uint8))


def _header(request: GenerationRequest) -> bytes:
    header = io.BytesIO()
    fields = {"descr": "|u1", "fortran_order": False, "shape": (request.samples,)}
    numpy.lib.format.write_array_header_1_0(header, fields)
    return header.getvalue()


def _save(request: GenerationRequest, generator: Generator, done: int) -> None:
    packed = io.BytesIO()
    digest = np.frombuffer(_hash_so_far(request, done), np.uint8)
    np.savez(packed, allow_pickle=False, done=np.array(done, np.int64), said=digest, **generator.state_dict())
    atomic_write_bytes(request.folder / STATE_FILE, packed.getvalue())


def _hash_so_far(request: GenerationRequest, done: int) -> bytes:
    """Hash what was generated so far: takes go on only where it is still what it was."""
    digest = sha256()
    for name in request.files:
        with (request.folder / name).open("rb") as file:
            digest.update(file.read(len(_header(request)) + done))
    return digest.digest()


def _resume(request: GenerationRequest, generator: Generator) -> int:
    """Cut the files to what the saved state belongs to, and go on from there; else begin anew."""
    header = _header(request)
    paths = [request.folder / name for name in request.files]
    state = _saved_state(request.folder / STATE_FILE)
    done = int(state.pop("done", np.array(0)).reshape(-1)[0]) if state else 0
    sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
    digest = state.pop("said", np.zeros(0, np.uint8)).tobytes()
    whole = 0 < done <= request.samples and min(sizes) >= len(header) + done and digest == _hash_so_far(request, done)
    if whole and generator.load_state_dict(state):
        for path in paths:
            os.truncate(path, len(header) + done)
        return done
    for path in paths:
        path.write_bytes(header)
    return 0


def _saved_state(path: Path) -> dict[str, npt.NDArray[Any]]:
    """What was saved, or nothing where it is missing or damaged: the take is then made anew."""
    try:
        if path.stat().st_size > _LARGEST_STATE_BYTES:
            return {}
        with path.open("rb") as file:
            if sum(part.file_size for part in zipfile.ZipFile(file).infolist()) > _LARGEST_STATE_BYTES:
                return {}
            with np.load(file, allow_pickle=False) as saved:
                return {name: saved[name] for name in saved.files}
    except Exception:  # noqa: BLE001 - two parsers of others, on a file that a kill may have left
        return {}
