import pytest

from pipeline.learning.training.health import LossWatch, data_warnings, overfitting_warnings
from pipeline.learning.training.run import CheckpointFacts
from tests.learning.training.trainings import corpus, training_data


def facts(iteration: int, loss: float) -> CheckpointFacts:
    return CheckpointFacts(
        iteration=iteration,
        epoch=iteration / 100,
        elapsed_s=0.0,
        validation_loss_nats=loss,
        training_loss_nats=None,
        weights_file="w",
        json_file="j",
    )


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), float("-inf")])
def test_a_loss_that_is_no_number_is_seen_at_once(loss: float) -> None:
    assert LossWatch().look(loss) == "the loss is no finite number"


def test_a_falling_noisy_loss_gives_no_alarm() -> None:
    watch = LossWatch()
    assert not any(watch.look(5.5 - 0.003 * i + 0.8 * (-1) ** i) for i in range(1000))


def test_a_loss_that_rises_for_long_is_told_with_its_numbers() -> None:
    watch = LossWatch()
    told = [watch.look(2.0) for _ in range(60)] + [watch.look(4.0) for _ in range(60)]
    assert not any(told[:60])
    assert "risen from 2.89 to " in next(text for text in told if text).replace(" bits/byte", "")


def test_one_spike_gives_no_alarm() -> None:
    watch = LossWatch()
    assert not any(watch.look(2.0 if i != 80 else 40.0) for i in range(200))


def test_a_watch_goes_on_where_it_stopped() -> None:
    whole, first = LossWatch(), LossWatch()
    losses = [3.0 - 0.01 * i for i in range(130)]
    for loss in losses:
        whole.look(loss)
    for loss in losses[:70]:
        first.look(loss)
    second = LossWatch(tuple(first.recent), first.lowest)
    for loss in losses[70:]:
        second.look(loss)
    assert (tuple(second.recent), second.lowest) == (tuple(whole.recent), whole.lowest)


def test_doubts_before_training_name_their_numbers() -> None:
    text = " / ".join(data_warnings(corpus(training_data(), silence_share=0.8), parameters=1_000_000))
    assert "80% of the corpus is silence" in text
    assert "only 3 s of sound" in text
    assert "1,000,000 parameters for 21,600 bytes" in text


def test_over_fitting_is_told_with_the_best_iteration() -> None:
    risen = overfitting_warnings([facts(0, 5.5), facts(100, 2.0), facts(200, 2.1), facts(300, 2.2), facts(400, 2.3)])
    assert "best at iteration 100" in risen[0]
    assert overfitting_warnings([facts(0, 5.5), facts(100, 2.0), facts(200, 1.9), facts(300, 1.91)]) == []
