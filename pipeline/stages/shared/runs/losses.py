"""The losses of a run of another program: its logs are read once, and kept as arrays.

It stands where a section of our own has its training. This module owns what determines that, and how it is kept.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final
from unicodedata import normalize

import numpy as np
import numpy.typing as npt

from pipeline.errors import ProductionError
from pipeline.production.schema import Production
from pipeline.runs.reading import find_files, read_run
from pipeline.runs.record import Run, Track
from pipeline.runs.settings import RunSettings
from pipeline.runs.stored import LoggedSound, RunLosses, StoredCurve, StoredTrack
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import remembered_sha256
from pipeline.store.store import Json, Piece, Result, write_record

STAGE: Final = "train"
_VERSION: Final = 1
_OF_LOGS: Final = {"log", "iteration", "training_loss", "validation_loss", "loss_unit"}
"""Settings that say what is read of the logs."""


def run_of(production: Production, section: int) -> RunSettings:
    """The settings of a section's run, counted from 0."""
    run = production.sections[section].run
    assert run is not None  # noqa: S101 - whoever calls has looked
    return run


def resolver(production: Production, section: int) -> RunResolver:
    """How names in a section's run become paths; it refuses what lies outside the production's folder."""
    return RunResolver(production, section)


class RunResolver:
    """Turns names in a run's settings into paths, and paths into names that stay when the folder moves."""

    def __init__(self, production: Production, section: int) -> None:
        self._production, self._section = production, section

    def __call__(self, name: str, field: str) -> Path:
        """Find a file; raises a ProductionError where it lies outside the production's folder."""
        return self._production.resolve(name, f"section {self._section + 1}, {field}")

    def name_of(self, path: Path) -> str:
        """Name a file as seen from the production's folder."""
        folder = self._production.folder.resolve()
        inside = path.resolve()
        return inside.relative_to(folder).as_posix() if inside.is_relative_to(folder) else inside.as_posix()


def losses_piece(production: Production, section: int) -> Piece:
    """What a run's losses are made of: its logs' contents, and the settings that say what counts in them.

    Raises
    ------
    InputError
        Where a log is missing.
    """
    run, resolve = run_of(production, section), resolver(production, section)
    logs, _ = find_files(run, resolve)
    ingredients: dict[str, Json] = {
        "run": run.model_dump(mode="json", include=_OF_LOGS),
        "logs": [[normalize("NFC", resolve.name_of(path)), remembered_sha256(path)] for path in logs],
        "sounds in": run.takes if isinstance(run.takes, str) and logs else None,
    }
    return Piece(STAGE, f"section-{section + 1}", _VERSION, ingredients)


def read_losses(production: Production, section: int, piece: Piece, workplace: Workplace) -> Result[RunLosses]:
    """Read a run's logs, unless what is kept of them is fresh.

    Raises
    ------
    InputError
        Where they can't be read, or hold neither losses nor sounds; says what there is.
    """
    if STAGE not in workplace.force and (found := workplace.store.result(piece, RunLosses)) is not None:
        return found
    run, resolve, report = run_of(production, section), resolver(production, section), workplace.report
    report.begin(WorkStart(STAGE, piece.name, 1.0, "logs"))
    try:
        read = read_run(run, resolve)
    except ProductionError as error:
        error.where = f"section {section + 1} ({production.sections[section].title}): {error.where}".rstrip(": ")
        raise
    with workplace.store.publish(piece) as folder:
        record = _written(read, folder, resolve)
        write_record(folder, record)
    report.advance(1.0)
    for note in read.notes:
        report.note(f"{piece.name}: {note}")
    return workplace.store.published(piece, RunLosses)


def _written(run: Run, folder: Path, resolve: RunResolver) -> RunLosses:
    digest = sha256()

    def written(stem: str, iterations: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> dict[str, str]:
        names = {"iterations_file": f"{stem}-iterations.npy", "values_file": f"{stem}-values.npy"}
        for name, array in zip(names.values(), (iterations.astype("<i8"), values.astype("<f8")), strict=True):
            np.save(folder / name, array, allow_pickle=False)
            digest.update(f"{name} {array.size} ".encode())
            digest.update(array.tobytes())
        return names

    def track(stem: str, found: Track | None) -> StoredTrack | None:
        return None if found is None else StoredTrack(**written(stem, found.iterations, found.values))

    curves = []
    for number, curve in enumerate(run.curves, start=1):
        digest.update(f"{curve.name} {curve.kind} {curve.unit} ".encode())
        names = written(f"curve-{number}", curve.iterations, curve.values)
        curves.append(StoredCurve(name=curve.name, kind=curve.kind, unit=curve.unit, **names))
    epochs, elapsed_s = track("epochs", run.epochs), track("elapsed", run.elapsed_s)
    return RunLosses(
        curves=tuple(curves),
        epochs=epochs,
        elapsed_s=elapsed_s,
        losses_sha256=digest.hexdigest(),
        sounds=tuple(
            LoggedSound(
                iteration=take.iteration, file=resolve.name_of(take.path), start=take.span[0], length=take.span[1]
            )
            for take in run.takes
            if take.span is not None
        ),
        settings=run.settings,
        notes=run.notes,
        last_iteration=max((int(curve.iterations[-1]) for curve in run.curves if curve.iterations.size), default=0),
    )
