"""All that can be heard of a film: takes and candidates as they are made, and the recordings.

Owns what the page calls a sound, and which file that is: a request never names a path. It makes no sound, but for takes
of checkpoints that a person wants to hear before the film has them.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from pipeline.build.unmade.aside import AsideStore
from pipeline.errors import BuildVideoError, InputError
from pipeline.film.planning.storyboard_settings import StoryboardSettings
from pipeline.learning.corpus import Corpus
from pipeline.learning.sampling.take import TakeFacts
from pipeline.outputs.looking import Seen, see
from pipeline.outputs.take_list import ListedTake, list_takes, listed_take
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import SILENT
from pipeline.stages import sample, train
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.takes.requests import SavedCheckpoint
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Piece, Result, Store
from pipeline.studio.sounds import clipped_stretches, level_db, silent_stretches

R = TypeVar("R", bound=BaseModel)

_MUCH_SILENCE: Final = 0.5
_MUCH_CLIPPED: Final = 0.005
_HEARD_S: Final = 4.0
"""Takes that are made to be heard alone are no longer."""


class RememberingStore(Store):
    """A store that is only looked at, and reads a record once: what is published stays as it is, or is gone."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._found: dict[tuple[str, str], Result[Any]] = {}

    def result(self, piece: Piece, kind: type[R]) -> Result[R] | None:
        """Return the result of a piece, where it is there."""
        found = self._found.get((piece.stage, piece.key))
        if found is not None and found.folder.is_dir():
            return found
        found = self.glance(piece, kind)
        if found is not None:
            self._found[piece.stage, piece.key] = found
        return found


class Takes:
    """The sounds of a film."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="hear")
        """Where `hear` is to be called: one take is made after the other."""
        self._aside: tempfile.TemporaryDirectory[str] | None = None
        self._stores: dict[Path, RememberingStore] = {}
        self._files: dict[str, Path] = {}
        self._measured: dict[str, tuple[TakeFacts, int, str]] = {}

    def file(self, name: str) -> Path:
        """The file of a sound that was listed.

        Raises
        ------
        InputError
            Where there is none of this name.
        """
        path = self._files.get(name)
        if path is None or not path.is_file():
            raise InputError("There is no such sound.", where="request", expected="one that the page lists")
        return path

    def listed(self, production: Production, workplace: Workplace, results: Results | None) -> list[ListedTake]:
        """All takes and candidates; those of a training in flight as far as they are made.

        Parameters
        ----------
        results
            With the corpora; None where they are not prepared: then there are none.
        """
        if results is None:
            return []
        with self._lock:
            store = self._stores.setdefault(workplace.store.root, RememberingStore(workplace.store.root))
            place = replace(workplace, store=store)
            flights = {one.section: one.folder for one in train.in_flight(production, results, place)}
            try:
                if not flights:
                    with see(production, place, beside=True) as seen:
                        whole = replace(seen, aside=place)
                        return list_takes(whole if seen.is_finished else seen)
                return list(_foreseen(production, results, place, flights))
            except BuildVideoError:  # a training that is published meanwhile moves its files
                return []

    def hear(
        self, production: Production, workplace: Workplace, results: Results, checkpoint: SavedCheckpoint
    ) -> dict[str, Any]:
        """The take of one checkpoint, which the film may not have; it is made aside, and gone with the studio.

        Returns
        -------
        dict[str, Any]
            As `values` has it.
        """
        if self._aside is None:
            self._aside = tempfile.TemporaryDirectory(prefix="build-video-studio-")
        store = AsideStore(workplace.store.root, Path(self._aside.name))
        aside = replace(workplace, store=store, report=SILENT, jobs=1)
        section = production.sections[checkpoint.section]
        made = sample.make_one(production, results, aside, checkpoint, _usual_s(section.storyboard))
        seen = Seen(production, results, aside, is_finished=False)
        listed = list(listed_take(seen, checkpoint.section, checkpoint.iteration, made.piece, made.candidates))
        return self._take(production, checkpoint.section, checkpoint.iteration, listed)

    def close(self) -> None:
        """Drop what was made aside."""
        self.thread.shutdown(cancel_futures=True)
        if self._aside is not None:
            self._aside.cleanup()

    def marks(self, name: str) -> list[dict[str, Any]]:
        """Where in a sound its doubts were found: a word, from and to, in seconds; errors as for `file`."""
        path = self.file(name)
        if name not in self._measured:
            return []
        facts, rate_hz, recording = self._measured[name]
        found: list[tuple[str, float, float]] = []
        if facts.silence_share >= _MUCH_SILENCE:
            found += [("silent", *one) for one in silent_stretches(path, self._files.get(recording))]
        if facts.clipped_share > _MUCH_CLIPPED:
            found += [("clipped", *one) for one in clipped_stretches(path)]
        if facts.copied_at_sample is not None:
            at = facts.copied_at_sample
            found.append(("copied", round(at / rate_hz, 3), round((at + facts.copied_samples) / rate_hz, 3)))
        return [{"word": word, "from_s": start, "to_s": end} for word, start, end in found]

    def values(
        self, production: Production, results: Results | None, listed: Sequence[ListedTake]
    ) -> list[dict[str, Any]]:
        """Each section's takes and its recording as plain values, with names by which their sounds are asked for."""
        sections: list[dict[str, Any]] = []
        for number in range(len(production.sections)):
            own: dict[int, list[ListedTake]] = {}
            for one in listed:
                if one.section == number + 1:
                    own.setdefault(one.iteration, []).append(one)
            takes = [self._take(production, number, iteration, candidates) for iteration, candidates in own.items()]
            sections.append({"recording": self._recording(number, results), "takes": takes})
        return sections

    def _take(
        self, production: Production, number: int, iteration: int, candidates: Sequence[ListedTake]
    ) -> dict[str, Any]:
        section = production.sections[number]
        rate_hz, several = section.corpus.sample_rate_hz, len(candidates) > 1
        return {
            "iteration": iteration,
            "favourite": iteration in section.favourites,
            "candidates": [self._candidate(one, rate_hz, several=several) for one in candidates],
        }

    def _recording(self, number: int, results: Results | None) -> str | None:
        corpus = results.corpora[number] if results is not None else None
        if corpus is None or not isinstance(corpus.record, Corpus):
            return None
        name = f"recording-{number + 1}"
        self._files[name] = corpus.path(corpus.record.listen_file)
        return name if self._files[name].is_file() else None

    def _candidate(self, one: ListedTake, rate_hz: int, *, several: bool) -> dict[str, Any]:
        """One take; its level only where others are to be compared with it."""
        name = None
        level: float | None = None
        if one.sound is not None and one.sound.is_file():
            name = f"take-{one.section}-{one.iteration}{f'-{one.candidate}' if one.candidate else ''}"
            self._files[name] = one.sound
            if one.facts is not None and one.iteration:
                self._measured[name] = one.facts, rate_hz, f"recording-{one.section}"
            level = level_db(one.sound) if several and one.level_db is None else one.level_db
        return {
            "letter": one.candidate,
            "chosen": one.chosen,
            "seconds": one.seconds,
            "distance": None if one.distance is None else round(one.distance, 2),
            "level_db": level,
            "sound": name,
            "doubts": [] if one.facts is None or one.iteration == 0 else doubts_of(one.facts),
        }


def _usual_s(story: StoryboardSettings) -> float:
    """How long a take of a section is that nobody has given a length."""
    return _HEARD_S if story.seconds is None else min(_HEARD_S, story.seconds / max(1, story.takes))


def doubts_of(facts: TakeFacts) -> list[dict[str, str]]:
    """What speaks against a take, in a word and in a line."""
    found: list[dict[str, str]] = []
    if facts.silence_share >= _MUCH_SILENCE:
        found.append({"word": "silent", "line": f"{facts.silence_share:.0%} of it is silence"})
    if facts.clipped_share > _MUCH_CLIPPED:
        found.append({"word": "clipped", "line": f"{facts.clipped_share:.1%} of its samples are clipped"})
    if facts.noise:
        found.append({"word": "noise", "line": "Its spectrum is as flat as noise"})
    if facts.cut_s > 0:
        found.append({"word": "cut", "line": f"{facts.cut_s:.1f} s of dead air were cut out of it"})
    if facts.copied_samples:
        words = f"{facts.copied_samples:,} bytes stand in the recording word for word"
        found.append({"word": "copied", "line": words})
    return found


def _foreseen(
    production: Production, results: Results, place: Workplace, flights: dict[int, Path]
) -> Iterator[ListedTake]:
    """Takes of trainings in flight: those of the checkpoints that are saved so far."""
    seen = Seen(production, results, place, is_finished=False)
    for section, folder in sorted(flights.items()):
        for one in sample.foreseen(production, results, section, folder):
            yield from listed_take(seen, section, one.checkpoint.iteration, one.piece, one.candidates)
