"""How threads of OpenMP wait: torch computes with them.

By default a thread that waits for another spins, which is a little quicker where nothing else runs. Where anything
does, such as an encoder or another network, it takes the processor from the very thread it waits for, and two threads
train many times as slowly as two that sleep (`python -m tests.benchmarks.waiting`).

Source: https://www.openmp.org/spec-html/5.2/openmpse61.html (OMP_WAIT_POLICY)
"""

from __future__ import annotations

import os


def wait_asleep() -> None:
    """Let threads that wait sleep, in what loads OpenMP from now on: in this process, and in those that it starts.

    What a person has set in the environment stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
