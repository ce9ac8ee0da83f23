"""A take from the first byte to its record: generated, written as WAV, compared with the recording.

This module is what a process of its own does for one checkpoint. It needs no torch, except where it is to use a
GPU. It does not know what the 256 codes sound like: their values are handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy.lib.format

from pipeline.audio.dead_air import longest_pause_s, stretches_to_keep
from pipeline.audio.features import AudioFeatures, closest, distance, extract_features
from pipeline.audio.formats import Encoding
from pipeline.audio.levels import Bytes, Floats, silence_limit
from pipeline.audio.measures.record import VoiceMeasures
from pipeline.audio.measures.voice import measure
from pipeline.audio.wav import write_wav
from pipeline.learning.corpus import map_bytes
from pipeline.learning.sampling.compiling import compile_failure
from pipeline.learning.sampling.generation import GenerationRequest, generate, is_finished, open_sampler
from pipeline.learning.sampling.take import CandidateFacts, CandidateSet, Take
from pipeline.learning.sampling.take_facts import examine
from pipeline.learning.sampling.traces import cut_traces, trace_files
from pipeline.runtime.machine import processor_kind
from pipeline.store.files import disk_errors, temporary_beside
from pipeline.store.store import write_record

if TYPE_CHECKING:
    from pipeline.learning.sampling.sampler import Generator

_COMPARED_S: Final = 60.0
"""So much of the recording, and of a take, is compared."""
_BLOCK_SAMPLES: Final = 1 << 18
_MUCH_CUT: Final = 0.5
_DEAD: Final = 50.0
"""A candidate of which more than half was dead air is chosen only where all are, or the others are silent or noise."""


@dataclass(frozen=True)
class TakeJob:
    """The work of one process.

    Parameters
    ----------
    request
        What is generated, and into which folder.
    iteration
        Of the checkpoint.
    code_values
        What each byte sounds like, float32, shape = (256,), full scale = 1.
    corpus
        The recording's bytes, `.npy`, with which candidates are compared.
    device
        `cpu` or `cuda`.
    trim_silence
        Whether dead air is cut out of the takes.
    """

    request: GenerationRequest
    iteration: int
    encoding: Encoding
    sample_rate_hz: int
    code_values: Floats
    corpus: Path
    device: str
    trim_silence: bool = False


def _ignore(_samples: int) -> None:
    pass


def make_take(job: TakeJob, on_samples: Callable[[int], None] = _ignore) -> str:
    """Generate the candidates of a job, write the WAV files to listen to, and the record last.

    Returns
    -------
    str
        What the person should know, such as why it was slow; or nothing.
    """
    request, note = job.request, ""
    open_generator: Callable[[GenerationRequest], Generator] = open_sampler
    if job.device != "cpu":
        from pipeline.learning.sampling.torch_sampler import open_gpu_sampler  # noqa: PLC0415 - brings torch along

        open_generator = open_gpu_sampler
    elif not is_finished(request) and (failure := compile_failure(request.weight_dtype)):
        from pipeline.learning.sampling.torch_sampler import open_slow_sampler  # noqa: PLC0415

        open_generator = open_slow_sampler
        note = f"the compiled sampler can't be used here ({failure}): takes are made with torch, many times slower"
    generate(request, on_samples=on_samples, open_generator=open_generator)
    cut_s = _cut_dead_air(job) if job.trim_silence else [0.0] * len(request.files)
    for name in request.files:
        path = request.folder / name
        write_wav(path.with_suffix(".wav"), map_bytes(path), job.code_values, job.sample_rate_hz)
    facts = _compare(job, cut_s)
    own = facts.candidates[0]
    processor = _processor(job.device)
    facts = facts.model_copy(update={"processor": processor})
    single = record_of(job).model_copy(
        update={"facts": own.facts, "samples": own.samples or request.samples, "processor": processor}
    )
    write_record(request.folder, facts if len(request.files) > 1 else single)
    return note


def _processor(device: str) -> str:
    if device == "cpu":
        return processor_kind()
    from pipeline.learning.hardware import device_kind  # noqa: PLC0415 - brings torch along

    return device_kind(device)


def record_of(job: TakeJob) -> Take:
    """Describe the only take of a job."""
    request = job.request
    return Take(
        iteration=job.iteration,
        samples=request.samples,
        sample_rate_hz=job.sample_rate_hz,
        encoding=job.encoding,
        seed=request.seed,
        temperature=request.curves[0][0][1],
        precision=request.weight_dtype if job.device == "cpu" else "float32",
        primed_samples=request.primer[2] if request.primer else 0,
        traces=trace_files(Take.model_fields["bytes_file"].default, request.traces) if request.traces else None,
    )


def _cut_dead_air(job: TakeJob) -> list[float]:
    """Cut every candidate, and return how many seconds of it are gone."""
    corpus = map_bytes(job.corpus)
    limit = silence_limit(_features(corpus, job).level_db)
    longest_s = longest_pause_s(corpus, job.code_values, job.sample_rate_hz, limit)
    gone = []
    for name in job.request.files:
        path = job.request.folder / name
        codes = map_bytes(path)
        kept = stretches_to_keep(codes, job.code_values, job.sample_rate_hz, limit, longest_s)
        whole, left = len(codes), sum(end - start for start, end in kept)
        gone.append((whole - left) / job.sample_rate_hz)
        if left == whole:
            continue
        unfinished = temporary_beside(path)
        with disk_errors(path):
            try:
                _write_stretches(unfinished, codes, kept)
                del codes  # some systems replace no file that is mapped
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
        if job.request.traces is not None:
            cut_traces(job.request.folder, name, job.request.traces, kept)
    return gone


def _write_stretches(path: Path, codes: Bytes, kept: list[tuple[int, int]]) -> None:
    fields = {"descr": "|u1", "fortran_order": False, "shape": (sum(end - start for start, end in kept),)}
    with path.open("wb") as file:
        numpy.lib.format.write_array_header_1_0(file, fields)
        for start, end in kept:
            for first in range(start, end, _BLOCK_SAMPLES):
                file.write(codes[first : min(first + _BLOCK_SAMPLES, end)].tobytes())


def _compare(job: TakeJob, cut_s: list[float]) -> CandidateSet:
    corpus = map_bytes(job.corpus)
    recording = _features(corpus, job)
    facts = []
    for name, curve, gone_s in zip(job.request.files, job.request.curves, cut_s, strict=True):
        codes = map_bytes(job.request.folder / name)
        own = _features(codes, job)
        facts.append(
            CandidateFacts(
                bytes_file=name,
                listen_file=str(Path(name).with_suffix(".wav")),
                temperature=curve[0][1],
                distance=round(distance(own, recording), 6),
                level_db=round(own.level_db, 3),
                flatness=round(own.flatness, 6),
                facts=examine(
                    codes, corpus, job.code_values, job.sample_rate_hz, own=own, recording=recording
                ).model_copy(update={"cut_s": round(gone_s, 3), "voice": _voice(codes, job)}),
                samples=len(codes) if gone_s else None,
            )
        )
    whole_s = job.request.samples / job.sample_rate_hz
    far = [fact.distance + _DEAD * (fact.facts.cut_s > _MUCH_CUT * whole_s) for fact in facts]
    return CandidateSet(candidates=tuple(facts), closest=closest(far) + 1)


def _features(codes: Bytes, job: TakeJob) -> AudioFeatures:
    return extract_features(_compared(codes, job), job.sample_rate_hz)


def _voice(codes: Bytes, job: TakeJob) -> VoiceMeasures:
    return measure(_compared(codes, job), job.sample_rate_hz)


def _compared(codes: Bytes, job: TakeJob) -> Floats:
    return job.code_values[codes[: round(_COMPARED_S * job.sample_rate_hz)]]
