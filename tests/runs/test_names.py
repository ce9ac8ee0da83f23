from __future__ import annotations

import pytest

from pipeline.errors import ProductionError
from pipeline.runs.names import best_loss, find_name, kind_of, may_be_loss


@pytest.mark.parametrize(
    ("names", "training", "validation"),
    [
        (["train_loss", "val_loss"], "train_loss", "val_loss"),
        (["loss/g/total", "loss/d/total", "loss/g/mel", "val/loss"], "loss/g/total", "val/loss"),
        (["train_loss_epoch", "train_loss_step", "val_loss"], "train_loss_step", "val_loss"),
        (["train:epoch_loss", "validation:epoch_loss"], "train:epoch_loss", "validation:epoch_loss"),
        (["loss", "eval_loss", "learning_rate", "grad_norm"], "loss", "eval_loss"),
        (
            ["test-run-3 - loss", "test-run-3 - val_loss", "test-run-3 - loss__MIN"],
            "test-run-3 - loss",
            "test-run-3 - val_loss",
        ),
        (["test_exp:loss/train", "test_exp:loss/test"], "test_exp:loss/train", "test_exp:loss/test"),
        (["train.loss", "valid.loss"], "train.loss", "valid.loss"),
        (["loss", "val"], "loss", "val"),
        (["accuracy", "lr"], "", ""),
        (["trainLoss", "valLoss"], "trainLoss", "valLoss"),
    ],
)
def test_the_losses_are_found_by_their_names(names: list[str], training: str, validation: str) -> None:
    assert best_loss(names, "training") == training
    assert best_loss(names, "validation") == validation


def test_what_only_speaks_of_a_loss_is_none() -> None:
    assert not may_be_loss("loss_scale")
    assert not may_be_loss("best_loss")
    assert kind_of("loss") == "training"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ProductionError) as caught:
        find_name("val_los", ["train_loss", "val_loss"], "run, validation_loss")
    assert "val_loss" in caught.value.hint
    assert "train_loss, val_loss" in caught.value.expected


def test_a_tag_may_be_named_without_its_run_unless_several_have_it() -> None:
    assert find_name("loss", ["train:loss"], "x") == "train:loss"
    with pytest.raises(ProductionError, match="one of several"):
        find_name("loss", ["train:loss", "validation:loss"], "x")
