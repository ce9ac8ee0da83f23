"""Threads that wait for one another sleep, in every process that computes."""

from __future__ import annotations

import os
import subprocess
import sys

from pipeline.runtime.workers import run_parallel

VARIABLE = "OMP_WAIT_POLICY"


def policy(_item: int) -> str:
    return os.environ[VARIABLE]


def test_helpers_and_the_command_line_wait_asleep_unless_a_person_says_otherwise() -> None:
    assert run_parallel(policy, [1, 2], jobs=2) == ["passive", "passive"]
    program = f"from pipeline.cli.entrance import settle_in; settle_in(); import os; print(os.environ['{VARIABLE}'])"
    others = {name: value for name, value in os.environ.items() if name != VARIABLE}
    for own, expected in ({}, "passive"), ({VARIABLE: "active"}, "active"):
        command = [sys.executable, "-c", program]
        ran = subprocess.run(command, env=others | own, capture_output=True, text=True, check=True, timeout=60)
        assert ran.stdout.strip() == expected
