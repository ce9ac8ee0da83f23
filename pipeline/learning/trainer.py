"""Training from the first update to the last: log, checkpoints, interruptions, divergence.

This module owns the order in which things reach the disk. The log is flushed before the state that counts on it, the
state is one file, and everything beyond what the state knows of is made again: so a kill at any moment costs time, and
nothing else. It does not know stages and stores.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from pipeline.errors import TrainingError
from pipeline.files import disk_errors, file_sha256, require_room
from pipeline.learning.checkpoint import CheckpointRecord, checkpoint_name, save_checkpoint
from pipeline.learning.course import Course
from pipeline.learning.hardware import choose_device, training_environment
from pipeline.learning.health import HOPELESS_NATS, doubts_after, doubts_before, in_bits
from pipeline.learning.learner import Learner
from pipeline.learning.loss_log import LogLine, LossLog
from pipeline.learning.planning import begin_course, corrected_total, write_plan
from pipeline.learning.probe import check_memory
from pipeline.learning.recipe import Recipe, checkpoint_iterations, rate_share_at, resolve
from pipeline.learning.run import CheckpointFacts, TrainingRun
from pipeline.learning.training import Training
from pipeline.learning.training_state import TrainingState, damage, load_state, save_state

LOG_FILE: Final = "loss.csv"
STATE_FILE: Final = "training-state.safetensors"
GOOD_STATE_FILE: Final = "good-state.safetensors"
"""The state at the last checkpoint, kept where a diverging run may step back."""

_FLUSH_UPDATES: Final = 64
_FLUSH_S: Final = 0.5
_LOG_LINE_BYTES: Final = 40
_SAVING_SHARE: Final = 0.02
"""Saving takes at most about this share of the time."""


class _DivergedError(Exception):
    def __init__(self, iteration: int, why: str) -> None:
        super().__init__(why)
        self.iteration, self.why = iteration, why


def train(training: Training) -> TrainingRun:
    """Train to the end, going on where a training in the same folder was interrupted.

    Returns
    -------
    TrainingRun
        The record; its files lie in the training's folder.

    Raises
    ------
    TrainingError
        Where the loss diverges, or memory runs out.
    ProductionError
        Where the settings do not fit the corpus or this machine.
    """
    recipe = resolve(training.settings, training.group)
    wanted = training.settings.device if training.settings.device != "auto" else training.device
    device = choose_device(wanted)
    check_memory(training.network, recipe, device)
    try:
        stored = _trusted_state(training)
        if stored is None:
            course = begin_course(training, recipe, device)
        else:
            course = Course.of(stored[0], device)
            if stored[0].device != device.type:
                training.report.warn(
                    f"{training.label} goes on on {device.type} instead of {stored[0].device}: "
                    "it will not end in the very same weights"
                )
        with training_environment(device, course.threads):
            return _Trainer(training, recipe, course).run(stored[1] if stored else None)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _out_of_memory(recipe) from error
    except RuntimeError as error:
        if "memory" in str(error).lower():  # the processor's allocator has no class of its own for it
            raise _out_of_memory(recipe) from error
        raise


def _trusted_state(training: Training) -> tuple[TrainingState, dict[str, Tensor]] | None:
    """The state to go on with, or None where there is none, or where anything that it needs was damaged."""
    path = training.folder / STATE_FILE
    if not path.exists():
        return None
    stored = load_state(path)
    wrong = f"{STATE_FILE} can't be used" if stored is None else damage(training.folder, stored[0], LOG_FILE)
    if not wrong:
        return stored
    training.report.warn(f"{training.label}: what was trained so far is damaged ({wrong}); the training begins anew")
    return None


def ended_whole(folder: Path) -> bool:
    """Whether all that a training has left is as it was written, by the hashes in its last state if it has one."""
    path = folder / STATE_FILE
    stored = load_state(path)
    return not path.exists() or (stored is not None and not damage(folder, stored[0], LOG_FILE))


def _out_of_memory(recipe: Recipe) -> TrainingError:
    return TrainingError(
        "There is not enough memory for this training.",
        where=f"batch {recipe.batch}, sequence {recipe.sequence}",
        hint="Make batch, sequence or the network smaller.",
    )


class _Trainer:
    def __init__(self, training: Training, recipe: Recipe, course: Course) -> None:
        self.training, self.recipe, self.course = training, recipe, course
        self.learner = Learner(training.network, recipe, training.lesson, device=course.device, mixed=course.mixed)
        self._plan()
        self.waiting: list[tuple[LogLine, Tensor]] = []
        self._keeps_time = training.settings.clock == "wall"
        self._told_s = self._saved_s = self._flushed_s = time.monotonic()
        self._saving_s = 0.0

    def run(self, tensors: dict[str, Tensor] | None) -> TrainingRun:
        """Go from where the course stands to its end."""
        self._require_room()
        self._restart(tensors, self._stored_log_bytes() if tensors else 0)
        self._begin_progress()
        while self.course.iteration < self.course.total:
            try:
                self._update()
            except _DivergedError as diverged:
                self._step_back(diverged)
            self._correct_plan()
        return self._finished()

    def _plan(self) -> None:
        self.due = frozenset(checkpoint_iterations(self.training.settings, self.course.total))
        write_plan(self.training.folder, self.due, self.course)

    def _correct_plan(self) -> None:
        settings, course = self.training.settings, self.course
        if settings.minutes is None:
            return
        total = corrected_total(settings, course, self.learner.windows_per_epoch, self._elapsed_s())
        if total == course.total:
            return
        course.total = total
        self._plan()
        self._begin_progress()

    def _require_room(self) -> None:
        """Refuse a training whose checkpoints, state (weights and two moments, twice) and log will find no room."""
        ahead = sum(iteration > self.course.iteration for iteration in self.due)
        weights = 4 * self.training.network.parameters
        log = _LOG_LINE_BYTES * (self.course.total - self.course.iteration)
        purpose = f"for the training of {self.training.label}: {ahead} checkpoints are to come"
        require_room(self.training.folder, weights * (ahead + 6) + log, purpose)

    def _stored_log_bytes(self) -> int:
        stored = load_state(self.training.folder / STATE_FILE)
        return stored[0].log_bytes if stored else 0

    def _restart(self, tensors: dict[str, Tensor] | None, log_bytes: int) -> None:
        self.log = LossLog(self.training.folder / LOG_FILE, log_bytes)
        self._since = time.monotonic() - self.course.elapsed_s
        if tensors is not None:
            self.learner.restore(tensors)
            return
        self.course.warnings += doubts_before(self.training.corpus, self.training.network.parameters)
        for warning in self.course.warnings:
            self.training.report.warn(f"{self.training.label}: {warning}")
        first = LogLine(0, 0.0, self._elapsed_s(), self.recipe.learning_rate * self._rate_share(1))
        self._checkpoint(first, training_loss=None)
        self._save()
        if self.training.settings.rescues:
            self._save(GOOD_STATE_FILE)

    def _begin_progress(self) -> None:
        self.training.report.begin("train", self.training.label, float(self.course.total), "iterations")
        if self.course.iteration:
            self.training.report.advance(float(self.course.iteration), "going on")

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._since if self._keeps_time else 0.0

    def _rate_share(self, iteration: int) -> float:
        share = rate_share_at(self.recipe, iteration, self.course.total, self.learner.windows_per_epoch)
        return share * self.course.rate_scale

    def _update(self) -> None:
        course = self.course
        iteration = course.iteration + 1
        share = self._rate_share(iteration)
        loss = self.learner.update(iteration, share)
        course.iteration = iteration
        epoch = iteration / self.learner.windows_per_epoch
        line = LogLine(iteration, epoch, self._elapsed_s(), self.recipe.learning_rate * share)
        self.waiting.append((line, loss))
        now = time.monotonic()
        if iteration in self.due:
            last = self._take_losses()
            self._checkpoint(last, training_loss=course.loss_sum / max(1, course.losses))
            course.loss_sum, course.losses = 0.0, 0
            self._save()  # an interruption costs no more than what was trained since a checkpoint
            if self.training.settings.rescues:
                self._save(GOOD_STATE_FILE)
        elif len(self.waiting) >= _FLUSH_UPDATES or now - self._flushed_s > _FLUSH_S:
            self.log.add(self._take_losses())
            self.log.flush()
        every_s = self.training.save_every_s
        if now - self._saved_s >= (every_s and max(every_s, self._saving_s / _SAVING_SHARE)):
            self._save()

    def _take_losses(self) -> LogLine:
        """Fetch the losses that wait, log all but the last, and return its line."""
        values = torch.stack([loss for _, loss in self.waiting]).tolist()
        lines = [line for line, _ in self.waiting]
        self.waiting.clear()
        self._flushed_s = time.monotonic()
        for line, value in zip(lines, values, strict=True):
            wrong = self.course.watch.look(value)
            if wrong:
                raise _DivergedError(line.iteration, wrong)
            self.course.loss_sum += value
            self.course.losses += 1
        whole = [
            LogLine(line.iteration, line.epoch, line.elapsed_s, line.learning_rate, value)
            for line, value in zip(lines, values, strict=True)
        ]
        for line in whole[:-1]:
            self.log.add(line)
        self._tell(whole[-1])
        return whole[-1]

    def _tell(self, line: LogLine) -> None:
        recent = self.course.watch.recent
        detail = f"{in_bits(sum(recent) / len(recent))}" if recent else ""
        self.training.report.advance(float(line.iteration), detail)

    def _checkpoint(self, line: LogLine, training_loss: float | None) -> None:
        validation = self.learner.validate()
        if not isfinite(validation):
            raise _DivergedError(line.iteration, "the validation loss is no finite number")
        if validation > HOPELESS_NATS:
            raise _DivergedError(line.iteration, f"the validation loss is {in_bits(validation)}; knowing nothing is 8")
        facts = CheckpointFacts(
            iteration=line.iteration,
            epoch=line.epoch,
            elapsed_s=line.elapsed_s,
            validation_loss_nats=validation,
            training_loss_nats=training_loss,
            weights_file=f"{checkpoint_name(line.iteration)}.safetensors",
            json_file=f"{checkpoint_name(line.iteration)}.json",
        )
        record = CheckpointRecord(
            network=self.training.network,
            iteration=facts.iteration,
            epoch=facts.epoch,
            elapsed_s=facts.elapsed_s,
            validation_loss_nats=validation,
            training_loss_nats=training_loss,
            sample_rate_hz=self.training.lesson.sample_rate_hz,
            encoding=self.training.lesson.encoding,
        )
        json_path = save_checkpoint(self.training.folder, record, self.learner.export())
        for path in (json_path, json_path.with_suffix(".safetensors")):
            self.course.hashes[path.name] = file_sha256(path)
        self.course.checkpoints.append(facts)
        own = (line.iteration, line.epoch, line.elapsed_s, line.learning_rate, line.training_loss_nats)
        self.log.add(LogLine(*own, validation))
        self.log.flush()

    def _save(self, name: str = STATE_FILE) -> None:
        began = time.monotonic()
        if self.waiting:
            self.log.add(self._take_losses())
        self.log.flush(durably=True)
        self.course.elapsed_s = self._elapsed_s()
        state = self.course.state(self.log.bytes, {LOG_FILE: self.log.sha256})
        save_state(self.training.folder / name, state, self.learner.tensors())
        self._saved_s = time.monotonic()
        self._saving_s = self._saved_s - began

    def _step_back(self, diverged: _DivergedError) -> None:
        """Go back to the last checkpoint at half the learning rate, where that is allowed."""
        self.waiting.clear()
        stored = load_state(self.training.folder / GOOD_STATE_FILE)
        used = self.course.rescues
        if stored is None or used >= self.training.settings.rescues:
            raise self._diverged(diverged)
        scale, warnings = self.course.rate_scale / 2, self.course.warnings
        self.course = Course.of(stored[0], self.course.device)
        self.course.rate_scale, self.course.rescues = scale, used + 1
        self._plan()
        text = (
            f"at iteration {diverged.iteration} {diverged.why}: back to iteration {self.course.iteration} "
            f"at {scale:g} times the learning rate"
        )
        self.course.warnings = [*warnings, text]
        self.training.report.warn(f"{self.training.label}: {text}")
        self._restart(stored[1], stored[0].log_bytes)
        self._save()

    def _diverged(self, diverged: _DivergedError) -> TrainingError:
        last = self.course.checkpoints[-1] if self.course.checkpoints else None
        kept = f"; the last good checkpoint is {last.json_file}" if last else ""
        rate = self.recipe.learning_rate * self.course.rate_scale
        return TrainingError(
            f"{self.training.label} diverged at iteration {diverged.iteration}: {diverged.why}.",
            where=f"{self.training.folder}{kept}",
            expected="a loss that falls",
            hint=f"Set learning_rate = {rate / 2:g} in the section's training, or rescues = 2.",
        )

    def _finished(self) -> TrainingRun:
        course, training = self.course, self.training
        after = doubts_after(course.checkpoints)
        for warning in after:
            training.report.warn(f"{training.label}: {warning}")
        self.log.flush(durably=True)
        _remove_strays(training.folder, course.checkpoints)
        last = course.checkpoints[-1]
        best = min(course.checkpoints, key=lambda checkpoint: checkpoint.validation_loss_nats)
        return TrainingRun(
            checkpoints=tuple(course.checkpoints),
            network=training.network.model_dump(mode="json"),
            training=training.settings.model_dump(mode="json"),
            recipe=self.recipe.model_dump(mode="json"),
            parameters=training.network.parameters,
            iterations=course.total,
            epochs=last.epoch,
            elapsed_s=last.elapsed_s,
            first_validation_nats=course.checkpoints[0].validation_loss_nats,
            last_validation_nats=last.validation_loss_nats,
            best_validation_nats=best.validation_loss_nats,
            best_iteration=best.iteration,
            device=course.device.type,
            warnings=(*course.warnings, *after),
        )


def _remove_strays(folder: Path, checkpoints: Sequence[CheckpointFacts]) -> None:
    """Remove checkpoints that a run since abandoned has left."""
    wanted = {name for facts in checkpoints for name in (facts.weights_file, facts.json_file)}
    with disk_errors(folder):
        for path in folder.glob(f"{checkpoint_name(0)[:8]}*"):
            if path.name not in wanted:
                path.unlink()
