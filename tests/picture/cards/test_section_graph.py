"""One network's loss on a card: the whole of it, with the checkpoints that are heard on the curve."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pipeline.picture.cards.elements.section_graph import time_scale
from pipeline.picture.cards.facts import CardFacts, LossCurve
from pipeline.picture.cards.filling import fill
from pipeline.picture.cards.layout import place_elements
from pipeline.picture.cards.template import CardTemplate
from pipeline.picture.drawing.canvas import Canvas
from pipeline.picture.drawing.marks import BandMark, BoxMark, Drawing, LineMark, TextMark
from pipeline.picture.plotting.named_losses import NamedLosses
from pipeline.picture.text.typesetting import typesetter_for
from pipeline.picture.theme.theme import load_theme
from tests.picture.cards.made_cards import card_facts, curve

THEME = load_theme("midnight")
TYPE = typesetter_for(THEME)


def graph(facts: CardFacts, **settings: object) -> Drawing:
    element = {"kind": "graph", "of": "section", "area": "graph", "title": "{{ section.title }}, loss", **settings}
    grid = {"landscape": {"rows": [1], "areas": ["graph"]}}
    values = {"style": {"label": {"size": 0.03}}, "grid": grid, "element": [element]}
    template = CardTemplate.model_validate(values)
    placed = place_elements(template, fill(template, facts, "test"), facts, (THEME, TYPE), (960, 540))
    return placed[0].on_page(0)


def rings(drawing: Drawing) -> list[tuple[float, float]]:
    """The centres of the marks on checkpoints that are heard, from the left."""
    own = THEME.colours.text
    boxes = [mark.edges for mark in drawing.marks if isinstance(mark, BoxMark) and mark.colour == own]
    return sorted(((left + right) / 2, (top + bottom) / 2) for left, top, right, bottom in boxes)


def line(drawing: Drawing) -> LineMark:
    return next(mark for mark in drawing.marks if isinstance(mark, LineMark))


@pytest.mark.parametrize("time", ["linear", "log"])
@pytest.mark.parametrize("loss", ["training", "validation"])
def test_every_checkpoint_that_is_heard_is_ringed_on_the_curve(loss: str, time: str) -> None:
    facts = replace(card_facts("recap"), heard=(0, 200, 600, 1200))
    drawn = graph(facts, loss=loss, time=time)
    marks, shown = rings(drawn), line(drawn)
    assert len(marks) == 4
    xs, ys = np.array(shown.xs), np.array(shown.ys)
    for x, y in marks:
        assert y == pytest.approx(np.interp(x, xs, ys), abs=1e-6)
    first, last = marks[0][0], marks[-1][0]
    at = [(x - first) / (last - first) for x, _ in marks]
    wanted = np.array([0, 200, 600, 1200]) / 1200 if time == "linear" else np.log1p([0, 200, 600, 1200]) / np.log(1201)
    assert at == pytest.approx(wanted.tolist(), abs=1e-6)
    assert not rings(graph(facts, loss=loss, time=time, heard=False))


def test_both_time_scales_of_a_loss_have_the_same_loss_axis_and_the_training_shows_its_band() -> None:
    linear, log = (graph(card_facts("recap"), loss="training", time=time) for time in ("linear", "log"))
    steps = [
        [(round(mark.baseline_px, 3), mark.text) for mark in one.marks if isinstance(mark, TextMark)][:3]
        for one in (linear, log)
    ]
    assert steps[0] == steps[1]
    band = next(mark for mark in linear.marks if isinstance(mark, BandMark))
    mean = line(linear)
    late = slice(len(band.tops) // 2, None)
    inside = [
        low >= at >= high for high, low, at in zip(band.tops[late], band.bottoms[late], mean.ys[late], strict=True)
    ]
    assert np.mean(inside) > 0.6
    assert mean.ys[0] == min(mean.ys), "the first loss is not smoothed away"


@pytest.mark.parametrize("checkpoints", [1, 2_000])
def test_one_checkpoint_and_thousands_can_be_shown(checkpoints: int) -> None:
    at = np.arange(checkpoints) * 10
    losses = 3 + 5 / (1 + at / 50)
    steps = np.arange(1, at[-1] + 1)
    own = LossCurve(steps, 3 + 5 / (1 + steps / 50), at, losses)
    facts = replace(card_facts("recap"), curve=own, heard=tuple(at[:500].tolist()))
    for loss in ("training", "validation"):
        drawn = graph(facts, loss=loss, time="log")
        marks = rings(drawn)
        if checkpoints == 1 and loss == "training":
            assert "no training loss was measured" in drawn.words()
            continue
        assert 1 <= len(marks) <= 500
        assert all(np.hypot(b[0] - a[0], b[1] - a[1]) > 1 for a, b in pairwise(marks))


def test_losses_that_are_missing_or_nan_leave_gaps_and_no_error() -> None:
    own = curve(1)
    training = own.training_losses.copy()
    training[300:400] = np.nan
    training[900:] = np.nan
    facts = replace(card_facts("recap"), heard=(0, 600, 1200))
    drawn = graph(replace(facts, curve=replace(own, training_losses=training)), loss="training", time="linear")
    assert len(rings(drawn)) == 2, "where the loss is no number any longer, nothing is marked"
    nothing = replace(own, validation_losses=np.full(own.validation_losses.shape, np.nan))
    absent = graph(replace(facts, curve=nothing), loss="validation")
    assert absent.words() == ("Second try: twice the neurons, loss", "no validation loss was measured")
    assert not graph(replace(facts, curve=None), loss="validation").marks


def test_the_scale_follows_the_training_unless_it_is_chosen() -> None:
    assert [time_scale("auto", longest, 10) for longest in (300, 301)] == ["linear", "log1p"]
    assert time_scale("linear", 10**6, 1) == "linear"
    assert time_scale("log", 10, 10) == "log1p"


def test_a_band_fills_its_columns_by_the_share_that_it_covers() -> None:
    canvas = Canvas(6, 8)
    nan = float("nan")
    canvas.band(1, [2.0, 2.25, nan, 4.5], [6.0, 5.0, nan, 4.6], "#ffffff")
    opacity = canvas.rgba()[..., 3] / 255
    assert opacity[:, 0].max() == opacity[:, 3].max() == 0
    assert opacity[:, 1].tolist() == [0, 0, 1, 1, 1, 1, 0, 0]
    assert opacity[2:6, 2].tolist() == pytest.approx([0.75, 1, 1, 0], abs=0.01)
    assert opacity[:, 4].sum() == pytest.approx(1.0, abs=0.01), "a column is a pixel high at least"


def logged(*values: float, further: tuple[float, ...] = ()) -> LossCurve:
    steps = np.arange(len(values))
    more = (NamedLosses("loss/mel", steps, np.array(further)),) * bool(further)
    empty = np.zeros(0, np.int64), np.zeros(0)
    return LossCurve(steps, np.array(values), *empty, unit="dB", names=("loss/total", ""), further_training=more)


def test_losses_of_another_program_lie_within_their_axis_whatever_their_size_and_sign() -> None:
    for values in ([-3.0, -40.0, -50.0], [2e6, 1.9e6, 1.8e6], [1e4, 10.0, 1e-2]):
        drawn = graph(replace(card_facts("recap"), curve=logged(*values), heard=()), loss="training", time="linear")
        ys = np.array(line(drawn).ys)
        assert np.nanmax(ys) - np.nanmin(ys) > 200
    absent = graph(replace(card_facts("recap"), curve=logged(1.0, 2.0), heard=()), loss="validation")
    assert "no validation loss was measured" in absent.words(), "the training loss is never shown for it"


def test_no_number_is_a_gap_in_a_log() -> None:
    drawn = graph(
        replace(card_facts("recap"), curve=logged(3.0, 2.0, np.nan, 2.0, 1.0), heard=()), loss="training", time="linear"
    )
    ys = np.array(line(drawn).ys)
    assert np.isnan(ys[len(ys) // 2])
    assert np.isfinite(ys[[0, -1]]).all()


def test_further_curves_of_a_log_are_drawn_and_named_beside_the_title() -> None:
    curves = logged(3.0, 2.0, 1.0, further=(6.0, 5.0, 4.0))
    drawn = graph(replace(card_facts("recap"), curve=curves, heard=()), loss="training", time="linear")
    lines = [mark for mark in drawn.marks if isinstance(mark, LineMark)]
    assert len({mark.colour for mark in lines}) == 2
    assert max(np.nanmax(mark.ys) for mark in lines[:1]) < min(np.nanmin(mark.ys) for mark in lines[1:])
    assert drawn.words()[-1] == "mel"
    assert any(word.endswith(": total") for word in drawn.words())
    many = replace(curves, further_training=curves.further_training * 12)
    dashed = graph(replace(card_facts("recap"), curve=many, heard=()), loss="training", time="linear")
    broken = [mark for mark in dashed.marks if isinstance(mark, LineMark) and np.isnan(mark.ys).any()]
    assert len(broken) in range(2, 11)
    assert "mel" not in dashed.words()[60:]


def test_no_mark_stands_in_a_gap_of_a_log() -> None:
    gap = replace(
        logged(1.0),
        names=("", "val"),
        validation_iterations=np.arange(6),
        validation_losses=np.array([3.0, 2, np.nan, np.nan, 2, 1]),
    )
    facts = replace(card_facts("recap"), curve=gap, heard=(1, 2, 3, 5))
    drawn = graph(facts, loss="validation", time="linear")
    assert len(rings(drawn)) == 2
    dots = [mark for mark in drawn.marks if isinstance(mark, BoxMark) and mark.radius_px]
    assert len(dots) == 4 + 3 * 2
