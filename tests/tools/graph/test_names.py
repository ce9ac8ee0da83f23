import pytest

from pipeline.tools.graph.data.names import labelled, log_names, shown_name


@pytest.mark.parametrize(
    ("logs", "names"),
    [
        (["a/loss.csv", "b/loss.csv"], ["a", "b"]),
        (["a/1/loss.csv", "b/1/loss.csv"], ["a/1", "b/1"]),
        (["x/run1.csv", "y/run2.csv.gz"], ["run1", "run2"]),
        (["a/loss.csv", "b/loss.csv", "other.csv"], ["a/loss", "b/loss", "other"]),
        (["loss.csv", "-"], ["loss", "standard input"]),
        (["loss.csv", "sub/loss.csv"], ["loss", "sub/loss"]),
        (["a.csv", "a.csv"], ["a", "a"]),
    ],
)
def test_logs_have_the_shortest_names_that_tell_them_apart(logs: list[str], names: list[str]) -> None:
    assert log_names(logs) == names


def test_labels_that_several_series_share_get_their_logs_name() -> None:
    series = [("loss", 1, False), ("acc", 1, False), ("loss", 2, False)]
    assert labelled(series, ["a.csv", "b.csv"]) == ["a: loss", "acc", "b: loss"]
    assert labelled([("loss", 1, False), ("loss", 2, False)], ["a.csv", "a.csv"]) == ["a: loss (1)", "a: loss (2)"]
    assert labelled([("mine", 1, True), ("loss", 2, False)], ["a.csv", "b.csv"]) == ["mine", "loss"]


def test_names_say_the_unit_that_is_shown() -> None:
    assert shown_name("training_loss_nats", in_bits=True) == "training_loss_bits"
    assert shown_name("Loss (nat/byte)", in_bits=True) == "Loss (bits/byte)"
    assert shown_name("training_loss_nats", in_bits=False) == "training_loss_nats"
    assert shown_name("natural_loss\n", in_bits=True) == "natural_loss"
