"""Longer and shorter trainings out of one that is there: a longer one goes on from it, a shorter one is a part of it.

A training that differs from another in its length alone learns the same bytes in the same way up to where the other's
learning rate begins to fall. The state at that moment is kept with the finished run (`CONTINUE_FILE`). This module
copies files between two folders; it does not know stores.
"""

from __future__ import annotations

import shutil
from itertools import takewhile
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from torch import Tensor

from pipeline.learning.recipes.recipe import TrainingSettings, resolve
from pipeline.learning.training.checkpoint_files import run_record
from pipeline.learning.training.health import overfitting_warnings
from pipeline.learning.training.run import (
    CONTINUE_FILE,
    LOG_FILE,
    RECORD_FILE,
    STATE_FILE,
    CheckpointFacts,
    TrainingRun,
)
from pipeline.learning.training.state_file import damage, load_state, save_state
from pipeline.learning.training.trainer_state import TrainerState
from pipeline.learning.training.training import Training
from pipeline.store.files import disk_errors

LENGTH_SETTINGS: Final = frozenset({"epochs", "iterations", "minutes", "checkpoint_every", "checkpoints", "rescues"})
"""Settings in which a training may differ from one that it goes on from, or is a part of."""
_FEWEST_CHECKPOINTS: Final = 2


def prolong(source: Path, target: Path) -> int:
    """Lay ready what a longer training goes on from.

    Parameters
    ----------
    source
        The folder of a finished training, or of one that was interrupted.
    target
        The folder of the longer one; nothing is in it yet.

    Returns
    -------
    int
        The iteration from which it will go on; 0 where the other training can't be gone on from.
    """
    stored = usable_state(source)
    if stored is None:
        return 0
    state, tensors = stored
    with disk_errors(target):
        for name in {*state.hashes, LOG_FILE}:
            shutil.copyfile(source / name, target / name)
    save_state(target / STATE_FILE, state.model_copy(update={"total": 1}), tensors)  # planned anew
    return state.iteration


def usable_state(source: Path) -> tuple[TrainerState, dict[str, Tensor]] | None:
    """The last state before the learning rate falls; None where there is none, or it is damaged."""
    for name in (STATE_FILE, CONTINUE_FILE):
        stored = load_state(source / name)
        if stored is None or not stored[0].iteration or stored[0].iteration > stored[0].decay_from:
            continue
        if not damage(source, stored[0], LOG_FILE):
            return stored
    return None


def shorten(source: Path, target: Path, training: Training) -> TrainingRun | None:
    """Make a shorter training of the first checkpoints of one that is there.

    Parameters
    ----------
    source
        The folder of a finished training, or of one that was interrupted.
    target
        The folder of the shorter one; nothing is in it yet.
    training
        The shorter one.

    Returns
    -------
    TrainingRun or None
        Its record, the files lying in `target`; None where it is no part of the other.
    """
    run = found_run(source, training)
    part = None if run is None else part_of(run, training.settings)
    if run is None or part is None:
        return None
    with disk_errors(target):
        for facts in part:
            for name in (facts.weights_file, facts.json_file):
                shutil.copyfile(source / name, target / name)
        _copy_log(source / LOG_FILE, target / LOG_FILE, part[-1].iteration)
    return _record_of(run, part, training)


def found_run(source: Path, training: Training) -> TrainingRun | None:
    """What a training has made, finished or not; None where nothing is there, or it is damaged."""
    try:
        return TrainingRun.model_validate_json((source / RECORD_FILE).read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError):
        stored = load_state(source / STATE_FILE)
    if stored is None or not stored[0].checkpoints or damage(source, stored[0], LOG_FILE):
        return None
    recipe = resolve(training.settings, training.group)
    return run_record(training, recipe, stored[0], ())


def part_of(run: TrainingRun, settings: TrainingSettings) -> tuple[CheckpointFacts, ...] | None:
    """The checkpoints that a training of this length has, where the run reaches as far; else None."""
    last = run.checkpoints[-1]
    reached = [
        settings.iterations is not None and last.iteration >= settings.iterations,
        settings.minutes is not None and last.elapsed_s >= 60 * settings.minutes,
        settings.epochs is not None and last.epoch >= settings.epochs - 1e-6,
    ]
    if not any(reached):
        return None
    part = tuple(facts for facts in run.checkpoints if _lies_within(facts, settings))
    return part if len(part) >= _FEWEST_CHECKPOINTS else None


def _lies_within(facts: CheckpointFacts, settings: TrainingSettings) -> bool:
    return (
        (settings.iterations is None or facts.iteration <= settings.iterations)
        and (settings.minutes is None or facts.elapsed_s <= 60 * settings.minutes)
        and (settings.epochs is None or facts.epoch <= settings.epochs + 1e-6)
    )


def _record_of(run: TrainingRun, part: tuple[CheckpointFacts, ...], training: Training) -> TrainingRun:
    best = min(part, key=lambda facts: facts.validation_loss_nats)
    changed = {
        "checkpoints": part,
        "training": training.settings.stored(),
        "iterations": part[-1].iteration,
        "epochs": part[-1].epoch,
        "elapsed_s": part[-1].elapsed_s,
        "last_validation_nats": part[-1].validation_loss_nats,
        "best_validation_nats": best.validation_loss_nats,
        "best_iteration": best.iteration,
        "warnings": tuple(overfitting_warnings(part)),
    }
    return run.model_copy(update=changed)


def _copy_log(source: Path, target: Path, last: int) -> None:
    """Copy the header and the lines up to an iteration."""
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as kept:
        kept.write(next(lines))
        kept.writelines(takewhile(lambda line: int(line.partition(",")[0]) <= last, lines))
