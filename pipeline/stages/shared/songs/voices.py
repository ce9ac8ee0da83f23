"""Whose voice sings: the best voiced take of a section's network, its recording, or a voice bank."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.errors import ProductionError
from pipeline.production.schema import Production
from pipeline.runs.stored import RunRecording
from pipeline.song.settings import SongVoiceSettings
from pipeline.song.voices.bank import VoiceBank
from pipeline.song.voices.found import LISTENED_S, FoundVoice
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.sections.checkpoints import section_checkpoints
from pipeline.stages.shared.sections.sounds import Heard, HeardTake, mono_samples_of
from pipeline.store.store import Json, Piece

TakePieces = Mapping[int, Mapping[int, Piece]]
"""Of each section (from 0), the piece of each take by its iteration."""
_MOST_TAKES: Final = 12
"""Takes of a section that are listened to, those of the lowest loss."""
_RICH: Final = 0.5
"""Of the most seconds of steady voiced sounds that a take has: among takes with so many, the lowest loss sings."""


@dataclass(frozen=True)
class Singer:
    """A voice that is open, what it is for people, and among how many takes it was chosen."""

    voice: VoiceBank | FoundVoice
    name: str
    takes: int = 1

    def doubt(self, where: str) -> str:
        """What is to be said before it sings; empty for nothing."""
        if isinstance(self.voice, VoiceBank) or self.voice.is_voiced:
            return ""
        found = f"no steady voiced sound was found in {self.name}"
        if self.takes > 1:
            found += f", nor in the other takes of its section ({self.takes} were looked at)"
        return (
            f"{where}: {found}; noise sings at the tune's pitch. Train longer, take a longer recording, or let another "
            "voice sing."
        )


@dataclass(frozen=True)
class VoiceSource:
    """A voice before it is opened: what determines it, and how it is opened once takes are made."""

    key: Json
    opened: Callable[[Results], Singer]


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
        return VoiceSource({"bank": bank.content_hash, "language": language}, lambda _results: Singer(bank, path.name))
    kind, number = voice.learned
    section = number - 1
    if kind == "recording":
        recording = results.corpora[section]
        if isinstance(recording.record, RunRecording) and not recording.record.samples:
            raise ProductionError(
                f"Section {number} has no recording that could sing.",
                where=where,
                expected=f'a section with recordings, "section {number}", or a folder with WAV files',
            )
        key: Json = {"recording": recording.content_hash, "language": language}
        return VoiceSource(key, lambda _results: Singer(_found(recording, language), voice.voice))
    iterations = _best(production, results, section, takes.get(section, {}), where)

    def opened(made: Results) -> Singer:
        by_iteration = {take.record.iteration: take for take in made.takes[section]}
        return _learned([by_iteration[one] for one in iterations], voice.voice, language)

    return VoiceSource({"takes": [takes[section][one].key for one in iterations], "language": language}, opened)


def _best(
    production: Production, results: Results, section: int, takes: Mapping[int, Piece], where: str
) -> Sequence[int]:
    """The takes that may sing, by their iterations: at most 12, the lowest validation loss first."""
    if not takes:
        raise ProductionError(
            f"Section {section + 1} has no takes that could sing.", where=where, expected="a section with takes"
        )
    losses = {one.iteration: one.loss for one in section_checkpoints(production, section, results.runs[section])}

    def rank(iteration: int) -> tuple[float, int]:
        loss = losses.get(iteration, math.inf)
        return (loss if math.isfinite(loss) else math.inf), -iteration

    return sorted(takes, key=rank)[:_MOST_TAKES]


def _learned(takes: Sequence[HeardTake], name: str, language: str) -> Singer:
    """The first take whose steady sounds last nearly as long as any's; where none has a voice, the first."""
    voices = [_found(take, language) for take in takes]
    most_s = max(voice.steady_s for voice in voices)
    take, voice = next(
        (take, voice) for take, voice in zip(takes, voices, strict=True) if voice.steady_s >= _RICH * most_s
    )
    return Singer(voice, f"{name}, iteration {take.record.iteration:,}", len(takes))


def _found(heard: Heard, language: str) -> FoundVoice:
    rate = heard.record.sample_rate_hz
    return FoundVoice(np.asarray(mono_samples_of(heard, 0, round(LISTENED_S * rate))[:], np.float32), rate, language)
