"""On which kinds of processor a film's trainings and takes were made: on another kind the same sums round otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.learning.sampling.take import Take
from pipeline.learning.training.run import TrainingRun
from pipeline.runtime.progress.reporter import Reporter
from pipeline.stages.shared.results import Results


def note_kinds(results: Results, report: Reporter) -> None:
    """Note where trainings and takes were made on different kinds of processor or GPU."""
    made: dict[str, list[str]] = {}
    for kind, what in _made(results):
        made.setdefault(kind, []).append(what)
    if len(made) > 1:
        words = "; ".join(f"{kind}: {_listed(names)}" for kind, names in made.items())
        report.note(f"made on different kinds of processor, which round otherwise ({words}); all else is the same")


def _made(results: Results) -> Iterator[tuple[str, str]]:
    for number, trained in enumerate(results.runs, start=1):
        if isinstance(trained.record, TrainingRun):
            yield from ((kind, f"training of section-{number}") for kind in trained.record.processors)
    for number, takes in enumerate(results.takes, start=1):
        for take in takes:
            if isinstance(take.record, Take) and take.record.processor:
                yield take.record.processor, f"take {take.record.iteration:,} of section-{number}"


def _listed(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
