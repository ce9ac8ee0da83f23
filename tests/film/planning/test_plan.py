from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ProductionError
from pipeline.film.planning.plan import CheckpointPoint, PlannedTake, choose_takes, fit_to_sound
from pipeline.film.planning.storyboard_settings import StoryboardSettings

FALLING = [CheckpointPoint(iteration, 5.5 / (1 + iteration / 500)) for iteration in range(0, 2001, 50)]


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.integers(1, 900), st.floats(0.1, 6.0)), min_size=1, max_size=60),
    st.integers(1, 30),
    st.sampled_from(["log", "even", "loss"]),
    st.sampled_from(["order", "loss"]),
    st.floats(1.0, 50.0),
)
def test_takes_are_in_training_order_and_fill_the_time(
    steps: list[tuple[int, float]], count: int, spread: str, emphasis_by: str, emphasis: float
) -> None:
    iteration, points = -1, []
    for step, loss in steps:
        iteration += step
        points.append(CheckpointPoint(iteration, loss))
    storyboard = StoryboardSettings.model_validate(
        {"takes": count, "seconds": 60, "spread": spread, "emphasis": emphasis, "emphasis_by": emphasis_by}
    )
    takes = choose_takes(points, storyboard)
    assert len(takes) == min(count, len(points))
    iterations = [take.iteration for take in takes]
    assert iterations == sorted(set(iterations))
    assert iterations[-1] == points[-1].iteration
    assert len(takes) == 1 or iterations[0] == points[0].iteration
    assert sum(take.seconds for take in takes) == pytest.approx(60, abs=1e-6)
    assert min(take.seconds for take in takes) >= min(0.8, 60 / len(takes)) - 0.002


def test_later_takes_get_more_time_in_the_ratio_asked_for() -> None:
    takes = choose_takes(FALLING, StoryboardSettings(takes=8, seconds=40, emphasis=4))
    seconds = [take.seconds for take in takes]
    assert seconds == sorted(seconds)
    assert seconds[-1] / seconds[0] == pytest.approx(4, rel=0.01)


def test_with_emphasis_by_loss_equal_losses_get_equal_time() -> None:
    points = [CheckpointPoint(0, 5.5), CheckpointPoint(1, 2.0), CheckpointPoint(2, 2.0), CheckpointPoint(3, 1.0)]
    first, second, third, last = choose_takes(points, StoryboardSettings(takes=4, seconds=20, emphasis_by="loss"))
    assert first.seconds < second.seconds == third.seconds < last.seconds


def test_lines_by_hand_are_taken_as_they_are() -> None:
    storyboard = StoryboardSettings.model_validate(
        {
            "seconds": 20,
            "take": [
                {"iteration": "first", "seconds": 2.5},
                {"iteration": 512, "caption": "almost"},
                {"iteration": "last"},
            ],
        }
    )
    takes = choose_takes(FALLING, storyboard)
    assert [take.iteration for take in takes] == [0, 500, 2000]
    assert takes[0].seconds == 2.5
    assert takes[1].caption == "almost"
    assert sum(take.seconds for take in takes) == pytest.approx(20)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([{"iteration": 99999}], "training ended at iteration 2000"),
        ([{"iteration": 500}, {"iteration": 100}], "comes after"),
        ([{"iteration": 500}, {"iteration": 501}], "comes after"),
        ([{"iteration": 0, "seconds": 9.9}, {"iteration": 100}], "leaves too little"),
    ],
)
def test_lines_that_cannot_be_are_refused_in_words(lines: list[dict[str, object]], words: str) -> None:
    with pytest.raises(ProductionError, match=words):
        choose_takes(FALLING, StoryboardSettings.model_validate({"take": lines, "seconds": 10}))


def test_no_checkpoints_make_no_film() -> None:
    with pytest.raises(ProductionError, match="no checkpoint"):
        choose_takes([], StoryboardSettings())


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 400), st.booleans()), min_size=1, max_size=12))
def test_what_one_take_lacks_the_others_make_up_for_as_far_as_they_have_sound(
    parts: list[tuple[int, int, bool]],
) -> None:
    takes = [PlannedTake(number, 1.0, is_fixed=is_fixed) for number, (_, _, is_fixed) in enumerate(parts)]
    wanted, there = [part[0] for part in parts], [part[1] for part in parts]
    fitted = fit_to_sound(takes, wanted, there)
    least = [max(1, min(pair)) for pair in zip(wanted, there, strict=True)]
    most = [low if take.is_fixed else max(low, have) for take, low, have in zip(takes, least, there, strict=True)]
    assert all(low <= shown <= high for low, shown, high in zip(least, fitted, most, strict=True))
    assert sum(fitted) == min(max(sum(wanted), sum(least)), sum(most))
