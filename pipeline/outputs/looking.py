"""What a film would look like now: made of what there is, and nothing is trained for it.

Of a training that is in flight, or was interrupted, the checkpoints saved so far are shown; before any training made-up
curves and sounds. Whoever shows them marks them, and this module says which they are. Nothing of the store is changed,
but for recordings that are prepared and takes that are quickly generated: those the build finds again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.build.cutting import cut_film, find_cut, place_for
from pipeline.build.stage_order import check_all, load_stage
from pipeline.build.trainings import SectionTraining, trainings
from pipeline.build.unmade.aside import AsideStore
from pipeline.build.unmade.placeholders import placeholder_run, placeholder_take
from pipeline.film.planning.plan import PlannedTake, choose_takes
from pipeline.film.timeline.timeline import CardClip, Clip, SceneClip, SongClip, Timeline
from pipeline.learning.sampling.take import Take
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.language import Language
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import SILENT
from pipeline.stages import sample
from pipeline.stages.shared.facts.film_language import language_of
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.runs.losses import losses_piece, read_losses
from pipeline.stages.shared.runs.takes import make_run_takes
from pipeline.stages.shared.scenes.layouts import shows_network
from pipeline.stages.shared.sections.checkpoints import section_checkpoints
from pipeline.stages.shared.sections.losses import Trained
from pipeline.stages.shared.sections.sounds import HeardTake
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Piece, Result

if TYPE_CHECKING:
    from pipeline.picture.theme.theme import Theme

LONGEST_SAYING_S: Final = 60.0
"""Takes that would take longer are made up, unless they are asked for."""
_PARAMETERS_A_SECOND: Final = 2.4e6
"""Parameters of a network from which one core samples in real time, roughly."""
_PLAIN_CARDS: Final = frozenset({"title"})
"""Cards that say nothing of what was trained."""


@dataclass(frozen=True)
class Look:
    """A film as far as it is there, and what in it is made up.

    Parameters
    ----------
    production, results
        Of the film or of the cut that is shown: up to the cards.
    place
        Where what is made for it is kept, for as long as one looks.
    curves
        For each section shown, whether its curves are made up; then its sound is, too.
    sounds
        For each section shown, the iterations whose takes are made up.
    """

    production: Production
    results: Results
    place: Workplace
    curves: tuple[bool, ...]
    sounds: tuple[frozenset[int], ...]

    @property
    def is_real(self) -> bool:
        """Whether nothing in it is made up."""
        return not any(self.curves) and not any(self.sounds)

    def mark(self, frame: int) -> str:
        """What is to be written over a frame: that it shows what is made up, or nothing."""
        word = self._mark_word(timeline_of(self.results).clip_at(frame))
        return self._language.text(word) if word else ""

    def _mark_word(self, clip: Clip) -> str:
        if isinstance(clip, CardClip):
            is_placeholder = any(self.curves) if clip.section is None else self.curves[clip.section]
            return "preview.curves" if is_placeholder and clip.name not in _PLAIN_CARDS else ""
        if isinstance(clip, SongClip):
            return "preview.song" if self.results.songs[clip.song].record.is_placeholder else ""
        if isinstance(clip, SceneClip):
            if self.curves[clip.section]:
                return "preview.curves_and_sound"
            return "preview.sound" if self.sounds[clip.section] else ""
        return ""

    @cached_property
    def _language(self) -> Language:
        return language_of(self.production)

    @cached_property
    def _theme(self) -> Theme:
        from pipeline.picture.theme.theme import load_theme  # noqa: PLC0415 - only pictures need it

        return load_theme(self.production.video.theme, self.production.templates_folder)

    def marked(self, picture: NDArray[np.uint8], frame: int) -> NDArray[np.uint8]:
        """Write over a frame what is made up in it: sRGB, shape (height, width, 3)."""
        from pipeline.picture.drawing.stamp import stamped  # noqa: PLC0415 - brings fonts along

        words = self.mark(frame)
        return stamped(picture, words, self._theme) if words else picture


def whole_look(production: Production, results: Results, workplace: Workplace) -> Look:
    """Look at a film of which everything is there."""
    count = len(production.sections)
    return Look(production, results, workplace, (False,) * count, (frozenset(),) * count)


@dataclass(frozen=True)
class Seen:
    """What there is of a film as far as its trainings.

    Parameters
    ----------
    production
        With storyboards that show only what its trainings have reached.
    results
        Corpora and runs; made-up runs where nothing is trained.
    aside
        Where what is made for the moment is kept.
    is_finished
        Whether all trainings are those that the production asks for, to their end.
    """

    production: Production
    results: Results
    aside: Workplace
    is_finished: bool


@contextmanager
def see(production: Production, workplace: Workplace, *, beside: bool, kept_in: Path | None = None) -> Iterator[Seen]:
    """Offer what there is of a film as far as its trainings, and tell of those that are not finished.

    Parameters
    ----------
    beside
        Whether another process builds in the folder: then nothing at all is kept of what is made here.
    kept_in
        A folder for what is made for the look, for whoever looks again and again; by default it is dropped.
    """
    with TemporaryDirectory(prefix="build-video-") if kept_in is None else nullcontext(kept_in) as folder:
        aside = replace(workplace, store=AsideStore(workplace.store.root, Path(folder)), force=frozenset())
        prepared_in = aside if beside else replace(workplace, force=frozenset())
        results = load_stage("prepare").run(production, Results(), prepared_in)
        found = trainings(production, results, workplace)
        shown, runs = _trained(production, results, found, aside)
        yield Seen(shown, replace(results, runs=runs), aside, all(training.is_finished for training in found))


@contextmanager
def look(
    production: Production,
    workplace: Workplace,
    cut: str | None = None,
    *,
    beside: bool,
    kept_in: Path | None = None,
    cards: bool = True,
) -> Iterator[Look]:
    """Offer the film, or one of its cuts, as it would be with what there is.

    Parameters
    ----------
    beside, kept_in
        As for `see`.
    cards
        Whether the cards are drawn; whoever shows one frame after the other draws each when it is wanted.

    Raises
    ------
    InputError
        As a build does, where the production or a recording is wrong.
    """
    check_all(production, () if cut is None else (find_cut(production, cut),))
    with see(production, workplace, beside=beside, kept_in=kept_in) as seen:
        shown, aside = seen.production, seen.aside
        results, sounds = _sampled(shown, seen.results, replace(workplace, force=frozenset()), aside)
        curves = tuple(_is_placeholder(run) for run in results.runs)
        numbers = tuple(range(len(curves)))
        place = aside if seen.is_finished else replace(aside, report=SILENT)  # doubts would be about what is to come
        if cut is not None:
            chosen, whole = find_cut(shown, cut), results
            shown, results = cut_film(shown, chosen, results, place.report)
            numbers = tuple(whole.runs.index(run) for run in results.runs)
            place, aside = place_for(place, chosen), place_for(aside, chosen)
        results = load_stage("storyboard").run(shown, results, place)
        results = load_stage("cards").run(shown, results, aside) if cards else results
        yield Look(shown, results, aside, tuple(curves[n] for n in numbers), tuple(sounds[n] for n in numbers))


def timeline_of(results: Results) -> Timeline:
    """The timeline of a film that was looked at or built as far as its storyboard."""
    assert results.timeline is not None  # noqa: S101 - the storyboard comes before all that is shown
    return results.timeline.record


def _trained(
    production: Production, results: Results, found: Sequence[SectionTraining], aside: Workplace
) -> tuple[Production, tuple[Trained, ...]]:
    """The trainings as far as they are there, and the production that leaves out what they have not come to."""
    runs: list[Trained] = []
    for number, training in enumerate(found):
        if not training.is_finished:
            aside.report.note(f"section-{number + 1}: {training.words}")
        section = production.sections[number]
        if training.result is not None:
            runs.append(training.result)
        elif section.run is not None:
            runs.append(read_losses(production, number, losses_piece(production, number), aside))
        else:
            runs.append(placeholder_run(section, number, results.corpus(number), aside.store))
    if all(training.is_finished for training in found):
        return production, tuple(runs)
    return production.with_other_length(production.sections), tuple(runs)


def _is_placeholder(run: Trained) -> bool:
    return isinstance(run.record, TrainingRun) and run.record.is_placeholder


def _sampled(
    production: Production, results: Results, workplace: Workplace, aside: Workplace
) -> tuple[Results, tuple[frozenset[int], ...]]:
    """The takes: those that are there, those that are quickly said, and made-up ones for the others."""
    pieces = sample.take_pieces(production, results)
    if _saying_s(production, results, pieces, workplace) <= LONGEST_SAYING_S:
        results = sample.run(production, results, workplace)
        there: list[dict[int, HeardTake]] = [{take.record.iteration: take for take in takes} for takes in results.takes]
    else:
        of_runs = make_run_takes(production, results, replace(workplace, store=aside.store))
        there = [{take.record.iteration: take for take in of_runs.get(n, ())} for n in range(len(results.runs))]
        for piece in pieces:
            section, kind, iteration = named_take(piece)
            if (
                kind == "take"
                and production.sections[section].run is None
                and workplace.store.state(piece).state == "fresh"
            ):
                there[section][iteration] = workplace.store.published(piece, Take)
    takes: list[tuple[HeardTake, ...]] = []
    invented: list[frozenset[int]] = []
    for number in range(len(results.runs)):
        story, is_short = production.sections[number].storyboard, not production.has_own_length
        if production.sections[number].run is not None:
            takes.append(tuple(there[number].values()))
            invented.append(frozenset())
            continue
        points = [one.point for one in section_checkpoints(production, number, results.runs[number])]
        planned = choose_takes(points, story, is_shortened=is_short)
        missing = [take for take in planned if take.iteration not in there[number]]
        is_traced = bool(missing) and shows_network(production, number)
        for take in missing:
            made = _placeholder(production, results, number, take, aside, is_traced=is_traced)
            there[number][take.iteration] = made
        takes.append(tuple(there[number][take.iteration] for take in planned))
        invented.append(frozenset(take.iteration for take in missing))
        if missing and not _is_placeholder(results.runs[number]):
            aside.report.note(
                f"section-{number + 1}: {len(missing)} of {len(planned)} takes are not there yet, and made up; "
                "--build makes them first"
            )
    results = replace(results, takes=tuple(takes))
    if production.songs and not results.songs:
        results = replace(results, songs=sample.songs_so_far(production, results, workplace, aside))
    return results, tuple(invented)


def _saying_s(production: Production, results: Results, pieces: Sequence[Piece], workplace: Workplace) -> float:
    """About how long the takes would take that are not there yet."""
    total = 0.0
    for piece in pieces:
        section, kind, _ = named_take(piece)
        if production.sections[section].run is not None:
            continue  # its sounds are there
        one = production.sections[section].sampling
        if (kind == "take") == (one.candidates == 1) and workplace.store.state(piece).state != "fresh":
            rate_hz = results.corpora[section].record.sample_rate_hz
            seconds = float(str(piece.ingredients["samples"])) / rate_hz * one.candidates
            total += seconds * results.training(section).record.parameters / _PARAMETERS_A_SECOND
    return total / workplace.jobs


def _placeholder(
    production: Production, results: Results, number: int, take: PlannedTake, aside: Workplace, *, is_traced: bool
) -> Result[Take]:
    corpus, section = results.corpus(number), production.sections[number]
    samples = round((take.seconds + 0.1) * corpus.record.sample_rate_hz)
    name = f"section-{number + 1}/take-{take.iteration:06d}"
    return placeholder_take(
        corpus,
        section,
        results.training(number).record,
        aside.store,
        piece_name=name,
        iteration=take.iteration,
        samples=samples,
        is_traced=is_traced,
    )


def named_take(piece: Piece) -> tuple[int, str, int]:
    """Read a piece's name: its section, counted from 0; `take`, or the `candidates` for one; the iteration."""
    section, _, said = piece.name.partition("/")
    kind, _, iteration = said.partition("-")
    return int(section.removeprefix("section-")) - 1, kind, int(iteration)
