"""Priming: the part of the recording that a network reads before it generates."""

from __future__ import annotations

from hashlib import sha256

from pipeline.learning.corpus import Corpus, load_bytes
from pipeline.learning.sampling.settings import SamplingSettings
from pipeline.store.store import Result


def primer_hash(settings: SamplingSettings, corpus: Result[Corpus], where: str) -> str | None:
    """Hash the primer; None where there is none.

    Raises
    ------
    ProductionError
        Where they reach beyond the recording.
    """
    begin, count = primer_span(settings, corpus.record)
    if count == 0:
        return None
    settings.check_priming(corpus.record.total_samples / corpus.record.sample_rate_hz, where)
    primer = load_bytes(corpus.record, corpus.folder)[begin : begin + count]
    return sha256(primer.tobytes()).hexdigest()


def primer_span(settings: SamplingSettings, corpus: Corpus) -> tuple[int, int]:
    """Where in the corpus the priming begins, and how many samples it has."""
    rate = corpus.sample_rate_hz
    return round(settings.prime_from_s * rate), round(settings.prime_s * rate)
