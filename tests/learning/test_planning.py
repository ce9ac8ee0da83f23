"""How long a training will be, where that is given as minutes."""

from pathlib import Path

import pytest
import torch

from pipeline.learning.course import Course
from pipeline.learning.planning import corrected_total
from pipeline.learning.recipe import TrainingSettings
from pipeline.learning.run import PLAN_FILE, CheckpointPlan
from pipeline.learning.trainer import train
from tests.learning.trainings import TINY_LSTM, training

MINUTE = TrainingSettings(minutes=1)


def course(iteration: int, total: int) -> Course:
    return Course(total=total, device=torch.device("cpu"), threads=1, mixed=False, iteration=iteration)


def test_a_plan_made_on_a_busy_machine_is_mended_before_the_training_ends() -> None:
    hasty = course(iteration=1, total=1)
    assert corrected_total(MINUTE, hasty, 1e6, elapsed_s=0.1) == 600


def test_a_plan_is_corrected_a_few_times_and_not_at_every_update() -> None:
    run = course(iteration=0, total=1000)
    totals = []
    for iteration in range(1, 1001):
        run.iteration = iteration
        run.total = corrected_total(MINUTE, run, 1e6, elapsed_s=0.1 * iteration)
        totals.append(run.total)
        if iteration >= run.total:
            break
    assert iteration == 600
    assert len(set(totals)) <= 6


def test_a_training_slower_than_planned_ends_with_its_next_update() -> None:
    late = course(iteration=50, total=1000)
    assert corrected_total(MINUTE, late, 1e6, elapsed_s=61.0) == 51


@pytest.mark.parametrize("limit", [{"iterations": 700}, {"epochs": 7.0}])
def test_other_limits_stay(limit: dict[str, float]) -> None:
    both = TrainingSettings.model_validate({"minutes": 1, **limit})
    done = course(iteration=700, total=700)
    assert corrected_total(both, done, 100.0, elapsed_s=1.0) == 700


def test_without_minutes_a_plan_stands() -> None:
    assert corrected_total(TrainingSettings(iterations=50), course(10, 50), 100.0, elapsed_s=1.0) == 50


def test_minutes_are_kept_though_the_first_updates_were_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = course(iteration=0, total=1)
    monkeypatch.setattr("pipeline.learning.trainer.begin_course", lambda *_: hasty)
    run = train(training(tmp_path, TINY_LSTM, minutes=0.03, clock="wall", checkpoints=4))
    assert run.iterations > 5
    assert run.elapsed_s > 0.6 * 60 * 0.03
    assert run.checkpoints[-1].iteration == run.iterations


def test_a_running_training_tells_when_its_checkpoints_come(tmp_path: Path) -> None:
    run = train(training(tmp_path, TINY_LSTM, iterations=12, checkpoints=4))
    plan = CheckpointPlan.model_validate_json((tmp_path / PLAN_FILE).read_text(encoding="utf-8"))
    assert plan.checkpoints == tuple(point.iteration for point in run.checkpoints)
    assert plan.cores == 1
