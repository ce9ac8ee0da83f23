"""Whose voice sings: the best take of a section's network, its recording, or a voice bank."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.errors import ProductionError
from pipeline.production.schema import Production
from pipeline.song.settings import SongVoiceSettings
from pipeline.song.voices.bank import VoiceBank
from pipeline.song.voices.found import LISTENED_S, FoundVoice
from pipeline.song.voices.unit import Voice
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.sections.checkpoints import section_checkpoints
from pipeline.stages.shared.sections.sounds import Heard, mono_samples_of
from pipeline.store.store import Json, Piece

TakePieces = Mapping[int, Mapping[int, Piece]]
"""Of each section (from 0), the piece of each take by its iteration."""


@dataclass(frozen=True)
class VoiceSource:
    """A voice before it is opened: what determines it, how it is opened, and what it is for people."""

    key: Json
    opened: Callable[[Results], Voice]
    name: str


def voice_source(
    production: Production,
    results: Results,
    takes: TakePieces,
    voice: SongVoiceSettings,
    where: str,
    *,
    language: str,
) -> VoiceSource:
    """Find a voice that sings words of a language.

    Raises
    ------
    ProductionError
        Where its section has no takes, or its folder holds no samples.
    """
    if voice.learned is None:
        path = production.resolve(voice.voice, where)
        if not path.is_dir():
            raise ProductionError(
                f"'{voice.voice}' is no folder of samples.",
                where=where,
                expected='"section 1", "recording 1", or a folder with WAV files',
            )
        bank = VoiceBank(path, where, language)
        return VoiceSource({"bank": bank.content_hash, "language": language}, lambda _results: bank, path.name)
    kind, number = voice.learned
    section = number - 1
    if kind == "recording":
        recording = results.corpora[section]
        key: Json = {"recording": recording.content_hash, "language": language}
        return VoiceSource(key, lambda _results: _found(recording, language), voice.voice)
    iteration = _best(production, results, section, takes.get(section, {}), where)

    def opened(made: Results) -> Voice:
        return _found(next(take for take in made.takes[section] if take.record.iteration == iteration), language)

    name = f"{voice.voice}, iteration {iteration:,}"
    return VoiceSource({"take": takes[section][iteration].key, "language": language}, opened, name)


def _best(production: Production, results: Results, section: int, takes: Mapping[int, Piece], where: str) -> int:
    """The take of the checkpoint with the lowest validation loss, among those that are heard."""
    if not takes:
        raise ProductionError(
            f"Section {section + 1} has no takes that could sing.", where=where, expected="a section with takes"
        )
    losses = {one.iteration: one.loss for one in section_checkpoints(production, section, results.runs[section])}

    def rank(iteration: int) -> tuple[float, int]:
        loss = losses.get(iteration, math.inf)
        return (loss if math.isfinite(loss) else math.inf), -iteration

    return min(takes, key=rank)


def _found(heard: Heard, language: str) -> FoundVoice:
    rate = heard.record.sample_rate_hz
    return FoundVoice(np.asarray(mono_samples_of(heard, 0, round(LISTENED_S * rate))[:], np.float32), rate, language)
