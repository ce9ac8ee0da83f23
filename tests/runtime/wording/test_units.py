from __future__ import annotations

import math

import pytest

from pipeline.runtime.wording.units import BITS_PER_NAT, NATS_PER_BIT, clock_text


@pytest.mark.parametrize(
    ("seconds", "hours", "text"),
    [
        (0, None, "0:00"),
        (59, None, "0:59"),
        (3599, None, "59:59"),
        (3600, None, "1:00:00"),
        (11_100, None, "3:05:00"),
        (90_061, None, "25:01:01"),
        (7, True, "0:00:07"),
        (4500, False, "75:00"),
    ],
)
def test_times_read_as_people_write_them(seconds: int, hours: bool | None, text: str) -> None:  # noqa: FBT001
    assert clock_text(seconds, hours=hours) == text


def test_a_byte_at_random_costs_eight_bits() -> None:
    assert math.log(256) / NATS_PER_BIT == pytest.approx(8)
    assert math.log(256) * BITS_PER_NAT == pytest.approx(8)
