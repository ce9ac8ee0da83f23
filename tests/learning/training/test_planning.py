"""How long a training will be, and when it makes checkpoints, where its length is given as minutes."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.learning.models.network import LstmSettings
from pipeline.learning.recipes.recipe import TrainingSettings, resolve
from pipeline.learning.training.loop import train
from pipeline.learning.training.planning import MinutesClock, Plan, Spent, duration_words, epochs_words, fixed_plan
from pipeline.learning.training.run import PLAN_FILE, CheckpointPlan
from tests.learning.training.trainings import TINY_LSTM, Listener, training

MINUTE = TrainingSettings(minutes=1)
RECIPE = resolve(MINUTE)
WINDOWS = 100


class Machine:
    """A training that only passes time: so many seconds an update and a checkpoint, as a function of the clock."""

    def __init__(self, own: TrainingSettings, update_s: object, checkpoint_s: float) -> None:
        self.now_s = self.overhead_s = self.checkpoint_s = 0.0
        self.update_s = update_s if callable(update_s) else lambda _now: update_s
        self.cost_s = checkpoint_s
        self.plan = fixed_plan(own, RECIPE, WINDOWS, 10_000)
        self.clock = MinutesClock(own, RECIPE, WINDOWS, self.plan)
        self.made: list[int] = []
        self.iteration = 0

    def checkpoint(self) -> None:
        self.made.append(self.iteration)
        self.now_s += self.cost_s
        self.overhead_s += self.cost_s
        self.checkpoint_s = self.cost_s

    def run(self) -> Plan:
        self.checkpoint()
        while self.iteration < self.plan.total:
            self.now_s += self.update_s(self.now_s)
            self.iteration += 1
            if self.iteration in self.plan.due:
                self.checkpoint()
            spent = Spent(self.iteration, self.now_s, self.overhead_s, self.checkpoint_s)
            if self.iteration < self.plan.total and self.clock.is_time(spent):
                self.plan = self.clock.plan(self.plan, spent, self.made)
        return self.plan


@settings(deadline=None, max_examples=60)
@given(
    update_s=st.floats(0.003, 0.4),
    checkpoint_s=st.floats(0.0, 2.5),
    busy_from_s=st.floats(0, 60),
    busy_for_s=st.floats(0, 30),
    slower=st.floats(0.5, 3.0),
)
def test_a_training_takes_its_minutes_whatever_the_machine_does_meanwhile(
    update_s: float, checkpoint_s: float, busy_from_s: float, busy_for_s: float, slower: float
) -> None:
    def speed(now_s: float) -> float:
        return update_s * (slower if busy_from_s <= now_s < busy_from_s + busy_for_s else 1.0)

    machine = Machine(MINUTE, speed, checkpoint_s)
    plan = machine.run()
    assert 54 <= machine.now_s <= 66
    assert machine.made[-1] == plan.total == machine.iteration


@given(update_s=st.floats(0.003, 0.4), checkpoint_s=st.floats(0.0, 0.9))
@settings(deadline=None, max_examples=60)
def test_checkpoints_take_about_a_tenth_of_the_minutes_at_most(update_s: float, checkpoint_s: float) -> None:
    machine = Machine(MINUTE, update_s, checkpoint_s)
    machine.run()
    assert machine.overhead_s <= 0.1 * 60 + checkpoint_s
    assert len(machine.made) <= 40


def test_random_speeds_end_in_time_too() -> None:
    rng = random.Random(3)
    machine = Machine(MINUTE, lambda _now: 0.02 * rng.lognormvariate(0, 0.7), 0.3)
    machine.run()
    assert 57 <= machine.now_s <= 63


def test_the_learning_rate_falls_over_the_planned_share_of_the_updates() -> None:
    machine = Machine(MINUTE, 0.02, 0.1)
    plan = machine.run()
    assert 0.3 <= (plan.total - plan.decay_from) / plan.total <= 0.45


@pytest.mark.parametrize("limit", [{"iterations": 700}, {"epochs": 7.0}])
def test_other_limits_stay(limit: dict[str, float]) -> None:
    machine = Machine(TrainingSettings.model_validate({"minutes": 1, **limit}), 0.001, 0.0)
    assert machine.run().total == 700


def test_without_minutes_the_plan_is_known_before_it_begins() -> None:
    plan = fixed_plan(TrainingSettings(iterations=50), RECIPE, WINDOWS, 10_000)
    assert plan.total == 50
    assert {0, 50} <= plan.due
    assert plan.decay_from == 30


def test_with_every_checkpoint_set_by_hand_minutes_keep_that_distance() -> None:
    machine = Machine(TrainingSettings(minutes=1, checkpoint_every=100), 0.05, 0.1)
    machine.run()
    assert machine.made[:4] == [0, 100, 200, 300]


def test_minutes_are_kept_by_a_real_training(tmp_path: Path) -> None:
    run = train(training(tmp_path, TINY_LSTM, minutes=0.05, clock="wall", checkpoints=4))
    assert run.iterations > 5
    assert 0.9 * 3 <= run.elapsed_s <= 1.1 * 3
    assert run.checkpoints[-1].iteration == run.iterations
    assert len(run.checkpoints) <= 6


def test_too_few_iterations_within_the_minutes_are_told(tmp_path: Path) -> None:
    heard = Listener()
    large = LstmSettings(layers=2, neurons=128)
    train(training(tmp_path, large, minutes=0.01, clock="wall", report=heard, batch=16, sequence=1024))
    assert any("iterations fit into 0.01 minutes" in text for text in heard.warnings)


def test_a_running_training_tells_when_its_checkpoints_come(tmp_path: Path) -> None:
    run = train(training(tmp_path, TINY_LSTM, iterations=12, checkpoints=4))
    plan = CheckpointPlan.model_validate_json((tmp_path / PLAN_FILE).read_text(encoding="utf-8"))
    assert plan.checkpoints == tuple(point.iteration for point in run.checkpoints)
    assert plan.cores == 1


@pytest.mark.parametrize(
    ("seconds", "words"), [(12.4, "12 s"), (60, "1 min 0 s"), (3599.6, "1 h 0 min"), (7380, "2 h 3 min")]
)
def test_durations_are_said_in_words(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


@pytest.mark.parametrize(
    ("epochs", "words"), [(0.0267, "less than 0.1 epochs"), (1.26, "1.3 epochs"), (0, "0.0 epochs")]
)
def test_a_short_training_is_not_told_as_no_epochs_at_all(epochs: float, words: str) -> None:
    assert epochs_words(epochs) == words
