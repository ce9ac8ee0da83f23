"""Whether the time left can be believed: with a made-up clock, and with real tiny trainings.

The law: from a tenth of the work on, what is told is within a quarter of what it will be; and between two lines it
never jumps by more than a quarter. Beside that a few seconds are allowed, and what nobody can foresee: a pause.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import sin, tau
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cli.console import PlainScreen
from pipeline.production.schema import Production
from pipeline.runtime.progress.outlook import View
from pipeline.runtime.progress.pace import Pace, Steady
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.runtime.progress.side_by_side import SideBySide, Task
from pipeline.runtime.relay import ProgressMixer, Word
from pipeline.stages import train
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.stages import made_up

STEPS = 400
WITHIN = 0.25
LAWS = settings(max_examples=40, deadline=None)
LAWS_OF_SEVERAL = settings(max_examples=20, deadline=None)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Lines(PlainScreen):
    """Keeps what a screen would show."""

    def __init__(self, clock: Callable[[], float], pause_s: float) -> None:
        super().__init__(clock)
        self.pause_s = pause_s
        self.shown: list[tuple[float, View]] = []

    def _show_beginning(self, work: WorkStart) -> None:
        pass

    def _is_due(self, done: float) -> bool:
        return done >= self._outlook.total

    def _show(self, view: View, detail: str) -> None:  # noqa: ARG002 - as screens are called
        self.shown.append((self._clock(), view))


@dataclass(frozen=True)
class Work:
    """A made-up task: at which second after its beginning how many of its units are done.

    Parameters
    ----------
    moments
        Ends of its steps, in seconds.
    stops
        After how many units it makes a stop; told beforehand.
    tail_s
        How long it goes on after the last step: a stop at the very end.
    """

    moments: tuple[float, ...]
    stops: tuple[int, ...] = ()
    tail_s: float = 0.0
    expected: bool = False

    @property
    def seconds(self) -> float:
        return self.moments[-1] + self.tail_s


def work(
    step_s: Callable[[float], float],
    *,
    steps: int = STEPS,
    start_s: float = 0.0,
    stops: tuple[int, ...] = (),
    stop_s: float = 0.0,
    expected: bool = False,
) -> Work:
    """Make a task up from the seconds of a step, given the share that is done."""
    moments, now = [], start_s
    for step in range(1, steps + 1):
        now += step_s(step / steps)
        moments.append(now)
        if step in stops:
            now += stop_s
    return Work(tuple(moments), stops, now - moments[-1], expected)


def run_alone(task: Work, pause_s: float = 10.0) -> list[tuple[float, View]]:
    clock = Clock()
    lines = Lines(clock, pause_s)
    began = clock.now
    expected_s = task.seconds if task.expected else None
    lines.begin(
        WorkStart("train", "section-1", len(task.moments), "iterations", expected_s=expected_s, stops=tuple(task.stops))
    )
    for step, moment in enumerate(task.moments, start=1):
        clock.now = began + moment
        lines.advance(step)
    return lines.shown


def run_together(tasks: list[Work], guesses: list[float], workers: int, pause_s: float = 10.0) -> tuple[Lines, float]:
    """Run made-up tasks on so many workers; return what was shown and when all ended."""
    clock = Clock()
    lines = Lines(clock, pause_s)
    mixer = ProgressMixer(
        lines,
        [Task(f"section-{index + 1}", guess) for index, guess in enumerate(guesses)],
        workers,
        begin=("train", f"{len(tasks)} networks side by side"),
        clock=clock,
    )
    free = [clock.now] * workers
    events: list[tuple[float, int, int]] = []
    for index, task in enumerate(tasks):
        place = free.index(min(free))
        began = free[place]
        events.append((began, index, 0))
        events += [(began + moment, index, step) for step, moment in enumerate(task.moments, start=1)]
        events.append((began + task.seconds, index, -1))
        free[place] = began + task.seconds
    for now, index, step in sorted(events, key=lambda event: event[0]):
        clock.now = now
        if step == 0:
            task = tasks[index]
            end = task.seconds if task.expected else None
            mixer.receive(
                Word(
                    index,
                    "begin",
                    work=WorkStart("", "", len(task.moments), "", expected_s=end, stops=tuple(task.stops)),
                )
            )
        elif step < 0:
            mixer.finish(index)
        else:
            mixer.receive(Word(index, "advance", "", step))
    return lines, max(free)


def check_jumps(told: list[tuple[float, float]]) -> None:
    """Between two lines that come in time the change is bounded; a late one may stand still."""
    for (earlier, before), (later, after) in pairwise(told):
        slack = 1.0 + 0.02 * (later - told[0][0] + before) + 1e-6
        assert after >= max(0.0, before - (later - earlier)) / (1 + WITHIN) - slack, (earlier, before, later, after)
        assert after <= max(0.0, before - min(later - earlier, 10.0)) * (1 + WITHIN) + slack


def check_truth(told: list[tuple[float, float]], from_s: float, end_s: float, slack_s: float) -> None:
    believed = [(now, left) for now, left in told if now >= from_s]
    assert believed
    for now, left in believed:
        assert abs(left - (end_s - now)) <= WITHIN * (end_s - now) + slack_s, (now - from_s, left, end_s - now)


def check_alone(task: Work, slack_s: float = 3.0) -> None:
    for pause_s in (10.0, 0.5):
        told = [(now, view.left_s) for now, view in run_alone(task, pause_s) if view.left_s is not None]
        check_jumps(told)
        tenth = task.moments[len(task.moments) // 10]
        check_truth(told, 1000.0 + tenth, 1000.0 + task.seconds, slack_s)


TOTALS = st.floats(60.0, 20_000.0)


@LAWS
@given(TOTALS)
def test_constant_speed(total_s: float) -> None:
    check_alone(work(lambda _: total_s / STEPS))


@LAWS
@given(TOTALS, st.floats(0.75, 1.35))
def test_speed_that_changes_smoothly(total_s: float, end: float) -> None:
    check_alone(work(lambda at: total_s / STEPS * (1 + (end - 1) * at)))


@LAWS
@given(TOTALS, st.floats(0.0, 0.15), st.integers(1, 12), st.floats(0.0, 6.3))
def test_speed_that_swings(total_s: float, swing: float, waves: int, phase: float) -> None:
    check_alone(work(lambda at: total_s / STEPS * (1 + swing * sin(phase + tau * waves * at))), 5.0)


@LAWS
@given(TOTALS, st.floats(0.0, 120.0), st.floats(1.0, 8.0))
def test_slow_start(total_s: float, start_s: float, factor: float) -> None:
    check_alone(work(lambda at: total_s / STEPS * (factor if at <= 0.01 else 1.0), start_s=start_s))


@LAWS
@given(TOTALS, st.integers(2, 8))
def test_bursts(total_s: float, burst: int) -> None:
    step_s = total_s / STEPS
    check_alone(work(lambda at: burst * step_s if round(at * STEPS) % burst == 0 else 0.0), 3.0 + burst * step_s)


@LAWS
@given(TOTALS, st.sets(st.integers(STEPS // 10, STEPS - 1), min_size=1, max_size=4), st.floats(0.0, 0.025))
def test_pauses(total_s: float, places: set[int], share: float) -> None:
    pause_s = share * total_s / len(places)
    check_alone(
        work(lambda at: total_s / STEPS + (pause_s if round(at * STEPS) in places else 0.0)),
        3.0 + share * total_s,  # nobody can foresee them
    )


@LAWS
@given(TOTALS, st.integers(STEPS // 10, STEPS // 2), st.floats(0.05, 3.0))
def test_one_long_pause_does_not_count_as_pace(total_s: float, place: int, share: float) -> None:
    task = work(lambda at: total_s / STEPS * (1 + (share * STEPS if round(at * STEPS) == place else 0)))
    told = [(now, view.left_s) for now, view in run_alone(task) if view.left_s is not None]
    check_jumps(told)
    check_truth(told, 1000.0 + task.moments[place] + 1.0, 1000.0 + task.seconds, 3.0)


@LAWS
@given(TOTALS, st.integers(8, 40), st.floats(0.05, 3.0))
def test_checkpoints_at_even_distances(total_s: float, every: int, stop_share: float) -> None:
    step_s = total_s / STEPS
    stop_s = stop_share * every * step_s
    stops = tuple(range(every, STEPS + 1, every))
    check_alone(work(lambda _: step_s, stops=stops, stop_s=stop_s), 3.0 + stop_s / 2)


@LAWS
@given(TOTALS, st.floats(0.5, 30.0))
def test_checkpoints_that_are_dense_at_first(total_s: float, stop_steps: float) -> None:
    step_s = total_s / STEPS
    stops = tuple(sorted({round(STEPS * (100 ** (place / 31) - 1) / 99) for place in range(1, 32)} - {0}))
    check_alone(work(lambda _: step_s, stops=stops, stop_s=stop_steps * step_s), 3.0 + stop_steps * step_s)


@LAWS
@given(TOTALS, st.floats(0.0, 60.0), st.integers(5, 25))
def test_a_slow_start_is_no_checkpoint_s_doing(total_s: float, start_s: float, every: int) -> None:
    """Words come seldom: the first tells of the start, of many iterations, and of several checkpoints."""
    step_s = total_s / STEPS
    stops = tuple(sorted({round(STEPS * (100 ** (place / 31) - 1) / 99) for place in range(1, 32)} - {0}))
    task = work(lambda _: step_s, start_s=start_s, stops=stops, stop_s=step_s)
    clock = Clock()
    lines = Lines(clock, 1.0)
    lines.begin(WorkStart("train", "section-1", STEPS, "iterations", stops=stops))
    for step, moment in enumerate(task.moments, start=1):
        clock.now = 1000.0 + moment
        if step % every == 0:
            lines.advance(step)
    told = [(now, view.left_s) for now, view in lines.shown if view.left_s is not None]
    check_jumps(told)
    tenth = 1000.0 + task.moments[STEPS // 10 + 4 * every]
    check_truth(told, tenth, 1000.0 + task.seconds, 5.0 + every * step_s)


def test_a_checkpoint_after_every_iteration() -> None:
    check_alone(work(lambda _: 1.0, steps=40, stops=tuple(range(1, 41)), stop_s=20.0), 25.0)


@LAWS
@given(TOTALS, st.floats(0.6, 1.6))
def test_a_training_that_was_given_minutes_ends_when_it_was_told_to(total_s: float, end: float) -> None:
    task = work(lambda at: total_s / STEPS * (1 + (end - 1) * at), expected=True)
    told = [(now, view.left_s) for now, view in run_alone(task) if view.left_s is not None]
    check_jumps(told)
    for now, left in told:
        assert abs(left - (1000.0 + task.seconds - now)) <= 0.1 * task.seconds


@LAWS_OF_SEVERAL
@given(
    st.lists(st.floats(30.0, 5000.0), min_size=2, max_size=6),
    st.integers(1, 4),
    st.floats(0.5, 2.0),
)
def test_several_side_by_side_of_very_different_lengths(lengths: list[float], workers: int, unit: float) -> None:
    tasks = [work(lambda _, total_s=total_s: total_s / STEPS) for total_s in lengths]
    for pause_s in (10.0, 0.5):
        lines, end_s = run_together(tasks, [unit * length for length in lengths], workers, pause_s)
        told = [(now, view.left_s) for now, view in lines.shown if view.left_s is not None]
        check_jumps(told)
        check_truth(told, 1000.0 + 0.1 * (end_s - 1000.0), end_s, 3.0)


@LAWS_OF_SEVERAL
@given(st.lists(st.floats(120.0, 5000.0), min_size=2, max_size=4), st.floats(0.8, 1.25))
def test_every_part_is_told_truly_too(lengths: list[float], slip: float) -> None:
    tasks = [work(lambda _, total_s=total_s: total_s / STEPS) for total_s in lengths]
    guesses = [length * (slip if index % 2 else 1.0) for index, length in enumerate(lengths)]
    lines, end_s = run_together(tasks, guesses, len(tasks))
    for index, length in enumerate(lengths):
        own = [(now, view.parts[index].left_s) for now, view in lines.shown if view.parts]
        told = [(now, left) for now, left in own if left is not None and now < 1000.0 + length]
        check_jumps(told)
        if length > 200.0:
            check_truth(told, 1000.0 + 0.1 * length, 1000.0 + length, 3.0)
    assert end_s == pytest.approx(1000.0 + max(lengths))


@LAWS_OF_SEVERAL
@given(st.floats(300.0, 5000.0), st.floats(0.1, 0.9))
def test_a_task_that_ends_early_takes_its_time_along(total_s: float, share: float) -> None:
    whole = work(lambda _: total_s / STEPS)
    early = Work(whole.moments[: int(share * STEPS)])
    clock = Clock()
    lines = Lines(clock, 10.0)
    mixer = ProgressMixer(
        lines, [Task("section-1", 1.0), Task("section-2", 1.0)], 2, begin=("train", "two"), clock=clock
    )
    for index in (0, 1):
        mixer.receive(Word(index, "begin", work=WorkStart("", "", STEPS, "")))
    for step, moment in enumerate(whole.moments, start=1):
        clock.now = 1000.0 + moment
        mixer.receive(Word(0, "advance", "", step))
        if step < len(early.moments):
            mixer.receive(Word(1, "advance", "", step))
        elif step == len(early.moments):
            mixer.finish(1)
    told = [(now, view.left_s) for now, view in lines.shown if view.left_s is not None]
    check_jumps(told)
    check_truth(told, 1000.0 + total_s / 10, 1000.0 + total_s, 3.0)
    assert lines.shown[-1][1].parts[1].share == 1.0


@LAWS
@given(TOTALS, st.floats(0.1, 0.9))
def test_work_that_goes_on_after_a_stop_is_not_taken_for_quick(total_s: float, share: float) -> None:
    clock = Clock()
    lines = Lines(clock, 10.0)
    first = int(share * STEPS)
    lines.begin(WorkStart("train", "section-1", STEPS, "iterations", done=first))
    lines.advance(first, "going on")
    for step in range(first + 1, STEPS + 1):
        clock.now += total_s / STEPS
        lines.advance(step)
    told = [(now, view.left_s) for now, view in lines.shown if view.left_s is not None]
    check_jumps(told)
    newly = total_s * (STEPS - first) / STEPS
    if newly > 120.0:
        check_truth(told, 1000.0 + newly / 10, 1000.0 + newly, 3.0)


@LAWS
@given(TOTALS, st.floats(0.5, 2.0), st.floats(0.1, 0.6))
def test_a_length_that_is_corrected_keeps_what_was_measured(total_s: float, factor: float, at: float) -> None:
    clock = Clock()
    pace = Pace(STEPS, clock.now)
    corrected = max(STEPS * at + 10, STEPS * factor)
    for step in range(1, int(STEPS * at) + 1):
        clock.now += total_s / STEPS
        pace.advance(step, clock.now)
    pace.correct(corrected, clock.now, done=int(STEPS * at))
    left = pace.left_s(clock.now)
    assert left == pytest.approx(total_s / STEPS * (corrected - int(STEPS * at)), rel=0.05)


def test_work_that_steps_back_is_not_taken_for_quick() -> None:
    pace = Pace(STEPS, 0.0)
    now = 0.0
    for step in [*range(1, 201), *range(100, 301)]:
        now += 1.0
        pace.advance(step, now)
    left = pace.left_s(now)
    assert left is not None
    assert left == pytest.approx(100.0, rel=0.1)


@LAWS
@given(st.lists(st.tuples(st.floats(0.01, 60.0), st.floats(0.0, 1e5)), min_size=2, max_size=50))
def test_what_is_told_never_jumps_whatever_seems_true(seen: list[tuple[float, float]]) -> None:
    steady, now, told = Steady(), 0.0, []
    for passed, left in seen:
        now += passed
        value = steady.smooth(left, now)
        assert value is not None
        told.append((now, value))
    check_jumps(told)


def test_a_long_work_keeps_few_marks() -> None:
    pace = Pace(1e6, 0.0)
    for step in range(1, 100_001):
        pace.advance(step, float(step))
    assert len(pace._marks) < 300
    assert pace.left_s(1e5) == pytest.approx(9e5, rel=0.01)
    assert bisect_left(pace._marks, (0.0, 0.0)) == 0


def test_real_trainings_side_by_side_end_when_it_was_told(tmp_path: Path) -> None:
    lines = Lines(time.monotonic, 0.5)
    store = Store(tmp_path / "work")
    made = Results(corpora=tuple(made_up.corpus(store, section) for section in range(2)))
    network = {"kind": "lstm", "layers": 1, "neurons": 12, "embedding": 6}
    tiny = {"batch": 8, "sequence": 32, "clock": "none"}
    trainings = [
        {"recipe": "torch-rnn", "iterations": 1500, "checkpoint_every": 150, **tiny},
        {"recipe": "modern", "iterations": 800, "checkpoints": 12, **tiny},
    ]
    sections = [
        {"title": "One", "recordings": ["voice.wav"], "network": network, "training": training}
        for training in trainings
    ]
    film = Production.model_validate({"title": "Two networks", "section": sections})
    train.run(film, made, Workplace(store=store, output=tmp_path, device="cpu", jobs=2, report=lines))
    told = [(now, view.left_s) for now, view in lines.shown if view.left_s is not None]
    began_s, end_s = lines.shown[0][0], lines.shown[-1][0]
    assert lines.shown[-1][1].share == 1.0
    assert {part.name: part.share for part in lines.shown[-1][1].parts} == {"section-1": 1.0, "section-2": 1.0}
    check_jumps(told)
    for now, view in lines.shown:
        if view.left_s is not None and now >= began_s + 0.25 * (end_s - began_s) and now < end_s:
            # other programs run beside it: what its pace was until then is as good an answer as what came
            fair = [end_s - now, *(_by_average(lines.shown, index, now) for index in range(2))]
            assert min(fair[0], max(fair[1:])) / 1.25 - 3.0 <= view.left_s <= 1.25 * max(fair) + 3.0


def _by_average(shown: list[tuple[float, View]], part: int, now: float) -> float:
    """Seconds left of a part if it goes on as it did since its first word, its start left out."""
    seen = [(at, view.parts[part].share) for at, view in shown if at <= now and view.parts[part].share > 0]
    if len(seen) < 2 or seen[-1][1] in {1.0, seen[0][1]}:
        return 0.0
    (first, begun), (last, done) = seen[0], seen[-1]
    return (last - first) / (done - begun) * (1.0 - done)


def test_tasks_that_end_without_a_word_are_done_and_say_nothing_about_speed() -> None:
    all_tasks = SideBySide([Task("section-1", 1.0), Task("section-1", 1.0), Task("section-2", 1.0)], 1)
    all_tasks.finish(0, 10.0)
    all_tasks.begin(1, WorkStart("train", "section-1", 100.0, "iterations"), 10.0)
    for step in range(1, 51):
        all_tasks.advance(1, float(step), 10.0 + step)
    standing = all_tasks.standing(60.0)
    assert standing.left_s == pytest.approx(150.0, abs=2)
    assert [part.share for part in standing.parts] == [0.75, 0.0]
    assert [part.detail for part in standing.parts] == ["", "waits"]
    for index in range(3):
        all_tasks.finish(index, 200.0)
    assert all_tasks.standing(200.0).left_s == 0.0
    assert all_tasks.standing(200.0).share == 1.0


def test_a_real_training_given_minutes_tells_when_they_end_from_its_beginning(tmp_path: Path) -> None:
    lines = Lines(time.monotonic, 0.5)
    store = Store(tmp_path / "work")
    made = Results(corpora=(made_up.corpus(store, 0),))
    network = {"kind": "lstm", "layers": 1, "neurons": 12, "embedding": 6}
    section = {"title": "One", "recordings": ["voice.wav"], "network": network, "training": {"minutes": 0.1}}
    film = Production.model_validate({"title": "One network", "section": [section]})
    train.run(film, made, Workplace(store=store, output=tmp_path, device="cpu", report=lines))
    told = [(now, view.left_s) for now, view in lines.shown if view.left_s is not None]
    check_jumps(told)
    first, left = told[0]
    assert 2.0 < left <= 6.0
    for now, left in told:
        assert abs(left - (told[0][1] - (now - first))) <= 0.25 * 6.0 + 1.0
