"""Short names of a log's curves."""

from __future__ import annotations

import pytest

from pipeline.picture.plotting.named_losses import short_curve_names


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["loss/g/total", "loss/mel"], ["g/total", "mel"]),
        (["train_loss", "train_lm"], ["loss", "lm"]),
        (["loss", "lost"], ["loss", "lost"]),
        (["loss", "loss/g"], ["loss", "loss/g"]),
        (["loss/g/total"], ["total"]),
        ([], []),
    ],
)
def test_what_all_names_begin_with_is_left_out(names: list[str], short: list[str]) -> None:
    assert short_curve_names(names) == short
