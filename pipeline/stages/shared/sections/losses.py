"""The losses of a section, whatever made it: its curves, and how their values are shown.

Owns how a stored curve is opened. It does not know graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipeline.errors import StoreError
from pipeline.learning.training.loss_log import read_columns
from pipeline.learning.training.run import TrainingRun
from pipeline.runs.record import Kind
from pipeline.runs.stored import RunLosses, StoredCurve, StoredTrack
from pipeline.runtime.wording.units import BITS_PER_BYTE, LossUnit, loss_unit
from pipeline.store.files import plain_reason
from pipeline.store.store import Result

Trained = Result[TrainingRun] | Result[RunLosses]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_ITERATION, _EPOCH, _ELAPSED, _TRAINING = 0, 1, 2, 4
_DRAWN: Final = 2
"""Changes where the same losses of a run are drawn or counted otherwise."""
_NONE: Final = (np.zeros(0, np.int64), np.zeros(0, np.float64))


@dataclass(frozen=True, eq=False)
class SectionCurve:
    """One loss as it is stored: iterations ascending, shape = (n,); NaN is a gap."""

    name: str
    iterations: Integers
    values: Floats


@dataclass(frozen=True, eq=False)
class SectionLosses:
    """All that is known of a section's losses.

    Parameters
    ----------
    training, validation
        The curves, the first of each the one that is counted by; may be empty.
    epochs, elapsed_s
        At iterations: two arrays of shape (n,) each; empty where nothing is known.
    unit
        How values are shown.
    """

    training: tuple[SectionCurve, ...]
    validation: tuple[SectionCurve, ...]
    epochs: tuple[Integers, Floats]
    elapsed_s: tuple[Integers, Floats]
    unit: LossUnit


def is_run(trained: Trained) -> bool:
    """Whether another program has trained it."""
    return isinstance(trained.record, RunLosses)


def unit_of(trained: Trained) -> LossUnit:
    """How a section's losses are shown."""
    record = trained.record
    if isinstance(record, TrainingRun):
        return BITS_PER_BYTE
    counted = counted_by(record)
    return loss_unit(counted.unit if counted is not None else "")


def losses_key(trained: Trained) -> str:
    """What determines a section's curves."""
    record = trained.record
    return f"{record.losses_sha256} {_DRAWN}" if isinstance(record, RunLosses) else trained.content_hash


def section_losses(trained: Trained) -> SectionLosses:
    """Open a section's curves; those of a run whose unit is not that of its first are left out.

    Raises
    ------
    StoreError
        Where a file is missing or damaged.
    """
    record = trained.record
    if isinstance(record, RunLosses):
        counted = counted_by(record)
        unit = counted.unit if counted is not None else ""
        own = [curve for curve in record.curves if curve.unit == unit]
        return SectionLosses(
            training=_curves(trained.folder, own, "training"),
            validation=_curves(trained.folder, own, "validation"),
            epochs=_track(trained.folder, record.epochs),
            elapsed_s=_track(trained.folder, record.elapsed_s),
            unit=loss_unit(unit),
        )
    columns = read_columns(trained.path(record.log_file))
    columns = columns[~np.isnan(columns[:, _TRAINING])]
    iterations = columns[:, _ITERATION].astype(np.int64)
    points = record.checkpoints
    return SectionLosses(
        training=(SectionCurve("", iterations, columns[:, _TRAINING]),),
        validation=(
            SectionCurve(
                "",
                np.array([point.iteration for point in points], np.int64),
                np.array([point.validation_loss_nats for point in points]),
            ),
        ),
        epochs=(iterations, columns[:, _EPOCH]),
        elapsed_s=(iterations, columns[:, _ELAPSED]),
        unit=BITS_PER_BYTE,
    )


def counted_by(record: RunLosses) -> StoredCurve | None:
    """The curve that decides which iteration is best: the first validation loss, else the first training loss."""
    return next((curve for curve in record.curves if curve.kind == "validation"), next(iter(record.curves), None))


def _curves(folder: Path, curves: list[StoredCurve], kind: Kind) -> tuple[SectionCurve, ...]:
    return tuple(SectionCurve(curve.name, *_track(folder, curve)) for curve in curves if curve.kind == kind)


def _track(folder: Path, track: StoredTrack | None) -> tuple[Integers, Floats]:
    return _NONE if track is None else (_array(folder / track.iterations_file), _array(folder / track.values_file))


def _array(path: Path) -> npt.NDArray[Any]:
    """Map an array from the disk."""
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        why = plain_reason(error) if isinstance(error, OSError) else "this is no array of numbers"
        raise StoreError(
            f"The losses can't be read: {why}.", where=str(path), hint="Read them again: build-video train --force."
        ) from error
    return array
