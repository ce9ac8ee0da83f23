"""What a batch system says of jobs: which wait and why, and which are not there any more.

Asked of Slurm and of Grid Engine, each by its own program; of others nothing is known.

Source: https://slurm.schedmd.com/squeue.html; qstat(1) and sge_status(5) of Grid Engine 8.1.9
"""

from __future__ import annotations

import getpass
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ANSWER_S: Final = 20
_LAST_BYTES: Final = 4096
_LONGEST_WORDS: Final = 200


@dataclass(frozen=True)
class JobState:
    """How a job stands.

    Parameters
    ----------
    waits
        Whether it has not begun.
    reason
        Why it waits, in the batch system's words; empty where it gives none.
    """

    waits: bool
    reason: str = ""


def _of_slurm(listed: str) -> Iterator[tuple[str, JobState]]:
    """`17|PENDING|Resources`."""
    for line in listed.splitlines():
        job, state, reason = (part.strip() for part in line.split("|", 2))
        yield job, JobState(state in {"PENDING", "CONFIGURING"}, "" if reason == "None" else reason)


_OF_GRID_ENGINE: Final = {
    "qw": "no place is free for them",
    "hqw": "held",
    "Eqw": "an error, which qstat -explain E tells",
}


def _of_grid_engine(listed: str) -> Iterator[tuple[str, JobState]]:
    """Two lines of titles; then number, priority, name, user, state."""
    for line in listed.splitlines()[2:]:
        job, _priority, _name, _user, state, *_rest = line.split()
        yield job, JobState("w" in state, _OF_GRID_ENGINE.get(state, state if "w" in state else ""))


_SYSTEMS: Final[Mapping[str, tuple[tuple[str, ...], Callable[[str], Iterator[tuple[str, JobState]]]]]] = {
    "slurm": (("squeue", "--noheader", "--format", "%i|%T|%r", "--user"), _of_slurm),
    "sge": (("qstat", "-u"), _of_grid_engine),
}


def states(kind: str) -> dict[str, JobState] | None:
    """States of this person's jobs that have not ended, by their numbers; None where nothing is known of them."""
    if kind not in _SYSTEMS:
        return None
    command, read = _SYSTEMS[kind]
    with suppress(OSError, KeyError, ValueError, subprocess.SubprocessError):
        asked = [*command, getpass.getuser()]
        ran = subprocess.run(asked, capture_output=True, text=True, errors="replace", timeout=_ANSWER_S, check=True)
        return dict(read(ran.stdout))
    return None


def last_words(folder: Path, job: str) -> str:
    """Last line of what a job has printed, and the file; empty where there is none."""
    own = re.compile(rf"(?<!\d){re.escape(job)}(?!\d)")
    printed = [path for path in folder.glob("*") if own.search(path.name)]
    for path in sorted(printed, key=lambda path: (".e" not in path.name, path.name)):
        with suppress(OSError), path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LAST_BYTES))
            lines = file.read().decode("utf-8", "replace").split("\n")
            if words := next((line.strip() for line in reversed(lines) if line.strip()), ""):
                return f"{words[:_LONGEST_WORDS]} ({path})"
    return ""
