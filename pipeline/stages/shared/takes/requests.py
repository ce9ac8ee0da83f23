"""A take that the film needs: from which checkpoint, how, and the work that a process of its own does for it.

This module does not know which takes a film needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.audio.quantise import code_values
from pipeline.learning.corpus import Corpus
from pipeline.learning.models.checkpoint import load_checkpoint
from pipeline.learning.models.network import BYTE_VALUES, NetworkSettings
from pipeline.learning.sampling.generation import GenerationRequest
from pipeline.learning.sampling.settings import SamplingSettings
from pipeline.learning.sampling.take_making import TakeJob
from pipeline.learning.sampling.traces import BYTES_PER_S, TraceWindows, trace_windows
from pipeline.production.schema import Production
from pipeline.stages.shared.priming import primer_span
from pipeline.store.store import Piece, Result, Store

_BYTES_PER_SAMPLE: Final = 3
"""One as the network made it, two to listen to."""
_REAL_TIME_PARAMETERS: Final = 4_000_000
"""A core samples networks up to about this size in real time; larger ones go to a GPU where there is one."""


@dataclass(frozen=True)
class SavedCheckpoint:
    """A checkpoint that is sampled; `json_file` is its readable half."""

    section: int
    json_file: Path
    iteration: int


@dataclass(frozen=True)
class RequestedTake:
    """One take that the film needs, and what determines it; lengths in samples.

    Parameters
    ----------
    piece
        The take.
    candidates
        All candidates, where there are several.
    is_traced
        Whether the network is recorded while it generates, for panels that show it.
    """

    checkpoint: SavedCheckpoint
    samples: int
    settings: SamplingSettings
    network: NetworkSettings | None
    device: str
    corpus: Result[Corpus]
    piece: Piece
    candidates: Piece | None
    is_traced: bool = False

    @property
    def network_take(self) -> Piece:
        """The piece that the network makes: the candidates where there are several, else the take."""
        return self.candidates or self.piece

    @property
    def sound_s(self) -> float:
        """Seconds of sound that the network makes."""
        return self.samples * self.settings.candidates / self.corpus.record.sample_rate_hz

    @property
    def parameters(self) -> int:
        """How many numbers the network has learned."""
        return self.network.parameters if self.network is not None else 0

    @property
    def work(self) -> float:
        """Arithmetic of all its bytes."""
        flops_per_byte = self.network.flops_per_byte if self.network is not None else 1
        return self.samples * self.settings.candidates * flops_per_byte

    @property
    def bytes_needed(self) -> float:
        """Room for its files, all candidates together."""
        traces = BYTES_PER_S * self.sound_s if self.is_traced else 0.0
        return traces + self.samples * self.settings.candidates * _BYTES_PER_SAMPLE

    @property
    def traces(self) -> TraceWindows | None:
        """How finely the network is recorded; None where it is not."""
        if not self.is_traced:
            return None
        network = self.network or load_checkpoint(self.checkpoint.json_file).network
        return trace_windows(network, self.corpus.record.sample_rate_hz)


def sampling_device(settings: SamplingSettings, network: NetworkSettings | None) -> str:
    """Where a take is made: it belongs to its key, for a GPU rounds otherwise."""
    parameters = 0 if network is None else network.parameters
    if settings.device == "cpu" or (settings.device == "auto" and parameters <= _REAL_TIME_PARAMETERS):
        return "cpu"
    from pipeline.learning.sampling.torch_sampler import gpu_or_cpu  # noqa: PLC0415 - brings torch along

    return gpu_or_cpu(required=settings.device == "cuda")


def take_job(planned: RequestedTake, folder: Path) -> TakeJob:
    """Return the work of making a take, into a folder."""
    settings, corpus, count = planned.settings, planned.corpus.record, planned.settings.candidates
    begin, primed = primer_span(settings, corpus)
    bytes_path = planned.corpus.path(corpus.bytes_file)
    return TakeJob(
        request=GenerationRequest(
            checkpoint=planned.checkpoint.json_file,
            folder=folder,
            files=tuple(f"candidate-{n + 1:02d}.npy" for n in range(count)) if count > 1 else ("take.npy",),
            samples=planned.samples,
            seed=settings.seed,
            curves=tuple(settings.curve(n) for n in range(count)),
            top_k=settings.top_k or BYTE_VALUES,
            min_p=settings.min_p,
            weight_dtype=settings.weight_dtype,
            primer=(bytes_path, begin, primed) if primed else None,
            traces=planned.traces,
        ),
        iteration=planned.checkpoint.iteration,
        encoding=corpus.encoding,
        sample_rate_hz=corpus.sample_rate_hz,
        code_values=code_values(corpus.encoding),
        corpus=bytes_path,
        device=planned.device,
        trim_silence=settings.trim_silence,
    )


def take_words(production: Production, planned: RequestedTake, store: Store) -> str:
    """Say in one line which checkpoint a take is from, and where it lies."""
    section = planned.checkpoint.section
    whose = f"section {section + 1} ({production.sections[section].title}), " if len(production.sections) > 1 else ""
    sounds = sorted(store.folder(planned.network_take).glob("*.wav"))
    where = sounds[0] if sounds else store.folder(planned.network_take)
    others = f", and {len(sounds) - 1} more beside it" if len(sounds) > 1 else ""
    return f"{whose}iteration {planned.checkpoint.iteration:,}, a take of {planned.sound_s:.1f} s: {where}{others}"
