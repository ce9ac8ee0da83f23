"""Further curves of a run beside its first one."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.stages.shared.sections.further import further_curves
from pipeline.stages.shared.sections.losses import SectionCurve


def curve(name: str, *values: float) -> SectionCurve:
    return SectionCurve(name, np.arange(len(values)), np.array(values))


@pytest.mark.parametrize(
    ("values", "name", "first"),
    [
        ([20.0, 14.0], "mel", 20.0),
        ([2.0, 1.4], "mel \u00d7 10", 20.0),
        ([-2e-5, -1.4e-5], "mel \u00d7 1e6", -20.0),
        ([2000.0, 1400.0, np.nan], "mel \u00f7 100", 20.0),
        ([0.0, 0.0], "mel", 0.0),
        ([np.nan], "mel", np.nan),
    ],
)
def test_a_curve_of_another_order_of_magnitude_is_drawn_times_a_power_of_ten(
    values: list[float], name: str, first: float
) -> None:
    found = further_curves([curve("total", 40.0, 30.0, 22.0), curve("mel", *values)])
    assert [one.name for one in found] == [name]
    assert found[0].values[0] == pytest.approx(first, nan_ok=True)


def test_a_first_curve_of_nothing_leaves_the_others_as_they_are() -> None:
    assert further_curves([]) == ()
    assert further_curves([curve("total", 1.0)]) == ()
    assert further_curves([curve("total", 0.0), curve("mel", 5.0)])[0].name == "mel"
