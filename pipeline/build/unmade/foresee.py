"""What stages that wait for others will have to make: takes, cards and segments, counted before anything is trained.

The film is planned with stand-ins for what is not there. A piece whose key is the same as before is there already; one
that shows anything of a stand-in has another key, and counts. Nothing of the store is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from pipeline.build.cutting import cut_film, place_for
from pipeline.build.song_amounts import songs_ahead
from pipeline.build.unmade.aside import AsideStore
from pipeline.build.unmade.placeholders import placeholder_corpus, placeholder_run
from pipeline.errors import BuildVideoError
from pipeline.film.planning.cut_settings import CutSettings
from pipeline.film.planning.plan import choose_takes
from pipeline.film.timeline.timeline import Segment
from pipeline.learning.corpus import Corpus
from pipeline.learning.sampling.take import Take
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.cards.card import CardPage, CardPicture
from pipeline.picture.drawing.clip_pictures import ClipPictures
from pipeline.production.schema import Production
from pipeline.runs.stored import RunLosses, RunRecording, RunSound
from pipeline.runtime.progress.reporter import SILENT
from pipeline.stages import cards, compose, prepare, render, sample, storyboard, train
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.scenes.grounds import ground_piece
from pipeline.stages.shared.sections.checkpoints import section_checkpoints
from pipeline.stages.shared.sections.losses import Trained
from pipeline.stages.shared.sections.sounds import HeardRecording, HeardTake
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Piece, Result

_SPARE_S: Final = 0.1
_UNSURE: Final = frozenset({"sample", "render"})
"""The number of other pieces is in the production file."""
_SOUND_S: Final = 1.0
"""Of the sound that stands in for all takes of a section."""

_PAGE: Final = CardPage(picture_file="undrawn", layers=())
_Pieces = list[tuple[str, bool]]
"""The name of each piece, and whether it is to be made."""


@dataclass(frozen=True)
class Foreseen:
    """What a stage that waits has: the name of each piece and whether it is to be made, as far as can be told before.

    `is_about` where trainings or recordings may come to another number.
    """

    pieces: tuple[tuple[str, bool], ...]
    is_about: bool


class _UnknownError(Exception):
    """Something has no stand-in: sounds of another program's run that were not read yet."""


def foresee(
    production: Production, workplace: Workplace, cuts: Sequence[CutSettings] = ()
) -> Mapping[tuple[str, str], Foreseen]:
    """Count what a film and some of its cuts are made of, with stand-ins for what is not there yet.

    Returns
    -------
    Mapping[tuple[str, str], Foreseen]
        By the cut's name, empty for the film, and the stage, from `sample` on. Empty where nothing can be told: where a
        build would stop with an error, or the sounds of another program's run were not read yet.
    """
    with TemporaryDirectory(prefix="build-video-") as folder:
        store = AsideStore(workplace.store.root, Path(folder))
        aside = replace(workplace, store=store, report=SILENT, force=frozenset())
        try:
            return _Plan(production, workplace, aside).foreseen(cuts)
        except (BuildVideoError, _UnknownError):
            return {}


class _Plan:
    """A film with stand-ins, and where they lie."""

    def __init__(self, production: Production, workplace: Workplace, aside: Workplace) -> None:
        self._production, self._workplace, self._aside = production, workplace, aside
        self._unsure: set[str] = set()
        """Stages of which a training may make another number."""

    def foreseen(self, cuts: Sequence[CutSettings]) -> dict[tuple[str, str], Foreseen]:
        """All stages of the film and of its cuts."""
        production = self._production
        results, trained = self._trained()
        results, takes = self._said(results)
        named = {"train": trained, "sample": takes, **self._shown(production, results, self._aside)}
        found = {("", stage): pieces for stage, pieces in named.items()}
        for cut in cuts:
            shown, of_cut = cut_film(production, cut, results, SILENT)
            named = self._shown(shown, of_cut, place_for(self._aside, cut))
            found |= {(cut.name, stage): pieces for stage, pieces in named.items()}
        return {place: Foreseen(tuple(pieces), place[1] in self._unsure) for place, pieces in found.items()}

    def _is_fresh(self, piece: Piece) -> bool:
        return piece.stage not in self._workplace.force and self._workplace.store.state(piece).state == "fresh"

    def _trained(self) -> tuple[Results, _Pieces]:
        """Corpora and runs, and which of these are to be made."""
        production, store = self._production, self._aside.store
        corpora: list[HeardRecording] = []
        for number, piece in enumerate(prepare.pieces(production, Results())):
            is_run = production.sections[number].run is not None
            if self._is_fresh(piece):
                corpora.append(store.published(piece, RunRecording) if is_run else store.published(piece, Corpus))
            elif is_run:
                raise _UnknownError
            else:
                corpora.append(placeholder_corpus(production, number, piece, store))
                if production.sections[number].training.iterations is None:
                    self._unsure |= _UNSURE
        results, runs = Results(corpora=tuple(corpora)), list[Trained]()
        pieces = train.pieces(production, results)
        for number, piece in enumerate(pieces):
            section = production.sections[number]
            if self._is_fresh(piece):
                is_own = section.run is None
                runs.append(store.published(piece, TrainingRun) if is_own else store.published(piece, RunLosses))
            elif section.run is not None:
                raise _UnknownError
            else:
                runs.append(placeholder_run(section, number, results.corpus(number), store))
                if production.is_draft or section.training.minutes is not None:
                    self._unsure |= _UNSURE
        return replace(results, runs=tuple(runs)), [(piece.name, not self._is_fresh(piece)) for piece in pieces]

    def _said(self, results: Results) -> tuple[Results, _Pieces]:
        """The takes, and which pieces of them are to be made."""
        production, store = self._production, self._aside.store
        named = [(piece, self._is_fresh(piece)) for piece in sample.take_pieces(production, results)]
        there = {piece.name: piece for piece, is_fresh in named if is_fresh}
        pieces = [(piece.name, not is_fresh) for piece, is_fresh in named]
        takes: list[tuple[HeardTake, ...]] = []
        for number, section in enumerate(production.sections):
            points = [one.point for one in section_checkpoints(production, number, results.runs[number])]
            is_short, own = not production.has_own_length, list[HeardTake]()
            for planned in choose_takes(points, section.storyboard, is_shortened=is_short) if points else ():
                name = f"section-{number + 1}/take-{planned.iteration:06d}"
                if (piece := there.get(name)) is not None:
                    is_own = section.run is None
                    own.append(store.published(piece, Take) if is_own else store.published(piece, RunSound))
                elif section.run is not None:
                    raise _UnknownError
                else:
                    own.append(self._unsaid(results, number, planned.iteration, planned.seconds))
                    if section.sampling.trim_silence:
                        self._unsure.add("render")
            if getattr(results.runs[number].record, "is_placeholder", False):
                several = ("candidates", "take") if section.sampling.candidates > 1 else ("take",)
                names = [f"section-{number + 1}/{kind}-{take.record.iteration:06d}" for take in own for kind in several]
                pieces += [(name, True) for name in names]
            takes.append(tuple(own))
        results = replace(results, takes=tuple(takes))
        if production.songs:
            results = replace(results, songs=sample.songs_so_far(production, results, self._workplace, self._aside))
            unsung = [song.record.is_placeholder or "sample" in self._workplace.force for song in results.songs]
            for number, (song, is_unsung) in enumerate(zip(songs_ahead(production), unsung, strict=True), start=1):
                pieces += [(f"song-{number}/{part}", is_unsung) for part in range(song.pieces)]
        return results, pieces

    def _unsaid(self, results: Results, number: int, iteration: int, seconds: float) -> Result[Take]:
        """A take as long as it is asked for, without anything heard in it."""
        corpus, settings = results.corpus(number).record, self._production.sections[number].sampling
        take = Take(
            iteration=iteration,
            samples=round((settings.seconds or seconds + _SPARE_S) * corpus.sample_rate_hz),
            sample_rate_hz=corpus.sample_rate_hz,
            encoding=corpus.encoding,
            seed=settings.seed,
            temperature=settings.curve()[0][1],
            precision=settings.weight_dtype,
        )
        folder = self._aside.store.root / f"unsaid-{number}"
        if not folder.is_dir():
            folder.mkdir(parents=True)
            codes = np.random.default_rng(0).integers(0, 256, round(_SOUND_S * take.sample_rate_hz), np.uint8)
            np.save(folder / take.bytes_file, codes, allow_pickle=False)
        return Result(folder, take, f"unsaid {number} {iteration}")

    def _shown(self, production: Production, results: Results, place: Workplace) -> dict[str, _Pieces]:
        """By stage from the storyboard on, which pieces are to be made."""
        (plan,) = storyboard.pieces(production, results)
        found = {"storyboard": [(plan.name, not self._is_fresh(plan))]}
        results = storyboard.run(production, results, place)
        assert results.timeline is not None  # noqa: S101 - it was just made
        names = [*(clip.name for clip in results.timeline.record.cards()), cards.THUMBNAIL]
        pieces = cards.pieces(production, results)
        found["cards"] = [(piece.name, not self._is_fresh(piece)) for piece in pieces]
        drawn = [self._card(name, piece) for name, piece in zip(names, pieces[-len(names) :], strict=True)]
        ground = ground_piece(production, cards.STAGE)
        if ground is not None:
            results = replace(results, ground=place.store.result(ground, ClipPictures))
        results = replace(results, cards=tuple(drawn))
        segments = render.pieces(production, results)
        moves_anew = ground is not None and results.ground is None
        found["render"] = [(piece.name, moves_anew or not self._is_fresh(piece)) for piece in segments]
        unmade = Segment(start_frame=0, end_frame=0, encoder="")
        shown = replace(results, segments=tuple(Result(Path(), unmade, piece.key) for piece in segments))
        found["compose"] = [(piece.name, not self._is_fresh(piece)) for piece in compose.pieces(production, shown)]
        return found

    def _card(self, name: str, piece: Piece) -> Result[CardPicture]:
        record = CardPicture(name=name, template="", width=1, height=1, background="", pages=(_PAGE,))
        fresh = self._aside.store.result(piece, CardPicture) if self._is_fresh(piece) else None
        return Result(Path(), record, f"undrawn {name}") if fresh is None else replace(fresh, record=record)
