"""Threads that wait for one another spin briefly and then sleep, in every process that computes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipeline.runtime.openmp import POLICY_VARIABLE, SPINS, SPINS_VARIABLE
from pipeline.runtime.workers import run_parallel

PROGRAM = (
    f"from pipeline.cli.entrance import settle_in; settle_in(); import os; print(os.environ.get('{SPINS_VARIABLE}'))"
)


def spins(_item: int) -> str | None:
    return os.environ.get(SPINS_VARIABLE)


def test_helpers_spin_briefly_whoever_starts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SPINS_VARIABLE)
    assert run_parallel(spins, [1, 2], jobs=2) == [SPINS, SPINS]


@pytest.mark.parametrize(
    ("own", "expected"),
    [({}, SPINS), ({SPINS_VARIABLE: "7"}, "7"), ({POLICY_VARIABLE: "active"}, "None")],
)
def test_the_command_line_spins_briefly_unless_a_person_says_otherwise(own: dict[str, str], expected: str) -> None:
    others = {name: value for name, value in os.environ.items() if name not in {POLICY_VARIABLE, SPINS_VARIABLE}}
    command = [sys.executable, "-c", PROGRAM]
    ran = subprocess.run(command, env=others | own, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == expected
