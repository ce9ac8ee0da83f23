"""Whose losses may be compared: those of networks measured on the same sound, those of runs that log the same.

Owns that judgement. Losses of our own networks and of other programs are never the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.learning.corpus import Corpus, comparable
from pipeline.learning.training.run import TrainingRun
from pipeline.runs.stored import RunLosses
from pipeline.stages.shared.sections.losses import Trained, counted_by
from pipeline.stages.shared.sections.sounds import HeardRecording


def comparable_kinds(corpora: Sequence[HeardRecording], runs: Sequence[Trained]) -> tuple[int, ...]:
    """A number for each section: losses of sections with the same one share an axis.

    Parameters
    ----------
    corpora, runs
        Of all sections; before anything is trained there may be no runs.

    Returns
    -------
    tuple[int, ...]
        That of the first section of its kind, counted from 0. Runs of other programs are of one kind where their
        curves have the same name and unit: nothing more is known of them.
    """
    own = [(number, corpus) for number, corpus in enumerate(corpora) if isinstance(corpus.record, Corpus)]
    alike = comparable([(corpus.record, corpus.folder) for _, corpus in own if isinstance(corpus.record, Corpus)])
    kinds: dict[int, object] = {number: own[first][0] for (number, _), first in zip(own, alike, strict=True)}
    for number in range(len(corpora)):
        record = runs[number].record if number < len(runs) else None
        if number not in kinds:
            kinds[number] = _logged(record, number)
    order = [kinds[number] for number in range(len(corpora))]
    return tuple(order.index(kind) for kind in order)


def _logged(record: TrainingRun | RunLosses | None, number: int) -> object:
    """What tells a run's losses from others."""
    curve = counted_by(record) if isinstance(record, RunLosses) else None
    return ("alone", number) if curve is None else (curve.name, curve.kind, curve.unit)
