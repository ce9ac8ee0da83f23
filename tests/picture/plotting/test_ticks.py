import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.picture.plotting.axis import Axis, Scale
from pipeline.picture.plotting.ticks import NumberStyle, Tick, choose_ticks
from pipeline.runtime.wording.units import NATS_PER_BIT


def measure(label: str) -> float:
    return 8.0 * len(label)


def labels(ticks: tuple[Tick, ...]) -> list[str]:
    return [tick.label for tick in ticks if tick.major]


@settings(deadline=None, max_examples=150)
@given(
    st.floats(-1e6, 1e6, width=32),
    st.floats(0.0625, 1e7, width=32),
    st.integers(20, 20_000),
    st.sampled_from(["linear", "log", "log1p"]),
    st.booleans(),
)
def test_labels_never_touch_and_ticks_lie_on_the_axis(
    first: float,
    span: float,
    length: int,
    scale: Scale,
    compact: bool,  # noqa: FBT001
) -> None:
    axis = Axis(first if scale == "linear" else abs(first) + (scale == "log"), abs(first) + span + 1, length, scale)
    ticks = choose_ticks(axis, measure_px=measure, gap_px=10.0, style=NumberStyle(compact=compact))
    major = [tick for tick in ticks if tick.major]
    assert len({tick.label for tick in major}) == len(major)
    for before, after in itertools.pairwise(major):
        room = (measure(before.label) + measure(after.label)) / 2 + 10.0
        assert after.position_px - before.position_px >= room - 1e-6
    for tick in ticks:
        assert -1e-3 <= tick.position_px <= length + 1e-3


def test_a_linear_axis_is_marked_in_ones_twos_and_fives() -> None:
    ticks = choose_ticks(Axis(0, 74_000, 500), measure_px=measure)
    assert labels(ticks) == ["0", "10,000", "20,000", "30,000", "40,000", "50,000", "60,000", "70,000"]


@pytest.mark.parametrize(("scale", "first"), [("linear", 0), ("linear", 1), ("log", 2), ("log1p", 0)])
def test_what_is_counted_is_marked_by_whole_numbers(scale: Scale, first: int) -> None:
    ticks = choose_ticks(Axis(first, 5, 900, scale), measure_px=measure, least_step=1)
    assert labels(ticks) == [str(number) for number in range(first, 6)]
    assert len(ticks) == 6 - first, "none between them either"


def test_a_logarithmic_axis_is_marked_by_powers_and_has_minor_ticks_between() -> None:
    ticks = choose_ticks(Axis(1, 1e4, 500, "log"), measure_px=measure)
    assert labels(ticks) == ["1", "3", "10", "30", "100", "300", "1,000", "3,000", "10,000"]
    assert len(ticks) == 37


def test_an_axis_with_room_for_iteration_zero_marks_it() -> None:
    ticks = choose_ticks(Axis(0, 74_000, 1000, "log1p"), measure_px=measure)
    assert labels(ticks)[:4] == ["0", "1", "3", "10"]
    assert ticks[0].position_px == 0.0


def test_an_axis_of_nats_is_labelled_in_round_bits() -> None:
    ticks = choose_ticks(Axis(0.5, 4.0, 300), measure_px=lambda _: 16.0, unit=NATS_PER_BIT)
    assert labels(ticks) == ["1", "2", "3", "4", "5"]
    assert next(tick for tick in ticks if tick.label == "2").value == pytest.approx(1.3862943611)


def test_sixteen_thousand_pixels_get_more_labels_than_a_thousand() -> None:
    wide, narrow = (labels(choose_ticks(Axis(0, 74_000, length), measure_px=measure)) for length in (16_383, 1000))
    assert len(wide) > 8 * len(narrow)


@pytest.mark.parametrize(
    ("value", "step", "compact", "written"),
    [
        (0, 1, False, "0"),
        (1234.5, 0.5, False, "1,234.5"),
        (-3, 1, False, "\N{MINUS SIGN}3"),
        (20_000, 5000, True, "20k"),
        (1_200_000, 200_000, True, "1.2M"),
        (2e11, 1e11, False, "2e11"),
        (3e-7, 1e-7, False, "3e\N{MINUS SIGN}7"),
        (0.3, 0.1, False, "0.3"),
    ],
)
def test_numbers_are_written_for_people(
    value: float,
    step: float,
    compact: bool,  # noqa: FBT001
    written: str,
) -> None:
    assert NumberStyle(compact=compact).write(value, step) == written


def test_numbers_follow_the_language() -> None:
    assert NumberStyle(grouping=".", decimal=",").write(1234.5, 0.5) == "1.234,5"


def test_an_axis_shorter_than_a_label_still_gets_one() -> None:
    assert len(labels(choose_ticks(Axis(-3, 3, 30), measure_px=measure))) == 1
