"""What a training keeps of its checkpoints: their files, their facts, and the record of the finished run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.learning.models.checkpoint import CheckpointRecord, Weights, checkpoint_name, save_checkpoint
from pipeline.learning.recipes.recipe import Recipe
from pipeline.learning.training.loss_log import LogLine
from pipeline.learning.training.run import CheckpointFacts, TrainingRun
from pipeline.learning.training.trainer_state import TrainerState
from pipeline.learning.training.training import Training
from pipeline.store.files import disk_errors, file_sha256


def facts_of(line: LogLine, validation_nats: float, training_nats: float | None) -> CheckpointFacts:
    """Name a checkpoint's files, and keep its losses in nats per byte."""
    name = checkpoint_name(line.iteration)
    return CheckpointFacts(
        iteration=line.iteration,
        epoch=line.epoch,
        elapsed_s=line.elapsed_s,
        validation_loss_nats=validation_nats,
        training_loss_nats=training_nats,
        weights_file=f"{name}.safetensors",
        json_file=f"{name}.json",
    )


def write_checkpoint(training: Training, facts: CheckpointFacts, weights: Weights) -> dict[str, str]:
    """Write the weights and the JSON beside them.

    Returns
    -------
    dict[str, str]
        The SHA-256 of both files by name.
    """
    record = CheckpointRecord(
        network=training.network,
        iteration=facts.iteration,
        epoch=facts.epoch,
        elapsed_s=facts.elapsed_s,
        validation_loss_nats=facts.validation_loss_nats,
        training_loss_nats=facts.training_loss_nats,
        sample_rate_hz=training.training_data.sample_rate_hz,
        encoding=training.training_data.encoding,
    )
    json_path = save_checkpoint(training.folder, record, weights)
    return {path.name: file_sha256(path) for path in (json_path, json_path.with_suffix(".safetensors"))}


def run_record(training: Training, recipe: Recipe, state: TrainerState, after: Sequence[str]) -> TrainingRun:
    """Describe a training that has ended; `after`: warnings about how it ended."""
    last = state.checkpoints[-1]
    best = min(state.checkpoints, key=lambda checkpoint: checkpoint.validation_loss_nats)
    return TrainingRun(
        checkpoints=tuple(state.checkpoints),
        network=training.network.model_dump(mode="json"),
        training=training.settings.stored(),
        recipe={
            **recipe.model_dump(mode="json"),
            "arithmetic": state.arithmetic.model_dump(mode="json", exclude={"reason"}),
        },
        parameters=training.network.parameters,
        iterations=last.iteration,
        epochs=last.epoch,
        elapsed_s=last.elapsed_s,
        first_validation_nats=state.checkpoints[0].validation_loss_nats,
        last_validation_nats=last.validation_loss_nats,
        best_validation_nats=best.validation_loss_nats,
        best_iteration=best.iteration,
        device=state.device,
        processors=tuple(state.processors),
        warnings=(*state.warnings, *after),
    )


def remove_strays(folder: Path, checkpoints: Sequence[CheckpointFacts]) -> None:
    """Remove checkpoints that a run since abandoned has left."""
    wanted = {name for facts in checkpoints for name in (facts.weights_file, facts.json_file)}
    with disk_errors(folder):
        for path in folder.glob(f"{checkpoint_name(0)[:8]}*"):
            if path.name not in wanted:
                path.unlink()
