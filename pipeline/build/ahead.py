"""What of a film is certain while some of its trainings go on: it is made before they end.

A section's takes, cards and scenes depend on its own training, and of the sections before it on those with which its
losses are compared; lengths, titles and the order of sections are settings. So the film is planned with placeholders
for the sections that still train, and what can't change any more is made from that plan. Every piece is named by all
that determines it: one that turned out otherwise after all would be looked for in vain, and never be shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pipeline.learning.training.run import NO_WEIGHTS, TrainingRun
from pipeline.production.schema import Production
from pipeline.stages import cards, render, sample, storyboard, train
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.runs.losses import losses_piece, read_losses
from pipeline.stages.shared.scenes.grounds import ground_piece
from pipeline.stages.shared.sections.losses import Trained
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Result, Store

_OWN_SETTINGS: Final = ("recording_seconds", "recording_start_s")
"""What a section that stands in for another keeps of that one's storyboard: it fits the recordings."""
_SHOWING: Final = frozenset({storyboard.STAGE, cards.STAGE, render.STAGE})


@dataclass(frozen=True)
class _Planned:
    """A film in which placeholders stand for the sections that still train.

    Parameters
    ----------
    production
        Without songs.
    results
        Corpora and runs.
    sections
        Those that are themselves, counted from 0.
    stand_in
        The one among them in whose place, as it were, the others are shown.
    """

    production: Production
    results: Results
    sections: frozenset[int]
    stand_in: int


def sample_ended(
    production: Production, results: Results, workplace: Workplace, notify: Callable[[str], None] | None = None
) -> int:
    """Make some of the takes of trainings that have ended while others go on; see `sample.follow_ended`."""
    planned = _planned(production, results, workplace)
    return 0 if planned is None else sample.follow_ended(planned.production, planned.results, workplace, notify)


def work_ahead(production: Production, results: Results, workplace: Workplace) -> int:
    """Make some of the pieces that are certain, on the cores that the workplace offers.

    Parameters
    ----------
    results
        With the corpora.

    Returns
    -------
    int
        How many were made; 0 where there is nothing to do until another training ends.
    """
    planned = _planned(production, results, workplace)
    if planned is None:
        return 0
    shown, so_far, sections = planned.production, planned.results, planned.sections
    if made := sample.follow_ended(shown, so_far, workplace):
        return made
    moves = ground_piece(production, cards.STAGE) is not None  # what a scene shows depends on where it begins
    if moves or not workplace.force.isdisjoint(_SHOWING) or not sample.are_generated(shown, so_far, workplace.store):
        return 0  # takes for which a GPU must be free have their turn later
    said = sample.run(shown, so_far, workplace).takes
    takes = tuple(own if number in sections else said[planned.stand_in] for number, own in enumerate(said))
    with TemporaryDirectory(prefix="build-video-") as aside:
        provisional = replace(workplace, store=Store(Path(aside)))
        so_far = storyboard.run(shown, replace(so_far, takes=takes), provisional)
        return render.ahead(shown, cards.ahead(shown, so_far, workplace, sections), workplace, sections)


def _planned(production: Production, results: Results, workplace: Workplace) -> _Planned | None:
    """The film as it would be if the sections that still train came to what the first that has ended came to.

    None where no training has ended.
    """
    store, own = workplace.store, dict[int, Trained]()
    for number, piece in enumerate(train.pieces(production, results)):
        is_run = production.sections[number].run is not None
        if not is_run and (ended := store.glance(piece, TrainingRun)) is not None:
            own[number] = ended
    if not own:
        return None
    stand_in = min(own)
    story, placeholder = production.sections[stand_in].storyboard, _without_weights(own[stand_in])
    sections, runs = list(production.sections), list[Trained]()
    for number, section in enumerate(production.sections):
        if section.run is not None:
            own[number] = read_losses(production, number, losses_piece(production, number), workplace)
        if number not in own:
            kept = {name: getattr(section.storyboard, name) for name in _OWN_SETTINGS}
            sections[number] = section.model_copy(update={"storyboard": story.model_copy(update=kept)})
        runs.append(own.get(number, placeholder))
    shown = production.model_copy(update={"sections": tuple(sections), "songs": ()})
    return _Planned(shown, replace(results, runs=tuple(runs)), frozenset(own), stand_in)


def _without_weights(run: Trained) -> Result[TrainingRun]:
    """A run that stands for another: its curves can be planned with, and no checkpoint of it speaks."""
    assert isinstance(run.record, TrainingRun)  # noqa: S101 - another program's run stands for nothing
    points = tuple(one.model_copy(update={"weights_file": NO_WEIGHTS}) for one in run.record.checkpoints)
    return Result(run.folder, run.record.model_copy(update={"checkpoints": points}), f"in place of {run.content_hash}")
