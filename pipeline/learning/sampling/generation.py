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
from pipeline.learning.sampling.traces import TraceWindows, kept_cells, kept_distribution, new_sums, trace_files
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
    traces
        How finely the network is recorded, into files beside the bytes (`traces.trace_files`); None: it is not.
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
    traces: TraceWindows | None = None

    @property
    def block_samples(self) -> int:
        """How many samples are drawn at once: whole windows, where the network is recorded."""
        window = self.traces.cells_samples if self.traces is not None else 1
        return -(-_BLOCK_SAMPLES // window) * window


@dataclass(frozen=True)
class _GrowingArray:
    """A `.npy` file that grows with a take: one row for so many samples, `row` numbers in it (none: a plain list)."""

    path: Path
    descr: str
    samples_per_row: int
    row: tuple[int, ...] = ()

    def header(self, samples: int) -> bytes:
        """The file's head, for a take of so many samples."""
        header = io.BytesIO()
        fields = {"descr": self.descr, "fortran_order": False, "shape": (self._rows(samples), *self.row)}
        numpy.lib.format.write_array_header_1_0(header, fields)
        return header.getvalue()

    def size_at(self, done: int, samples: int) -> int:
        """How many bytes the file has once `done` of a take's samples are there."""
        return len(self.header(samples)) + self._rows(done) * int(np.prod(self.row, dtype=np.int64))

    def _rows(self, samples: int) -> int:
        return -(-samples // self.samples_per_row)


def _arrays(request: GenerationRequest) -> list[_GrowingArray]:
    """The files of a request: the bytes of all candidates, then of each what is recorded of the network."""
    arrays = [_GrowingArray(request.folder / name, "|u1", 1) for name in request.files]
    if (windows := request.traces) is not None:
        for name in request.files:
            traces, short, long = trace_files(name, windows), windows.distribution_samples, windows.cells_samples
            arrays.append(_GrowingArray(request.folder / traces.distribution_file, "|u1", short, (BYTE_VALUES,)))
            arrays.append(_GrowingArray(request.folder / traces.cells_file, "|i1", long, (windows.cells,)))
    return arrays


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
    if (request.folder / STATE_FILE).exists():
        return False
    sizes = [(array.path, array.size_at(request.samples, request.samples)) for array in _arrays(request)]
    return all(path.is_file() and path.stat().st_size == whole for path, whole in sizes)


def _continue(request: GenerationRequest, generator: Generator, done: int, on_samples: Callable[[int], None]) -> None:
    files = [array.path.open("ab") for array in _arrays(request)]
    try:
        saved_at = time.monotonic()
        while done < request.samples:
            count = min(request.block_samples, request.samples - done)
            for file, numbers in zip(files, _next_block(request, generator, done, count), strict=True):
                file.write(numbers.tobytes())
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


def _next_block(
    request: GenerationRequest, generator: Generator, begin: int, count: int
) -> list[npt.NDArray[np.uint8] | npt.NDArray[np.int8]]:
    """Generate what comes next in each of the files."""
    numbers = [uniforms(request.seed, stream, begin, count) for stream in range(generator.streams)]
    inverse = [inverse_temperature(curve, begin, count, request.samples) for curve in request.curves]
    windows = request.traces
    sums = new_sums(windows, generator.network, generator.streams, count) if windows is not None else None
    codes = generator.generate(
        np.array(numbers), np.array(inverse), top_k=request.top_k, min_p=request.min_p, sums=sums
    )
    if windows is None or sums is None:
        return [*codes]
    kept = zip(kept_distribution(sums), kept_cells(sums, windows), strict=True)
    return [*codes, *(array for of_one in kept for array in of_one)]


def _prime(request: GenerationRequest, generator: Generator) -> None:
    if request.primer is None:
        return
    path, begin, count = request.primer
    recording = map_bytes(path)
    for start in range(begin, begin + count, _BLOCK_SAMPLES):
        generator.prime(np.array(recording[start : min(start + _BLOCK_SAMPLES, begin + count)], np.uint8))


def _save(request: GenerationRequest, generator: Generator, done: int) -> None:
    packed = io.BytesIO()
    digest = np.frombuffer(_hash_so_far(request, done), np.uint8)
    np.savez(packed, allow_pickle=False, done=np.array(done, np.int64), said=digest, **generator.state_dict())
    atomic_write_bytes(request.folder / STATE_FILE, packed.getvalue())


def _hash_so_far(request: GenerationRequest, done: int) -> bytes:
    """Hash what was generated so far: takes go on only where it is still what it was."""
    digest = sha256()
    for array in _arrays(request):
        with array.path.open("rb") as file:
            digest.update(file.read(array.size_at(done, request.samples)))
    return digest.digest()


def _resume(request: GenerationRequest, generator: Generator) -> int:
    """Cut the files to what the saved state belongs to, and go on from there; else begin anew."""
    arrays = _arrays(request)
    state = _saved_state(request.folder / STATE_FILE)
    done = int(state.pop("done", np.array(0)).reshape(-1)[0]) if state else 0
    digest = state.pop("said", np.zeros(0, np.uint8)).tobytes()
    whole = 0 < done <= request.samples and _are_there(request, arrays, done) and digest == _hash_so_far(request, done)
    if whole and generator.load_state_dict(state):
        for array in arrays:
            os.truncate(array.path, array.size_at(done, request.samples))
        return done
    for array in arrays:
        array.path.write_bytes(array.header(request.samples))
    return 0


def _are_there(request: GenerationRequest, arrays: list[_GrowingArray], done: int) -> bool:
    """Whether the files hold what belongs to so many samples, which end where windows end."""
    if request.traces is not None and done < request.samples and done % request.traces.cells_samples:
        return False
    sizes = [(array.path, array.size_at(done, request.samples)) for array in arrays]
    return all(path.is_file() and path.stat().st_size >= least for path, least in sizes)


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
