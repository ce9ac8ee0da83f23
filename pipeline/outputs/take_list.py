"""All takes of a film and the candidates among which each was chosen: facts, and copies under names that people read.

This module looks at what the stage `sample` has made so far. It makes nothing but the copies.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from pipeline.audio.measures.record import VoiceMeasures
from pipeline.audio.measures.spectrum import spectral_distance_db
from pipeline.errors import InputError
from pipeline.learning.sampling.take import CandidateSet, Take, TakeFacts
from pipeline.outputs.looking import Seen, named_take
from pipeline.runs.stored import RunSound
from pipeline.stages import sample
from pipeline.stages.shared.choices import rule_choice
from pipeline.stages.shared.sections.sounds import HeardTake
from pipeline.stages.shared.take_findings import recording_voice
from pipeline.store.files import disk_errors, temporary_beside
from pipeline.store.store import Piece

FOLDER: Final = "takes"
"""In the film's folder."""
_COPY: Final = re.compile(r"take-\d{6,}(-[a-z]{1,2})?\.wav")
_NAMED: Final = re.compile(r"(?:.*/)?section-(\d+)/take-(\d+)-([a-z]{1,2})(?:\.wav)?")
_LETTERS: Final = 26


@dataclass(frozen=True)
class ListedTake:
    """A take, or one of the candidates for it.

    Parameters
    ----------
    section
        Counted from 1.
    candidate
        Its letter, from a on; empty where there is only one.
    chosen
        `rule` or `hand` where it is the one in the film; empty otherwise.
    sound
        What can be listened to; None where it was not generated yet.
    distance
        From the recording; smaller is closer.
    spectrum_db
        How far its long-term spectrum is from the recording's, in dB; None where that was never measured.
    """

    section: int
    iteration: int
    candidate: str
    chosen: str
    seconds: float | None = None
    distance: float | None = None
    level_db: float | None = None
    facts: TakeFacts | None = None
    spectrum_db: float | None = None
    sound: Path | None = None

    @property
    def name(self) -> str:
        """How people call it: `section-2/take-000600-b.wav`."""
        letter = f"-{self.candidate}" if self.candidate else ""
        return f"section-{self.section}/take-{self.iteration:06d}{letter}.wav"

    def as_json(self, folder: Path) -> Mapping[str, object]:
        """Return it as plain values; `folder` is where the copies lie."""
        values = {name: value for name, value in asdict(self).items() if name not in {"facts", "sound"}}
        facts = self.facts.model_dump(mode="json") if self.facts else None
        return {**values, "facts": facts, "file": None if self.sound is None else (folder / self.name).as_posix()}


def recording_voices(seen: Seen) -> tuple[VoiceMeasures | None, ...]:
    """What was measured on the recording of each section that has one by now."""
    return tuple(recording_voice(corpus) for corpus in seen.results.corpora)


def list_takes(seen: Seen, recordings: Sequence[VoiceMeasures | None] = ()) -> list[ListedTake]:
    """List all takes, section by section in training order, with their candidates.

    Parameters
    ----------
    recordings
        What was measured on the sections' recordings, where takes are to be compared with them.
    """
    several: dict[tuple[int, int], Piece] = {}
    listed: list[ListedTake] = []
    listing = seen.production.with_other_length(seen.production.sections)  # a choice of nothing is no matter here
    for piece in sample.take_pieces(listing, seen.results):
        section, kind, iteration = named_take(piece)
        if kind == "candidates":
            several[section, iteration] = piece
        else:
            listed += listed_take(seen, section, iteration, piece, several.get((section, iteration)))
    return [
        replace(one, spectrum_db=_spectrum_db(one, recordings[one.section - 1]))
        if one.section <= len(recordings)
        else one
        for one in listed
    ]


def _spectrum_db(one: ListedTake, recording: VoiceMeasures | None) -> float | None:
    voice = one.facts.voice if one.facts else None
    if voice is None or recording is None or len(voice.bands_db) != len(recording.bands_db) or not voice.bands_db:
        return None
    return round(spectral_distance_db(voice.bands_db, recording.bands_db), 2)


def listed_take(
    seen: Seen, section: int, iteration: int, piece: Piece, candidates: Piece | None
) -> Iterator[ListedTake]:
    """List a take, or the candidates for it.

    Parameters
    ----------
    section
        Counted from 0.
    piece, candidates
        As the stage `sample` names them; the candidates only where there are several.
    """
    store = seen.aside.store
    if candidates is None:
        is_run = seen.production.sections[section].run is not None
        take: HeardTake | None = store.result(piece, RunSound) if is_run else store.result(piece, Take)
        if take is None:
            yield ListedTake(section + 1, iteration, "", "")
            return
        record = take.record
        sound = take.path(record.listen_file)
        yield ListedTake(section + 1, iteration, "", "rule", record.duration_s, facts=record.facts, sound=sound)
        return
    found = store.result(candidates, CandidateSet)
    if found is None:
        yield ListedTake(section + 1, iteration, "", "")
        return
    settings, corpus = seen.production.sections[section].sampling, seen.results.corpus(section).record
    hand = settings.choose.get(iteration)
    asked = int(str(candidates.ingredients["samples"]))
    ruled = rule_choice(found.record, settings, seen.results.corpus(section), asked)
    for number, fact in enumerate(found.record.candidates, start=1):
        chosen = "hand" if number == hand else "rule" if hand is None and number == ruled else ""
        yield ListedTake(
            section + 1,
            iteration,
            letter_of(number),
            chosen,
            (fact.samples or asked) / corpus.sample_rate_hz,
            fact.distance,
            fact.level_db,
            fact.facts,
            sound=found.path(fact.listen_file),
        )


def write_copies(listed: Sequence[ListedTake], folder: Path) -> None:
    """Copy all that can be listened to under the names that people read; copies of takes that are gone are removed."""
    wanted = {folder / one.name: one.sound for one in listed if one.sound is not None}
    with disk_errors(folder):
        for section in folder.glob("section-*"):
            for path in section.iterdir() if section.is_dir() else ():
                if _COPY.fullmatch(path.name) and path not in wanted:
                    path.unlink()
        for path, sound in wanted.items():
            if path.is_file() and _looks(path) == _looks(sound):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = temporary_beside(path)
            try:
                shutil.copy2(sound, unfinished)
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)


def _looks(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def letter_of(number: int) -> str:
    """A candidate's letter: a for 1, z for 26, aa for 27."""
    over, rest = divmod(number - 1, _LETTERS)
    return (chr(ord("a") + over - 1) if over else "") + chr(ord("a") + rest)


def number_of(word: str) -> int:
    """A candidate's number, counted from 1, by its letter or its number.

    Raises
    ------
    InputError
        Where it is neither.
    """
    letters = word.strip().lower()
    if re.fullmatch(r"[0-9]{1,3}", letters):
        return int(letters)
    if not re.fullmatch(r"[a-z]{1,2}", letters):
        raise InputError(f"'{word[:40]}' is not a candidate.", where="command line", expected="a letter such as b")
    number = 0
    for letter in letters:
        number = _LETTERS * number + ord(letter) - ord("a") + 1
    return number


def take_in_words(name: str) -> tuple[int, int, int] | None:
    """Section and candidate, counted from 1, and iteration of a name such as `section-2/take-000600-b.wav`."""
    match = _NAMED.fullmatch(name.replace("\\", "/"))
    return (int(match[1]), int(match[2]), number_of(match[3])) if match else None


def find_candidate(listed: Sequence[ListedTake], section: int | None, iteration: int, number: int) -> ListedTake:
    """The candidate that someone means.

    Parameters
    ----------
    section
        Counted from 1; None where only one section has a take at that iteration.
    number
        The candidate's, counted from 1.

    Raises
    ------
    InputError
        Where there is no such take or candidate, or it may be of several sections.
    """
    own = [one for one in listed if section in {None, one.section}]
    at = [one for one in own if one.iteration == iteration]
    if not at:
        there = sorted({one.iteration for one in own})
        near = min(there, key=lambda one: abs(one - iteration), default=None)
        raise InputError(
            f"There is no take at iteration {iteration}.",
            where="command line" if section is None else f"section {section}",
            expected=f"one of {', '.join(map(str, there))}" if there else "a film with takes",
            hint=f"The nearest is {near}." if near is not None else "build-video takes lists them.",
        )
    sections = sorted({one.section for one in at})
    if len(sections) > 1:
        raise InputError(
            f"Several sections have a take at iteration {iteration}.",
            where="command line",
            expected=f"--section with one of {', '.join(map(str, sections))}",
        )
    if at[0].sound is None:
        raise InputError(
            f"The take at iteration {iteration} is not made yet.",
            where=f"section {at[0].section}",
            hint="build-video sample makes all takes.",
        )
    found = next((one for one in at if one.candidate == letter_of(number)), None)
    if found is None:
        letters = [one.candidate for one in at if one.candidate]
        raise InputError(
            f"There is no candidate {number} of the take at iteration {iteration}.",
            where=f"section {at[0].section}",
            expected=f"one of {', '.join(letters)}" if letters else "a section with candidates",
            hint="" if letters else "Set candidates = 3 in its sampling: there was only one.",
        )
    return found
