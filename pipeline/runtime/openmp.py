"""How threads of OpenMP wait: torch computes with them.

By default a thread that waits for another spins for milliseconds. Where anything else runs, such as an encoder or
another network, it takes the processor from the very thread it waits for. Threads that sleep at once cost a training
on an idle machine half of its speed, because waking them takes longer than a product. So they spin for a few
microseconds, which is nearly as quick as spinning where nothing else runs (`python -m tests.benchmarks.waiting`).

Source: https://gcc.gnu.org/onlinedocs/libgomp/GOMP_005fSPINCOUNT.html
"""

from __future__ import annotations

import os
from typing import Final

POLICY_VARIABLE: Final = "OMP_WAIT_POLICY"
SPINS_VARIABLE: Final = "GOMP_SPINCOUNT"
SPINS: Final = "1000"


def wait_briefly() -> None:
    """Let threads that wait spin briefly, then sleep, in what loads OpenMP from now on: here, and in what is started.

    What a person has set in the environment stays.
    """
    if POLICY_VARIABLE not in os.environ:
        os.environ.setdefault(SPINS_VARIABLE, SPINS)
