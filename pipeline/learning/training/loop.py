"""Training from the first update to the last: log, checkpoints, interruptions, divergence.

This module owns the order in which things reach the disk. The log is flushed before the state that counts on it, the
state is one file, and everything beyond what the state knows of is made again: so a kill at any moment costs time, and
nothing else. It does not know stages and stores.
"""

from __future__ import annotations

import time
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from pipeline.errors import TrainingError
from pipeline.learning.hardware import choose_device, device_kind
from pipeline.learning.recipes.arithmetic import choose_arithmetic
from pipeline.learning.recipes.memory import check_memory, is_out_of_memory, out_of_memory, peak_memory_bytes
from pipeline.learning.recipes.recipe import Recipe, rate_share_at, resolve
from pipeline.learning.training.checkpoint_files import facts_of, remove_strays, run_record, write_checkpoint
from pipeline.learning.training.health import HOPELESS_NATS, LossWatch, data_warnings, in_bits, overfitting_warnings
from pipeline.learning.training.loss_log import LogLine, LossLog
from pipeline.learning.training.parallel import opened_trainer
from pipeline.learning.training.planning import (
    FEWEST_ITERATIONS,
    MinutesClock,
    Plan,
    Spent,
    duration_words,
    epochs_words,
    fixed_plan,
    write_plan,
)
from pipeline.learning.training.run import CONTINUE_FILE, LOG_FILE, STATE_FILE, TrainingRun
from pipeline.learning.training.state_file import damage, load_state, save_state
from pipeline.learning.training.trainer import Trainer
from pipeline.learning.training.trainer_state import TrainerState
from pipeline.learning.training.training import Training
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.store.files import require_room

GOOD_STATE_FILE: Final = "good-state.safetensors"
"""The state at the last checkpoint, kept where a diverging run may be rolled back."""

_FLUSH_UPDATES: Final = 64
_FLUSH_S: Final = 0.5
_COSTS_KNOWN_S: Final = 2.0
_COSTS_KNOWN_UPDATES: Final = 10
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
    device = choose_device(training.settings.device if training.settings.device != "auto" else training.device)
    check_memory(training.network, recipe, device)
    try:
        stored = _trusted_state(training)
        state = _first_state(training, recipe, device, stored[0] if stored else None)
        with opened_trainer(training, recipe, device, state.arithmetic) as trainer:
            return _TrainingLoop(training, recipe, trainer, state).run(stored[1] if stored else None)
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise out_of_memory(recipe) from error
        raise


def _first_state(training: Training, recipe: Recipe, device: torch.device, stored: TrainerState | None) -> TrainerState:
    """Begin a training, or go on with the arithmetic that it was begun with, unless the device is another."""
    kind = device_kind(device.type)
    if stored is not None and stored.device == device.type:
        if stored.processors and stored.processors[-1] != kind:
            training.report.note(f"{training.label} goes on on {kind}; it was begun on {stored.processors[-1]}")
        return stored.on(kind)
    settings = training.settings
    arithmetic = choose_arithmetic(
        training.network,
        recipe,
        device,
        precision=settings.precision,
        devices=settings.devices,
        free_cores=training.cores if settings.ends_by_clock else None,
    )
    training.report.note(f"{training.label} {arithmetic.words()}")
    changed = {"device": device.type, "arithmetic": arithmetic.without_reason()}
    if stored is None:
        return TrainerState.model_validate(changed | {"processors": [kind]})
    training.report.warn(
        f"{training.label} goes on on {device.type}, not {stored.device}: it will not end in the very same weights"
    )
    return stored.on(kind).model_copy(update=changed)


def _trusted_state(training: Training) -> tuple[TrainerState, dict[str, Tensor]] | None:
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


class _TrainingLoop:
    def __init__(self, training: Training, recipe: Recipe, trainer: Trainer, state: TrainerState) -> None:
        self.training, self.recipe, self.trainer = training, recipe, trainer
        self._take_state(state)
        self.waiting: list[tuple[LogLine, Tensor]] = []
        self._keeps_time = training.settings.clock == "wall"
        self._saved_s = self._flushed_s = time.monotonic()
        self._saving_s = self._checkpoint_s = 0.0
        self._has_noted_costs = state.iteration > 0
        self._take_plan(self._first_plan())

    def run(self, tensors: dict[str, Tensor] | None) -> TrainingRun:
        """Train from where the state stands to the end."""
        self._require_room()
        self._restart(tensors)
        self._begin_progress()
        while self.state.iteration < self.state.total:
            try:
                self._update()
            except _DivergedError as diverged:
                self._roll_back(diverged)
            self._correct_plan()
            self._note_costs()
        return self._finished()

    def _first_plan(self) -> Plan:
        """The plan that the settings give; where minutes are set, the one that an interrupted run had."""
        held_out = self.trainer.held_out.bytes
        plan = fixed_plan(self.training.settings, self.recipe, self.trainer.windows_per_epoch, held_out)
        minutes, state = self.training.settings.minutes, self.state
        self._clock = None
        if minutes is not None:
            self._clock = MinutesClock(self.training.settings, self.recipe, self.trainer.windows_per_epoch, plan)
        reached = {facts.iteration for facts in state.checkpoints}
        if state.total > state.iteration and self._clock is not None:
            return Plan(state.total, frozenset({*reached, state.total}), state.decay_from)
        ahead = {iteration for iteration in plan.due if iteration > state.iteration}
        return replace(plan, due=frozenset(reached | ahead)) if state.iteration else plan

    def _take_plan(self, plan: Plan) -> None:
        self.plan = plan
        self.state.total, self.state.decay_from = plan.total, plan.decay_from
        own = min(self.state.arithmetic.threads, self.training.cores)
        cores = own * self.training.settings.devices if self.state.device == "cpu" else 1
        write_plan(self.training.folder, plan, cores)

    def _correct_plan(self) -> None:
        """Count the iterations again where minutes are set and it is time to."""
        if self._clock is None or self.state.iteration >= self.state.total:
            return
        state = self.state
        spent = Spent(state.iteration, self._elapsed_s(), state.overhead_s, self._checkpoint_s)
        if not self._clock.is_time(spent):
            return
        reached = [facts.iteration for facts in state.checkpoints]
        self._take_plan(self._clock.plan(self.plan, spent, reached))
        self._begin_progress()

    def _note_costs(self) -> None:
        """Note how long it will take, once the first updates have shown it."""
        state, settings = self.state, self.training.settings
        known = self._elapsed_s() >= _COSTS_KNOWN_S or state.iteration >= _COSTS_KNOWN_UPDATES
        if self._has_noted_costs or not self.plan.is_known or not (known or settings.minutes):
            return
        self._has_noted_costs = True
        seconds = 60 * (settings.minutes or 0.0) or self._remaining_s() + self._elapsed_s()
        self.training.report.note(
            f"{self.training.label}: {self.training.network.parameters:,} parameters, {state.total:,} iterations, "
            f"{epochs_words(state.total / self.trainer.windows_per_epoch)}, {len(self.plan.due)} checkpoints"
            + (f"; about {duration_words(seconds)} on {state.device}" if seconds else "")
            + (f", {memory / 2**20:.0f} MiB of memory" if (memory := peak_memory_bytes(self.trainer.device)) else "")
        )
        if settings.minutes is not None and state.total < FEWEST_ITERATIONS:
            text = (
                f"only about {state.total} iterations fit into {settings.minutes:g} minutes; a network learns little "
                f"from fewer than {FEWEST_ITERATIONS}: use a smaller network, or more minutes"
            )
            state.warnings.append(text)
            self.training.report.warn(f"{self.training.label}: {text}")

    def _remaining_s(self) -> float:
        state = self.state
        if not state.iteration or not self._keeps_time:
            return 0.0
        update_s = (self._elapsed_s() - state.overhead_s) / state.iteration
        ahead = sum(iteration > state.iteration for iteration in self.plan.due)
        return (state.total - state.iteration) * update_s + ahead * self._checkpoint_s

    def _require_room(self) -> None:
        """Refuse a training whose checkpoints, states (weights and two moments, thrice) and log will find no room."""
        ahead = sum(iteration > self.state.iteration for iteration in self.plan.due)
        weights = 4 * self.training.network.parameters
        log = _LOG_LINE_BYTES * (self.state.total - self.state.iteration)
        purpose = f"for the training of {self.training.label}: {ahead} checkpoints are to come"
        require_room(self.training.folder, weights * (ahead + 9) + log, purpose)

    def _take_state(self, state: TrainerState) -> None:
        self.state = state
        self._watch = LossWatch(state.recent_losses, state.lowest_mean)

    def _restart(self, tensors: dict[str, Tensor] | None) -> None:
        self.log = LossLog(self.training.folder / LOG_FILE, self.state.log_bytes if tensors else 0)
        self._since = time.monotonic() - self.state.elapsed_s
        if tensors is not None:
            self.trainer.load_state_dict(tensors)
            return
        self.state.warnings += data_warnings(self.training.corpus, self.training.network.parameters)
        for warning in self.state.warnings:
            self.training.report.warn(f"{self.training.label}: {warning}")
        first = LogLine(0, 0.0, self._elapsed_s(), self.recipe.learning_rate * self._rate_share(1))
        self._checkpoint(first, training_loss=None)
        self._save()
        if self.training.settings.max_rollbacks:
            self._save(GOOD_STATE_FILE)

    def _begin_progress(self) -> None:
        state, settings = self.state, self.training.settings
        work = WorkStart(
            "train",
            self.training.label,
            total=float(state.total) if self.plan.is_known else 0.0,
            unit="iterations",
            done=float(state.iteration),
            expected_s=max(0.0, 60 * (settings.minutes or 0.0) - self._elapsed_s()) if settings.ends_by_clock else None,
            stops=tuple(float(iteration) for iteration in self.plan.due if iteration > state.iteration),
        )
        self.training.report.begin(work)
        if state.iteration:
            self.training.report.advance(float(state.iteration), "going on")

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._since if self._keeps_time else 0.0

    def _rate_share(self, iteration: int) -> float:
        state = self.state
        share = rate_share_at(self.recipe, iteration, state.total, self.trainer.windows_per_epoch, state.decay_from)
        return share * state.rate_scale

    def _update(self) -> None:
        state = self.state
        if state.iteration == state.decay_from and self.recipe.schedule == "trapezoid":
            self._save(CONTINUE_FILE)
        iteration = state.iteration + 1
        share = self._rate_share(iteration)
        loss = self.trainer.update(iteration, share)
        state.iteration = iteration
        epoch = iteration / self.trainer.windows_per_epoch
        line = LogLine(iteration, epoch, self._elapsed_s(), self.recipe.learning_rate * share)
        self.waiting.append((line, loss))
        now = time.monotonic()
        if iteration in self.plan.due:
            last = self._take_losses()
            self._checkpoint(last, training_loss=self.state.take_mean_loss())
            self._save()  # an interruption costs no more than what was trained since a checkpoint
            if self.training.settings.max_rollbacks:
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
            wrong = self._watch.look(value)
            if wrong:
                raise _DivergedError(line.iteration, wrong)
            self.state.add_loss(value)
        whole = [
            LogLine(line.iteration, line.epoch, line.elapsed_s, line.learning_rate, value)
            for line, value in zip(lines, values, strict=True)
        ]
        for line in whole[:-1]:
            self.log.add(line)
        self._show_progress(whole[-1])
        return whole[-1]

    def _show_progress(self, line: LogLine) -> None:
        recent = self._watch.recent
        detail = f"{in_bits(sum(recent) / len(recent))}" if recent else ""
        self.training.report.advance(float(line.iteration), detail)

    def _checkpoint(self, line: LogLine, training_loss: float | None) -> None:
        began = time.monotonic()
        self._judge_and_keep(line, training_loss)
        self._checkpoint_s = time.monotonic() - began
        self.state.overhead_s += self._checkpoint_s if self._keeps_time else 0.0

    def _judge_and_keep(self, line: LogLine, training_loss: float | None) -> None:
        validation = self.trainer.validate()
        if not isfinite(validation):
            raise _DivergedError(line.iteration, "the validation loss is no finite number")
        if validation > HOPELESS_NATS:
            raise _DivergedError(line.iteration, f"the validation loss is {in_bits(validation)}; knowing nothing is 8")
        facts = facts_of(line, validation, training_loss)
        self.state.hashes |= write_checkpoint(self.training, facts, self.trainer.export())
        self.state.checkpoints.append(facts)
        own = (line.iteration, line.epoch, line.elapsed_s, line.learning_rate, line.training_loss_nats)
        self.log.add(LogLine(*own, validation))
        self.log.flush()

    def _save(self, name: str = STATE_FILE) -> None:
        began = time.monotonic()
        if self.waiting:
            self.log.add(self._take_losses())
        self.log.flush(durably=True)
        state = self.state
        state.elapsed_s, state.log_bytes = self._elapsed_s(), self.log.bytes
        state.recent_losses, state.lowest_mean = list(self._watch.recent), self._watch.lowest
        state.hashes = dict(sorted({**state.hashes, LOG_FILE: self.log.sha256}.items()))
        save_state(self.training.folder / name, state, self.trainer.state_dict())
        self._saved_s = time.monotonic()
        self._saving_s = self._saved_s - began
        self.state.overhead_s += self._saving_s if self._keeps_time else 0.0

    def _roll_back(self, diverged: _DivergedError) -> None:
        """Go back to the last checkpoint at half the learning rate, where that is allowed."""
        self.waiting.clear()
        stored = load_state(self.training.folder / GOOD_STATE_FILE)
        used, scale, warnings = self.state.rollbacks, self.state.rate_scale / 2, self.state.warnings
        if stored is None or used >= self.training.settings.max_rollbacks:
            raise self._diverged(diverged)
        self._take_state(stored[0])
        self._watch = LossWatch()  # the losses before the checkpoint would condemn it again at once
        self.state.rate_scale, self.state.rollbacks = scale, used + 1
        self._take_plan(self._first_plan())
        text = (
            f"at iteration {diverged.iteration} {diverged.why}: back to iteration {self.state.iteration} "
            f"at {scale:g} times the learning rate"
        )
        self.state.warnings = [*warnings, text]
        self.training.report.warn(f"{self.training.label}: {text}")
        self._restart(stored[1])
        self._save()

    def _diverged(self, diverged: _DivergedError) -> TrainingError:
        last = self.state.checkpoints[-1] if self.state.checkpoints else None
        kept = f"; the last good checkpoint is {last.json_file}" if last else ""
        rate = self.recipe.learning_rate * self.state.rate_scale
        return TrainingError(
            f"{self.training.label} diverged at iteration {diverged.iteration}: {diverged.why}.",
            where=f"{self.training.folder}{kept}",
            expected="a loss that falls",
            hint=f"Set learning_rate = {rate / 2:g} in the section's training, or max_rollbacks = 2.",
        )

    def _finished(self) -> TrainingRun:
        state, training = self.state, self.training
        after = overfitting_warnings(state.checkpoints)
        for warning in after:
            training.report.warn(f"{training.label}: {warning}")
        self.log.flush(durably=True)
        if self.recipe.schedule == "halving":
            self._save(CONTINUE_FILE)
        remove_strays(training.folder, state.checkpoints)
        return run_record(training, self.recipe, state, after)
